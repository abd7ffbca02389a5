"""HC1, SMART Health Cards and NZ COVID Passes: what is good is taken, and nothing else."""

import json
import random
import string
import tracemalloc
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from health_code.codec import foreign, hc1, shc
from health_code.codec.certificates import Checked, Format, Kind, Verdict
from health_code.codec.revocation import HashKind, Revocations, hashes_of
from health_code.codec.signatures import ES256, PS256
from health_code.codec.trust import IssuersUnsaid, Trust, TrustUnreadable
from miniapp_schemas import base45
from tests.foreign_certificates import (
    DCC,
    EXPIRES,
    ISSUED,
    NOW,
    ORDER,
    TEST,
    UCI,
    VECTORS,
    Signer,
    base64url,
    card,
    claims,
    dcc_code,
    digits,
    kid_of,
    nz_pass,
    sign1,
)
from tests.foreign_certificates import hc1 as code_of

SIGNER: Final = Signer()
PEM: Final = SIGNER.certificate()
KID: Final = kid_of(PEM)
OTHER: Final = Signer()
TRUST: Final = Trust.of({"signer.pem": PEM})


def _method(signer: Signer, pem: bytes) -> dict[str, object]:
    """A key in WHO's trust list, with its certificate."""
    x5c = ["".join(pem.decode().splitlines()[1:-1])]
    name = quote(b64encode(kid_of(pem)).decode(), safe="")
    return {"id": f"did:web:x#{name}", "publicKeyJwk": signer.jwk(x5c=x5c)}


ISSUER: Final = "https://cards.example/issuer"
CARDS: Final = Trust.of({"jwks.json": json.dumps({"keys": [SIGNER.jwk()]}).encode()}, issuer=ISSUER)
A_TEST: Final = {**{name: DCC[name] for name in ("ver", "nam", "dob")}, "t": [TEST]}
RECOVERY: Final = {
    **{name: TEST[name] for name in ("tg", "co", "is", "ci")},
    "fr": "2022-01-02",
    "df": "2022-01-13",
    "du": "2022-07-01",
}
USAGE, CONSTRAINTS, KEY_USAGE = "2.5.29.37", "2.5.29.19", "2.5.29.15"


def check(
    text: str, *, trust: Trust = TRUST, at: datetime = NOW, revoked: Revocations | None = None
) -> Checked:
    return foreign.verify(text, trust=trust, at=at, revoked=revoked or Revocations())


def lists(*documents: object) -> Revocations:
    return Revocations.of({str(number): json.dumps(each).encode() for number, each in enumerate(documents)})


