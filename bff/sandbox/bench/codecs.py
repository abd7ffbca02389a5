"""The codec, without a server: codes a second on one core, against the bare signature and the naive way."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bff.sandbox.bench import naive
from bff.sandbox.bench.figures import Round, Sample, Who
from wallet.codec import lz1
from wallet.codec.keys import SigningKey
from wallet.issuers.base import load_registry
from wallet.rules.claims import pack

_ES256: Final = ec.ECDSA(hashes.SHA256())
_BATCH: Final = 64
_WINDOW: Final = 90
_ISSUED: Final = 1_764_000_000


class _Overheard:
    """A key that remembers what it was asked to sign."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.kid = key.kid
        self.heard: list[tuple[bytes, bytes]] = []

    def sign(self, message: bytes) -> bytes:
        signature = self._key.sign(message)
        self.heard.append((message, signature))
        return signature


def measure(name: str, seconds: float) -> Round:
    """One round of ``codec.mint`` or ``codec.verify``: ours, floor and peer in turns, a batch each."""
    turns = {Who.FLOOR: _Turn(), Who.OURS: _Turn(), Who.PEER: _Turn()}
    work = _minting() if name == "codec.mint" else _verifying()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for who, turn in turns.items():
            turn.take(work[who])
    return {
        (who, name): Sample(rate=turn.done / turn.took, answered=turn.done) for who, turn in turns.items()
    }


class _Turn:
    """What one of the three has done so far."""

    def __init__(self) -> None:
        self.done = 0
        self.took = 0.0

    def take(self, batch: Callable[[], None]) -> None:
        start = time.perf_counter()
        batch()
        self.took += time.perf_counter() - start
        self.done += _BATCH


def _envelopes() -> Iterator[lz1.Envelope]:
    """The four fields of an ID card, as many codes of them as one likes."""
    of = load_registry().type("resident-id-card")
    claims = pack(
        of, {"name": "试甲子", "sex": "男", "birthDate": "1980-01-01", "idNumber": "310000198001018007"}
    )
    for number in range(_BATCH):
        yield lz1.Envelope(
            issuer=31,
            issued_at=_ISSUED,
            expires_at=_ISSUED + _WINDOW,
            token_id=number.to_bytes(12, "big"),
            status=(1, 500_000 + number),
            scene=1,
            type=of.id,
            claims=claims,
        )


def _payload(envelope: lz1.Envelope) -> dict[int, object]:
    return {
        1: envelope.issuer,
        4: envelope.expires_at,
        6: envelope.issued_at,
        7: envelope.token_id,
        65535: envelope.status,
        -70001: [envelope.scene, envelope.type, envelope.claims],
    }


def _minting() -> dict[Who, Callable[[], None]]:
    private = ec.generate_private_key(ec.SECP256R1())
    key = SigningKey(private)
    envelopes = list(_envelopes())
    overheard = _Overheard(key)
    for envelope in envelopes:
        lz1.mint(envelope, key=overheard)
    payloads = [_payload(envelope) for envelope in envelopes]

    def ours() -> None:
        for envelope in envelopes:
            lz1.mint(envelope, key=key)

    def floor() -> None:
        for message, _ in overheard.heard:
            private.sign(message, _ES256)

    def peer() -> None:
        for payload in payloads:
            naive.mint(payload, kid=key.kid, key=private)

    return {Who.OURS: ours, Who.FLOOR: floor, Who.PEER: peer}


def _verifying() -> dict[Who, Callable[[], None]]:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    key = SigningKey(private)
    overheard = _Overheard(key)
    texts = [lz1.mint(envelope, key=overheard) for envelope in _envelopes()]
    keys = {key.kid: key.public}
    signed = [
        (encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")), message)
        for message, raw in overheard.heard
    ]

    def ours() -> None:
        for text in texts:
            lz1.read(text, keys=keys)

    def floor() -> None:
        for signature, message in signed:
            public.verify(signature, message, _ES256)

    def peer() -> None:
        for text in texts:
            naive.read(text, key=public)

    return {Who.OURS: ours, Who.FLOOR: floor, Who.PEER: peer}
