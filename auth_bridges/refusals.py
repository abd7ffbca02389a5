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


class ProviderNotOffered(Refusal):
    """This city, or this organisation, has not set up that way in, or that provider."""

    code = "PROVIDER_NOT_OFFERED"
    kind = Kind.NOT_FOUND
    title_zh = "未开通此方式"
    title_en = "Not offered here"
    detail_zh = "请使用其他方式。"
    detail_en = "Please use another way."


class FlowEnded(Refusal):
    """The sign-in this answer belongs to was never begun, took too long, or was already finished."""

    code = "SIGN_IN_FLOW_ENDED"
    kind = Kind.CONFLICT
    title_zh = "登录流程已结束"
    title_en = "This sign-in is over"
    detail_zh = "请重新登录。"
    detail_en = "Please sign in again."
    action = ProblemAction.SIGN_IN


class FlowElsewhere(Refusal):
    """The sign-in was begun on another device: an answer that was carried over opens nothing."""

    code = "SIGN_IN_FLOW_ELSEWHERE"
    kind = Kind.CONFLICT
    title_zh = "登录须在同一设备完成"
    title_en = "Sign-in begun elsewhere"
    detail_zh = "请在开始登录的设备上完成，或重新登录。"
    detail_en = "Finish on the device where you began, or begin again."
    action = ProblemAction.SIGN_IN


class ProviderMixedUp(Refusal):
    """The answer does not say it is of the provider that was asked (RFC 9207)."""

    code = "PROVIDER_MIXED_UP"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录平台不符"
    title_en = "Answer of another provider"
    detail_zh = "登录应答并非来自所请求的平台，请重新登录。"
    detail_en = "The answer is not of the provider that was asked; please sign in again."
    action = ProblemAction.SIGN_IN


class ProviderTokenRefused(Refusal):
    """What a provider signed is not to be believed; each way of being wrong has its own code."""

    code = "PROVIDER_TOKEN_REFUSED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录平台的凭证无效"
    title_en = "The provider's token is refused"
    detail_zh = "登录平台返回的凭证不可信，请重新登录。"
    detail_en = "The provider's token is not to be believed; please sign in again."
    action = ProblemAction.SIGN_IN


class ProviderTokenUnreadable(ProviderTokenRefused):
    """It has not the form of such a token."""

    code = "PROVIDER_TOKEN_UNREADABLE"


class ProviderTokenKind(ProviderTokenRefused):
    """It is a token, of another kind than the one asked for."""

    code = "PROVIDER_TOKEN_KIND"


class ProviderTokenAlgorithm(ProviderTokenRefused):
    """Its algorithm is none we accept, or not its key's."""

    code = "PROVIDER_TOKEN_ALGORITHM"


class ProviderTokenKey(ProviderTokenRefused):
    """Its key is none the provider publishes."""

    code = "PROVIDER_TOKEN_KEY"


class ProviderTokenForged(ProviderTokenRefused):
    """Its signature is not its key's."""

    code = "PROVIDER_TOKEN_FORGED"


class ProviderTokenIssuer(ProviderTokenRefused):
    """It was made by another provider."""

    code = "PROVIDER_TOKEN_ISSUER"


class ProviderTokenAudience(ProviderTokenRefused):
    """It was made for somebody else, or for others too."""

    code = "PROVIDER_TOKEN_AUDIENCE"


class ProviderTokenTime(ProviderTokenRefused):
    """It has ended, or was made in the future or too long ago."""

    code = "PROVIDER_TOKEN_TIME"


class ProviderTokenNonce(ProviderTokenRefused):
    """It belongs to another sign-in."""

    code = "PROVIDER_TOKEN_NONCE"


class ProviderTokenReplayed(ProviderTokenRefused):
    """It was presented before."""

    code = "PROVIDER_TOKEN_REPLAYED"


class CertificateChallengeEnded(Refusal):
    """The challenge that was signed is not one this session was given for this, or was used or too old."""

    code = "CERTIFICATE_CHALLENGE_ENDED"
    kind = Kind.CONFLICT
    title_zh = "验证已过期"
    title_en = "The challenge is over"
    detail_zh = "请重新获取待签内容并再次签名。"
    detail_en = "Ask for a new text to sign and sign that."