class TestHc1:
    def test_a_certificate_says_whose_it_is_and_what_happened(self) -> None:
        checked = check(dcc_code(SIGNER, KID))

        assert (checked.verdict, checked.format, checked.issuer) == (Verdict.VALID, Format.HC1, "XX")
        assert (checked.issued_at, checked.expires_at) == (ISSUED, EXPIRES)
        assert checked.content is not None
        assert checked.content.subject.name == "Ada Muster"
        assert checked.content.subject.birth_date == "1980-01-31"
        (said,) = checked.content.statements
        assert (said.kind, said.on, said.country, said.product, said.dose) == (
            Kind.VACCINATION,
            "2022-02-03",
            "XX",
            "EU/1/20/1528",
            2,
        )

    @pytest.mark.parametrize("tags", [(), (18,), (61,), (61, 18)])
    def test_a_certificate_is_tagged_in_every_way_and_is_the_same(self, tags: tuple[int, ...]) -> None:
        cose: object = sign1(SIGNER, cbor2.dumps(claims()), protected={1: ES256, 4: KID})
        for tag in reversed(tags):
            cose = cbor2.CBORTag(tag, cose)

        assert check(code_of(cose)).valid

    @pytest.mark.parametrize(
        ("protected", "unprotected", "verdict"),
        [
            (KID, None, Verdict.VALID),
            (None, KID, Verdict.VALID),
            (KID, KID, Verdict.VALID),
            (KID, b"someone!", Verdict.VALID),
            (b"someone!", KID, Verdict.UNKNOWN_KEY),
            (None, b"someone!", Verdict.UNKNOWN_KEY),
            (None, None, Verdict.VALID),
        ],
        # The key is another one each time, and so is its name.
        ids=["protected", "unprotected", "both", "other outside", "other inside", "only other", "none"],
    )
    def test_the_signed_kid_beats_the_other(
        self, protected: bytes | None, unprotected: bytes | None, verdict: Verdict
    ) -> None:
        cose = sign1(
            SIGNER,
            cbor2.dumps(claims()),
            protected={1: ES256} | ({} if protected is None else {4: protected}),
            unprotected={} if unprotected is None else {4: unprotected},
        )

        assert check(code_of(cose)).verdict is verdict

    def test_an_empty_kid_names_nobody(self) -> None:
        cose = sign1(SIGNER, cbor2.dumps(claims()), protected={1: ES256, 4: b""})

        assert check(code_of(cose)).valid

    @pytest.mark.parametrize("standardised", ["APELLIDO1<APELLIDO2", "FICTICIO ACTIVO"])
    def test_digits_and_spaces_in_a_signed_name_are_taken_as_they_are(self, standardised: str) -> None:
        name = {"fnt": standardised, "fn": "Apellido"}

        assert check(dcc_code(SIGNER, KID, claims({**DCC, "nam": name}))).valid

    def test_a_signer_with_a_longer_key_signs_with_the_same_hash(self) -> None:
        signer = Signer(ec.SECP384R1())
        pem = signer.certificate()
        code = dcc_code(signer, kid_of(pem))

        trust = Trust.of({"signer.pem": pem})
        assert check(code, trust=trust).valid
        other = Trust.of({"signer.pem": Signer(ec.SECP384R1()).certificate()})
        other.signers[kid_of(pem)] = next(iter(other.signers.values()))
        assert check(code, trust=other).verdict is Verdict.BAD_SIGNATURE

    @pytest.mark.parametrize(
        ("at", "verdict"),
        [
            (ISSUED - timedelta(seconds=1), Verdict.NOT_YET_VALID),
            (ISSUED, Verdict.VALID),
            # Three of Spain's test codes have their end for a clock, and are to be good.
            (EXPIRES, Verdict.VALID),
            (EXPIRES + timedelta(microseconds=1), Verdict.EXPIRED),
        ],
    )
    def test_it_is_good_from_its_issue_until_its_end(self, at: datetime, verdict: Verdict) -> None:
        assert check(dcc_code(SIGNER, KID), at=at).verdict is verdict

    def test_a_signer_whose_term_is_over_is_not_believed(self) -> None:
        pem = SIGNER.certificate(ends=NOW - timedelta(days=1))
        code = dcc_code(SIGNER, kid_of(pem))

        trust = Trust.of({"signer.pem": pem})
        assert check(code, trust=trust).verdict is Verdict.KEY_EXPIRED
        assert check(code, trust=trust, at=NOW - timedelta(days=2)).valid

    @pytest.mark.parametrize(
        ("usage", "kinds"),
        [
            ("300d060b2b060104018e378f650101", "t"),
            ("300e060c2b06010401008e378f650102", "v"),
            ("301b060b2b060104018e378f650101060c2b06010401008e378f650102", "tv"),
            ("300d060b2b060104018e378f650103", ""),
            ("3000", "tv"),
            ("300a06082b06010505070301", "tv"),
        ],
        ids=["test", "vaccination as some wrote it", "both", "recovery", "nothing", "a web server"],
    )
    def test_a_key_signs_what_its_certificate_says(self, usage: str, kinds: str) -> None:
        pem = SIGNER.certificate((USAGE, bytes.fromhex(usage)))
        trust = Trust.of({"signer.pem": pem})

        for kind, dcc in (("v", DCC), ("t", A_TEST)):
            verdict = check(dcc_code(SIGNER, kid_of(pem), claims(dcc)), trust=trust).verdict
            assert verdict is (Verdict.VALID if kind in kinds else Verdict.KEY_NOT_ALLOWED)

    @pytest.mark.parametrize(
        ("country", "issuer", "verdict"),
        [
            ("DE", "DE", Verdict.VALID),
            ("DE", "FR", Verdict.WRONG_COUNTRY),
            (None, "FR", Verdict.VALID),
            ("GR", "EL", Verdict.VALID),
            ("UK", "GB", Verdict.VALID),
            ("DK", "FO", Verdict.VALID),
            ("FO", "DK", Verdict.WRONG_COUNTRY),
            # As Georgia and France did: a name is not another country's.
            ("GE", "Ministry of Health of Georgia", Verdict.VALID),
            ("FR", "CNAM", Verdict.VALID),
        ],
    )
    def test_a_key_of_one_country_signs_for_no_other(
        self, country: str | None, issuer: str, verdict: Verdict
    ) -> None:
        pem = SIGNER.certificate(country=country)
        code = dcc_code(SIGNER, kid_of(pem), {**claims(), 1: issuer})

        checked = check(code, trust=Trust.of({"signer.pem": pem}))

        assert (checked.verdict, checked.issuer) == (verdict, issuer)
        key = json.dumps({"id": "did:web:x", "verificationMethod": [_method(SIGNER, pem)]}).encode()
        assert check(code, trust=Trust.of({"did.json": key})).verdict is verdict

    def test_a_bad_extension_hides_neither_the_key_nor_what_it_is_for(self) -> None:
        # A default written out, against DER: whole countries did.
        constraints = (CONSTRAINTS, bytes.fromhex("3003010100"))
        usage = (USAGE, bytes.fromhex("300d060b2b060104018e378f650101"))
        pem = SIGNER.certificate(constraints, usage)
        trust = Trust.of({"signer.pem": pem})

        assert check(dcc_code(SIGNER, kid_of(pem), claims(A_TEST)), trust=trust).valid
        assert check(dcc_code(SIGNER, kid_of(pem)), trust=trust).verdict is Verdict.KEY_NOT_ALLOWED

    @pytest.mark.parametrize(
        ("usage", "verdict"),
        [
            ("03020780", Verdict.VALID),
            ("03020640", Verdict.VALID),
            ("03020106", Verdict.KEY_NOT_ALLOWED),
            ("03020520", Verdict.KEY_NOT_ALLOWED),
            ("030100", Verdict.KEY_NOT_ALLOWED),
        ],
        ids=["signatures", "what is not denied later", "certificates and lists", "keys", "nothing"],
    )
    def test_a_key_for_something_else_than_signatures_signs_none(self, usage: str, verdict: Verdict) -> None:
        pem = SIGNER.certificate(
            (CONSTRAINTS, bytes.fromhex("30030101ff")), (KEY_USAGE, bytes.fromhex(usage))
        )
        trust = Trust.of({"signer.pem": pem})

        assert check(dcc_code(SIGNER, kid_of(pem)), trust=trust).verdict is verdict

    def test_of_two_keys_with_one_name_the_one_that_signed_counts(self) -> None:
        trust = Trust.of({"signer.pem": PEM})
        trust.signers[KID].insert(0, next(iter(Trust.of({"x": Signer().certificate()}).signers.values()))[0])

        assert check(dcc_code(SIGNER, KID), trust=trust).valid

    def test_an_algorithm_that_is_not_the_keys_is_refused(self) -> None:
        cose = sign1(SIGNER, cbor2.dumps(claims()), protected={1: PS256, 4: KID})

        assert check(code_of(cose)).verdict is Verdict.BAD_SIGNATURE

    @pytest.mark.parametrize(
        "change",
        [
            {"nam": {"fn": "Muster"}},
            {"nam": {"fnt": "", "gnt": ""}},
            {"nam": {"fnt": "<", "gnt": " "}},
            {"nam": {"fnt": "", "fn": "Muster", "gnt": "ADA"}},
            {"v": [{**DCC["v"][0], "dn": 1.5}]},
            {"nam": {"fnt": "Muster"}},
            {"nam": {"fnt": "MUSTER", "gn": "爱达", "gnt": ""}},
            {"dob": "1815-12-10"},
            {"dob": "2022-05-02"},
            {"dob": 1980},
            {"ver": None},
            {"v": []},
            {"t": [TEST]},
            {"v": [{**DCC["v"][0], "dt": "yesterday"}]},
            {"v": [{**DCC["v"][0], "dt": "2021-99-99"}]},
            {"v": [{**DCC["v"][0], "dt": "2021-02-29T10:00:00Z"}]},
            {"v": [{**DCC["v"][0], "dt": "2021-13"}]},
            {"v": None, "t": [{**TEST, "sc": "2022-04-31T08:00:00Z"}]},
            {"v": None, "r": [{**RECOVERY, "du": "2022-00-01"}]},
            {"v": [{**DCC["v"][0], "dn": "2"}]},
            {"v": [{name: value for name, value in DCC["v"][0].items() if name != "ci"}]},
        ],
    )
    def test_what_does_not_keep_to_the_schema_is_refused_though_signed(self, change: dict[str, Any]) -> None:
        checked = check(dcc_code(SIGNER, KID, claims({**DCC, **change})))

        assert checked.verdict is Verdict.MALFORMED
        assert checked.content is None

    @pytest.mark.parametrize(
        "change",
        [
            {"nam": {"fnt": "", "gnt": "ADA"}},
            {"nam": {"fnt": "MUSTER"}},
            {"dob": ""},
            {"dob": "1980"},
            {"dob": "1980-01-31T00:00:00"},
            {"v": [{**DCC["v"][0], "dn": 2.0}]},
            {"v": [{**DCC["v"][0], "dt": "2022-02"}]},
            {"v": [{**DCC["v"][0], "dt": "2020-02-29 10:00"}]},
            {"v": None, "r": [RECOVERY]},
            {"t": None, "r": []},
        ],
    )
    def test_what_keeps_to_it_in_a_way_of_its_own_is_taken(self, change: dict[str, Any]) -> None:
        assert check(dcc_code(SIGNER, KID, claims({**DCC, **change}))).valid

    def test_a_certificate_may_be_packed_once_more(self) -> None:
        packed = {**claims(), -260: {1: cbor2.dumps(DCC)}}
        noise = {**claims(), -260: {1: b"\xff"}}

        assert check(dcc_code(SIGNER, KID, packed)).content == check(dcc_code(SIGNER, KID)).content
        assert check(dcc_code(SIGNER, KID, noise)).verdict is Verdict.MALFORMED

    def test_two_doses_in_one_certificate_are_two_statements(self) -> None:
        first, second = {**DCC["v"][0], "dn": 1, "ci": UCI + "1"}, DCC["v"][0]
        both = dcc_code(SIGNER, KID, claims({**DCC, "v": [first, second]}))
        revoked = lists({"hashType": "UCI", "entries": [b64encode(sha256(UCI.encode()).digest()).decode()]})

        checked = check(both)

        assert checked.content is not None
        assert [said.dose for said in checked.content.statements] == [1, 2]
        assert check(both, revoked=revoked).verdict is Verdict.REVOKED

    def test_a_code_that_names_nobody_costs_few_checks(self) -> None:
        cose = sign1(SIGNER, cbor2.dumps(claims()), protected={1: ES256})
        many = {str(number): Signer().certificate() for number in range(8)}

        assert check(code_of(cose), trust=Trust.of({"signer.pem": PEM})).valid
        trust = Trust.of({"signer.pem": PEM, **many})
        assert check(code_of(cose), trust=trust).verdict is Verdict.UNKNOWN_KEY

    @pytest.mark.parametrize(
        "payload", [{1: "XX", -260: {1: DCC}}, {**claims(), 4: True}, {**claims(), -260: []}, {1: DCC}]
    )
    def test_a_payload_without_issue_end_or_certificate_is_refused(self, payload: dict[int, Any]) -> None:
        assert check(dcc_code(SIGNER, KID, payload)).verdict is Verdict.MALFORMED

    def test_times_beyond_every_calendar_do_no_harm(self) -> None:
        assert check(dcc_code(SIGNER, KID, claims(issued=10**18))).verdict is Verdict.NOT_YET_VALID
        assert check(dcc_code(SIGNER, KID, claims(expires=2**63))).valid
        assert check(dcc_code(SIGNER, KID, claims(expires=float("nan")))).verdict is Verdict.MALFORMED


