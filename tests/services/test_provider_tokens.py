"""The keeper of a provider's access token: how often it asks, whatever happens.

Real Redis, a fake provider.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as some
from redis.asyncio import Redis

from auth_bridges.provider_tokens import FetchedToken, ProviderTokens, TokenRefused, renew_at
from auth_bridges.refusals import ProviderTokenUnavailable, ProviderUnavailable
from auth_bridges.store.provider_tokens import KeptToken, ProviderTokenStore, Spent, Taken, digest_of
from bff.platform.redis import open_redis
from miniapp_schemas.refusals import Refusal
from tests.auth_fakes import NOW, FakeClock, personal

NAME: Final = "test:wechat:wx1"
TWO_HOURS: Final = timedelta(seconds=7200)


class Provider:
    """Hands out tokens as ``stable_token`` does, and counts."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[bool] = []
        self.slow = 0.0
        self.fails: list[Refusal] = []
        self.insists = False
        self._made = 0
        self._ends = NOW
        self.kill()

    def kill(self) -> None:
        """The present token is not good any more; the next one asked for is another."""
        self._made += 1
        self.present = f"token-{self._made}"
        self._ends = self.clock() + TWO_HOURS

    async def fetch(self, *, force: bool) -> FetchedToken:
        self.asked.append(force)
        await asyncio.sleep(self.slow)
        if self.fails:
            raise self.fails.pop()
        if (force and not self.insists) or self._ends - self.clock() <= timedelta(minutes=5):
            self.kill()
        return FetchedToken(text=self.present, lifetime=self._ends - self.clock())

    async def serve(self, token: str) -> str:
        await asyncio.sleep(0)
        if token != self.present:
            raise TokenRefused
        return "served"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provider(clock: FakeClock) -> Provider:
    return Provider(clock)


Keeper = Callable[[], ProviderTokens]


@pytest.fixture
def keeper(redis: Redis, provider: Provider, clock: FakeClock) -> Keeper:
    """A process's keeper; every call starts another process."""

    def start() -> ProviderTokens:
        store = ProviderTokenStore(redis, personal(), name=NAME)
        return ProviderTokens(store=store, fetch=provider.fetch, clock=clock, chance=os.urandom, patience=2.0)

    return start


class TestOneFetch:
    async def test_for_two_hundred_requests_in_each_of_three_processes(
        self, keeper: Keeper, provider: Provider
    ) -> None:
        provider.slow = 0.05
        keepers = [keeper() for _ in range(3)]
        tokens = await asyncio.gather(*(each.token() for each in keepers for _ in range(200)))
        assert set(tokens) == {"token-1"}
        assert provider.asked == [False]

    async def test_more_when_the_token_is_killed_under_way(self, keeper: Keeper, provider: Provider) -> None:
        keepers = [keeper() for _ in range(3)]
        for each in keepers:
            await each.token()
        provider.kill()
        served = await asyncio.gather(*(each.spend(provider.serve) for each in keepers for _ in range(200)))
        assert set(served) == {"served"}
        assert provider.asked == [False, False]

    async def test_a_caller_who_gives_up_stops_nobody_elses(self, keeper: Keeper, provider: Provider) -> None:
        provider.slow = 0.1
        process = keeper()
        impatient = asyncio.create_task(process.token())
        patient = asyncio.create_task(process.token())
        await asyncio.sleep(0.02)
        impatient.cancel()
        assert await patient == "token-1"
        assert provider.asked == [False]


class TestRenewal:
    async def test_the_old_token_is_served_while_the_next_is_fetched(
        self, keeper: Keeper, provider: Provider, clock: FakeClock
    ) -> None:
        process = keeper()
        await process.token()
        clock.pass_(TWO_HOURS - timedelta(minutes=4))
        provider.slow = 0.3
        before = asyncio.get_running_loop().time()
        assert await process.token() == "token-1"
        assert asyncio.get_running_loop().time() - before < 0.25
        await asyncio.sleep(0.4)
        clock.pass_(timedelta(seconds=6))
        assert await process.token() == "token-2"
        assert provider.asked == [False, False]

    async def test_a_provider_that_is_away_then_is_no_harm_yet(
        self, keeper: Keeper, provider: Provider, clock: FakeClock
    ) -> None:
        process = keeper()
        await process.token()
        clock.pass_(TWO_HOURS - timedelta(minutes=4))
        provider.fails = [ProviderUnavailable()]
        assert await process.token() == "token-1"
        await asyncio.sleep(0.1)
        assert provider.asked == [False, False]
        clock.pass_(timedelta(seconds=6))
        assert await process.token() == "token-1"
        await asyncio.sleep(0.1)
        clock.pass_(timedelta(seconds=6))
        assert await process.token() == "token-2"

    @given(some.integers(0, 7200), some.integers(0, 59))
    def test_is_never_due_at_once_nor_after_the_next_is_made(self, left: int, jitter: int) -> None:
        ends = NOW + timedelta(seconds=left)
        due = renew_at(NOW, ends, timedelta(seconds=jitter))
        assert due > NOW
        assert due <= max(NOW + timedelta(seconds=30), ends - timedelta(minutes=4))


