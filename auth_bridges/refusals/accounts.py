"""What cannot be done with one's own account, and a fresh proof that is none."""

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal


class LinkTaken(Refusal):
    """The way in already leads to another known person; people are never merged in silence."""

    code = "LINK_TAKEN"
    kind = Kind.CONFLICT
    title_zh = "该登录方式已属于他人"
    title_en = "This way in belongs to somebody else"
    detail_zh = "须由双方证明后方可合并。"
    detail_en = "Merging needs proof from both sides."


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