class TestHostileBytes:
    @pytest.mark.parametrize("bomb", ["HC1", "SHC"])
    def test_a_bomb_unpacks_to_no_more_than_its_limit(self, bomb: str) -> None:
        packer = zlib.compressobj(9, wbits=-15 if bomb == "SHC" else 15)
        # Ten million zeros are ten thousand bytes: as many as a QR could never hold, too.
        packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(10)) + packer.flush()
        small = zlib.compress(bytes(2_000_000), 9)
        texts = (
            [card(SIGNER, packed=packed)]
            if bomb == "SHC"
            else ["HC1:" + base45.encode(packed), "HC1:" + base45.encode(small)]
        )
        tracemalloc.start()
        try:
            for text in texts:
                assert check(text, trust=CARDS if bomb == "SHC" else TRUST).verdict is Verdict.UNREADABLE
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize(
        "tagged",
        [
            "c24a0102030405060708090a",
            "d8236161",
            "d81c81d81d00",
            "d9010281a0",
            "c0",
            "81" * 400,
            "9f" * 50,
        ],
    )
    def test_what_cbor_can_be_made_to_do_is_not_done(self, tagged: str) -> None:
        cose = bytes.fromhex("d28443a10126a104") + bytes.fromhex(tagged) + b"\x40\x40"

        assert check("HC1:" + base45.encode(zlib.compress(cose))).verdict is Verdict.UNREADABLE

    def test_a_key_twice_in_a_map_is_refused(self) -> None:
        cose = bytes.fromhex("d28447a201260126044141a04041ff")

        assert check("HC1:" + base45.encode(zlib.compress(cose))).verdict is Verdict.UNREADABLE

    def test_what_comes_after_the_end_is_refused(self) -> None:
        packed = base45.decode(dcc_code(SIGNER, KID).removeprefix("HC1:"))
        plain = zlib.decompress(packed)

        for changed in (packed + b"\0", zlib.compress(plain + b"\0"), packed[:-1], zlib.compress(plain)[:-4]):
            assert check("HC1:" + base45.encode(changed)).verdict is Verdict.UNREADABLE

    def test_what_is_nested_without_end_is_unreadable(self) -> None:
        deep = "[" * 50_000 + "]" * 50_000
        packer = zlib.compressobj(wbits=-15)
        text = f'{{"iss":"{ISSUER}","nbf":1,"vc":{{"credentialSubject":{{"a":{deep}}}}}}}'
        packed = packer.compress(text.encode()) + packer.flush()

        assert check(card(SIGNER, packed=packed), trust=CARDS).verdict is Verdict.UNREADABLE
        assert check('{"a":' + "[" * 50_000, trust=CARDS).verdict is Verdict.UNREADABLE

    @given(st.binary(max_size=300))
    def test_noise_is_unreadable_and_nothing_worse(self, noise: bytes) -> None:
        for text in (
            "HC1:" + base45.encode(zlib.compress(noise)),
            "HC1:" + base45.encode(noise),
            "shc:/" + "".join(f"{byte % 100:02}" for byte in noise),
            "eyJ" + base64url(noise) + "." + base64url(noise) + "." + base64url(noise),
            "{" + noise.decode("latin-1"),
            "NZCP:/1/" + noise.hex().upper(),
            noise.decode("latin-1"),
        ):
            assert check(text, trust=CARDS).verdict in {Verdict.UNREADABLE, Verdict.UNKNOWN_KEY}

    @given(
        st.recursive(
            st.none() | st.integers() | st.binary() | st.text() | st.floats(), st.lists, max_leaves=9
        )
    )
    def test_signed_noise_neither(self, noise: object) -> None:
        cose = sign1(SIGNER, cbor2.dumps(noise), protected={1: ES256, 4: KID})

        assert check(code_of(cose)).verdict is Verdict.MALFORMED


