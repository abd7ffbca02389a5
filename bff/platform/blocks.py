"""Screens made of blocks: each has its own source, deadline and staleness, and fails alone."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct

from bff.platform.identity import Principal
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.home import Block, BlockStatus

_log = structlog.get_logger(__name__)
_REMEMBERED: Final = 20_000


class BlockSource(Struct, frozen=True, kw_only=True):
    """How one block comes about. A domain adds its block by registering one of these."""

    name: str
    load: Callable[[Principal], Awaitable[Any]]
    assurance: AssuranceLevel = AssuranceLevel.L0
    scope: str | None = None
    required: bool = False
    deadline: timedelta = timedelta(milliseconds=300)
    bears_staleness: timedelta = timedelta(minutes=10)


class _Good(Struct, frozen=True):
    data: Any
    etag: str
    as_of: datetime


class Blocks:
    """Loads blocks side by side; identical loads in flight are shared per subject and grant.

    The last good answer of a block is remembered in this process, per subject, to bridge a dead
    source for as long as the block bears; it is never served while its source answers.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._sources: dict[str, BlockSource] = {}
        self._flights: dict[tuple[str, str], asyncio.Task[_Good]] = {}
        self._last_good: OrderedDict[tuple[str, str], _Good] = OrderedDict()

    def register(self, source: BlockSource) -> None:
        """Add a block to the screen."""
        if source.name in self._sources:
            msg = f"two blocks named {source.name}"
            raise ValueError(msg)
        self._sources[source.name] = source

    async def compose(self, principal: Principal) -> dict[str, Block]:
        """Every block, within the longest of their deadlines."""
        blocks = await asyncio.gather(*(self._block(source, principal) for source in self._sources.values()))
        return dict(zip(self._sources, blocks, strict=True))

    async def _block(self, source: BlockSource, principal: Principal) -> Block:
        if not _may_see(source, principal):
            return Block(status=BlockStatus.FORBIDDEN, required=source.required, as_of=None, etag=None)
        key = (_whose(principal), source.name)
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._load(source, principal, key))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        try:
            # Shielded: a caller's deadline must not end a load that others share.
            good = await asyncio.wait_for(asyncio.shield(flight), source.deadline.total_seconds())
        except Exception as failure:  # noqa: BLE001  whatever a source does, the screen lives
            _log.warning("block.failed", block=source.name, error=type(failure).__name__)
            flight.add_done_callback(_swallow)
            return self._fallback(source, key)
        return Block(
            status=BlockStatus.OK, required=source.required, as_of=good.as_of, etag=good.etag, data=good.data
        )

    async def _load(self, source: BlockSource, principal: Principal, key: tuple[str, str]) -> _Good:
        as_of = self._clock()
        data = await source.load(principal)
        etag = hashlib.blake2b(msgspec.json.encode(data), digest_size=12).hexdigest()
        good = _Good(data, etag, as_of)
        self._last_good[key] = good
        self._last_good.move_to_end(key)
        if len(self._last_good) > _REMEMBERED:
            self._last_good.popitem(last=False)
        return good

    def _fallback(self, source: BlockSource, key: tuple[str, str]) -> Block:
        good = self._last_good.get(key)
        if good is None or self._clock() - good.as_of > source.bears_staleness:
            return Block(status=BlockStatus.UNAVAILABLE, required=source.required, as_of=None, etag=None)
        return Block(
            status=BlockStatus.STALE,
            required=source.required,
            as_of=good.as_of,
            etag=good.etag,
            data=good.data,
        )


def _may_see(source: BlockSource, principal: Principal) -> bool:
    has_scope = source.scope is None or source.scope in principal.scopes
    return has_scope and principal.assurance.satisfies(source.assurance)


def _whose(principal: Principal) -> str:
    """Whose answers may be shared: the same person acting for somebody is somebody else here."""
    grant = "" if principal.acting is None else principal.acting.grant
    return f"{principal.subject} {principal.assurance} {grant}"


def _swallow(flight: "asyncio.Task[_Good]") -> None:
    """Look at a late failure, so that asyncio does not report it as never retrieved."""
    if not flight.cancelled():
        flight.exception()
