"""Leave to act for somebody (代办) that is not there, or not to be had."""

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal


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


class ChildNeedsGuardian(Refusal):
    """Who is under fourteen does not prove a level by themselves: a guardian consents and acts for them."""

    code = "CHILD_NEEDS_GUARDIAN"
    kind = Kind.FORBIDDEN
    title_zh = "须由监护人代办"
    title_en = "A guardian acts for the child"
    detail_zh = "未满十四周岁的，由监护人登录自己的账号，在“代办”中添加孩子后为其办理。"
    detail_en = "Under fourteen, a guardian signs in to their own account, adds the child and acts for it."


class GuardianshipStands(Refusal):
    """A guardian's leave is not the child's to end: the guardian, the register or the 18th birthday does."""

    code = "GUARDIANSHIP_STANDS"
    kind = Kind.FORBIDDEN
    title_zh = "监护人代办不能由本人结束"
    title_en = "Not the child's to end"
    detail_zh = "年满十八周岁时自动结束；此前由监护人或登记机关结束。"
    detail_en = "It ends on the 18th birthday; before that, by the guardian or the registry."


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
