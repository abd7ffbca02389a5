"""Trust material (信任列表): whose keys are believed, for what, and from when until when.

A key is found by format, issuer and name: a key of one issuer says nothing about the certificates of another.
A key set of cards that does not say whose it is is believed only where it is the one such set that is given,
by somebody who has the card before them and vouches that it is that card's issuer's; of several, and in a
city that believes whoever comes, it is nobody's. In HC1 the kid names the key, and a code that claims to be
of one country is not believed by the key of another's certificate.

    PEM, DER        signing certificates of HC1: named by the first eight bytes of their SHA-256
    JWKS            keys of one SMART Health Card issuer: the one given with it, or that of the folder it lies
                    in (``HOST/PATH/.well-known/jwks.json``), or the one its file is named by
                    (``https%3A%2F%2FHOST%2FPATH.json``), or the one its certificates name
    directory       {"issuerInfo": [{"issuer": {"iss"}, "keys": […]}]}, a snapshot of many of those
    did.json        keys of an NZCP issuer, or WHO's trust list, whose keys have names of HC1
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from msgspec import Struct

from health_code.codec.base64url import unbase64
from health_code.codec.certificates import Kind, Term
from health_code.codec.signatures import Verify, verifier

_LARGEST: Final = 16 << 20
_FEW: Final = 8
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_COUNTRY: Final = re.compile("[A-Z]{2}")
_ALIASES: Final = {"EL": "GR", "UK": "GB"}
"""How the EU calls two countries that ISO 3166 calls otherwise."""
_SIGNED_BY: Final = {
    place: country
    for country, places in {
        "DK": "FO GL",
        "FI": "AX",
        "FR": "BL GF GP MF MQ NC PF PM RE WF YT",
        "GB": "GG GI IM JE",
        "NL": "AW BQ CW SX",
        "NO": "SJ",
    }.items()
    for place in places.split()
}
"""Places with a code of their own whose certificates a country may sign."""
_NAMED: Final = "https%3a%2f%2f"
_WELL_KNOWN: Final = ".well-known/jwks.json"
_ANY_KIND: Final = frozenset(Kind)
_KEY_USAGE: Final = bytes.fromhex("0603551d0f")
_SIGNING: Final = 0xC0
"""digitalSignature and nonRepudiation, the first bits of it (RFC 5280 §4.2.1.3)."""
_EXTENDED_KEY_USAGE: Final = bytes.fromhex("0603551d25")
# 1.3.6.1.4.1.1847.2021.1.x, and as some wrote it 1.3.6.1.4.1.0.1847.2021.1.x.
_PURPOSES: Final = {
    bytes.fromhex(prefix + suffix): kind
    for prefix in ("060b2b060104018e378f6501", "060c2b06010401008e378f6501")
    for suffix, kind in (("01", Kind.TEST), ("02", Kind.VACCINATION), ("03", Kind.RECOVERY))
}


class TrustUnreadable(ValueError):
    """There is no key in it."""


class IssuersUnsaid(TrustUnreadable):
    """There are keys of cards in it and nothing else, and it does not say whose they are."""


class TrustedKey(Struct, frozen=True, kw_only=True):
    """A key that is believed: for what ``kinds``, and in which term. ``list_version`` is of its CRL.

    ``countries`` are those its certificate is of, by two letters; none where it does not say.
    """

    algorithm: int
    verify: Verify
    term: Term = Term()
    kinds: frozenset[Kind] = _ANY_KIND
    list_version: int | None = None
    countries: frozenset[str] = frozenset()

    def signs_for(self, issuer: str) -> bool:
        """Whether it may sign what names ``issuer``: anything but another country than its own.

        Member states name their ministries as well (Georgia in its test data, France the CNAM in codes that
        it issued), and the specification leaves the claim out: what is no country is not held against it.
        """
        if not self.countries or not _COUNTRY.fullmatch(issuer):
            return True
        country = _ALIASES.get(issuer, issuer)
        return country in self.countries or _SIGNED_BY.get(country) in self.countries


class Trust:
    """The keys believed. Immutable: what is learnt makes another one."""

    def __init__(self) -> None:
        self.signers: dict[bytes, list[TrustedKey]] = {}
        """Of HC1, by kid; names are short enough for two to have one."""
        self.issuers: dict[str | None, dict[str, TrustedKey]] = {}
        """Of SHC: by issuer, then by kid. None is who came without a name, vouched for by the giver."""
        self._unsaid: dict[str, dict[str, TrustedKey]] = {}
        self.controllers: dict[str, dict[str, TrustedKey]] = {}
        """Of NZCP: by DID, then by fragment."""

    @classmethod
    def of(cls, files: Mapping[str, bytes], *, issuer: str | None = None, vouched: bool = True) -> Self:
        """The trust that ``files``, by path, say; ``issuer`` is whose a JWKS without a name is.

        Without that, ``vouched`` says that one which is alone is the issuer's whose card is shown.

        Files that hold no key are passed over: a folder of keys has a README. `TrustUnreadable` if none
        of them holds a key.
        """
        trust = cls()
        for path, content in files.items():
            trust._take(path, content, issuer)
        if vouched and len(trust._unsaid) == 1 and not trust.issuers:
            ((_, keys),) = trust._unsaid.items()
            trust.issuers[None] = keys
            trust._unsaid = {}
        if trust._unsaid and not (trust.signers or trust.issuers or trust.controllers):
            raise IssuersUnsaid("keys of cards, and nothing says whose: " + ", ".join(trust.unsaid))
        if not (trust.signers or trust.issuers or trust.controllers):
            raise TrustUnreadable("no key that certificates are signed with")
        return trust

    @property
    def unsaid(self) -> Sequence[str]:
        """The files with keys of cards that are nobody's, for nothing says whose."""
        return sorted(self._unsaid)

    def signers_named(self, kid: bytes | None) -> Sequence[TrustedKey]:
        """Who may have signed an HC1 with this kid.

        Everybody if it names nobody, where they are few: a code must not cost a thousand signature checks.
        """
        if kid is not None:
            return self.signers.get(kid, ())
        everybody = [key for keys in self.signers.values() for key in keys]
        return everybody if len(everybody) <= _FEW else ()

    def _take(self, path: str, content: bytes, issuer: str | None) -> None:
        if len(content) > _LARGEST:
            return
        if content.lstrip()[:1] == b"{":
            self._take_json(path, content, issuer)
            return
        blocks = _PEM.findall(content)
        found = [_pem(block) for block in blocks] if blocks or content[:1] != b"\x30" else [_der(content)]
        for named in found:
            if named is not None:
                self._take_signer(*named)

    def _take_json(self, path: str, content: bytes, issuer: str | None) -> None:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return
        if isinstance(document.get("verificationMethod", document.get("assertionMethod")), list):
            self._take_did(document)
        elif isinstance(listed := document.get("issuerInfo"), list):
            for each in listed:
                named = each.get("issuer") if isinstance(each, dict) else None
                name = named.get("iss") if isinstance(named, dict) else None
                if isinstance(name, str):
                    self._take_jwks(path, each.get("keys"), name)
        else:
            keys = [document] if "kty" in document else document.get("keys")
            self._take_jwks(path, keys, issuer or _issuer_at(path))

    def _take_jwks(self, path: str, entries: object, issuer: str | None) -> None:
        """Keys of a card issuer: they sign nothing of another format, whatever they are called."""
        listed = entries if isinstance(entries, list) else []
        found = [key for each in listed if isinstance(each, dict) and (key := _jwk(each)) is not None]
        issuer = issuer or next((name for key in found for name in key.names), None)
        for key in found:
            # A certificate that names another issuer is no reason to believe this one.
            if isinstance(key.kid, str) and (not key.names or issuer in key.names):
                owned = (
                    self._unsaid.setdefault(path, {})
                    if issuer is None
                    else self.issuers.setdefault(issuer, {})
                )
                owned[key.kid] = key.trusted

    def _take_did(self, document: Mapping[str, Any]) -> None:
        """Keys of a pass issuer are those for assertions; the others are of a trust list.

        What is for assertions stands there by its name or itself (DID Core §5.3.1); a name may be relative to
        the document's own (§3.2.2).
        """
        did = document.get("id")
        if not isinstance(did, str):
            return
        listed, asserting = (_list(document.get(name)) for name in ("verificationMethod", "assertionMethod"))
        embedded = [each for each in asserting if isinstance(each, dict)]
        asserted = {_absolute(each, did) for each in asserting if isinstance(each, str)}
        asserted |= {_absolute(each["id"], did) for each in embedded if isinstance(each.get("id"), str)}
        for method in (*listed, *embedded):
            if not isinstance(method, dict):
                continue
            name, jwk = method.get("id"), method.get("publicKeyJwk")
            if not isinstance(name, str) or not isinstance(jwk, dict) or (key := _jwk(jwk)) is None:
                continue
            name = _absolute(name, did)
            controller, _, fragment = name.partition("#")
            if name in asserted:
                if controller == did == method.get("controller"):
                    self.controllers.setdefault(did, {})[fragment] = key.trusted
            elif (kid := _short_name(unquote(fragment)) or key.certificate) is not None:
                self._take_signer(kid, key.trusted)

    def _take_signer(self, kid: bytes, key: TrustedKey) -> None:
        self.signers.setdefault(kid, []).append(key)


