"""What the health code needs from outside, as it would like to be given it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from health_code.codec.signed import Signer, Verifier
from health_code.models import Reason, Traced, Ward
from health_code.rules.documents import Colour

Clock = Callable[[], datetime]
Chance = Callable[[int], bytes]
TimedId = Callable[[datetime], str]


class PersonalData(Protocol):
    """Personal data at rest: sealed, and found by keyed hash."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt; ``context`` must be given again to open."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt, or raise if anything was changed."""

    def hash(self, number: str) -> str:
        """The keyed hash of an ID number, under which a person's evidence is found."""

    def pseudonym(self, kind: str, value: str) -> str:
        """The keyed hash of anything else, different for each ``kind``."""


class RunScript(Protocol):
    """Runs a Lua script on Redis; all keys in one slot."""

    def __call__(
        self,
        script: str,
        keys: Sequence[str | bytes],
        args: Sequence[str | bytes | int] = (),
        read: Callable[[Any], Any] | None = None,
    ) -> Awaitable[Any]:
        """What the script returns, as ``read`` reads it; it is on its way before it is awaited."""


class Together(Protocol):
    """How to make one call of a kind that is better made many at once."""

    def __call__(
        self, perform: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
    ) -> Callable[[Any], Awaitable[Any]]:
        """Makes one call, in the next batch; ``perform`` answers a batch, one batch at a time, in order."""


class Audit(Protocol):
    """Records an event durably in the audit trail."""

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
        """Return once the event is on disk."""


class People(Protocol):
    """The residents who may have a health code."""

    async def masked_name(self, subject: str) -> str | None:
        """The name of who holds the ID number behind ``subject``, masked; None for nobody we know."""

    async def tell(self, subject: str, colour: Colour, reasons: Sequence[Reason], *, at: datetime) -> None:
        """Send a notice that the colour has changed; the same (subject, at) again is the same notice."""

    async def hear(self, subject: str, entry: str, *, withdrawn: bool, at: datetime) -> None:
        """Send a notice that evidence was entered by hand, or taken back; one for each ``entry``."""

    async def follow(self, subject: str, appeal: str, state: str, *, at: datetime) -> None:
        """Send a notice that an appeal came into ``state``; the same (appeal, state, at) is the same one."""


class Admit(Protocol):
    """Counts one try by a caller, or raises a refusal."""

    def __call__(self, bucket: str, caller: str, *, per_minute: int, burst: int) -> Awaitable[None]:
        """Ask now; the answer is there when it is awaited."""


Standing = Literal["ISSUED", "UNKNOWN", "REVOKED"]


class Issuers(Protocol):
    """Places whose certificates are carried, and that know the salted hash of each they issued."""

    def called(self, issuer: str) -> tuple[str, str] | None:
        """Name and division of ``issuer``; None for one that nobody here asks."""

    async def standing(self, issuer: str, digest: str) -> Standing:
        """What ``issuer`` says of the salted hash; ``ConnectionError`` where it says nothing."""


class SigningKeys(Protocol):
    """The keys of offline and paper codes, by eight-byte name."""

    def signing(self) -> Signer:
        """The key to sign with now."""

    def verifying(self) -> Mapping[bytes, Verifier]:
        """Every key still accepted."""


class Wards(Protocol):
    """Whom a resident may show for: the grants lie elsewhere, and end there."""

    async def of(self, resident: str, key: str) -> Sequence[Ward]:
        """Whom ``resident``, whose own evidence lies under ``key``, may show for now."""

    async def by(self, resident: str, grant: str) -> Ward:
        """Whom ``resident`` may show for by ``grant`` now, or a refusal: not theirs, not for this, ended."""

    async def in_force(self, grants: Sequence[str]) -> frozenset[str]:
        """Which of ``grants`` let anybody show now."""


class FindTraced(Protocol):
    """Finds whom a reference in an exposure query's answer names."""

    async def __call__(self, source: str, ref: str, *, now: datetime) -> Traced | None:
        """Whom ``ref`` names in evidence by ``source``; None unless it was answered to that department."""
