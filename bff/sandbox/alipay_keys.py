"""The keys and certificates between an app and Alipay, made at the first start and kept beside the data.

The files are as Alipay's are: of its roots only those signed with RSA count, and above its own certificate
stands the one between it and the root.
"""

import secrets
import shutil
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from msgspec import Struct

_ROOT: Final = {"CN": "Simulated Alipay R1", "OU": "Certification Authority", "O": "Haiyu", "C": "CN"}
_ISSUER: Final = {**_ROOT, "CN": "Simulated Alipay Class 2 R1"}
# Whose certificate it is stands in this name alone: the rest is the same for every app's and for Alipay's.
_ALIPAY: Final = "模拟支付宝-2088000000000000"
_APP: Final = "2088000000000000-模拟应用"
_OIDS: Final = {
    "CN": NameOID.COMMON_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "C": NameOID.COUNTRY_NAME,
}
_YEARS: Final = timedelta(days=3650)


class AlipayKeyring(Struct, frozen=True, kw_only=True):
    """What the console of an app shows, from both sides. ``next_…`` is what Alipay will sign with one day."""

    app_private: str
    app_certificate: str
    alipay_private: str
    alipay_certificate: str
    next_private: str
    next_certificate: str
    roots: str
    aes: str

    @property
    def alipay_public(self) -> str:
        """Alipay's key, as an app that uses no certificates is told it: bare base64."""
        public = private(self.alipay_private).public_key()
        return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    @property
    def app_pkcs1(self) -> str:
        """The app's key in the older of its two forms."""
        return _pem(private(self.app_private), PrivateFormat.TraditionalOpenSSL)


@cache
def private(pem: str) -> rsa.RSAPrivateKey:
    """The key in ``pem``."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - we wrote it
    return key


def serial_of(certificate: str) -> str:
    """What a certificate made here is called: everything but its number is known beforehand."""
    return _serial(certificate, _ISSUER)


def serial_of_root(roots: str) -> str:
    """What the roots are called, of which the last alone is signed with RSA."""
    return _serial(roots[roots.rindex("-----BEGIN") :], _ROOT)


def _serial(certificate: str, issued_by: dict[str, str]) -> str:
    issuer = ",".join(f"{name}={value}" for name, value in issued_by.items())
    number = x509.load_pem_x509_certificate(certificate.encode()).serial_number
    return md5(f"{issuer}{number}".encode(), usedforsecurity=False).hexdigest()


def make() -> AlipayKeyring:
    """A new keyring: a root, the app's certificate, Alipay's present one and its next."""
    root, between, app, alipay, following = (rsa.generate_private_key(65537, 2048) for _ in range(5))
    other = ec.generate_private_key(ec.SECP256R1())
    anchor, issuer = _name(_ROOT), _name(_ISSUER)
    elliptic = _name({**_ROOT, "CN": "Simulated Alipay E1"})
    intermediate = _certificate(issuer, between.public_key(), anchor, root, authority=True)

    def issued(name: str, key: rsa.RSAPrivateKey) -> str:
        subject = _name({"CN": name, "OU": "Alipay", "O": "Haiyu", "C": "CN"})
        return _certificate(subject, key.public_key(), issuer, between)

    return AlipayKeyring(
        app_private=_pem(app, PrivateFormat.PKCS8),
        app_certificate=issued(_APP, app),
        alipay_private=_pem(alipay, PrivateFormat.PKCS8),
        alipay_certificate=issued(_ALIPAY, alipay) + intermediate,
        next_private=_pem(following, PrivateFormat.PKCS8),
        next_certificate=issued(_ALIPAY, following) + intermediate,
        roots="\n".join(
            [
                _certificate(elliptic, other.public_key(), elliptic, other, authority=True),
                _certificate(anchor, root.public_key(), anchor, root, authority=True),
            ]
        ),
        aes=b64encode(secrets.token_bytes(16)).decode(),
    )


def kept(folder: Path, made: Callable[[], AlipayKeyring] = make) -> AlipayKeyring:
    """The keyring in ``folder``, made now if there is none; one file a field."""
    fields = AlipayKeyring.__struct_fields__
    if not folder.exists():
        aside = folder.with_name(f".{folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700, parents=True)
        keyring = made()
        for field in fields:
            (aside / field).write_text(getattr(keyring, field))
        aside.rename(folder)
    return AlipayKeyring(**{field: (folder / field).read_text() for field in fields})


def _name(parts: dict[str, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(_OIDS[name], value) for name, value in reversed(parts.items())])


def _certificate(
    subject: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
) -> str:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .add_extension(_usage(authority=authority), critical=True)
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(signer, SHA256()).public_bytes(Encoding.PEM).decode()


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=not authority,
        data_encipherment=not authority,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: rsa.RSAPrivateKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
