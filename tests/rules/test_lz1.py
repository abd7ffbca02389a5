"""The code on the screen: small, canonical, and worthless once a single bit is wrong."""

import hashlib
import json
import random
import time
import tracemalloc
from base64 import urlsafe_b64decode
from pathlib import Path

import cbor2
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st
from pycose.algorithms import Es256
from pycose.headers import KID, Algorithm
from pycose.keys.curves import P256
from pycose.keys.ec2 import EC2Key
from pycose.keys.keyparam import KpKid
from pycose.messages.sign1message import Sign1Message

from miniapp_schemas import base45
from tests.codes import KEY, KEYS, NOW, OTHER_KEY, envelope
from wallet.codec.errors import CodecError, KeyUnknown, Tampered, Unreadable
from wallet.codec.keys import SigningKey, VerifyingKey
from wallet.codec.lz1 import (
    Envelope,
    looks_signed,
    mint,
    mint_opaque,
    presentation_id,
    read,
    read_opaque,
    take_apart,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "cose"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

numbers = st.integers(0, 2**53 - 1)
envelopes = st.builds(
    lambda begins, lasts, **rest: Envelope(issued_at=begins, expires_at=begins + lasts, **rest),
    begins=st.integers(2**16, 2**31),
    lasts=st.integers(0, 2**30),
    issuer=numbers,
    token_id=st.binary(min_size=8, max_size=16),
    status=st.none() | st.tuples(numbers, numbers),
    scene=numbers,
    type=numbers,
    claims=st.dictionaries(numbers, st.integers(-(2**53), 2**53 - 1) | st.text(max_size=20), max_size=23),
)


def cose_of(text: str) -> bytes:
    return base45.decode(text.removeprefix("LZ1:"))


def text_of(cose: bytes) -> str:
    return "LZ1:" + base45.encode(cose)


def signed(payload: bytes, *, protected: bytes | None = None, key: SigningKey = KEY) -> str:
    """Any payload, signed as it should be: what a careless or hostile signer could make."""
    protected = cbor2.dumps({1: -7, 4: key.kid}) if protected is None else protected
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    signature = key.sign(message)
    s = int.from_bytes(signature[32:], "big")
    signature = signature[:32] + min(s, ORDER - s).to_bytes(32, "big")
    return text_of(cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])))


def claims_set(**changes: object) -> dict[int, object]:
    plain: dict[int, object] = {
        1: 1,
        4: NOW + 90,
        6: NOW,
        7: bytes(12),
        65535: [1, 70_000],
        -70001: [1, 1, {1: 1234, 4: "张小明"}],
    }
    return plain | {int(key.removeprefix("_").replace("m", "-")): value for key, value in changes.items()}


class TestRoundTrip:
    @given(envelopes)
    def test_what_is_minted_is_read(self, shown: Envelope) -> None:
        assert read(mint(shown, key=KEY), keys=KEYS) == shown

    def test_the_payload_is_a_cwt_in_deterministic_cbor(self) -> None:
        cose = cbor2.loads(cose_of(mint(envelope(), key=KEY)))
        assert cose.tag == 18
        protected, unprotected, payload, _ = cose.value
        assert cbor2.loads(protected) == {1: -7, 4: KEY.kid}
        assert unprotected == {}
        claims = {1: 1234, 4: "张小明", 8: 7000, 9: 1}
        assert cbor2.loads(payload) == {
            1: 1,
            4: NOW + 90,
            6: NOW,
            7: bytes(range(12)),
            65535: [1, 700_000],
            -70001: [1, 1, claims],
        }
        assert payload == cbor2.dumps(cbor2.loads(payload), canonical=True)

    def test_without_a_status_there_is_no_status_claim(self) -> None:
        text = mint(envelope(status=None), key=KEY)
        assert 65535 not in cbor2.loads(cbor2.loads(cose_of(text)).value[2])
        assert read(text, keys=KEYS).status is None

    @pytest.mark.parametrize("length", range(2, 9))
    def test_kids_of_two_to_eight_bytes_are_read(self, length: int) -> None:
        kid = bytes(range(length))
        key = SigningKey.from_pem(KEY.to_pem())
        key.kid = kid
        assert read(mint(envelope(), key=key), keys={kid: key.public}) == envelope()

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": -1},
            {"issuer": 2**53},
            {"token_id": bytes(7)},
            {"token_id": bytes(17)},
            {"expires_at": NOW - 1},
            {"issued_at": 0},
            {"expires_at": 2**32},
            {"scene": -1},
            {"claims": dict.fromkeys(range(24), 0)},
            {"claims": {-1: 0}},
            {"claims": {1: 2**53}},
            {"claims": {1: "\ud800"}},
            {"claims": {1: "长" * 2000}},
        ],
    )
    def test_nothing_is_minted_that_could_not_be_read(self, changes: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"."):
            mint(envelope(**changes), key=KEY)


