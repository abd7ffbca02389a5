"""Alipay's keys and certificates as its console hands them out (密钥与证书).

A key comes as PEM or as bare base64, a private one in PKCS#1 or PKCS#8. A certificate is named by
MD5 of its issuer (RFC 2253) and its serial in decimal; the root file by those of its RSA roots.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from functools import lru_cache
from hashlib import md5
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from cryptography.x509 import Certificate, load_der_x509_certificate

_ARMOUR: Final = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
# Seen in the wild: no blank line between two, CRLF, the text of `openssl x509 -text` around them.
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_RSA_SIGNED: Final = "1.2.840.113549.1.1."
_SHORTEST: Final = 2048
_AES128: Final = 16


# Reading one proves that its factors are primes, as long as ninety signatures; a start reads it six times.
@lru_cache(maxsize=2)
def private_key(text: str) -> RSAPrivateKey:
    """Our key, in PKCS#1 or PKCS#8, PEM or bare base64; ``ValueError`` for what is none."""
    try:
        key = load_der_private_key(_der(text), None)
    except TypeError as error:
        raise ValueError("the key is under a password") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SHORTEST:
        raise ValueError(f"not an RSA key of {_SHORTEST} bits or more")
    return key


def public_key(text: str) -> RSAPublicKey:
    """Alipay's key, PEM or bare base64; ``ValueError`` for what is none."""
    key = load_der_public_key(_der(text))
    if not isinstance(key, RSAPublicKey) or key.key_size < _SHORTEST:
        raise ValueError(f"not an RSA key of {_SHORTEST} bits or more")
    return key


def aes_key(text: str) -> bytes:
    """The key of content encryption (接口内容加密): 16 bytes in base64; ``ValueError`` for what is none."""
    key = _base64(text)
    if len(key) != _AES128:
        raise ValueError("not 16 bytes in base64")
    return key


def certificate_sn(pem: str) -> str:
    """``app_cert_sn``, ``alipay_cert_sn``: of the first certificate in the file."""
    return sn_of(next(readable(pem)))


def root_sn(pem: str) -> str:
    """``alipay_root_cert_sn``: of every root signed with RSA, in the order of the file."""
    serials = [
        sn_of(each)
        for each in readable(pem)
        if each.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNED)
    ]
    if not serials:
        raise ValueError("no root signed with RSA")
    return "_".join(serials)


def certified_keys(pem: str) -> dict[str, RSAPublicKey]:
    """Alipay's keys by the serial of their certificates; several while it changes from one to the next."""
    keys = {sn_of(each): each.public_key() for each in readable(pem)}
    return {serial: key for serial, key in keys.items() if isinstance(key, RSAPublicKey)}


def certifies(pem: str, key: RSAPrivateKey) -> bool:
    """Whether the first certificate in the file is of ``key``."""
    return next(readable(pem)).public_key() == key.public_key()


def sn_of(certificate: Certificate) -> str:
    """What Alipay calls ``certificate``."""
    named = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return md5(named.encode(), usedforsecurity=False).hexdigest()


def readable(pem: str) -> Iterator[Certificate]:
    """Every certificate that can be read; ``ValueError`` if none can.

    Alipay's root file holds one that OpenSSL cannot take apart; it names nothing we need.
    """
    found = 0
    for body in _CERTIFICATE.findall(pem):
        try:
            certificate = load_der_x509_certificate(_base64(body))
            certificate.signature_algorithm_oid  # noqa: B018 - is read on demand, and may not be readable
        except ValueError:
            continue
        found += 1
        yield certificate
    if found == 0:
        raise ValueError("no certificate")


def _der(text: str) -> bytes:
    return _base64(_ARMOUR.sub("", text))


def _base64(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (NotBase64, ValueError) as error:
        raise ValueError("not base64") from error
