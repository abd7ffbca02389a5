"""The keeper of a provider's access token: one fetch, however many ask, in however many processes.

A storm of requests with a cold cache is one fetch: tasks of a process wait for one task, processes for
the holder of a lease. A token is renewed while it still lives and served meanwhile. A token the provider
refuses is forgotten only if it is still the one we keep, and asked for anew once; how often that may
happen in a minute is bounded, and then everybody is told at once, because a provider that refuses every
token counts what we fetch.

With Redis away a process serves its own copy to its end, then fetches for itself, a few times a day.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeGuard, TypeVar

from msgspec import Struct

from auth_bridges.ports import Chance, Clock
from auth_bridges.refusals import ProviderTokenUnavailable
from auth_bridges.store.provider_tokens import (
    KeptToken,
    ProviderTokenStore,
    Spent,
    Taken,
    TokensAway,
    digest_of,
)
from miniapp_schemas.refusals import Refusal

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)

_COPY_LIVES: Final = timedelta(seconds=60)
_COPY_LIVES_BRIEFLY: Final = timedelta(seconds=5)
_RENEW_BEFORE: Final = timedelta(minutes=10)
_NEXT_IS_MADE: Final = timedelta(minutes=5)
_JITTER: Final = timedelta(minutes=1)
_LEASE: Final = timedelta(seconds=15)
_PATIENCE: Final = 6.0
"""Seconds to wait for whoever fetches: as long as a fetch may take, and a little."""
_STORE_PATIENCE: Final = 0.25
"""Seconds a caller waits for Redis while it could have the copy."""
_POLL: Final = 0.04
_PER_MINUTE: Final = 6
_ALONE_PER_DAY: Final = 20
_DAY: Final = timedelta(days=1)


class TokenRefused(Exception):
    """The provider says that a token is wrong or over; raised by a call, heard by the keeper."""


class FetchedToken(Struct, frozen=True, kw_only=True):
    """A token as the provider gave it."""

    text: str
    lifetime: timedelta

    def __repr__(self) -> str:
        return f"FetchedToken(lifetime={self.lifetime}, …)"


class FetchToken(Protocol):
    """Asks the provider for its present token; ``force`` makes it throw away the one it has."""

    def __call__(self, *, force: bool) -> Awaitable[FetchedToken]:
        """The token, or a refusal."""


def renew_at(now: datetime, ends_at: datetime, jitter: timedelta) -> datetime:
    """When to ask for another: ten minutes before the end.

    A provider gives out the same token until its last five minutes, so who asks in between asks again
    when the next one is made.
    """
    early = ends_at - _RENEW_BEFORE - jitter
    return early if early > now else max(now + timedelta(seconds=30), ends_at - _NEXT_IS_MADE + jitter)


class ProviderTokens:
    """Gives out one provider's access token. One object a process and app, in one event loop."""

    def __init__(
        self,
        *,
        store: ProviderTokenStore,
        fetch: FetchToken,
        clock: Clock,
        chance: Chance,
        most: int = _PER_MINUTE,
        patience: float = _PATIENCE,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._clock = clock
        self._chance = chance
        self._most = most
        self._patience = patience
        self._copy: KeptToken | None = None
        self._copy_until: datetime | None = None
        self._refused = ""
        self._shut_until: datetime | None = None
        self._looking: asyncio.Task[str] | None = None
        self._renewing: asyncio.Task[str] | None = None
        self._forgetting: asyncio.Task[None] | None = None
        self._alone: deque[datetime] = deque()

    async def token(self) -> str:
        """A token that lives, as far as we know; without a round trip while the copy is fresh."""
        now = self._clock()
        if self._copy is not None and self._copy_until is not None and now < self._copy_until:
            return self._copy.text
        task = self._looking
        if task is None or task.done():
            self._looking = task = _shared(self._look())
        copy = self._copy
        if copy is None or now >= copy.ends_at:
            return await asyncio.shield(task)
        try:
            return await asyncio.wait_for(asyncio.shield(task), _STORE_PATIENCE)
        except TimeoutError:
            if self._copy is not copy:
                return await asyncio.shield(task)
            # Nobody else waits for a Redis that does not answer.
            self._copy_until = min(now + _COPY_LIVES_BRIEFLY, copy.ends_at)
            return copy.text

    async def spend(self, call: Callable[[str], Awaitable[T]]) -> T:
        """``call`` with a token; once more with another if the provider refuses the first."""
        token = await self.token()
        try:
            return await call(token)
        except TokenRefused:
            await self.refused(token)
        token = await self.token()
        try:
            return await call(token)
        except TokenRefused:
            await self.refused(token)
            _log.error("the provider refuses a token it has just given")
            raise ProviderTokenUnavailable(retry_after=5) from None

    async def refused(self, token: str) -> None:
        """Forget ``token`` if it is the one we keep, here and everywhere."""
        if self._copy is not None and self._copy.text == token:
            self._copy = None
        digest = digest_of(token)
        # Hundreds learn of it at once; one of them tells Redis.
        if digest != self._refused or self._forgetting is None:
            self._refused = digest
            self._forgetting = _shared(self._forget(token))
        await asyncio.shield(self._forgetting)

    # --- how ------------------------------------------------------------------------------------------

    async def _forget(self, token: str) -> None:
        try:
            await self._store.expire(token)
        except TokensAway:
            _log.warning("a refused token could not be forgotten everywhere")

    async def _look(self) -> str:
        """Take what is kept; see to its successor when it is time."""
        now = self._clock()
        try:
            kept, fence = await self._store.read()
            if not self._lives(kept, now):
                return await self._refresh(fence)
        except TokensAway:
            return await self._without_store()
        self._hold(kept, now)
        if now >= kept.renew_at and (self._renewing is None or self._renewing.done()):
            self._renewing = _shared(self._renew(kept))
        return kept.text

    def _lives(self, kept: KeptToken | None, now: datetime) -> TypeGuard[KeptToken]:
        return kept is not None and now < kept.ends_at and digest_of(kept.text) != self._refused

    def _hold(self, kept: KeptToken, now: datetime) -> None:
        fresh = now + (_COPY_LIVES if now < kept.renew_at else _COPY_LIVES_BRIEFLY)
        self._copy = kept
        self._copy_until = min(fresh, kept.ends_at, max(kept.renew_at, now + _COPY_LIVES_BRIEFLY))

    async def _renew(self, old: KeptToken) -> str:
        """Fetch the successor while ``old`` is served; that nobody could is no harm yet."""
        try:
            return await self._refresh(old.fence)
        except (Refusal, TokensAway) as failure:
            _log.warning("a token could not be renewed yet: %s", type(failure).__name__)
            return old.text

    async def _refresh(self, seen: int) -> str:
        """Fetch a token, or wait for whoever does."""
        if self._shut_until is not None and self._clock() < self._shut_until:
            raise _shut(self._shut_until - self._clock())
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        owner = self._chance(16).hex()
        while True:
            taken = await self._store.take(owner, seen=seen, lease=_LEASE, most=self._most)
            if isinstance(taken, Taken):
                return await self._fetch_as(owner, taken)
            if isinstance(taken, Spent):
                _log.error("too many tokens were fetched; no more for %s", taken.wait)
                self._shut_until = self._clock() + taken.wait
                raise _shut(taken.wait)
            kept, fence = await self._store.read()
            now = self._clock()
            if fence > seen and self._lives(kept, now):
                self._hold(kept, now)
                return kept.text
            seen = fence
            if loop.time() >= deadline:
                raise ProviderTokenUnavailable(retry_after=1)
            await asyncio.sleep(_POLL)

    async def _fetch_as(self, owner: str, taken: Taken) -> str:
        """Fetch under our lease; whatever happens, the lease ends."""
        try:
            fetched = await self._ask({taken.refused, self._refused}, fence=taken.fence)
        except BaseException:
            await self._let_go(owner)
            raise
        try:
            if not await self._store.keep(owner, fetched):
                # Our lease ran out, and somebody fetched after us: theirs is the one that lives longer.
                newer, _ = await self._store.read()
                fetched = newer or fetched
        except TokensAway:
            _log.warning("a token could not be kept for the other processes")
        self._hold(fetched, self._clock())
        return fetched.text

    async def _let_go(self, owner: str) -> None:
        try:
            await self._store.release(owner)
        except TokensAway:
            _log.warning("a lease was left to run out")

    async def _ask(self, refused: set[str], *, fence: int) -> KeptToken:
        """The provider's token; thrown away and made anew there if it is the one it refuses."""
        now = self._clock()
        fetched = await self._fetch(force=False)
        if digest_of(fetched.text) in refused:
            _log.warning("the provider gives out a token it refuses; asking for another")
            now = self._clock()
            fetched = await self._fetch(force=True)
        self._refused = ""
        ends_at = now + fetched.lifetime
        jitter = _JITTER * (int.from_bytes(self._chance(2)) / 65_536)
        return KeptToken(
            text=fetched.text, ends_at=ends_at, renew_at=renew_at(now, ends_at, jitter), fence=fence
        )

    async def _without_store(self) -> str:
        """What a process does while Redis is away."""
        now = self._clock()
        if self._lives(self._copy, now):
            self._copy_until = min(now + _COPY_LIVES_BRIEFLY, self._copy.ends_at)
            return self._copy.text
        while self._alone and self._alone[0] <= now - _DAY:
            self._alone.popleft()
        if len(self._alone) >= _ALONE_PER_DAY:
            raise ProviderTokenUnavailable(retry_after=60)
        self._alone.append(now)
        kept = await self._ask({self._refused}, fence=0)
        self._hold(kept, now)
        return kept.text


def _shared(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task for several callers; it goes on when one is cancelled, and may fail with nobody waiting."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    return task


def _shut(wait: timedelta) -> ProviderTokenUnavailable:
    return ProviderTokenUnavailable(retry_after=max(1, round(wait.total_seconds())))
