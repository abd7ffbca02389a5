"""Step-up: refused with a challenge, proved anew, let through once, for that request alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import Actor, CertificatePurpose, FaceCheckState, LegalPersonProof
from auth_bridges.refusals import (
    ChallengeRefused,
    CodeAlreadyUsed,
    FaceCheckUnknown,
    NoPhoneBound,
    PhoneCodeRejected,
    ReauthenticationRequired,
    StepUpNotProved,
    StepUpRequired,
)
from auth_bridges.rules.policy import Operation
from auth_bridges.tokens import TokenRefused
from bff.platform.limits import TooManyRequests
from bff.platform.mongo import Database
from miniapp_schemas.problems import StepUp
from tests.auth_fakes import NOW, PHONE, World

MOBILE = "+8615400000001"
NAME, NUMBER = "林小满", "990101199003070019"


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    return made


@pytest.fixture
async def stale(world: World) -> Actor:
    """Somebody who signed in six minutes ago."""
    me = await world.signed_in("w")
    world.clock.pass_(timedelta(minutes=6))
    return me


async def challenged(world: World, actor: Actor, operation: Operation, payload: bytes = b"x") -> StepUp:
    with pytest.raises(StepUpRequired) as refused:
        await world.accounts.step_ups.require(actor, operation, payload)
    step_up = refused.value.facts["step_up"]
    assert isinstance(step_up, StepUp)
    return step_up


def holding(actor: Actor, step_up: StepUp) -> Actor:
    return msgspec.structs.replace(actor, challenge=step_up.challenge)


async def answered(world: World, actor: Actor, step_up: StepUp, subject: str = "w") -> Actor:
    code = world.code(subject)
    await world.accounts.step_ups.answer_by_provider(actor, step_up.challenge, "wechat", code)
    return holding(actor, step_up)


async def test_requirement_14_a_fresh_session_is_let_through_and_a_stale_one_is_not(world: World) -> None:
    """ASVS 10.3.4, 7.5.3: the age and the level of the authentication are judged here, not by the page."""
    me = await world.signed_in("w")
    await world.accounts.step_ups.require(me, Operation.LINK, b"x")
    world.clock.pass_(timedelta(minutes=5, seconds=1))
    step_up = await challenged(world, me, Operation.LINK)
    assert (step_up.operation, step_up.expires_at) == ("link", world.clock() + timedelta(minutes=10))
    low = await challenged(world, await world.signed_in("w"), Operation.FACE_CHECK)
    assert low.level == "L2"


async def test_requirement_13_a_phone_bound_a_moment_ago_answers_nothing_and_the_former_is_told(
    world: World,
) -> None:
    """Nobody who is in an account for a minute makes a deliberate proof of a phone of their own."""
    phones, step_ups, theirs = world.accounts.phones, world.accounts.step_ups, "+8615400000002"
    me = await world.signed_in("w")
    for phone in (MOBILE, theirs):
        sent = await phones.send_code(me, phone, PHONE)
        await phones.bind_by_sms(me, sent.request, world.phones.code(phone))
    assert world.phones.replaced == [MOBILE]
    assert ("phone.former_told", "ok") in world.audit.kinds
    world.clock.pass_(timedelta(minutes=6))
    asked = await challenged(world, me, Operation.EXPORT)
    assert (await step_ups.send_code(me, asked.challenge, PHONE)).phone == "154****0001"
    world.clock.pass_(timedelta(days=3))
    await world.accounts.settle()
    resident = await world.stores.residents.get(me.resident)
    assert resident is not None
    assert (resident.former_phone, resident.former_phone_until) == (None, None)
    me = await world.signed_in("w")
    world.clock.pass_(timedelta(minutes=6))
    asked = await challenged(world, me, Operation.EXPORT)
    assert (await step_ups.send_code(me, asked.challenge, PHONE)).phone == "154****0002"


async def test_a_former_phone_that_cannot_be_told_is_on_record_and_the_other_is_bound(world: World) -> None:
    me = await world.signed_in("w")
    world.phones.told |= {("one", "w"): MOBILE, ("other", "w"): "+8615400000002"}
    await world.accounts.phones.bind_by_code(me, "wechat", "one")
    world.phones.broken = True
    assert await world.accounts.phones.bind_by_code(me, "wechat", "other") == "154****0002"
    assert ("phone.former_told", "SMS_UNAVAILABLE") in world.audit.kinds
    copy = await world.accounts.overviews.copy(await world.by_phone("w"))
    assert (copy.phone, copy.former_phone) == ("+8615400000002", MOBILE)


@pytest.mark.parametrize("operation", [Operation.LINK, Operation.UNLINK, Operation.EXPORT, Operation.DELETE])
async def test_requirement_13_who_has_a_phone_is_asked_by_it_however_young_the_session(
    world: World, operation: Operation
) -> None:
    me = await world.signed_in("w")
    require = world.accounts.step_ups.require
    await require(me, operation, b"x")  # Nothing but the provider's word is known of them.
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    me = await world.signed_in("w")
    asked = await challenged(world, me, operation)
    assert asked.methods == ["certificate", "face", "sms"]
    with pytest.raises(StepUpNotProved):
        await answered(world, me, asked)
    code = await world.accounts.step_ups.send_code(me, asked.challenge, PHONE)
    await world.accounts.step_ups.answer_by_phone(
        me, asked.challenge, code.request, world.phones.code(MOBILE)
    )
    await require(holding(me, asked), operation, b"x")


async def test_where_no_code_can_be_sent_a_silent_login_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or nobody there could leave, or see what is kept of them."""
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    monkeypatch.setattr(world.accounts.codes, "_send", None)
    await world.accounts.step_ups.require(await world.signed_in("w"), Operation.DELETE, b"")


