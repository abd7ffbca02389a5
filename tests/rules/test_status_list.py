"""Token Status List: the draft's own examples, and a reader that cannot be flooded."""

import json
import random
import tracemalloc
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codes import KEY, KEYS, NOW, OTHER_KEY
from wallet.codec.errors import CodecError, KeyUnknown, Tampered, Unreadable
from wallet.codec.keys import VerifyingKey
from wallet.codec.status_list import (
    INVALID,
    SUSPENDED,
    VALID,
    StatusList,
    StatusToken,
    read_token,
    write_token,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "token-status-list"

# The public half of the key the draft signs its examples with.
DRAFT_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo",  # pragma: allowlist secret
    "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M",  # pragma: allowlist secret
}

TOKEN = StatusToken(
    subject="https://city.example/status-lists/1",
    issued_at=NOW,
    expires_at=NOW + 86_400,
    ttl=900,
    statuses=StatusList.sparse({5: INVALID, 9: SUSPENDED}, size=1 << 16, bits=2),
)

tables = st.sampled_from([1, 2, 4, 8]).flatmap(
    lambda bits: st.tuples(st.just(bits), st.lists(st.integers(0, (1 << bits) - 1), max_size=60))
)


def hex_file(name: str) -> bytes:
    return bytes.fromhex((VECTORS / name).read_text().split("encoded:")[-1].replace("\n", "").strip())


def json_file(name: str) -> dict[str, object]:
    text = (VECTORS / name).read_text().split("encoded:")[-1]
    document: dict[str, object] = json.loads("".join(line.strip() for line in text.splitlines()))
    return document


class TestTheDraft:
    @pytest.mark.parametrize("number", range(4))
    def test_a_million_statuses(self, number: int) -> None:
        vector = json.loads((VECTORS / "tsl_vectors.json").read_text())[number]
        statuses = StatusList.from_json({"bits": vector["bits"], "lst": vector["lst"]})
        assert len(statuses) == vector["size"]
        expected = {int(index): status for index, status in vector["expected"].items()}
        assert {index: statuses.status(index) for index in expected} == expected
        assert StatusList.sparse(expected, size=vector["size"], bits=vector["bits"]) == statuses
        assert vector["all_others"] == 0

    def test_one_bit_in_json(self) -> None:
        statuses = StatusList.from_json(json_file("status_list_encoding_json.md"))
        assert statuses == StatusList(bits=1, data=bytes([0xB9, 0xA3]))
        assert [statuses.status(index) for index in range(16)] == [
            1,
            0,
            0,
            1,
            1,
            1,
            0,
            1,
            1,
            1,
            0,
            0,
            0,
            1,
            0,
            1,
        ]

    def test_two_bits_in_cbor(self) -> None:
        statuses = StatusList.from_cbor(hex_file("status_list_encoding2_cbor.md"))
        assert [statuses.status(index) for index in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]

    @pytest.mark.parametrize(
        "name", ["status_list_encoding1_long_json.md", "status_list_encoding2_long_json.md"]
    )
    def test_long_lists_in_json(self, name: str) -> None:
        assert len(StatusList.from_json(json_file(name))) == 1 << 20

    @pytest.mark.parametrize("name", ["status_list_encoding4_cbor.md", "status_list_encoding8_cbor.md"])
    def test_long_lists_in_cbor(self, name: str) -> None:
        assert len(StatusList.from_cbor(hex_file(name))) == 1 << 20

    def test_the_signed_token(self) -> None:
        token = read_token(hex_file("status_list_cwt.md"), keys={b"12": VerifyingKey.from_jwk(DRAFT_KEY)})
        assert token == StatusToken(
            subject="https://example.com/statuslists/1",
            issued_at=1686920170,
            expires_at=2291720170,
            ttl=43200,
            statuses=StatusList(bits=1, data=bytes([0xB9, 0xA3])),
        )

    def test_a_certificate_is_no_status_list(self) -> None:
        with pytest.raises(Unreadable):
            read_token(hex_file("referenced_token_cwt.md"), keys={b"12": VerifyingKey.from_jwk(DRAFT_KEY)})


class TestRoundTrip:
    @given(tables)
    def test_bare(self, table: tuple[int, list[int]]) -> None:
        bits, statuses = table
        made = StatusList.of(statuses, bits=bits)
        assert StatusList.from_json(made.to_json()) == made
        assert StatusList.from_cbor(made.to_cbor()) == made
        assert [made.status(index) for index in range(len(statuses))] == statuses
        assert all(made.status(index) == 0 for index in range(len(statuses), len(made)))

    def test_signed(self) -> None:
        assert read_token(write_token(TOKEN, key=KEY), keys=KEYS) == TOKEN
        endless = StatusToken(
            subject="x", issued_at=0, expires_at=None, ttl=None, statuses=StatusList(bits=1, data=b"")
        )
        assert read_token(write_token(endless, key=KEY), keys=KEYS) == endless

    def test_the_token_is_what_the_draft_says(self) -> None:
        protected, unprotected, payload, _ = cbor2.loads(write_token(TOKEN, key=KEY)).value
        assert cbor2.loads(protected) == {1: -7, 4: KEY.kid, 16: "application/statuslist+cwt"}
        assert unprotected == {}
        claims = cbor2.loads(payload)
        assert set(claims) == {2, 4, 6, 65533, 65534}
        assert (claims[2], claims[6], claims[4], claims[65534]) == (TOKEN.subject, NOW, NOW + 86_400, 900)

    def test_a_tag_61_around_it(self) -> None:
        assert read_token(b"\xd8\x3d" + write_token(TOKEN, key=KEY), keys=KEYS) == TOKEN

    def test_a_million_with_one_in_a_hundred_revoked_stay_small(self) -> None:
        chance = random.Random(7)
        revoked = dict.fromkeys(chance.sample(range(10**6), 10_000), INVALID)
        assert len(StatusList.sparse(revoked, size=10**6, bits=2).to_cbor()) < 20_000


