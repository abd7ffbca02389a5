"""What the reminders say no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "AudienceInvalid",
    "CallbackForged",
    "CallbackUnknown",
    "CallbackUnreadable",
    "CampaignInvalid",
    "CampaignNotOpen",
    "CampaignUnknown",
    "ChannelNotOffered",
    "ConsentTextOutdated",
    "DeviceNotUsable",
    "DeviceUnknown",
    "FactConflict",
    "FactInvalid",
    "FactKindNotAllowed",
    "NotYoursToDecide",
    "NoticeUnknown",
    "ProviderUnknown",
    "PushKindNotOffered",
    "SecondOperatorNeeded",
    "SnoozeInvalid",
    "TemplateChanged",
    "TemplateInvalid",
    "TemplateUnknown",
    "TemplateVersionUnknown",
    "TimelineItemUnknown",
    "TopicRestsOnLaw",
]


class TemplateUnknown(Refusal):
    """No such template."""

    code = "TEMPLATE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此模板"
    title_en = "Unknown template"
    detail_zh = "没有找到该提醒模板。"
    detail_en = "There is no such template."


class TemplateVersionUnknown(Refusal):
    """No such version, or one that is not kept any more."""

    code = "TEMPLATE_VERSION_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此版本"
    title_en = "Unknown version"
    detail_zh = "该版本不存在，或已不再保留。"
    detail_en = "There is no such version, or it is not kept any more."


class TemplateInvalid(Refusal):
    """A template a provider would refuse, or that says too much on a locked screen."""

    code = "TEMPLATE_INVALID"
    kind = Kind.INVALID
    title_zh = "模板不合规"
    title_en = "The template is not valid"
    detail_zh = "请更正：{why}（另有 {more} 处）。"
    detail_en = "Correct these: {why} (and {more} more)."


class TemplateChanged(Refusal):
    """Somebody else changed it at the same time."""

    code = "TEMPLATE_CHANGED"
    kind = Kind.CONFLICT
    title_zh = "模板已被他人修改"
    title_en = "The template was changed meanwhile"
    detail_zh = "请重新查看后再试。"
    detail_en = "Look at it again, then try once more."


class CallbackForged(Refusal):
    """A message in a provider's name that it did not sign, or signed long ago."""

    code = "CALLBACK_FORGED"
    kind = Kind.FORBIDDEN
    title_zh = "签名无效"
    title_en = "The signature is not valid"
    detail_zh = "消息签名无效或已过时。"
    detail_en = "The message is not signed as it should be, or was signed too long ago."


class CallbackUnreadable(Refusal):
    """A signed message that is not of the documented form."""

    code = "CALLBACK_UNREADABLE"
    kind = Kind.INVALID
    title_zh = "消息无法读取"
    title_en = "The message cannot be read"
    detail_zh = "消息格式与文档不符。"
    detail_en = "The message is not of the documented form."


class CallbackUnknown(Refusal):
    """Nobody expects messages there."""

    code = "CALLBACK_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此接收地址"
    title_en = "Nobody listens there"
    detail_zh = "该应用未配置消息接收。"
    detail_en = "No messages are expected for that app."


class PushKindNotOffered(Refusal):
    """This city does not send to that kind of device, or not to that build of the app."""

    code = "PUSH_KIND_NOT_OFFERED"
    kind = Kind.CONFLICT
    title_zh = "本市未开通此类推送"
    title_en = "Not offered here"
    detail_zh = "本市未开通该推送方式，通知仍可在消息中心查看。"
    detail_en = "This city does not send to that kind of device; notices are in the inbox."


class DeviceNotUsable(Refusal):
    """The token or subscription is none of its kind, or leads where we do not call."""

    code = "DEVICE_NOT_USABLE"
    kind = Kind.INVALID
    title_zh = "设备标识无效"
    title_en = "The device cannot be used"
    detail_zh = "推送标识格式不正确，或其推送服务不在允许范围内。"
    detail_en = "The token or subscription is malformed, or its push service is not one we call."


class DeviceUnknown(Refusal):
    """The caller has no such device."""

    code = "DEVICE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该设备"
    title_en = "No such device"
    detail_zh = "该设备未登记，或已被移除。"
    detail_en = "The device is not registered, or no longer."


class AudienceInvalid(Refusal):
    """Whom a campaign is for cannot be asked for like this."""

    code = "AUDIENCE_INVALID"
    kind = Kind.INVALID
    title_zh = "受众条件有误"
    title_en = "The audience is not valid"
    detail_zh = "受众条件不可用：{why_zh}。"
    detail_en = "The audience cannot be used: {why_en}."


class CampaignInvalid(Refusal):
    """A campaign says something impossible."""

    code = "CAMPAIGN_INVALID"
    kind = Kind.INVALID
    title_zh = "群发内容有误"
    title_en = "The campaign is not valid"
    detail_zh = "群发不可用：{why_zh}。"
    detail_en = "The campaign cannot be used: {why_en}."


class CampaignUnknown(Refusal):
    """No such campaign."""

    code = "CAMPAIGN_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这次群发"
    title_en = "No such campaign"
    detail_zh = "群发不存在。"
    detail_en = "It does not exist."


class CampaignNotOpen(Refusal):
    """The campaign is not where this could be done to it."""

    code = "CAMPAIGN_NOT_OPEN"
    kind = Kind.CONFLICT
    title_zh = "群发状态不允许此操作"
    title_en = "Not in this state"
    detail_zh = "群发目前的状态是 {state}，不能进行此操作。"
    detail_en = "The campaign is {state}; this cannot be done now."


class SecondOperatorNeeded(Refusal):
    """Who drafted a campaign does not approve it."""

    code = "SECOND_OPERATOR_NEEDED"
    kind = Kind.FORBIDDEN
    title_zh = "须由另一人批准"
    title_en = "Somebody else has to approve"
    detail_zh = "群发须由拟定人以外的人批准。"
    detail_en = "Whoever drafted a campaign cannot approve it."


class ProviderUnknown(Refusal):
    """No channel of this name."""

    code = "PROVIDER_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这个渠道"
    title_en = "No such provider"
    detail_zh = "没有此名称的发送渠道。"
    detail_en = "There is no channel of this name."


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
    """To be reminded in the past, in another year, or when it is too late."""

    code = "SNOOZE_INVALID"
    kind = Kind.INVALID
    title_zh = "提醒时间不合理"
    title_en = "Not a time to be reminded at"
    detail_zh = "请选择现在之后、一年以内，且不晚于最后办理日的时间。"
    detail_en = "Choose a time within the next year, and no later than the last day on which it can be done."


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
