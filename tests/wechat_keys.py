"""Both sides of WeChat's secure API: what the administrator set, and the folder our process reads."""

import os
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bff.sandbox.wechat_secure import Certificate, SecureSide

SERIAL: Final = "fa05fe1e5bcc79b81ad5ad4b58acf787"
NOW_SERIAL: Final = "79ba700ea147819f640941bceb38b1d1"
NEXT_SERIAL: Final = "2171af9cdf1d7404423852e7e183d852"


@cache
def rsa_key(name: str) -> RSAPrivateKey:
    """A key; the same for the same name."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def side(cipher: str = "aes256") -> SecureSide:
    """What WeChat knows of an app."""
    return SecureSide(
        serial=SERIAL,
        key=_symmetric(cipher),
        cipher=cipher,
        public=rsa_key("app").public_key(),
        certificate=Certificate(serial=NOW_SERIAL, private=rsa_key("now")),
        next=Certificate(serial=NEXT_SERIAL, private=rsa_key("next")),
    )


def folder(where: Path, cipher: str = "aes256", *, knows_next: bool = False) -> Path:
    """What the app knows of WeChat."""
    where.mkdir(exist_ok=True)
    (where / f"{SERIAL}.{cipher}").write_bytes(b64encode(_symmetric(cipher)) + b"\n")
    pem = rsa_key("app").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (where / "app.pem").write_bytes(pem)
    (where / f"platform-{NOW_SERIAL}.pem").write_bytes(certificate(rsa_key("now")))
    if knows_next:
        (where / f"platform-{NEXT_SERIAL}.pem").write_bytes(certificate(rsa_key("next")))
    return where


def certificate(key: RSAPrivateKey) -> bytes:
    """A certificate by ``key`` of itself, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated WeChat")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=1,
            not_valid_before=now,
            not_valid_after=now + timedelta(days=1),
        )
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )


@cache
def _symmetric(cipher: str) -> bytes:
    return os.urandom(32 if cipher == "aes256" else 16)
