"""What the reminders say no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "AudienceInvalid",
    "CampaignInvalid",
    "CampaignNotOpen",
    "CampaignUnknown",
    "NotDead",
    "NoticeUnknown",
    "ProviderUnknown",
    "SecondOperatorNeeded",
]


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


class NoticeUnknown(Refusal):
    """No notice was ever meant under this key."""

    code = "NOTICE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这条通知"
    title_en = "No such notice"
    detail_zh = "没有此编号的通知。"
    detail_en = "There is no notice with this key."


class NotDead(Refusal):
    """Only what is a dead letter is sent on its way again."""

    code = "NOTICE_NOT_DEAD"
    kind = Kind.CONFLICT
    title_zh = "该通知不是死信"
    title_en = "Not a dead letter"
    detail_zh = "只有死信可以重新投递。"
    detail_en = "Only a dead letter can be redriven."


class ProviderUnknown(Refusal):
    """No channel of this name."""

    code = "PROVIDER_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这个渠道"
    title_en = "No such provider"
    detail_zh = "没有此名称的发送渠道。"
    detail_en = "There is no channel of this name."
