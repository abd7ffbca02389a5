"""What the reminders say no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "CallbackForged",
    "CallbackUnknown",
    "CallbackUnreadable",
    "TemplateChanged",
    "TemplateInvalid",
    "TemplateUnknown",
    "TemplateVersionUnknown",
]


class TemplateUnknown(Refusal):
    """No such template."""

    code = "TEMPLATE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此模板"
    title_en = "Unknown template"
    detail_zh = "没有找到该提醒模板。"
    detail_en = "There is no such template."


class TemplateVersionUnknown(Refusal):
    """No such version, or one that is not kept any more."""

    code = "TEMPLATE_VERSION_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此版本"
    title_en = "Unknown version"
    detail_zh = "该版本不存在，或已不再保留。"
    detail_en = "There is no such version, or it is not kept any more."


class TemplateInvalid(Refusal):
    """A template a provider would refuse, or that says too much on a locked screen."""

    code = "TEMPLATE_INVALID"
    kind = Kind.INVALID
    title_zh = "模板不合规"
    title_en = "The template is not valid"
    detail_zh = "请更正：{why}（另有 {more} 处）。"
    detail_en = "Correct these: {why} (and {more} more)."


class TemplateChanged(Refusal):
    """Somebody else changed it at the same time."""

    code = "TEMPLATE_CHANGED"
    kind = Kind.CONFLICT
    title_zh = "模板已被他人修改"
    title_en = "The template was changed meanwhile"
    detail_zh = "请重新查看后再试。"
    detail_en = "Look at it again, then try once more."


class CallbackForged(Refusal):
    """A message in a provider's name that it did not sign, or signed long ago."""

    code = "CALLBACK_FORGED"
    kind = Kind.FORBIDDEN
    title_zh = "签名无效"
    title_en = "The signature is not valid"
    detail_zh = "消息签名无效或已过时。"
    detail_en = "The message is not signed as it should be, or was signed too long ago."


class CallbackUnreadable(Refusal):
    """A signed message that is not of the documented form."""

    code = "CALLBACK_UNREADABLE"
    kind = Kind.INVALID
    title_zh = "消息无法读取"
    title_en = "The message cannot be read"
    detail_zh = "消息格式与文档不符。"
    detail_en = "The message is not of the documented form."


class CallbackUnknown(Refusal):
    """Nobody expects messages there."""

    code = "CALLBACK_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此接收地址"
    title_en = "Nobody listens there"
    detail_zh = "该应用未配置消息接收。"
    detail_en = "No messages are expected for that app."
