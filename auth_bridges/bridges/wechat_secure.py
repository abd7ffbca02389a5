"""WeChat's secure API (服务端 API 签名加密) as a channel: sealed and signed out, sealed and signed back.

An error may come unsigned, from a gateway that never opened the envelope: it is heard as an error and can
refuse, never grant. Anything else without a right signature is refused. A reply heard once is not heard
again: no part of it says which question it answers.
"""

import logging
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from msgspec import Struct

from auth_bridges.bridges.wechat_wire import Sent, decode_told
from auth_bridges.codec.wechat_secure import (
    LONGEST_AGE,
    Call,
    Sealing,
    SymmetricKey,
    read_reply,
    seal,
    sign,
)
from auth_bridges.jws import NOT_JSON
from auth_bridges.ports import Chance, Clock, Reply
from auth_bridges.refusals import ReplyRefused, ReplyReplayed

_log: Final = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_SERIAL: Final = r"([0-9A-Za-z_-]{1,64})"
_SYMMETRIC: Final = re.compile(rf"{_SERIAL}\.(aes256|sm4)")
_PLATFORM: Final = re.compile(rf"platform-{_SERIAL}\.pem")
_KEY_BYTES: Final = {Sealing.AES256: 32, Sealing.SM4: 16}


class SecureKeys(Struct, frozen=True, kw_only=True):
    """What was agreed on in WeChat's console: the key that seals, ours that signs, theirs by serial."""

    symmetric: SymmetricKey
    private: RSAPrivateKey
    platform: Mapping[str, RSAPublicKey]

    def __repr__(self) -> str:
        return f"SecureKeys(symmetric={self.symmetric!r}, platform={list(self.platform)}, …)"


class KeysUnusable(Exception):
    """The folder does not hold what the secure API needs; says which file, never what is in it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def read_secure_keys(folder: Path) -> SecureKeys:
    """The keys in ``folder``: ``<serial>.aes256`` or ``.sm4``, ``app.pem``, ``platform-<serial>.pem``.

    Of the last there are more than one while WeChat changes its certificate.
    """
    sealing = [
        (path, found) for path in sorted(folder.glob("*")) if (found := _SYMMETRIC.fullmatch(path.name))
    ]
    if len(sealing) != 1:
        raise KeysUnusable(
            f"{folder} 中须有且仅有一个 <编号>.aes256 或 <编号>.sm4",
            f"{folder} must hold one file <serial>.aes256 or <serial>.sm4",
        )
    platform = {
        found[1]: _certificate(path)
        for path in sorted(folder.glob("*"))
        if (found := _PLATFORM.fullmatch(path.name))
    }
    if not platform:
        raise KeysUnusable(
            f"{folder} 中须有微信平台证书 platform-<编号>.pem",
            f"{folder} must hold WeChat's certificate as platform-<serial>.pem",
        )
    return SecureKeys(
        symmetric=_symmetric(*sealing[0]), private=_private(folder / "app.pem"), platform=platform
    )


class SecureChannel:
    """Seals and signs what is asked, opens what is answered."""

    def __init__(self, keys: SecureKeys, *, appid: str, clock: Clock, chance: Chance) -> None:
        self._keys = keys
        self._appid = appid
        self._clock = clock
        self._chance = chance
        self._heard: dict[bytes, datetime] = {}

    def seal(self, url: str, asked: Mapping[str, object]) -> Sent:
        """``asked`` as it is sent to ``url``, which is part of the seal and of the signature."""
        now = int(self._clock().timestamp())
        call = Call(urlpath=url, appid=self._appid, timestamp=now)
        nonce = b64encode(self._chance(16)).rstrip(b"=").decode()
        plain = _encode({"_n": nonce, "_appid": self._appid, "_timestamp": now, **asked})
        body = seal(plain, key=self._keys.symmetric, call=call, iv=self._chance(12))
        return Sent(
            headers={
                "content-type": "application/json",
                "Wechatmp-Appid": self._appid,
                "Wechatmp-TimeStamp": str(now),
                "Wechatmp-Signature": sign(body, key=self._keys.private, call=call),
            },
            body=body,
        )

    def open(self, url: str, reply: Reply) -> bytes:
        """The JSON of a reply that is WeChat's, ours, of now and new; or of an error that nobody signed."""
        if "wechatmp-signature" not in reply.headers and _is_error(reply.body):
            return reply.body
        now = self._clock()
        try:
            plain = read_reply(
                reply.body,
                reply.headers,
                urlpath=url,
                appid=self._appid,
                symmetric=self._keys.symmetric,
                platform=self._keys.platform,
                now=now,
            )
            self._hear_once(sha256(reply.body).digest(), now)
        except ReplyRefused as refusal:
            _log.error("a reply in wechat's name was refused: %s", refusal.code)
            raise
        return plain

    def _hear_once(self, body: bytes, now: datetime) -> None:
        """Refuse a reply that came before; one older than five minutes is refused by its age."""
        while self._heard:
            oldest = next(iter(self._heard))
            if (now - self._heard[oldest]).total_seconds() <= 2 * LONGEST_AGE:
                break
            del self._heard[oldest]
        if body in self._heard:
            raise ReplyReplayed
        self._heard[body] = now


def _is_error(body: bytes) -> bool:
    try:
        return decode_told(body).errcode != 0
    except NOT_JSON:
        return False


def _symmetric(path: Path, named: re.Match[str]) -> SymmetricKey:
    sealing = Sealing(named[2])
    try:
        key = b64decode(path.read_bytes().strip(), validate=True)
    except (OSError, NotBase64):
        key = b""
    if len(key) != _KEY_BYTES[sealing]:
        size = _KEY_BYTES[sealing]
        raise KeysUnusable(
            f"{path} 应为 base64 编码的 {size} 字节密钥", f"{path} must hold {size} bytes in base64"
        )
    return SymmetricKey(serial=named[1], key=key, sealing=sealing)


def _private(path: Path) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        raise KeysUnusable(
            f"{path} 应为 PEM 格式的应用 RSA 私钥", f"{path} must hold our RSA private key in PEM"
        ) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise KeysUnusable(
            f"{path} 应为不短于 2048 位的 RSA 密钥", f"{path} must hold an RSA key of at least 2048 bits"
        )
    return key


def _certificate(path: Path) -> RSAPublicKey:
    try:
        key = load_pem_x509_certificate(path.read_bytes()).public_key()
    except (OSError, ValueError):
        raise KeysUnusable(f"{path} 应为 PEM 格式的证书", f"{path} must hold a certificate in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise KeysUnusable(f"{path} 应为 RSA 密钥的证书", f"{path} must hold the certificate of an RSA key")
    return key