class TestRefused:
    def test_another_key(self) -> None:
        with pytest.raises(KeyUnknown):
            read_token(write_token(TOKEN, key=OTHER_KEY), keys=KEYS)

    def test_every_changed_byte_of_the_signed_part(self) -> None:
        token = write_token(TOKEN, key=KEY)
        for at in range(len(token)):
            changed = bytearray(token)
            changed[at] ^= 0x01
            with pytest.raises(CodecError):
                read_token(bytes(changed), keys=KEYS)

    def test_a_changed_signature(self) -> None:
        token = write_token(TOKEN, key=KEY)
        with pytest.raises(Tampered):
            read_token(token[:-1] + bytes([token[-1] ^ 1]), keys=KEYS)

    def test_a_list_that_unfolds_without_end(self) -> None:
        bomb = zlib.compress(bytes(1 << 26), 9)
        tracemalloc.start()
        with pytest.raises(Unreadable):
            StatusList.from_cbor(cbor2.dumps({"bits": 1, "lst": bomb}))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 48 << 20

    @pytest.mark.parametrize("bits", [0, 3, 16, -1, True, "1", None, 1.0])
    def test_other_widths(self, bits: object) -> None:
        with pytest.raises(Unreadable):
            StatusList.from_json({"bits": bits, "lst": "eNrbuRgAAhcBXQ"})

    @pytest.mark.parametrize("lst", [None, 5, "", "é", "eNr", "AAAA", "eNrbuRgAAhcBXQAA"])
    def test_other_lists(self, lst: object) -> None:
        with pytest.raises(Unreadable):
            StatusList.from_json({"bits": 1, "lst": lst})

    @pytest.mark.parametrize("index", [-1, 1 << 16])
    def test_an_index_beyond_the_end(self, index: int) -> None:
        with pytest.raises(IndexError):
            TOKEN.statuses.status(index)

    def test_statuses_that_do_not_fit(self) -> None:
        for statuses, size, bits in (({8: 1}, 8, 1), ({-1: 1}, 8, 1), ({0: 4}, 8, 2), ({}, 0, 2), ({}, 8, 3)):
            with pytest.raises(ValueError, match=r"."):
                StatusList.sparse(statuses, size=size, bits=bits)
        for listed, bits in (([2], 1), ([-1], 1), ([0], 3)):
            with pytest.raises(ValueError, match=r"."):
                StatusList.of(listed, bits=bits)

    @pytest.mark.parametrize(
        "document",
        [
            [],
            {},
            cbor2.CBORTag(18, []),
            cbor2.CBORTag(18, [b"", {}, b"", b""]),
            cbor2.CBORTag(18, [b"\xa1\x01\x26", {4: b"12"}, b"", b""]),
            cbor2.CBORTag(18, [1, 2, 3, 4]),
            cbor2.CBORTag(17, [b"", {}, b"", b""]),
        ],
    )
    def test_other_cbor(self, document: object) -> None:
        with pytest.raises(Unreadable):
            read_token(cbor2.dumps(document), keys=KEYS)

    @pytest.mark.parametrize(
        "changes",
        [
            {2: 5},
            {2: None},
            {6: None},
            {6: "now"},
            {4: "later"},
            {65534: "soon"},
            {65533: None},
            {65533: []},
            {65533: {"bits": 1}},
        ],
    )
    def test_other_claims_though_signed(self, changes: dict[int, object]) -> None:
        _, _, payload, _ = cbor2.loads(write_token(TOKEN, key=KEY)).value
        protected = cbor2.dumps({1: -7, 4: KEY.kid, 16: "application/statuslist+cwt"})
        payload = cbor2.dumps({**cbor2.loads(payload), **changes})
        signature = KEY.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
        with pytest.raises(Unreadable):
            read_token(cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])), keys=KEYS)

    @given(st.binary(max_size=200))
    def test_noise(self, noise: bytes) -> None:
        with pytest.raises(CodecError):
            read_token(noise, keys=KEYS)
        with pytest.raises(CodecError):
            StatusList.from_cbor(noise)
        with pytest.raises(CodecError):
            StatusList.from_json({"bits": 1, "lst": urlsafe_b64encode(noise).decode()})


def test_an_index_never_touched_is_a_certificate_in_good_standing() -> None:
    assert StatusList.sparse({}, size=8, bits=2).status(3) == VALID