class CertificateRefused(Refusal):
    """A legal person's certificate does not prove what it is shown for; each reason has its own code."""

    code = "CERTIFICATE_REFUSED"
    kind = Kind.FORBIDDEN
    title_zh = "数字证书未通过验证"
    title_en = "The certificate is refused"
    detail_zh = "请使用本单位有效的法人数字证书。"
    detail_en = "Use a valid certificate of the legal person."


class CertificateUnreadable(CertificateRefused):
    """It is no certificate we can read, or its key is of a kind we do not take."""

    code = "CERTIFICATE_UNREADABLE"


class CertificateSignatureRefused(CertificateRefused):
    """The text was not signed with the certificate's key."""

    code = "CERTIFICATE_SIGNATURE_REFUSED"
    detail_zh = "签名与证书或待签内容不符，请重新签名。"
    detail_en = "The signature does not fit the certificate or the text; sign again."


class CertificateUntrusted(CertificateRefused):
    """No root we trust vouches for it, or it may not be used for this."""

    code = "CERTIFICATE_UNTRUSTED"
    detail_zh = "证书不是由受信任的机构签发，或不可用于签名。"
    detail_en = "No authority we trust issued it, or not for signing."


class CertificateExpired(CertificateRefused):
    """It, or one above it, is not valid now."""

    code = "CERTIFICATE_EXPIRED"
    detail_zh = "证书未生效或已过期，请更新证书。"
    detail_en = "It is not valid yet or any more; renew it."


class CertificateRevoked(CertificateRefused):
    """It, or one above it, was revoked or put on hold."""

    code = "CERTIFICATE_REVOKED"
    detail_zh = "证书已被吊销或冻结，请联系签发机构。"
    detail_en = "It was revoked or put on hold; ask its authority."


class CertificateUnknownToIssuer(CertificateRefused):
    """Its authority was asked about it and does not know it."""

    code = "CERTIFICATE_UNKNOWN_TO_ISSUER"
    detail_zh = "签发机构没有该证书的记录，请联系签发机构。"
    detail_en = "Its authority knows of no such certificate; ask it."


class CertificateOfNoLegalPerson(CertificateRefused):
    """It names no credit code, no organisation or no legal representative."""

    code = "CERTIFICATE_OF_NO_LEGAL_PERSON"
    detail_zh = "证书中没有统一社会信用代码、单位名称或法定代表人。"
    detail_en = "It names no credit code, organisation or legal representative."


class RepresentativeDiffers(CertificateRefused):
    """The legal representative it names is somebody else than the resident who presents it."""

    code = "REPRESENTATIVE_DIFFERS"
    detail_zh = "证书中的法定代表人不是您本人。"
    detail_en = "The legal representative it names is somebody else."


class RevocationUnknown(Refusal):
    """Nobody can tell whether the certificate was revoked, so it is not believed."""

    code = "REVOCATION_UNKNOWN"
    kind = Kind.UNAVAILABLE
    title_zh = "暂无法确认证书状态"
    title_en = "The certificate's status is not known"
    detail_zh = "签发机构的证书状态查询和吊销列表均不可用，请稍后重试。"
    detail_en = "Its authority gives no answer and no list of what is revoked; try again shortly."
    action = ProblemAction.RETRY


class PhoneCodeRejected(Refusal):
    """Wrong, too old, used, tried too often, or another person's or request's; which is not told."""

    code = "PHONE_CODE_REJECTED"
    kind = Kind.INVALID
    title_zh = "手机验证码或授权凭证无效"
    title_en = "Phone code rejected"
    detail_zh = "手机验证码或授权凭证不正确、已使用或已过期，请重新获取。"
    detail_en = "The phone code is wrong, used or expired; ask for a new one."
    action = ProblemAction.RETRY


class ProviderTokenUnavailable(Refusal):
    """We have no access token the provider accepts, and have asked for one often enough for now."""

    code = "PROVIDER_TOKEN_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "平台接口暂不可用"
    title_en = "The provider's API is unavailable"
    detail_zh = "平台接口凭证暂不可用，请在 {retry_after} 秒后重试。"
    detail_en = "The provider gives us no working access token; try again in {retry_after} s."
    action = ProblemAction.RETRY


