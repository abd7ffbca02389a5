"""What WeChat calls apps and people. Openids begin with ``oSIM``: nobody can take one for a real one."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from msgspec import Struct


class WechatApp(Struct, frozen=True, kw_only=True):
    """A registered mini-program. Only one bound to an Open Platform account (开放平台) learns unionids."""

    appid: str
    secret: str
    open_platform: str | None = None


def openid_of(appid: str, resident: str) -> str:
    """The same for ever, as an openid is, so that a city started again still knows its people."""
    return f"oSIM{_digest(appid, resident)}"


def unionid_of(open_platform: str, resident: str) -> str:
    """The same in every app bound to one Open Platform account; another once the app moves."""
    return f"uSIM{_digest(open_platform, resident)}"


def _digest(*parts: str) -> str:
    return urlsafe_b64encode(sha256("\0".join(parts).encode()).digest()[:18]).decode()
