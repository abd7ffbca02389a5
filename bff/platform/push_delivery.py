"""Delivery of the reminders, wired: its stores, what is counted, and what residents read and decide of it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from redis.asyncio import Redis

from auth_bridges.ports import Chance, Clock
from bff.platform.changes import Changes
from bff.platform.coalesce import together
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from push.awaited import Awaited
from push.channels.base import Channel
from push.delivery import Delivery, DeliveryStores
from push.delivery_models import UNDELIVERED
from push.held_back import HeldBack
from push.inbox import Inbox
from push.models import Intent
from push.ports import Accounts, Addresses, CampaignGoes, Credits, Receipt, StillAddressed, Templates
from push.receipts import Receipts
from push.rules.quiet import QuietHours
from push.rules.receipts import TELL_LATER
from push.settings import PushSettings
from push.store.arrivals import Arrivals
from push.store.attempts import AttemptStore
from push.store.awaited import AwaitedCounts, Silence
from push.store.caps import CapStore
from push.store.gates import Gates, Pace
from push.store.inbox import InboxStore
from push.store.outbox import OutboxStore
from push.store.receipts import ReceiptStore
from push.store.wishes import ConsentStore, PreferenceStore
from push.story import Stories
from push.undelivered import Undelivered
from push.wishes import WardsOf, Wishes

_CHANGES: Final = "push:changes"
_USUAL: Final = Pace(per_second=10_000)
_decided = Counter("suishen_push_decisions", "What was decided of notices, and why", ["step", "reason"])
_attempts = Counter("suishen_push_attempts", "What channels answered", ["channel", "outcome"])
_accepted = Histogram(
    "suishen_push_accepted_seconds",
    "From when a notice was due to when a provider had taken it.",
    ["lane"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)


_unheard = Gauge(
    "suishen_push_unheard",
    "Messages taken in the day that ended a day ago, of which no receipt ever came",
    ["channel"],
)
_awaited = Gauge(
    "suishen_push_awaited", "Messages taken in the day that ended a day ago, to be told of later", ["channel"]
)


class DeliveryMeter:
    """Counts for the operators' metrics; a counter is looked up once, which costs more than counting."""

    def __init__(self, taken: Callable[[str], None]) -> None:
        """``taken`` hears of each channel that took a message."""
        self._taken = taken
        self._decided = cache(_decided.labels)
        self._attempts = cache(_attempts.labels)
        self._accepted = cache(_accepted.labels)

    def decided(self, step: str, reason: str) -> None:
        """A notice goes to a channel, waits, stays in the inbox or is told nobody."""
        self._decided(step, reason).inc()

    def attempted(self, channel: str, outcome: str, *, lane: str, seconds: float) -> None:
        """A channel answered."""
        self._attempts(channel, outcome).inc()
        if outcome == "accepted":
            self._accepted(lane).observe(seconds)
            self._taken(channel)


class DeliveryParts:
    """Everything of delivery that a process needs."""

    def __init__(
        self,
        *,
        mongo: Database,
        redis: Redis,
        run: ScriptRunner,
        personal: IdNumbers,
        clock: Clock,
        chance: Chance,
        channels: Sequence[Channel],
        addresses: Addresses,
        accounts: Accounts,
        still_addressed: StillAddressed,
        wards_of: WardsOf,
        templates: Templates,
        credit: Credits,
        intent: Callable[[str], Awaitable[Intent | None]],
        settings: PushSettings,
    ) -> None:
        self._inbox = InboxStore(mongo["push_inbox"], together)
        self._attempts = AttemptStore(mongo["push_attempts"], together)
        self._consents = ConsentStore(mongo["push_consents"], mongo["push_child_consents"])
        self._receipts = ReceiptStore(mongo["push_receipts"])
        self._clock = clock
        counts = AwaitedCounts(redis)
        self.awaited = Awaited(counts, channels=_told_later(settings), show=_show_silence, clock=clock)
        self._meter = DeliveryMeter(self.awaited.taken)
        paces = {name: Pace(per_second=most) for name, most in settings.per_second.items()}
        self.gates = Gates(run, paces, _USUAL, together=together)
        self._arrivals = Arrivals(run)
        self._hear = Receipts(
            store=self._receipts,
            attempts=self._attempts,
            intent=intent,
            arrivals=self._arrivals,
            awaited=counts,
            kept_for=timedelta(days=settings.attempt_days),
            clock=clock,
        )
        self.changes = Changes(redis, _CHANGES)
        self.inbox = Inbox(
            store=self._inbox,
            accounts=accounts,
            personal=personal,
            announce=self.changes.announce,
            clock=clock,
        )
        self.wishes = Wishes(
            preferences=PreferenceStore(mongo["push_preferences"]),
            consents=self._consents,
            wards_of=wards_of,
            personal=personal,
            channels=[channel.name for channel in channels],
            quiet=QuietHours(start=settings.quiet_from, end=settings.quiet_to),
            clock=clock,
            timed_id=timed_id,
        )
        self.deliver = Delivery(
            stores=DeliveryStores(
                inbox=self._inbox, attempts=self._attempts, caps=CapStore(run), gates=self.gates
            ),
            wishes=self.wishes,
            channels=channels,
            addresses=addresses,
            still_addressed=still_addressed,
            templates=templates,
            credit=credit,
            personal=personal,
            announce=self.changes.announce,
            meter=self._meter,
            clock=clock,
            chance=chance,
            timed_id=timed_id,
            settings=settings,
        )
        self.stories = Stories(
            intent=intent, inbox=self._inbox, attempts=self._attempts, receipts=self._receipts
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self._inbox, self._attempts, self._consents, self._receipts):
            await store.ensure_indexes()

    async def take_receipt(self, receipt: Receipt) -> None:
        """Keep what a provider said later of a message, as long as the attempt it is of."""
        await self._hear.take(receipt)

    def undelivered(self, outbox: OutboxStore, campaign_goes: CampaignGoes) -> Undelivered:
        """What sees to messages of which a provider says later that they did not arrive."""
        return Undelivered(
            receipts=self._receipts,
            attempts=self._attempts,
            outbox=outbox,
            arrivals=self._arrivals,
            campaign_goes=campaign_goes,
            moved=lambda channel: _attempts.labels(channel, UNDELIVERED).inc(),
            clock=self._clock,
        )

    def held_back(self, campaign_goes: CampaignGoes) -> HeldBack:
        """Delivery, but for what waits until its campaign goes on."""
        return HeldBack(self.deliver, campaign_goes=campaign_goes, meter=self._meter, clock=self._clock)

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing of what ``residents`` were told, wanted and agreed to."""
        await self.inbox.forget(residents)
        await self.wishes.forget(residents)


def _told_later(settings: PushSettings) -> list[str]:
    """The channels that tell later what became of a message, and that anybody here listens to."""
    listened = {"sms": settings.sms_receipts_key, "wechat": settings.wechat_callback_token}
    return [channel for channel in TELL_LATER if listened.get(channel) is not None]


def _show_silence(channel: str, silence: Silence) -> None:
    _awaited.labels(channel).set(silence.taken)
    _unheard.labels(channel).set(silence.unheard)
