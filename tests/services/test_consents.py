"""Consents: each withdrawn by itself, with what rests on it, for whoever holds a token (PIPL Art. 15)."""

from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_bridges.models import Actor, ConsentPurpose, Ending, FaceCheckState, StoredSession
from auth_bridges.refusals import ConsentUnknown, ReauthenticationRequired
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import PHONE, World

MOBILE = "+8615400000001"
NAME, NUMBER = "林小满", "990101199003070019"


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    made.registry.names = {NUMBER: NAME}
    return made


async def seen(world: World) -> Actor:
    """Somebody whose name, number and face were compared."""
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    await world.accounts.proving.real_name(await world.signed_in("w"), NAME, NUMBER, consent="real-name-1")
    known = await world.signed_in("w")
    check = await world.accounts.proving.start_face_check(known, consent="face-1")
    world.faces.state = FaceCheckState.PASSED
    await world.accounts.proving.conclude_face_check(known, check.id)
    return await world.signed_in("w")


async def test_requirement_19_a_face_is_withdrawn_and_the_name_stays(world: World) -> None:
    me = await seen(world)
    assert me.level is AssuranceLevel.L3
    await world.accounts.consents.withdraw(me, ConsentPurpose.FACE_CHECK)
    again = await world.signed_in("w")
    assert again.level is AssuranceLevel.L2
    overview = await world.accounts.overviews.of(again)
    assert [(each.purpose.value, each.notice, each.withdrawn_at) for each in overview.consents] == [
        ("real-name", "real-name-1", None),
        ("face-check", "face-1", world.clock()),
    ]
    assert {"purpose": "face-check"} in world.audit.facts


async def test_requirement_19_a_name_is_withdrawn_with_everything_that_rests_on_it(
    world: World, mongo_database: Database
) -> None:
    me = await seen(world)
    await world.accounts.consents.withdraw(me, ConsentPurpose.REAL_NAME)
    again = await world.signed_in("w")
    assert again.level is AssuranceLevel.L1
    document = await mongo_database["residents"].find_one({"_id": me.resident})
    assert document is not None
    assert {document.get(field) for field in ("holder", "name", "number")} == {None}
    await world.accounts.proving.real_name(again, NAME, NUMBER, consent="real-name-2")
    assert (await world.signed_in("w")).level is AssuranceLevel.L2


async def test_every_session_that_told_of_it_ends(world: World) -> None:
    me = await seen(world)
    await world.accounts.consents.withdraw(me, ConsentPurpose.FACE_CHECK)
    session = await world.stores.sessions.get(me.session)
    assert session is not None
    assert session.ended_why is Ending.CONSENT_WITHDRAWN


async def test_a_sign_in_that_looked_before_a_name_was_withdrawn_does_not_tell_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every session that there was has ended when this one is written: nobody else will end it."""
    me = await seen(world)
    opens = world.stores.sessions.open

    async def after_the_withdrawal(session: StoredSession) -> None:
        monkeypatch.undo()
        await world.accounts.consents.withdraw(me, ConsentPurpose.REAL_NAME)
        await opens(session)

    monkeypatch.setattr(world.stores.sessions, "open", after_the_withdrawal)
    again = await world.signed_in("w")
    assert again.level is AssuranceLevel.L1
    session = await world.stores.sessions.get(again.session)
    assert session is not None
    assert (session.level, session.sid, session.id != session.sid) == (AssuranceLevel.L1, again.session, True)


async def test_a_face_check_under_way_proves_nothing_once_its_consent_is_withdrawn(world: World) -> None:
    me = await seen(world)
    check = await world.accounts.proving.start_face_check(me, consent="face-2")
    await world.accounts.consents.withdraw(me, ConsentPurpose.FACE_CHECK)
    again = await world.signed_in("w")
    with pytest.raises(ConsentUnknown):
        await world.accounts.proving.conclude_face_check(again, check.id)
    assert (await world.signed_in("w")).level is AssuranceLevel.L2


async def test_what_was_never_given_cannot_be_withdrawn_and_it_takes_a_fresh_proof(world: World) -> None:
    me = await world.signed_in("w")
    with pytest.raises(ConsentUnknown):
        await world.accounts.consents.withdraw(me, ConsentPurpose.FACE_CHECK)
    world.clock.pass_(timedelta(minutes=6))
    with pytest.raises(ReauthenticationRequired):
        await world.accounts.consents.withdraw(me, ConsentPurpose.FACE_CHECK)


async def test_withdrawn_twice_is_withdrawn_once(world: World) -> None:
    me = await seen(world)
    await world.accounts.consents.withdraw(me, ConsentPurpose.FACE_CHECK)
    first = world.clock()
    world.clock.pass_(timedelta(seconds=1))
    again = await world.signed_in("w")
    await world.accounts.consents.withdraw(again, ConsentPurpose.FACE_CHECK)
    consents = await world.stores.consents.of([me.resident])
    assert [each.withdrawn_at for each in consents] == [None, first]
