"""The operators' console (运维台): what waits, who is asked, what died, and what became of one notice."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from miniapp_schemas.base import Page
from miniapp_schemas.push_console import (
    DeadNotice,
    FoundNotices,
    HoldBreaker,
    LaneInfo,
    NoticeLine,
    NoticeStory,
    ProviderInfo,
    PushFigures,
    Redriven,
    StoryEvent,
)
from push.awaited import Awaited
from push.campaign_models import Operator
from push.dead_letters import DeadLetters
from push.delivery_models import Attempt, AttemptState, Story, Tried
from push.models import Intent, Lane
from push.ports import Accounts, Addressees, Audit, Clock
from push.refusals import NoticeUnknown, ProviderUnknown
from push.store.awaited import Silence
from push.store.console import ConsoleStore
from push.store.gates import Breaker, BreakerState, Gates
from push.store.inbox import InboxStore
from push.story import Stories

_LATEST: Final = 1_000
_LINES: Final = 50
_SOON: Final = timedelta(seconds=10)
_HOLDS: Final = {"open": BreakerState.OPEN, "closed": BreakerState.CLOSED, "automatic": None}


class Console:
    """What operators see and do besides campaigns; whatever they do is in the audit trail first."""

    def __init__(
        self,
        *,
        store: ConsoleStore,
        inbox: InboxStore,
        accounts: Accounts,
        stories: Stories,
        gates: Gates,
        dead_letters: DeadLetters,
        addressees: Addressees,
        channels: Sequence[str],
        awaited: Awaited,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._accounts = accounts
        self._stories = stories
        self._gates = gates
        self._dead_letters = dead_letters
        self._addressees = addressees
        self._channels = channels
        self._awaited = awaited
        self._audit = audit
        self._clock = clock

    async def lanes(self) -> list[LaneInfo]:
        """What waits in each lane."""
        now = self._clock()
        found = [await self._store.lane(lane, now=now) for lane in Lane]
        return [
            LaneInfo(
                lane=each.lane.value,
                due=each.due,
                later=each.later,
                sending=each.sending,
                oldest_due_at=each.oldest_due_at,
            )
            for each in found
        ]

    async def providers(self) -> list[ProviderInfo]:
        """How each channel is doing, and whatever else is not asked right now."""
        return await self._providers(self._channels)

    async def hold(self, operator: Operator, said: HoldBreaker) -> ProviderInfo:
        """Hold a breaker open or closed for every process at once, or let it judge for itself again."""
        if said.name.partition("/")[0] not in self._channels:
            raise ProviderUnknown
        await self._audit(
            "push.breaker_held",
            at=self._clock(),
            actor=operator.id,
            outcome=said.hold,
            subject=said.name,
            facts={"organisation": operator.organisation, "reason": said.reason},
        )
        await self._gates.force(said.name, _HOLDS[said.hold], why=said.reason)
        return (await self._providers([said.name]))[0]

    async def _providers(self, names: Sequence[str]) -> list[ProviderInfo]:
        silence = await self._awaited.silence()
        return [
            _provider(each, silence.get(each.name, Silence())) for each in await self._gates.states(names)
        ]

    async def dead(self, *, before: str | None, limit: int) -> Page[DeadNotice]:
        """Dead letters, those first that died last."""
        found = await self._dead_letters.listed(before=_place(before), limit=limit + 1)
        items = [_dead(each) for each in found[:limit]]
        more = len(found) > limit
        return Page(items=items, next_cursor=_cursor(found[limit - 1]) if more else None)

    async def redrive(self, operator: Operator, keys: Sequence[str], reason: str) -> Redriven:
        """Send dead letters on their way again; what is of no use any more stays dead."""
        count = await self._dead_letters.redrive(keys, reason=reason, operator=operator.id)
        return Redriven(count=count)

    async def find(self, operator: Operator, id_number: str) -> FoundNotices:
        """The latest notices in the inbox of whoever holds ``id_number``; that somebody looked is kept."""
        resident = await self._addressees.by_number(id_number)
        await self._audit(
            "push.notices_looked_at",
            at=self._clock(),
            actor=operator.id,
            outcome="ok" if resident is not None else "nobody",
            subject=resident,
            facts={"organisation": operator.organisation},
        )
        if resident is None:
            return FoundNotices(addressee=None, notices=[])
        everybody = await self._accounts(resident)
        notices = await self._inbox.page(everybody, topic=None, before=None, limit=_LINES)
        return FoundNotices(
            addressee=await self._addressees.masked_name(resident),
            notices=[
                NoticeLine(key=each.id, topic=each.topic.value, at=each.at, read_at=each.read_at)
                for each in notices
            ],
        )

    async def story(self, key: str) -> NoticeStory:
        """Everything that happened to one notice."""
        story = await self._stories.of(key)
        intent = story.intent
        if intent is None:
            raise NoticeUnknown
        return NoticeStory(
            key=intent.id,
            state=intent.state.value,
            topic=intent.topic.value,
            template=intent.template,
            lane=intent.lane.value,
            message_class=intent.message_class.value,
            addressee=await self._addressees.masked_name(intent.addressee),
            about_another=intent.about is not None,
            rule=intent.rule,
            milestone=intent.milestone,
            campaign=intent.campaign,
            useful_until=intent.useful_until,
            tries=intent.tries,
            outcome=intent.outcome,
            events=_events(intent, story),
        )

    async def figures(self) -> PushFigures:
        """How well it runs, by the latest sendings."""
        attempts = await self._store.latest_attempts(limit=_LATEST)
        accepted = [each for each in attempts if each.state is AttemptState.ACCEPTED]
        due = await self._store.due_at([each.key for each in accepted])
        soon = [each for each in accepted if each.key in due and each.at - due[each.key] <= _SOON]
        return PushFigures(
            calls=len(attempts),
            accepted=len(accepted),
            within_ten_seconds=len(soon),
            refused=_count(attempts, AttemptState.FAILED),
            unknown=_count(attempts, AttemptState.UNKNOWN),
            dead=await self._store.dead(),
        )


async def sendings(store: ConsoleStore, campaign: str) -> tuple[int, int, int]:
    """Of the calls a campaign's canary led to: how many, how many were refused, how many are unknown."""
    attempts = await store.sendings(campaign, limit=_LATEST)
    failed, unknown = _count(attempts, AttemptState.FAILED), _count(attempts, AttemptState.UNKNOWN)
    return _count(attempts, AttemptState.ACCEPTED) + failed + unknown, failed, unknown