class TestEveryChange:
    """One character of a good code is another, anywhere: it is good no more."""

    @pytest.mark.parametrize(
        "file", ["AT/2DCode/raw/1.json", "common/2DCode/raw/CO1.json", "SE/2DCode/raw/1.json"]
    )
    def test_of_an_hc1(self, file: str) -> None:
        data = json.loads((VECTORS / "dgc-testdata" / file).read_text("utf-8-sig"))
        context = data["TESTCTX"]
        pem = f"-----BEGIN CERTIFICATE-----\n{context['CERTIFICATE']}\n-----END CERTIFICATE-----\n"
        alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:a\n"
        self._none_is_good(
            data["PREFIX"],
            alphabet,
            Trust.of({"x": pem.encode()}),
            datetime.fromisoformat(context["VALIDATIONCLOCK"]),
        )

    def test_of_a_pass(self) -> None:
        trust = Trust.of({"did.json": (VECTORS / "nzcp/valid/did.json").read_bytes()})
        code = (VECTORS / "nzcp/valid/nzcp.txt").read_text()
        self._none_is_good(
            code, string.ascii_uppercase + "234567a=", trust, datetime(2021, 11, 10, tzinfo=UTC)
        )

    def test_of_a_card(self) -> None:
        jws = card(SIGNER)
        self._none_is_good("shc:/" + digits(jws), "0123456789", CARDS, NOW)
        self._none_is_good(jws, string.ascii_letters + "0189-_.=", CARDS, NOW)

    def _none_is_good(self, code: str, alphabet: str, trust: Trust, at: datetime) -> None:
        assert check(code, trust=trust, at=at).valid
        chance = random.Random(code)
        for place, was in enumerate(code):
            for other in alphabet if code.startswith("HC1:") else chance.sample(alphabet, 6):
                changed = code[:place] + other + code[place + 1 :]
                assert other == was or not check(changed, trust=trust, at=at).valid, (place, other)

    def test_of_the_bytes_that_are_packed(self) -> None:
        plain = zlib.decompress(base45.decode(dcc_code(SIGNER, KID).removeprefix("HC1:")))
        for place in range(len(plain)):
            for flip in (1, 0x80, 0xFF):
                changed = plain[:place] + bytes((plain[place] ^ flip,)) + plain[place + 1 :]
                assert not check("HC1:" + base45.encode(zlib.compress(changed))).valid