class TestSize:
    @pytest.mark.parametrize("name", ["张伟", "张小明", "欧阳"])
    def test_four_claims_of_an_id_card_fit_150_bytes_and_qr_version_9(self, name: str) -> None:
        text = mint(envelope(claims={1: 10_999, 4: name, 8: -15_000, 9: 2}), key=KEY)
        assert len(cose_of(text)) <= 150
        code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
        code.add_data(text)
        code.make(fit=True)
        assert code.version is not None
        assert code.version <= 9

    def test_an_opaque_code_is_version_2(self) -> None:
        code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
        code.add_data(mint_opaque(bytes(range(16))))
        code.make(fit=True)
        assert code.version == 2


class TestTampering:
    def test_every_changed_bit_is_refused(self) -> None:
        cose = cose_of(mint(envelope(), key=KEY))
        for at in range(len(cose)):
            for bit in range(8):
                flipped = bytearray(cose)
                flipped[at] ^= 1 << bit
                with pytest.raises(CodecError):
                    read(text_of(bytes(flipped)), keys=KEYS)

    def test_every_changed_character_is_refused(self) -> None:
        text = mint(envelope(), key=KEY)
        chance = random.Random(1)
        for at in range(len(text)):
            others = [*chance.sample(ALPHABET, 6), text[at].lower(), "０", "\n", "\0", ""]
            for other in others:
                changed = text[:at] + other + text[at + 1 :]
                if changed == text:
                    continue
                with pytest.raises(CodecError):
                    read(changed, keys=KEYS)

    def test_every_byte_left_out_or_doubled_is_refused(self) -> None:
        cose = cose_of(mint(envelope(), key=KEY))
        for at in range(len(cose)):
            for other in (cose[:at], cose[:at] + cose[at + 1 :], cose[: at + 1] + cose[at:]):
                with pytest.raises(CodecError):
                    read(text_of(other), keys=KEYS)

    def test_the_second_signature_that_verifies_is_refused(self) -> None:
        # (r, n - s) verifies wherever (r, s) does.
        cose = cose_of(mint(envelope(), key=KEY))
        twin = (ORDER - int.from_bytes(cose[-32:], "big")).to_bytes(32, "big")
        message = cbor2.dumps(["Signature1", cbor2.loads(cose).value[0], b"", cbor2.loads(cose).value[2]])
        assert KEY.public.verify(message, cose[-64:-32] + twin)
        with pytest.raises(Tampered):
            read(text_of(cose[:-32] + twin), keys=KEYS)

    @pytest.mark.parametrize("s", [0, ORDER, ORDER - 1, 2**256 - 1])
    @pytest.mark.parametrize("r", [0, ORDER, 2**256 - 1])
    def test_signatures_out_of_range_are_refused(self, r: int, s: int) -> None:
        cose = cose_of(mint(envelope(), key=KEY))
        with pytest.raises(Tampered):
            read(text_of(cose[:-64] + r.to_bytes(32, "big") + s.to_bytes(32, "big")), keys=KEYS)

    def test_a_code_of_another_key_names_the_key(self) -> None:
        with pytest.raises(KeyUnknown) as refusal:
            read(mint(envelope(), key=OTHER_KEY), keys=KEYS)
        assert refusal.value.kid == OTHER_KEY.kid

    def test_a_code_under_a_borrowed_kid_is_tampered(self) -> None:
        thief = SigningKey.from_pem(OTHER_KEY.to_pem())
        thief.kid = KEY.kid
        with pytest.raises(Tampered):
            read(mint(envelope(), key=thief), keys=KEYS)

    def test_two_codes_of_one_envelope_differ_only_in_the_signature(self) -> None:
        first, second = (cose_of(mint(envelope(), key=KEY)) for _ in range(2))
        assert first[:-64] == second[:-64]