class TestRefusedForGood:
    async def test_each_call_is_repeated_once_and_then_told(self, keeper: Keeper) -> None:
        process = keeper()
        calls = 0

        async def never(_: str) -> str:
            nonlocal calls
            calls += 1
            raise TokenRefused

        with pytest.raises(ProviderTokenUnavailable):
            await process.spend(never)
        assert calls == 2

    async def test_how_often_a_token_is_fetched_in_a_minute_is_bounded(
        self, keeper: Keeper, provider: Provider, redis: Redis
    ) -> None:
        async def never(_: str) -> str:
            raise TokenRefused

        keepers = [keeper() for _ in range(3)]
        told = [
            await asyncio.gather(*(each.spend(never) for each in keepers), return_exceptions=True)
            for _ in range(20)
        ]
        assert all(isinstance(each, ProviderTokenUnavailable) for round_ in told for each in round_)
        # Six fetches, each once more by force, because what came was what had been refused.
        assert len(provider.asked) <= 12
        last = told[-1][0]
        assert isinstance(last, ProviderTokenUnavailable)
        assert last.retry_after is not None
        assert 0 < last.retry_after <= 60

    async def test_it_mends_itself_when_the_minute_is_over(
        self, keeper: Keeper, provider: Provider, clock: FakeClock, redis: Redis
    ) -> None:
        provider.fails = [ProviderUnavailable() for _ in range(6)]
        process = keeper()
        for _ in range(6):
            with pytest.raises(ProviderUnavailable):
                await process.token()
        with pytest.raises(ProviderTokenUnavailable):
            await process.token()
        assert len(provider.asked) == 6
        await redis.delete(f"auth:token:{{{NAME}}}:fetched")  # the minute, over
        clock.pass_(timedelta(minutes=1))
        assert await process.token() == "token-1"

    async def test_a_provider_that_gives_out_what_it_refuses_is_made_to_make_another(
        self, keeper: Keeper, provider: Provider
    ) -> None:
        process = keeper()
        await process.refused(await process.token())
        assert await process.token() == "token-2"
        assert provider.asked == [False, False, True]

    async def test_a_process_that_did_not_see_it_refused_makes_it_make_another_too(
        self, keeper: Keeper, provider: Provider
    ) -> None:
        process = keeper()
        await process.refused(await process.token())
        assert await keeper().token() == "token-2"
        assert provider.asked == [False, False, True]


class TestFencing:
    async def test_a_late_reply_overwrites_no_newer_token(
        self, keeper: Keeper, provider: Provider, redis: Redis
    ) -> None:
        store = ProviderTokenStore(redis, personal(), name=NAME)
        late = await store.take("late", seen=0, lease=timedelta(milliseconds=50), most=9)
        assert isinstance(late, Taken)
        await asyncio.sleep(0.1)
        assert await keeper().token() == "token-1"
        old = KeptToken(text="old", ends_at=NOW + TWO_HOURS, renew_at=NOW, fence=late.fence)
        assert not await store.keep("late", old)
        kept, _ = await store.read()
        assert kept is not None
        assert kept.text == "token-1"

    async def test_only_the_holder_ends_a_lease(self, redis: Redis) -> None:
        store = ProviderTokenStore(redis, personal(), name=NAME)
        lease = timedelta(seconds=15)
        assert isinstance(await store.take("a", seen=0, lease=lease, most=9), Taken)
        await store.release("b")
        assert await store.take("b", seen=0, lease=lease, most=9) is None
        await store.release("a")
        assert isinstance(await store.take("b", seen=0, lease=lease, most=9), Taken)

    async def test_every_step_may_be_repeated_by_its_owner(self, redis: Redis) -> None:
        """The client sends a command again when the reply was lost."""
        store = ProviderTokenStore(redis, personal(), name=NAME)
        lease = timedelta(seconds=15)
        first = await store.take("a", seen=0, lease=lease, most=1)
        assert isinstance(first, Taken)
        assert await store.take("a", seen=0, lease=lease, most=1) == first
        token = KeptToken(text="t", ends_at=NOW, renew_at=NOW, fence=first.fence)
        assert await store.keep("a", token)
        assert await store.keep("a", token)
        assert isinstance(await store.take("b", seen=first.fence, lease=lease, most=1), Spent)

    async def test_who_looked_before_it_was_fetched_does_not_fetch_again(self, redis: Redis) -> None:
        store = ProviderTokenStore(redis, personal(), name=NAME)
        lease = timedelta(seconds=15)
        taken = await store.take("a", seen=0, lease=lease, most=9)
        assert isinstance(taken, Taken)
        await store.keep("a", KeptToken(text="t", ends_at=NOW, renew_at=NOW, fence=taken.fence))
        assert await store.take("b", seen=0, lease=lease, most=9) is None

    async def test_only_the_token_that_was_refused_is_forgotten(self, redis: Redis) -> None:
        store = ProviderTokenStore(redis, personal(), name=NAME)
        taken = await store.take("a", seen=0, lease=timedelta(seconds=15), most=9)
        assert isinstance(taken, Taken)
        await store.keep("a", KeptToken(text="new", ends_at=NOW, renew_at=NOW, fence=taken.fence))
        await store.expire("old")
        assert (await store.read())[0] is not None
        await store.expire("new")
        assert await store.read() == (None, taken.fence)

    async def test_whoever_waits_for_one_that_died_is_told_in_time(
        self, keeper: Keeper, redis: Redis, provider: Provider
    ) -> None:
        store = ProviderTokenStore(redis, personal(), name=NAME)
        await store.take("dead", seen=0, lease=timedelta(seconds=3), most=9)
        process = keeper()
        with pytest.raises(ProviderTokenUnavailable):
            await process.token()
        await asyncio.sleep(1.2)
        assert await process.token() == "token-1"