class TestRevocation:
    def test_the_three_hashes_are_of_what_the_gateway_says(self) -> None:
        signature = bytes(range(64))
        assert (
            hashes_of("XX", UCI, signature, ES256)[HashKind.SIGNATURE]
            == hashes_of("YY", "", signature[:32] + bytes(32), ES256)[HashKind.SIGNATURE]
        )
        assert (
            hashes_of("XX", UCI, signature, PS256)[HashKind.SIGNATURE]
            != hashes_of("XX", UCI, signature, ES256)[HashKind.SIGNATURE]
        )
        # printf '%s' "XX$UCI" | sha256sum | cut -c1-32
        assert (
            hashes_of("XX", UCI, signature, ES256)[HashKind.UCI].hex() == "a21afdcf3e224de9c94a9233b3818180"
        )
        assert (
            hashes_of("XX", UCI, signature, ES256)[HashKind.COUNTRY_UCI].hex()
            == "f202b97eb81d5a1ac8154f13bcbe198a"
        )

    @pytest.mark.parametrize("kind", list(HashKind))
    @pytest.mark.parametrize("of_this_key", [True, False])
    def test_a_certificate_on_a_list_is_revoked(self, kind: HashKind, *, of_this_key: bool) -> None:
        code = dcc_code(SIGNER, KID)
        cose = hc1.open_text(code)
        value = b64encode(hashes_of("XX", UCI, cose.signature, ES256)[kind]).decode()
        batch = {"hashType": kind.value, "entries": [{"hash": value}], "country": "XX"}

        assert check(code, revoked=lists(batch)).verdict is Verdict.REVOKED
        assert check(code, revoked=lists({**batch, "entries": [{"hash": "AAAA" * 5 + "AA=="}]})).valid
        named = KID if of_this_key else b"someone!"
        batch["kid"] = b64encode(named).decode()
        assert check(code, revoked=lists(batch)).valid is not of_this_key

    def test_the_other_signature_of_the_same_is_revoked_as_well(self) -> None:
        headers, unprotected, payload, signature = sign1(
            SIGNER, cbor2.dumps(claims()), protected={1: ES256, 4: KID}
        )
        assert isinstance(signature, bytes)
        # r‖-s is as good a signature as r‖s, and anybody can write it.
        twin = signature[:32] + (ORDER - int.from_bytes(signature[32:])).to_bytes(32)
        value = hashes_of("XX", "", signature, ES256)[HashKind.SIGNATURE]
        revoked = lists({"hashType": "SIGNATURE", "entries": [{"hash": b64encode(value).decode()}]})
        assert check(code_of([headers, unprotected, payload, twin])).valid
        for each in (signature, twin):
            code = code_of([headers, unprotected, payload, each])
            assert check(code, revoked=revoked).verdict is Verdict.REVOKED

    @pytest.mark.parametrize(
        ("rids", "verdict"),
        [
            (["MKyCxh7p6uQ"], Verdict.REVOKED),
            ([f"MKyCxh7p6uQ.{int(ISSUED.timestamp()) + 1}"], Verdict.REVOKED),
            ([f"MKyCxh7p6uQ.{int(ISSUED.timestamp())}"], Verdict.VALID),
            (["another", "MKyCxh7p6u"], Verdict.VALID),
            (["MKyCxh7p6uQ.x"], Verdict.REVOCATION_UNKNOWN),
            (["another", "another.7"], Verdict.REVOCATION_UNKNOWN),
            (["this-rid-is-longer-than-the-24-char-max"], Verdict.REVOCATION_UNKNOWN),
            (["base64=="], Verdict.REVOCATION_UNKNOWN),
        ],
    )
    def test_a_card_is_revoked_by_its_rid_and_the_time_beside_it(
        self, rids: list[str], verdict: Verdict
    ) -> None:
        revoked = lists({"kid": "key-1", "method": "rid", "ctr": 1, "rids": rids})

        assert check(card(SIGNER, rid="MKyCxh7p6uQ"), trust=CARDS, revoked=revoked).verdict is verdict

    @pytest.mark.parametrize(
        ("version", "documents", "rid", "verdict"),
        [
            (1, [], "abc", Verdict.REVOCATION_UNKNOWN),
            (1, [], None, Verdict.VALID),
            (1, [{"kid": "key-1", "method": "rid", "ctr": 1, "rids": []}], "abc", Verdict.VALID),
            (2, [{"kid": "key-1", "method": "rid", "ctr": 1, "rids": []}], "abc", Verdict.REVOCATION_UNKNOWN),
            (2, [{"kid": "key-1", "method": "rid", "ctr": 1, "rids": ["abc"]}], "abc", Verdict.REVOKED),
            (1, [{"kid": "key-1", "method": "no", "ctr": 1, "rids": []}], None, Verdict.REVOCATION_UNKNOWN),
            (
                1,
                [{"kid": "key-1", "method": "rid", "ctr": 1, "rids": []}] * 2,
                None,
                Verdict.REVOCATION_UNKNOWN,
            ),
        ],
    )
    def test_a_key_with_a_list_needs_it_whole_and_of_its_version(
        self, version: int, documents: list[object], rid: str | None, verdict: Verdict
    ) -> None:
        jwks = json.dumps({"keys": [SIGNER.jwk(crlVersion=version)]}).encode()
        trust = Trust.of({"jwks.json": jwks}, issuer=ISSUER)

        assert check(card(SIGNER, rid=rid), trust=trust, revoked=lists(*documents)).verdict is verdict


