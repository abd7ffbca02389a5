"""A certificate authority, simulated: legal persons' certificates with RSA and SM2 keys, and what is revoked.

Root, issuing authority, leaf. Bytes are put together here (X.690, RFC 5280), because no library signs SM2
certificates; names and extensions are ``cryptography``'s. ``/ca/<kind>/<who>.crl`` is what each authority
publishes, and at ``/ca/<kind>/<who>.ocsp`` each can be asked: the root answers itself, the issuing authority
by a responder of its own. ``/_sim/authority/…`` revokes, and makes lists and answers hostile in one of the
ways of ``ListHostility`` and ``AnswerHostility``.
"""

import secrets
from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from bff.sandbox.der import integer, oid, sequence, time, tlv
from bff.sandbox.responder import REFUSING, AnswerHostility, answering, refusing
from bff.sandbox.simulator import Clock, utc_now
from bff.sandbox.sm2_signing import Sm2Private

REPRESENTATIVE: Final = "1.2.156.10260.4.1.1"
"""GM/T 0015: a person's identity code, here the legal representative's ID number."""
_EC_KEY: Final = bytes.fromhex("06072a8648ce3d0201")
_SM2_CURVE: Final = bytes.fromhex("06082a811ccf5501822d")
_SM2_WITH_SM3: Final = bytes.fromhex("06082a811ccf55018375")
_SHA256_WITH_RSA: Final = bytes.fromhex("06092a864886f70d01010b0500")
_CRL_REFUSES: Final = x509.DeltaCRLIndicator(1)


class Kind(StrEnum):
    """Whose mathematics."""

    RSA = "rsa"
    SM2 = "sm2"


class ListHostility(StrEnum):
    """A way for a list to be no list."""

    STALE = "stale"
    FUTURE = "future"
    ENDLESS = "endless"
    FORGED = "forged"
    DELTA = "delta"
    INDIRECT = "indirect"
    ELSEWHERE = "elsewhere"
    OTHER_ISSUER = "otherIssuer"


class Signer:
    """A private key of either kind: what it signs texts and certificates with."""

    def __init__(self, kind: Kind, key: Sm2Private | rsa.RSAPrivateKey | None = None) -> None:
        """A new key unless one is given."""
        self.kind = kind
        if key is None:
            key = Sm2Private() if kind is Kind.SM2 else rsa.generate_private_key(65537, 2048)
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """PKCS #1 v1.5 with SHA-256, or SM2 with SM3."""
        if isinstance(self._key, Sm2Private):
            return self._key.sign(data)
        return self._key.sign(data, padding.PKCS1v15(), SHA256())

    def sign_pss(self, data: bytes) -> bytes:
        """RSASSA-PSS with SHA-256 and a salt of 32 bytes; RSA keys only."""
        assert isinstance(self._key, rsa.RSAPrivateKey)  # noqa: S101 - nobody asks another key
        return self._key.sign(data, padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32), SHA256())

    @property
    def algorithm(self) -> bytes:
        """The AlgorithmIdentifier of ``sign``."""
        return sequence(_SM2_WITH_SM3 if self.kind is Kind.SM2 else _SHA256_WITH_RSA)

    @property
    def public(self) -> bytes:
        """The SubjectPublicKeyInfo."""
        if isinstance(self._key, Sm2Private):
            return sequence(sequence(_EC_KEY, _SM2_CURVE), tlv(0x03, b"\0" + self._key.point))
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class Holder(Struct, frozen=True, kw_only=True):
    """A certificate and who can sign with it."""

    certificate: bytes
    serial: int
    name: x509.Name
    signer: Signer


class Hierarchy(Struct, frozen=True, kw_only=True):
    """A root and the authority under it that issues."""

    kind: Kind
    root: Holder
    issuing: Holder
    responder: Holder
    """Whom the issuing authority lets answer for it."""
    base_url: str

    @property
    def root_pem(self) -> bytes:
        """The root as an operator is given it."""
        return pem_of(self.root.certificate)


