"""A clerk's second factor: set up, demanded, used once, held up by guesses, reset; on real stores."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import SecondFactorBegun
from auth_bridges.refusals import (
    ClerkNotRecognised,
    NotRegistrable,
    SecondFactorClosed,
    SecondFactorNeeded,
    SessionEnded,
)
from auth_bridges.registrar import Outcome, RegisterClerk, RegisterOrganisation
from auth_bridges.rules.second_factor import PERIOD, code_at, read_secret, step_at, written
from bff.platform.mongo import Database
from miniapp_schemas.refusals import Refusal
from tests.auth_fakes import COUNTER, World

HOTEL = RegisterOrganisation(id="hotel", name="江边旅馆")
SECRET = b"12345678901234567890"
PASSPHRASE = "correct horse"
PLAIN = RegisterClerk(organisation="hotel", number="0042", passphrase=PASSPHRASE, scenes=("general",))
HOLDER = msgspec.structs.replace(PLAIN, second_factor=written(SECRET))


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path, demanded=True)
    await made.stores.ensure_indexes()
    await made.registrar.register(HOTEL)
    return made


def code(world: World, secret: bytes = SECRET, *, steps: int = 0) -> str:
    return code_at(secret, step_at(world.clock()) + steps)


async def attempt(world: World, code: str | None, passphrase: str = PASSPHRASE) -> frozenset[str]:
    """By what the new token says its bearer proved to be it."""
    signed_in = await world.auth.sign_in_clerk("hotel", "0042", passphrase, COUNTER, one_time_code=code)
    return world.tokens.verify(signed_in.access.text, now=world.clock()).grant.methods


async def refused(world: World, code: str | None, passphrase: str = PASSPHRASE) -> str:
    """What the audit says was wrong."""
    with pytest.raises(ClerkNotRecognised):
        await attempt(world, code, passphrase)
    return world.audit.facts[-1]["wrong"]


async def begun(world: World, passphrase: str = PASSPHRASE) -> SecondFactorBegun:
    return await world.auth.begin_second_factor("hotel", "0042", passphrase, COUNTER)


async def clerk_id(world: World) -> str:
    clerk = await world.stores.directory.clerk("hotel", "0042")
    assert clerk is not None
    return clerk.id


# --- setting one up ----------------------------------------------------------------------------------


async def test_a_new_clerk_sets_one_up_at_the_first_sign_in(world: World) -> None:
    await world.registrar.register(PLAIN)
    with pytest.raises(SecondFactorNeeded):
        await attempt(world, None)
    secret = read_secret((await begun(world)).secret)
    with pytest.raises(SecondFactorNeeded):
        await attempt(world, None)
    assert await refused(world, code(world, SECRET)) == "code"
    assert await attempt(world, code(world, secret)) == {"pwd", "otp"}
    # From now on there is no way back to a passphrase alone, and none to another secret.
    assert await refused(world, None) == "code"
    with pytest.raises(ClerkNotRecognised):
        await begun(world)
    assert [kind for kind, _ in world.audit.kinds if kind.startswith("second_factor")] == [
        "second_factor.begun",
        "second_factor.confirmed",
    ]


async def test_a_secret_asked_for_again_is_another_one(world: World) -> None:
    await world.registrar.register(PLAIN)
    lost, kept = read_secret((await begun(world)).secret), read_secret((await begun(world)).secret)
    assert await refused(world, code(world, lost)) == "code"
    assert await attempt(world, code(world, kept)) == {"pwd", "otp"}


async def test_after_the_days_for_it_only_an_operator_opens_it_again(world: World) -> None:
    await world.registrar.register(PLAIN)
    world.clock.pass_(timedelta(days=14))
    with pytest.raises(SecondFactorNeeded):
        await attempt(world, None)
    with pytest.raises(SecondFactorClosed):
        await begun(world)
    assert [each.number async for each in world.second_factors.without()] == ["0042"]
    assert await world.second_factors.allow(await clerk_id(world), timedelta(days=1))
    secret = read_secret((await begun(world)).secret)
    assert await attempt(world, code(world, secret)) == {"pwd", "otp"}
    assert [each async for each in world.second_factors.without("hotel")] == []
    assert not await world.second_factors.allow(await clerk_id(world), timedelta(days=1))


async def test_nobody_sets_one_up_without_the_passphrase(world: World) -> None:
    await world.registrar.register(PLAIN)
    with pytest.raises(ClerkNotRecognised):
        await begun(world, "wrong horse")
    assert world.audit.facts[-1] == {"wrong": "passphrase"}


async def test_where_it_is_only_offered_who_has_one_needs_it_and_nobody_else(
    mongo_database: Database, redis: Redis, tmp_path: Path
) -> None:
    world = World(mongo_database, redis, tmp_path, demanded=False)
    await world.stores.ensure_indexes()
    await world.registrar.register(HOTEL)
    await world.registrar.register(PLAIN)
    assert await attempt(world, None) == {"pwd"}
    secret = read_secret((await begun(world)).secret)
    # Begun and never finished keeps nobody out.
    assert await attempt(world, None) == {"pwd"}
    assert await attempt(world, code(world, secret)) == {"pwd", "otp"}
    assert await refused(world, None) == "code"


async def test_a_token_that_was_handed_out_counts_from_the_import_on(world: World) -> None:
    assert await world.registrar.register(HOLDER) is Outcome.CREATED
    assert await world.registrar.register(HOLDER) is Outcome.UNCHANGED
    assert await attempt(world, code(world)) == {"pwd", "otp"}
    other = msgspec.structs.replace(HOLDER, second_factor=written(SECRET[::-1]))
    assert await world.registrar.register(other) is Outcome.UPDATED
    assert await refused(world, code(world, steps=1)) == "code"
    # A file that says nothing of it takes nothing away.
    assert await world.registrar.register(PLAIN) is Outcome.UNCHANGED
    assert await attempt(world, code(world, SECRET[::-1])) == {"pwd", "otp"}
    with pytest.raises(NotRegistrable):
        await world.registrar.register(msgspec.structs.replace(HOLDER, second_factor="1" * 32))


async def test_no_secret_lies_in_the_clear(world: World, mongo_database: Database) -> None:
    await world.registrar.register(HOLDER)
    (kept,) = await mongo_database["clerk_second_factors"].find().to_list(2)
    assert SECRET not in kept["sealed"]
    assert written(SECRET) not in repr(kept)


# --- using it ----------------------------------------------------------------------------------------


async def test_a_code_opens_one_session_and_no_second_one(world: World) -> None:
    await world.registrar.register(HOLDER)
    now, before = code(world), code(world, steps=-1)
    assert await attempt(world, now) == {"pwd", "otp"}
    assert await refused(world, now) == "used"
    assert await refused(world, before) == "used"
    world.clock.pass_(PERIOD)
    assert await refused(world, now) == "used"
    assert await attempt(world, code(world)) == {"pwd", "otp"}


async def test_of_two_processes_with_one_code_one_lets_somebody_in(world: World) -> None:
    await world.registrar.register(HOLDER)
    results = await asyncio.gather(*(attempt(world, code(world)) for _ in range(8)), return_exceptions=True)
    assert [each for each in results if not isinstance(each, Refusal)] == [frozenset({"pwd", "otp"})]
    assert sum(isinstance(each, ClerkNotRecognised) for each in results) == 7


async def test_five_wrong_codes_hold_up_the_right_one_and_wrong_passphrases_hold_up_nobody(
    world: World,
) -> None:
    await world.registrar.register(HOLDER)
    for _ in range(10):
        assert await refused(world, code(world), "wrong horse") == "passphrase"
    wrong = code(world, steps=7)
    for _ in range(4):
        assert await refused(world, wrong) == "code"
    assert await attempt(world, code(world)) == {"pwd", "otp"}
    for _ in range(5):
        assert await refused(world, wrong) == "code"
    assert ("second_factor.locked", "ok") in world.audit.kinds
    world.clock.pass_(timedelta(minutes=14))
    assert await refused(world, code(world)) == "locked"
    assert await refused(world, wrong) == "locked"
    world.clock.pass_(timedelta(minutes=1))
    assert await attempt(world, code(world)) == {"pwd", "otp"}


async def test_whatever_is_wrong_is_told_alike_after_the_same_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.registrar.register(HOLDER)
    work: list[str] = []
    store = world.stores.second_factors
    for name in ("get", "misses", "missed"):
        real = getattr(store, name)

        async def noted(*args: object, real: object = real, name: str = name, **named: object) -> object:
            work.append(name)
            return await real(*args, **named)  # type: ignore[operator]

        monkeypatch.setattr(store, name, noted)
    told = set()
    for number, passphrase, tried in (
        ("0042", PASSPHRASE, code(world, steps=9)),
        ("0042", PASSPHRASE, None),
        ("0042", "wrong horse", code(world)),
        ("0043", PASSPHRASE, code(world)),
    ):
        work.clear()
        with pytest.raises(ClerkNotRecognised) as failure:
            await world.auth.sign_in_clerk("hotel", number, passphrase, COUNTER, one_time_code=tried)
        told.add((*work, *failure.value.detail, *failure.value.facts))
    assert len(told) == 1
    assert work == ["get", "misses", "missed"]


# --- losing it ---------------------------------------------------------------------------------------


async def test_a_lost_phone_is_reset_and_its_sessions_end(world: World) -> None:
    await world.registrar.register(HOLDER)
    signed_in = await world.auth.sign_in_clerk(
        "hotel", "0042", PASSPHRASE, COUNTER, one_time_code=code(world)
    )
    await world.second_factors.reset(await clerk_id(world), timedelta(days=3))
    with pytest.raises(SessionEnded):
        await world.auth.refresh_clerk(signed_in.refresh.text, COUNTER)
    with pytest.raises(SecondFactorNeeded):
        await attempt(world, code(world, steps=1))
    secret = read_secret((await begun(world)).secret)
    assert await refused(world, code(world)) == "code"
    assert await attempt(world, code(world, secret)) == {"pwd", "otp"}
    assert ("second_factor.reset", "ok") in world.audit.kinds