class OpenDataUnreadable(Refusal):
    """The provider's sealed data does not open: another session key, or changed since."""

    code = "OPEN_DATA_UNREADABLE"
    kind = Kind.INVALID
    title_zh = "数据无法解密"
    title_en = "The data does not open"
    detail_zh = "登录态已更新或数据不完整，请重新登录后再试。"
    detail_en = "The session key has changed or the data is damaged; sign in again and retry."
    action = ProblemAction.SIGN_IN


class OpenDataForeign(Refusal):
    """The provider's data was made for another app."""

    code = "OPEN_DATA_FOREIGN"
    kind = Kind.INVALID
    title_zh = "数据不属于本应用"
    title_en = "The data is another app's"
    detail_zh = "数据水印中的 appid 与本小程序不符。"
    detail_en = "The appid in its watermark is not ours."


class OpenDataStale(Refusal):
    """The provider's data is too old, or of the future."""

    code = "OPEN_DATA_STALE"
    kind = Kind.INVALID
    title_zh = "数据已过时"
    title_en = "The data is stale"
    detail_zh = "数据水印中的时间已过期，请重新获取。"
    detail_en = "The time in its watermark is not of now; fetch it again."
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


class NotWhileActing(Refusal):
    """What somebody does for themselves cannot be done in another's name."""

    code = "NOT_WHILE_ACTING"
    kind = Kind.FORBIDDEN
    title_zh = "代办期间不能进行此操作"
    title_en = "Not while acting for somebody"
    detail_zh = "您正在为他人代办，请先切换回本人。"
    detail_en = "You are acting for somebody else; switch back to yourself first."
    action = ProblemAction.SWITCH_BACK


class GrantUnknown(Refusal):
    """No such grant, or one the caller is no side of: which is not told."""

    code = "GRANT_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这项授权"
    title_en = "No such grant"
    detail_zh = "该授权不存在，或与您无关。"
    detail_en = "It does not exist, or is not yours."


class GrantNotInForce(Refusal):
    """The grant was not confirmed yet, or has ended."""

    code = "GRANT_NOT_IN_FORCE"
    kind = Kind.FORBIDDEN
    title_zh = "授权未生效或已结束"
    title_en = "The grant is not in force"
    detail_zh = "对方尚未确认，或授权已到期、已被结束。"
    detail_en = "It was not confirmed yet, or it expired or was ended."


class OfferLapsed(Refusal):
    """The offer was not confirmed in time, was declined, or was tried with too many wrong codes."""

    code = "OFFER_LAPSED"
    kind = Kind.GONE
    title_zh = "授权申请已失效"
    title_en = "The offer has lapsed"
    detail_zh = "申请已超时、被拒绝或确认码多次错误，请重新申请。"
    detail_en = "It timed out, was declined, or met too many wrong codes; ask again."


class ConfirmationCodeWrong(Refusal):
    """Whoever is to act must bring the code on the other side's screen, and did not."""

    code = "CONFIRMATION_CODE_WRONG"
    kind = Kind.FORBIDDEN
    title_zh = "确认码不正确"
    title_en = "The confirmation code is wrong"
    detail_zh = "请输入对方手机上显示的六位确认码；多次错误后申请作废。"
    detail_en = "Enter the six digits on the other side's phone; after several errors the offer ends."


class NotYoursToConfirm(Refusal):
    """The other side has to confirm."""

    code = "NOT_YOURS_TO_CONFIRM"
    kind = Kind.FORBIDDEN
    title_zh = "须由对方确认"
    title_en = "The other side has to confirm"
    detail_zh = "此授权须由另一方在本人登录后确认。"
    detail_en = "This grant is confirmed by the other side, signed in as themselves."


class ScopeNotGrantable(Refusal):
    """A scope that this kind of grant can never hold."""

    code = "SCOPE_NOT_GRANTABLE"
    kind = Kind.INVALID
    title_zh = "不能授予此权限"
    title_en = "This cannot be granted"
    detail_zh = "此类授权不能包含 {scope}。"
    detail_en = "This kind of grant cannot hold {scope}."


class TermNotGrantable(Refusal):
    """An end in the past, or further away than this kind of grant may last."""

    code = "TERM_NOT_GRANTABLE"
    kind = Kind.INVALID
    title_zh = "授权期限不正确"
    title_en = "The term cannot be granted"
    detail_zh = "期限须在将来，且不超过 {days} 天。"
    detail_en = "It must end in the future, within {days} days."


