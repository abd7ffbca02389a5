"""Binding a phone: codes that count once, for whom they were sent, and tell a stranger nothing."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_bridges.models import Actor, NoticeKind
from auth_bridges.refusals import (
    LinkUnknown,
    PhoneCodeRejected,
    PhonePacketRefused,
    ProviderNotOffered,
    SmsUnavailable,
)
from auth_bridges.rules.assurance import level_of
from auth_bridges.vault import Vault
from bff.platform.limits import TooManyRequests
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import PHONE, World

MOBILE = "+8615400000001"


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    return made


async def bound(world: World, actor: Actor, phone: str = MOBILE) -> str:
    sent = await world.accounts.phones.send_code(actor, phone, PHONE)
    return await world.accounts.phones.bind_by_sms(actor, sent.request, world.phones.code(phone))


async def test_a_code_that_came_back_binds_the_phone_it_was_sent_to(world: World) -> None:
    me = await world.signed_in("w")
    assert await bound(world, me) == "154****0001"
    again = await world.signed_in("w")
    assert again.level is AssuranceLevel.L1
    seen = await world.accounts.overviews.of(again)
    assert (seen.phone, seen.notices[0].kind) == ("154****0001", NoticeKind.PHONE_BOUND)


async def test_the_phone_is_sealed_and_lies_nowhere_in_the_clear(
    world: World, mongo_database: Database, redis: Redis
) -> None:
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    kept = await redis.hgetall(f"auth:phone-code:{sent.request}")
    assert MOBILE[3:] not in repr(kept)
    assert world.phones.code(MOBILE) not in repr(kept)
    await world.accounts.phones.bind_by_sms(me, sent.request, world.phones.code(MOBILE))
    document = await mongo_database["residents"].find_one({"_id": me.resident})
    assert document is not None
    assert MOBILE[3:] not in repr(document)
    assert document["phone_hash"] == world.personal.pseudonym("phone", MOBILE)
    assert MOBILE[3:] not in repr(world.audit.events) + repr(world.audit.facts)


async def test_requirement_16_six_digits_each_as_likely_as_any(world: World) -> None:
    codes = [world.accounts.codes._draw() for _ in range(20_000)]
    assert {len(code) for code in codes} == {6}
    assert all(code.isdigit() for code in codes)
    first = Counter(code[0] for code in codes)
    assert all(1700 < first[digit] < 2300 for digit in "0123456789")


async def test_requirement_16_a_code_counts_once(world: World) -> None:
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    code = world.phones.code(MOBILE)
    done = await asyncio.gather(
        *(world.accounts.phones.bind_by_sms(me, sent.request, code) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(each == "154****0001" for each in done) == 1
    assert sum(isinstance(each, PhoneCodeRejected) for each in done) == 4


async def test_requirement_16_after_five_wrong_ones_the_right_one_is_wrong(world: World) -> None:
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    right = world.phones.code(MOBILE)
    wrong = "000000" if right != "000000" else "000001"
    for tried in (*[wrong] * 5, right):
        with pytest.raises(PhoneCodeRejected):
            await world.accounts.phones.bind_by_sms(me, sent.request, tried)


async def test_requirement_16_a_code_lives_ten_minutes(world: World, redis: Redis) -> None:
    me = await world.signed_in("w")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    assert sent.expires_at == world.clock() + timedelta(minutes=10)
    assert 599_000 < await redis.pttl(f"auth:phone-code:{sent.request}") <= 600_000


async def test_requirement_16_a_code_is_bound_to_its_request_and_session(world: World) -> None:
    me, other = await world.signed_in("w"), await world.signed_in("other")
    sent = await world.accounts.phones.send_code(me, MOBILE, PHONE)
    second = await world.accounts.phones.send_code(me, "+8615400000002", PHONE)
    code = world.phones.code(MOBILE)
    for who, request in (
        (other, sent.request),
        (await world.signed_in("w"), sent.request),
        (me, second.request),
    ):
        with pytest.raises(PhoneCodeRejected):
            await world.accounts.phones.bind_by_sms(who, request, code)
    assert await world.accounts.phones.bind_by_sms(me, sent.request, code)


async def test_requirement_16_sending_is_counted_by_person_device_address_and_phone(world: World) -> None:
    me = await world.signed_in("w")
    await world.accounts.phones.send_code(me, MOBILE, PHONE)
    names = {caller for bucket, caller in world.turnstile.counted if bucket == "sms"}
    pseudonym = world.personal.pseudonym
    assert PHONE.device is not None
    assert names == {
        pseudonym("subject", me.resident),
        pseudonym("device", PHONE.device),
        pseudonym("address", PHONE.address),
        pseudonym("phone", MOBILE),
    }
    world.turnstile.refuses["sms"] = TooManyRequests(retry_after=60)
    with pytest.raises(TooManyRequests):
        await world.accounts.phones.send_code(me, MOBILE, PHONE)
    assert len(world.phones.received) == 1


async def test_requirement_16_a_phone_alone_never_makes_more_than_l1(world: World) -> None:
    me = await world.signed_in("w")
    await bound(world, me)
    resident = await world.stores.residents.get(me.resident)
    assert resident is not None
    assert level_of(resident.proofs, world.clock()) is AssuranceLevel.L1


async def test_requirement_17_a_phone_of_somebody_else_is_answered_like_any_other(world: World) -> None:
    """Not an error, not a merge, and nobody is looked up: there is nothing whose time could tell."""
    first, second = await world.signed_in("w1"), await world.signed_in("w2")
    known = await bound(world, first)
    told = await bound(world, second)
    fresh = await bound(world, await world.signed_in("w3"), "+8615400000009")
    assert (known, told, fresh) == ("154****0001", "154****0001", "154****0009")
    assert await world.stores.merges.of([first.resident, second.resident]) == []
    assert (await world.signed_in("w1")).resident != (await world.signed_in("w2")).resident


async def test_another_phone_takes_the_place_of_the_former_and_its_proof(world: World) -> None:
    me = await world.signed_in("w")
    await bound(world, me)
    await bound(world, me, "+8615400000002")
    resident = await world.stores.residents.get(me.resident)
    assert resident is not None
    assert len(resident.proofs) == 1
    assert (
        await Vault(world.stores.resident_keys, world.personal, lambda _: b"").phone(resident)
        == "+8615400000002"
    )


async def test_a_bound_phone_counts_for_a_year(world: World) -> None:
    await bound(world, await world.signed_in("w"))
    world.clock.pass_(timedelta(days=365))
    assert (await world.signed_in("w")).level is AssuranceLevel.L0


async def test_a_provider_attests_the_phone_of_the_very_person(world: World) -> None:
    me = await world.signed_in("w")
    world.phones.told["phone-code", "w"] = MOBILE
    assert await world.accounts.phones.bind_by_code(me, "wechat", "phone-code") == "154****0001"
    other = await world.signed_in("other")
    with pytest.raises(PhoneCodeRejected):
        await world.accounts.phones.bind_by_code(other, "wechat", "phone-code")
    by_alipay = await world.signed_in("a", world.alipay)
    with pytest.raises(LinkUnknown):
        await world.accounts.phones.bind_by_code(by_alipay, "wechat", "phone-code")
    with pytest.raises(ProviderNotOffered):
        await world.accounts.phones.bind_by_code(me, "elsewhere", "phone-code")


async def test_a_providers_no_is_in_the_audit_with_its_own_name_for_the_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await world.signed_in("w")

    async def refuses(*_: str) -> str:
        raise PhoneCodeRejected(errcode="40029", rid="5f3a")

    monkeypatch.setattr(world.phones, "phone_number", refuses)
    with pytest.raises(PhoneCodeRejected):
        await world.accounts.phones.bind_by_code(me, "wechat", "phone-code")
    assert world.audit.events[-1] == ("phone.refused", me.resident, "PHONE_CODE_REJECTED")
    assert world.audit.facts[-1] == {"source": "wechat", "errcode": "40029", "rid": "5f3a"}


async def test_of_two_apps_of_a_provider_the_phone_is_asked_for_in_the_one_that_was_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code names nobody in another app: whoever moved to a new mini-program has ways in of both."""
    me = await world.signed_in("old")
    monkeypatch.setattr(world.bridge, "appid", "wx0000000000000002")
    await world.link(me, "new", world.bridge)
    world.phones.told["phone-code", "new"] = MOBILE
    with pytest.raises(PhoneCodeRejected):
        await world.accounts.phones.bind_by_code(me, "wechat", "phone-code")
    now = await world.signed_in("new")
    assert now.resident == me.resident
    assert await world.accounts.phones.bind_by_code(now, "wechat", "phone-code") == "154****0001"


