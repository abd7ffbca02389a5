"""What the reminders say no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "ChannelNotOffered",
    "ConsentTextOutdated",
    "NoticeUnknown",
    "TopicRestsOnLaw",
]


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
