"""What was refused stands in the trail, and no caller fills it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from auth_bridges.refusals import (
    ChallengeRefused,
    GrantUnknown,
    LastWayIn,
    ProviderUnavailable,
    SignInRequired,
)
from bff.platform.audit import STREAM, AuditEvent, AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.redis import ScriptRunner
from bff.platform.refused import RefusalRecorder
from bff.platform.telemetry import Trace, current_trace

NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Refused:
    """A recorder, and what it recorded."""

    def __init__(self, redis: Redis) -> None:
        run = ScriptRunner(redis)
        self._redis = redis
        self.recorder = AuditRecorder(run)
        personal = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])
        self.note = RefusalRecorder(run, self.recorder, personal, lambda: NOON).note

    async def events(self) -> list[AuditEvent]:
        told: Any = await self._redis.xrange(STREAM)
        return [msgspec.json.decode(fields[b"e"], type=AuditEvent) for _, fields in told]


@contextmanager
def request(name: str) -> Iterator[Trace]:
    """Whatever is done in this block is done for one request."""
    trace = Trace(name)
    token = current_trace.set(trace)
    try:
        yield trace
    finally:
        current_trace.reset(token)


async def test_of_a_flood_the_trail_tells_the_first_and_then_how_many(redis: Redis) -> None:
    refused = Refused(redis)
    for _ in range(40):
        await refused.note(LastWayIn(), "Unlink", None, "198.51.100.7")
    await refused.note(GrantUnknown(), "EndGrant", None, "198.51.100.7")
    await refused.note(LastWayIn(), "Unlink", None, "198.51.100.8")
    *flood, other_code, other_caller = await refused.events()
    assert [event.facts.get("times") for event in flood] == [None] * 8 + ["16", "32"]
    assert {event.actor for event in flood} == {other_code.actor}
    assert (other_code.outcome, other_caller.outcome) == ("GRANT_UNKNOWN", "LAST_WAY_IN")
    assert other_caller.actor != other_code.actor
    assert "198.51" not in repr([other_code, other_caller, *flood])


async def test_a_minute_later_it_is_the_first_again(redis: Redis) -> None:
    await Refused(redis).note(LastWayIn(), "Unlink", None, "198.51.100.7")
    (key,) = [key async for key in redis.scan_iter("refused:*")]
    assert 0 < await redis.pttl(key) <= 60_000


async def test_what_a_service_recorded_itself_is_not_recorded_again(redis: Redis) -> None:
    refused = Refused(redis)
    with request("request-1"):
        await refused.recorder.record("step_up", at=NOON, actor="lin", outcome="challenge of another request")
        await refused.recorder.record("session.refused", at=NOON, actor="lin", outcome="LAST_WAY_IN")
        for refusal in (ChallengeRefused(), LastWayIn(), SignInRequired()):
            await refused.note(refusal, "Unlink", None, "198.51.100.7")
    assert [event.kind for event in await refused.events()] == ["step_up", "session.refused"]
    with request("request-2"):
        await refused.note(ProviderUnavailable(rid="abc", number="secret"), "Unlink", None, "198.51.100.7")
    assert (await refused.events())[-1].facts == {"operation": "Unlink", "rid": "abc", "request": "request-2"}


async def test_what_a_provider_said_of_being_asked_stands_with_what_came_of_it(redis: Redis) -> None:
    refused = Refused(redis)
    with request("request-1") as trace:
        trace.provider.update(rid="of-the-request", providerEnv="sim")
        await refused.recorder.record("identity.proved", at=NOON, actor="lin", outcome="L3")
        await refused.recorder.record("x", at=NOON, actor="lin", outcome="ok", facts={"rid": "told"})
    assert [event.facts for event in await refused.events()] == [
        {"rid": "of-the-request", "providerEnv": "sim"},
        {"rid": "told", "providerEnv": "sim"},
    ]