def _count(attempts: Sequence[Attempt], state: AttemptState) -> int:
    return sum(each.state is state for each in attempts)


def _events(intent: Intent, story: Story) -> list[StoryEvent]:
    events = [StoryEvent(at=intent.created_at, what="meant")]
    if intent.relayed_at is not None:
        events.append(StoryEvent(at=intent.relayed_at, what="relayed"))
    if story.inbox is not None:
        events.append(StoryEvent(at=story.inbox.at, what="inbox"))
        events += [
            StoryEvent(
                at=each.at,
                what="decided",
                channel=each.channel,
                outcome=" ".join(
                    [each.reason, *(f"{channel}:{why}" for channel, why in each.passed.items())]
                ).strip()
                or None,
            )
            for each in story.inbox.decisions
        ]
        if story.inbox.read_at is not None:
            events.append(StoryEvent(at=story.inbox.read_at, what="read"))
    for attempt in story.attempts:
        events += [_tried(attempt.channel, AttemptState.FAILED, each) for each in attempt.earlier]
        events.append(_tried(attempt.channel, attempt.state, attempt))
    events += [
        StoryEvent(
            at=each.at,
            what="delivered" if each.delivered else "undelivered",
            channel=each.channel,
            code=each.code or None,
        )
        for each in story.receipts
    ]
    if intent.finished_at is not None:
        events.append(StoryEvent(at=intent.finished_at, what="finished", outcome=intent.outcome))
    return sorted(events, key=lambda each: each.at)


def _tried(channel: str, state: AttemptState, came_to: Tried | Attempt) -> StoryEvent:
    failure = came_to.failure
    return StoryEvent(
        at=came_to.at,
        what="tried",
        channel=channel,
        outcome=state.value if failure is None else f"{state.value} {failure.value}",
        code=came_to.code or None,
        calls=came_to.calls,
    )


def _provider(breaker: Breaker, silence: Silence) -> ProviderInfo:
    return ProviderInfo(
        name=breaker.name,
        breaker=breaker.state.value,
        by_hand=bool(breaker.forced),
        why=breaker.why,
        calls=breaker.calls,
        bad=breaker.bad,
        rests_seconds=int(breaker.wait.total_seconds()),
        awaited=silence.taken,
        unheard=silence.unheard,
    )


def _dead(intent: Intent) -> DeadNotice:
    return DeadNotice(
        key=intent.id,
        topic=intent.topic.value,
        template=intent.template,
        lane=intent.lane.value,
        campaign=intent.campaign,
        why=intent.outcome or "",
        tries=intent.tries,
        dead_at=intent.finished_at or intent.created_at,
    )


def _cursor(intent: Intent) -> str:
    died = intent.finished_at or intent.created_at
    return f"{int(died.timestamp() * 1000)}.{intent.id}"


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    died, _, key = cursor.partition(".")
    return datetime.fromtimestamp(int(died) / 1000, UTC), key
