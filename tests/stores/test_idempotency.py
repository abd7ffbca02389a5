"""The same request is done once and answered alike."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from miniapp_schemas.base import Text
from miniapp_schemas.refusals import Kind, Refusal


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


SEALS = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])


class Operation:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self) -> Text:
        self.done += 1
        await asyncio.sleep(0.02)
        return Text(zh=str(self.done), en="")


async def test_done_once_and_answered_alike(mongo_database: Database) -> None:
    keeper, operation = Idempotency(mongo_database["i"], Clock(), SEALS), Operation()
    first = await keeper.run("a", "k", b"body", operation, Text)
    assert await keeper.run("a", "k", b"body", operation, Text) == first
    assert operation.done == 1
    await keeper.run("another caller", "k", b"body", operation, Text)
    assert operation.done == 2


async def test_an_answer_lies_sealed_and_one_kept_before_that_is_still_given(
    mongo_database: Database,
) -> None:
    keeper, operation = Idempotency(mongo_database["i"], Clock(), SEALS), Operation()

    async def secret() -> Text:
        return Text(zh="样本不是我的", en="the sample is not mine")

    first = await keeper.run("a", "k", b"body", secret, Text)
    assert await keeper.run("a", "k", b"body", operation, Text) == first
    kept = await mongo_database["i"].find_one({"_id": "a:k"})
    assert b"not mine" not in b"".join(each for each in (kept or {}).values() if isinstance(each, bytes))
    before = {"$set": {"answer": b'{"zh":"old","en":""}'}, "$unset": {"sealed": 1}}
    await mongo_database["i"].update_one({"_id": "a:k"}, before)
    assert await keeper.run("a", "k", b"body", operation, Text) == Text(zh="old", en="")
    assert operation.done == 0


async def test_another_body_under_the_same_key_is_refused(mongo_database: Database) -> None:
    keeper, operation = Idempotency(mongo_database["i"], Clock(), SEALS), Operation()
    await keeper.run("a", "k", b"body", operation, Text)
    with pytest.raises(IdempotencyKeyReused):
        await keeper.run("a", "k", b"other", operation, Text)


async def test_twenty_at_once_do_it_once(mongo_database: Database) -> None:
    keeper, operation = Idempotency(mongo_database["i"], Clock(), SEALS), Operation()
    results = await asyncio.gather(
        *(keeper.run("a", "k", b"body", operation, Text) for _ in range(20)), return_exceptions=True
    )
    assert operation.done == 1
    assert all(isinstance(result, Text | RequestUnderWay) for result in results)


async def test_a_request_whose_process_died_is_taken_over_when_its_lease_ends(
    mongo_database: Database,
) -> None:
    clock = Clock()
    keeper, operation = Idempotency(mongo_database["i"], clock, SEALS), Operation()

    async def die() -> Text:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await keeper.run("a", "k", b"body", die, Text)
    with pytest.raises(RequestUnderWay):
        await keeper.run("a", "k", b"body", operation, Text)
    clock.now += timedelta(seconds=31)
    assert await keeper.run("a", "k", b"body", operation, Text) == Text(zh="1", en="")


async def test_a_refused_request_may_be_mended_and_sent_again(mongo_database: Database) -> None:
    class No(Refusal):
        code, kind, title_zh, title_en = "NO", Kind.INVALID, "否", "No"

    async def refuse() -> Text:
        raise No

    keeper, operation = Idempotency(mongo_database["i"], Clock(), SEALS), Operation()
    with pytest.raises(No):
        await keeper.run("a", "k", b"body", refuse, Text)
    assert await keeper.run("a", "k", b"body", operation, Text) == Text(zh="1", en="")