class TestRedisAway:
    def away(self, provider: Provider, clock: FakeClock, nowhere: Redis) -> ProviderTokens:
        store = ProviderTokenStore(nowhere, personal(), name=NAME)
        return ProviderTokens(store=store, fetch=provider.fetch, clock=clock, chance=os.urandom)

    async def test_the_copy_is_served_to_its_end_and_the_kept_one_is_found_again(
        self, redis: Redis, keeper: Keeper, provider: Provider, clock: FakeClock
    ) -> None:
        process = keeper()
        await process.token()
        nowhere = open_redis("redis://127.0.0.1:1", timeout=0.2)
        here, process._store = process._store, ProviderTokenStore(nowhere, personal(), name=NAME)
        clock.pass_(timedelta(minutes=100))
        assert await process.token() == "token-1"
        process._store = here
        clock.pass_(timedelta(seconds=10))
        assert await process.token() == "token-1"
        assert provider.asked == [False]
        await nowhere.aclose()

    async def test_without_a_copy_a_process_fetches_for_itself_and_not_often(
        self, provider: Provider, clock: FakeClock
    ) -> None:
        nowhere = open_redis("redis://127.0.0.1:1", timeout=0.2)
        process = self.away(provider, clock, nowhere)
        tokens = await asyncio.gather(*(process.token() for _ in range(50)))
        assert set(tokens) == {"token-1"}
        assert provider.asked == [False]
        told: list[type[BaseException]] = []
        for _ in range(30):
            clock.pass_(timedelta(minutes=10))
            try:
                await process.refused(await process.token())
            except ProviderTokenUnavailable as refusal:
                told.append(type(refusal))
        assert len(told) == 10
        assert len(provider.asked) <= 40
        await nowhere.aclose()


class TestKeeping:
    async def test_a_token_is_nowhere_in_the_clear(self, keeper: Keeper, redis: Redis) -> None:
        token = await keeper().token()
        kept = await redis.hgetall(f"auth:token:{{{NAME}}}")
        assert token not in repr(kept)
        assert kept[b"digest"] == digest_of(token).encode()
        assert "token-1" not in repr(KeptToken(text=token, ends_at=NOW, renew_at=NOW))
        assert "token-1" not in repr(FetchedToken(text=token, lifetime=TWO_HOURS))

    async def test_what_does_not_open_is_fetched_anew(self, keeper: Keeper, redis: Redis) -> None:
        await keeper().token()
        await redis.hset(f"auth:token:{{{NAME}}}", "token", b"spoilt")
        assert await keeper().token() == "token-1"

    async def test_two_apps_do_not_share_a_token(self, redis: Redis, provider: Provider) -> None:
        """Sharing one key between mini-programs is an old mistake of others."""
        store = ProviderTokenStore(redis, personal(), name="test:wechat:wx2")
        taken = await store.take("a", seen=0, lease=timedelta(seconds=15), most=9)
        assert isinstance(taken, Taken)
        await store.keep("a", KeptToken(text="t", ends_at=NOW, renew_at=NOW, fence=taken.fence))
        other = ProviderTokenStore(redis, personal(), name=NAME)
        assert await other.read() == (None, 0)

    async def test_a_fresh_copy_needs_no_redis(self, keeper: Keeper, redis: Redis) -> None:
        process = keeper()
        await process.token()
        before = (await redis.info("stats"))["total_commands_processed"]
        for _ in range(10_000):
            await process.token()
        # The one that asks how many there were.
        assert (await redis.info("stats"))["total_commands_processed"] - before <= 1

    async def test_a_copy_is_a_minute_old_at_most(
        self, keeper: Keeper, provider: Provider, clock: FakeClock
    ) -> None:
        process, other = keeper(), keeper()
        await process.token()
        await other.refused(await other.token())
        await other.token()
        clock.pass_(timedelta(seconds=59))
        assert await process.token() == "token-1"
        clock.pass_(timedelta(seconds=1))
        assert await process.token() == "token-2"
