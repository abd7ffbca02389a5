"""The wallet's promises, on real stores: one use a code, one answer to a retry, a record of every look."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from msgspec import structs
from redis.asyncio import Redis

from bff.platform.drain import Drain
from bff.platform.limits import Rate, TooManyRequests
from bff.platform.mongo import Database
from miniapp_schemas import base45
from miniapp_schemas.wallet import (
    CredentialStatus,
    PresentationMode,
    PresentationState,
    PresentationTicket,
    ShowCredential,
    Verdict,
    Verification,
    Verify,
)
from tests.factories import (
    HOSPITAL,
    HOTEL_CLERK,
    ID_NUMBER,
    POLICE,
    Bench,
    birth_certificate,
    id_card,
)
from wallet.codec import lz1
from wallet.codec.status_list import read_token
from wallet.models import OpenPresentation, Requester
from wallet.refusals import (
    ClaimNotDisclosable,
    CredentialNotShowable,
    CredentialUnknown,
    PresentationUnknown,
    SceneUnknown,
    SerialConflict,
    StatusChangeImpossible,
    VersionStale,
)
from wallet.rules.validity import Change

OTHER_CLERK = structs.replace(HOTEL_CLERK, clerk="clerk-2", clerk_number="0002")
STRANGER = "11010519900307299X"


@pytest.fixture
async def bench(mongo_database: Database, redis: Redis) -> Bench:
    bench = Bench(mongo_database, redis)
    await bench.prepare()
    return bench


async def shown(bench: Bench, *, credential: str | None = None, **asked: Any) -> PresentationTicket:  # noqa: ANN401
    credential = credential or await bench.issue_id_card()
    return await bench.wallet.show(bench.keeper(), ShowCredential(credential_id=credential, **asked))


async def verified(
    bench: Bench, code: str, *, by: Requester = HOTEL_CLERK, request_id: str = "request-1"
) -> Verification:
    return await bench.wallet.verify(by, Verify(code=code, request_id=request_id))


async def drained(bench: Bench, redis: Redis) -> None:
    for stream in bench.wallet.streams:
        drain = Drain(redis, stream, _absorb(bench), consumer="test", orphaned_after_ms=0)
        await drain._open()
        while await drain.once():
            pass


def _absorb(bench: Bench) -> Callable[[Sequence[bytes]], Awaitable[None]]:
    async def absorb(entries: Sequence[bytes]) -> None:
        await bench.wallet.absorb(entries)

    return absorb


# --- the loop ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(PresentationMode))
async def test_a_shown_code_is_good_once(bench: Bench, mode: PresentationMode) -> None:
    if mode is PresentationMode.SIGNED:
        ticket = await shown(bench)
    else:
        issued = await bench.issuing.issue(HOSPITAL, birth_certificate())
        ticket = await shown(bench, credential=issued.id)
    assert ticket.mode is mode
    first = await verified(bench, ticket.code)
    assert (first.verdict, first.valid) == (Verdict.OK_ONLINE, True)
    assert [claim.name for claim in first.claims] == ticket.claims
    second = await verified(bench, ticket.code, request_id="request-2")
    assert (second.verdict, second.valid, second.claims) == (Verdict.ALREADY_USED, False, [])


@pytest.mark.parametrize("limit", ["wallet.service._DENSEST", "wallet.codec.lz1.LONGEST_TEXT"])
async def test_what_would_make_too_dense_a_qr_is_shown_by_an_opaque_code(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(limit, 100)
    ticket = await shown(bench)
    assert (ticket.mode, len(ticket.code)) == (PresentationMode.OPAQUE, 28)
    assert (await verified(bench, ticket.code)).verdict is Verdict.OK_ONLINE


async def test_a_clerk_sees_the_scene_s_fields_and_no_other(bench: Bench) -> None:
    ticket = await shown(bench, scene="hotel.checkin", claims=["name", "idNumber"])
    seen = await verified(bench, ticket.code)
    assert {claim.name: claim.value for claim in seen.claims} == {
        "name": "张小明",
        "idNumber": "**************" + ID_NUMBER[-4:],
    }


async def test_the_clerk_whose_reply_was_lost_is_told_the_same_even_after_the_window(bench: Bench) -> None:
    ticket = await shown(bench)
    first = await verified(bench, ticket.code)
    bench.clock.turn(200)
    assert await verified(bench, ticket.code) == first
    assert (await verified(bench, ticket.code, by=OTHER_CLERK)).verdict is Verdict.EXPIRED


async def test_the_request_id_of_another_clerk_opens_nothing(bench: Bench) -> None:
    ticket = await shown(bench)
    await verified(bench, ticket.code)
    assert (await verified(bench, ticket.code, by=OTHER_CLERK)).verdict is Verdict.ALREADY_USED


async def test_two_hundred_at_once_on_two_processes_make_one_use(bench: Bench, redis: Redis) -> None:
    ticket = await shown(bench)
    processes = [bench.wallet, bench.another_wallet()]
    clerks = [structs.replace(HOTEL_CLERK, clerk=f"clerk-{n}") for n in range(20)]
    answers = await asyncio.gather(
        *(
            processes[n % 2].verify(clerks[n % 20], Verify(code=ticket.code, request_id=f"request-{n}"))
            for n in range(200)
        )
    )
    verdicts = [answer.verdict for answer in answers]
    assert verdicts.count(Verdict.OK_ONLINE) == 1
    assert verdicts.count(Verdict.ALREADY_USED) == 199
    await drained(bench, redis)
    assert await bench.database["usages"].count_documents({}) == 200
    assert await bench.database["usages"].count_documents({"verdict": "OK_ONLINE"}) == 1


async def test_every_look_is_in_the_holder_s_record(bench: Bench, redis: Redis) -> None:
    ticket = await shown(bench)
    await verified(bench, ticket.code)
    bench.clock.turn(1)
    await verified(bench, ticket.code, by=OTHER_CLERK)
    await drained(bench, redis)
    records = (await bench.wallet.usages(bench.keeper(), before=None, limit=10)).items
    assert [(record.clerk_number, record.verdict) for record in records] == [
        ("0002", Verdict.ALREADY_USED),
        ("0001", Verdict.OK_ONLINE),
    ]
    assert records[1].claims == ticket.claims
    assert (await bench.wallet.usages(bench.keeper(STRANGER), before=None, limit=10)).items == []
    assert [
        check.verdict for check in (await bench.wallet.checks(HOTEL_CLERK, before=None, limit=5)).items
    ] == [Verdict.OK_ONLINE]


async def test_the_holder_sees_the_use_at_once(bench: Bench) -> None:
    ticket = await shown(bench)
    assert (
        await bench.wallet.progress(bench.keeper(), ticket.presentation_id)
    ).state is PresentationState.OPEN
    await verified(bench, ticket.code)
    progress = await bench.wallet.progress(bench.keeper(), ticket.presentation_id)
    assert progress.state is PresentationState.USED
    assert progress.used is not None
    assert progress.used.organisation == "随身酒店"
    with pytest.raises(PresentationUnknown):
        await bench.wallet.progress(bench.keeper(STRANGER), ticket.presentation_id)


async def test_records_are_paged_without_gap_or_double(bench: Bench, redis: Redis) -> None:
    ticket = await shown(bench)
    for number in range(7):
        bench.clock.turn(1)
        await verified(bench, ticket.code, request_id=f"request-{number}")
    await drained(bench, redis)
    seen, cursor = [], None
    while True:
        page = await bench.wallet.usages(bench.keeper(), before=cursor, limit=3)
        seen += [record.id for record in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


# --- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "elsewhere", "suspended", "verdict"),
    [
        (False, False, False, Verdict.ALREADY_USED),
        (False, False, True, Verdict.SUSPENDED),
        (False, True, False, Verdict.SCENE_DENIED),
        (False, True, True, Verdict.SCENE_DENIED),
        (True, False, False, Verdict.EXPIRED),
        (True, False, True, Verdict.EXPIRED),
        (True, True, False, Verdict.EXPIRED),
        (True, True, True, Verdict.EXPIRED),
    ],
)
async def test_of_a_used_code_time_is_told_before_scene_before_status_before_use(
    bench: Bench, *, late: bool, elsewhere: bool, suspended: bool, verdict: Verdict
) -> None:
    credential = await bench.issue_id_card()
    ticket = await shown(bench, credential=credential, scene="hotel.checkin")
    await verified(bench, ticket.code)
    if suspended:
        await bench.issuing.change(POLICE, credential, Change.SUSPEND, "挂失")
    if late:
        bench.clock.turn(100)
    scenes = frozenset({"general"}) if elsewhere else HOTEL_CLERK.scenes
    by = structs.replace(OTHER_CLERK, scenes=scenes)
    assert (await verified(bench, ticket.code, by=by)).verdict is verdict


async def test_cards_are_listed_newest_first_page_by_page(bench: Bench) -> None:
    issued = []
    for number in range(5):
        bench.clock.turn(1)
        issued.append(await bench.issue_id_card(serial=f"{number:010}"))
    bench.clock.turn(1)
    await bench.issue_id_card(serial=f"{2:010}", version=2)
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        page = await bench.wallet.credentials(bench.keeper(), after=cursor, limit=2)
        seen += [card.id for card in page.items]
        cursor = page.next_cursor
    assert seen == issued[::-1]
    listed = await bench.issuing.issued(POLICE, after=None, limit=10)
    assert [one.id for one in listed.items] == seen


async def test_what_a_verdict_hides_the_clerk_s_list_hides_as_well(bench: Bench, redis: Redis) -> None:
    ticket = await shown(bench, scene="hotel.checkin")
    elsewhere = structs.replace(OTHER_CLERK, scenes=frozenset({"general"}))
    await verified(bench, ticket.code, by=elsewhere)
    await drained(bench, redis)
    (check,) = (await bench.wallet.checks(elsewhere, before=None, limit=5)).items
    assert (check.verdict, check.type_name, check.scene) == (Verdict.SCENE_DENIED, None, None)
    (record,) = (await bench.wallet.usages(bench.keeper(), before=None, limit=5)).items
    assert record.scene == "hotel.checkin"


async def test_refused_tries_never_use_a_code_up(bench: Bench) -> None:
    credential = await bench.issue_id_card()
    ticket = await shown(bench, credential=credential, scene="hotel.checkin")
    elsewhere = structs.replace(OTHER_CLERK, scenes=frozenset({"general"}))
    denied = await verified(bench, ticket.code, by=elsewhere)
    assert (denied.verdict, denied.type_name, denied.scene) == (Verdict.SCENE_DENIED, None, None)
    await bench.issuing.change(POLICE, credential, Change.SUSPEND, "挂失")
    assert (await verified(bench, ticket.code)).verdict is Verdict.SUSPENDED
    await bench.issuing.change(POLICE, credential, Change.RESUME, "找回")
    tampered = ticket.code[:-1] + ("0" if ticket.code[-1] != "0" else "1")
    assert (await verified(bench, tampered)).verdict in {Verdict.TAMPERED, Verdict.UNREADABLE}
    assert (await verified(bench, ticket.code)).verdict is Verdict.OK_ONLINE


@pytest.mark.parametrize("at", [-67, -64, -1], ids=["a field", "r", "s"])
async def test_a_text_altered_under_the_name_of_an_open_code_is_tampered(bench: Bench, at: int) -> None:
    ticket = await shown(bench)
    altered = bytearray(base45.decode(ticket.code.removeprefix("LZ1:")))
    altered[at] ^= 1
    text = "LZ1:" + base45.encode(bytes(altered))
    assert lz1.take_apart(text).token_id == lz1.take_apart(ticket.code).token_id
    answer = await verified(bench, text)
    assert (answer.verdict, answer.claims, answer.usage_id) == (Verdict.TAMPERED, [], None)
    assert (await verified(bench, ticket.code)).verdict is Verdict.OK_ONLINE
    assert (await verified(bench, text, request_id="request-2")).verdict is Verdict.TAMPERED


async def test_a_code_whose_record_tells_no_digest_is_judged_by_its_signature(
    bench: Bench, redis: Redis
) -> None:
    ticket = await shown(bench)
    (key,) = [key async for key in redis.scan_iter(f"*open:{ticket.presentation_id}")]
    raw = await redis.get(key)
    assert raw is not None
    opened = msgspec.json.decode(raw, type=OpenPresentation)
    assert opened.digest == sha256(ticket.code.encode()).digest()
    await redis.set(key, msgspec.json.encode(structs.replace(opened, digest=None)), keepttl=True)
    assert (await verified(bench, ticket.code)).verdict is Verdict.OK_ONLINE


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("https://example.com/", Verdict.UNREADABLE),
        ("LZ1:", Verdict.UNREADABLE),
        ("LZ" + "A" * 26, Verdict.UNKNOWN_CODE),
    ],
)
async def test_what_is_no_code_of_ours_gets_one_uniform_answer(
    bench: Bench, code: str, verdict: Verdict
) -> None:
    answer = await verified(bench, code)
    assert (answer.verdict, answer.claims, answer.type_name, answer.usage_id) == (verdict, [], None, None)


async def test_a_code_of_unknown_keys_says_so(bench: Bench, mongo_database: Database, redis: Redis) -> None:
    elsewhere = Bench(mongo_database, redis)
    ticket = await shown(elsewhere)
    assert (await verified(bench, ticket.code)).verdict is Verdict.KEY_UNKNOWN


@pytest.mark.parametrize(("after", "verdict"), [(94, Verdict.OK_ONLINE), (95, Verdict.EXPIRED)])
async def test_a_code_lives_ninety_seconds_and_the_skew(bench: Bench, after: float, verdict: Verdict) -> None:
    ticket = await shown(bench)
    bench.clock.now = ticket.issued_at + timedelta(seconds=after)
    assert (await verified(bench, ticket.code)).verdict is verdict


async def test_a_code_from_the_future_is_a_clock_problem(bench: Bench) -> None:
    ticket = await shown(bench)
    bench.clock.turn(-6)
    assert (await verified(bench, ticket.code)).verdict is Verdict.CLOCK_SKEW


async def test_a_code_taken_back_is_unknown(bench: Bench) -> None:
    ticket = await shown(bench)
    await bench.wallet.withdraw(bench.keeper(), ticket.presentation_id)
    assert (await verified(bench, ticket.code)).verdict is Verdict.UNKNOWN_CODE


async def test_the_holder_of_a_code_taken_back_is_told_that_it_ended_and_nobody_else_of_it(
    bench: Bench, redis: Redis
) -> None:
    ticket = await shown(bench)
    for _ in range(2):  # a second time changes nothing
        await bench.wallet.withdraw(bench.keeper(), ticket.presentation_id)
        progress = await bench.wallet.progress(bench.keeper(), ticket.presentation_id)
        assert progress.state is PresentationState.ENDED
        assert progress.used is None
    with pytest.raises(PresentationUnknown):
        await bench.wallet.progress("somebody else", ticket.presentation_id)
    # What is left of it is forgotten with the rest.
    assert [key async for key in redis.scan_iter("wallet:*:open:*")] == []
    for key in [key async for key in redis.scan_iter("wallet:*:withdrawn:*")]:
        assert await redis.pttl(key) > 0


async def test_a_used_code_stays_used_when_its_holder_puts_it_away(bench: Bench) -> None:
    ticket = await shown(bench)
    await verified(bench, ticket.code)
    await bench.wallet.withdraw(bench.keeper(), ticket.presentation_id)
    assert (await verified(bench, ticket.code, by=OTHER_CLERK)).verdict is Verdict.ALREADY_USED
    progress = await bench.wallet.progress(bench.keeper(), ticket.presentation_id)
    assert progress.state is PresentationState.USED


@pytest.mark.parametrize(("after", "verdict"), [(0, Verdict.UNKNOWN_CODE), (95, Verdict.EXPIRED)])
async def test_a_code_whose_record_is_lost_is_judged_by_its_signature_and_time(
    bench: Bench, redis: Redis, after: float, verdict: Verdict
) -> None:
    ticket = await shown(bench)
    await redis.flushdb()
    bench.clock.now = ticket.issued_at + timedelta(seconds=after)
    assert (await verified(bench, ticket.code)).verdict is verdict
    last = ticket.code[-1]
    tampered = ticket.code[:-1] + ("0" if last != "0" else "1")
    assert (await verified(bench, tampered)).verdict in {Verdict.TAMPERED, Verdict.UNREADABLE}


async def test_losing_redis_makes_codes_unknown_and_never_good_again(bench: Bench, redis: Redis) -> None:
    ticket = await shown(bench)
    assert (await verified(bench, ticket.code)).valid
    await redis.flushdb()
    again = await verified(bench, ticket.code, request_id="request-2")
    assert (again.verdict, again.valid) == (Verdict.UNKNOWN_CODE, False)


async def test_a_code_never_outlives_its_certificate(bench: Bench) -> None:
    bench.clock.now = datetime(2026, 11, 30, 15, 59, 50, tzinfo=UTC)  # ten seconds to midnight in Shanghai
    ticket = await shown(bench, credential=await bench.issue_id_card(valid_until=date(2026, 11, 30)))
    assert ticket.expires_at == datetime(2026, 11, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize("change", [Change.SUSPEND, Change.REVOKE])
async def test_what_does_not_stand_cannot_be_shown(bench: Bench, change: Change) -> None:
    credential = await bench.issue_id_card()
    await bench.issuing.change(POLICE, credential, change, "原因")
    with pytest.raises(CredentialNotShowable):
        await shown(bench, credential=credential)


async def test_only_what_is_one_s_own_and_meant_for_the_scene_can_be_shown(bench: Bench) -> None:
    credential = await bench.issue_id_card()
    with pytest.raises(CredentialUnknown):
        await bench.wallet.show(bench.keeper(STRANGER), ShowCredential(credential_id=credential))
    with pytest.raises(CredentialUnknown):
        await bench.wallet.credential(bench.keeper(STRANGER), credential)
    with pytest.raises(SceneUnknown):
        await shown(bench, credential=credential, scene="moon.base")
    with pytest.raises(ClaimNotDisclosable):
        await shown(bench, credential=credential, claims=["address"])


async def test_a_clerk_who_scans_too_fast_is_stopped_and_the_code_is_not_used(bench: Bench) -> None:
    bench.clerk_rate = Rate(per_minute=1, burst=1)
    ticket = await shown(bench)
    assert (await verified(bench, "nothing")).verdict is Verdict.UNREADABLE
    with pytest.raises(TooManyRequests):
        await verified(bench, ticket.code)
    assert (await verified(bench, ticket.code, by=OTHER_CLERK)).valid


# --- issuing -----------------------------------------------------------------------------------------


async def test_issuing_twice_is_issuing_once(bench: Bench) -> None:
    first = await bench.issuing.issue(POLICE, id_card())
    assert await bench.issuing.issue(POLICE, id_card()) == first
    with pytest.raises(SerialConflict):
        await bench.issuing.issue(POLICE, id_card(valid_until=None))


async def test_twenty_issuing_the_same_at_once_make_one(bench: Bench) -> None:
    issued = await asyncio.gather(*(bench.issuing.issue(POLICE, id_card()) for _ in range(20)))
    assert len({one.id for one in issued}) == 1
    assert await bench.database["credentials"].count_documents({}) == 1


async def test_a_new_version_replaces_the_old_in_place(bench: Bench) -> None:
    first = await bench.issuing.issue(POLICE, id_card())
    second = await bench.issuing.issue(POLICE, id_card(version=2, valid_until=None))
    assert (second.id, second.version) == (first.id, 2)
    assert second.identifier != first.identifier
    # A retry of the first that comes late is answered with what stands now.
    assert await bench.issuing.issue(POLICE, id_card()) == second
    third = await bench.issuing.issue(POLICE, id_card(version=9))
    with pytest.raises(VersionStale):
        await bench.issuing.issue(POLICE, id_card(version=5))
    with pytest.raises(SerialConflict):
        await bench.issuing.issue(POLICE, id_card(valid_until=None))
    assert third.version == 9
    assert (await bench.wallet.credential(bench.keeper(), first.id)).version == 9


async def test_a_new_version_does_not_lift_a_suspension(bench: Bench) -> None:
    first = await bench.issuing.issue(POLICE, id_card())
    await bench.issuing.change(POLICE, first.id, Change.SUSPEND, "核查")
    assert (await bench.issuing.issue(POLICE, id_card(version=2))).status is CredentialStatus.SUSPENDED


async def test_suspending_twice_is_suspending_once_and_revocation_is_final(bench: Bench) -> None:
    credential = await bench.issue_id_card()
    first = await bench.issuing.change(POLICE, credential, Change.SUSPEND, "挂失")
    assert await bench.issuing.change(POLICE, credential, Change.SUSPEND, "again") == first
    await bench.issuing.change(POLICE, credential, Change.REVOKE, "注销")
    with pytest.raises(StatusChangeImpossible):
        await bench.issuing.change(POLICE, credential, Change.RESUME, "no")


async def test_another_department_s_certificate_cannot_be_touched(bench: Bench) -> None:
    credential = await bench.issue_id_card()
    with pytest.raises(CredentialUnknown):
        await bench.issuing.change(HOSPITAL, credential, Change.REVOKE, "x")


async def test_the_holder_reads_why_a_certificate_stands_as_it_does(bench: Bench) -> None:
    credential = await bench.issue_id_card()
    await bench.issuing.change(POLICE, credential, Change.SUSPEND, "持证人报失")
    (card,) = (await bench.wallet.credentials(bench.keeper(), after=None, limit=5)).items
    assert card.status is CredentialStatus.SUSPENDED
    assert "持证人报失" in card.status_reason.zh


async def test_at_rest_nothing_personal_is_in_the_clear(bench: Bench, redis: Redis) -> None:
    await verified(bench, (await shown(bench)).code)
    stored = str([document async for document in bench.database["credentials"].find()]).encode()
    for key in await redis.keys("*"):
        stored += repr(await redis.dump(key)).encode()
        if await redis.type(key) == b"stream":
            stored += repr(await redis.xrange(key)).encode()
    for personal in (ID_NUMBER, "张小明", "某区某路", "1949-12-31"):
        assert personal.encode() not in stored
        assert repr(personal.encode())[2:-1].encode() not in stored


async def test_every_issued_certificate_has_a_slot_of_its_own(bench: Bench) -> None:
    await asyncio.gather(*(bench.issuing.issue(POLICE, id_card(serial=f"S{n}")) for n in range(30)))
    slots = [(c["status_list"], c["status_index"]) async for c in bench.database["credentials"].find()]
    assert len(set(slots)) == 30


async def test_published_status_lists_say_what_the_issuer_said(bench: Bench) -> None:
    credential = await bench.issue_id_card()
    await bench.issuing.change(POLICE, credential, Change.SUSPEND, "挂失")
    await bench.issuing.publish_status_lists()
    token = read_token(await bench.issuing.status_list(1), keys=bench.keys.verifying())
    stored = await bench.credentials.get(credential)
    assert stored is not None
    assert token.statuses.status(stored.status_index) == 2
    assert sum(token.statuses.data) == 2 << (stored.status_index % 4 * 2)
