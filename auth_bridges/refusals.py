"""How signing in says no. Codes are contract; what a stranger is told never tells who exists."""

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal


class SignInRequired(Refusal):
    """No token, one we did not sign, one that ended, or one for another API."""

    code = "SIGN_IN_REQUIRED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "请先登录"
    title_en = "Sign in first"
    detail_zh = "登录已失效或尚未登录，请重新登录。"
    detail_en = "You are not signed in, or your sign-in has ended."
    action = ProblemAction.SIGN_IN


class StepUpRequired(Refusal):
    """The session's level is below what the operation needs."""

    code = "STEP_UP_REQUIRED"
    kind = Kind.FORBIDDEN
    title_zh = "需要更高的实名等级"
    title_en = "A higher real-name level is needed"
    detail_zh = "此操作需要实名等级 {needed}，请先完成实名认证。"
    detail_en = "This needs real-name level {needed}; verify your identity first."
    action = ProblemAction.STEP_UP


class ScopeMissing(Refusal):
    """The token lacks the scope the operation needs."""

    code = "SCOPE_MISSING"
    kind = Kind.FORBIDDEN
    title_zh = "没有此操作的权限"
    title_en = "Not permitted"
    detail_zh = "您的账号未获授权：{scope}。"
    detail_en = "Your account lacks the scope {scope}."


class SessionEnded(Refusal):
    """The refresh token is unknown, spent, expired or of an ended session."""

    code = "SESSION_ENDED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录已结束"
    title_en = "Your session has ended"
    detail_zh = "请重新登录。"
    detail_en = "Please sign in again."
    action = ProblemAction.SIGN_IN


class AccountDisabled(Refusal):
    """Whoever this is may not sign in any more."""

    code = "ACCOUNT_DISABLED"
    kind = Kind.FORBIDDEN
    title_zh = "账号已停用"
    title_en = "Account disabled"
    detail_zh = "请联系服务热线。"
    detail_en = "Please contact support."


class ClerkNotRecognised(Refusal):
    """Organisation, number and passphrase do not belong together; which is wrong is not told."""

    code = "CLERK_NOT_RECOGNISED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录信息不正确"
    title_en = "Sign-in not recognised"
    detail_zh = "单位、工号或口令不正确。"
    detail_en = "Organisation, clerk number or passphrase is wrong."


class AssertionRefused(Refusal):
    """The client assertion is not one a registered department made for us, now, once."""

    code = "ASSERTION_REFUSED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "客户端断言无效"
    title_en = "Client assertion refused"
    detail_zh = "签名、受众、有效期或 jti 不符合要求。"
    detail_en = "Its signature, audience, lifetime or jti is not acceptable."


class CodeAlreadyUsed(Refusal):
    """The provider's one-time code was already presented."""

    code = "CODE_ALREADY_USED"
    kind = Kind.CONFLICT
    title_zh = "登录凭证已使用"
    title_en = "Sign-in code already used"
    detail_zh = "每个登录凭证只能使用一次，请重新获取。"
    detail_en = "A sign-in code works once; ask for a new one."
    action = ProblemAction.SIGN_IN


class CodeReplayed(Refusal):
    """The provider's one-time code was presented by one device and then by another."""

    code = "CODE_REPLAYED"
    kind = Kind.CONFLICT
    title_zh = "登录凭证已在其他设备使用"
    title_en = "Sign-in code used on another device"
    detail_zh = "该登录凭证已由另一台设备使用，请重新获取。如非本人操作，请留意账号安全。"
    detail_en = (
        "Another device used this code; ask for a new one. If that was not you, look after your account."
    )
    action = ProblemAction.SIGN_IN


class SessionUnknown(Refusal):
    """None of the caller's sessions has this id."""

    code = "SESSION_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这个登录"
    title_en = "No such session"
    detail_zh = "该登录不存在或已结束。"
    detail_en = "It does not exist or has ended."


