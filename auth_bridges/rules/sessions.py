"""How long a session lasts, and what a presented refresh token deserves.

A refresh token is ``handle || secret``. The session's id is a hash of the handle, so whoever presents
a right handle has held a genuine token of this family: a wrong secret beside it is a spent one, and
spent tokens need not be kept to be recognised.

    presented secret     session             answer
    current              alive               ROTATE
    previous             alive, ≤20 s, same device   REPEAT   the reply was lost; the same successor again
    previous             alive, ≤20 s, no device named, same kind of device   REPEAT   as much can be told
    any other            alive               REVOKE   somebody else has a copy (RFC 9700 §4.14.2)
    any                  ended, past its end, idle too long   REFUSE
"""

import hashlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from auth_bridges.models import Audience, Clerk, Link, StoredSession
from miniapp_schemas.assurance import AssuranceLevel

HANDLE_BYTES: Final = 16
SECRET_BYTES: Final = 32
GRACE: Final = timedelta(seconds=20)
"""How long a lost reply may be asked for again. Without it about one device in twenty a day is
signed out by its own radio (zitadel#9631)."""


class Lifetime(Struct, frozen=True):
    """How long a session lasts: ``absolute`` however often it is refreshed, ``idle`` if it is not."""

    absolute: timedelta
    idle: timedelta


_RESIDENT: Final = Lifetime(timedelta(days=30), timedelta(days=30))
_REAL_NAME: Final = Lifetime(timedelta(hours=24), timedelta(hours=1))
_SHIFT: Final = Lifetime(timedelta(hours=12), timedelta(minutes=15))
_ONE_TOKEN: Final = Lifetime(timedelta(minutes=10), timedelta(minutes=10))


def lifetime(audience: Audience, assurance: AssuranceLevel) -> Lifetime:
    """How long a session may last (NIST SP 800-63B §2.1.3, §2.2.3, §2.3.3; ASVS 7.3.1, 7.3.2)."""
    if audience is Audience.ISSUER:
        # A department signs in anew for each token; its session is there to be ended.
        return _ONE_TOKEN
    if audience is not Audience.RESIDENT:
        return _SHIFT
    return _REAL_NAME if assurance.satisfies(AssuranceLevel.L2) else _RESIDENT


def reached(session: StoredSession, level: AssuranceLevel) -> AssuranceLevel:
    """``level``, or what ``session`` was renewed at if that is less: more asks for another name first."""
    return level if session.level is None or session.level.satisfies(level) else session.level


def rights_of(clerk: Clerk) -> tuple[str, ...]:
    """All that a clerk's tokens open, in one order: a session that opens anything else has another name."""
    return tuple(sorted({*clerk.scopes, *(f"scene:{code}" for code in clerk.scenes)}))


def is_alive(session: StoredSession, now: datetime) -> bool:
    """Whether ``session`` was neither ended nor outlived nor left idle."""
    idle = session.idle_ends_at is not None and now >= session.idle_ends_at
    return session.ended_at is None and now < session.expires_at and not idle


class Presented(Struct, frozen=True, kw_only=True):
    """A refresh token taken apart: the session it names, and the hash it is known by."""

    session: str
    handle: bytes
    hash: bytes


def compose(handle: bytes, secret: bytes) -> str:
    """The opaque token of a session's ``handle`` and one ``secret``."""
    return urlsafe_b64encode(handle + secret).decode()


def present(token: str) -> Presented | None:
    """Take ``token`` apart, or None if no token of ours looks like that."""
    try:
        raw = b64decode(token, altchars=b"-_", validate=True)
    except (NotBase64, ValueError):
        return None
    if len(raw) != HANDLE_BYTES + SECRET_BYTES:
        return None
    handle = raw[:HANDLE_BYTES]
    return Presented(session=session_id(handle), handle=handle, hash=token_hash(token))


def token_hash(token: str) -> bytes:
    """What is stored of a token: 256 random bits need no salt and no stretching."""
    return hashlib.sha256(token.encode()).digest()


def seal_successor(predecessor: str, successor: str, nonce: bytes) -> bytes:
    """``successor`` for nobody but the holder of ``predecessor``: a thief of the database finds no token."""
    return nonce + AESGCM(_key_under(predecessor)).encrypt(nonce, successor.encode(), None)


def open_successor(predecessor: str, sealed: bytes) -> str:
    """What ``seal_successor`` sealed."""
    return AESGCM(_key_under(predecessor)).decrypt(sealed[:12], sealed[12:], None).decode()


def _key_under(predecessor: str) -> bytes:
    return hashlib.sha256(b"suishen successor\0" + predecessor.encode()).digest()


def session_id(handle: bytes) -> str:
    """The public name of the session: it tells nothing about the handle."""
    return hashlib.sha256(b"suishen session\0" + handle).hexdigest()[:32]


def seal_reply(code: str, device: str, reply: bytes, nonce: bytes) -> bytes:
    """``reply`` for nobody but the device that presented ``code``."""
    return nonce + AESGCM(_key_of_reply(code, device)).encrypt(nonce, reply, None)


def open_reply(code: str, device: str, sealed: bytes) -> bytes:
    """What ``seal_reply`` sealed."""
    return AESGCM(_key_of_reply(code, device)).decrypt(sealed[:12], sealed[12:], None)


def _key_of_reply(code: str, device: str) -> bytes:
    return hashlib.sha256(b"suishen reply\0" + code.encode() + b"\0" + device.encode()).digest()


_PLATFORMS: Final = (
    ("HarmonyOS", "harmony"),
    ("OpenHarmony", "harmony"),
    ("iPhone", "iphone"),
    ("iPad", "ipad"),
    ("Android", "android"),
    ("Windows", "windows"),
    ("Macintosh", "mac"),
    ("Linux", "linux"),
)


def platform_of(agent: str) -> str | None:
    """The kind of device a ``User-Agent`` tells of; None for one that tells nothing we know."""
    return next((platform for word, platform in _PLATFORMS if word in agent), None)


def began_by(session: StoredSession, link: Link) -> bool:
    """Whether ``session`` began by ``link``; one that does not know, by any way in of that app."""
    if session.link is None:
        return session.client == f"{link.provider}:{link.appid}"
    return session.link == link.id


class Answer(Enum):
    """What a presented refresh token deserves."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    REVOKE = "revoke"
    REFUSE = "refuse"


def judge(
    session: StoredSession | None,
    presented: Presented,
    *,
    audience: Audience,
    device: str | None,
    platform: str | None = None,
    now: datetime,
) -> Answer:
    """What ``presented`` deserves, given its ``session`` as it stands."""
    if session is None or session.audience is not audience or not is_alive(session, now):
        return Answer.REFUSE
    if presented.hash == session.current:
        return Answer.ROTATE
    lost_reply = session.rotated_at is not None and now - session.rotated_at <= GRACE
    if presented.hash == session.previous and lost_reply and _same_device(session, device, platform):
        return Answer.REPEAT
    return Answer.REVOKE


def _same_device(session: StoredSession, device: str | None, platform: str | None) -> bool:
    """Whether ``session`` may have begun on this device.

    Where none was ever named the token is all the proof there is, but a thief on a desk is no telephone.
    """
    if device is None and session.device is None:
        return session.platform is None or platform == session.platform
    return device == session.device
