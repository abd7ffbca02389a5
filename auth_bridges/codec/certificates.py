"""Certificates of legal persons (法人数字证书): what they say, and whether a root we trust says so.

X.509 as RFC 5280 profiles it, with RSA and with SM2 keys (GM/T 0015). ``cryptography`` reads the form; it
knows no SM2 keys and its path validation is the web's, so the short path of such a certificate is walked
here: names, signatures, validity at the instant asked about, who may sign what, nothing critical unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from auth_bridges.codec import sm2
from auth_bridges.refusals import (
    CertificateExpired,
    CertificateRevoked,
    CertificateUnreadable,
    CertificateUntrusted,
    RevocationUnknown,
)

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | sm2.Sm2Key

_SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
_SM2_CURVE: Final = bytes.fromhex("06082a811ccf5501822d")
"""1.2.156.10197.1.301, as it stands in a key's algorithm."""
_PSS: Final = "1.2.840.113549.1.1.10"
_RSA: Final[Mapping[str, HashAlgorithm]] = {
    "1.2.840.113549.1.1.11": SHA256(),
    "1.2.840.113549.1.1.12": SHA384(),
    "1.2.840.113549.1.1.13": SHA512(),
}
_ECDSA: Final = "1.2.840.10045.4.3.2"
_RSA_BITS: Final = range(2048, 8193)
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
"""What reading bytes that anybody may have sent can raise."""
_LOOKED_AT: Final = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.CertificatePolicies.oid,
        x509.CRLDistributionPoints.oid,
    }
)
"""Extensions that may be critical because what they say is kept to, or says nothing about us."""


