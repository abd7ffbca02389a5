"""What a provider (WeChat, Alipay, …) could not do, or what came in its name and is not believed."""

from typing import Final

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal

_TOLD: Final = ("errcode", "rid")


def told_by_provider(refusal: Refusal) -> dict[str, str]:
    """What a provider said with its no, for the audit: its code, and its own name for the request."""
    return {name: str(refusal.facts[name]) for name in _TOLD if name in refusal.facts}


class ProviderAccountBlocked(Refusal):
    """The provider holds this account to be risky."""

    code = "PROVIDER_ACCOUNT_BLOCKED"
    kind = Kind.FORBIDDEN
    title_zh = "账号存在风险"
    title_en = "Account blocked by the provider"
    detail_zh = "登录平台判定该账号存在风险，请在其客户端内处理。"
    detail_en = "The provider holds this account to be risky; settle it there."


class ProviderBusy(Refusal):
    """The provider limits how often this person, or we, may ask."""

    code = "PROVIDER_BUSY"
    kind = Kind.TOO_MANY
    title_zh = "登录过于频繁"
    title_en = "Too many sign-ins"
    detail_zh = "请在 {retry_after} 秒后重试。"
    detail_en = "Try again in {retry_after} s."
    action = ProblemAction.RETRY


class ProviderUnavailable(Refusal):
    """No usable answer; the code may or may not have been spent, so only a new one helps."""

    code = "PROVIDER_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "登录平台暂不可用"
    title_en = "The sign-in provider is unavailable"
    detail_zh = "请稍后重新登录。"
    detail_en = "Please sign in again shortly."
    action = ProblemAction.SIGN_IN


class ProviderUnreached(ProviderUnavailable):
    """No connection came about, so the code is certainly unspent."""

    detail_zh = "暂时无法连接登录平台，请重试。"
    detail_en = "The provider could not be reached; please try again."
    action = ProblemAction.RETRY


class ProviderNotOffered(Refusal):
    """This city, or this organisation, has not set up that way in, or that provider."""

    code = "PROVIDER_NOT_OFFERED"
    kind = Kind.NOT_FOUND
    title_zh = "未开通此方式"
    title_en = "Not offered here"
    detail_zh = "请使用其他方式。"
    detail_en = "Please use another way."


class ProviderTokenUnavailable(Refusal):
    """We have no access token the provider accepts, and have asked for one often enough for now."""

    code = "PROVIDER_TOKEN_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "平台接口暂不可用"
    title_en = "The provider's API is unavailable"
    detail_zh = "平台接口凭证暂不可用，请在 {retry_after} 秒后重试。"
    detail_en = "The provider gives us no working access token; try again in {retry_after} s."
    action = ProblemAction.RETRY


class ReplyRefused(ProviderUnavailable):
    """What came in the provider's name is not to be believed; each subclass says why."""

    code = "REPLY_REFUSED"
    detail_zh = "平台应答未通过校验，请稍后重试。"
    detail_en = "The provider's reply did not pass our checks; please try again shortly."


class ReplyUnsigned(ReplyRefused):
    """A reply that must be signed is not."""

    code = "REPLY_UNSIGNED"


class ReplyOfUnknownSerial(ReplyRefused):
    """Signed by a certificate we do not hold."""

    code = "REPLY_OF_UNKNOWN_SERIAL"


class ReplyWronglySigned(ReplyRefused):
    """The signature is not over this reply to this call, or not of the kind it must be."""

    code = "REPLY_WRONGLY_SIGNED"


class ReplyWeaklyHashed(ReplyRefused):
    """Signed over another hash than the one agreed on: MD5 and SHA-1 can be made to fit."""

    code = "REPLY_WEAKLY_HASHED"


class ReplyStale(ReplyRefused):
    """Signed, and not now."""

    code = "REPLY_STALE"


class ReplyReplayed(ReplyRefused):
    """Signed, and heard before."""

    code = "REPLY_REPLAYED"


class ReplyForeign(ReplyRefused):
    """Signed, and for another app; or the answer to another call."""

    code = "REPLY_FOREIGN"


class ReplyAmbiguous(ReplyRefused):
    """A name in it comes twice: two readers would read two replies."""

    code = "REPLY_AMBIGUOUS"


class ReplyUnreadable(ReplyRefused):
    """Signed, and does not open or is no JSON of the documented form."""

    code = "REPLY_UNREADABLE"
