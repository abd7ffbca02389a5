"""Health certificates and rules, without a server: certificates a second on one core, and evaluations.

The floor of ``health.hc1`` is the bare P-256 verification of the same bytes; that of ``health.certlogic``
reads a field of the same data and compares it. The rules are eight of four member states (`eu_rules.json`,
from dgc-business-rules-testdata at cf57b97, Apache-2.0), each with data that takes it through its length.
"""

import json
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bff.sandbox.bench.figures import Round, Sample, Who
from health_code.codec import foreign
from health_code.codec.trust import Trust
from health_code.rules.certlogic import compile_expression
from miniapp_schemas import base45
from wallet.codec.keys import SigningKey

_ES256: Final = ec.ECDSA(hashes.SHA256())
_CODES: Final = 64
_PASSES: Final = 64
"""What takes a microsecond is done more often in a batch, or the batch would be its own warming up."""
_RULES: Final = "eu_rules.json"
_NOW: Final = datetime(2022, 6, 1, tzinfo=UTC)

Work = Callable[[], int]
"""A batch; it answers how many it did."""


def measure(name: str, seconds: float) -> Round:
    """One round of a row of the health code: ours and the floor in turns, a batch each."""
    work = _evaluating() if name == "health.certlogic" else _verifying(seen=name == "health.hc1.seen")
    done = dict.fromkeys(work, 0)
    took = dict.fromkeys(work, 0.0)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for who, batch in work.items():
            start = time.perf_counter()
            count = batch()
            took[who] += time.perf_counter() - start
            done[who] += count
    return {(who, name): Sample(rate=done[who] / took[who], answered=done[who]) for who in work}


def _verifying(*, seen: bool) -> dict[Who, Work]:
    private = ec.generate_private_key(ec.SECP256R1())
    public, key = private.public_key(), SigningKey(private)
    pem, kid = _signer(private)
    trust = Trust.of({"signer.pem": pem})
    desk = foreign.Desk(trust)
    texts, signed = [], []
    for number in range(_CODES):
        headers, payload = cbor2.dumps({1: -7, 4: kid}), cbor2.dumps(_certificate(number))
        message = cbor2.dumps(["Signature1", headers, b"", payload])
        signature = key.sign(message)
        cose = cbor2.dumps(cbor2.CBORTag(18, [headers, {}, payload, signature]))
        texts.append("HC1:" + base45.encode(zlib.compress(cose)))
        halves = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        signed.append((encode_dss_signature(*halves), message))

    def ours() -> int:
        for text in texts:
            foreign.verify(text, trust=trust, at=_NOW)
        return _CODES

    def remembered() -> int:
        for _ in range(_PASSES):
            for text in texts:
                desk.verify(text, at=_NOW)
        return _PASSES * _CODES

    def floor() -> int:
        for signature, message in signed:
            public.verify(signature, message, _ES256)
        return _CODES

    work = remembered if seen else ours
    work()
    return {Who.FLOOR: floor, Who.OURS: work}


def _evaluating() -> dict[Who, Work]:
    cases = json.loads(files(__package__).joinpath(_RULES).read_text("utf-8"))
    rules = [(compile_expression(case["logic"]), case["data"]) for case in cases]

    def ours() -> int:
        for evaluate, data in rules * _PASSES:
            evaluate(data)
        return _PASSES * len(rules)

    def floor() -> int:
        for _, data in rules * _PASSES:
            _compare(data)
        return _PASSES * len(rules)

    return {Who.FLOOR: floor, Who.OURS: ours}


def _compare(data: Any) -> bool:  # noqa: ANN401  JSON
    """A rule by hand, and a short one."""
    return bool(data["payload"].get("ver") == "1.3.0")


def _signer(private: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    """The certificate of a signer, and its name in a code."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(_NOW - timedelta(days=100))
        .not_valid_after(_NOW + timedelta(days=600))
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM), certificate.fingerprint(hashes.SHA256())[:8]


def _certificate(number: int) -> dict[int, object]:
    """A vaccination, as long as most are."""
    issued = int((_NOW - timedelta(days=30)).timestamp())
    vaccination = {
        "tg": "840539006",
        "vp": "1119349007",
        "mp": "EU/1/20/1528",
        "ma": "ORG-100030215",
        "dn": 2,
        "sd": 2,
        "dt": "2022-02-18",
        "co": "AT",
        "is": "Ministry of Health, Austria",
        "ci": f"URN:UVCI:01:AT:{number:032X}#B",
    }
    name = {"fn": "Musterfrau-Gößinger", "gn": "Gabriele", "fnt": "MUSTERFRAU<GOESSINGER", "gnt": "GABRIELE"}
    document = {"ver": "1.3.0", "nam": name, "dob": "1998-02-26", "v": [vaccination]}
    return {1: "AT", 4: issued + 31_536_000, 6: issued, -260: {1: document}}