class TestCards:
    def test_a_card_says_whose_it_is_and_what_happened(self) -> None:
        checked = check("shc:/" + digits(card(SIGNER)), trust=CARDS)

        assert (checked.verdict, checked.format, checked.issuer) == (Verdict.VALID, Format.SHC, ISSUER)
        assert checked.issued_at == ISSUED
        assert checked.content is not None
        assert checked.content.subject.name == "Ada Muster"
        (said,) = checked.content.statements
        assert (said.kind, said.on, said.outcome) == (Kind.TEST, "2022-04-30", "NEGATIVE")

    @pytest.mark.parametrize(
        ("more", "verdict"),
        [
            ({"iss": "https://cards.example/other"}, Verdict.WRONG_ISSUER),
            ({"iss": "https://cards.example/issuer/"}, Verdict.WRONG_ISSUER),
            ({"iss": "http://cards.example/issuer"}, Verdict.WRONG_ISSUER),
            ({"kid": "key-2"}, Verdict.UNKNOWN_KEY),
            ({"nbf": NOW.timestamp() + 1}, Verdict.NOT_YET_VALID),
            ({"nbf": NOW.timestamp() * 1000}, Verdict.NOT_YET_VALID),
            ({"exp": NOW.timestamp()}, Verdict.EXPIRED),
            ({"exp": EXPIRES.timestamp() * 1000}, Verdict.EXPIRED),
            ({"nbf": ISSUED.timestamp() * 1000}, Verdict.NOT_YET_VALID),
            ({"vc": {"type": [], "credentialSubject": {}}}, Verdict.MALFORMED),
            ({"rid": "a rid"}, Verdict.MALFORMED),
            ({"packed": b"{}"}, Verdict.UNREADABLE),
        ],
    )
    def test_a_card_is_refused(self, more: dict[str, Any], verdict: Verdict) -> None:
        assert check(card(SIGNER, **more), trust=CARDS).verdict is verdict

    def test_a_key_of_one_issuer_signs_for_no_other(self) -> None:
        directory = {
            "issuerInfo": [
                {"issuer": {"iss": "https://a.example"}, "keys": [SIGNER.jwk("a")]},
                {"issuer": {"iss": "https://b.example"}, "keys": [Signer().jwk("b")]},
            ]
        }
        trust = Trust.of({"directory.json": json.dumps(directory).encode()})

        assert check(card(SIGNER, iss="https://a.example", kid="a"), trust=trust).valid
        other = check(card(SIGNER, iss="https://b.example", kid="a"), trust=trust)
        assert other.verdict is Verdict.UNKNOWN_KEY

    def test_what_one_issuer_revokes_is_its_own(self) -> None:
        crl = {"kid": "a", "method": "rid", "ctr": 1, "rids": ["gone"]}
        for owner, verdict in (("https://a.example", Verdict.REVOKED), ("https://b.example", Verdict.VALID)):
            directory = {
                "issuerInfo": [
                    {"issuer": {"iss": "https://a.example"}, "keys": [SIGNER.jwk("a")]},
                    {"issuer": {"iss": owner}, "keys": [], "crls": [crl]},
                ]
            }
            trust = Trust.of({"directory.json": json.dumps(directory).encode()})
            code = card(SIGNER, iss="https://a.example", kid="a", rid="gone")

            assert check(code, trust=trust, revoked=lists(directory)).verdict is verdict

    def test_a_folder_laid_out_as_the_web_says_whose_its_keys_are(self) -> None:
        keys = json.dumps({"keys": [SIGNER.jwk()]}).encode()
        trust = Trust.of({"cards.example/issuer/.well-known/jwks.json": keys})

        assert check(card(SIGNER), trust=trust).valid
        assert check(card(SIGNER, iss="https://b.example"), trust=trust).verdict is Verdict.WRONG_ISSUER

    @pytest.mark.parametrize(
        ("beside", "vouched"),
        [
            ({}, False),
            ({"other.json": [OTHER.jwk("b")]}, True),
            ({"b.example/.well-known/jwks.json": [OTHER.jwk("b")]}, True),
            ({"https%3A%2F%2Fb.example%2Fissuer.json": [OTHER.jwk("b")]}, True),
        ],
    )
    def test_keys_nobody_says_the_issuer_of_vouch_for_a_card_only_alone_and_if_somebody_vouches(
        self, beside: dict[str, list[object]], *, vouched: bool
    ) -> None:
        files = {"jwks.json": json.dumps({"keys": [SIGNER.jwk()]}).encode(), "signer.pem": PEM}
        for iss in (ISSUER, "https://b.example/issuer"):
            assert check(card(SIGNER, iss=iss), trust=Trust.of(files)).valid

        files |= {path: json.dumps({"keys": keys}).encode() for path, keys in beside.items()}
        trust = Trust.of(files, vouched=vouched)

        assert check(card(SIGNER, iss="https://b.example/issuer"), trust=trust).valid is False
        assert check(card(SIGNER), trust=trust).verdict is Verdict.WRONG_ISSUER
        assert "jwks.json" in trust.unsaid
        assert check(card(SIGNER), trust=Trust.of(files, issuer=ISSUER)).valid
        files.pop("signer.pem")
        if not any("b.example" in path for path in beside):
            with pytest.raises(IssuersUnsaid):
                Trust.of(files, vouched=vouched)

    def test_a_file_is_called_by_the_issuer_whose_keys_are_in_it(self) -> None:
        keys = json.dumps({"keys": [SIGNER.jwk()]}).encode()
        other = json.dumps({"keys": [OTHER.jwk()]}).encode()
        trust = Trust.of(
            {
                "https%3A%2F%2Fcards.example%2Fissuer.json": keys,
                "keys/https%3a%2f%2Fb.example.json": other,
            }
        )

        assert check(card(SIGNER), trust=trust).valid
        assert check(card(OTHER, iss="https://b.example"), trust=trust).valid
        assert check(card(OTHER), trust=trust).verdict is Verdict.BAD_SIGNATURE
        assert check(card(SIGNER, iss="https://c.example"), trust=trust).verdict is Verdict.WRONG_ISSUER

    def test_chunks_are_joined_if_all_are_there(self) -> None:
        whole = digits(card(SIGNER))
        half = len(whole) // 4 * 2
        first, second = f"shc:/1/2/{whole[:half]}", f"shc:/2/2/{whole[half:]}"

        for text in (f"{first}\n{second}", f"{second}\n{first}"):
            checked = check(text, trust=CARDS)
            assert checked.valid
            assert checked.warnings == (shc.CHUNKS_DEPRECATED,)
        third = second.replace("/2/2/", "/3/2/")
        for text in (first, second, f"{first}\n{first}", f"{first}\n{third}", f"{first}\n{second}\n{second}"):
            assert check(text, trust=CARDS).verdict is Verdict.UNREADABLE

    def test_several_cards_are_as_good_as_the_worst(self) -> None:
        def file(*cards: str) -> str:
            return json.dumps({"verifiableCredential": cards})

        assert check(file(card(SIGNER), card(SIGNER)), trust=CARDS).valid
        late = check(file(card(SIGNER), card(SIGNER, exp=1.0)), trust=CARDS)
        assert late.verdict is Verdict.EXPIRED
        for text in (file(), file(card(SIGNER)) + " ", file(card(SIGNER), "x")):
            assert check(text, trust=CARDS).verdict is Verdict.UNREADABLE


