"""What the reminders say no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = ["DeviceNotUsable", "DeviceUnknown", "PushKindNotOffered"]


class PushKindNotOffered(Refusal):
    """This city does not send to that kind of device, or not to that build of the app."""

    code = "PUSH_KIND_NOT_OFFERED"
    kind = Kind.CONFLICT
    title_zh = "本市未开通此类推送"
    title_en = "Not offered here"
    detail_zh = "本市未开通该推送方式，通知仍可在消息中心查看。"
    detail_en = "This city does not send to that kind of device; notices are in the inbox."


class DeviceNotUsable(Refusal):
    """The token or subscription is none of its kind, or leads where we do not call."""

    code = "DEVICE_NOT_USABLE"
    kind = Kind.INVALID
    title_zh = "设备标识无效"
    title_en = "The device cannot be used"
    detail_zh = "推送标识格式不正确，或其推送服务不在允许范围内。"
    detail_en = "The token or subscription is malformed, or its push service is not one we call."


class DeviceUnknown(Refusal):
    """The caller has no such device."""

    code = "DEVICE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有该设备"
    title_en = "No such device"
    detail_zh = "该设备未登记，或已被移除。"
    detail_en = "The device is not registered, or no longer."
