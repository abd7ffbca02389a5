"""What Alipay says inside its signatures: JSON taken apart by its raw bytes, AES content, errors.

A signature is over a piece of the text as it came. So the text is cut by a scanner that knows strings
and brackets and nothing else, and parsed only once the signature over the piece held.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from typing import Final, NoReturn

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from auth_bridges.codec.alipay_signatures import Distrust, Distrusted

SUCCESS: Final = "10000"
_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^\s,\[\]{}\":]+")
_MARK: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|["{}\[\]]', re.DOTALL)
_CLOSES: Final = {b"{": b"}", b"[": b"]"}
# No IV is agreed upon and none is sent: sixteen zero bytes. The signature is what protects the content.
_IV: Final = bytes(16)
_BLOCK: Final = 128


class GatewayError(Exception):
    """Alipay's own no. It may be unsigned: it can only refuse, and grants nobody anything."""

    def __init__(self, code: str, sub_code: str = "") -> None:
        super().__init__(sub_code or code)
        self.code = code
        self.sub_code = sub_code

    @property
    def reason(self) -> str:
        """The most particular of its codes, without the prefix that only v2 gives it."""
        return re.sub(r"^(?:isv|isp|aop)\.", "", self.sub_code or self.code)


def members(text: bytes) -> dict[str, bytes]:
    """The members of the JSON object ``text``, each value as its raw bytes; nothing is parsed.

    A key that comes twice is refused: two readers of one text might each see another value.
    """
    if not text.lstrip(b" \t\r\n").startswith(b"{"):
        raise Distrusted(Distrust.NOT_JSON)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Distrusted(Distrust.NOT_UTF8) from None
    found: dict[str, bytes] = {}
    for name, value in _members(text):
        if name in found:
            raise Distrusted(Distrust.DUPLICATE_KEY)
        found[name] = value
    return found


def parse(text: bytes) -> dict[str, object]:
    """The JSON object ``text``, now that it is believed; a key that comes twice at any depth is refused."""
    value = _loads(text)
    if not isinstance(value, dict):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    return value


def text_of(raw: bytes) -> str:
    """The text a raw JSON string means."""
    value = _loads(raw)
    if not isinstance(value, str):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    return value


def encrypt(plain: bytes, key: bytes) -> str:
    """AES-128-CBC, PKCS#7, in base64."""
    padder, encryptor = PKCS7(_BLOCK).padder(), Cipher(AES(key), CBC(_IV)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def decrypt(sealed: str, key: bytes | None) -> bytes:
    """What ``encrypt`` was given; call it only for what a signature was checked over: there is no MAC."""
    if key is None:
        raise Distrusted(Distrust.NOT_OPENED)
    try:
        decryptor, unpadder = Cipher(AES(key), CBC(_IV)).decryptor(), PKCS7(_BLOCK).unpadder()
        padded = decryptor.update(b64decode(sealed, validate=True)) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (NotBase64, ValueError):
        raise Distrusted(Distrust.NOT_OPENED) from None


def _members(text: bytes) -> Iterator[tuple[str, bytes]]:
    at = _after_space(text, _after_space(text, 0) + 1)
    if text[at : at + 1] == b"}":
        return _end(text, at + 1)
    while True:
        key = _STRING.match(text, at)
        if key is None:
            _not_json()
        at = _expect(text, key.end(), b":")
        end = _after_value(text, at)
        yield text_of(key[0]), text[at:end]
        at = _after_space(text, end)
        if text[at : at + 1] == b"}":
            return _end(text, at + 1)
        at = _expect(text, at, b",")


def _after_value(text: bytes, at: int) -> int:
    """Where the value ends that begins at ``at``: brackets count, except inside strings."""
    if text[at : at + 1] not in _CLOSES:
        plain = _STRING.match(text, at) or _SCALAR.match(text, at)
        if plain is None:
            _not_json()
        return plain.end()
    awaited: list[bytes] = []
    end = 0
    for mark in _MARK.finditer(text, at):
        token, end = mark[0], mark.end()
        if token in _CLOSES:
            awaited.append(_CLOSES[token])
        elif len(token) == 1 and token != awaited.pop():  # the wrong bracket, or a quote never closed
            _not_json()
        if not awaited:
            return end
    return _not_json()


def _after_space(text: bytes, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _expect(text: bytes, at: int, mark: bytes) -> int:
    at = _after_space(text, at)
    if text[at : at + 1] != mark:
        _not_json()
    return _after_space(text, at + 1)


def _end(text: bytes, at: int) -> None:
    if _after_space(text, at) != len(text):
        _not_json()


def _not_json(_constant: str = "") -> NoReturn:
    raise Distrusted(Distrust.NOT_JSON)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Distrusted(Distrust.DUPLICATE_KEY)
    return found


def _loads(raw: bytes) -> object:
    try:
        value: object = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_not_json)
    except UnicodeDecodeError:
        raise Distrusted(Distrust.NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise Distrusted(Distrust.NOT_JSON) from None
    return value
