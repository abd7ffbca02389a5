"""What an authority answers when it is asked about one certificate (OCSP, RFC 6960).

``Question`` is what is sent; only it can read the answer, because an answer counts for the certificate, the
nonce and the moment it was asked about and for nothing else.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from msgspec import Struct

from auth_bridges.codec.certificates import UNREADABLE, Certificate
from auth_bridges.refusals import CertificateRevoked, CertificateUnknownToIssuer, CertificateUnreadable

_SKEW: Final = timedelta(minutes=5)
_NEWEST: Final = timedelta(minutes=5)
"""How old an answer may be that says nothing of when the next one comes (RFC 6960 §4.2.2.1)."""
_MOST_CERTIFICATES: Final = 4


class NotAnswered(Exception):
    """The answer says nothing; why is for our log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Answer(Struct, frozen=True, kw_only=True):
    """An answer that is to be believed if ``responder`` is, who was named by the issuer to give it."""

    status: ocsp.OCSPCertStatus
    responder: Certificate | None
    """None: the issuer answered itself."""

    def check(self) -> None:
        """Return if the certificate is good; on hold counts as revoked."""
        if self.status is ocsp.OCSPCertStatus.REVOKED:
            raise CertificateRevoked
        if self.status is ocsp.OCSPCertStatus.UNKNOWN:
            raise CertificateUnknownToIssuer


class Question:
    """Asks ``issuer`` about ``certificate``; ``nonce`` is for this question alone."""

    def __init__(self, certificate: Certificate, issuer: Certificate, *, nonce: bytes) -> None:
        self._issuer = issuer
        self._nonce = nonce
        # SHA-1 finds the certificate and protects nothing; every responder knows it (RFC 5019 §2.1.1).
        self._asked = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(certificate.x509, issuer.x509, SHA1())  # noqa: S303 - RFC 5019 §2.1.1
            .add_extension(x509.OCSPNonce(nonce), critical=False)
            .build()
        )

    @property
    def der(self) -> bytes:
        """What is sent."""
        return self._asked.public_bytes(Encoding.DER)

    def read(self, der: bytes, *, at: datetime) -> Answer:
        """What ``der`` answers ``at`` this moment, or ``NotAnswered``."""
        try:
            told = ocsp.load_der_ocsp_response(der)
            if told.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise NotAnswered(told.response_status.name)
            responder = self._responder(told, at)
            self._of_now(told, single := self._ours(told), at)
            return Answer(status=single.certificate_status, responder=responder)
        except UNREADABLE:
            raise NotAnswered("not readable") from None

    def _responder(self, told: ocsp.OCSPResponse, at: datetime) -> Certificate | None:
        """Who signed: the issuer, or a certificate it issued for just that (RFC 6960 §4.2.2.2)."""

        def signed(by: Certificate) -> bool:
            algorithm = told.signature_algorithm_oid.dotted_string
            return by.has_signed(told.tbs_response_bytes, told.signature, algorithm)

        if signed(self._issuer):
            return None
        for each in told.certificates[:_MOST_CERTIFICATES]:
            try:
                named = Certificate(each.public_bytes(Encoding.DER))
            except CertificateUnreadable:
                continue
            if named.issuer != self._issuer.subject or not named.is_signed_by(self._issuer):
                continue
            if named.may_sign_answers() and named.is_whole and named.is_valid(at) and signed(named):
                return named
        raise NotAnswered("not signed by who may")

    def _ours(self, told: ocsp.OCSPResponse) -> ocsp.OCSPSingleResponse:
        asked = self._asked
        ours = [
            each
            for each in told.responses
            if each.serial_number == asked.serial_number
            and isinstance(each.hash_algorithm, type(asked.hash_algorithm))
            and each.issuer_name_hash == asked.issuer_name_hash
            and each.issuer_key_hash == asked.issuer_key_hash
        ]
        if len(ours) != 1:
            raise NotAnswered("of another certificate")
        return ours[0]

    def _of_now(self, told: ocsp.OCSPResponse, single: ocsp.OCSPSingleResponse, at: datetime) -> None:
        for each in told.extensions:
            # Many answer from a stock made beforehand and repeat no nonce; one that is there must be ours.
            if isinstance(each.value, x509.OCSPNonce):
                if each.value.nonce != self._nonce:
                    raise NotAnswered("the answer to another question")
            elif each.critical:
                raise NotAnswered("something critical in it is not known")
        begun, until = single.this_update_utc, single.next_update_utc
        if begun > at + _SKEW:
            raise NotAnswered("of the future")
        if at >= (begun + _NEWEST if until is None else until):
            raise NotAnswered("stale")