class TestStrictness:
    """Signed by the right key, and still not a code of ours."""

    @pytest.mark.parametrize(
        "protected",
        [
            cbor2.dumps({1: -8, 4: KEY.kid}),
            cbor2.dumps({1: -35, 4: KEY.kid}),
            cbor2.dumps({4: KEY.kid}),
            cbor2.dumps({1: -7}),
            cbor2.dumps({4: KEY.kid, 1: -7}),
            cbor2.dumps({1: -7, 4: KEY.kid, 3: 0}),
            cbor2.dumps({1: -7, 4: KEY.kid.hex()}),
            cbor2.dumps({1: -7, 4: KEY.kid[:1]}),
            cbor2.dumps({1: -7, 4: KEY.kid + bytes(5)}),
            cbor2.dumps({1: "ES256", 4: KEY.kid}),
            b"\xa2\x01\x38\x06\x04\x44" + KEY.kid,
            b"",
        ],
    )
    def test_other_protected_headers(self, protected: bytes) -> None:
        good = cbor2.dumps(claims_set(), canonical=True)
        assert read(signed(good), keys=KEYS).claims == {1: 1234, 4: "张小明"}
        with pytest.raises(Unreadable):
            read(signed(good, protected=protected), keys=KEYS)

    def test_anything_unprotected(self) -> None:
        cose = cose_of(mint(envelope(), key=KEY))
        parts = cbor2.loads(cose).value
        others: tuple[object, ...] = ({4: KEY.kid}, {"x": 0}, [], None)
        for unprotected in others:
            other = cbor2.dumps(cbor2.CBORTag(18, [parts[0], unprotected, parts[2], parts[3]]))
            with pytest.raises(Unreadable):
                read(text_of(other), keys=KEYS)

    @pytest.mark.parametrize("wrap", [lambda c: c.value, lambda c: cbor2.CBORTag(17, c.value)])
    def test_another_tag_or_none(self, wrap: object) -> None:
        cose = cbor2.loads(cose_of(mint(envelope(), key=KEY)))
        with pytest.raises(Unreadable):
            read(text_of(cbor2.dumps(wrap(cose))), keys=KEYS)  # type: ignore[operator]

    def test_a_cwt_tag_around_it(self) -> None:
        cose = cose_of(mint(envelope(), key=KEY))
        for outer in (b"\xd8\x3d" + cose, b"\xd2" + cose, b"\xd9\xd9\xf7" + cose):
            with pytest.raises(Unreadable):
                read(text_of(outer), keys=KEYS)

    @pytest.mark.parametrize(
        "changes",
        [
            {"_1": "1"},
            {"_1": -1},
            {"_1": 2**53},
            {"_4": NOW - 1},
            {"_4": 2**32},
            {"_4": float(NOW)},
            {"_6": 65_535},
            {"_6": True},
            {"_7": bytes(7)},
            {"_7": bytes(17)},
            {"_7": "0" * 12},
            {"_65535": [1]},
            {"_65535": [1, 2, 3]},
            {"_65535": [1, "2"]},
            {"_65535": {"idx": 1}},
            {"m70001": [1, 1]},
            {"m70001": [1, 1, []]},
            {"m70001": [1, 1, {"name": "x"}]},
            {"m70001": [1, 1, {-1: 0}]},
            {"m70001": [1, 1, {1: b"x"}]},
            {"m70001": [1, 1, {1: True}]},
            {"m70001": [1, 1, {1: 1.5}]},
            {"m70001": [1, 1, {1: None}]},
            {"m70001": [1, 1, {1: [[[[]]]]}]},
            {"m70001": [1, 1, {1: 2**53}]},
            {"m70001": [1, 1, {1: -(2**53) - 1}]},
            {"m70001": [1, 1, dict.fromkeys(range(24), 0)]},
            {"m70001": [1, 1, {1: cbor2.CBORTag(35, "(a+)+")}]},
            {"_8": 0},
            {"m70002": 0},
        ],
    )
    def test_other_payloads(self, changes: dict[str, object]) -> None:
        with pytest.raises(Unreadable):
            read(signed(cbor2.dumps(claims_set(**changes), canonical=True)), keys=KEYS)

    def test_claims_missing_or_out_of_order(self) -> None:
        whole = claims_set()
        for left_out in (1, 4, 6, 7, -70001):
            rest = {key: value for key, value in whole.items() if key != left_out}
            with pytest.raises(Unreadable):
                read(signed(cbor2.dumps(rest, canonical=True)), keys=KEYS)
        turned = dict(reversed(whole.items()))
        with pytest.raises(Unreadable):
            read(signed(cbor2.dumps(turned)), keys=KEYS)

    def test_one_claim_twice(self) -> None:
        payload = cbor2.dumps(claims_set(m70001=[1, 1, {1: 5, 2: 6}]), canonical=True)
        assert payload.endswith(b"\xa2\x01\x05\x02\x06")
        with pytest.raises(Unreadable):
            read(signed(payload[:-5] + b"\xa2\x01\x05\x01\x06"), keys=KEYS)

    def test_a_number_longer_than_it_need_be(self) -> None:
        payload = cbor2.dumps(claims_set(m70001=[1, 1, {1: 5}]), canonical=True)
        with pytest.raises(Unreadable):
            read(signed(payload[:-1] + b"\x18\x05"), keys=KEYS)

    def test_bytes_after_the_payload_or_too_few(self) -> None:
        payload = cbor2.dumps(claims_set(), canonical=True)
        for other in (payload + b"\x00", payload[:-1], payload[:-4], b"", b"\xa6"):
            with pytest.raises(Unreadable):
                read(signed(other), keys=KEYS)


