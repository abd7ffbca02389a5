"""Staying signed in: one living token a session, and copies are found out."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from auth_bridges.models import (
    Audience,
    ClientFacts,
    DepartmentKey,
    Ending,
    NoticeKind,
    ProviderSession,
    ResidentSignedIn,
    Standing,
    StoredSession,
)
from auth_bridges.refusals import AssertionRefused, ClerkNotRecognised, SessionEnded, SessionUnknown
from auth_bridges.registrar import (
    OwnSignOn,
    RegisterClerk,
    RegisterDepartment,
    RegisterOrganisation,
    RegisterResident,
    WayIn,
)
from auth_bridges.rules.second_factor import code_at, read_secret, step_at
from auth_bridges.rules.sessions import present
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import COUNTER, PHONE, DepartmentSigner, FakeBridge, World

LI = RegisterResident(
    id_number="990101199003070019",
    name="李小明",
    links=(WayIn(provider="wechat", appid=FakeBridge.appid, subject="oSIM1"),),
)


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    made.bridge.knows["code"] = "oSIM1"
    return made


@pytest.fixture
async def signed_in(world: World) -> ResidentSignedIn:
    return await world.auth.sign_in("wechat", "code", PHONE)


def session_of(world: World, signed_in: ResidentSignedIn) -> str:
    return world.tokens.verify(signed_in.access.text, now=world.clock()).grant.session


async def endings(world: World) -> list[str]:
    return list((await world.stores.ended.since("0-0"))[1])


async def test_a_refresh_token_is_traded_for_a_new_pair(world: World, signed_in: ResidentSignedIn) -> None:
    world.clock.pass_(timedelta(minutes=9))
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    assert renewed.refresh.text != signed_in.refresh.text
    assert session_of(world, renewed) == session_of(world, signed_in)
    assert renewed.refresh.expires_at == signed_in.refresh.expires_at


async def test_a_lost_reply_can_be_asked_for_again(world: World, signed_in: ResidentSignedIn) -> None:
    first = await world.auth.refresh(signed_in.refresh.text, PHONE)
    world.clock.pass_(timedelta(seconds=20))
    again = await world.auth.refresh(signed_in.refresh.text, PHONE)
    assert again.refresh.text == first.refresh.text
    await world.auth.refresh(again.refresh.text, PHONE)


async def test_many_refreshes_at_once_have_one_successor(world: World, signed_in: ResidentSignedIn) -> None:
    renewed = await asyncio.gather(*(world.auth.refresh(signed_in.refresh.text, PHONE) for _ in range(20)))
    assert len({each.refresh.text for each in renewed}) == 1


async def test_a_copy_used_after_the_grace_ends_the_session_for_both(
    world: World, signed_in: ResidentSignedIn
) -> None:
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    world.clock.pass_(timedelta(seconds=21))
    for token in (signed_in.refresh.text, renewed.refresh.text):
        with pytest.raises(SessionEnded):
            await world.auth.refresh(token, PHONE)
    assert await endings(world) == [session_of(world, signed_in)]
    assert world.audit.kinds[-1] == ("session.ended", Ending.TOKEN_REUSED)
    session = await world.stores.sessions.get(session_of(world, signed_in))
    assert session is not None
    (told,) = await world.stores.notices.of([session.subject], limit=9)
    assert told.kind is NoticeKind.SIGN_IN_COPIED


async def test_a_copy_on_another_device_is_found_out_within_the_grace(
    world: World, signed_in: ResidentSignedIn
) -> None:
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    thief = ClientFacts(address="198.51.100.9", device="another-device-key")
    for token, client in ((signed_in.refresh.text, thief), (renewed.refresh.text, PHONE)):
        with pytest.raises(SessionEnded):
            await world.auth.refresh(token, client)


@pytest.mark.parametrize(
    ("began", "asks", "repeated"),
    [
        pytest.param("iPhone", "iPhone", True, id="the same kind"),
        pytest.param("iPhone", "Windows NT", False, id="another kind"),
        pytest.param("iPhone", "", False, id="no kind told"),
        pytest.param("", "iPhone", True, id="none was known"),
    ],
)
async def test_where_no_device_was_named_a_lost_reply_is_asked_for_by_the_same_kind_of_device(
    world: World,
    began: str,
    asks: str,
    repeated: bool,  # noqa: FBT001 - a parameter
) -> None:
    def nameless(agent: str) -> ClientFacts:
        return ClientFacts(address="203.0.113.7", agent=agent)

    signed_in = await world.auth.sign_in("wechat", "code", nameless(began))
    renewed = await world.auth.refresh(signed_in.refresh.text, nameless(began))
    if repeated:
        again = await world.auth.refresh(signed_in.refresh.text, nameless(asks))
        assert again.refresh.text == renewed.refresh.text
        return
    for token in (signed_in.refresh.text, renewed.refresh.text):
        with pytest.raises(SessionEnded):
            await world.auth.refresh(token, nameless(asks))


async def test_a_token_from_long_ago_ends_the_session(world: World, signed_in: ResidentSignedIn) -> None:
    token = signed_in.refresh.text
    for _ in range(5):
        world.clock.pass_(timedelta(minutes=9))
        token = (await world.auth.refresh(token, PHONE)).refresh.text
    with pytest.raises(SessionEnded):
        await world.auth.refresh(signed_in.refresh.text, PHONE)
    with pytest.raises(SessionEnded):
        await world.auth.refresh(token, PHONE)


async def test_knowing_a_sessions_id_is_not_enough_to_end_it(
    world: World, signed_in: ResidentSignedIn
) -> None:
    """The id is in every access token and in the audit; the handle is only in refresh tokens."""
    presented = present(signed_in.refresh.text)
    assert presented is not None
    assert presented.handle.hex() not in session_of(world, signed_in)
    with pytest.raises(SessionEnded):
        await world.auth.refresh("A" * 64, PHONE)
    await world.auth.refresh(signed_in.refresh.text, PHONE)


async def test_a_session_ends_when_it_must_however_often_refreshed(
    world: World, signed_in: ResidentSignedIn
) -> None:
    token = signed_in.refresh.text
    for _ in range(29):
        world.clock.pass_(timedelta(days=1))
        token = (await world.auth.refresh(token, PHONE)).refresh.text
    world.clock.pass_(timedelta(hours=23, minutes=59))
    last = await world.auth.refresh(token, PHONE)
    assert last.access.expires_at == last.refresh.expires_at
    world.clock.pass_(timedelta(minutes=1))
    with pytest.raises(SessionEnded):
        await world.auth.refresh(last.refresh.text, PHONE)


async def test_a_level_that_rose_is_in_the_next_token_and_shortens_the_session(
    world: World, signed_in: ResidentSignedIn
) -> None:
    await world.registrar.register(LI)
    world.clock.pass_(timedelta(hours=23))
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    assert renewed.assurance is AssuranceLevel.L2
    world.clock.pass_(timedelta(hours=1))
    with pytest.raises(SessionEnded):
        await world.auth.refresh(renewed.refresh.text, PHONE)


async def test_a_session_at_another_level_has_another_id_and_the_old_one_is_over(
    world: World, signed_in: ResidentSignedIn
) -> None:
    before = session_of(world, signed_in)
    await world.registrar.register(LI)
    renewed = await asyncio.gather(*(world.auth.refresh(signed_in.refresh.text, PHONE) for _ in range(8)))
    after = {session_of(world, each) for each in renewed}
    assert len(after) == len({each.refresh.text for each in renewed}) == 1
    assert before not in after
    assert set(await endings(world)) == {before}
    assert world.audit.kinds.count(("session.renamed", "L2")) == 1
    again = await world.auth.refresh(renewed[0].refresh.text, PHONE)
    assert {session_of(world, again)} == after
    # By whatever name it is ended, it has ended under all of them.
    await world.auth.sign_out(before)
    assert set(await endings(world)) == {before, *after}
    with pytest.raises(SessionEnded):
        await world.auth.refresh(again.refresh.text, PHONE)


async def test_a_session_that_became_a_real_name_one_is_left_idle_no_longer_than_such_a_one(
    world: World, signed_in: ResidentSignedIn
) -> None:
    await world.registrar.register(LI)
    world.clock.pass_(timedelta(minutes=59))
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    kept = await world.stores.sessions.get(session_of(world, renewed))
    assert kept is not None
    assert kept.expires_at == kept.started_at + timedelta(hours=24)
    world.clock.pass_(timedelta(minutes=59))
    again = await world.auth.refresh(renewed.refresh.text, PHONE)
    world.clock.pass_(timedelta(minutes=60))
    with pytest.raises(SessionEnded):
        await world.auth.refresh(again.refresh.text, PHONE)
    assert await world.auth.sessions(Audience.RESIDENT, kept.subject) == []


async def test_a_session_whose_level_fell_has_another_id_as_well(world: World) -> None:
    await world.registrar.register(LI)
    risen = await world.auth.sign_in("wechat", "code", PHONE)
    resident = await world.stores.residents.get(
        world.tokens.verify(risen.access.text, now=world.clock()).grant.subject
    )
    assert resident is not None
    await world.stores.residents.replace(resident, msgspec.structs.replace(resident, proofs=()))
    fallen = await world.auth.refresh(risen.refresh.text, PHONE)
    assert fallen.assurance is AssuranceLevel.L0
    assert session_of(world, fallen) != session_of(world, risen)
    assert await endings(world) == [session_of(world, risen)]


@pytest.mark.parametrize("dies_at", ["announce", "rename"])
async def test_who_dies_while_a_session_gets_another_id_leaves_it_to_be_asked_for_again(
    world: World, signed_in: ResidentSignedIn, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    async def dies(*_: object, **__: object) -> None:
        raise ConnectionResetError

    before = session_of(world, signed_in)
    await world.registrar.register(LI)
    store = world.stores.ended if dies_at == "announce" else world.stores.sessions
    with monkeypatch.context() as patch:
        patch.setattr(store, dies_at, dies)
        with pytest.raises(ConnectionResetError):
            await world.auth.refresh(signed_in.refresh.text, PHONE)
    world.clock.pass_(timedelta(seconds=20))
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    assert session_of(world, renewed) != before
    assert set(await endings(world)) == {before}
    await world.auth.refresh(renewed.refresh.text, PHONE)


async def test_a_copy_from_before_a_level_rose_ends_the_session_under_its_new_id(
    world: World, signed_in: ResidentSignedIn
) -> None:
    await world.registrar.register(LI)
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    world.clock.pass_(timedelta(seconds=21))
    with pytest.raises(SessionEnded):
        await world.auth.refresh(signed_in.refresh.text, PHONE)
    assert session_of(world, renewed) in await endings(world)


async def test_signing_out_ends_both_tokens(world: World, signed_in: ResidentSignedIn) -> None:
    session = session_of(world, signed_in)
    await world.auth.sign_out(session)
    await world.auth.sign_out(session)
    assert set(await endings(world)) == {session}
    with pytest.raises(SessionEnded):
        await world.auth.refresh(signed_in.refresh.text, PHONE)
    assert world.audit.kinds.count(("session.ended", "signed_out")) == 1


async def test_disabling_a_resident_ends_their_sessions(world: World, signed_in: ResidentSignedIn) -> None:
    await world.registrar.register(LI)
    await world.registrar.register(msgspec.structs.replace(LI, standing=Standing.DISABLED))
    assert await endings(world) == [session_of(world, signed_in)]
    with pytest.raises(SessionEnded):
        await world.auth.refresh(signed_in.refresh.text, PHONE)


async def test_a_clerks_shift_is_twelve_hours_and_follows_their_post(world: World) -> None:
    clerk = RegisterClerk(organisation="hotel", number="1", passphrase="correct horse", scenes=("hotel",))
    await world.registrar.register(RegisterOrganisation(id="hotel", name="江边旅馆"))
    await world.registrar.register(clerk)
    signed_in = await world.auth.sign_in_clerk("hotel", "1", "correct horse", COUNTER)
    await world.registrar.register(msgspec.structs.replace(clerk, scenes=("general",)))
    renewed = signed_in
    for _ in range(55):
        world.clock.pass_(timedelta(minutes=13))
        renewed = await world.auth.refresh_clerk(renewed.refresh.text, COUNTER)
    assert renewed.scenes == ("general",)
    world.clock.pass_(timedelta(minutes=5))
    with pytest.raises(SessionEnded):
        await world.auth.refresh_clerk(renewed.refresh.text, COUNTER)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"scopes": ("wallet:verify", "health:verify")}, id="one scope more"),
        pytest.param({"scenes": ("hotel", "general")}, id="one scene more"),
        pytest.param({"scenes": ()}, id="one scene less"),
    ],
)
async def test_a_shift_that_opens_something_else_has_another_id_and_the_old_one_is_over(
    world: World, changes: dict[str, tuple[str, ...]]
) -> None:
    clerk = RegisterClerk(organisation="hotel", number="1", passphrase="correct horse", scenes=("hotel",))
    await world.registrar.register(RegisterOrganisation(id="hotel", name="江边旅馆"))
    await world.registrar.register(clerk)
    signed_in = await world.auth.sign_in_clerk("hotel", "1", "correct horse", COUNTER)
    same = await world.auth.refresh_clerk(signed_in.refresh.text, COUNTER)
    assert same.session == signed_in.session
    assert await endings(world) == []
    await world.registrar.register(msgspec.structs.replace(clerk, **changes))
    renewed = await asyncio.gather(*(world.auth.refresh_clerk(same.refresh.text, COUNTER) for _ in range(8)))
    (after,) = {each.session for each in renewed}
    assert after != signed_in.session
    assert set(await endings(world)) == {signed_in.session}
    assert world.audit.kinds.count(("session.renamed", "L1")) == 1
    again = await world.auth.refresh_clerk(renewed[0].refresh.text, COUNTER)
    assert again.session == after


async def test_a_disabled_organisation_ends_its_clerks_shifts(world: World) -> None:
    hotel = RegisterOrganisation(id="hotel", name="江边旅馆")
    clerk = RegisterClerk(organisation="hotel", number="1", passphrase="correct horse", scenes=())
    await world.registrar.register(hotel)
    await world.registrar.register(clerk)
    signed_in = await world.auth.sign_in_clerk("hotel", "1", "correct horse", COUNTER)
    said = world.tokens.verify(signed_in.access.text, now=world.clock()).grant
    await world.registrar.register(msgspec.structs.replace(hotel, standing=Standing.DISABLED))
    assert await endings(world) == [signed_in.session]
    with pytest.raises(SessionEnded):
        await world.auth.refresh_clerk(signed_in.refresh.text, COUNTER)
    with pytest.raises(SessionEnded):
        await world.acting.assist(said.subject, LI.id_number, "case-1", ["wallet:read"])


async def department_signed_in(world: World, signer: DepartmentSigner) -> str:
    signed_in = await world.auth.sign_in_department(signer.assertion(), COUNTER)
    return world.tokens.verify(signed_in.access.text, now=world.clock()).grant.session


async def test_a_disabled_department_and_one_that_lost_a_key_are_out_at_once(world: World) -> None:
    first, second = DepartmentSigner("police"), DepartmentSigner("police")
    one, other = (msgspec.convert(signer.jwk(), DepartmentKey) for signer in (first, second))
    police = RegisterDepartment(id="police", name="市公安局", keys=(one,), types=())
    await world.registrar.register(police)
    session = await department_signed_in(world, first)
    for line, ended in (
        (msgspec.structs.replace(police, keys=(one, other)), []),
        (msgspec.structs.replace(police, keys=(other,)), [session]),
    ):
        await world.registrar.register(line)
        assert await endings(world) == ended
    again = await department_signed_in(world, second)
    off = msgspec.structs.replace(police, keys=(other,), standing=Standing.DISABLED)
    await world.registrar.register(off)
    assert await endings(world) == [session, again]
    # By an operator too: nobody else can.
    await world.registrar.register(msgspec.structs.replace(off, standing=Standing.ACTIVE))
    last = await department_signed_in(world, second)
    assert len([each async for each in world.auth.end_for_operator(Audience.ISSUER, "police")]) == 1
    assert (await endings(world))[2:] == [last]


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"passphrase": "battery staple"}, 1),
        ({"sso_subject": "s-2"}, 1),
        ({"second_factor": "B" * 32}, 1),
        ({"scenes": ("general",)}, 0),
        ({}, 0),
    ],
    ids=["passphrase", "name elsewhere", "token", "scenes", "nothing"],
)
async def test_who_came_in_by_what_is_a_clerks_no_more_is_out(
    world: World, changes: dict[str, object], ended: int
) -> None:
    clerk = RegisterClerk(
        organisation="hotel",
        number="1",
        passphrase="correct horse",
        scenes=(),
        sso_subject="s-1",
        second_factor="A" * 32,
    )
    await world.registrar.register(RegisterOrganisation(id="hotel", name="江边旅馆"))
    await world.registrar.register(clerk)
    code = code_at(read_secret("A" * 32), step_at(world.clock()))
    signed_in = await world.auth.sign_in_clerk("hotel", "1", "correct horse", COUNTER, one_time_code=code)
    await world.registrar.register(msgspec.structs.replace(clerk, **changes))
    assert await endings(world) == [signed_in.session] * ended


async def test_an_organisation_that_signs_on_elsewhere_ends_what_began_where_it_did(world: World) -> None:
    sso = OwnSignOn(issuer="https://id.hotel.cn", client_id="suishen")
    hotel = RegisterOrganisation(id="hotel", name="江边旅馆", sso=sso)
    await world.registrar.register(hotel)
    await world.registrar.register(
        RegisterClerk(organisation="hotel", number="1", passphrase="correct horse", scenes=())
    )
    await world.auth.sign_in_clerk("hotel", "1", "correct horse", COUNTER)
    clerk = await world.stores.directory.clerk("hotel", "1")
    employer = await world.stores.directory.organisation("hotel")
    assert clerk is not None
    assert employer is not None
    origin = ProviderSession(
        issuer=sso.issuer, client_id="suishen", subject="s-1", session=None, vouched_at=world.clock()
    )
    from_there = await world.auth.open_shift(clerk, employer, COUNTER, origin=origin)
    asks_for_more = msgspec.structs.replace(sso, acr=("two-factor",))
    for now, ended in ((asks_for_more, []), (None, [from_there.session])):
        await world.registrar.register(msgspec.structs.replace(hotel, sso=now))
        assert await endings(world) == ended


async def test_who_is_disabled_while_they_sign_in_is_not_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hotel = RegisterOrganisation(id="hotel", name="江边旅馆")
    clerk = RegisterClerk(organisation="hotel", number="1", passphrase="correct horse", scenes=())
    signer = DepartmentSigner("police")
    key = msgspec.convert(signer.jwk(), DepartmentKey)
    police = RegisterDepartment(id="police", name="市公安局", keys=(key,), types=())
    for line in (hotel, clerk, police):
        await world.registrar.register(line)
    opens = world.stores.sessions.open

    async def after_the_import(session: StoredSession) -> None:
        for line in (hotel, police):
            await world.registrar.register(msgspec.structs.replace(line, standing=Standing.DISABLED))
        await opens(session)

    monkeypatch.setattr(world.stores.sessions, "open", after_the_import)
    with pytest.raises(ClerkNotRecognised):
        await world.auth.sign_in_clerk("hotel", "1", "correct horse", COUNTER)
    await world.registrar.register(police)
    with pytest.raises(AssertionRefused):
        await world.auth.sign_in_department(signer.assertion(), COUNTER)
    assert len(await endings(world)) == 2


async def test_a_residents_token_does_not_renew_a_clerk(world: World, signed_in: ResidentSignedIn) -> None:
    with pytest.raises(SessionEnded):
        await world.auth.refresh_clerk(signed_in.refresh.text, PHONE)
    await world.auth.refresh(signed_in.refresh.text, PHONE)


async def test_the_database_alone_opens_no_session(
    world: World, signed_in: ResidentSignedIn, mongo_database: Database
) -> None:
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    stored = str([document async for document in mongo_database["sessions"].find()])
    for token in (signed_in.refresh.text, renewed.refresh.text):
        presented = present(token)
        assert presented is not None
        assert token not in stored
        assert presented.handle.hex() not in stored


@given(steps=st.lists(st.tuples(st.integers(0, 7), st.sampled_from([1, 15, 25])), max_size=12))
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_whatever_is_presented_a_family_has_one_living_token(
    world: World, steps: list[tuple[int, int]]
) -> None:
    """A family against its model: tokens in order of birth, the last one alive until a copy shows."""
    code = f"code-{len(world.bridge.asked)}"
    world.bridge.knows[code] = "oSIM1"
    known = [(await world.auth.sign_in("wechat", code, PHONE)).refresh.text]
    rotated_at, alive = world.clock(), True
    for back, seconds in steps:
        world.clock.pass_(timedelta(seconds=seconds))
        index = max(0, len(known) - 1 - back)
        lost_reply = index == len(known) - 2 and world.clock() - rotated_at <= timedelta(seconds=20)
        try:
            successor = (await world.auth.refresh(known[index], PHONE)).refresh.text
        except SessionEnded:
            assert not alive or (index < len(known) - 1 and not lost_reply)
            alive = False
            continue
        assert alive
        if index == len(known) - 1:
            known.append(successor)
            rotated_at = world.clock()
        else:
            assert lost_reply
            assert successor == known[-1]
    assert max(Counter(known).values()) == 1
    session = present(known[0])
    assert session is not None
    kept = await world.stores.sessions.get(session.session)
    assert kept is not None
    assert (kept.ended_at is None) is alive
    assert kept.audience is Audience.RESIDENT


async def test_a_real_name_session_left_idle_for_an_hour_ends(world: World) -> None:
    await world.registrar.register(LI)
    signed_in = await world.auth.sign_in("wechat", "code", PHONE)
    world.clock.pass_(timedelta(minutes=59))
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    world.clock.pass_(timedelta(minutes=60))
    with pytest.raises(SessionEnded):
        await world.auth.refresh(renewed.refresh.text, PHONE)


async def test_a_session_of_a_providers_word_may_be_idle_for_weeks(
    world: World, signed_in: ResidentSignedIn
) -> None:
    world.clock.pass_(timedelta(days=29))
    await world.auth.refresh(signed_in.refresh.text, PHONE)


async def test_a_clerk_is_signed_out_after_a_quarter_of_an_hour(world: World) -> None:
    await world.registrar.register(RegisterOrganisation(id="org", name="某单位"))
    await world.registrar.register(
        RegisterClerk(organisation="org", number="1", passphrase="correct horse", scenes=("general",))
    )
    signed_in = await world.auth.sign_in_clerk("org", "1", "correct horse", COUNTER)
    assert signed_in.access.expires_at - world.clock() <= timedelta(minutes=5)
    world.clock.pass_(timedelta(minutes=14))
    renewed = await world.auth.refresh_clerk(signed_in.refresh.text, COUNTER)
    world.clock.pass_(timedelta(minutes=15))
    with pytest.raises(SessionEnded):
        await world.auth.refresh_clerk(renewed.refresh.text, COUNTER)


async def test_a_person_sees_where_they_are_signed_in_and_ends_the_rest(
    world: World, signed_in: ResidentSignedIn
) -> None:
    world.clock.pass_(timedelta(minutes=1))
    world.bridge.knows["second"] = "oSIM1"
    tablet = ClientFacts(address="203.0.113.9", device="a-tablet-of-mine-1", agent="Mozilla/5.0 (iPad; …)")
    here = await world.auth.sign_in("wechat", "second", tablet)
    subject = world.tokens.verify(here.access.text, now=world.clock()).grant.subject
    seen = await world.auth.sessions(Audience.RESIDENT, subject)
    assert [(each.id, each.platform) for each in seen] == [
        (session_of(world, here), "ipad"),
        (session_of(world, signed_in), None),
    ]
    assert await world.auth.end_other_sessions(Audience.RESIDENT, subject, session_of(world, here)) == 1
    with pytest.raises(SessionEnded):
        await world.auth.refresh(signed_in.refresh.text, PHONE)
    await world.auth.refresh(here.refresh.text, tablet)
    assert await endings(world) == [session_of(world, signed_in)]


async def test_somebody_elses_session_cannot_be_ended(world: World, signed_in: ResidentSignedIn) -> None:
    with pytest.raises(SessionUnknown):
        await world.auth.end_session(Audience.RESIDENT, "somebody-else", session_of(world, signed_in))
    await world.auth.refresh(signed_in.refresh.text, PHONE)