class _Jwk(Struct, frozen=True, kw_only=True):
    """A usable JWK: its name, and what the certificate it brings along says."""

    trusted: TrustedKey
    kid: str | None
    names: tuple[str, ...]
    certificate: bytes | None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _absolute(name: str, did: str) -> str:
    return did + name if name.startswith("#") else name


def _issuer_at(path: str) -> str | None:
    """The issuer whose JWKS would be at ``path`` of a folder laid out as the web is, or whose name it has."""
    name = path.rpartition("/")[2]
    if name.lower().startswith(_NAMED):
        return unquote(name.removesuffix(".json"))
    if not path.endswith("/" + _WELL_KNOWN):
        return None
    return "https://" + path.removesuffix("/" + _WELL_KNOWN).strip("/")


# --- certificates ----------------------------------------------------------------------------------------


def _pem(block: bytes) -> tuple[bytes, TrustedKey] | None:
    try:
        return _certified(x509.load_pem_x509_certificate(block))
    except Exception:  # noqa: BLE001  cryptography raises many kinds for a bad file
        return None


def _der(content: bytes) -> tuple[bytes, TrustedKey] | None:
    try:
        return _certified(x509.load_der_x509_certificate(content))
    except Exception:  # noqa: BLE001  cryptography raises many kinds for a bad file
        return None