class TestTrust:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"{}",
            b"[]",
            b'{"keys": []}',
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        ],
    )
    def test_what_holds_no_key_is_no_trust(self, content: bytes) -> None:
        with pytest.raises(TrustUnreadable):
            Trust.of({"x": content})

    @pytest.mark.parametrize(
        "change", [{"use": "enc"}, {"crv": "P-384"}, {"alg": "ES384"}, {"x": "AAAA"}, {"x5c": ["AAAA"]}]
    )
    def test_a_key_for_something_else_is_passed_over(self, change: dict[str, object]) -> None:
        with pytest.raises(TrustUnreadable):
            Trust.of({"x": json.dumps(SIGNER.jwk() | change).encode()})

    def test_a_key_must_be_the_one_its_certificate_is_of(self) -> None:
        x5c = ["".join(PEM.decode().splitlines()[1:-1])]

        assert Trust.of({"x": json.dumps(SIGNER.jwk(x5c=x5c)).encode()}).issuers
        with pytest.raises(TrustUnreadable):
            Trust.of({"x": json.dumps(Signer().jwk(x5c=x5c)).encode()})

    def test_a_key_of_one_format_signs_nothing_of_another(self) -> None:
        x5c = ["".join(PEM.decode().splitlines()[1:-1])]
        name = b64encode(KID).decode()
        did = {
            "id": "did:web:passes.example",
            "assertionMethod": [f"did:web:passes.example#{name}"],
            "verificationMethod": [
                {
                    "id": f"did:web:passes.example#{name}",
                    "controller": "did:web:passes.example",
                    "publicKeyJwk": SIGNER.jwk(x5c=x5c),
                }
            ],
        }
        for document in ({"keys": [SIGNER.jwk(name, x5c=x5c)]}, did):
            trust = Trust.of({"x": json.dumps(document).encode()}, issuer=ISSUER)
            assert trust.signers == {}
            assert check(dcc_code(SIGNER, KID), trust=trust).verdict is Verdict.UNKNOWN_KEY
        assert check(card(SIGNER), trust=TRUST).verdict is Verdict.WRONG_ISSUER

    def test_whos_list_names_keys_as_hc1_does(self) -> None:
        did = {
            "id": "did:web:trust.example",
            "verificationMethod": [
                {"id": "did:web:trust.example#MTIzNDU2N%2F8%3D", "publicKeyJwk": SIGNER.jwk()},
            ],
        }
        trust = Trust.of({"did.json": json.dumps(did).encode()})

        (kid,) = trust.signers
        assert check(dcc_code(SIGNER, kid), trust=trust).valid
        assert not trust.controllers

    def test_what_holds_no_key_beside_one_that_does_is_passed_over(self) -> None:
        assert Trust.of({"signer.pem": PEM, "README.md": b"# Keys"}).signers_named(KID)


class TestPasses:
    TRUST: Final = Trust.of({"did.json": (VECTORS / "nzcp/valid/did.json").read_bytes()})
    CLOCK: Final = datetime(2021, 11, 10, tzinfo=UTC)

    def test_the_pass_of_the_specification_is_good(self) -> None:
        checked = check((VECTORS / "nzcp/valid/nzcp.txt").read_text(), trust=self.TRUST, at=self.CLOCK)

        assert (checked.verdict, checked.format) == (Verdict.VALID, Format.NZCP)
        assert checked.issuer == "did:web:nzcp.covid19.health.nz"
        assert checked.content is not None
        assert (checked.content.subject.name, checked.content.subject.birth_date) == (
            "Jack Sparrow",
            "1960-04-16",
        )
        assert checked.content.document["jti"] == "urn:uuid:60a4f54d-4e30-4332-be33-ad78b1eafa4b"

    @pytest.mark.parametrize(
        ("file", "verdict"),
        [
            ("nzcp-modified-payload", Verdict.BAD_SIGNATURE),
            ("nzcp-not-associated-public-key", Verdict.UNKNOWN_KEY),
            ("nzcp-notactive-payload", Verdict.NOT_YET_VALID),
        ],
    )
    def test_those_that_are_not_are_not(self, file: str, verdict: Verdict) -> None:
        code = (VECTORS / "nzcp/invalid" / f"{file}.txt").read_text()

        assert check(code, trust=self.TRUST, at=self.CLOCK).verdict is verdict

    @pytest.mark.parametrize("way", ["relative", "embedded", "embedded alone"])
    def test_a_key_for_assertions_may_stand_there_itself_or_by_a_relative_name(self, way: str) -> None:
        did = json.loads((VECTORS / "nzcp/valid/did.json").read_text())
        (method,) = did["verificationMethod"]
        method["id"] = "#key-1"
        did["assertionMethod"] = ["#key-1"] if way == "relative" else [method]
        if way == "embedded":
            did["verificationMethod"] = []
        elif way == "embedded alone":
            del did["verificationMethod"]
        text = (VECTORS / "nzcp/valid/nzcp.txt").read_text()

        assert check(text, trust=Trust.of({"did.json": json.dumps(did).encode()}), at=self.CLOCK).valid
        method["controller"] = "did:web:other.example"
        with pytest.raises(TrustUnreadable):
            Trust.of({"did.json": json.dumps(did).encode()})

    def test_a_key_that_is_not_for_assertions_asserts_nothing(self) -> None:
        did = json.loads((VECTORS / "nzcp/valid/did.json").read_text())
        did["assertionMethod"] = []

        with pytest.raises(TrustUnreadable):
            Trust.of({"did.json": json.dumps(did).encode()})

    @pytest.mark.parametrize(
        ("change", "verdict"),
        [
            ({}, Verdict.VALID),
            ({1: "did:web:other.example"}, Verdict.WRONG_ISSUER),
            ({4: int(NOW.timestamp())}, Verdict.EXPIRED),
            ({4: None}, Verdict.MALFORMED),
            ({7: b"short"}, Verdict.MALFORMED),
            ({"vc": {}}, Verdict.MALFORMED),
        ],
    )
    def test_a_pass_is_all_that_a_pass_must_be(self, change: dict[Any, Any], verdict: Verdict) -> None:
        text, did = nz_pass(SIGNER, change)

        assert check(text, trust=Trust.of({"did.json": did})).verdict is verdict


