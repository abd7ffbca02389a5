"""What signing in needs from outside, as it would like to be given it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from auth_bridges.codec.certificates import Certificate
from auth_bridges.models import (
    Actor,
    FaceCheckStarted,
    FaceCheckState,
    Guardianship,
    LegalPerson,
    Notice,
    ProviderSubject,
)
from auth_bridges.rules.policy import Operation


class TokenKey(Protocol):
    """A key that signs access tokens; ``kid`` is its RFC 7638 thumbprint."""

    @property
    def kid(self) -> str:
        """Its name in a token's header."""

    @property
    def private(self) -> EllipticCurvePrivateKey:
        """What signs."""


class TokenKeys(Protocol):
    """The keys of access tokens; they may change between two calls."""

    def signing(self) -> TokenKey:
        """The key to sign with now."""

    def verifying(self, kid: str) -> EllipticCurvePublicKey | None:
        """The accepted key of that name, if it is one of ours."""


class PersonalData(Protocol):
    """Keeps names and ID numbers sealed, and finds them by keyed hash."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt; ``context`` must be given again to open."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt, or raise if anything was changed."""

    def hash(self, number: str) -> str:
        """The keyed hash of an ID number; raises ``ValueError`` for what is none."""

    def pseudonym(self, kind: str, value: str) -> str:
        """The keyed hash of anything else, different for each ``kind``."""

    def mask_name(self, name: str) -> str:
        """A name as it may be shown."""

    def mask_child(self, name: str) -> str:
        """A child's name as those may see it who have to tell it from its sisters and brothers."""


class Admit(Protocol):
    """Counts one try in a bucket, or raises a refusal. ``caller`` is a pseudonym."""

    def __call__(self, bucket: str, caller: str, *, per_minute: int, burst: int) -> Awaitable[None]:
        """Count one try."""


class Audit(Protocol):
    """Records an event durably in the audit trail; pseudonyms and codes only."""

    def __call__(
        self,
        kind: str,
        *,
        at: datetime,
        actor: str,
        outcome: str,
        subject: str | None = None,
        facts: dict[str, str] | None = None,
    ) -> Awaitable[None]:
        """Record one event."""


class Reply(Protocol):
    """What somebody outside answered; header names in lower case."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def body(self) -> bytes:
        """The whole body, as it came."""


class Http(Protocol):
    """Asks somebody outside, once: no retry, no redirect, no cookie."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        connect: float = 3.0,
        total: float = 5.0,
        largest: int = 65_536,
    ) -> Awaitable[Reply]:
        """The answer, whatever its status.

        ``ConnectionRefusedError``: it certainly never got there. ``TimeoutError`` and
        ``ConnectionAbortedError``: nobody can tell whether it did.
        """


class Gate(Protocol):
    """The policy's word on one request: lets it through, or refuses with a challenge."""

    def __call__(self, actor: Actor, operation: Operation, payload: bytes) -> Awaitable[None]:
        """Return if ``actor`` may do ``operation`` with ``payload`` now."""


class FamilyRegister(Protocol):
    """The city's register of families (监护关系)."""

    async def guardianship(self, guardian: str, child: str) -> Guardianship | None:
        """What holds between two ID numbers; None if they are no guardian and child.

        ``FamilyRegisterUnavailable`` if nobody can tell now.
        """


class LegalPersonProof(Protocol):
    """Who proved to be the legal representative of an organisation (法人一证通)."""

    async def represented_by(self, resident: str, session: str) -> Sequence[LegalPerson]:
        """The organisations for which ``resident`` holds a proof that is still good in ``session``."""


class Revocation(Protocol):
    """Knows what certificate authorities have revoked."""

    async def check(self, certificate: Certificate, issuer: Certificate) -> None:
        """Return if ``issuer`` says now that ``certificate`` is good.

        ``CertificateRevoked`` if it was revoked, ``CertificateUnknownToIssuer`` if there is no such
        certificate, ``RevocationUnknown`` if nobody can tell.
        """