class TestHostileText:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "LZ1:",
            "LZ1",
            "lz1:BB8",
            "HC1:BB8",
            "LZ2:BB8",
            " LZ1:BB8",
            "LZ1:BB8",
            "https://example.test/",
            "LZ1:" + "0" * 2044,
        ],
    )
    def test_other_texts_are_unreadable(self, text: str) -> None:
        with pytest.raises(Unreadable):
            read(text, keys=KEYS)

    def test_a_megabyte_costs_nothing(self) -> None:
        text = "LZ1:" + "0" * (1 << 20)
        tracemalloc.start()
        began = time.perf_counter()
        with pytest.raises(Unreadable):
            read(text, keys=KEYS)
        took = time.perf_counter() - began
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < 0.05
        assert peak < 1 << 16

    @given(st.binary(max_size=300))
    def test_noise_is_refused_and_nothing_else_happens(self, noise: bytes) -> None:
        with pytest.raises(CodecError):
            read(text_of(noise), keys=KEYS)

    @given(st.binary(max_size=200))
    def test_signed_noise_too(self, noise: bytes) -> None:
        with pytest.raises(Unreadable):
            read(signed(noise), keys=KEYS)

    @given(st.text(max_size=400))
    def test_any_text_is_refused_and_nothing_else_happens(self, text: str) -> None:
        with pytest.raises(Unreadable):
            read(text, keys=KEYS)
        with pytest.raises(CodecError):
            read("LZ1:" + text, keys=KEYS)