class TestTheDesk:
    def test_a_code_seen_before_is_told_from_memory_until_it_turns(self) -> None:
        desk = foreign.Desk(TRUST)
        code = dcc_code(SIGNER, KID)

        first = desk.verify(code, at=NOW)
        assert first.valid
        assert desk.verify(code, at=NOW + timedelta(days=1)) is first
        assert desk.verify(code, at=EXPIRES).valid
        assert desk.verify(code, at=EXPIRES + timedelta(seconds=1)).verdict is Verdict.EXPIRED
        assert desk.verify(code, at=ISSUED - timedelta(days=1)).verdict is Verdict.NOT_YET_VALID
        assert desk.verify(code, at=NOW).valid

    def test_a_signers_term_ends_a_memory_too(self) -> None:
        pem = SIGNER.certificate(ends=NOW + timedelta(days=1))
        desk = foreign.Desk(Trust.of({"signer.pem": pem}))
        code = dcc_code(SIGNER, kid_of(pem))

        assert desk.verify(code, at=NOW).valid
        assert desk.verify(code, at=NOW + timedelta(days=2)).verdict is Verdict.KEY_EXPIRED
        assert desk.verify(code, at=NOW).valid

    def test_a_desk_remembers_so_many_and_no_more(self) -> None:
        desk = foreign.Desk(TRUST, most=2)
        codes = [dcc_code(SIGNER, KID) for _ in range(3)]
        first, second, third = (desk.verify(code, at=NOW) for code in codes)

        assert desk.verify(codes[2], at=NOW) is third
        assert desk.verify(codes[1], at=NOW) is second
        assert desk.verify(codes[0], at=NOW) is not first

    @given(st.integers(-10, 700).map(lambda days: ISSUED + timedelta(days=days)))
    def test_memory_changes_no_verdict(self, at: datetime) -> None:
        assert DESK.verify(CODE, at=at) == check(CODE, at=at)


CODE: Final = dcc_code(SIGNER, KID)
DESK: Final = foreign.Desk(TRUST)


@pytest.mark.parametrize("file", sorted((VECTORS / "shc/testdata").glob("*")), ids=lambda file: file.name)
def test_of_the_published_cards_those_are_good_that_can_be(file: Path) -> None:
    if file.is_dir():
        return
    trust = Trust.of({"jwks.json": (VECTORS / "shc/spec-issuer-jwks.json").read_bytes()})

    checked = check(file.read_text("utf-8").strip("\r\n"), trust=trust, at=datetime(2022, 5, 31, tzinfo=UTC))

    expected, warnings = PUBLISHED.get(file.name, (Verdict.UNREADABLE, ()))
    assert (checked.verdict, checked.warnings) == (expected, warnings)


# What is not listed is no signed card, or none that can be read: bundles and payloads nobody signed, links,
# key sets, single chunks, and what is broken in its form.
PUBLISHED: Final[dict[str, tuple[Verdict, tuple[str, ...]]]] = {
    "test-example-00-fhirhealthcard.json": (Verdict.VALID, ()),
    "test-example-00-fhirhealthcard-multi-jws.json": (Verdict.VALID, ()),
    "test-example-00-fhirhealthcard-with-resource-link.json": (Verdict.VALID, ()),
    # Upstream warns of the name of the file, which is not what we are given.
    "test-example-00-e-file.wrong-extension": (Verdict.VALID, ()),
    # Upstream warns of a single chunk written as one of one.
    "test-example-00-f-qr-code-numeric-value-0-wrong-multi-chunk.txt": (
        Verdict.VALID,
        (shc.CHUNKS_DEPRECATED,),
    ),
    "test-example-00-d-jws-der-signature.txt": (Verdict.BAD_SIGNATURE, ()),
    "test-example-00-d-jws-der-signature-r-neg.txt": (Verdict.BAD_SIGNATURE, ()),
    "test-example-00-d-jws-der-signature-s-neg.txt": (Verdict.BAD_SIGNATURE, ()),
    "test-example-00-d-jws-issuer-kid-mismatch.txt": (Verdict.UNKNOWN_KEY, ()),
    "test-example-00-d-jws-wrong_jws_header_kid.txt": (Verdict.UNKNOWN_KEY, ()),
    "test-example-00-e-file-bad_jwks.smart-health-card": (Verdict.WRONG_ISSUER, ()),
    "test-example-00-e-file-invalid_issuer_url.smart-health-card": (Verdict.WRONG_ISSUER, ()),
    "test-example-00-e-file-issuer_url_with_trailing_slash.smart-health-card": (Verdict.WRONG_ISSUER, ()),
}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("invalid-method", "too-long-rid"),
        ("duplicate-rid", "too-long-rid"),
        ("version-mismatch", "too-long-rid"),
    ],
)
def test_a_published_card_with_a_bad_list_is_refused(name: str, keys: str) -> None:
    folder = VECTORS / "shc/testdata/badcrl"
    (card_file,) = (folder / name).glob("*.txt")
    (bad,) = (folder / keys / ".well-known/crl").glob("*.json")
    site = (
        "https://raw.githubusercontent.com/smart-on-fhir/health-cards-dev-tools/main/testdata/badcrl/" + name
    )
    trust = Trust.of({"jwks.json": (folder / keys / ".well-known/jwks.json").read_bytes()}, issuer=site)

    checked = check(
        card_file.read_text(),
        trust=trust,
        at=datetime(2022, 5, 31, tzinfo=UTC),
        revoked=Revocations.of({"crl.json": bad.read_bytes()}),
    )

    assert checked.verdict is Verdict.REVOCATION_UNKNOWN
