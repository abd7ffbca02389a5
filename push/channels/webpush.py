"""Browsers (Web Push): RFC 8030 carries it, RFC 8291 seals it, RFC 8292 says who we are.

The push service cannot read what it carries. The notice's key is its ``Topic``: what still waits is replaced
by the same notice sent again, and the page shows it under one tag, so an unknown may be sent again here.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Meta, Struct

from push.channels.asking import answered, notice_uuid, wait_asked
from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.models import MessageClass
from push.ports import Chance, Clock, Http, Reply

LARGEST_PLAINTEXT: Final = 3993
"""RFC 8291 §4: what every push service must carry is 4096 bytes, 103 of which are not ours."""
_RECORD: Final = 4096
_TOKEN_LIVES: Final = timedelta(hours=12)
"""RFC 8292 §2: a day at most."""
_LONGEST_KEPT: Final = timedelta(weeks=4)
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

REACTIONS: Final[Mapping[int, FailureClass]] = {
    400: FailureClass.BROKEN,
    401: FailureClass.CONFIGURATION,
    403: FailureClass.CONFIGURATION,
    404: FailureClass.TOMBSTONE,
    405: FailureClass.CONFIGURATION,
    410: FailureClass.TOMBSTONE,
    413: FailureClass.BROKEN,
    429: FailureClass.RETRY,
}


class Subscription(Struct, frozen=True, kw_only=True):
    """What a browser gives out (PushSubscription): where, and the keys only it can open with."""

    endpoint: Annotated[str, Meta(max_length=1024)]
    p256dh: str
    auth: str

    def __repr__(self) -> str:
        return "Subscription(…)"


class Unusable(ValueError):
    """Not a subscription anything could be sent to."""


def read_subscription(text: str) -> tuple[str, EllipticCurvePublicKey, bytes]:
    """Endpoint, public key and secret of a subscription as it is kept; ``Unusable`` if it is none."""
    try:
        given = msgspec.json.decode(text, type=Subscription)
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), unbase64(given.p256dh))
        secret = unbase64(given.auth)
    except (ValueError, NotBase64) as error:
        raise Unusable(type(error).__name__) from None
    if len(secret) != 16:
        raise Unusable("auth is sixteen bytes")
    return given.endpoint, key, secret


def seal(
    plain: bytes, *, to: EllipticCurvePublicKey, secret: bytes, ours: EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """``plain`` as only the browser can open it (RFC 8291 §3); ``ours`` and ``salt`` are used once."""
    theirs, mine = point(to), point(ours.public_key())
    shared = ours.exchange(ECDH(), to)
    keying = _derived(shared, salt=secret, info=b"WebPush: info\x00" + theirs + mine, length=32)
    key = _derived(keying, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derived(keying, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    # One record, and 0x02 says that it is the last (RFC 8188 §2).
    sealed = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + _RECORD.to_bytes(4) + bytes([len(mine)]) + mine + sealed


def point(key: EllipticCurvePublicKey) -> bytes:
    """A public key as 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def base64(data: bytes) -> str:
    """URL-safe, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64(text: str) -> bytes:
    """The same backwards; ``ValueError`` for what is none."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def is_allowed(endpoint: str, origins: tuple[str, ...]) -> bool:
    """Whether ``endpoint`` is of one of ``origins``: a browser names it, and we would call anything it names.

    ``https://*.example`` stands for every host below.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or parts.fragment or not host:
        return False
    for origin in origins:
        allowed = urlsplit(origin)
        if (allowed.scheme, allowed.port) != (parts.scheme, port):
            continue
        name = allowed.hostname or ""
        if host == name or (name.startswith("*.") and host.endswith(name[1:])):
            return True
    return False


class WebPushChannel:
    """Sends to browsers."""

    name: Final = "webpush"
    idempotent: Final = True
    takes_credit: Final = False

    def __init__(
        self,
        http: Http,
        *,
        key: EllipticCurvePrivateKey,
        contact: str,
        origins: tuple[str, ...],
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._http = http
        self._key = key
        self._public = base64(point(key.public_key()))
        self._contact = contact
        self._origins = origins
        self._clock = clock
        self._chance = chance
        self._tokens: dict[str, tuple[str, datetime]] = {}

    @property
    def public_key(self) -> str:
        """What a page subscribes with (``applicationServerKey``)."""
        return self._public

    def takes(self, message: Message) -> bool:
        """Whether it fits."""
        return len(_payload(message)) <= LARGEST_PLAINTEXT

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask the browser's push service once."""
        plain = _payload(message)
        if len(plain) > LARGEST_PLAINTEXT:
            return Failed(failure=FailureClass.BROKEN, code="too_large")
        try:
            endpoint, key, secret = read_subscription(address.target)
        except Unusable:
            return Failed(failure=FailureClass.TOMBSTONE, code="unusable")
        if address.app != self._public:
            # Subscribed with a key we no longer sign with; its push service will not have us.
            return Failed(failure=FailureClass.TOMBSTONE, code="another_key")
        if not is_allowed(endpoint, self._origins):
            return Failed(failure=FailureClass.TOMBSTONE, code="not_allowed")
        now = self._clock()
        once = derive_private_key(int.from_bytes(self._chance(48)) % (_ORDER - 1) + 1, SECP256R1())
        lives = min(max(message.useful_until - now, timedelta(0)), _LONGEST_KEPT)
        headers = {
            "Authorization": f"vapid t={self._token(endpoint, now)}, k={self._public}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(lives.total_seconds())),
            "Urgency": "low" if message.message_class is MessageClass.MARKETING else "high",
            "Topic": base64(notice_uuid(message).bytes),
        }
        body = seal(plain, to=key, secret=secret, ours=once, salt=self._chance(16))
        reply = await answered(self._http("POST", endpoint, headers=headers, body=body))
        return reply if isinstance(reply, Failed | Unknown) else reaction(reply, now=now)

    def _token(self, endpoint: str, now: datetime) -> str:
        """Who we are, to one push service: made once and used for half its life (RFC 8292 §2)."""
        parts = urlsplit(endpoint)
        audience = f"{parts.scheme}://{parts.netloc}"
        made = self._tokens.get(audience)
        if made is None or now >= made[1]:
            ends = now + _TOKEN_LIVES
            claims = {"aud": audience, "exp": int(ends.timestamp()), "sub": self._contact}
            made = jwt.encode(claims, self._key, algorithm="ES256"), now + _TOKEN_LIVES / 2
            self._tokens[audience] = made
        return made[0]


def reaction(reply: Reply, *, now: datetime) -> Answer:
    """What a push service's answer means."""
    if reply.status in {200, 201, 202}:
        return Accepted(receipt=None)
    failure = REACTIONS.get(reply.status)
    if failure is None:
        if reply.status < 500:
            return Unknown(why=f"status {reply.status}")
        failure = FailureClass.RETRY
    after = wait_asked(reply, now) if failure is FailureClass.RETRY else None
    return Failed(failure=failure, code=f"status_{reply.status}", after=after)


def _payload(message: Message) -> bytes:
    """What the page's service worker shows."""
    return msgspec.json.encode(
        {
            "title": message.lock_title,
            "body": message.lock_body,
            "tag": str(notice_uuid(message)),
            "lang": "zh-CN" if message.language == "zh" else "en",
            "data": {"key": message.key, "link": message.link},
        }
    )


def _derived(keying: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(keying)
