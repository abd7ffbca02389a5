"""How long a session lasts, and what a presented refresh token deserves.

A refresh token is ``handle || secret``. The session's id is a hash of the handle, so whoever presents
a right handle has held a genuine token of this family: a wrong secret beside it is a spent one, and
spent tokens need not be kept to be recognised.

    presented secret     session             answer
    current              alive               ROTATE
    previous             alive, ≤20 s, same device   REPEAT   the reply was lost; the same successor again
    any other            alive               REVOKE   somebody else has a copy (RFC 9700 §4.14.2)
    any                  ended, past its end REFUSE
"""

import hashlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from auth_bridges.models import Audience, StoredSession
from miniapp_schemas.assurance import AssuranceLevel

HANDLE_BYTES: Final = 16
SECRET_BYTES: Final = 32
GRACE: Final = timedelta(seconds=20)
"""How long a lost reply may be asked for again. Without it about one device in twenty a day is
signed out by its own radio (zitadel#9631)."""

_RESIDENT: Final = timedelta(days=30)
_REAL_NAME: Final = timedelta(hours=24)
_SHIFT: Final = timedelta(hours=12)


def lifetime(audience: Audience, assurance: AssuranceLevel) -> timedelta:
    """How long a session may last however often it is refreshed (NIST SP 800-63B §2.1.3–2.3.3)."""
    if audience is not Audience.RESIDENT:
        return _SHIFT
    return _REAL_NAME if assurance.satisfies(AssuranceLevel.L2) else _RESIDENT


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
    now: datetime,
) -> Answer:
    """What ``presented`` deserves, given its ``session`` as it stands."""
    if session is None or session.ended_at is not None or session.audience is not audience:
        return Answer.REFUSE
    if now >= session.expires_at:
        return Answer.REFUSE
    if presented.hash == session.current:
        return Answer.ROTATE
    lost_reply = session.rotated_at is not None and now - session.rotated_at <= GRACE
    if presented.hash == session.previous and lost_reply and device == session.device:
        return Answer.REPEAT
    return Answer.REVOKE