class NotForYourself(Refusal):
    """Nobody needs leave to act for themselves."""

    code = "NOT_FOR_YOURSELF"
    kind = Kind.INVALID
    title_zh = "不能授权给本人"
    title_en = "Not for yourself"
    detail_zh = "代办双方不能是同一人。"
    detail_en = "The two sides must be different people."


class GrantStandsAlready(Refusal):
    """The same two sides already have a grant of this kind, with other terms."""

    code = "GRANT_STANDS_ALREADY"
    kind = Kind.CONFLICT
    title_zh = "已有授权"
    title_en = "There is such a grant already"
    detail_zh = "双方之间已有同类授权或申请，请先结束它。"
    detail_en = "The two sides already have one, or an offer of one; end it first."


class NotAGuardian(Refusal):
    """The register does not know the caller as a guardian of a child of this number."""

    code = "NOT_A_GUARDIAN"
    kind = Kind.FORBIDDEN
    title_zh = "未查到监护关系"
    title_en = "No guardianship on record"
    detail_zh = "登记信息中您不是该未成年人的监护人；如有误，请联系登记机关。"
    detail_en = "The register does not show you as this child's guardian; if it is wrong, ask the registry."


class TooManyGuardians(Refusal):
    """As many guardians as a child may have already act for this one."""

    code = "TOO_MANY_GUARDIANS"
    kind = Kind.CONFLICT
    title_zh = "代办监护人已满"
    title_en = "All places for guardians are taken"
    detail_zh = "每名未成年人最多由三位监护人代办。"
    detail_en = "At most three guardians act for a child."


class FamilyRegisterUnavailable(Refusal):
    """The register does not answer, or not as agreed, so nobody can tell."""

    code = "FAMILY_REGISTER_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "暂时无法核对监护关系"
    title_en = "Guardianship cannot be checked right now"
    detail_zh = "登记系统暂无应答，请稍后重试。"
    detail_en = "The register does not answer; please try again shortly."
    action = ProblemAction.RETRY


class ActingNotOffered(Refusal):
    """The city has nobody who could prove what this kind of grant stands on."""

    code = "ACTING_NOT_OFFERED"
    kind = Kind.NOT_FOUND
    title_zh = "未开通此类代办"
    title_en = "This kind of acting is not offered"
    detail_zh = "本市尚未接入所需的核验服务。"
    detail_en = "The city is not connected to what would have to confirm it."


class NotLegalRepresentative(Refusal):
    """The caller holds no proof of being the organisation's legal representative."""

    code = "NOT_LEGAL_REPRESENTATIVE"
    kind = Kind.FORBIDDEN
    title_zh = "须由法定代表人授权"
    title_en = "Only the legal representative may grant this"
    detail_zh = "请先用法人一证通证明您是该单位的法定代表人。"
    detail_en = "First prove with the legal person's certificate that you represent the organisation."


class ChallengeRefused(Refusal):
    """The challenge is not one we gave for this request, or is not answered, or was used."""

    code = "STEP_UP_CHALLENGE_REFUSED"
    kind = Kind.FORBIDDEN
    title_zh = "验证已失效"
    title_en = "The confirmation does not count"
    detail_zh = "该验证不属于本次操作，或已过期、已使用，请重新提交。"
    detail_en = "It is for another request, has ended or was used; send the request again without it."


class StepUpNotProved(Refusal):
    """The proof is good, but proves somebody else, or in a way the operation does not take."""

    code = "STEP_UP_NOT_PROVED"
    kind = Kind.FORBIDDEN
    title_zh = "未能确认是本人"
    title_en = "It was not proved to be you"
    detail_zh = "请使用本账号已绑定的方式验证。"
    detail_en = "Use a way that belongs to this account."
    action = ProblemAction.STEP_UP


class LinkUnknown(Refusal):
    """No such way in leads to the caller."""

    code = "LINK_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该登录方式"
    title_en = "No such way in"
    detail_zh = "您的账号没有绑定该登录方式。"
    detail_en = "Your account has no such way in."