class Certificate:
    """A certificate whose form is right; nothing in it is to be believed before ``path_to`` found a root."""

    def __init__(self, der: bytes) -> None:
        """Read ``der``, or refuse."""
        try:
            self.x509 = x509.load_der_x509_certificate(der)
            self.key = _key_of(self.x509)
            extensions = self.x509.extensions
            self.subject = self.x509.subject
            self.issuer = self.x509.issuer
        except UNREADABLE:
            raise CertificateUnreadable from None
        self.serial = self.x509.serial_number
        self.fingerprint = self.x509.fingerprint(SHA256())
        self._extensions = {each.oid: each for each in extensions}

    def is_signed_by(self, issuer: "Certificate") -> bool:
        """Whether ``issuer``'s key signed this certificate."""
        return _is_signed_by(issuer.key, self.x509, self.x509.tbs_certificate_bytes)

    def has_signed(self, content: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether its key made ``signature`` over ``content`` by the algorithm of that OID, but for PSS."""
        return _made(self.key, content, signature, algorithm)

    def is_valid(self, at: datetime) -> bool:
        """Whether ``at`` is within its validity."""
        return self.x509.not_valid_before_utc <= at <= self.x509.not_valid_after_utc

    @property
    def is_whole(self) -> bool:
        """Whether nothing critical is in it that nobody here looks at (RFC 5280 §4.2)."""
        return not any(each.critical and each.oid not in _LOOKED_AT for each in self._extensions.values())

    def may_sign_certificates(self, below: int) -> bool:
        """Whether it may be an issuer with ``below`` other issuers under it (RFC 5280 §4.2.1.9)."""
        constraints, usage = self._constraints(), self._usage()
        if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
            return False
        return constraints.path_length is None or below <= constraints.path_length

    @property
    def is_issuer(self) -> bool:
        """Whether it is an authority's."""
        constraints = self._constraints()
        return constraints is not None and constraints.ca

    def may_sign_lists(self) -> bool:
        """Whether it may say what is revoked."""
        usage = self._usage()
        return usage is not None and usage.crl_sign

    def may_sign_answers(self) -> bool:
        """Whether its issuer let it answer in its stead what is revoked (RFC 6960 §4.2.2.2)."""
        uses = self._extensions.get(x509.ExtendedKeyUsage.oid)
        if uses is None or not isinstance(uses.value, x509.ExtendedKeyUsage) or self.is_issuer:
            return False
        usage = self._usage()
        if usage is not None and not usage.digital_signature:
            return False
        return ExtendedKeyUsageOID.OCSP_SIGNING in uses.value

    @property
    def is_not_looked_up(self) -> bool:
        """Whether its issuer says that nobody need ask if it was revoked (``ocsp-nocheck``)."""
        return x509.OCSPNoCheck.oid in self._extensions

    def may_sign_documents(self) -> bool:
        """Whether its holder may sign with it, and it is no issuer."""
        usage = self._usage()
        if usage is None or self.is_issuer:
            return False
        return usage.digital_signature or usage.content_commitment

    def lists(self) -> Sequence[str]:
        """Where its issuer publishes what is revoked, over HTTP."""
        found = self._extensions.get(x509.CRLDistributionPoints.oid)
        if found is None or not isinstance(found.value, x509.CRLDistributionPoints):
            return ()
        # A point with reasons or an issuer of its own is half the truth, or somebody else's.
        whole = [point for point in found.value if point.reasons is None and point.crl_issuer is None]
        names = [name.value for point in whole for name in point.full_name or ()]
        return [name for name in names if isinstance(name, str) and name.startswith(("http://", "https://"))]

    def responders(self) -> Sequence[str]:
        """Where its issuer answers for it, over HTTP (OCSP)."""
        found = self._extensions.get(x509.AuthorityInformationAccess.oid)
        if found is None or not isinstance(found.value, x509.AuthorityInformationAccess):
            return ()
        told = [each for each in found.value if each.access_method == AuthorityInformationAccessOID.OCSP]
        names = [each.access_location.value for each in told]
        return [name for name in names if isinstance(name, str) and name.startswith(("http://", "https://"))]

    def value_of(self, oid: str) -> str | None:
        """What the subject, or else an extension, says under ``oid``; None unless it says one thing."""
        name = x509.ObjectIdentifier(oid)
        told = [str(each.value) for each in self.subject.get_attributes_for_oid(name)]
        extension = self._extensions.get(name)
        if not told and extension is not None and isinstance(extension.value, x509.UnrecognizedExtension):
            text = _text_in(extension.value.value)
            told = [] if text is None else [text]
        return told[0].strip() if len(told) == 1 and told[0].strip() else None

    def _constraints(self) -> x509.BasicConstraints | None:
        found = self._extensions.get(x509.BasicConstraints.oid)
        return found.value if found is not None and isinstance(found.value, x509.BasicConstraints) else None

    def _usage(self) -> x509.KeyUsage | None:
        found = self._extensions.get(x509.KeyUsage.oid)
        return found.value if found is not None and isinstance(found.value, x509.KeyUsage) else None


def read_bundle(pem: bytes) -> Sequence[Certificate]:
    """The certificates of a PEM file, or ``ValueError``."""
    try:
        return [Certificate(each.public_bytes(Encoding.DER)) for each in x509.load_pem_x509_certificates(pem)]
    except CertificateUnreadable:
        raise ValueError("a certificate in it cannot be used") from None


# --- from a leaf to a root -------------------------------------------------------------------------------


def path_to(
    roots: Iterable[Certificate], leaf: Certificate, between: Sequence[Certificate], *, at: datetime
) -> Sequence[Certificate]:
    """The way from ``leaf`` to one of ``roots``, both included, or a refusal.

    At each step the first certificate that fits in name and signature is taken: whoever sends a heap of
    lookalikes does not make us try every way through it.
    """
    anchors = list(roots)
    path = [leaf]
    left = list(between)
    while True:
        last = path[-1]
        root = next((each for each in anchors if _issued(each, last)), None)
        if root is not None:
            path.append(root)
            break
        above = next((each for each in left if _issued(each, last)), None)
        if above is None:
            raise CertificateUntrusted
        left.remove(above)
        path.append(above)
    if not leaf.may_sign_documents() or not all(each.is_whole for each in path):
        raise CertificateUntrusted
    if not all(each.may_sign_certificates(below) for below, each in enumerate(path[1:])):
        raise CertificateUntrusted
    if not all(each.is_valid(at) for each in path):
        raise CertificateExpired
    return path


def _issued(issuer: Certificate, issued: Certificate) -> bool:
    return issuer.subject == issued.issuer and issued.is_signed_by(issuer)


# --- what is revoked -------------------------------------------------------------------------------------


class RevocationList:
    """A list an issuer signed (CRL, RFC 5280 §5), good until its ``next_update``."""

    def __init__(self, der: bytes, issuer: Certificate, *, address: str, at: datetime) -> None:
        """Read ``der`` if it is ``issuer``'s, of ``address`` and of now; else nobody can tell."""
        try:
            read = x509.load_der_x509_crl(der)
            extensions = list(read.extensions)
            ours = read.issuer == issuer.subject
            next_update = read.next_update_utc
            begun = read.last_update_utc <= at
        except UNREADABLE:
            raise RevocationUnknown from None
        if not ours or not issuer.may_sign_lists():
            raise RevocationUnknown
        if not _is_signed_by(issuer.key, read, read.tbs_certlist_bytes):
            raise RevocationUnknown
        if next_update is None or not begun or at >= next_update:
            raise RevocationUnknown
        self._part: x509.IssuingDistributionPoint | None = None
        for each in extensions:
            if isinstance(each.value, x509.IssuingDistributionPoint):
                self._part = _whole_part(each.value, address)
            elif each.critical:
                # A delta list is one of them (§5.2.4): it is not the list.
                raise RevocationUnknown
        self.next_update = next_update
        self._list = read

    def check(self, certificate: Certificate) -> None:
        """Return if ``certificate`` is not on the list; on hold counts as revoked."""
        if self._part is not None:
            other = (
                self._part.only_contains_user_certs
                if certificate.is_issuer
                else (self._part.only_contains_ca_certs)
            )
            if other:
                raise RevocationUnknown
        if self._list.get_revoked_certificate_by_serial_number(certificate.serial) is not None:
            raise CertificateRevoked


def _whole_part(part: x509.IssuingDistributionPoint, address: str) -> x509.IssuingDistributionPoint:
    """``part``, if it is the one published at ``address`` and lacks nothing of it (RFC 5280 §5.2.5)."""
    names = [name.value for name in part.full_name or ()]
    if part.full_name is not None and address not in names:
        raise RevocationUnknown
    if part.indirect_crl or part.only_some_reasons is not None or part.only_contains_attribute_certs:
        raise RevocationUnknown
    return part


# --- what a holder signs ---------------------------------------------------------------------------------


class SigningAlgorithm(StrEnum):
    """How a legal person's key signs; names as the contract spells them."""

    RSA_PKCS1 = "RSA-PKCS1-SHA256"
    RSA_PSS = "RSA-PSS-SHA256"
    SM2 = "SM2-SM3"


def is_signed(text: bytes, signature: bytes, certificate: Certificate, algorithm: SigningAlgorithm) -> bool:
    """Whether the holder of ``certificate`` signed exactly ``text``, in this way and no other."""
    key = certificate.key
    match algorithm:
        case SigningAlgorithm.SM2:
            return isinstance(key, sm2.Sm2Key) and sm2.is_signed_by(key, text, signature)
        case SigningAlgorithm.RSA_PKCS1:
            return isinstance(key, rsa.RSAPublicKey) and _rsa(
                key, text, signature, padding.PKCS1v15(), SHA256()
            )
        case SigningAlgorithm.RSA_PSS:
            pss = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
            return isinstance(key, rsa.RSAPublicKey) and _rsa(key, text, signature, pss, SHA256())


# --- how -------------------------------------------------------------------------------------------------


def _is_signed_by(
    key: Key, signed: x509.Certificate | x509.CertificateRevocationList, content: bytes
) -> bool:
    """Whether ``key`` made the signature on ``signed``, by an algorithm we accept and that is the key's."""
    algorithm = signed.signature_algorithm_oid.dotted_string
    if algorithm != _PSS:
        return _made(key, content, signed.signature, algorithm)
    try:
        scheme, digest = signed.signature_algorithm_parameters, signed.signature_hash_algorithm
    except UNREADABLE:
        return False
    if not isinstance(scheme, padding.PSS) or not isinstance(digest, (SHA256, SHA384, SHA512)):
        return False
    return isinstance(key, rsa.RSAPublicKey) and _rsa(key, content, signed.signature, scheme, digest)


def _made(key: Key, content: bytes, signature: bytes, algorithm: str) -> bool:
    """Whether ``key`` made ``signature`` over ``content``, by an algorithm without parameters."""
    if algorithm == _SM2_WITH_SM3:
        return isinstance(key, sm2.Sm2Key) and sm2.is_signed_by(key, content, signature)
    if isinstance(key, ec.EllipticCurvePublicKey) and algorithm == _ECDSA:
        try:
            key.verify(signature, content, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True
    if not isinstance(key, rsa.RSAPublicKey) or algorithm not in _RSA:
        return False
    return _rsa(key, content, signature, padding.PKCS1v15(), _RSA[algorithm])


def _rsa(
    key: rsa.RSAPublicKey,
    content: bytes,
    signature: bytes,
    scheme: padding.PKCS1v15 | padding.PSS,
    digest: HashAlgorithm,
) -> bool:
    try:
        key.verify(signature, content, scheme, digest)
    except InvalidSignature:
        return False
    return True


def _key_of(certificate: x509.Certificate) -> Key:
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return _sm2_key(certificate.tbs_certificate_bytes)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("a key of a kind or size we do not take")


def _sm2_key(certificate: bytes) -> sm2.Sm2Key:
    """The key in a TBSCertificate (RFC 5280 §4.1): after the version and five other fields."""
    fields = _items(_content(certificate))
    if fields and fields[0][0] == 0xA0:
        fields = fields[1:]
    (_, algorithm), (tag, bits) = _items(fields[5][1])[:2]
    if tag != 0x03 or not algorithm.endswith(_SM2_CURVE) or bits[:1] != b"\0":
        raise ValueError("not a key on SM2's curve")
    return sm2.public_key(bits[1:])


def _text_in(value: bytes) -> str | None:
    """The text in an extension: a string, or a string in the one choice made (GM/T 0015, IdentifyCode)."""
    for _ in range(3):
        try:
            ((tag, content),) = _items(value)
        except ValueError:
            return None
        if tag in (0x0C, 0x13, 0x16, 0x1E) or tag & 0xE0 == 0x80:
            try:
                return content.decode("utf-16-be" if tag == 0x1E else "utf-8")
            except UnicodeDecodeError:
                return None
        value = content
    return None


def _content(der: bytes) -> bytes:
    ((_, content),) = _items(der)
    return content


def _items(der: bytes) -> list[tuple[int, bytes]]:
    """The elements that stand side by side in ``der`` (X.690 §8.1), or ``ValueError``."""
    items = []
    while der:
        if len(der) < 2 or der[0] & 0x1F == 0x1F:
            raise ValueError("not DER")
        tag, length, start = der[0], der[1], 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 3 or len(der) < 2 + size:
                raise ValueError("not DER")
            length, start = int.from_bytes(der[2 : 2 + size]), 2 + size
        if len(der) < start + length:
            raise ValueError("not DER")
        items.append((tag, der[start : start + length]))
        der = der[start + length :]
    return items
