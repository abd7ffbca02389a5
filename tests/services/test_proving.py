"""Climbing levels: two elements, a face, and a number that somebody proved before."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_bridges.models import (
    Actor,
    ConsentPurpose,
    FaceCheckState,
    MergeReason,
    MergeState,
    ResidentSignedIn,
)
from auth_bridges.refusals import (
    ChildNeedsGuardian,
    FaceCheckUnknown,
    IdentityAlreadyProved,
    IdentityNotConfirmed,
    ProviderUnavailable,
    RegistryUnavailable,
    SessionEnded,
    StepUpRequired,
)
from auth_bridges.registrar import RegisterResident, WayIn
from auth_bridges.rules.acting import SHANGHAI
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import PHONE, FakeBridge, World

NAME, NUMBER = "林小满", "990101199003070019"
OTHER = "990101198511020038"
CHILD = "990101202105210019"


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    made.registry.names = {NUMBER: NAME, OTHER: "陈志远"}
    return made


async def with_phone(world: World, subject: str) -> Actor:
    me = await world.signed_in(subject)
    phone = f"+86154{len(world.phones.received):08}"
    sent = await world.accounts.phones.send_code(me, phone, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(phone))
    return await world.signed_in(subject)


async def real_name(world: World, subject: str) -> Actor:
    me = await with_phone(world, subject)
    await world.accounts.proving.real_name(me, NAME, NUMBER, consent="real-name-1")
    return await world.signed_in(subject)


async def test_a_name_and_a_number_that_agree_make_l2(world: World) -> None:
    me = await with_phone(world, "w")
    proved = await world.accounts.proving.real_name(me, NAME, NUMBER, consent="real-name-1")
    assert (proved.level, proved.case) == (AssuranceLevel.L2, None)
    signed_in = await world.auth.sign_in("wechat", world.code("w"), PHONE)
    grant = world.tokens.verify(signed_in.access.text, now=world.clock()).grant
    assert (signed_in.display_name, grant.holder) == ("林**", world.personal.hash(NUMBER))


async def test_who_could_not_answer_is_in_the_audit(world: World) -> None:
    me = await with_phone(world, "w")
    world.registry.broken = True
    with pytest.raises(RegistryUnavailable):
        await world.accounts.proving.real_name(me, NAME, NUMBER, consent="real-name-1")
    assert world.audit.events[-1] == ("identity.proved", me.resident, "REGISTRY_UNAVAILABLE")
    world.registry.broken = False
    known = await real_name(world, "w")
    world.faces.refuses = ProviderUnavailable(errcode="unknow-error", rid="0a1b")
    with pytest.raises(ProviderUnavailable):
        await world.accounts.proving.start_face_check(known, consent="face-1")
    assert world.audit.events[-1] == ("face_check.begun", me.resident, "PROVIDER_UNAVAILABLE")
    assert world.audit.facts[-1] == {"errcode": "unknow-error", "rid": "0a1b"}


async def test_it_takes_a_bound_phone_first(world: World) -> None:
    with pytest.raises(StepUpRequired) as refused:
        await world.accounts.proving.real_name(await world.signed_in("w"), NAME, NUMBER, consent="c")
    assert refused.value.facts["needed"] is AssuranceLevel.L1


@pytest.mark.parametrize(
    ("name", "number"), [("林大满", NUMBER), (NAME, "990101199003070094"), (NAME, "not-a-number")]
)
async def test_what_is_wrong_with_name_or_number_is_not_told(world: World, name: str, number: str) -> None:
    me = await with_phone(world, "w")
    with pytest.raises(IdentityNotConfirmed):
        await world.accounts.proving.real_name(me, name, number, consent="c")


async def test_requirement_19_consent_is_asked_for_separately_and_noted(world: World) -> None:
    """PIPL Art. 28–29: which notice, for what, by whom, when; the face apart from the number."""
    me = await real_name(world, "w")
    await world.accounts.proving.start_face_check(me, consent="face-2")
    given = [
        facts
        for (kind, actor, _), facts in zip(world.audit.events, world.audit.facts, strict=True)
        if kind == "consent.given" and actor == me.resident
    ]
    assert given == [
        {"purpose": "real-name", "notice": "real-name-1"},
        {"purpose": "face-check", "notice": "face-2"},
    ]


async def test_requirement_19_who_is_under_fourteen_proves_nothing_without_a_guardian(world: World) -> None:
    """PIPL Art. 31: no level, no consent on record, and the registry is not asked."""
    me = await with_phone(world, "w")
    world.registry.names[CHILD], world.registry.broken = NAME, True
    with pytest.raises(ChildNeedsGuardian):
        await world.accounts.proving.real_name(me, NAME, CHILD, consent="real-name-1")
    assert world.audit.events[-1] == ("identity.proved", me.resident, "CHILD_NEEDS_GUARDIAN")
    assert await world.stores.consents.of([me.resident]) == []
    assert (await world.signed_in("w")).level is AssuranceLevel.L1
    # The day before the birthday, and the birthday.
    world.registry.broken = False
    world.clock.now = datetime(2035, 5, 20, 23, 59, tzinfo=SHANGHAI)
    with pytest.raises(ChildNeedsGuardian):
        await world.accounts.proving.real_name(await with_phone(world, "w"), NAME, CHILD, consent="c")
    world.clock.now = datetime(2035, 5, 21, tzinfo=SHANGHAI)
    proved = await world.accounts.proving.real_name(await with_phone(world, "w"), NAME, CHILD, consent="c")
    assert proved.level is AssuranceLevel.L2


async def test_a_childs_face_is_not_looked_at_though_a_counter_made_it_known(world: World) -> None:
    way_in = WayIn(provider="wechat", appid=FakeBridge.appid, subject="w")
    await world.registrar.register(RegisterResident(id_number=CHILD, name=NAME, links=(way_in,)))
    me = await world.signed_in("w")
    assert me.level is AssuranceLevel.L2
    with pytest.raises(ChildNeedsGuardian):
        await world.accounts.proving.start_face_check(me, consent="face-1")
    assert world.faces.asked == []


async def proved_before(
    world: World, mongo: Database, monkeypatch: pytest.MonkeyPatch, number: str
) -> ResidentSignedIn:
    """A session of somebody who proved ``number`` when nobody looked how old they were."""
    world.registry.names[number] = NAME
    with monkeypatch.context() as patch:
        for place in ("proving", "children"):
            patch.setattr(f"auth_bridges.accounts.{place}.needs_guardian", lambda *_: False)
        me = await with_phone(world, "w")
        await world.accounts.proving.real_name(me, NAME, number, consent="real-name-1")
        signed_in = await world.auth.sign_in("wechat", world.code("w"), PHONE)
    assert signed_in.assurance is AssuranceLevel.L2
    await mongo["residents"].update_many({}, {"$unset": {"proofs.$[].of_age": ""}})
    return signed_in


@pytest.mark.parametrize("comes", ["signs in", "renews", "was killed over it"])
async def test_requirement_19_a_child_that_proved_a_level_before_has_none_when_it_next_comes_by(
    world: World, mongo_database: Database, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError("killed")

    before = await proved_before(world, mongo_database, monkeypatch, CHILD)
    session = world.actor(before.access.text).session
    if comes == "renews":
        with pytest.raises(SessionEnded):
            await world.auth.refresh(before.refresh.text, PHONE)
    elif comes == "was killed over it":
        with monkeypatch.context() as patch:
            patch.setattr(world.stores.sessions, "living", dies)
            with pytest.raises(ConnectionError):
                await world.auth.refresh(before.refresh.text, PHONE)
        renewed = await world.auth.refresh(before.refresh.text, PHONE)
        assert renewed.assurance is AssuranceLevel.L1
    after = await world.auth.sign_in("wechat", world.code("w"), PHONE)
    me = world.actor(after.access.text)
    assert (after.assurance, after.display_name, me.level) == (AssuranceLevel.L1, None, AssuranceLevel.L1)
    assert session in (await world.stores.ended.since("0-0"))[1]
    assert world.audit.events.count(("identity.withdrawn", me.resident, "CHILD_NEEDS_GUARDIAN")) == 1
    assert not await world.accounts.consents.stands(me.resident, ConsentPurpose.REAL_NAME)
    kept = await world.stores.residents.get(me.resident)
    assert kept is not None
    assert (kept.holder, kept.name, kept.number) == (None, None, None)
    with pytest.raises(ChildNeedsGuardian):
        await world.accounts.proving.real_name(me, NAME, CHILD, consent="real-name-1")


async def test_who_was_old_enough_is_looked_at_once_and_a_counters_word_on_a_child_stays(
    world: World, mongo_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await proved_before(world, mongo_database, monkeypatch, NUMBER)
    asked: list[str] = []

    def needs_guardian(number: str, _: datetime) -> bool:
        asked.append(number)
        return False

    monkeypatch.setattr("auth_bridges.accounts.children.needs_guardian", needs_guardian)
    renewed = await world.auth.refresh(before.refresh.text, PHONE)
    assert (renewed.assurance, asked) == (AssuranceLevel.L2, [NUMBER])
    assert (await world.signed_in("w")).level is AssuranceLevel.L2
    way_in = WayIn(provider="wechat", appid=FakeBridge.appid, subject="child")
    await world.registrar.register(RegisterResident(id_number=CHILD, name=NAME, links=(way_in,)))
    assert (await world.signed_in("child")).level is AssuranceLevel.L2
    assert asked == [NUMBER]


async def test_an_account_does_not_change_hands(world: World) -> None:
    me = await real_name(world, "w")
    with pytest.raises(IdentityAlreadyProved):
        await world.accounts.proving.real_name(me, "陈志远", OTHER, consent="c")


async def test_a_proof_that_ran_out_is_renewed_by_the_same_number(world: World) -> None:
    await real_name(world, "w")
    world.clock.pass_(timedelta(days=1095))
    assert (await world.signed_in("w")).level is AssuranceLevel.L0
    assert (await real_name(world, "w")).level is AssuranceLevel.L2


async def test_a_number_proved_before_waits_for_an_operator_and_opens_nothing(world: World) -> None:
    keeper = await real_name(world, "w1")
    claimant = await with_phone(world, "w2")
    proved = await world.accounts.proving.real_name(claimant, NAME, NUMBER, consent="c")
    assert proved.level is AssuranceLevel.L1
    assert proved.case is not None
    assert (proved.case.state, proved.case.why) == (MergeState.WAITING, MergeReason.ID_NUMBER)
    assert (proved.case.survivor, proved.case.absorbed) == (keeper.resident, claimant.resident)
    assert (await world.signed_in("w2")).level is AssuranceLevel.L1
    await world.accounts.merging.decide(proved.case.id, merge=True, operator="counter-7")
    assert (await world.signed_in("w2")).resident == keeper.resident


async def test_a_number_an_operator_registered_is_found_as_well(world: World) -> None:
    way = WayIn(provider="wechat", appid=FakeBridge.appid, subject="w1")
    await world.registrar.register(RegisterResident(id_number=NUMBER, name=NAME, links=(way,)))
    claimant = await with_phone(world, "w2")
    proved = await world.accounts.proving.real_name(claimant, NAME, NUMBER, consent="c")
    assert proved.case is not None


async def test_of_two_that_prove_one_number_at_once_one_gets_it(world: World) -> None:
    one, two = await with_phone(world, "w1"), await with_phone(world, "w2")
    done = await asyncio.gather(
        *(world.accounts.proving.real_name(me, NAME, NUMBER, consent="c") for me in (one, two))
    )
    assert sorted(each.case is None for each in done) == [False, True]


# --- a face --------------------------------------------------------------------------------------------


async def test_a_face_that_was_seen_makes_l3(world: World) -> None:
    me = await real_name(world, "w")
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    assert world.faces.asked == [(NAME, NUMBER, check.id)]
    waiting = await world.accounts.proving.conclude_face_check(me, check.id)
    assert (waiting.state, waiting.level) == (FaceCheckState.PENDING, AssuranceLevel.L2)
    world.faces.state = FaceCheckState.PASSED
    for _ in range(2):
        seen = await world.accounts.proving.conclude_face_check(me, check.id)
        assert (seen.state, seen.level) == (FaceCheckState.PASSED, AssuranceLevel.L3)
    world.clock.pass_(timedelta(days=365))
    assert (await world.signed_in("w")).level is AssuranceLevel.L2


@pytest.mark.parametrize("state", [FaceCheckState.FAILED, FaceCheckState.EXPIRED])
async def test_a_face_that_was_not_seen_changes_nothing(world: World, state: FaceCheckState) -> None:
    me = await real_name(world, "w")
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    world.faces.state = state
    assert (await world.accounts.proving.conclude_face_check(me, check.id)).level is AssuranceLevel.L2


async def test_the_face_check_of_somebody_else_is_unknown(world: World) -> None:
    me = await real_name(world, "w")
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    world.faces.state = FaceCheckState.PASSED
    with pytest.raises(FaceCheckUnknown):
        await world.accounts.proving.conclude_face_check(await world.signed_in("other"), check.id)


@pytest.mark.parametrize("then", [None, "陈志远"], ids=["of nobody", "of another"])
async def test_a_face_that_was_seen_of_one_proves_no_other(world: World, then: str | None) -> None:
    """Begun in one's own name, passed, and kept until the account is in another's or in none."""
    me = await real_name(world, "w")
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    world.faces.state = FaceCheckState.PASSED
    await world.accounts.consents.withdraw(me, ConsentPurpose.REAL_NAME)
    changed, level = await world.signed_in("w"), AssuranceLevel.L1
    if then is not None:
        await world.accounts.proving.real_name(changed, then, OTHER, consent="real-name-1")
        changed, level = await world.signed_in("w"), AssuranceLevel.L2
    with pytest.raises(FaceCheckUnknown):
        await world.accounts.proving.conclude_face_check(changed, check.id)
    assert (await world.signed_in("w")).level is level


async def test_who_has_no_name_here_is_asked_for_it_before_a_face(world: World) -> None:
    with pytest.raises(StepUpRequired):
        await world.accounts.proving.start_face_check(await with_phone(world, "w"), consent="face-1")