class LastWayIn(Refusal):
    """Without this way in nobody could get into the account any more."""

    code = "LAST_WAY_IN"
    kind = Kind.CONFLICT
    title_zh = "这是唯一的登录方式"
    title_en = "It is the only way in"
    detail_zh = "解绑后将无法登录，请先绑定其他登录方式。"
    detail_en = "Without it you could not sign in; link another first."


class MergeUnknown(Refusal):
    """No such merge concerns the caller."""

    code = "MERGE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该合并记录"
    title_en = "No such merge"
    detail_zh = "没有与您的账号有关的该合并记录。"
    detail_en = "No such merge concerns your account."


class MergeNotReversible(Refusal):
    """The thirty days are over, it was undone, or one of the two would be left without a way in."""

    code = "MERGE_NOT_REVERSIBLE"
    kind = Kind.CONFLICT
    title_zh = "合并不能撤销"
    title_en = "The merge cannot be undone"
    detail_zh = "已超过三十日，或撤销后其中一个账号将没有登录方式。"
    detail_en = "Thirty days are over, or one of the two would be left without a way in."


class MergeNotWaiting(Refusal):
    """Nobody waits for a decision on this merge."""

    code = "MERGE_NOT_WAITING"
    kind = Kind.CONFLICT
    title_zh = "该合并无需审核"
    title_en = "The merge waits for nobody"
    detail_zh = "该合并已有结果。"
    detail_en = "It was decided already."


class SmsUnavailable(Refusal):
    """The text message did not go out."""

    code = "SMS_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "短信暂时无法发送"
    title_en = "Text messages cannot be sent"
    detail_zh = "请稍后重试。"
    detail_en = "Please try again shortly."
    action = ProblemAction.RETRY


class NoPhoneBound(Refusal):
    """There is no phone of the caller's to send a code to."""

    code = "NO_PHONE_BOUND"
    kind = Kind.CONFLICT
    title_zh = "尚未绑定手机"
    title_en = "No phone is bound"
    detail_zh = "请先绑定手机，或使用其他方式验证。"
    detail_en = "Bind a phone first, or use another way."


class IdentityNotConfirmed(Refusal):
    """The registry does not hold this name with this number; which is wrong is not told."""

    code = "IDENTITY_NOT_CONFIRMED"
    kind = Kind.FORBIDDEN
    title_zh = "姓名与证件号码不一致"
    title_en = "Name and number were not confirmed"
    detail_zh = "请核对姓名和公民身份号码。"
    detail_en = "Check the name and the ID number."


class IdentityAlreadyProved(Refusal):
    """The account is somebody else's by name and number; it does not change hands."""

    code = "IDENTITY_ALREADY_PROVED"
    kind = Kind.CONFLICT
    title_zh = "账号已实名"
    title_en = "The account is real-name already"
    detail_zh = "该账号已用其他身份实名，不能更换。"
    detail_en = "It is real-name under another identity, which cannot be changed."


class RegistryUnavailable(Refusal):
    """The population registry gave no usable answer."""

    code = "REGISTRY_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "身份核验暂不可用"
    title_en = "The registry is unavailable"
    detail_zh = "请稍后重试。"
    detail_en = "Please try again shortly."
    action = ProblemAction.RETRY


class FaceCheckUnknown(Refusal):
    """No such face check was begun by the caller."""

    code = "FACE_CHECK_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该人脸核身"
    title_en = "No such face check"
    detail_zh = "请重新发起人脸核身。"
    detail_en = "Begin a new one."


class ConsentUnknown(Refusal):
    """No such consent was given, or it was withdrawn meanwhile."""

    code = "CONSENT_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该项同意"
    title_en = "No such consent"
    detail_zh = "您没有作出过该项同意，或已撤回。"
    detail_en = "You never gave it, or have withdrawn it."


class DeletionUnknown(Refusal):
    """No deletion is under way, or none has this receipt."""

    code = "DELETION_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有注销申请"
    title_en = "No such deletion"
    detail_zh = "没有进行中的注销申请，或回执不正确。"
    detail_en = "None is under way, or the receipt is not right."


class DeletionBegun(Refusal):
    """The seven days are over and the account is being deleted."""

    code = "DELETION_BEGUN"
    kind = Kind.CONFLICT
    title_zh = "注销已开始"
    title_en = "The deletion has begun"
    detail_zh = "冷静期已过，注销不能再撤回。"
    detail_en = "The cooling-off time is over; it cannot be taken back."
