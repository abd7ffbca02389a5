"""Leaving: seven days, then nothing is left but a tombstone; and a copy of what is held."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import (
    Actor,
    CertificatePurpose,
    Deletion,
    Ending,
    LegalPersonProof,
    NoticeKind,
    Standing,
    StoredFaceCheck,
    name_context,
    number_context,
)
from auth_bridges.refusals import DeletionBegun, DeletionUnknown, ReauthenticationRequired, SessionEnded
from auth_bridges.registrar import RegisterResident, WayIn
from auth_bridges.vault import Shredded, Vault
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import PHONE, FakeBridge, World

NAME, NUMBER, MOBILE = "林小满", "990101199003070019", "+8615400000001"
SEVEN = timedelta(days=7)
LIN = RegisterResident(
    id_number=NUMBER,
    name=NAME,
    links=(WayIn(provider="wechat", appid=FakeBridge.appid, subject="w"),),
)


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    await made.registrar.register(LIN)
    me = await made.signed_in("w")
    sent = await made.accounts.phones.send_code(me, MOBILE, PHONE)
    await made.accounts.phones.bind_by_sms(me, sent.request, made.phones.code(MOBILE))
    return made


def vault(world: World) -> Vault:
    return Vault(world.stores.resident_keys, world.personal, os.urandom)


def read(world: World, certificate: str) -> dict[str, Any]:
    key = world.keys.verifying(jwt.get_unverified_header(certificate)["kid"])
    assert key is not None
    claims: dict[str, Any] = jwt.decode(certificate, key, algorithms=["ES256"])
    return claims


async def test_leaving_takes_a_fresh_proof_and_seven_days(world: World) -> None:
    me = await world.by_phone("w")
    world.clock.pass_(timedelta(minutes=6))
    with pytest.raises(ReauthenticationRequired):
        await world.accounts.leaving.request(me)
    asked = await world.accounts.leaving.request(await world.by_phone("w"))
    assert asked.deletion.due_at == world.clock() + SEVEN
    world.clock.pass_(SEVEN - timedelta(seconds=1))
    await world.accounts.settle()
    assert (await world.by_phone("w")).resident == me.resident


async def test_it_can_be_taken_back(world: World) -> None:
    await world.accounts.leaving.request(await world.by_phone("w"))
    world.clock.pass_(timedelta(days=6))
    me = await world.by_phone("w")
    await world.accounts.leaving.cancel(me)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    assert (await world.by_phone("w")).resident == me.resident
    with pytest.raises(DeletionUnknown):
        await world.accounts.leaving.cancel(me)


async def test_asked_twice_it_is_one_deletion_and_the_last_receipt_counts(world: World) -> None:
    me = await world.by_phone("w")
    first, second = [await world.accounts.leaving.request(me) for _ in range(2)]
    assert first.deletion.id == second.deletion.id
    await world.accounts.leaving.certificate(second.receipt)
    with pytest.raises(DeletionUnknown):
        await world.accounts.leaving.certificate(first.receipt)


async def test_requirement_11_a_deleted_account_ends_in_every_place_at_once(world: World) -> None:
    me = await world.by_phone("w")
    signed_in = await world.auth.sign_in("wechat", world.code("w"), PHONE)
    await world.accounts.leaving.request(me)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    with pytest.raises(SessionEnded):
        await world.auth.refresh(signed_in.refresh.text, PHONE)
    _, ended = await world.stores.ended.since("0-0")
    assert me.session in ended
    session = await world.stores.sessions.get(me.session)
    assert session is not None
    assert session.ended_why is Ending.DELETED
    with pytest.raises(SessionEnded):
        await world.accounts.overviews.of(me)
    stranger = await world.by_phone("w")
    assert (stranger.resident != me.resident, stranger.level) == (True, AssuranceLevel.L0)


async def test_requirement_19_deletion_leaves_a_tombstone_and_nothing_of_the_person(
    world: World, mongo_database: Database
) -> None:
    """PIPL Art. 47, GB/T 35273 §8.5: searched for in every collection there is."""
    me = await world.by_phone("w")
    before = await mongo_database["residents"].find_one({"_id": me.resident})
    assert before is not None
    asked = await world.accounts.leaving.request(me)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    holder = world.personal.hash(NUMBER)
    for name in await mongo_database.list_collection_names():
        async for document in mongo_database[name].find():
            told = repr(document)
            for trace in (NUMBER, MOBILE[3:], NAME, holder, before["phone_hash"]):
                assert trace not in told, name
            if name not in {"residents", "sessions"}:
                assert me.resident not in told, name
    shell = await world.stores.residents.get(me.resident)
    assert shell is not None
    assert (shell.standing, shell.name, shell.proofs) == (Standing.DELETED, None, ())
    gone = await world.stores.deletions.by_receipt(asked.deletion.receipt)
    assert gone is not None
    assert (gone.resident, gone.tombstone) == (None, world.personal.pseudonym("tombstone", holder))


async def test_what_a_backup_holds_cannot_be_read_any_more(world: World) -> None:
    me = await world.by_phone("w")
    backup = await world.stores.residents.get(me.resident)
    assert backup is not None
    assert await vault(world).name(backup) == NAME
    await world.accounts.leaving.request(me)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    for reads in (vault(world).name, vault(world).number, vault(world).phone):
        with pytest.raises(Shredded):
            await reads(backup)


async def test_the_certificate_is_signed_before_and_after_and_tells_nothing_of_the_person(
    world: World,
) -> None:
    me = await world.by_phone("w")
    asked = await world.accounts.leaving.request(me)
    first = read(world, (await world.accounts.leaving.certificate(asked.receipt)).certificate)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    last = read(world, (await world.accounts.leaving.certificate(asked.receipt)).certificate)
    assert (first["state"], last["state"]) == ("requested", "deleted")
    assert (first["jti"], "deleted_at" in first) == (last["jti"], False)
    assert last["deleted_at"] == int(world.clock().timestamp())
    assert set(last) == {"iss", "jti", "iat", "state", "requested_at", "due_at", "deleted_at"}
    with pytest.raises(DeletionUnknown):
        await world.accounts.leaving.certificate("x" * 43)


@pytest.mark.parametrize("step", range(7))
async def test_a_deletion_that_died_between_two_steps_is_finished(
    world: World, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await world.by_phone("w")
    asked = await world.accounts.leaving.request(me)
    world.clock.pass_(SEVEN)
    stores = world.stores
    places: list[tuple[object, str]] = [
        (stores.residents, "tree_of"),
        (stores.residents, "replace"),
        (stores.residents, "drop_all"),
        (stores.sessions, "end"),
        (stores.resident_keys, "destroy"),
        (stores.notices, "forget"),
        (stores.deletions, "done"),
    ]

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(*places[step], dies)
        with pytest.raises(ConnectionError):
            await world.accounts.settle()
    with pytest.raises(DeletionBegun):
        await world.accounts.leaving.cancel(me)
    await world.accounts.settle()
    gone = await stores.deletions.by_receipt(asked.deletion.receipt)
    assert gone is not None
    assert (gone.resident, gone.deleted_at) == (None, world.clock())
    assert gone.tombstone == world.personal.pseudonym("tombstone", world.personal.hash(NUMBER))
    assert await stores.resident_keys.get(me.resident) is None
    assert await stores.residents.links_of([me.resident]) == []
    assert (await world.by_phone("w")).resident != me.resident


async def test_two_schedulers_delete_once(world: World) -> None:
    await world.accounts.leaving.request(await world.by_phone("w"))
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    await world.accounts.settle()
    assert [kind for kind, _ in world.audit.kinds].count("account.deleted") == 1


async def test_who_was_merged_goes_along(world: World) -> None:
    me = await world.by_phone("w")
    other = await world.by_phone("a", world.alipay)
    await world.link(me, "a")
    await world.accounts.leaving.request(await world.by_phone("a", world.alipay))
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    for each in (me, other):
        shell = await world.stores.residents.get(each.resident)
        assert shell is not None
        assert shell.standing is Standing.DELETED
    assert (await world.by_phone("a", world.alipay)).resident not in {me.resident, other.resident}


async def test_who_is_taken_in_while_leaving_stays_and_both_are_told(world: World) -> None:
    """The account nobody knows asked to go, and then turned out to be one that is known."""
    other = await world.by_phone("a", world.alipay)
    await world.accounts.leaving.request(other)
    me = await world.by_phone("w")
    await world.link(me, "a")
    seen = await world.accounts.overviews.of(me)
    assert seen.deletion is None
    assert NoticeKind.DELETION_CANCELLED in {each.kind for each in seen.notices}
    assert ("deletion.cancelled", "ok") in world.audit.kinds
    # The other way in is now the only one.
    wechat = next(each for each in seen.links if each.provider == "wechat")
    await world.accounts.linking.unlink(await world.by_phone("a", world.alipay), wechat.id)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    assert (await world.by_phone("a", world.alipay)).resident == me.resident


@pytest.mark.parametrize("at", ["before it begins", "once it has begun"])
async def test_who_is_taken_in_while_a_deletion_is_carried_out_is_not_torn_out(
    world: World, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    other = await world.by_phone("a", world.alipay)
    await world.accounts.leaving.request(other)
    world.clock.pass_(SEVEN)
    me = await world.by_phone("w")
    # Of a process that was slow, what was asked before the merge is carried out after it.
    (due,) = await world.stores.deletions.due(world.clock())
    if at == "once it has begun":
        await world.stores.deletions.begin(due.id, tombstone="t")
    await world.link(me, "a")
    monkeypatch.setattr(world.stores.deletions, "begin", lambda *_, **__: _done(due))
    await world.accounts.leaving._delete(due)
    assert (await world.by_phone("a", world.alipay)).resident == me.resident
    assert await world.stores.deletions.by_receipt(due.receipt) is None


async def _done(deletion: Deletion) -> Deletion:
    return deletion


async def test_a_way_in_left_behind_by_a_deleted_account_is_a_strangers(world: World) -> None:
    """A link written by a request that was under way while the account went."""
    me = await world.by_phone("w")
    await world.accounts.leaving.request(me)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    subject = await world.alipay.exchange(world.code("late", world.alipay))
    await world.stores.residents.lead(
        subject, world.accounts.linking._link_of(subject, me.resident, world.clock())
    )
    late = await world.by_phone("late", world.alipay)
    assert late.resident != me.resident


# --- a key of one's own ------------------------------------------------------------------------------


async def test_what_was_sealed_under_the_platforms_key_moves_at_the_next_sign_in(world: World) -> None:
    before = await world.stores.residents.get((await world.by_phone("w")).resident)
    assert before is not None
    seal = world.personal.seal
    old = msgspec.structs.replace(
        before,
        name=seal(NAME.encode(), name_context(before.id)),
        number=seal(NUMBER.encode(), number_context(before.id)),
    )
    assert await world.stores.residents.replace(before, old)
    assert (await world.auth.sign_in("wechat", world.code("w"), PHONE)).display_name == "林**"
    moved = await world.stores.residents.get(before.id)
    assert moved is not None
    assert moved.name is not None
    assert moved.number is not None
    assert (moved.name[:1], moved.number[:1]) == (b"\x02", b"\x02")
    assert await vault(world).number(moved) == NUMBER


async def test_what_was_sealed_for_one_does_not_open_for_another(world: World) -> None:
    sealed = await vault(world).seal("one", b"secret", b"context")
    await vault(world).seal("other", b"secret", b"context")
    for resident, context in (("other", b"context"), ("one", b"elsewhere")):
        with pytest.raises(Shredded):
            await vault(world).open(resident, sealed, context)


# --- a copy --------------------------------------------------------------------------------------------


async def test_requirement_19_a_copy_holds_everything_in_the_clear_for_its_owner(world: World) -> None:
    """PIPL Art. 45."""
    me: Actor = await world.by_phone("w")
    copy = await world.accounts.overviews.copy(me)
    assert (copy.name, copy.number, copy.phone) == (NAME, NUMBER, MOBILE)
    assert [each.subject for each in copy.links] == ["w"]
    assert me.session in {each.sid for each in copy.sessions}
    world.clock.pass_(timedelta(minutes=6))
    with pytest.raises(ReauthenticationRequired):
        await world.accounts.overviews.copy(me)


async def test_requirement_19_what_certificates_and_faces_were_shown_is_in_a_copy_and_goes_along(
    world: World,
) -> None:
    me: Actor = await world.by_phone("w")
    # MongoDB forgets by its own clock what does not count any more.
    now = datetime.now(UTC).replace(microsecond=0)
    shown = LegalPersonProof(
        id="p1",
        resident=me.resident,
        session=me.session,
        purpose=CertificatePurpose.AGENTS,
        uscc="91310000990000770K",
        name="江边贸易有限公司",
        representative="hash",
        serial="2a",
        issuer="ca",
        at=now,
        expires_at=now + timedelta(days=1),
    )
    begun = StoredFaceCheck(
        id="f1", resident=me.resident, certification="c1", url="https://face.example.org", started_at=now
    )
    for whose in (me.resident, "another"):
        own = msgspec.structs.replace(shown, id=f"p-{whose}", resident=whose)
        await world.stores.legal_persons.add(own)
        await world.stores.face_checks.begin(msgspec.structs.replace(begun, id=f"f-{whose}", resident=whose))
    copy = await world.accounts.overviews.copy(me)
    assert [each.resident for each in copy.legal_persons] == [me.resident]
    assert [each.resident for each in copy.face_checks] == [me.resident]

    await world.accounts.leaving.request(me)
    world.clock.pass_(SEVEN)
    await world.accounts.settle()
    for kept in (world.stores.legal_persons.all_of, world.stores.face_checks.of):
        assert [each.resident for each in await kept([me.resident, "another"])] == ["another"]
