"""Signing in: residents through a bridge, clerks by passphrase, departments by assertion."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import Audience, ClientFacts, ProviderSubject, ResidentSignedIn, Standing
from auth_bridges.refusals import (
    AccountDisabled,
    AssertionRefused,
    ClerkNotRecognised,
    CodeAlreadyUsed,
    CodeRejected,
    CodeReplayed,
    ProviderUnavailable,
    ProviderUnreached,
    SigningInBusy,
)
from auth_bridges.registrar import (
    RegisterClerk,
    RegisterDepartment,
    RegisterOrganisation,
    RegisterResident,
    Registration,
    WayIn,
)
from bff.platform.limits import TooManyRequests
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.refusals import Refusal
from tests.auth_fakes import COUNTER, NOW, PHONE, DepartmentSigner, FakeBridge, World

NUMBER = "990101199003070019"
HOTEL = RegisterOrganisation(id="hotel", name="江边旅馆")
CLERK = RegisterClerk(
    organisation="hotel", number="0042", passphrase="correct horse", scenes=("hotel", "general")
)
LI = RegisterResident(
    id_number=NUMBER,
    name="李小明",
    links=(WayIn(provider="wechat", appid=FakeBridge.appid, subject="oSIM-li"),),
)


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    return made


async def register(world: World, *lines: Registration) -> None:
    for line in lines:
        await world.registrar.register(line)


# --- residents ---------------------------------------------------------------------------------------


async def test_a_stranger_is_a_resident_of_whom_nothing_is_known(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    signed_in = await world.auth.sign_in("wechat", "code", PHONE)
    token = world.tokens.verify(signed_in.access.text, now=NOW)
    assert (signed_in.assurance, signed_in.display_name) == (AssuranceLevel.L0, None)
    assert token.grant.audience is Audience.RESIDENT
    assert token.grant.holder is None
    assert token.grant.scopes == {"health:show", "wallet:read", "wallet:show"}
    assert signed_in.refresh.expires_at == NOW + timedelta(days=30)
    assert world.audit.kinds == [("session.opened", "ok")]
    assert [each.subject for each in world.came_in] == ["oSIM1"]


async def test_who_comes_again_is_the_same_in_a_new_session(world: World) -> None:
    world.bridge.knows |= {"one": "oSIM1", "two": "oSIM1", "three": "oSIM2"}
    first, again, other = [
        world.tokens.verify((await world.auth.sign_in("wechat", code, PHONE)).access.text, now=NOW).grant
        for code in ("one", "two", "three")
    ]
    assert first.subject == again.subject != other.subject
    assert first.session != again.session


async def test_an_app_that_moved_changes_a_unionid_and_nobodys_resident(world: World) -> None:
    world.bridge.knows |= {f"code{n}": "oSIM1" for n in range(4)}
    residents = []
    for number, names in enumerate(({"unionid": "u1"}, {"unionid": "u2"}, {}, {"unionid": "u2"})):
        world.bridge.alternates = names
        signed_in = await world.auth.sign_in("wechat", f"code{number}", PHONE)
        residents.append(world.tokens.verify(signed_in.access.text, now=NOW).grant.subject)
    assert len(set(residents)) == 1
    link = await world.stores.residents.link_of(
        ProviderSubject(provider="wechat", appid=world.bridge.appid, subject="oSIM1")
    )
    assert link is not None
    assert link.alternates == {"unionid": "u2"}
    assert [former.value for former in link.former] == ["u1"]


async def test_two_people_of_one_unionid_stay_two(world: World) -> None:
    """An index, never the key: nobody is merged because a provider says so."""
    world.bridge.knows |= {"one": "oSIM1", "two": "oSIM2"}
    world.bridge.alternates = {"unionid": "u1"}
    residents = {
        world.tokens.verify(
            (await world.auth.sign_in("wechat", code, PHONE)).access.text, now=NOW
        ).grant.subject
        for code in ("one", "two")
    }
    assert len(residents) == 2


async def test_a_real_name_resident_is_known_by_their_way_in(world: World) -> None:
    await register(world, LI)
    world.bridge.knows["code"] = "oSIM-li"
    signed_in = await world.auth.sign_in("wechat", "code", PHONE)
    grant = world.tokens.verify(signed_in.access.text, now=NOW).grant
    assert (grant.assurance, grant.holder) == (AssuranceLevel.L2, world.personal.hash(NUMBER))
    assert signed_in.display_name == "李**"
    assert signed_in.refresh.expires_at == NOW + timedelta(hours=24)


async def test_two_first_sign_ins_at_once_make_one_resident(world: World, mongo_database: Database) -> None:
    world.bridge.knows |= {f"code{n}": "oSIM1" for n in range(10)}
    signed_in = await asyncio.gather(*(world.auth.sign_in("wechat", f"code{n}", PHONE) for n in range(10)))
    subjects = {world.tokens.verify(each.access.text, now=NOW).grant.subject for each in signed_in}
    assert len(subjects) == 1
    assert await mongo_database["residents"].count_documents({}) == 1
    assert await mongo_database["links"].count_documents({}) == 1


async def test_one_code_at_once_is_asked_for_once(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    results = await asyncio.gather(
        *(world.auth.sign_in("wechat", "code", PHONE) for _ in range(10)), return_exceptions=True
    )
    assert world.bridge.asked == ["code"]
    assert {result.refresh.text for result in results if isinstance(result, ResidentSignedIn)}
    assert len({str(result) for result in results}) == 1


async def test_a_lost_reply_to_a_sign_in_can_be_asked_for_again(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    first = await world.auth.sign_in("wechat", "code", PHONE)
    assert await world.auth.sign_in("wechat", "code", PHONE) == first
    assert world.bridge.asked == ["code"]
    assert world.audit.kinds == [("session.opened", "ok")]


async def test_another_device_with_the_same_code_is_refused(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    await world.auth.sign_in("wechat", "code", PHONE)
    with pytest.raises(CodeReplayed):
        await world.auth.sign_in("wechat", "code", ClientFacts(address="198.51.100.9", device="b" * 20))
    with pytest.raises(CodeReplayed):
        await world.auth.sign_in("wechat", "code", ClientFacts(address="198.51.100.9"))
    assert world.audit.kinds.count(("session.refused", "CODE_REPLAYED")) == 2


async def test_a_session_that_ended_is_not_given_out_again(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    first = await world.auth.sign_in("wechat", "code", PHONE)
    await world.auth.sign_out(world.tokens.verify(first.access.text, now=world.clock()).grant.session)
    with pytest.raises(CodeAlreadyUsed):
        await world.auth.sign_in("wechat", "code", PHONE)


async def test_a_kept_reply_opens_for_nobody_who_reads_the_store(world: World, redis: Redis) -> None:
    world.bridge.knows["code"] = "oSIM1"
    first = await world.auth.sign_in("wechat", "code", PHONE)
    (key,) = [key async for key in redis.scan_iter("auth:reply:*")]
    kept = await redis.get(key)
    assert isinstance(kept, bytes)
    assert first.refresh.text.encode() not in kept
    assert 0 < await redis.pttl(key) <= 60_000


async def test_a_code_from_no_device_works_once(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    nameless = ClientFacts(address="203.0.113.7")
    await world.auth.sign_in("wechat", "code", nameless)
    with pytest.raises(CodeReplayed):
        await world.auth.sign_in("wechat", "code", nameless)
    assert world.bridge.asked == ["code"]
    assert world.audit.kinds == [("session.opened", "ok"), ("session.refused", "CODE_REPLAYED")]


@pytest.mark.parametrize("refusal", [CodeRejected(), ProviderUnavailable()])
async def test_a_code_whose_fate_is_unknown_is_not_tried_again(world: World, refusal: Refusal) -> None:
    world.bridge.knows["code"] = refusal
    with pytest.raises(type(refusal)):
        await world.auth.sign_in("wechat", "code", PHONE)
    with pytest.raises(CodeAlreadyUsed):
        await world.auth.sign_in("wechat", "code", PHONE)


async def test_a_code_that_never_left_may_be_tried_again(world: World) -> None:
    world.bridge.knows["code"] = ProviderUnreached()
    with pytest.raises(ProviderUnreached):
        await world.auth.sign_in("wechat", "code", PHONE)
    world.bridge.knows["code"] = "oSIM1"
    await world.auth.sign_in("wechat", "code", PHONE)
    assert world.audit.kinds == [("session.refused", "PROVIDER_UNAVAILABLE"), ("session.opened", "ok")]


async def test_what_the_provider_called_it_is_in_the_audit(world: World) -> None:
    world.bridge.knows["code"] = ProviderUnavailable(errcode="-1", rid="6543-1")
    with pytest.raises(ProviderUnavailable):
        await world.auth.sign_in("wechat", "code", PHONE)
    assert world.audit.facts == [{"errcode": "-1", "rid": "6543-1"}]


async def test_what_the_provider_called_a_yes_is_in_the_audit_as_well(world: World) -> None:
    world.alipay.rid = "0a1b2c3d"
    me = await world.signed_in("a", world.alipay)
    assert world.audit.facts[-1]["rid"] == "0a1b2c3d"
    await world.link(me, "b", world.alipay)
    assert world.audit.events[-1] == ("link.added", me.resident, "ok")
    assert world.audit.facts[-1] == {"provider": "alipay", "rid": "0a1b2c3d"}


async def test_a_disabled_resident_does_not_get_in(world: World) -> None:
    await register(world, msgspec.structs.replace(LI, standing=Standing.DISABLED))
    world.bridge.knows["code"] = "oSIM-li"
    with pytest.raises(AccountDisabled):
        await world.auth.sign_in("wechat", "code", PHONE)


async def test_over_the_limit_no_provider_is_asked(world: World) -> None:
    world.turnstile.refuses["sign-in"] = TooManyRequests(retry_after=3)
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in("wechat", "code", PHONE)
    assert world.bridge.asked == []


async def test_limits_know_addresses_devices_and_people_by_pseudonym_only(world: World) -> None:
    world.bridge.knows["code"] = "oSIM1"
    await world.auth.sign_in("wechat", "code", PHONE)
    assert [bucket for bucket, _ in world.turnstile.counted] == ["sign-in", "device", "subject"]
    for personal in (PHONE.address, PHONE.device, "oSIM1"):
        assert str(personal) not in str(world.turnstile.counted)


async def test_the_database_holds_no_name_and_no_number_in_the_clear(
    world: World, mongo_database: Database
) -> None:
    await register(world, LI)
    stored = str([document async for document in mongo_database["residents"].find()])
    assert NUMBER not in stored
    assert "李" not in stored


# --- clerks ------------------------------------------------------------------------------------------


async def test_a_clerk_gets_the_scopes_and_scenes_of_their_post(world: World) -> None:
    await register(world, HOTEL, CLERK)
    signed_in = await world.auth.sign_in_clerk("hotel", "0042", "correct horse", COUNTER)
    grant = world.tokens.verify(signed_in.access.text, now=NOW).grant
    assert grant.audience is Audience.VERIFIER
    assert (grant.organisation, grant.organisation_name, grant.clerk_number) == ("hotel", "江边旅馆", "0042")
    assert grant.scopes == {"wallet:verify"}
    assert grant.scenes == {"hotel", "general"}
    assert signed_in.refresh.expires_at == NOW + timedelta(hours=12)


@pytest.mark.parametrize(
    ("organisation", "number", "passphrase"),
    [
        pytest.param("hotel", "0042", "wrong horse", id="wrong passphrase"),
        pytest.param("hotel", "0043", "correct horse", id="unknown clerk"),
        pytest.param("motel", "0042", "correct horse", id="unknown organisation"),
        pytest.param("hotel", "0044", "", id="no passphrase was ever set"),
        pytest.param("hotel", "0045", "correct horse", id="disabled clerk"),
        pytest.param("closed", "0042", "correct horse", id="disabled organisation"),
    ],
)
async def test_what_is_wrong_with_a_clerk_is_not_told(
    world: World, organisation: str, number: str, passphrase: str
) -> None:
    closed = RegisterOrganisation(id="closed", name="已关", standing=Standing.DISABLED)
    await register(
        world,
        HOTEL,
        CLERK,
        closed,
        msgspec.structs.replace(CLERK, number="0044", passphrase=None),
        msgspec.structs.replace(CLERK, number="0045", standing=Standing.DISABLED),
        msgspec.structs.replace(CLERK, organisation="closed"),
    )
    with pytest.raises(ClerkNotRecognised) as refused:
        await world.auth.sign_in_clerk(organisation, number, passphrase, COUNTER)
    assert refused.value.facts == {}


async def test_an_unknown_clerk_costs_as_much_as_a_known_one(world: World) -> None:
    """The same scrypt is computed; of the time it takes in production the rest is a thousandth."""
    await register(world, HOTEL, CLERK)
    checked: list[bool] = []
    matches = world.auth._passphrases.matches

    async def counting(passphrase: str, stored: str | None) -> bool:
        checked.append(stored is None)
        return await matches(passphrase, stored)

    world.auth._passphrases.matches = counting  # type: ignore[method-assign]
    for number in ("0042", "0099"):
        with pytest.raises(ClerkNotRecognised):
            await world.auth.sign_in_clerk("hotel", number, "wrong horse", COUNTER)
    assert checked == [False, True]


async def test_a_clerks_tries_are_limited_wherever_they_come_from(world: World) -> None:
    world.turnstile.refuses["clerk"] = TooManyRequests(retry_after=10)
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in_clerk("hotel", "0042", "guess", COUNTER)


async def test_no_stranger_keeps_a_clerk_from_a_device_that_signed_them_in_before(world: World) -> None:
    await register(world, HOTEL, CLERK)
    desk = msgspec.structs.replace(COUNTER, device="the-device-at-the-desk")
    await world.auth.sign_in_clerk("hotel", "0042", "correct horse", desk)
    # Somebody goes on guessing, from this address and from everywhere.
    world.turnstile.refuses |= dict.fromkeys(("clerk", "clerk-address"), TooManyRequests(retry_after=10))
    world.turnstile.counted.clear()
    await world.auth.sign_in_clerk("hotel", "0042", "correct horse", desk)
    assert [bucket for bucket, _ in world.turnstile.counted] == ["sign-in", "device", "clerk-device"]
    elsewhere = msgspec.structs.replace(desk, device="another-device-0001")
    for number, client in (("0042", elsewhere), ("0043", desk)):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in_clerk("hotel", number, "correct horse", client)
    # Known, it has its own few tries and no more.
    world.turnstile.refuses = {"clerk-device": TooManyRequests(retry_after=10)}
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in_clerk("hotel", "0042", "guess", desk)


async def test_no_device_is_known_by_a_wrong_passphrase_and_a_new_name_for_it_is_no_new_try(
    world: World,
) -> None:
    await register(world, HOTEL, CLERK)
    for device in ("a-device-name-0001", "a-device-name-0002"):
        client = msgspec.structs.replace(COUNTER, device=device)
        for _ in range(2):
            with pytest.raises(ClerkNotRecognised):
                await world.auth.sign_in_clerk("hotel", "0042", "guess", client)
    counted = [each for each in world.turnstile.counted if each[0].startswith("clerk")]
    assert [bucket for bucket, _ in counted] == ["clerk-address", "clerk"] * 4
    assert len(set(counted)) == 2


async def test_too_many_waiting_passphrases_are_sent_away(world: World) -> None:
    world.auth._passphrases._room = 0
    with pytest.raises(SigningInBusy):
        await world.auth.sign_in_clerk("hotel", "0042", "guess", COUNTER)


# --- departments -------------------------------------------------------------------------------------


@pytest.fixture
def police() -> DepartmentSigner:
    return DepartmentSigner("police")


def department(signer: DepartmentSigner, **changes: object) -> RegisterDepartment:
    line = {
        "kind": "department",
        "id": signer.department,
        "name": "市公安局",
        "keys": [signer.jwk()],
        "types": ["resident-id-card"],
    }
    return msgspec.convert(line | changes, RegisterDepartment)


async def test_a_department_signs_in_with_its_key(world: World, police: DepartmentSigner) -> None:
    await register(world, department(police))
    signed_in = await world.auth.sign_in_department(police.assertion(), COUNTER)
    grant = world.tokens.verify(signed_in.access.text, now=NOW).grant
    assert (grant.audience, grant.subject) == (Audience.ISSUER, "police")
    assert grant.organisation_name == "市公安局"
    assert grant.scopes == {"wallet:issue", "wallet:status"}
    assert grant.types == {"resident-id-card"}


async def test_a_department_stored_before_there_were_types_issues_none(
    world: World, police: DepartmentSigner, mongo_database: Database
) -> None:
    await register(world, department(police))
    await mongo_database["organisations"].update_one({"_id": "police"}, {"$unset": {"types": 1}})
    signed_in = await world.auth.sign_in_department(police.assertion(), COUNTER)
    assert world.tokens.verify(signed_in.access.text, now=NOW).grant.types == frozenset()


async def test_an_assertion_works_once_however_many_present_it(
    world: World, police: DepartmentSigner
) -> None:
    await register(world, department(police))
    assertion = police.assertion()
    results = await asyncio.gather(
        *(world.auth.sign_in_department(assertion, COUNTER) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, AssertionRefused) for result in results) == 9


async def test_two_departments_may_choose_the_same_jti(world: World, police: DepartmentSigner) -> None:
    tax = DepartmentSigner("tax")
    await register(world, department(police), department(tax))
    for signer in (police, tax):
        await world.auth.sign_in_department(signer.assertion({"jti": "the-same-jti"}), COUNTER)


async def test_who_is_no_department_is_refused_alike(world: World, police: DepartmentSigner) -> None:
    impostor = DepartmentSigner("police")
    closed = DepartmentSigner("closed")
    await register(world, HOTEL, department(police), department(closed, standing="disabled"))
    for signer in (impostor, closed, DepartmentSigner("nobody"), DepartmentSigner("hotel")):
        with pytest.raises(AssertionRefused):
            await world.auth.sign_in_department(signer.assertion(), COUNTER)
    assert {outcome for _, outcome in world.audit.kinds[3:]} == {"ASSERTION_REFUSED"}
