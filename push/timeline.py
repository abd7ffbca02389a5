"""What is next for a resident and those they act for, and what they say of it.

Only who decides for somebody may say that an item is done: they themselves from fourteen on, a guardian, who
acts for an enterprise. An item of anybody else is unknown.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct

from miniapp_schemas import timeline as wire
from miniapp_schemas.base import Page, Text
from push.planning import born_of, open_item
from push.ports import Clock, People, PersonalData, Reader
from push.refusals import NotYoursToDecide, SnoozeInvalid, TimelineItemUnknown
from push.rules.calendar import add_months
from push.rules.milestones import SHANGHAI
from push.rules.plan import status_on
from push.rules.timeline import asked_for
from push.rules.wording import TOLD
from push.store.documents import Session, Transactions
from push.store.outbox import OutboxStore
from push.store.people import PeopleStore
from push.store.timeline import TimelineStore
from push.timeline_models import Mark, MarkState, TimelineItem

_LONGEST_SNOOZE: Final = timedelta(days=366)
_OWN_AGE_MONTHS: Final = 14 * 12
_CURSOR_ID: Final = 24
_LAST_MS: Final = 253_370_764_800_000
"""In the year 9999: a cursor somebody made up must not be an error of ours."""

ClauseWords = Callable[[str, str], Text]
"""What a clause of a programme says, by the names of both."""


class Viewer(Struct, frozen=True, kw_only=True):
    """Who looks: an account, and for whom alone, while it acts for somebody."""

    resident: str
    acting_for: str | None = None


class Timeline:
    """The items of a resident and of those they act for."""

    def __init__(
        self,
        *,
        timeline: TimelineStore,
        people: PeopleStore,
        outbox: OutboxStore,
        transactions: Transactions,
        readers: People,
        personal: PersonalData,
        words: ClauseWords,
        clock: Clock,
    ) -> None:
        self._timeline = timeline
        self._people = people
        self._outbox = outbox
        self._within = transactions
        self._readers = readers
        self._personal = personal
        self._words = words
        self._clock = clock

    async def page(
        self, viewer: Viewer, *, closed: bool, cursor: str | None, limit: int
    ) -> Page[wire.TimelineEntry]:
        """A page of what the viewer may see, what is next first."""
        wards = await self._wards(viewer)
        found = await self._timeline.page(list(wards), closed=closed, after=_after(cursor), limit=limit + 1)
        born = await self._born(wards)
        shown = [
            self._entry(item, wards[item.subject], born)
            for item in found[:limit]
            if item.topic in wards[item.subject].topics
        ]
        return Page(items=shown, next_cursor=_cursor(found[limit - 1]) if len(found) > limit else None)

    async def next(self, viewer: Viewer, limit: int) -> list[wire.TimelineEntry]:
        """What is next: the first lines of the first page."""
        return (await self.page(viewer, closed=False, cursor=None, limit=limit)).items

    async def snooze(self, viewer: Viewer, item: str, until: datetime) -> wire.TimelineEntry:
        """Say nothing of an item until a time, and then remind of it."""
        now = self._clock()
        # Before it is brought to UTC: at either end of the calendar it has no UTC to be brought to.
        if not now < until.replace(microsecond=0) <= now + _LONGEST_SNOOZE:
            raise SnoozeInvalid
        # MongoDB keeps whole milliseconds: asked again it is the same.
        return await self._mark(viewer, item, MarkState.SNOOZED, until.astimezone(UTC).replace(microsecond=0))

    async def done(self, viewer: Viewer, item: str) -> wire.TimelineEntry:
        """Say nothing more of an item: it is done."""
        return await self._mark(viewer, item, MarkState.DONE)

    async def not_applicable(self, viewer: Viewer, item: str) -> wire.TimelineEntry:
        """Say nothing more of an item: it is not for this person."""
        return await self._mark(viewer, item, MarkState.NOT_APPLICABLE)

    async def reopen(self, viewer: Viewer, item: str) -> wire.TimelineEntry:
        """Take back what was said of an item."""
        return await self._mark(viewer, item, None)

    # --- how ---------------------------------------------------------------------------------------------

    async def _mark(
        self, viewer: Viewer, item_id: str, state: MarkState | None, until: datetime | None = None
    ) -> wire.TimelineEntry:
        wards = await self._wards(viewer)
        item = await self._timeline.get(item_id)
        reader = None if item is None else wards.get(item.subject)
        if item is None or reader is None or item.topic not in reader.topics:
            raise TimelineItemUnknown
        born = await self._born({item.subject: reader})
        if not self._decides(reader, born.get(item.subject)):
            raise NotYoursToDecide
        now = self._clock()
        mark = None if state is None else Mark(state=state, by=reader.resident, at=now, until=until)
        if (item.mark and (item.mark.state, item.mark.until)) == (mark and (mark.state, mark.until)):
            return self._entry(item, reader, born)
        due = open_item(self._personal, item)
        last = due.window_to
        if (
            until is not None
            and last is not None
            and self._today() <= last < until.astimezone(SHANGHAI).date()
        ):
            raise SnoozeInvalid

        async def steps(session: Session) -> TimelineItem:
            marked = await self._timeline.mark(session, item_id, mark)
            if marked is None:
                raise TimelineItemUnknown
            await self._timeline.free(session, item_id)
            if mark is not None:
                await self._timeline.hold(session, item_id, before=mark.until)
                await self._outbox.cancel([item_id], at=now, session=session)
                asked = asked_for(item.subject, item_id, mark, due.template)
                if asked is not None:
                    await self._timeline.ask(session, asked)
            return marked

        return self._entry(await self._within(steps), reader, born)

    async def _wards(self, viewer: Viewer) -> Mapping[str, Reader]:
        wards = await self._readers.wards_of(viewer.resident)
        if viewer.acting_for is None:
            return wards
        return {subject: reader for subject, reader in wards.items() if subject == viewer.acting_for}

    async def _born(self, wards: Mapping[str, Reader]) -> Mapping[str, date | None]:
        """When those were born who look at what is their own."""
        own = [subject for subject, reader in wards.items() if reader.own]
        planned = await self._people.of(own) if own else {}
        return {subject: born_of(self._personal, each) for subject, each in planned.items()}

    def _decides(self, reader: Reader, born: date | None) -> bool:
        """A child with an account of its own may look, and its guardian decides."""
        if not reader.own or born is None:
            return reader.decides
        return self._today() >= add_months(born, _OWN_AGE_MONTHS)

    def _entry(
        self, item: TimelineItem, reader: Reader, born: Mapping[str, date | None]
    ) -> wire.TimelineEntry:
        due = open_item(self._personal, item)
        mark = item.mark
        if mark is not None and mark.until is not None and mark.until <= self._clock():
            mark = None  # it was snoozed, and the time has come
        return wire.TimelineEntry(
            id=item.id,
            topic=item.topic.value,
            title=Text(zh=due.title_zh, en=due.title_en),
            name=None if reader.own else reader.name,
            status=status_on(due, self._today()).value,  # type: ignore[arg-type]  # no plan has another
            to_do=due.template != TOLD,
            earliest=due.earliest,
            recommended_before=due.recommended_before,
            window_to=due.window_to,
            state="open" if mark is None else mark.state.value,
            snoozed_until=None if mark is None else mark.until,
            decides=self._decides(reader, born.get(item.subject)),
            programme=due.programme,
            reasons=[
                wire.ClauseText(clause=clause, text=self._words(due.programme, clause))
                for clause in due.clause
            ],
            remarks=[_came_early(number) for number in due.given_early],
        )

    def _today(self) -> date:
        return self._clock().astimezone(SHANGHAI).date()


def _came_early(number: int) -> Text:
    return Text(
        zh=f"第{number}剂的接种记录早于程序规定的最小年龄或间隔。程序未规定此种情形，这里按已接种计；"
        "是否需要补种，请咨询接种门诊。",
        en=f"Dose {number} was recorded before the programme's least age or interval. The programme does not "
        "say what becomes of it: here it counts as given; please ask the clinic whether to repeat it.",
    )


def _cursor(item: TimelineItem) -> str:
    return f"{int(item.at.timestamp() * 1000):012x}{item.id[:_CURSOR_ID]}"


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    """The place behind an item: its instant, and what sorts after every id that begins as its own does."""
    if cursor is None:
        return None
    digits = cursor.replace("-", "")
    at = datetime.fromtimestamp(min(int(digits[:12], 16), _LAST_MS) / 1000, UTC)
    return at, f"{digits[12:]}g"
