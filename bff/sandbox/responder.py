"""What a simulated authority answers when it is asked about one certificate (OCSP, RFC 6960 §4.2).

Put together byte by byte, as its certificates are: no library signs with SM2.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import ocsp

from bff.sandbox.der import generalized, integer, oid, sequence, tlv

_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_HASHES: Final = {SHA1: "1.3.14.3.2.26", SHA256: "2.16.840.1.101.3.4.2.1"}
_LIVES: Final = timedelta(hours=12)


class AnswerHostility(StrEnum):
    """A way for an answer to be none, or not the one that was asked for."""

    STALE = "stale"
    FUTURE = "future"
    OLD_AND_ENDLESS = "oldAndEndless"
    """Of an hour ago, and says nothing of when the next one comes."""
    OTHER_CERTIFICATE = "otherCertificate"
    OTHER_NONCE = "otherNonce"
    FORGED = "forged"
    """Signed by a key that only says it is the responder's."""
    BY_A_HOLDER = "byAHolder"
    """Signed by a certificate of the same authority that may not answer for it."""
    TRY_LATER = "tryLater"
    UNAUTHORIZED = "unauthorized"
    GARBAGE = "garbage"


REFUSING: Final = {AnswerHostility.TRY_LATER: 3, AnswerHostility.UNAUTHORIZED: 6}
"""Answers that are a number and no more (§4.2.1)."""


class Signs(Protocol):
    """Who signs."""

    @property
    def algorithm(self) -> bytes:
        """The AlgorithmIdentifier."""

    def sign(self, data: bytes) -> bytes:
        """The signature."""


def refusing(status: int) -> bytes:
    """An answer without a word on anything."""
    return sequence(tlv(0x0A, bytes([status])))


def answering(
    asked: ocsp.OCSPRequest,
    status: ocsp.OCSPCertStatus,
    *,
    name: x509.Name,
    by: Signs,
    certificates: Sequence[bytes],
    now: datetime,
    hostile: AnswerHostility | None,
    with_nonce: bool,
) -> bytes:
    """``status`` of the one certificate that was asked about, signed ``by`` whom ``name`` names."""
    begun, until = now - timedelta(minutes=1), now + _LIVES
    if hostile is AnswerHostility.STALE:
        begun, until = now - _LIVES, now - timedelta(seconds=1)
    if hostile is AnswerHostility.FUTURE:
        begun = now + timedelta(hours=1)
    if hostile is AnswerHostility.OLD_AND_ENDLESS:
        begun = now - timedelta(hours=1)
    endless = hostile is AnswerHostility.OLD_AND_ENDLESS
    single = sequence(
        _certificate(asked, other=hostile is AnswerHostility.OTHER_CERTIFICATE),
        _status(status, begun),
        generalized(begun),
        *([] if endless else [tlv(0xA0, generalized(until))]),
    )
    told = sequence(
        tlv(0xA1, name.public_bytes()),
        generalized(now),
        sequence(single),
        *(_nonce(asked, other=hostile is AnswerHostility.OTHER_NONCE) if with_nonce else ()),
    )
    above = [tlv(0xA0, sequence(*certificates))] if certificates else []
    basic = sequence(told, by.algorithm, tlv(0x03, b"\0" + by.sign(told)), *above)
    return sequence(tlv(0x0A, b"\0"), tlv(0xA0, sequence(oid(_BASIC), tlv(0x04, basic))))


def _certificate(asked: ocsp.OCSPRequest, *, other: bool) -> bytes:
    return sequence(
        sequence(oid(_HASHES[type(asked.hash_algorithm)]), tlv(0x05, b"")),
        tlv(0x04, asked.issuer_name_hash),
        tlv(0x04, asked.issuer_key_hash),
        integer(asked.serial_number + 2 if other else asked.serial_number),
    )


def _status(status: ocsp.OCSPCertStatus, since: datetime) -> bytes:
    match status:
        case ocsp.OCSPCertStatus.GOOD:
            return tlv(0x80, b"")
        case ocsp.OCSPCertStatus.REVOKED:
            return tlv(0xA1, generalized(since))
        case ocsp.OCSPCertStatus.UNKNOWN:
            return tlv(0x82, b"")


def _nonce(asked: ocsp.OCSPRequest, *, other: bool) -> list[bytes]:
    for each in asked.extensions:
        if isinstance(each.value, x509.OCSPNonce):
            told = bytes(32) if other else each.value.nonce
            return [tlv(0xA1, sequence(sequence(oid(_NONCE), tlv(0x04, tlv(0x04, told)))))]
    return []