class PhoneByCode(Protocol):
    """A provider that tells a person's phone number for a one-time code the person gave."""

    def phone_number(self, code: str, openid: str) -> Awaitable[str]:
        """The number with its country's, ``+86…``; ``openid`` is whose code it must be.

        ``PhoneCodeRejected``, or ``ProviderUnavailable`` after which the code may be spent.
        """


class PhoneByPacket(Protocol):
    """A provider that hands the mini-program a sealed packet with the phone in it."""

    def phone_number(self, packet: str, session: str) -> Awaitable[str]:
        """The number in ``packet`` with its country's, ``+86…``, for ``session`` and no other ever again.

        ``PhonePacketRefused`` for no good one, and for one another session brought.
        """


class LearntCertificates(Protocol):
    """Certificates a provider was found to sign with, for every process to verify and believe."""

    async def all(self) -> Mapping[str, str]:
        """Every certificate with its issuers, in PEM, by its serial."""

    async def keep(self, serial: str, pem: str, *, at: datetime) -> None:
        """Keep ``pem`` under ``serial``; kept again it is the same."""


class SendCode(Protocol):
    """Sends a one-time code by text message, or raises ``SmsUnavailable``."""

    def __call__(self, phone: str, code: str) -> Awaitable[None]:
        """Send ``code`` to ``phone`` (``+`` and digits)."""


class TellFormerPhone(Protocol):
    """Tells a phone by text message that another took its place, or raises ``SmsUnavailable``."""

    def __call__(self, phone: str) -> Awaitable[None]:
        """Tell ``phone``; what account it was bound to is not said."""


class PopulationRegistry(Protocol):
    """Knows who is registered with which number (人口库, two elements)."""

    def __call__(self, name: str, number: str) -> Awaitable[bool]:
        """Whether ``name`` is registered with ``number``; raises ``RegistryUnavailable``."""


class FaceCheck(Protocol):
    """Compares a face with name and number (人脸核身); believed by asking, never by what a client says."""

    def start(self, name: str, id_number: str, order: str) -> Awaitable[FaceCheckStarted]:
        """Begin one under our number ``order``; the same order begins once."""

    def result(self, certification: str) -> Awaitable[FaceCheckState]:
        """How it stands now."""


class Notify(Protocol):
    """Tells a resident something of their own account; told again under the same id it is one notice."""

    def __call__(self, notice: Notice) -> Awaitable[None]:
        """See to it that they hear it."""


class Forget(Protocol):
    """Keeps nothing more, wherever else it was kept, of accounts that are deleted; done again it is done."""

    def __call__(self, residents: Collection[str]) -> Awaitable[None]:
        """Return once nothing of ``residents`` is left."""


class CameIn(Protocol):
    """Hears of each way in by which a resident has just come in."""

    def __call__(self, subject: ProviderSubject, /) -> Awaitable[None]:
        """Return once whoever must know knows; told again it changes nothing."""


class RunScript(Protocol):
    """Runs a Lua script on Redis; all keys in one slot."""

    def __call__(
        self,
        script: str,
        keys: Sequence[str | bytes],
        args: Sequence[str | bytes | int] = (),
        read: Callable[[Any], Any] | None = None,
    ) -> Awaitable[Any]:
        """The script's answer, as ``read`` reads it. It may be run twice."""


Perform = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
"""Takes the calls of one batch; one answer or exception for each, in their order."""


class Together(Protocol):
    """Makes calls that come at once travel together."""

    def __call__(self, perform: Perform, /) -> Callable[[Any], Awaitable[Any]]:
        """How to make one call of the kind that ``perform`` makes many of.

        No answer is older than its question.
        """


class Clock(Protocol):
    """What time it is, in UTC."""

    def __call__(self) -> datetime:
        """The time now."""


class Chance(Protocol):
    """Random bytes nobody can guess."""

    def __call__(self, size: int, /) -> bytes:
        """``size`` bytes."""
