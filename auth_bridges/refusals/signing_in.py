"""No session, or not this one: signing in, renewing, and what a token opens."""

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


class ReauthenticationRequired(StepUpRequired):
    """The authentication is too old, or was not of a kind the operation takes."""

    title_zh = "请再次验证身份"
    title_en = "Confirm that it is you"
    detail_zh = "此操作需要重新验证身份，验证后请原样再次提交。"
    detail_en = "This needs a fresh proof that it is you; prove it, then send the same request again."


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
    """Organisation, number, passphrase and code do not belong together; which is wrong is not told."""

    code = "CLERK_NOT_RECOGNISED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录信息不正确"
    title_en = "Sign-in not recognised"
    detail_zh = "单位、工号、口令或动态口令不正确，或动态口令已用过。多次输错会暂停登录一段时间。"
    detail_en = (
        "Organisation, clerk number, passphrase or one-time code is wrong, or the code was used. "
        "Several wrong ones hold up signing in for a while."
    )


class SecondFactorNeeded(Refusal):
    """The passphrase was right, there is no second factor yet, and none begins a shift without."""

    code = "SECOND_FACTOR_NEEDED"
    kind = Kind.FORBIDDEN
    title_zh = "请先绑定动态口令"
    title_en = "Set up a second factor first"
    detail_zh = "登录须用口令和动态口令。请先在手机上绑定动态口令。"
    detail_en = "Signing in takes a passphrase and a one-time code. Set the code up on your phone first."


class SecondFactorClosed(Refusal):
    """The passphrase was right, but the time in which a second factor may be set up with it is over."""

    code = "SECOND_FACTOR_CLOSED"
    kind = Kind.FORBIDDEN
    title_zh = "动态口令暂不能绑定"
    title_en = "The second factor cannot be set up now"
    detail_zh = "绑定期已过，请联系管理员重新开放。"
    detail_en = "The time to set it up is over; ask your operator to open it again."


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
    """The provider's one-time code was presented by one device and then by another, or by one unnamed."""

    code = "CODE_REPLAYED"
    kind = Kind.CONFLICT
    title_zh = "登录凭证已在别处使用"
    title_en = "Sign-in code used elsewhere"
    detail_zh = "该登录凭证已被使用，且无法确认是在本设备上使用的，请重新获取。如非本人操作，请留意账号安全。"
    detail_en = (
        "This code was used, and not by a device known to be this one; ask for a new one. "
        "If that was not you, look after your account."
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


class SigningInBusy(Refusal):
    """More passphrases are waiting to be checked than we can check soon."""

    code = "SIGNING_IN_BUSY"
    kind = Kind.UNAVAILABLE
    title_zh = "登录繁忙"
    title_en = "Signing in is busy"
    detail_zh = "请在 {retry_after} 秒后重试。"
    detail_en = "Try again in {retry_after} s."
    action = ProblemAction.RETRY


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
