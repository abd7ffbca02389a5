"""A source over HTTPS: ``GET url?cursor=…`` with a bearer key, answered with a page of evidence as JSON."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeVar

import msgspec

from health_code.models import Department
from health_code.sources.base import Page, SourceAway

T = TypeVar("T")
_read: Final = msgspec.json.Decoder(Page).decode
_LARGEST: Final = 4 * 1024 * 1024
_SECONDS: Final = 10.0


class Reply(Protocol):
    """An answer, whatever its status."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def body(self) -> bytes:
        """The body, whole."""


class Ask(Protocol):
    """Asks another once, within bounds; raises ``ConnectionError`` or ``TimeoutError`` without an answer."""

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        total: float,
        largest: int,
    ) -> Reply:
        """The answer."""


async def answered(asked: Awaitable[Reply], read: Callable[[bytes], T]) -> T:
    """What was ``asked`` for, as ``read`` reads it, or ``SourceAway``."""
    try:
        reply = await asked
    except (ConnectionError, TimeoutError) as failure:
        raise SourceAway(type(failure).__name__) from None
    if reply.status != 200:
        raise SourceAway(f"status {reply.status}")
    try:
        return read(reply.body)
    except msgspec.MsgspecError:
        # What it said is not repeated: it may be about somebody.
        raise SourceAway("not an answer") from None


class HttpSource:
    """A department that is asked over HTTPS."""

    def __init__(self, ask: Ask, department: Department, *, url: str, key: str) -> None:
        self.department = department
        self._ask = ask
        self._url = url
        self._key = key

    async def page(self, cursor: str | None) -> Page:
        """What it has to tell from ``cursor`` on, or ``SourceAway``."""
        asked = self._ask(
            "GET",
            self._url,
            query=None if cursor is None else {"cursor": cursor},
            headers={"Authorization": f"Bearer {self._key}"},
            total=_SECONDS,
            largest=_LARGEST,
        )
        return await answered(asked, _read)
