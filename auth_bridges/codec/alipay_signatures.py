"""Alipay's RSA2: PKCS#1 v1.5 over SHA-256, in base64 (支付宝 RSA2 签名), and why a reply is not believed.

The hash is pinned. A verifier that takes it from the signature's own DigestInfo, as one of the official
SDKs does, lets whoever holds a collision of MD5 or SHA-1 speak for Alipay.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

_SHA256_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


class Distrust(StrEnum):
    """Why what came in Alipay's name is not taken for Alipay's; one code for each reason."""

    NOT_JSON = "reply-not-json"
    NOT_UTF8 = "reply-not-utf8"
    DUPLICATE_KEY = "reply-duplicate-key"
    OTHER_METHOD = "reply-other-method"
    UNSIGNED = "reply-unsigned"
    SIGNATURE_MALFORMED = "reply-signature-malformed"
    SIGNATURE_WRONG = "reply-signature-wrong"
    HASH_NOT_SHA256 = "reply-hash-not-sha256"
    CERTIFICATE_UNNAMED = "reply-certificate-unnamed"
    CERTIFICATE_UNKNOWN = "reply-certificate-unknown"
    STALE = "reply-stale"
    NOT_OPENED = "reply-not-opened"
    NOT_AS_DOCUMENTED = "reply-not-as-documented"


class Distrusted(Exception):
    """Something that came in Alipay's name and is not to be believed."""

    def __init__(self, why: Distrust) -> None:
        super().__init__(why.value)
        self.why = why


class UnknownCertificate(Distrusted):
    """A reply names a certificate we do not hold; nothing of the reply is looked at before we do."""

    def __init__(self, serial: str) -> None:
        super().__init__(Distrust.CERTIFICATE_UNKNOWN)
        self.serial = serial


class AlipayKeys(Struct, frozen=True, kw_only=True):
    """Whom we take for Alipay: one public key, or its certificates' keys by serial (证书模式).

    Several certificates at once make a rollover: Alipay says in each reply which one it signed with, and
    what we learn of it stands beside what the settings say.
    """

    key: RSAPublicKey | None = None
    certificates: dict[str, RSAPublicKey] = {}

    def named(self, serial: str | None) -> RSAPublicKey:
        """The key a reply must be signed with that names the certificate ``serial``."""
        if self.key is not None:
            return self.key
        if not serial:
            raise Distrusted(Distrust.CERTIFICATE_UNNAMED)
        try:
            return self.certificates[serial]
        except KeyError:
            raise UnknownCertificate(serial) from None


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """Our signature of ``text``, in base64."""
    return b64encode(key.sign(text, PKCS1v15(), SHA256())).decode("ascii")


def check(key: RSAPublicKey, text: bytes, signature: str) -> None:
    """Raise ``Distrusted`` unless ``key`` signed exactly ``text``, with SHA-256."""
    try:
        raw = b64decode(signature.encode("ascii"), validate=True)
    except (NotBase64, UnicodeEncodeError):
        raise Distrusted(Distrust.SIGNATURE_MALFORMED) from None
    try:
        key.verify(raw, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise Distrusted(_why(key, raw)) from None


def _why(key: RSAPublicKey, signature: bytes) -> Distrust:
    """Whether a signature that does not verify is of this key after all, over another kind of hash."""
    try:
        info = key.recover_data_from_signature(signature, PKCS1v15(), None)
    except InvalidSignature:
        return Distrust.SIGNATURE_WRONG
    return Distrust.SIGNATURE_WRONG if info.startswith(_SHA256_INFO) else Distrust.HASH_NOT_SHA256
