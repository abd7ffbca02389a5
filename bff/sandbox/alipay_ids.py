"""What Alipay calls apps and people. Every name begins with ``sim``: nobody can take one for a real one."""

from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct


class Names(StrEnum):
    """Under which names an app learns of people: Alipay moves apps from the first to the last."""

    USER_ID = "user_id"
    BOTH = "both"
    OPEN_ID = "open_id"


class AlipayApp(Struct, frozen=True, kw_only=True):
    """A registered mini-program (小程序); ``certificates`` if it is in certificate mode (证书模式)."""

    appid: str
    names: Names = Names.OPEN_ID
    certificates: bool = False


def open_id_of(appid: str, resident: str) -> str:
    """A person's name in one app, the same for ever."""
    return f"sim{urlsafe_b64encode(_digest(appid, resident)[:30]).decode()}"


def user_id_of(resident: str) -> str:
    """A person's old name, the same in every app."""
    return f"sim2088{int.from_bytes(_digest(resident)[:6]) % 10**12:012d}"


def _digest(*parts: str) -> bytes:
    return sha256("\0".join(("alipay", *parts)).encode()).digest()
