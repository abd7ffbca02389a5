"""A legal person's certificate (法人一证通) that proves nothing."""

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal


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