async def test_a_proof_lets_that_one_request_through_once(world: World, stale: Actor) -> None:
    me = await answered(world, stale, await challenged(world, stale, Operation.LINK))
    await world.accounts.step_ups.require(me, Operation.LINK, b"x")
    with pytest.raises(ChallengeRefused):
        await world.accounts.step_ups.require(me, Operation.LINK, b"x")


async def test_a_used_challenge_answered_again_stays_used(world: World, stale: Actor) -> None:
    step_up = await challenged(world, stale, Operation.LINK)
    me = await answered(world, stale, step_up)
    await world.accounts.step_ups.require(me, Operation.LINK, b"x")
    await answered(world, stale, step_up)
    with pytest.raises(ChallengeRefused):
        await world.accounts.step_ups.require(me, Operation.LINK, b"x")


async def test_of_ten_requests_at_once_one_is_let_through(world: World, stale: Actor) -> None:
    me = await answered(world, stale, await challenged(world, stale, Operation.LINK))
    done = await asyncio.gather(
        *(world.accounts.step_ups.require(me, Operation.LINK, b"x") for _ in range(10)),
        return_exceptions=True,
    )
    assert done.count(None) == 1
    assert sum(isinstance(each, ChallengeRefused) for each in done) == 9


async def test_a_challenge_is_for_its_operation_payload_and_session_alone(world: World, stale: Actor) -> None:
    me = await answered(world, stale, await challenged(world, stale, Operation.LINK))
    require = world.accounts.step_ups.require
    for operation, payload in ((Operation.UNLINK, b"x"), (Operation.LINK, b"y")):
        with pytest.raises(ChallengeRefused):
            await require(me, operation, payload)
    elsewhere = msgspec.structs.replace(await world.signed_in("w"), challenge=me.challenge)
    with pytest.raises(ChallengeRefused):
        await require(elsewhere, Operation.LINK, b"x")
    await require(me, Operation.LINK, b"x")


async def test_an_unanswered_forged_or_old_challenge_opens_nothing(world: World, stale: Actor) -> None:
    step_up = await challenged(world, stale, Operation.LINK)
    access = (await world.auth.sign_in("wechat", world.code("w"), PHONE)).access.text
    forged = step_up.challenge[:-4] + ("AAAA" if step_up.challenge[-4:] != "AAAA" else "BBBB")
    for text in (step_up.challenge, access, forged, "x.y.z", "é" * 30):
        with pytest.raises(ChallengeRefused):
            await world.accounts.step_ups.require(
                msgspec.structs.replace(stale, challenge=text), Operation.LINK, b"x"
            )
    me = await answered(world, stale, step_up)
    world.clock.pass_(timedelta(minutes=10))
    with pytest.raises(ChallengeRefused):
        await world.accounts.step_ups.require(me, Operation.LINK, b"x")


async def test_a_challenge_is_no_access_token(world: World, stale: Actor) -> None:
    step_up = await challenged(world, stale, Operation.LINK)
    with pytest.raises(TokenRefused):
        world.tokens.verify(step_up.challenge, now=world.clock())


