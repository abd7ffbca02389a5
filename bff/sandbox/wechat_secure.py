"""The other side of WeChat's secure API, built from the standards and not from our own codec.

GCM after NIST SP 800-38D over single blocks, RSASSA-PSS after RFC 8017 §8.1 over plain modular powers: if
our codec and the library it stands on were wrong together, this would not agree with them. The official
examples are tested against both.
"""

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

from bff.sandbox.wechat_errors import Refused

_SALT: Final = 32
_WINDOW: Final = 300
_R: Final = 0xE1 << 120


class Certificate(Struct, frozen=True, kw_only=True):
    """WeChat's own key, by the number its console gives the certificate."""

    serial: str
    private: RSAPrivateKey


class SecureSide(Struct, frozen=True, kw_only=True):
    """What an app's administrator set in the console, and what WeChat signs with.

    ``next`` is the certificate WeChat is changing to. None of the first three: not set yet.
    """

    serial: str = ""
    key: bytes = b""
    cipher: str = "aes256"
    public: RSAPublicKey | None = None
    certificate: Certificate
    next: Certificate | None = None


class Hostile(StrEnum):
    """What somebody between us and WeChat may make of a reply."""

    UNSIGNED = "unsigned"
    WRONG_SERIAL = "wrongSerial"
    WRONG_KEY = "wrongKey"
    REPLAYED = "replayed"
    SWAPPED_URLPATH = "swappedUrlpath"
    PKCS1_V15 = "pkcs1v15"
    STALE = "stale"
    OTHER_APP = "otherApp"


class Asked(Struct, frozen=True, kw_only=True):
    """A request as it arrived: its headers, its body, the address it was sent to."""

    headers: Mapping[str, str]
    body: bytes
    urlpath: str

    @property
    def is_sealed(self) -> bool:
        """Whether the caller means to use the secure API."""
        return any(name.lower().startswith("wechatmp-") for name in self.headers)

    def header(self, name: str, missing: int) -> str:
        """The header, or the error that says it is missing."""
        for each, value in self.headers.items():
            if each.lower() == name and value:
                return value
        raise Refused(missing)


def check_headers(asked: Asked, *, wants_serial: bool) -> str:
    """The appid the caller says it is; what is missing is told first."""
    appid = asked.header("wechatmp-appid", 40233)
    asked.header("wechatmp-timestamp", 40231)
    asked.header("wechatmp-signature", 40232)
    if wants_serial:
        asked.header("wechatmp-serial", 40230)
    return appid


def open_request(asked: Asked, side: SecureSide | None, *, appid: str, now: float) -> dict[str, Any]:
    """The parameters of a request that is rightly signed and sealed, now, for this address."""
    if side is None or not side.key:
        raise Refused(40238)
    if side.public is None:
        raise Refused(40239)
    stamp = asked.header("wechatmp-timestamp", 40231)
    if not stamp.isdigit() or abs(now - int(stamp)) > _WINDOW:
        raise Refused(40240)
    text = f"{asked.urlpath}\n{appid}\n{stamp}\n".encode() + asked.body
    if not pss_verify(text, asked.header("wechatmp-signature", 40232), side.public):
        raise Refused(40234)
    associated = f"{asked.urlpath}|{appid}|{stamp}|{side.serial}".encode()
    try:
        envelope = json.loads(asked.body)
        iv, data, tag = (b64decode(envelope[name], validate=True) for name in ("iv", "data", "authtag"))
        inside: dict[str, Any] = json.loads(gcm_open(side, iv, data, tag, associated))
        if inside.pop("_appid") != appid or inside.pop("_timestamp") != int(stamp) or not inside.pop("_n"):
            raise Refused(40235)
    except (ValueError, KeyError, TypeError, NotBase64):
        raise Refused(40235) from None
    return inside


def seal_reply(
    reply: Mapping[str, Any],
    side: SecureSide,
    *,
    appid: str,
    urlpath: str,
    now: int,
    chance: Callable[[int], bytes],
    hostile: Hostile | None = None,
) -> tuple[dict[str, str], bytes]:
    """``reply`` as WeChat sends it, or as somebody would rather have it."""
    if hostile is Hostile.STALE:
        now -= 2 * _WINDOW
    if hostile is Hostile.OTHER_APP:
        appid = "wx" + "0" * 16
    if hostile is Hostile.SWAPPED_URLPATH:
        urlpath = urlpath.rpartition("/")[0] + "/elsewhere"
    inside = {"_n": b64encode(chance(16)).decode(), "_appid": appid, "_timestamp": now, **reply}
    associated = f"{urlpath}|{appid}|{now}|{side.serial}".encode()
    iv = chance(12)
    data, tag = gcm_seal(side, iv, json.dumps(inside, separators=(",", ":")).encode(), associated)
    parts = {"iv": iv, "data": data, "authtag": tag}
    body = json.dumps({name: b64encode(part).decode() for name, part in parts.items()}, separators=(",", ":"))
    text = f"{urlpath}\n{appid}\n{now}\n{body}".encode()
    headers = {"Wechatmp-Appid": appid, "Wechatmp-TimeStamp": str(now)}
    present = side.next or side.certificate
    headers["Wechatmp-Serial"] = present.serial
    headers["Wechatmp-Signature"] = pss_sign(text, present.private, chance(_SALT))
    if side.next is not None:
        headers["Wechatmp-Serial-Deprecated"] = side.certificate.serial
        headers["Wechatmp-Signature-Deprecated"] = pss_sign(text, side.certificate.private, chance(_SALT))
    if hostile is Hostile.WRONG_SERIAL:
        headers["Wechatmp-Serial"] = "0" * 32
    if hostile is Hostile.PKCS1_V15:
        signature = present.private.sign(text, PKCS1v15(), SHA256())
        headers["Wechatmp-Signature"] = b64encode(signature).decode()
    if hostile is Hostile.WRONG_KEY:
        headers["Wechatmp-Signature"] = pss_sign(text + b" ", present.private, chance(_SALT))
    if hostile is Hostile.UNSIGNED:
        headers = {}
    return headers, body.encode()


