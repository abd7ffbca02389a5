"""A legal person's certificate is believed for its root, path, time and use, and not otherwise."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.codec.certificates import (
    Certificate,
    RevocationList,
    SigningAlgorithm,
    is_signed,
    path_to,
    read_bundle,
)
from auth_bridges.refusals import (
    CertificateExpired,
    CertificateRevoked,
    CertificateUnreadable,
    CertificateUntrusted,
    RevocationUnknown,
)
from bff.sandbox.authority import Authority, Hierarchy, Holder, Kind, Signer

VECTORS: Final = Path(__file__).parents[1] / "vectors" / "legal-person"
OPENSSL: Final[dict[str, Any]] = msgspec.json.decode((VECTORS / "openssl.json").read_bytes())
LATER: Final = datetime(2027, 1, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)
BASE: Final = "http://authority.example.org"
KINDS: Final = pytest.mark.parametrize("kind", list(Kind))


class World:
    """An authority of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.authority = Authority(now=lambda: NOW)
        self.hierarchy: Hierarchy = self.authority.found(kind, BASE)
        self.root = Certificate(self.hierarchy.root.certificate)
        self.issuing = Certificate(self.hierarchy.issuing.certificate)

    def issue(
        self,
        *,
        uscc: str | None = "91310000990000770K",
        representative: str | None = "310000199003070017",
        usage: bool = True,
        critical: bool = False,
    ) -> Holder:
        return self.authority.issue(
            self.hierarchy,
            uscc=uscc,
            organisation="江边旅馆",
            representative=representative,
            usage=usage,
            critical=critical,
        )

    def path(
        self, leaf: Holder, between: Sequence[Certificate] | None = None, *, at: datetime = NOW
    ) -> Sequence[Certificate]:
        above = [self.issuing] if between is None else between
        return path_to([self.root], Certificate(leaf.certificate), above, at=at)


@pytest.fixture(scope="module", params=list(Kind))
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


# --- OpenSSL as the judge --------------------------------------------------------------------------------


@KINDS
def test_what_openssl_issued_is_believed(kind: Kind) -> None:
    root, leaf = (Certificate(b64decode(OPENSSL[kind][name])) for name in ("root", "leaf"))
    assert [each.serial for each in path_to([root], leaf, [], at=LATER)] == [leaf.serial, root.serial]
    assert leaf.value_of("2.5.4.97") == OPENSSL["uscc"]
    assert leaf.value_of("2.5.4.10") == OPENSSL["name"]
    assert leaf.value_of("1.2.156.10260.4.1.1") == OPENSSL["representative"]
    assert leaf.lists() == [f"http://crl.example.org/{kind}.crl"]


@KINDS
def test_a_list_openssl_made_is_read(kind: Kind) -> None:
    root, leaf = (Certificate(b64decode(OPENSSL[kind][name])) for name in ("root", "leaf"))
    read = RevocationList(b64decode(OPENSSL[kind]["list"]), root, address="", at=LATER)
    read.check(leaf)
    leaf.serial = 0x1234ABCE
    with pytest.raises(CertificateRevoked):
        read.check(leaf)


@pytest.mark.parametrize(
    ("kind", "signature", "algorithm"),
    [
        ("rsa", "signature", SigningAlgorithm.RSA_PKCS1),
        ("rsa", "signaturePss", SigningAlgorithm.RSA_PSS),
        ("sm2", "signature", SigningAlgorithm.SM2),
    ],
)
def test_a_text_openssl_signed_is_signed_in_that_way_and_no_other(
    kind: str, signature: str, algorithm: SigningAlgorithm
) -> None:
    leaf, text = Certificate(b64decode(OPENSSL[kind]["leaf"])), OPENSSL["text"].encode()
    made = b64decode(OPENSSL[kind][signature])
    assert [way for way in SigningAlgorithm if is_signed(text, made, leaf, way)] == [algorithm]
    assert not is_signed(text + b"\n", made, leaf, algorithm)


# --- the path ------------------------------------------------------------------------------------------


def test_a_certificate_leads_to_its_root(world: World) -> None:
    leaf = world.issue()
    assert [each.serial for each in world.path(leaf)] == [
        leaf.serial,
        world.hierarchy.issuing.serial,
        world.hierarchy.root.serial,
    ]


def test_without_what_lies_between_there_is_no_path(world: World) -> None:
    with pytest.raises(CertificateUntrusted):
        world.path(world.issue(), [])


def test_another_root_of_the_same_name_is_not_trusted(world: World) -> None:
    lookalike = World(world.hierarchy.kind)
    assert lookalike.root.subject == world.root.subject
    with pytest.raises(CertificateUntrusted):
        path_to([lookalike.root], Certificate(world.issue().certificate), [world.issuing], at=NOW)


def test_lookalikes_between_do_not_hide_the_right_one(world: World) -> None:
    others = [World(world.hierarchy.kind).issuing for _ in range(2)]
    assert len(world.path(world.issue(), [*others, world.issuing])) == 3


