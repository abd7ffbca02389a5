"""What WeChat pushes to us (消息推送): whose it is, and what it says of subscribe messages.

In the clear a signature is over our token, a time and a nonce, and over nothing that is said; in secure mode
(安全模式) over the sealed message too. JSON or XML is a choice in WeChat's console, and an event of one item
comes in JSON as an object where several come as an array.
"""

import hmac
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha1, sha256
from typing import Any, Final
from xml.parsers import expat

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from msgspec import Struct

WINDOW_SECONDS: Final = 600
"""WeChat asks again within seconds; what was signed before that is somebody else's doing."""
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_EVENTS: Final = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
_ACCEPTED: Final = re.compile(r"accept", re.IGNORECASE)


class NotOurs(Exception):
    """Not signed with our token, not now, or not for our app."""


class NotRead(Exception):
    """Not of the documented form."""


class EventKind(StrEnum):
    """What happened."""

    ANSWERED = "answered"
    """Somebody was asked in a pop-up, or changed the setting."""
    SENT = "sent"
    """A message was delivered, or was not."""


class Event(Struct, frozen=True, kw_only=True):
    """One item of what was pushed. ``id`` is the same each time WeChat tells it."""

    id: str
    kind: EventKind
    openid: str
    template_id: str
    at: datetime
    good: bool
    reference: str = ""
    code: str = ""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts, as WeChat makes it."""
    return sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def check(
    query: Mapping[str, str], *, token: str, now: datetime, name: str = "signature", sealed: str = ""
) -> None:
    """Return if WeChat signed it with ``token`` just now; ``NotOurs`` otherwise."""
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    parts = (token, stamp, nonce, sealed) if sealed else (token, stamp, nonce)
    if not hmac.compare_digest(signature(*parts).encode(), query.get(name, "").encode()):
        raise NotOurs
    if not _DIGITS.fullmatch(stamp) or abs(now.timestamp() - int(stamp)) > WINDOW_SECONDS:
        raise NotOurs


def opened(
    query: Mapping[str, str], body: bytes, *, token: str, key: bytes | None, appid: str, now: datetime
) -> Mapping[str, Any]:
    """What ``body`` says. With a ``key`` only what was sealed with it counts, whatever else is in there."""
    if key is None:
        check(query, token=token, now=now)
        return _read(body)
    sealed = _read(body).get("Encrypt")
    if not isinstance(sealed, str):
        raise NotOurs
    check(query, token=token, now=now, name="msg_signature", sealed=sealed)
    return _read(unsealed(sealed, key=key, appid=appid))


def unsealed(sealed: str, *, key: bytes, appid: str) -> bytes:
    """AES-256-CBC, PKCS#7 over 32 bytes; inside are 16 random bytes, a length, the message and the appid."""
    try:
        raw = b64decode(sealed, validate=True)
        decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
        padded = decryptor.update(raw) + decryptor.finalize()
    except (NotBase64, ValueError):
        raise NotRead from None
    padding = padded[-1] if padded else 0
    if not 1 <= padding <= 32:
        raise NotRead
    plain = padded[:-padding]
    size = int.from_bytes(plain[16:20])
    message, whose = plain[20 : 20 + size], plain[20 + size :]
    if not hmac.compare_digest(whose, appid.encode()):
        raise NotOurs
    return message


def key_of(encoding_key: str) -> bytes:
    """The 32 bytes behind an EncodingAESKey."""
    return b64decode(f"{encoding_key}=")


def events(said: Mapping[str, Any], *, appid: str) -> list[Event]:
    """What ``said`` tells of subscribe messages; nothing, if it is about something else."""
    inner = _EVENTS.get(str(said.get("Event", "")))
    if inner is None:
        return []
    name, openid, stamp = str(said["Event"]), said.get("FromUserName"), str(said.get("CreateTime", ""))
    if not isinstance(openid, str) or not _DIGITS.fullmatch(stamp):
        raise NotRead
    try:
        at = datetime.fromtimestamp(int(stamp), UTC)
        # In XML inside an element of its own; in JSON beside everything else, or, seen as well, as in XML.
        holder = said.get(inner, said)
        told = msgspec.convert(holder.get("List", []), list[dict[str, Any]] | dict[str, Any])
        items = told if isinstance(told, list) else [told]
        return [_event(name, openid, at, item, appid=appid) for item in items]
    except (AttributeError, KeyError, OverflowError, ValueError, msgspec.ValidationError):
        raise NotRead from None


def _event(name: str, openid: str, at: datetime, item: Mapping[str, Any], *, appid: str) -> Event:
    template = str(item["TemplateId"])
    parts = [appid, name, openid, str(int(at.timestamp())), template]
    if name == "subscribe_msg_sent_event":
        reference, code = str(item["MsgID"]), str(item.get("ErrorCode", "0"))
        return Event(
            id=_id(*parts, reference),
            kind=EventKind.SENT,
            openid=openid,
            template_id=template,
            at=at,
            good=code == "0",
            reference=reference,
            code=code,
        )
    accepted = bool(_ACCEPTED.match(str(item["SubscribeStatusString"])))
    return Event(
        id=_id(*parts, str(accepted)),
        kind=EventKind.ANSWERED,
        openid=openid,
        template_id=template,
        at=at,
        good=accepted,
    )


def _id(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()


def _read(body: bytes) -> Mapping[str, Any]:
    """The JSON object or the XML document in ``body``."""
    if body.lstrip()[:1] == b"<":
        return _xml(body)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotRead from None


class _Reader:
    """Elements as nested dictionaries; what comes several times in one becomes a list."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._stack: list[tuple[str, dict[str, Any], list[str]]] = [("", self.root, [])]

    def start(self, name: str, _: Mapping[str, str]) -> None:
        if len(self._stack) > _DEEPEST:
            raise NotRead
        self._stack.append((name, {}, []))

    def text(self, said: str) -> None:
        self._stack[-1][2].append(said)

    def end(self, _: str) -> None:
        ended = self._stack.pop()
        name, value = ended[0], ended[1] or "".join(ended[2]).strip()
        parent = self._stack[-1][1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]


_DEEPEST: Final = 8


def _xml(body: bytes) -> Mapping[str, Any]:
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    # Nobody at WeChat declares entities; who does wants them expanded.
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - positional only
    except expat.ExpatError:
        raise NotRead from None
    found = reader.root.get("xml")
    if not isinstance(found, dict):
        raise NotRead
    return found


def _refuse(*_: object) -> None:
    raise NotRead