class TestOthers:
    """An independent COSE library reads ours, and we read its own."""

    def their_key(self) -> EC2Key:
        x, y, d = (urlsafe_b64decode(KEY.to_jwk()[part] + "=") for part in ("x", "y", "d"))
        return EC2Key(crv=P256, x=x, y=y, d=d, optional_params={KpKid: KEY.kid})

    def decoded(self, cose: bytes) -> Sign1Message:
        # Sign1Message.decode wants a list and a dict where the cbor2 of today gives a tuple and a frozendict.
        protected, unprotected, payload, signature = cbor2.loads(cose).value
        message = Sign1Message.from_cose_obj(
            [protected, dict(unprotected), payload, signature], allow_unknown_attributes=False
        )
        message.key = self.their_key()
        return message

    def test_pycose_verifies_ours(self) -> None:
        message = self.decoded(cose_of(mint(envelope(), key=KEY)))
        assert message.verify_signature()
        assert message.phdr[KID] == KEY.kid
        assert message.phdr[Algorithm] is Es256
        assert cbor2.loads(message.payload or b"")[-70001][2][4] == "张小明"

    def test_pycose_refuses_ours_once_changed(self) -> None:
        cose = bytearray(cose_of(mint(envelope(), key=KEY)))
        cose[40] ^= 1
        message = self.decoded(bytes(cose))
        assert not message.verify_signature()

    def test_we_read_what_pycose_signs(self) -> None:
        payload = cbor2.dumps(claims_set(), canonical=True)
        theirs = b""
        while not theirs or theirs[-32:] > (ORDER // 2).to_bytes(32, "big"):  # every other s is too large
            message = Sign1Message(phdr={Algorithm: Es256, KID: KEY.kid}, payload=payload)
            message.key = self.their_key()
            theirs = message.encode()
        assert read(text_of(theirs), keys=KEYS).claims == {1: 1234, 4: "张小明"}

    @pytest.mark.parametrize(
        ("name", "verdict"), [("CWT_A_3", True), ("sign-pass-01", True), ("sign-fail-02", False)]
    )
    def test_the_cose_working_groups_examples(self, name: str, verdict: bool) -> None:  # noqa: FBT001
        example = json.loads((VECTORS / f"{name}.json").read_text())
        key = example["input"]["sign0"]["key"]
        if "x_hex" in key:
            x, y = (bytes.fromhex(key[part]) for part in ("x_hex", "y_hex"))
            public = VerifyingKey.from_cose({1: 2, -1: 1, -2: x, -3: y})
        else:
            public = VerifyingKey.from_jwk({part: key[part] for part in ("kty", "crv", "x", "y")})
        protected, _, payload, signature = cbor2.loads(bytes.fromhex(example["output"]["cbor"])).value
        if protected == b"\xa0":  # RFC 9052 §4.4: an empty map is signed as no bytes
            protected = b""
        message = cbor2.dumps(["Signature1", protected, b"", payload])
        assert public.verify(message, signature) is verdict
        assert (message.hex().upper() == example["intermediates"]["ToBeSign_hex"]) is verdict

    @pytest.mark.parametrize("name", ["CWT_A_3", "sign-pass-01", "sign-fail-02"])
    def test_other_peoples_cose_is_not_a_code_of_ours(self, name: str) -> None:
        cose = bytes.fromhex(json.loads((VECTORS / f"{name}.json").read_text())["output"]["cbor"])
        with pytest.raises(Unreadable):
            read(text_of(cose), keys=KEYS)


class TestOpaque:
    @given(st.binary(min_size=16, max_size=16))
    def test_what_is_minted_is_read(self, secret: bytes) -> None:
        text = mint_opaque(secret)
        assert len(text) == 28
        assert read_opaque(text) == secret
        assert not looks_signed(text)

    def test_every_changed_character_is_another_code_or_none(self) -> None:
        text = mint_opaque(bytes(range(16)))
        seen = {text}
        for at in range(len(text)):
            for other in ALPHABET + "abc０\n":
                changed = text[:at] + other + text[at + 1 :]
                if changed != text and (secret := read_opaque(changed)) is not None:
                    assert mint_opaque(secret) == changed
                    seen.add(changed)
        assert len(seen) > 600

    @pytest.mark.parametrize(
        "text", ["", "LZ", "LZ1:BB8", "LZ" + "A" * 25, "LZ" + "A" * 27, "LZ" + "=" * 26, "LZ" + "é" * 26]
    )
    def test_any_other_text_is_none(self, text: str) -> None:
        assert read_opaque(text) is None

    @pytest.mark.parametrize("length", [0, 15, 17])
    def test_it_takes_sixteen_bytes(self, length: int) -> None:
        with pytest.raises(ValueError, match="16 bytes"):
            mint_opaque(bytes(length))


class TestParts:
    """What may be looked at before the signature is."""

    @given(envelopes)
    def test_key_and_token_id_are_found_wherever_they_stand(self, shown: Envelope) -> None:
        parts = take_apart(mint(shown, key=KEY))
        assert (parts.kid, parts.token_id) == (KEY.kid, shown.token_id)

    @given(st.binary(min_size=40, max_size=120))
    def test_any_payload_has_a_token_id_or_none(self, payload: bytes) -> None:
        parts = take_apart(signed(payload))
        assert len(parts.token_id) <= 16

    @pytest.mark.parametrize("changes", [{"_7": bytes(7)}, {"_7": "0" * 12}, {"_6": NOW + 91}, {"_1": -1}])
    def test_what_is_no_payload_of_ours_has_none(self, changes: dict[str, object]) -> None:
        assert take_apart(signed(cbor2.dumps(claims_set(**changes), canonical=True))).token_id == b""


def test_a_presentation_is_named_by_a_hash_of_its_secret() -> None:
    assert presentation_id(b"secret") == hashlib.sha256(b"secret").digest()[:16].hex()


def test_the_signature_is_the_smaller_of_the_two() -> None:
    for _ in range(20):
        signature = cose_of(mint(envelope(), key=KEY))[-64:]
        assert int.from_bytes(signature[32:], "big") <= ORDER // 2
