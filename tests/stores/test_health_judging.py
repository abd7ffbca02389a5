"""Judging anew, on real stores: at once, interrupted anywhere, with clocks and rule books that differ."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec
import pytest

from bff.cli_health_chain import chains_of
from bff.platform.ids import timed_id
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.models import Reason, StoredEvidence
from health_code.recolouring import Recolouring
from health_code.reporting import draft_of
from health_code.rulebook import RuleBook
from health_code.rules.colour import judge
from health_code.rules.documents import Colour
from health_code.rules.evidence import Fact, Kind
from health_code.rules.purposes import ENTERED_BY_HAND, EVIDENCE, Place
from health_code.store import Lease, RetiringStore
from health_code.store.evidence import ChainBroken, ChainClosed, EvidenceStore
from health_code.turning import Turning
from tests.health import CONTACT_IS_YELLOW, POSITIVE_IS_RED, publish, rule_set

SOURCE: Final = "laboratory"
SHANGHAI: Final = datetime.fromisoformat("2022-01-01T00:00:00+08:00").tzinfo


class Died(Exception):
    """What a process says that is killed."""


class Outside:
    """The people, the audit trail and open pages, where a process can be made to die once."""

    def __init__(self) -> None:
        self.die_at: str | None = None
        self.told: list[tuple[str, Colour]] = []
        self.audited: list[str] = []

    def _step(self, name: str) -> None:
        if self.die_at == name:
            self.die_at = None
            raise Died

    async def masked_name(self, subject: str) -> str:
        self._step("kept")
        return f"*{subject[-1:]}"

    async def announce(self, subject: str) -> None:
        del subject
        self._step("shown")

    async def audit(self, kind: str, *, outcome: str, **_: Any) -> None:  # noqa: ANN401  an audit record
        self._step("noted")
        self.audited.append(f"{kind} {outcome}")

    async def hear(self, subject: str, entry: str, *, withdrawn: bool, at: datetime) -> None:
        """Of no interest here."""

    async def follow(self, subject: str, appeal: str, state: str, *, at: datetime) -> None:
        """Of no interest here."""

    async def tell(self, subject: str, colour: Colour, reasons: Sequence[Reason], *, at: datetime) -> None:
        del subject, reasons
        self._step("audited")
        self.told.append((at.isoformat(), colour))


class Bureau:
    """Judges people of one city, as one of its processes does."""

    def __init__(self, platform: Platform, *, ahead: timedelta = timedelta()) -> None:
        self.health = platform.health
        self.outside = Outside()
        self._personal = platform.personal
        self._clock = lambda: datetime.now(UTC) + ahead

    def recolouring(self, book: RuleBook | None = None) -> Recolouring:
        return Recolouring(
            evidence=self.health.evidence,
            ended=self.health.ended,
            sources=self.health.sources,
            states=self.health.states,
            snapshots=self.health.snapshots,
            book=book or self.health.book,
            people=self.outside,
            personal=self._personal,
            announce=self.outside.announce,
            audit=self.outside.audit,
            clock=self._clock,
            jurisdiction="310000",
        )

    async def record(
        self,
        subject: str,
        kind: Kind,
        at: datetime,
        facts: dict[str, Fact],
        *,
        now: datetime | None = None,
        takes_back: StoredEvidence | None = None,
        source: str = SOURCE,
    ) -> StoredEvidence:
        source_id = secrets.token_hex(8)
        now = now or datetime.now(UTC)
        draft = draft_of(
            source=source,
            source_id=source_id,
            subject=subject,
            kind=kind,
            jurisdiction="310000",
            occurred_at=at,
            expires_at=None,
            supersedes=None if takes_back is None else (takes_back.source, takes_back.source_id),
            void=takes_back is not None,
            facts=facts,
            personal=self._personal,
            now=now,
            evidence_id=timed_id(now),
        )
        return (await self.health.evidence.append(source, [draft]))[source_id]

    async def positive(self, subject: str, **more: Any) -> StoredEvidence:  # noqa: ANN401  as `record`
        at = datetime.now(UTC) - timedelta(hours=2)
        return await self.record(subject, Kind.RESULT, at, {"outcome": "POSITIVE"}, **more)

    async def shown(self, subject: str) -> Colour | None:
        snapshot = await self.health.snapshots.get(subject)
        return None if snapshot is None else snapshot.colour


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        await publish(opened, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW))
        yield opened


@pytest.fixture
def bureau(platform: Platform) -> Bureau:
    return Bureau(platform)


async def test_of_many_judgements_made_at_once_the_one_that_stays_knew_everything(bureau: Bureau) -> None:
    recolouring = bureau.recolouring()
    now = datetime.now(UTC)

    async def report_and_judge(number: int) -> None:
        outcome = "POSITIVE" if number % 3 else "NEGATIVE"
        at = now - timedelta(minutes=100 - number)
        await bureau.record("someone", Kind.RESULT, at, {"outcome": outcome})
        await recolouring.judge(["someone"])

    # Of so many each is overtaken by every other one at most, and has a try left.
    await asyncio.gather(*(report_and_judge(number) for number in range(9)))

    stored = (await bureau.health.evidence.of(["someone"]))["someone"]
    state = await bureau.health.states.get("someone")
    snapshot = await bureau.health.snapshots.get("someone")
    assert state is not None
    assert snapshot is not None
    opened, at = [recolouring.opened(each) for each in stored], datetime.now(UTC)
    expected = judge(opened, recolouring.in_force(), at=at, known_at=at)
    assert state.seen == len(stored) == 9
    assert (state.colour, snapshot.colour, snapshot.revision) == (
        expected.colour,
        expected.colour,
        state.revision,
    )
    assert not any(each.pending for each in stored)
    assert await bureau.health.states.unsaid(limit=10) == []


@pytest.mark.parametrize("died", ["kept", "shown", "noted", "audited"])
async def test_whoever_dies_between_two_steps_leaves_nothing_undone(bureau: Bureau, died: str) -> None:
    recolouring = bureau.recolouring()
    await recolouring.judge(["someone"])
    evidence = await bureau.positive("someone", now=datetime.now(UTC) - timedelta(seconds=9))
    bureau.outside.die_at = died
    with pytest.raises(Died):
        await recolouring.judge(["someone"])

    assert await recolouring.catch_up() == 1
    assert await recolouring.catch_up() == 0

    assert await bureau.shown("someone") is Colour.RED
    # Told again it is the same notice, known by who and when.
    assert len({at for at, _ in bureau.outside.told}) == 1
    assert {colour for _, colour in bureau.outside.told} == {Colour.RED}
    changes = await bureau.health.states.changes("someone", before=None, limit=10)
    assert [change.colour for change in changes] == [Colour.RED, Colour.GREEN]
    assert changes[0].evidence == (evidence.id,)


async def test_an_overtaken_process_does_what_whoever_overtook_it_died_before(bureau: Bureau) -> None:
    """Else a red would stay green: the evidence judged, the register right, and the snapshot as it was."""
    recolouring = bureau.recolouring()
    await recolouring.judge(["someone"])
    await bureau.positive("someone")
    bureau.outside.die_at = "kept"
    outcomes = await asyncio.gather(
        *(recolouring.judge(["someone"]) for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(outcome, Died) for outcome in outcomes) == 1
    assert await bureau.shown("someone") is Colour.RED


async def test_a_clock_that_is_ahead_keeps_no_later_judgement_out(platform: Platform) -> None:
    fast, slow = Bureau(platform, ahead=timedelta(minutes=2)), Bureau(platform)
    await fast.recolouring().judge(["someone"])
    await slow.positive("someone")

    await slow.recolouring().judge(["someone"])

    assert await slow.shown("someone") is Colour.RED


async def test_evidence_recorded_by_a_clock_that_is_ahead_counts_at_once(bureau: Bureau) -> None:
    await bureau.positive("someone", now=datetime.now(UTC) + timedelta(minutes=2))

    await bureau.recolouring().judge(["someone"])

    assert await bureau.shown("someone") is Colour.RED
    (change,) = await bureau.health.states.changes("someone", before=None, limit=10)
    stored = (await bureau.health.evidence.of(["someone"]))["someone"]
    assert bureau.health.recalling.again(change, stored).colour is Colour.RED


async def test_who_was_judged_by_new_rules_is_not_judged_by_the_old_ones_again(
    platform: Platform, bureau: Bureau
) -> None:
    behind = RuleBook(platform.health.rule_sets, [])
    await behind.refresh()
    stricter = rule_set({**CONTACT_IS_YELLOW, "Colour": "RED"}, Identifier="stricter-rules")
    await publish(platform, stricter)
    at = datetime.now(UTC)
    await bureau.record("someone", Kind.EXPOSED, at, {"degree": "CLOSE"})
    await bureau.recolouring().judge(["someone"])

    await bureau.recolouring(behind).judge(["someone"])

    assert await bureau.shown("someone") is Colour.RED


async def test_every_past_change_is_judged_again_as_it_was(platform: Platform, bureau: Bureau) -> None:
    recolouring = bureau.recolouring()
    now = datetime.now(UTC)
    await bureau.record("someone", Kind.EXPOSED, now - timedelta(days=1), {"degree": "CLOSE"})
    await recolouring.judge(["someone"])
    await bureau.positive("someone")
    await recolouring.judge(["someone"])
    lenient = rule_set(CONTACT_IS_YELLOW, Identifier="lenient-rules")
    await publish(platform, lenient)
    await recolouring.judge(["someone"])
    for _ in range(2):
        await bureau.record("someone", Kind.RESULT, now, {"outcome": "NEGATIVE"})
    await recolouring.judge(["someone"])

    changes = await bureau.health.states.changes("someone", before=None, limit=10)

    assert [change.colour for change in changes] == [Colour.YELLOW, Colour.RED, Colour.YELLOW]
    stored = (await bureau.health.evidence.of(["someone"]))["someone"]
    for change in changes:
        weighed = bureau.health.recalling.again(change, stored)
        decisive = weighed.judgement.findings[0].rule.identifier
        assert (weighed.colour, decisive) == (change.colour, change.decisive)


async def test_evidence_that_cannot_be_opened_makes_grey_and_never_ends_a_red(
    platform: Platform, bureau: Bureau
) -> None:
    broken = [await bureau.positive("ill"), await bureau.positive("unknown")]
    await bureau.positive("ill")
    collection = platform._mongo["health_evidence"]
    await collection.update_many({"_id": {"$in": [each.id for each in broken]}}, {"$set": {"sealed": b"?"}})

    await bureau.recolouring().judge(["ill", "unknown", "well"])

    shown = {subject: await bureau.shown(subject) for subject in ("ill", "unknown", "well")}
    assert shown == {"ill": Colour.RED, "unknown": Colour.GREY, "well": Colour.GREEN}
    snapshot = await bureau.health.snapshots.get("unknown")
    assert snapshot is not None
    assert snapshot.failures == (f"evidence:{SOURCE}",)
    assert snapshot.next_change_at is not None


async def test_a_judgement_that_breaks_leaves_nobody_green_ends_no_red_and_is_tried_again(
    platform: Platform, bureau: Bureau
) -> None:
    await bureau.positive("ill")
    await bureau.recolouring().judge(["ill", "well"])
    book = RuleBook(bureau.health.rule_sets, [])
    await book.refresh()
    now = datetime.now(UTC)
    # A fault of ours, which no rule and no evidence of the tests brings about.
    cast("Any", book.in_force("310000", at=now, known_at=now)).of_kind = {}
    for subject in ("ill", "well"):
        await bureau.record(subject, Kind.RESULT, now, {"outcome": "INVALID"})
        await bureau.recolouring(book).judge([subject])

    shown = {subject: await bureau.shown(subject) for subject in ("ill", "well")}
    ill, well = [await bureau.health.snapshots.get(subject) for subject in ("ill", "well")]
    assert shown == {"ill": Colour.RED, "well": Colour.GREY}
    assert ill is not None
    assert well is not None
    assert [each.rule for each in ill.reasons] == [POSITIVE_IS_RED["Identifier"]]
    assert ill.failures == well.failures == ("judgement",)
    assert ill.next_change_at is not None
    assert well.next_change_at is not None
    await bureau.recolouring().judge(["ill", "well"])
    assert await bureau.shown("well") is Colour.GREEN


async def test_what_nobody_can_open_makes_grey_no_more_once_it_is_corrected(
    platform: Platform, bureau: Bureau
) -> None:
    broken = await bureau.positive("someone")
    collection = platform._mongo["health_evidence"]
    await collection.update_one({"_id": broken.id}, {"$set": {"sealed": b"?"}})
    await bureau.recolouring().judge(["someone"])
    assert await bureau.shown("someone") is Colour.GREY

    await bureau.record("someone", Kind.RESULT, broken.occurred_at, {}, takes_back=broken)
    await bureau.recolouring().judge(["someone"])

    assert await bureau.shown("someone") is Colour.GREEN


async def test_the_chain_of_a_source_holds_whatever_the_offset_and_breaks_where_it_was_touched(
    platform: Platform, bureau: Bureau, environ: dict[str, str]
) -> None:
    now = datetime.now(UTC)
    for number in range(6):
        zone = SHANGHAI if number % 2 else UTC
        await bureau.record("someone", Kind.RESULT, now.astimezone(zone), {"outcome": "NEGATIVE"})
    evidence, collection = bureau.health.evidence, platform._mongo["health_evidence"]

    assert await evidence.verify(SOURCE) == 6
    await collection.update_one({"sequence": 4}, {"$set": {"subject": "somebody else"}})
    with pytest.raises(ChainBroken, match="record 4"):
        await evidence.verify(SOURCE)
    (told,) = await chains_of(environ, quiet=True)
    assert (told.source, told.valid, told.broken_at) == (SOURCE, False, 4)
    await collection.update_one({"sequence": 4}, {"$set": {"subject": "someone"}})
    await collection.delete_one({"sequence": 2})
    with pytest.raises(ChainBroken, match="record 2"):
        await evidence.verify(SOURCE)


async def test_processes_that_append_by_turns_and_at_once_and_again_make_one_chain(
    platform: Platform, bureau: Bureau
) -> None:
    mongo = platform._mongo
    stores = [EvidenceStore(mongo["health_evidence"], mongo["health_chains"]) for _ in range(2)]
    pattern = await bureau.positive("someone")

    def draft(name: str, content: str = "") -> StoredEvidence:
        own_id = timed_id(datetime.now(UTC))
        return msgspec.structs.replace(pattern, id=own_id, source_id=name, content=content)

    for number in range(4):
        await stores[0].append(SOURCE, [draft(f"a{number}"), draft(f"b{number}")])
        await stores[number % 2].append(SOURCE, [draft(f"c{number}")])
        both = (store.append(SOURCE, [draft(f"d{number}", str(store))]) for store in stores)
        one, other = await asyncio.gather(*both)
        assert one == other
    again = await stores[1].append(SOURCE, [draft("a0", "something else"), draft("e")])

    assert again["a0"].content == ""
    assert await stores[0].known(SOURCE, ["a0", "e"]) == again
    assert await stores[0].verify(SOURCE) == 1 + 4 * 4 + 1


async def test_new_rules_reach_everybody_once_whoever_looks_and_however_many(
    platform: Platform, bureau: Bureau
) -> None:
    people = [f"person-{number:04}" for number in range(450)]
    contact = people[::9]
    at = datetime.now(UTC)
    for subject in contact:
        await bureau.record(subject, Kind.EXPOSED, at, {"degree": "CLOSE"})
    recolouring = bureau.recolouring()
    await recolouring.judge(people)
    run = platform.health.snapshots._run
    turnings = [
        Turning(bureau.recolouring(), Lease(run, "turning", holder=f"scheduler-{number}"))
        for number in range(3)
    ]
    assert [await turning.once() for turning in turnings] == [0, 0, 0]
    await publish(platform, rule_set({**CONTACT_IS_YELLOW, "Colour": "RED"}, Identifier="stricter-rules"))

    done = await asyncio.gather(*(turning.once() for turning in turnings))

    assert sorted(done) == [0, 0, len(people)]
    assert {await bureau.shown(subject) for subject in contact} == {Colour.RED}
    states = await bureau.health.states.of(people)
    assert {state.rule_set for state in states.values()} == {recolouring.in_force().hash}
    assert {state.revision for state in states.values()} == {2}


async def test_schedulers_that_turn_the_same_codes_at_once_do_no_harm(bureau: Bureau) -> None:
    people = [f"person-{number:04}" for number in range(250)]
    for subject in people[:20]:
        await bureau.positive(subject, now=datetime.now(UTC) - timedelta(seconds=9))

    await asyncio.gather(*(bureau.recolouring().catch_up() for _ in range(3)))

    assert {await bureau.shown(subject) for subject in people[:20]} == {Colour.RED}
    assert await bureau.recolouring().catch_up() == 0


@pytest.mark.parametrize("cut", [{"sequence": {"$gte": 4}}, {}], ids=["its end", "all of it"])
async def test_a_chain_that_was_cut_off_does_not_hold_whatever_is_written_behind_it(
    bureau: Bureau, mongo_database: Database, environ: dict[str, str], cut: dict[str, Any]
) -> None:
    for number in range(5):
        await bureau.positive(f"person-{number}", now=datetime.now(UTC))
    assert await bureau.health.evidence.verify(SOURCE) == 5
    await mongo_database["health_evidence"].delete_many({"source": SOURCE, **cut})
    first = 4 if cut else 1

    (told,) = await chains_of(environ, quiet=True)
    assert (told.source, told.valid, told.broken_at) == (SOURCE, False, first)
    for number in range(8):
        await bureau.positive(f"later-{number}", now=datetime.now(UTC))
    (told,) = await chains_of(environ, quiet=True)
    assert (told.valid, told.broken_at) == (False, first)


async def test_what_is_entered_in_the_moment_its_purpose_is_retired_begins_a_whole_chain(
    platform: Platform, bureau: Bureau, mongo_database: Database
) -> None:
    evidence = platform.health.evidence
    for _ in range(3):
        await bureau.record("someone", Kind.MANUAL, datetime.now(UTC), {}, source=ENTERED_BY_HAND)
    read, go_on, head = asyncio.Event(), asyncio.Event(), evidence._head

    async def slowly(source: str, session: Any = None) -> tuple[int, str]:  # noqa: ANN401  the driver's
        found = await head(source, session)
        read.set()
        await go_on.wait()
        return found

    evidence._alone.clear()  # as in a process that is not alone: it asks where the chain ends
    evidence._head = slowly  # type: ignore[method-assign]  # whoever appends stands still here
    entering = asyncio.create_task(
        bureau.record("another", Kind.MANUAL, datetime.now(UTC), {}, source=ENTERED_BY_HAND)
    )
    await read.wait()
    evidence._head = head  # type: ignore[method-assign]
    await platform.health.retiring.destroy("manual", lambda *_: None)
    go_on.set()
    kept = await entering

    assert (kept.sequence, await evidence.verify(ENTERED_BY_HAND)) == (1, 1)
    assert await mongo_database["health_evidence"].count_documents({"source": ENTERED_BY_HAND}) == 1


async def test_a_source_that_first_reports_while_all_evidence_is_destroyed_is_destroyed_whole(
    platform: Platform, bureau: Bureau, mongo_database: Database
) -> None:
    now = datetime.now(UTC)
    await bureau.positive("someone")

    class Meanwhile(RetiringStore):
        """While the evidence of those before goes, somebody reports for the first time, and once more."""

        async def destroy(self, place: Place) -> AsyncIterator[int]:
            first = place.collection == EVIDENCE and not place.where
            if first:
                await bureau.record("another", Kind.SAMPLED, now, {}, source="new-laboratory")
            async for batch in super().destroy(place):
                yield batch
            if first:
                await bureau.record("another", Kind.SAMPLED, now, {}, source="new-laboratory")

    platform.health.retiring._store = Meanwhile(mongo_database, platform._redis)
    statement = await platform.health.retiring.destroy("evidence", lambda *_: None)

    assert await mongo_database["health_evidence"].count_documents({}) == 0
    assert not any(each.left for each in statement.destroyed)
    kept = await bureau.record("another", Kind.SAMPLED, now, {}, source="new-laboratory")
    assert (kept.sequence, await bureau.health.evidence.verify("new-laboratory")) == (1, 1)


async def test_nothing_is_appended_to_a_chain_that_is_being_destroyed(bureau: Bureau) -> None:
    await bureau.positive("someone")
    await bureau.health.evidence.close([SOURCE])

    with pytest.raises(ChainClosed):
        await bureau.positive("someone")

    assert await bureau.health.evidence.verify(SOURCE) == 1


async def test_who_dies_before_noting_how_far_a_chain_has_come_breaks_nothing(
    bureau: Bureau, mongo_database: Database
) -> None:
    for number in range(2):
        await bureau.positive(f"person-{number}", now=datetime.now(UTC))
    await mongo_database["health_chains"].update_one(
        {"_id": SOURCE}, {"$set": {"sequence": 0, "hash": "0" * 64}}
    )
    assert await bureau.health.evidence.verify(SOURCE) == 2
    await mongo_database["health_chains"].delete_many({})

    await bureau.positive("person-3", now=datetime.now(UTC))
    assert await bureau.health.evidence.verify(SOURCE) == 3
