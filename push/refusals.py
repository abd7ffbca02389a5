"""What the reminders say no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "ChannelNotOffered",
    "ConsentTextOutdated",
    "FactConflict",
    "FactInvalid",
    "FactKindNotAllowed",
    "NotYoursToDecide",
    "NoticeUnknown",
    "SnoozeInvalid",
    "TimelineItemUnknown",
    "TopicRestsOnLaw",
]


class FactInvalid(Refusal):
    """A fact says something impossible."""

    code = "FACT_INVALID"
    kind = Kind.INVALID
    title_zh = "报送数据有误"
    title_en = "Invalid fact"
    detail_zh = "数据不可信：{why_zh}。"
    detail_en = "The fact cannot be taken: {why_en}."


class FactKindNotAllowed(Refusal):
    """A department reports a kind of fact that it is not registered for."""

    code = "FACT_KIND_NOT_ALLOWED"
    kind = Kind.FORBIDDEN
    title_zh = "不得报送此类数据"
    title_en = "Not your kind of fact"
    detail_zh = "贵单位未登记报送 {fact} 类数据。"
    detail_en = "Your department is not registered to report {fact}."


class FactConflict(Refusal):
    """The same id with other content."""

    code = "FACT_CONFLICT"
    kind = Kind.CONFLICT
    title_zh = "编号已用于其他数据"
    title_en = "Id used for another fact"
    detail_zh = "同一编号已报送过不同内容；更正请用新编号并填写 supersedes。"
    detail_en = "Something else was reported under this id; to correct it use a new id and `supersedes`."


class TimelineItemUnknown(Refusal):
    """There is no such item for the caller; whether there is for somebody else is not told."""

    code = "TIMELINE_ITEM_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这项待办"
    title_en = "No such item"
    detail_zh = "该待办不存在，或已不再需要办理。"
    detail_en = "The item does not exist, or there is nothing to do about it any more."


class NotYoursToDecide(Refusal):
    """Who may look may not decide: under fourteen that is the guardian's."""

    code = "NOT_YOURS_TO_DECIDE"
    kind = Kind.FORBIDDEN
    title_zh = "请由监护人或本人操作"
    title_en = "For the guardian, or for themselves"
    detail_zh = "未满十四周岁由监护人操作，其他情形由本人操作。"
    detail_en = "Under fourteen a guardian decides, and otherwise the person themselves."


class SnoozeInvalid(Refusal):
    """To be reminded in the past, or in another year."""

    code = "SNOOZE_INVALID"
    kind = Kind.INVALID
    title_zh = "提醒时间不合理"
    title_en = "Not a time to be reminded at"
    detail_zh = "请选择现在之后、一年以内的时间。"
    detail_en = "Choose a time within the next year."


class NoticeUnknown(Refusal):
    """The caller has no such notice; whether somebody else has is not told."""

    code = "NOTICE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该通知"
    title_en = "No such notice"
    detail_zh = "该通知不存在或已过保存期限。"
    detail_en = "There is no such notice, or it is past the time it is kept."


class ChannelNotOffered(Refusal):
    """This city tells nobody anything that way."""

    code = "CHANNEL_NOT_OFFERED"
    kind = Kind.INVALID
    title_zh = "不支持该通知渠道"
    title_en = "No such channel"
    detail_zh = "本市未开通 {channel} 渠道。"
    detail_en = "This city does not send by {channel}."


class TopicRestsOnLaw(Refusal):
    """Nobody is asked whether they want it, so nobody can refuse it."""

    code = "TOPIC_RESTS_ON_LAW"
    kind = Kind.CONFLICT
    title_zh = "该类通知依法发送"
    title_en = "These notices are sent by law"
    detail_zh = "账号安全和健康信息通知依法告知，无需同意，也不能关闭。"
    detail_en = "Notices on the account and on health are due by law: they need no consent and stay on."


class ConsentTextOutdated(Refusal):
    """What was agreed to are not the words in force."""

    code = "CONSENT_TEXT_OUTDATED"
    kind = Kind.CONFLICT
    title_zh = "同意书已更新"
    title_en = "The words have changed"
    detail_zh = "请阅读新版本（{version}）后再确认。"
    detail_en = "Please read the version in force ({version}) and confirm again."
    action = "retry"