class EndingsUnheard(Refusal):
    """For the moment nobody can tell whether the session still stands, and the call matters too much."""

    code = "ENDINGS_UNHEARD"
    kind = Kind.UNAVAILABLE
    title_zh = "暂时无法确认登录状态"
    title_en = "Your sign-in cannot be confirmed right now"
    detail_zh = "为保护您的账号，此操作暂停受理，请稍后重试。"
    detail_en = "To protect your account this is on hold; please try again shortly."
    action = ProblemAction.RETRY


class CodeRejected(Refusal):
    """The provider does not know the code, or it is too old."""

    code = "CODE_REJECTED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录凭证无效"
    title_en = "Sign-in code rejected"
    detail_zh = "登录凭证无效或已过期，请重新获取。"
    detail_en = "The sign-in code is invalid or has expired; ask for a new one."
    action = ProblemAction.SIGN_IN


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


class ReplyRefused(ProviderUnavailable):
    """What came in the provider's name is not to be believed; each subclass says why."""

    code = "REPLY_REFUSED"
    detail_zh = "平台应答未通过校验，请稍后重新登录。"
    detail_en = "The provider's reply did not pass our checks; please sign in again shortly."


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


class ReplyForeign(ReplyRefused):
    """An answer to another call, or for another app."""

    code = "REPLY_FOREIGN"


class ReplyAmbiguous(ReplyRefused):
    """A name in it comes twice: two readers would read two replies."""

    code = "REPLY_AMBIGUOUS"


class ReplyUnreadable(ReplyRefused):
    """It does not open or is no JSON of the documented form."""

    code = "REPLY_UNREADABLE"


class ProviderNotOffered(Refusal):
    """This city offers no such way in."""

    code = "PROVIDER_NOT_OFFERED"
    kind = Kind.NOT_FOUND
    title_zh = "本市未开通此登录方式"
    title_en = "Not offered here"
    detail_zh = "请使用其他登录方式。"
    detail_en = "Please sign in another way."


class PhonePacketRefused(Refusal):
    """The provider does not vouch for a phone number, or not in this packet, or did so before."""

    code = "PHONE_PACKET_REFUSED"
    kind = Kind.INVALID
    title_zh = "手机号授权无效"
    title_en = "The phone number was not accepted"
    detail_zh = "授权无效或已使用，请重新授权。"
    detail_en = "The authorisation is invalid or was used before; please authorise again."


class SigningInBusy(Refusal):
    """More passphrases are waiting to be checked than we can check soon."""

    code = "SIGNING_IN_BUSY"
    kind = Kind.UNAVAILABLE
    title_zh = "登录繁忙"
    title_en = "Signing in is busy"
    detail_zh = "请在 {retry_after} 秒后重试。"
    detail_en = "Try again in {retry_after} s."
    action = ProblemAction.RETRY


class LinkTaken(Refusal):
    """The way in already leads to another known person; people are never merged in silence."""

    code = "LINK_TAKEN"
    kind = Kind.CONFLICT
    title_zh = "该登录方式已属于他人"
    title_en = "This way in belongs to somebody else"
    detail_zh = "须由双方证明后方可合并。"
    detail_en = "Merging needs proof from both sides."


class NoSuchOrganisation(Refusal):
    """A clerk is registered for an organisation nobody registered."""

    code = "NO_SUCH_ORGANISATION"
    kind = Kind.INVALID
    title_zh = "单位不存在"
    title_en = "No such organisation"
    detail_zh = "请先登记单位。"
    detail_en = "Register the organisation first."


class NotRegistrable(Refusal):
    """A line of a registration file that cannot be what it says."""

    code = "NOT_REGISTRABLE"
    kind = Kind.INVALID
    title_zh = "无法登记"
    title_en = "Cannot be registered"
    detail_zh = "字段 {why} 不正确。"
    detail_en = "The field {why} is not valid."
