"""Health certificates of others, and who signs them, for tests: made here, or published for that purpose."""

import json
import zlib
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from miniapp_schemas import base45

VECTORS: Final = Path(__file__).parent / "vectors"
ISSUED: Final = datetime(2022, 5, 1, tzinfo=UTC)
NOW: Final = datetime(2022, 6, 1, tzinfo=UTC)
EXPIRES: Final = datetime(2023, 5, 1, tzinfo=UTC)
UCI: Final = "URN:UVCI:01:XX:0123456789ABCDEF#X"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

DCC: Final[dict[str, Any]] = {
    "ver": "1.3.0",
    "nam": {"fn": "Muster", "gn": "Ada", "fnt": "MUSTER", "gnt": "ADA"},
    "dob": "1980-01-31",
    "v": [
        {
            "tg": "840539006",
            "vp": "1119349007",
            "mp": "EU/1/20/1528",
            "ma": "ORG-100030215",
            "dn": 2,
            "sd": 2,
            "dt": "2022-02-03",
            "co": "XX",
            "is": "Ministry",
            "ci": UCI,
        }
    ],
}
TEST: Final[dict[str, Any]] = {
    "tg": "840539006",
    "tt": "LP6464-4",
    "sc": "2022-04-30T08:00:00Z",
    "tr": "260415000",
    "co": "XX",
    "is": "Ministry",
    "ci": UCI,
}


class Signer:
    """A country's or an issuer's key."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self.key = ec.generate_private_key(curve or ec.SECP256R1())

    def sign(self, message: bytes) -> bytes:
        """r‖s."""
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        size = self.key.key_size // 8
        return r.to_bytes(size) + s.to_bytes(size)

    def certificate(
        self,
        *extensions: tuple[str, bytes],
        begins: datetime = datetime(2021, 1, 1, tzinfo=UTC),
        ends: datetime = datetime(2024, 1, 1, tzinfo=UTC),
        country: str | None = None,
    ) -> bytes:
        """PEM, with ``extensions`` as they stand."""
        named = [] if country is None else [x509.NameAttribute(NameOID.COUNTRY_NAME, country)]
        name = x509.Name([*named, x509.NameAttribute(NameOID.COMMON_NAME, "a signer")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(begins)
            .not_valid_after(ends)
        )
        for oid, value in extensions:
            of = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
            builder = builder.add_extension(of, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def jwk(self, kid: str = "key-1", **more: object) -> dict[str, object]:
        """The public half."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        jwk = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid}
        return {**jwk, "x": base64url(point[1:33]), "y": base64url(point[33:]), **more}


def kid_of(pem: bytes) -> bytes:
    """The name of a certificate's key in HC1."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())[:8]


def base64url(data: bytes) -> str:
    """Without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def sign1(
    signer: Signer,
    payload: bytes,
    *,
    protected: Mapping[int, object],
    unprotected: Mapping[int, object] | None = None,
) -> list[object]:
    """A COSE_Sign1, not tagged yet."""
    headers = cbor2.dumps(dict(protected))
    signature = signer.sign(cbor2.dumps(["Signature1", headers, b"", payload]))
    return [headers, dict(unprotected or {}), payload, signature]


def claims(dcc: Mapping[str, Any] = DCC, **more: Any) -> dict[int, Any]:  # noqa: ANN401  CBOR
    """A CWT's, around ``dcc``."""
    times = {"issued": int(ISSUED.timestamp()), "expires": int(EXPIRES.timestamp()), **more}
    return {1: "XX", 4: times["expires"], 6: times["issued"], -260: {1: dict(dcc)}}


def hc1(cose: object) -> str:
    """The text of a code with ``cose`` in it."""
    return "HC1:" + base45.encode(zlib.compress(cbor2.dumps(cose)))


def dcc_code(signer: Signer, kid: bytes, payload: Mapping[int, Any] | None = None) -> str:
    """A code as member states write it."""
    body = cbor2.dumps(dict(payload or claims()))
    return hc1(cbor2.CBORTag(18, sign1(signer, body, protected={1: -7, 4: kid})))


def card(signer: Signer, *, kid: str = "key-1", packed: bytes | None = None, **more: Any) -> str:  # noqa: ANN401
    """The JWS of a SMART Health Card; ``more`` goes into its payload, or into its vc as ``rid``."""
    rid, born = more.pop("rid", None), more.pop("born", "1980-01-31")
    payload = {
        "iss": "https://cards.example/issuer",
        "nbf": ISSUED.timestamp(),
        "vc": {
            "type": ["https://smarthealth.cards#health-card"],
            "credentialSubject": {
                "fhirVersion": "4.0.1",
                "fhirBundle": {
                    "resourceType": "Bundle",
                    "entry": [
                        {
                            "resource": {
                                "resourceType": "Patient",
                                "name": [{"family": "Muster", "given": ["Ada"]}],
                                "birthDate": born,
                            }
                        },
                        {
                            "resource": {
                                "resourceType": "Observation",
                                "status": "final",
                                "effectiveDateTime": "2022-04-30",
                                "valueCodeableConcept": {"coding": [{"code": "260415000"}]},
                            }
                        },
                    ],
                },
            },
            **({} if rid is None else {"rid": rid}),
        },
        **more,
    }
    if packed is None:
        pack = zlib.compressobj(wbits=-15)
        packed = pack.compress(json.dumps(payload).encode()) + pack.flush()
    header = json.dumps({"zip": "DEF", "alg": "ES256", "kid": kid}).encode()
    signed = f"{base64url(header)}.{base64url(packed)}"
    return f"{signed}.{base64url(signer.sign(signed.encode()))}"


def nz_pass(
    signer: Signer,
    change: Mapping[Any, Any] | None = None,
    **person: str,
) -> tuple[str, bytes]:
    """A pass of New Zealand's, and the did.json that vouches for its key."""
    did = json.loads((VECTORS / "nzcp/valid/did.json").read_text())
    did["verificationMethod"][0]["publicKeyJwk"] = signer.jwk()
    vc = {
        "@context": [
            "https://www.w3.org/2018/credentials/v1",
            "https://nzcp.covid19.health.nz/contexts/v1",
        ],
        "version": "1.0.0",
        "type": ["VerifiableCredential", "PublicCovidPass"],
        "credentialSubject": {"givenName": "Ada", "dob": "1980-01-31"} | person,
    }
    body = {1: did["id"], 4: int(EXPIRES.timestamp()), 5: int(ISSUED.timestamp()), 7: bytes(16), "vc": vc}
    cose = sign1(signer, cbor2.dumps(body | dict(change or {})), protected={1: -7, 4: b"key-1"})
    text = "NZCP:/1/" + b32encode(cbor2.dumps(cbor2.CBORTag(18, cose))).rstrip(b"=").decode()
    return text, json.dumps(did).encode()


def digits(jws: str) -> str:
    """The digits of a card's QR."""
    return "".join(f"{ord(char) - 45:02}" for char in jws)
