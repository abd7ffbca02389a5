"""What carries reminders, wired: the outbox, its relay and workers, and what puts account notices in it."""

import asyncio
from datetime import timedelta
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from prometheus_client import Counter, Gauge, Histogram
from redis.asyncio import Redis

from auth_bridges.models import Notice, NoticeKind
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AccountNotices
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import MONGO_OUTAGES
from bff.platform.redis import REDIS_OUTAGES, ScriptRunner
from push.dead_letters import DeadLetters
from push.models import Intent, Lane, Topic
from push.outbox import Notifying, Relay, seal_values
from push.ports import Deliver
from push.rules.keys import intent_key
from push.settings import PushSettings
from push.store.outbox import OutboxStore
from push.store.streams import Streams
from push.worker import LaneWorker

_backlog: Final = Gauge("suishen_push_backlog", "Entries of a lane that nobody is done with", ["lane"])
_done: Final = Histogram(
    "suishen_push_due_to_done_seconds",
    "From when a notice was allowed to go until it was seen to",
    ["lane"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
_dead: Final = Counter("suishen_push_dead_letters", "Notices nobody could deliver", ["lane"])
_again: Final = Counter(
    "suishen_push_redelivered",
    "Notices carried again: lost by Redis, or orphaned by a worker",
    ["lane", "why"],
)

_CITY: Final = ZoneInfo("Asia/Shanghai")
_URGENT: Final = frozenset(
    {
        NoticeKind.LINKED,
        NoticeKind.UNLINKED,
        NoticeKind.MERGE_WAITING,
        NoticeKind.MERGED,
        NoticeKind.PHONE_BOUND,
        NoticeKind.REAL_NAME,
        NoticeKind.SIGN_IN_COPIED,
        NoticeKind.DELETION_REQUESTED,
        NoticeKind.ACTING_BEGUN,
    }
)
"""Whom it surprises has somebody else in their account, and must hear of it also at night."""
_LINKS: Final = {Topic.ACCOUNT: "/account", Topic.HEALTH: "/health"}
_USEFUL: Final = {Topic.ACCOUNT: timedelta(days=30), Topic.HEALTH: timedelta(days=7)}


class Carrier(Protocol):
    """Something a worker process runs until it is told to stop."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Return once stopped, with nothing left half done that could be finished."""


class PrometheusMeter:
    """Counts for the operators' metrics."""

    def backlog(self, lane: Lane, entries: int) -> None:
        """So many entries of ``lane`` nobody is done with."""
        _backlog.labels(lane).set(entries)

    def done(self, lane: Lane, seconds: float) -> None:
        """One is done, so long after it was allowed to go."""
        _done.labels(lane).observe(seconds)

    def dead(self, lane: Lane) -> None:
        """One became a dead letter."""
        _dead.labels(lane).inc()

    def again(self, lane: Lane, why: Literal["lost", "orphaned"], count: int) -> None:
        """So many were carried again."""
        _again.labels(lane, why).inc(count)


class NoticeIntents:
    """Tells residents what happened to their account or health code: in its overview, and by push."""

    def __init__(self, notices: AccountNotices, outbox: OutboxStore, personal: IdNumbers) -> None:
        self._notices = notices
        self._notify = Notifying(outbox)
        self._personal = personal

    async def __call__(self, notice: Notice) -> None:
        """See to it that they hear it, once for ever for the notice's id.

        Whoever dies before this returns tells it again, and both places know the notice by its id.
        """
        await asyncio.gather(self._notices.add(notice), self._notify([self._intent(notice)]))

    def _intent(self, notice: Notice) -> Intent:
        topic = Topic.HEALTH if notice.kind.startswith("health_") else Topic.ACCOUNT
        key = intent_key(topic, notice.resident, notice.id, notice.kind, notice.resident)
        values = {"date": notice.at.astimezone(_CITY).date().isoformat()}
        if notice.by is not None:
            values["name"] = notice.by
        return Intent(
            id=key,
            addressee=notice.resident,
            topic=topic,
            lane=Lane.URGENT if notice.kind in _URGENT else Lane.NORMAL,
            template=notice.kind,
            values=seal_values(self._personal, key, values),
            rule=topic,
            item=notice.id,
            milestone=notice.kind,
            created_at=notice.at,
            not_before=notice.at,
            useful_until=notice.at + _USEFUL[topic],
            link=_LINKS[topic],
        )


class CarryingParts:
    """The way from the outbox to whoever delivers."""

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        redis: Redis,
        run: ScriptRunner,
        recorder: AuditRecorder,
        clock: Clock,
        chance: Chance,
        settings: PushSettings,
    ) -> None:
        self._orphaned_after = timedelta(seconds=settings.orphaned_seconds)
        self._again_after = timedelta(seconds=settings.again_seconds)
        self.notify = Notifying(outbox)
        self.dead_letters = DeadLetters(outbox=outbox, audit=recorder.record, clock=clock)
        self._outbox = outbox
        self._redis = redis
        self._run = run
        self._clock = clock
        self._chance = chance
        self._meter = PrometheusMeter()

    def carriers(self, deliver: Deliver, *, consumer: str) -> list[Carrier]:
        """What a worker process runs: a relay, and a worker for each lane."""
        streams = Streams(self._redis, self._run, consumer=consumer, orphaned_after=self._orphaned_after)
        relay = Relay(
            outbox=self._outbox,
            streams=streams,
            meter=self._meter,
            clock=self._clock,
            chance=self._chance,
            again_after=self._again_after,
        )
        workers = [
            LaneWorker(
                lane,
                streams=streams,
                outbox=self._outbox,
                deliver=deliver,
                meter=self._meter,
                away=(*MONGO_OUTAGES, *REDIS_OUTAGES),
                clock=self._clock,
            )
            for lane in Lane
        ]
        return [relay, *workers]
