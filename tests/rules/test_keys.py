"""Keys in and out of every form they travel in."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from tests.codes import KEY, OTHER_KEY
from wallet.codec.errors import CodecError, Unreadable
from wallet.codec.keys import KeySet, SigningKey, VerifyingKey


def certificate() -> bytes:
    secret = serialization.load_pem_private_key(KEY.to_pem(), None)
    assert isinstance(secret, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a city")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1))
        .sign(secret, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def same(one: VerifyingKey, other: VerifyingKey) -> bool:
    return one.to_jwk() == other.to_jwk()


def test_a_signature_holds_for_its_key_and_message_only() -> None:
    signature = KEY.sign(b"message")
    assert len(signature) == 64
    assert KEY.public.verify(b"message", signature)
    assert not KEY.public.verify(b"massage", signature)
    assert not OTHER_KEY.public.verify(b"message", signature)
    for broken in (b"", signature[:-1], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not KEY.public.verify(b"message", broken)


def test_a_key_is_named_by_the_first_four_bytes_of_its_thumbprint() -> None:
    thumbprint = ECKey.import_key(KEY.public.to_pem()).thumbprint()
    assert urlsafe_b64decode(thumbprint + "=")[:4] == KEY.kid
    assert urlsafe_b64decode(KEY.public.to_jwk()["kid"] + "==") == KEY.kid


def test_a_seed_makes_one_key() -> None:
    assert SigningKey.from_seed(bytes(40)).to_pem() == SigningKey.from_seed(bytes(40)).to_pem()
    with pytest.raises(ValueError, match="40 bytes"):
        SigningKey.from_seed(bytes(39))


class TestForms:
    def test_private_keys_come_back_from_pem_and_jwk(self) -> None:
        for again in (SigningKey.from_pem(KEY.to_pem()), SigningKey.from_jwk(KEY.to_jwk())):
            assert again.to_jwk() == KEY.to_jwk()

    def test_public_keys_come_back_from_pem_jwk_and_cose(self) -> None:
        public = KEY.public
        assert same(VerifyingKey.from_pem(public.to_pem()), public)
        assert same(VerifyingKey.from_jwk(public.to_jwk()), public)
        assert same(VerifyingKey.from_cose(public.to_cose()), public)

    def test_a_certificate_gives_its_key(self) -> None:
        assert same(VerifyingKey.from_pem(certificate()), KEY.public)

    def test_a_key_set_is_read_from_all_of_them(self) -> None:
        keys = KeySet([KEY.public, OTHER_KEY.public])
        for file in (
            json.dumps(keys.to_jwks()).encode(),
            b"\n " + json.dumps(keys.to_jwks(), indent=2).encode(),
            keys.to_cose(),
            KEY.public.to_pem() + b"\n" + OTHER_KEY.public.to_pem(),
            certificate() + OTHER_KEY.public.to_pem(),
        ):
            assert set(KeySet.parse(file).keys) == {KEY.kid, OTHER_KEY.kid}

    def test_a_single_jwk_or_cose_key_is_a_set_of_one(self) -> None:
        for file in (json.dumps(KEY.public.to_jwk()).encode(), cbor2.dumps(KEY.public.to_cose())):
            assert set(KeySet.parse(file).keys) == {KEY.kid}

    def test_a_published_set_holds_no_secret(self) -> None:
        keys = KeySet([KEY.public])
        assert "d" not in keys.to_jwks()["keys"][0]
        assert -4 not in cbor2.loads(keys.to_cose())[0]

    def test_a_kid_of_two_to_eight_bytes_counts(self) -> None:
        chosen = KEY.public.to_jwk() | {"kid": urlsafe_b64encode(b"\x01\x02").decode().rstrip("=")}
        assert VerifyingKey.from_jwk(chosen).kid == b"\x01\x02"

    @pytest.mark.parametrize("kid", ["2026-11", "A", "x" * 43, ""])
    def test_another_kid_does_not(self, kid: str) -> None:
        jwk = KEY.public.to_jwk() | {"kid": kid}
        read = VerifyingKey.from_jwk(jwk)
        assert read.kid == KEY.kid or 2 <= len(read.kid) <= 8

    def test_a_key_without_a_kid_gets_its_own(self) -> None:
        jwk = {name: value for name, value in KEY.public.to_jwk().items() if name != "kid"}
        assert VerifyingKey.from_jwk(jwk).kid == KEY.kid

    def test_keys_of_other_kinds_in_a_set_are_passed_over(self) -> None:
        others = [
            {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
            {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
            {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        ]
        file = json.dumps({"keys": [*others, KEY.public.to_jwk()]}).encode()
        assert set(KeySet.parse(file).keys) == {KEY.kid}
        cose = cbor2.dumps([{1: 1, -1: 6, -2: bytes(32)}, KEY.public.to_cose()])
        assert set(KeySet.parse(cose).keys) == {KEY.kid}


class TestRefused:
    def test_two_keys_under_one_kid(self) -> None:
        first = KEY.public.to_jwk()
        second = OTHER_KEY.public.to_jwk() | {"kid": first["kid"]}
        with pytest.raises(Unreadable):
            KeySet.parse(json.dumps({"keys": [first, second]}).encode())
        assert len(KeySet.parse(json.dumps({"keys": [first, first]}).encode()).keys) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"x": "AA"},
            {"x": 5},
            {"x": None},
            {"x": "é" * 43},
            {"x": "A" * 43, "y": "A" * 43},
            {"alg": "ES384"},
            {"kty": "oct"},
            {"crv": "P-521"},
        ],
    )
    def test_a_jwk_that_is_no_p256_key(self, changes: dict[str, object]) -> None:
        with pytest.raises(Unreadable):
            VerifyingKey.from_jwk({**KEY.public.to_jwk(), **changes})

    @pytest.mark.parametrize("d", ["AA", "A" * 43, "_" * 43, None])
    def test_a_private_jwk_whose_halves_do_not_match(self, d: str | None) -> None:
        with pytest.raises(Unreadable):
            SigningKey.from_jwk({**KEY.to_jwk(), "d": d})

    @pytest.mark.parametrize(
        "file", [b"", b"{", b"{}", b"[]", b'{"keys": 1}', b'{"keys": []}', b'{"keys": [1]}']
    )
    def test_a_file_without_a_key(self, file: bytes) -> None:
        with pytest.raises(Unreadable):
            KeySet.parse(file)

    @pytest.mark.parametrize(
        "file",
        [
            b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            b"-----BEGIN PUBLIC KEY-----",
            b'{"keys":' + b"[" * 100_000,
            b"{" * 100_000,
            b"\x81" * 10_000,
            b"\x9b" + b"\xff" * 8,
            b"x" * (1 << 20) + b"y",
        ],
    )
    def test_a_hostile_file(self, file: bytes) -> None:
        with pytest.raises(Unreadable):
            KeySet.parse(file)

    def test_keys_of_other_kinds(self) -> None:
        wrong_curve = ec.generate_private_key(ec.SECP384R1())
        for secret in (
            wrong_curve,
            ed25519.Ed25519PrivateKey.generate(),
            rsa.generate_private_key(65537, 2048),
        ):
            private = secret.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            public = secret.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            with pytest.raises(Unreadable):
                SigningKey.from_pem(private)
            with pytest.raises(Unreadable):
                KeySet.parse(public)

    @given(st.binary(max_size=200))
    def test_noise(self, noise: bytes) -> None:
        with pytest.raises(CodecError):
            KeySet.parse(noise)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.sampled_from(["keys", "kty", "crv", "x", "y", "kid"]), inner)
            ),
        )
    )
    def test_any_json(self, document: object) -> None:
        with pytest.raises(CodecError):
            KeySet.parse(json.dumps(document).encode())
