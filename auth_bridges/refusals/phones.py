"""A phone number nobody could vouch for, and what a mini-program brought sealed."""

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal


class PhoneCodeRejected(Refusal):
    """Wrong, too old, used, tried too often, or another person's or request's; which is not told."""

    code = "PHONE_CODE_REJECTED"
    kind = Kind.INVALID
    title_zh = "手机验证码或授权凭证无效"
    title_en = "Phone code rejected"
    detail_zh = "手机验证码或授权凭证不正确、已使用或已过期，请重新获取。"
    detail_en = "The phone code is wrong, used or expired; ask for a new one."
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


class PhonePacketRefused(Refusal):
    """The provider does not vouch for a phone number, or not in this packet, or did so before."""

    code = "PHONE_PACKET_REFUSED"
    kind = Kind.INVALID
    title_zh = "手机号授权无效"
    title_en = "The phone number was not accepted"
    detail_zh = "授权无效或已使用，请重新授权。"
    detail_en = "The authorisation is invalid or was used before; please authorise again."


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