# --- GCM, NIST SP 800-38D ----------------------------------------------------------------------------


def gcm_seal(side: SecureSide, iv: bytes, plain: bytes, associated: bytes) -> tuple[bytes, bytes]:
    """Algorithm 4: the ciphertext and its tag."""
    block = _block(side)
    start = iv + b"\0\0\0\1"
    data = _counted(block, start, plain)
    return data, _tag(block, start, data, associated)


def gcm_open(side: SecureSide, iv: bytes, data: bytes, tag: bytes, associated: bytes) -> bytes:
    """Algorithm 5: the plaintext, or ``ValueError``."""
    block = _block(side)
    start = iv + b"\0\0\0\1"
    if len(iv) != 12 or not hmac.compare_digest(tag, _tag(block, start, data, associated)):
        raise ValueError("not authentic")
    return _counted(block, start, data)


def _block(side: SecureSide) -> Callable[[bytes], bytes]:
    algorithm = AES(side.key) if side.cipher == "aes256" else SM4(side.key)
    encryptor = Cipher(algorithm, ECB()).encryptor()  # noqa: S305 - the single block GCM is built of
    return encryptor.update


def _counted(block: Callable[[bytes], bytes], start: bytes, data: bytes) -> bytes:
    head, count = start[:12], int.from_bytes(start[12:])
    stream = b"".join(
        block(head + (count + 1 + number).to_bytes(4)) for number in range((len(data) + 15) // 16)
    )
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))


def _tag(block: Callable[[bytes], bytes], start: bytes, data: bytes, associated: bytes) -> bytes:
    key = int.from_bytes(block(bytes(16)))
    lengths = (8 * len(associated)).to_bytes(8) + (8 * len(data)).to_bytes(8)
    digest = 0
    whole = _padded(associated) + _padded(data) + lengths
    for at in range(0, len(whole), 16):
        digest = _times(digest ^ int.from_bytes(whole[at : at + 16]), key)
    return (digest ^ int.from_bytes(block(start))).to_bytes(16)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _times(one: int, other: int) -> int:
    """§6.3: the product in GF(2¹²⁸), most significant bit first."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (_R if other & 1 else 0)
    return product


# --- RSASSA-PSS, RFC 8017 §8.1 and §9.1 --------------------------------------------------------------


def pss_sign(text: bytes, key: RSAPrivateKey, salt: bytes) -> str:
    """§8.1.1, in base64."""
    numbers = key.private_numbers()
    bits = key.key_size - 1
    size = (bits + 7) // 8
    digest = sha256(bytes(8) + sha256(text).digest() + salt).digest()
    block = bytes(size - len(salt) - 34) + b"\1" + salt
    masked = bytes(one ^ other for one, other in zip(block, _mask(digest, len(block)), strict=True))
    masked = bytes([masked[0] & 0xFF >> (8 * size - bits)]) + masked[1:]
    encoded = int.from_bytes(masked + digest + b"\xbc")
    signature = pow(encoded, numbers.d, numbers.public_numbers.n)
    return b64encode(signature.to_bytes((key.key_size + 7) // 8)).decode()


def pss_verify(text: bytes, signature: str, key: RSAPublicKey) -> bool:
    """§8.1.2, with a salt of exactly 32 bytes."""
    try:
        raw = b64decode(signature, validate=True)
    except NotBase64:
        return False
    numbers = key.public_numbers()
    number = int.from_bytes(raw)
    if len(raw) != (key.key_size + 7) // 8 or number >= numbers.n:
        return False
    bits = key.key_size - 1
    size = (bits + 7) // 8
    opened = pow(number, numbers.e, numbers.n)
    if opened >> 8 * size:
        return False
    encoded = opened.to_bytes(size)
    masked, digest, end = encoded[: size - 33], encoded[size - 33 : -1], encoded[-1]
    unused = 8 * size - bits
    if end != 0xBC or masked[0] >> (8 - unused):
        return False
    block = bytes(one ^ other for one, other in zip(masked, _mask(digest, len(masked)), strict=True))
    block = bytes([block[0] & 0xFF >> unused]) + block[1:]
    head, salt = block[:-_SALT], block[-_SALT:]
    if head != bytes(len(head) - 1) + b"\1":
        return False
    return hmac.compare_digest(digest, sha256(bytes(8) + sha256(text).digest() + salt).digest())


def _mask(seed: bytes, size: int) -> bytes:
    """MGF1, appendix B.2.1."""
    blocks = (sha256(seed + count.to_bytes(4)).digest() for count in range((size + 31) // 32))
    return b"".join(blocks)[:size]