async def test_of_two_people_of_a_provider_the_phone_is_asked_for_of_who_signed_in(world: World) -> None:
    me = await world.signed_in("first")
    await world.link(me, "second", world.bridge)
    now = await world.signed_in("second")
    assert now.resident == me.resident
    world.phones.told["phone-code", "second"] = MOBILE
    with pytest.raises(PhoneCodeRejected):
        await world.accounts.phones.bind_by_code(me, "wechat", "phone-code")
    assert await world.accounts.phones.bind_by_code(now, "wechat", "phone-code") == "154****0001"


async def test_a_packet_counts_once(world: World) -> None:
    me = await world.signed_in("a", world.alipay)
    assert await world.accounts.phones.bind_by_packet(me, "alipay", MOBILE) == "154****0001"
    other = await world.signed_in("b", world.alipay)
    with pytest.raises(PhonePacketRefused):
        await world.accounts.phones.bind_by_packet(other, "alipay", MOBILE)
    with pytest.raises(ProviderNotOffered):
        await world.accounts.phones.bind_by_packet(me, "elsewhere", MOBILE)


async def test_a_gateway_that_cannot_is_told_as_such(world: World) -> None:
    world.phones.broken = True
    with pytest.raises(SmsUnavailable):
        await world.accounts.phones.send_code(await world.signed_in("w"), MOBILE, PHONE)
    assert ("phone.code", "SMS_UNAVAILABLE") in world.audit.kinds


async def test_whichever_way_a_phone_is_bound_the_tries_of_person_and_phone_are_counted(world: World) -> None:
    me = await world.signed_in("w")
    person, phone = (
        world.personal.pseudonym(kind, value) for kind, value in (("subject", me.resident), ("phone", MOBILE))
    )
    world.phones.told["phone-code", "w"] = MOBILE
    counted = world.turnstile.counted
    counted.clear()
    await world.accounts.phones.bind_by_code(me, "wechat", "phone-code")
    assert [each for each in counted if each[0] == "bind-phone"] == [
        ("bind-phone", person),
        ("bind-phone", phone),
    ]
    counted.clear()
    await world.accounts.phones.bind_by_packet(me, "alipay", MOBILE)
    assert [each[1] for each in counted if each[0] == "bind-phone"] == [person, phone]
    counted.clear()
    await bound(world, me)
    assert ("sms", phone) in counted
    assert ("bind-phone", phone) in counted
    world.turnstile.refuses["bind-phone"] = TooManyRequests(retry_after=60)
    with pytest.raises(TooManyRequests):
        await world.accounts.phones.bind_by_code(me, "wechat", "phone-code")
