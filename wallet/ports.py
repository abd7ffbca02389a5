"""What the wallet needs from outside, as it would like to be given it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from wallet.codec.keys import SigningKey, VerifyingKey


class Keys(Protocol):
    """The keys that sign shown codes; they may change between two calls."""

    def signing(self) -> SigningKey:
        """The key to sign with now."""

    def verifying(self) -> Mapping[bytes, VerifyingKey]:
        """Every key still accepted, by kid."""


class PersonalData(Protocol):
    """Personal data at rest: sealed, and found by keyed hash."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt; ``context`` must be given again to open."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt, or raise if anything was changed."""

    def hash(self, number: str) -> str:
        """The keyed hash of an ID number, under which its holder's certificates are found."""

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


class ReadById(Protocol):
    """Reads a stored document by its ``_id``."""

    def __call__(self, key: object) -> Awaitable[dict[str, Any] | None]:
        """The document, or None."""


class Admit(Protocol):
    """Counts one verification by a clerk of an organisation, or raises a refusal."""

    def __call__(self, organisation: str, clerk: str) -> Awaitable[None]:
        """Ask now; the answer is there when it is awaited."""


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