async def test_the_proof_must_be_the_accounts_own_and_fresh(world: World, stale: Actor) -> None:
    step_up = await challenged(world, stale, Operation.LINK)
    await world.signed_in("somebody-else")
    for subject in ("somebody-else", "nobody-yet"):
        with pytest.raises(StepUpNotProved):
            await answered(world, stale, step_up, subject)
    code = world.code("w")
    await world.accounts.step_ups.answer_by_provider(stale, step_up.challenge, "wechat", code)
    with pytest.raises(CodeAlreadyUsed):
        await world.accounts.step_ups.answer_by_provider(stale, step_up.challenge, "wechat", code)


async def test_what_asks_for_more_than_a_silent_login_takes_a_code_from_the_phone(world: World) -> None:
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    world.registry.names["990101199003070019"] = "林小满"
    me = await world.signed_in("w")
    await world.accounts.proving.real_name(me, "林小满", "990101199003070019", consent="real-name-1")
    me = await world.signed_in("w")
    step_up = await challenged(world, me, Operation.GUARDIAN)
    assert step_up.methods == ["certificate", "face", "sms"]
    with pytest.raises(StepUpNotProved):
        await answered(world, me, step_up)
    step_ups = world.accounts.step_ups
    sent = await step_ups.send_code(me, step_up.challenge, PHONE)
    assert sent.phone == "154****0001"
    other = await challenged(world, me, Operation.GUARDIAN)
    with pytest.raises(PhoneCodeRejected):  # the code of one challenge is none of another
        await step_ups.answer_by_phone(me, other.challenge, sent.request, world.phones.code(MOBILE))
    await step_ups.answer_by_phone(me, step_up.challenge, sent.request, world.phones.code(MOBILE))
    await step_ups.require(holding(me, step_up), Operation.GUARDIAN, b"x")


async def test_without_a_phone_no_code_can_be_sent(world: World, stale: Actor) -> None:
    step_up = await challenged(world, stale, Operation.LINK)
    with pytest.raises(NoPhoneBound):
        await world.accounts.step_ups.send_code(stale, step_up.challenge, PHONE)


async def test_a_level_proved_in_between_counts_before_the_token_tells_of_it(world: World) -> None:
    me = await world.signed_in("w")
    step_up = await challenged(world, me, Operation.REAL_NAME)
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    await world.accounts.step_ups.require(await answered(world, me, step_up), Operation.REAL_NAME, b"x")


async def test_a_token_tells_when_and_how_its_bearer_was_authenticated(world: World) -> None:
    signed_in = await world.auth.sign_in("wechat", world.code("w"), PHONE)
    world.clock.pass_(timedelta(minutes=9))
    renewed = await world.auth.refresh(signed_in.refresh.text, PHONE)
    grant = world.tokens.verify(renewed.access.text, now=world.clock()).grant
    assert grant.auth_time == NOW
    assert grant.methods == {"provider"}


async def test_every_decision_is_audited_without_what_was_presented(world: World, stale: Actor) -> None:
    step_up = await challenged(world, stale, Operation.LINK)
    with pytest.raises(ReauthenticationRequired):
        await world.accounts.step_ups.require(stale, Operation.LINK, b"x")
    me = await answered(world, stale, step_up)
    await world.accounts.step_ups.require(me, Operation.LINK, b"x")
    outcomes = [outcome for kind, outcome in world.audit.kinds if kind == "step_up"]
    assert outcomes == ["required: age", "required: age", "answered: provider"]
    assert step_up.challenge not in repr(world.audit.facts)


# --- by a face -------------------------------------------------------------------------------------------


async def with_face(world: World) -> Actor:
    """Somebody who is known by name, so that there is something to compare a face with."""
    world.registry.names = {NUMBER: NAME}
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    await world.accounts.proving.real_name(await world.signed_in("w"), NAME, NUMBER, consent="c")
    return await world.signed_in("w")


