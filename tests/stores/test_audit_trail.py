"""The audit chain: appended once, by many at once, and any change to it is found."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bff.platform.audit import (
    STREAM,
    AuditEvent,
    AuditRecord,
    AuditRecorder,
    AuditTrail,
    first_broken_link,
    link,
)
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def event(number: int) -> AuditEvent:
    return AuditEvent(
        id=f"e{number}",
        at=NOON + timedelta(seconds=number),
        kind="test",
        actor="a",
        outcome="done",
        facts={"n": "1"},
    )


def chain_of(length: int, name: str = "c") -> list[AuditRecord]:
    records: list[AuditRecord] = []
    previous = "0" * 64
    for number in range(1, length + 1):
        record = link(name, number, previous, event(number))
        previous = record.hash
        records.append(record)
    return records


def test_an_untouched_chain_holds() -> None:
    assert first_broken_link(chain_of(20) + chain_of(3, "other")) is None


@given(st.integers(0, 9), st.sampled_from(["change", "remove", "double", "swap", "rehash"]))
def test_whatever_is_done_to_a_record_names_it_or_the_one_after(at: int, deed: str) -> None:
    records = chain_of(11)
    if deed == "change":
        records[at] = msgspec.structs.replace(records[at], event=event(99))
    elif deed == "remove":
        del records[at]
    elif deed == "double":
        records.insert(at, records[at])
    elif deed == "swap":
        records[at], records[at + 1] = records[at + 1], records[at]
    else:
        # A forger who can hash: the record itself then holds, the next one does not follow.
        records[at] = link("c", at + 1, records[at].previous, event(99))
    broken = first_broken_link(records)
    assert broken is not None
    assert broken.sequence in {at + 1, at + 2}


@pytest.fixture
async def trail(mongo_database: Database) -> AuditTrail:
    trail = AuditTrail(mongo_database["audit"])
    await trail.ensure_indexes()
    return trail


async def test_events_appended_twice_stand_once(trail: AuditTrail) -> None:
    events = [event(number) for number in range(5)]
    await trail.append("c", events)
    await trail.append("c", [*events, event(5)])
    records = [record async for record in trail.read()]
    assert [record.event.id for record in records] == ["e0", "e1", "e2", "e3", "e4", "e5"]
    assert first_broken_link(records) is None


async def test_ten_writers_of_one_chain_leave_one_whole_chain(trail: AuditTrail) -> None:
    batches = [[event(writer * 100 + number) for number in range(10)] for writer in range(10)]
    await asyncio.gather(*(trail.append("c", batch) for batch in batches))
    records = [record async for record in trail.read()]
    assert len(records) == 100
    assert first_broken_link(records) is None


async def test_a_record_changed_in_the_store_is_found(trail: AuditTrail, mongo_database: Database) -> None:
    await trail.append("c", [event(number) for number in range(10)])
    stored = await mongo_database["audit"].find_one({"sequence": 4})
    assert stored is not None
    forged = stored["event"].replace('"done"', '"refused"')
    await mongo_database["audit"].update_one({"_id": stored["_id"]}, {"$set": {"event": forged}})
    broken = first_broken_link([record async for record in trail.read()])
    assert broken is not None
    assert (broken.chain, broken.sequence) == ("c", 4)


async def test_recorded_means_it_is_on_the_stream(redis: Redis) -> None:
    await AuditRecorder(ScriptRunner(redis)).record("signin", at=NOON, actor="x", outcome="ok")
    assert await redis.xlen(STREAM) == 1
