"""What the wallet says no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "ClaimNotDisclosable",
    "ClaimsInvalid",
    "CredentialNotShowable",
    "CredentialUnknown",
    "HolderMismatch",
    "InvalidIdNumber",
    "InvalidIdentifier",
    "InvalidUscc",
    "IssuerNotAllowed",
    "PresentationUnknown",
    "SceneNotAllowed",
    "SceneUnknown",
    "SerialConflict",
    "StatusChangeImpossible",
    "StatusListUnknown",
    "TypeUnknown",
    "ValidityInvalid",
    "VersionStale",
]


class InvalidIdNumber(Refusal):
    """Not a 公民身份号码 under GB 11643."""

    code = "INVALID_ID_NUMBER"
    kind = Kind.INVALID
    title_zh = "身份证号码有误"
    title_en = "Invalid ID number"
    detail_zh = "公民身份号码不符合 GB 11643，请核对地区码、出生日期和校验码。"
    detail_en = "The ID number does not follow GB 11643: check region, birth date and check character."


class InvalidUscc(Refusal):
    """Not a 统一社会信用代码 under GB 32100."""

    code = "INVALID_USCC"
    kind = Kind.INVALID
    title_zh = "统一社会信用代码有误"
    title_en = "Invalid unified social credit code"
    detail_zh = "统一社会信用代码不符合 GB 32100，请核对代码和校验码。"
    detail_en = "The unified social credit code does not follow GB 32100: check its characters."


class InvalidIdentifier(Refusal):
    """Not an 电子证照标识 under GB/T 36904."""

    code = "INVALID_CERTIFICATE_IDENTIFIER"
    kind = Kind.INVALID
    title_zh = "电子证照标识有误"
    title_en = "Invalid certificate identifier"
    detail_zh = "电子证照标识不符合 GB/T 36904，请核对各段和校验位。"
    detail_en = "The certificate identifier does not follow GB/T 36904: check its parts and check character."


class TypeUnknown(Refusal):
    """No such type is registered."""

    code = "CREDENTIAL_TYPE_UNKNOWN"
    kind = Kind.INVALID
    title_zh = "证照类型不存在"
    title_en = "Unknown certificate type"
    detail_zh = "没有登记 {type} 这一证照类型。"
    detail_en = "No certificate type {type} is registered."


class SceneUnknown(Refusal):
    """No such scene is registered."""

    code = "SCENE_UNKNOWN"
    kind = Kind.INVALID
    title_zh = "用证场景不存在"
    title_en = "Unknown scene"
    detail_zh = "没有登记 {scene} 这一用证场景。"
    detail_en = "No scene {scene} is registered."


class SceneNotAllowed(Refusal):
    """This type is never shown in this scene."""

    code = "SCENE_NOT_ALLOWED"
    kind = Kind.INVALID
    title_zh = "该证照不用于此场景"
    title_en = "Not shown in this scene"
    detail_zh = "{type} 不在 {scene} 场景中出示，请换一个场景或证照。"
    detail_en = "{type} is not shown in {scene}: choose another scene or certificate."


class ClaimNotDisclosable(Refusal):
    """A field was asked for that a verifier may not see here."""

    code = "CLAIM_NOT_DISCLOSABLE"
    kind = Kind.INVALID
    title_zh = "字段不可出示"
    title_en = "Field cannot be shown"
    detail_zh = "以下字段不能在此场景出示：{claims}。"
    detail_en = "These fields cannot be shown in this scene: {claims}."


class CredentialUnknown(Refusal):
    """No such certificate, or not the caller's: the answer is the same."""

    code = "CREDENTIAL_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这张证照"
    title_en = "No such certificate"
    detail_zh = "您的卡包中没有这张证照，请刷新后重试。"
    detail_en = "There is no such certificate in your wallet: refresh and try again."


class CredentialNotShowable(Refusal):
    """It exists and may not be shown now."""

    code = "CREDENTIAL_NOT_SHOWABLE"
    kind = Kind.CONFLICT
    title_zh = "证照当前不能出示"
    title_en = "Certificate cannot be shown now"
    detail_zh = "{reason_zh}"
    detail_en = "{reason_en}"
    action = "contactIssuer"


class PresentationUnknown(Refusal):
    """No such presentation, or not the caller's."""

    code = "PRESENTATION_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有这次出示"
    title_en = "No such presentation"
    detail_zh = "这次出示不存在或已结束，请重新出示。"
    detail_en = "This presentation does not exist or has ended: show the certificate again."
    action = "showAgain"


class ClaimsInvalid(Refusal):
    """The fields sent are not those the type wants."""

    code = "CLAIMS_INVALID"
    kind = Kind.INVALID
    title_zh = "证照字段有误"
    title_en = "Certificate fields invalid"
    detail_zh = "以下字段缺失、多余、格式有误或相互矛盾：{claims}。"
    detail_en = "These fields are missing, unknown, malformed or contradict each other: {claims}."


class HolderMismatch(Refusal):
    """The holder is not of the kind the type is for, or lacks its number."""

    code = "HOLDER_MISMATCH"
    kind = Kind.INVALID
    title_zh = "持证主体不符"
    title_en = "Wrong kind of holder"
    detail_zh = "{type} 的持证主体须为{wanted_zh}。"
    detail_en = "The holder of {type} is {wanted_en}."


class ValidityInvalid(Refusal):
    """The dates cannot be those of this type."""

    code = "VALIDITY_INVALID"
    kind = Kind.INVALID
    title_zh = "有效期有误"
    title_en = "Invalid period of validity"
    detail_zh = "有效期止不得早于有效期起，也不得超过该类型的最长有效期。"
    detail_en = "The last day may not lie before the first, nor beyond the longest validity of the type."


class IssuerNotAllowed(Refusal):
    """This department does not issue this type."""

    code = "ISSUER_NOT_ALLOWED"
    kind = Kind.FORBIDDEN
    title_zh = "无权签发"
    title_en = "Not allowed to issue"
    detail_zh = "贵单位未被授权签发或变更该类证照。"
    detail_en = "Your department may not issue or change certificates of this type."


class SerialConflict(Refusal):
    """The same issuer, serial and version with another content."""

    code = "SERIAL_CONFLICT"
    kind = Kind.CONFLICT
    title_zh = "流水号已用于其他内容"
    title_en = "Serial already used"
    detail_zh = "同一流水号和版本号已签发过不同内容，请提高版本号。"
    detail_en = "This serial and version were issued with other content: raise the version."


class VersionStale(Refusal):
    """A later version exists."""

    code = "VERSION_STALE"
    kind = Kind.CONFLICT
    title_zh = "版本号已过时"
    title_en = "Version out of date"
    detail_zh = "已有更高版本 {current}，请在其基础上变更。"
    detail_en = "Version {current} exists: start from it."


class StatusChangeImpossible(Refusal):
    """No such step from where it stands."""

    code = "STATUS_CHANGE_IMPOSSIBLE"
    kind = Kind.CONFLICT
    title_zh = "状态不能这样变更"
    title_en = "Status cannot change so"
    detail_zh = "证照当前状态为 {mark}，不能执行 {change}。"
    detail_en = "The certificate is {mark} and cannot {change}."


class StatusListUnknown(Refusal):
    """No status list of that number has been published."""

    code = "STATUS_LIST_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该状态列表"
    title_en = "No such status list"
    detail_zh = "尚未发布该编号的状态列表，请稍后重试。"
    detail_en = "No status list of this number has been published; try again shortly."