def _certified(certificate: x509.Certificate) -> tuple[bytes, TrustedKey] | None:
    signs = verifier(certificate.public_key())
    if signs is None:
        return None
    return _certificate_name(certificate), TrustedKey(
        algorithm=signs[0],
        verify=signs[1],
        term=_term(certificate),
        kinds=_kinds(certificate),
        countries=_countries(certificate),
    )


def _certificate_name(certificate: x509.Certificate) -> bytes:
    return sha256(certificate.public_bytes(Encoding.DER)).digest()[:8]


def _term(certificate: x509.Certificate) -> Term:
    begins: datetime = certificate.not_valid_before_utc
    ends: datetime = certificate.not_valid_after_utc
    return Term(begins.timestamp(), ends.timestamp())


def _kinds(certificate: x509.Certificate) -> frozenset[Kind]:
    """What the certificate's key may sign; anything if it does not say.

    Read from the bytes: one bad extension, which is common, makes `cryptography` refuse all of them.
    """
    body = certificate.tbs_certificate_bytes
    # A BIT STRING. A key for certificates, lists or secrets signs no statement, whatever else it is for.
    usage = _extension(body, _KEY_USAGE)
    if usage and not (usage[:1] == b"\x03" and usage[3:] and usage[3] & _SIGNING):
        return frozenset()
    extended = _extension(body, _EXTENDED_KEY_USAGE)
    return frozenset(kind for purpose, kind in _PURPOSES.items() if purpose in extended) or _ANY_KIND


def _countries(certificate: x509.Certificate) -> frozenset[str]:
    """The countries of its subject (X.520 countryName); none if it does not say, or cannot be read."""
    try:
        said = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)]
    except ValueError:
        return frozenset()
    return frozenset(_ALIASES.get(name, name) for name in said if _COUNTRY.fullmatch(name))


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The URIs the certificate is for (RFC 5280 §4.2.1.6)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))


def _extension(body: bytes, oid: bytes) -> bytes:
    """The value of the extension ``oid`` in a certificate's body; empty if there is none."""
    at = body.rfind(oid)
    if at < 0:
        return b""
    at += len(oid)
    if body[at : at + 3] == b"\x01\x01\xff":  # critical
        at += 3
    if body[at : at + 1] != b"\x04" or len(body) < at + 2:
        return b""
    length, at = body[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(body[at : at + size]), at + size
    return body[at : at + length]


# --- JSON web keys ---------------------------------------------------------------------------------------


def _jwk(jwk: Mapping[str, Any]) -> _Jwk | None:
    """The key in ``jwk``, if it is one that signs certificates and is what its own certificate says."""
    key = _public_key(jwk)
    signs = None if key is None else verifier(key)
    if key is None or signs is None or jwk.get("use", "sig") != "sig":
        return None
    certificate = _leaf(jwk.get("x5c"))
    if "x5c" in jwk and (certificate is None or certificate.public_key() != key):
        return None
    kid, version = jwk.get("kid"), jwk.get("crlVersion")
    return _Jwk(
        trusted=TrustedKey(
            algorithm=signs[0],
            verify=signs[1],
            term=Term() if certificate is None else _term(certificate),
            kinds=_ANY_KIND if certificate is None else _kinds(certificate),
            countries=frozenset() if certificate is None else _countries(certificate),
            list_version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        ),
        kid=kid if isinstance(kid, str) else None,
        names=() if certificate is None else _alternative_names(certificate),
        certificate=None if certificate is None else _certificate_name(certificate),
    )


def _public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey | None:
    try:
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("alg", "ES256") == "ES256":
            point = b"\x04" + unbase64(jwk["x"]) + unbase64(jwk["y"])
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        if jwk.get("kty") == "RSA" and jwk.get("alg", "PS256") == "PS256":
            numbers = (int.from_bytes(unbase64(jwk[name])) for name in ("e", "n"))
            return rsa.RSAPublicNumbers(*numbers).public_key()
    except (KeyError, ValueError):
        return None
    return None


def _leaf(chain: object) -> x509.Certificate | None:
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        certificate = x509.load_der_x509_certificate(b64decode(chain[0]))
        certificate.public_key()
    except Exception:  # noqa: BLE001  cryptography raises many kinds for a bad file
        return None
    return certificate


def _short_name(kid: str) -> bytes | None:
    """The eight bytes ``kid`` writes in base64, of either alphabet; None if it does not."""
    if not 11 <= len(kid) <= 12:
        return None
    try:
        name = b64decode(kid.translate({45: 43, 95: 47}) + "=" * (-len(kid) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return name if len(name) == 8 else None