class Revoke(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Revoke a certificate, by the hexadecimal of its serial, or take that back."""

    serial: str
    revoked: bool = True


class SetLists(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Publish such lists from now on; None: honest ones."""

    hostility: ListHostility | None = None


class SetAnswers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Answer in such a way from now on; None: honestly. ``nonce``: whether what was asked is repeated."""

    hostility: AnswerHostility | None = None
    nonce: bool = True


class Authority:
    """The authority's books. One event loop."""

    name = "authority"

    def __init__(self, *, now: Clock = utc_now) -> None:
        self._now = now
        self._hierarchies: dict[Kind, Hierarchy] = {}
        self._revoked: set[int] = set()
        self._issued: set[int] = set()
        self._hostile: ListHostility | None = None
        self._answers = SetAnswers()

    # --- what operators and holders do ---------------------------------------------------------------

    def found(
        self,
        kind: Kind,
        base_url: str,
        *,
        root: Holder | None = None,
        answers: bool = False,
        nocheck: bool = True,
    ) -> Hierarchy:
        """A root, unless one is given, and an issuing authority of this kind, published below ``base_url``.

        With ``answers`` the certificate of the second says where the first can be asked about it; with
        ``nocheck`` that of its responder says that nobody need ask about that.
        """
        root = root or self.new_root(kind)
        signer, name = Signer(kind), _authority_name("issuing")
        issuing = self.certify(
            name,
            signer,
            root.name,
            root.signer,
            ca_path=0,
            lists=f"{base_url}/ca/{kind}/root.crl",
            asked=f"{base_url}/ca/{kind}/root.ocsp" if answers else None,
        )
        may_answer = [
            _extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False),
            *([_extension(x509.OCSPNoCheck(), critical=False)] if nocheck else []),
        ]
        responder = self.certify(
            _authority_name("responding"),
            Signer(kind),
            name,
            signer,
            lists=f"{base_url}/ca/{kind}/issuing.crl",
            further=may_answer,
        )
        self._hierarchies[kind] = Hierarchy(
            kind=kind, root=root, issuing=issuing, responder=responder, base_url=base_url
        )
        return self._hierarchies[kind]

    def new_root(self, kind: Kind, signer: Signer | None = None) -> Holder:
        """A root that signs with ``signer``, or with a new key."""
        signer, name = signer or Signer(kind), _authority_name("root")
        return self.certify(name, signer, name, signer, ca_path=1)

    def issue(
        self,
        hierarchy: Hierarchy,
        *,
        uscc: str | None,
        organisation: str | None,
        representative: str | None,
        valid: tuple[timedelta, timedelta] = (timedelta(days=-1), timedelta(days=365)),
        lists: bool = True,
        answers: bool = False,
        usage: bool = True,
        critical: bool = False,
    ) -> Holder:
        """A legal person's certificate (法人一证通); what is None is left out of it."""
        attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
        if organisation is not None:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        if uscc is not None:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, uscc))
        further: list[tuple[str, bool, bytes]] = []
        if representative is not None:
            # IdentifyCode is a choice; [0] is the resident's ID number.
            further.append((REPRESENTATIVE, False, tlv(0x80, representative.encode("ascii"))))
        if critical:
            further.append(("1.2.156.10260.4.9.9", True, tlv(0x05, b"")))
        return self.certify(
            x509.Name(attributes),
            Signer(hierarchy.kind),
            hierarchy.issuing.name,
            hierarchy.issuing.signer,
            lists=f"{hierarchy.base_url}/ca/{hierarchy.kind}/issuing.crl" if lists else None,
            asked=f"{hierarchy.base_url}/ca/{hierarchy.kind}/issuing.ocsp" if answers else None,
            valid=valid,
            usage=usage,
            further=further,
        )

    def certify(
        self,
        name: x509.Name,
        signer: Signer,
        issuer: x509.Name,
        by: Signer,
        *,
        ca_path: int | None = None,
        lists: str | None = None,
        asked: str | None = None,
        valid: tuple[timedelta, timedelta] = (timedelta(days=-30), timedelta(days=3650)),
        usage: bool = True,
        further: Sequence[tuple[str, bool, bytes]] = (),
    ) -> Holder:
        """A certificate for ``name``; an authority's if ``ca_path`` says how many may stand below it."""
        serial = secrets.randbits(120) | 1 << 119
        is_ca = ca_path is not None
        extensions: list[tuple[str, bool, bytes]] = [
            _extension(x509.BasicConstraints(ca=is_ca, path_length=ca_path), critical=True),
            *further,
        ]
        if usage:
            extensions.append(_extension(_usage(is_ca=is_ca), critical=True))
        if lists is not None:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(lists)], None, None, None)
            extensions.append(_extension(x509.CRLDistributionPoints([point]), critical=False))
        if asked is not None:
            where = x509.UniformResourceIdentifier(asked)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            extensions.append(_extension(x509.AuthorityInformationAccess([access]), critical=False))
        self._issued.add(serial)
        now = self._now()
        tbs = sequence(
            tlv(0xA0, integer(2)),
            integer(serial),
            by.algorithm,
            issuer.public_bytes(),
            sequence(time(now + valid[0]), time(now + valid[1])),
            name.public_bytes(),
            signer.public,
            tlv(0xA3, _extensions(extensions)),
        )
        return Holder(certificate=_signed(tbs, by), serial=serial, name=name, signer=signer)

    def revoke(self, serial: int, *, revoked: bool = True) -> None:
        """Put a certificate on the list, or take it off."""
        (self._revoked.add if revoked else self._revoked.discard)(serial)

    def publish(self, hostility: ListHostility | None) -> None:
        """Publish such lists from now on."""
        self._hostile = hostility

    def answer(self, hostility: AnswerHostility | None = None, *, nonce: bool = True) -> None:
        """Answer in such a way from now on."""
        self._answers = SetAnswers(hostility=hostility, nonce=nonce)

    def forget(self, serial: int) -> None:
        """Know nothing of a certificate any more."""
        self._issued.discard(serial)

    # --- the wire ------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """What authorities publish, and the controls."""
        return [
            web.get("/ca/{kind}/{who}.crl", self._list),
            web.post("/ca/{kind}/{who}.ocsp", self._asked),
            web.get("/ca/{kind}/{who}.ocsp/{question:.*}", self._asked),
            web.post("/_sim/authority/revoke", self._revoke),
            web.post("/_sim/authority/answers", self._set_answers),
            web.post("/_sim/authority/lists", self._set_lists),
        ]

    def busy(self) -> web.Response:
        """A file server's way."""
        return web.Response(status=503, text="busy")

    async def _list(self, request: web.Request) -> web.Response:
        hierarchy, issuer = self._named(request)
        body = self._made(hierarchy, issuer, str(request.url))
        return web.Response(body=body, content_type="application/pkix-crl")

    def _named(self, request: web.Request) -> tuple[Hierarchy, Holder]:
        kind, who = request.match_info["kind"], request.match_info["who"]
        if kind not in self._hierarchies or who not in ("root", "issuing"):
            raise web.HTTPNotFound(text="no such authority")
        hierarchy = self._hierarchies[Kind(kind)]
        return hierarchy, hierarchy.root if who == "root" else hierarchy.issuing

    async def _asked(self, request: web.Request) -> web.Response:
        """A question in the body, or in the path as Base64 (RFC 6960 §A.1)."""
        hierarchy, issuer = self._named(request)
        try:
            der = (
                await request.read()
                if request.method == "POST"
                else b64decode(request.match_info["question"], validate=True)
            )
            body = self._answered(ocsp.load_der_ocsp_request(der), hierarchy, issuer)
        except ValueError:
            body = refusing(1)
        return web.Response(body=body, content_type="application/ocsp-response")

    def _answered(self, asked: ocsp.OCSPRequest, hierarchy: Hierarchy, issuer: Holder) -> bytes:
        hostile = self._answers.hostility
        if hostile is AnswerHostility.GARBAGE:
            return b"<html>it works</html>"
        if hostile in REFUSING:
            return refusing(REFUSING[hostile])
        by, above = issuer, list[bytes]()
        if issuer is hierarchy.issuing:
            by, above = hierarchy.responder, [hierarchy.responder.certificate]
        signer = Signer(hierarchy.kind) if hostile is AnswerHostility.FORGED else by.signer
        if hostile is AnswerHostility.BY_A_HOLDER:
            some = self.issue(hierarchy, uscc=None, organisation="某单位", representative=None)
            signer, above = some.signer, [some.certificate]
        return answering(
            asked,
            self._status(asked.serial_number),
            name=by.name,
            by=signer,
            certificates=above,
            now=self._now(),
            hostile=hostile,
            with_nonce=self._answers.nonce,
        )

    def _status(self, serial: int) -> ocsp.OCSPCertStatus:
        if serial in self._revoked:
            return ocsp.OCSPCertStatus.REVOKED
        known = serial in self._issued
        return ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN

    def _made(self, hierarchy: Hierarchy, issuer: Holder, address: str) -> bytes:
        now, hostile = self._now(), self._hostile
        begun, next_ = now - timedelta(minutes=5), now + timedelta(days=1)
        if hostile is ListHostility.STALE:
            begun, next_ = now - timedelta(days=2), now - timedelta(seconds=1)
        if hostile is ListHostility.FUTURE:
            begun = now + timedelta(hours=1)
        name = hierarchy.root.name if hostile is ListHostility.OTHER_ISSUER else issuer.name
        if hostile is ListHostility.OTHER_ISSUER and issuer is hierarchy.root:
            name = hierarchy.issuing.name
        extensions = [_point(address, hostile)]
        if hostile is ListHostility.DELTA:
            extensions.append(_extension(_CRL_REFUSES, critical=True))
        entries = [sequence(integer(serial), time(begun)) for serial in sorted(self._revoked)]
        tbs = sequence(
            integer(1),
            issuer.signer.algorithm,
            name.public_bytes(),
            time(begun),
            *([] if hostile is ListHostility.ENDLESS else [time(next_)]),
            *([sequence(*entries)] if entries else []),
            tlv(0xA0, _extensions(extensions)),
        )
        by = Signer(hierarchy.kind) if hostile is ListHostility.FORGED else issuer.signer
        return _signed(tbs, by)

    async def _revoke(self, request: web.Request) -> web.Response:
        told = msgspec.json.decode(await request.read(), type=Revoke)
        self.revoke(int(told.serial, 16), revoked=told.revoked)
        return web.Response(status=204)

    async def _set_answers(self, request: web.Request) -> web.Response:
        self._answers = msgspec.json.decode(await request.read(), type=SetAnswers)
        return web.Response(status=204)

    async def _set_lists(self, request: web.Request) -> web.Response:
        self.publish(msgspec.json.decode(await request.read(), type=SetLists).hostility)
        return web.Response(status=204)


def pem_of(der: bytes) -> bytes:
    """``der`` as operators keep certificates."""
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def _authority_name(which: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "海屿市模拟数字证书认证中心"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Simulated {which} authority"),
        ]
    )


def _point(address: str, hostile: ListHostility | None) -> tuple[str, bool, bytes]:
    where = "http://elsewhere.example.org/list.crl" if hostile is ListHostility.ELSEWHERE else address
    return _extension(
        x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier(where)],
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=hostile is ListHostility.INDIRECT,
            only_contains_attribute_certs=False,
        ),
        critical=True,
    )


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _extension(value: x509.ExtensionType, *, critical: bool) -> tuple[str, bool, bytes]:
    return value.oid.dotted_string, critical, value.public_bytes()


def _extensions(each: Sequence[tuple[str, bool, bytes]]) -> bytes:
    return sequence(
        *(
            sequence(oid(name), *([tlv(0x01, b"\xff")] if critical else []), tlv(0x04, value))
            for name, critical, value in each
        )
    )


def _signed(tbs: bytes, by: Signer) -> bytes:
    return sequence(tbs, by.algorithm, tlv(0x03, b"\0" + by.sign(tbs)))