def test_a_root_that_is_sent_along_is_no_root(world: World) -> None:
    stranger = World(world.hierarchy.kind)
    leaf = stranger.issue()
    with pytest.raises(CertificateUntrusted):
        world.path(leaf, [stranger.issuing, stranger.root])


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (NOW - timedelta(days=1, seconds=1), False),
        (NOW - timedelta(days=1), True),
        (NOW + timedelta(days=365), True),
        (NOW + timedelta(days=365, seconds=1), False),
    ],
)
def test_it_is_valid_in_its_time(world: World, at: datetime, *, valid: bool) -> None:
    leaf = world.issue()
    if valid:
        assert world.path(leaf, at=at)
    else:
        with pytest.raises(CertificateExpired):
            world.path(leaf, at=at)


def test_a_legal_person_issues_nothing(world: World) -> None:
    """The oldest hole there is: a leaf used as an authority."""
    above = world.issue()
    signer = Signer(world.hierarchy.kind)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "冒名")])
    forged = world.authority.certify(name, signer, above.name, above.signer)
    with pytest.raises(CertificateUntrusted):
        world.path(forged, [Certificate(above.certificate), world.issuing])


def test_an_authority_stands_no_deeper_than_its_superior_allows(world: World) -> None:
    signer, name = Signer(world.hierarchy.kind), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sub")])
    issuing = world.hierarchy.issuing
    deeper = world.authority.certify(name, signer, issuing.name, issuing.signer, ca_path=0)
    person = Signer(world.hierarchy.kind)
    leaf = world.authority.certify(x509.Name([]), person, name, signer)
    with pytest.raises(CertificateUntrusted):
        world.path(leaf, [Certificate(deeper.certificate), world.issuing])


def test_an_authoritys_own_certificate_signs_no_text(world: World) -> None:
    with pytest.raises(CertificateUntrusted):
        path_to([world.root], world.issuing, [], at=NOW)


@pytest.mark.parametrize(("usage", "critical"), [(False, False), (True, True)])
def test_what_may_not_sign_or_says_what_we_do_not_know_is_refused(
    world: World, *, usage: bool, critical: bool
) -> None:
    with pytest.raises(CertificateUntrusted):
        world.path(world.issue(usage=usage, critical=critical))


def test_a_changed_bit_is_noticed(world: World) -> None:
    leaf = world.issue()
    changed = leaf.certificate.replace("江边".encode(), "河边".encode())
    assert changed != leaf.certificate
    with pytest.raises(CertificateUntrusted):
        path_to([world.root], Certificate(changed), [world.issuing], at=NOW)


def test_an_rsa_name_under_an_sm2_key_is_no_path() -> None:
    rsa, sm2 = World(Kind.RSA), World(Kind.SM2)
    with pytest.raises(CertificateUntrusted):
        path_to([rsa.root], Certificate(sm2.issue().certificate), [rsa.issuing, sm2.issuing], at=NOW)


@given(st.binary(max_size=300))
def test_what_is_no_certificate_is_unreadable(noise: bytes) -> None:
    with pytest.raises(CertificateUnreadable):
        Certificate(noise)


def test_a_truncated_certificate_is_unreadable(world: World) -> None:
    whole = world.issue().certificate
    for length in range(0, len(whole), 7):
        with pytest.raises(CertificateUnreadable):
            Certificate(whole[:length])


def test_what_it_does_not_say_is_nothing(world: World) -> None:
    leaf = Certificate(world.issue(uscc=None, representative=None).certificate)
    assert leaf.value_of("2.5.4.97") is None
    assert leaf.value_of("1.2.156.10260.4.1.1") is None


def test_a_bundle_is_every_certificate_in_it(world: World) -> None:
    both = world.hierarchy.root_pem + World(Kind.RSA).hierarchy.root_pem
    first, second = read_bundle(both)
    assert first.serial == world.root.serial != second.serial
    with pytest.raises(ValueError, match="PEM"):
        read_bundle(b"not a bundle")


def test_a_list_is_its_issuers_or_nobodys(world: World) -> None:
    stranger = World(world.hierarchy.kind)
    body = world.authority._made(world.hierarchy, world.hierarchy.issuing, f"{BASE}/list")
    RevocationList(body, world.issuing, address=f"{BASE}/list", at=NOW)
    for issuer, address, at in [
        (stranger.issuing, f"{BASE}/list", NOW),
        (world.root, f"{BASE}/list", NOW),
        (Certificate(world.issue().certificate), f"{BASE}/list", NOW),
        (world.issuing, f"{BASE}/another", NOW),
        (world.issuing, f"{BASE}/list", NOW + timedelta(days=1)),
        (world.issuing, f"{BASE}/list", NOW - timedelta(hours=1)),
    ]:
        with pytest.raises(RevocationUnknown):
            RevocationList(body, issuer, address=address, at=at)
    with pytest.raises(RevocationUnknown):
        RevocationList(b"<html>", world.issuing, address=f"{BASE}/list", at=NOW)