async def test_a_face_seen_since_answers_even_what_a_providers_word_does_not(world: World) -> None:
    me = await with_face(world)
    for payload in (b"x", b"y"):
        step_up = await challenged(world, me, Operation.GUARDIAN, payload)
        check = await world.accounts.proving.start_face_check(me, consent="face-1")
        assert "face" in step_up.methods
        world.faces.state = FaceCheckState.PENDING
        with pytest.raises(StepUpNotProved):
            await world.accounts.step_ups.answer_by_face(me, step_up.challenge, check.id)
        world.faces.state = FaceCheckState.PASSED
        await world.accounts.step_ups.answer_by_face(me, step_up.challenge, check.id)
        await world.accounts.step_ups.require(holding(me, step_up), Operation.GUARDIAN, payload)


async def test_a_face_answers_once_and_only_what_was_asked_before_it_was_seen(world: World) -> None:
    me = await with_face(world)
    world.faces.state = FaceCheckState.PASSED
    early = await world.accounts.proving.start_face_check(me, consent="face-1")
    world.clock.pass_(timedelta(seconds=1))
    one, two = [await challenged(world, me, Operation.GUARDIAN) for _ in range(2)]
    with pytest.raises(StepUpNotProved):
        await world.accounts.step_ups.answer_by_face(me, one.challenge, early.id)
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    await world.accounts.step_ups.answer_by_face(me, one.challenge, check.id)
    for step_up in (one, two):
        with pytest.raises(StepUpNotProved):
            await world.accounts.step_ups.answer_by_face(me, step_up.challenge, check.id)


@pytest.mark.parametrize("state", [FaceCheckState.FAILED, FaceCheckState.EXPIRED])
async def test_a_face_that_was_not_seen_answers_nothing(world: World, state: FaceCheckState) -> None:
    me = await with_face(world)
    world.faces.state = state
    step_up = await challenged(world, me, Operation.GUARDIAN)
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    with pytest.raises(StepUpNotProved):
        await world.accounts.step_ups.answer_by_face(me, step_up.challenge, check.id)


async def test_somebody_elses_face_is_unknown(world: World) -> None:
    me = await with_face(world)
    world.faces.state = FaceCheckState.PASSED
    check = await world.accounts.proving.start_face_check(me, consent="face-1")
    other = await world.signed_in("other")
    world.clock.pass_(timedelta(minutes=6))
    step_up = await challenged(world, other, Operation.LINK)
    with pytest.raises(FaceCheckUnknown):
        await world.accounts.step_ups.answer_by_face(other, step_up.challenge, check.id)


# --- by a legal person's certificate -------------------------------------------------------------------


async def test_a_certificate_answers_once_what_was_asked_before_it_was_shown_for_that(world: World) -> None:
    me = await with_face(world)
    # MongoDB forgets by its own clock what does not count any more.
    proof = LegalPersonProof(
        id="early",
        resident=me.resident,
        session=me.session,
        purpose=CertificatePurpose.STEP_UP,
        uscc="91310000990000770K",
        name="江边贸易有限公司",
        representative="hash",
        serial="2a",
        issuer="ca",
        at=world.clock(),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    world.clock.pass_(timedelta(seconds=1))
    now = world.clock()
    one, two = [await challenged(world, me, Operation.GUARDIAN) for _ in range(2)]
    answer = world.accounts.step_ups.answer_by_certificate
    for other in (
        proof,
        msgspec.structs.replace(proof, id="for-agents", at=now, purpose=CertificatePurpose.AGENTS),
        msgspec.structs.replace(proof, id="elsewhere", at=now, session="another-session"),
        msgspec.structs.replace(proof, id="somebody-elses", at=now, resident="another"),
    ):
        await world.stores.legal_persons.add(other)
        with pytest.raises(StepUpNotProved):
            await answer(me, one.challenge)
    await world.stores.legal_persons.add(msgspec.structs.replace(proof, id="shown", at=now))
    await answer(me, one.challenge)
    with pytest.raises(StepUpNotProved):
        await answer(me, two.challenge)
    await world.accounts.step_ups.require(holding(me, one), Operation.GUARDIAN, b"x")


async def test_who_answers_with_codes_of_a_provider_without_end_is_slowed_down(world: World) -> None:
    me = await world.signed_in("w")
    world.clock.pass_(timedelta(minutes=6))
    step_up = await challenged(world, me, Operation.LINK)
    asked = len(world.bridge.asked)
    world.turnstile.refuses["exchange"] = TooManyRequests(retry_after=3)
    with pytest.raises(TooManyRequests):
        await world.accounts.step_ups.answer_by_provider(me, step_up.challenge, "wechat", world.code("w"))
    assert len(world.bridge.asked) == asked
