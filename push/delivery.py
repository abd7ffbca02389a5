"""From an intent to somebody's notice: the inbox, then the chain of channels, each attempt written first.

For each intent of a batch

    seen to already     a redelivery finds what was accepted, and asks nobody again
    read                what one channel did not bring is brought by no other once it was read in the app
    still theirs        who does not act for whom it concerns any more is not told
    lapsed              nobody is told any more; who has it in the inbox keeps it
    the inbox           a document under the intent's own key: one, whatever happens on the way
    the chain           which channel now, in the rules; what stands in the way is found out step by step
    an attempt          reserved → calling → accepted | failed | unknown, each a compare-and-set

A worker that dies leaves ``reserved`` (nobody was called: another calls) or ``calling`` (nobody can tell: on
a channel that would show two messages nobody calls again). Nothing here waits for later: what is to be tried
again is an instant in the outcome.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from push.admission import Admission, Admitted, Barred
from push.channels.base import Accepted, Address, Answer, Channel, Failed, FailureClass, Message, Unknown
from push.delivery_models import UNDELIVERED, Attempt, AttemptState, Decision, InboxNotice, NoticeText
from push.inbox import notice_context, seal_text
from push.models import Intent, Lane
from push.ports import (
    Addresses,
    Announce,
    Chance,
    Clock,
    Credits,
    Meter,
    Outcome,
    PersonalData,
    StillAddressed,
    Templates,
    TimedId,
)
from push.rules.backoff import again_at
from push.rules.caps import Bucket
from push.rules.chain import (
    Closed,
    Go,
    Place,
    Situation,
    Stay,
    Step,
    Wait,
    carried_on,
    lost,
    next_step,
    reopened,
)
from push.settings import PushSettings
from push.store.attempts import AttemptStore
from push.store.caps import CapStore
from push.store.gates import AT_ONCE, PROVIDER, TEMPLATE, Gate, Gates, template_gate
from push.store.inbox import InboxStore
from push.wishes import Wish, Wishes

_log: Final = structlog.get_logger(__name__)
_SLOW: Final = timedelta(seconds=3)
ROOM: Final[Mapping[Lane, int]] = {Lane.URGENT: 100, Lane.NORMAL: 200, Lane.BULK: 200}
"""How many notices of a lane this process has at one provider: no more are written down as calling than can.

Each lane has room of its own: where a provider hangs, a campaign would sit in all there is, and a code would
wait behind it. A round of them is one write that waits for the disk: with fewer a worker mostly waits.
"""
_STEPS: Final = 24
_PAUSE: Final = timedelta(minutes=1)
_UNTOLD: Final = timedelta(minutes=10)
"""After how long the family register is asked again that could not be asked."""
_DEADLY: Final = (FailureClass.BROKEN, FailureClass.STOP_TEMPLATE)
"""What an operator must look at where no other channel brought it; what set-up is wrong stops its channel."""
_read_values: Final = msgspec.msgpack.Decoder(dict[str, str]).decode


class DeliveryStores(Struct, frozen=True, kw_only=True):
    """Where delivery keeps what it does."""

    inbox: InboxStore
    attempts: AttemptStore
    caps: CapStore
    gates: Gates


class _Case:
    """One intent on its way."""

    def __init__(self, intent: Intent, wish: Wish, attempts: Sequence[Attempt]) -> None:
        self.intent = intent
        self.wish = wish
        self.attempts = {attempt.id: attempt for attempt in attempts}
        self.closed: dict[str, Closed] = {}
        self.refused = wish.refused(intent)
        self.addresses: dict[str, Address] = {}
        self.places: dict[str, list[Place]] = {}
        self.counted: set[Bucket] = set()
        self.decisions: list[Decision] = []
        self.first: Step | None = None

    def situation(self, lease: timedelta) -> Situation:
        """What decides where it goes now."""
        places = {
            channel: [replace(each, attempt=self.attempts.get(self.attempt_id(each))) for each in places]
            for channel, places in self.places.items()
        }
        return Situation(
            lane=self.intent.lane,
            useful_until=self.intent.useful_until,
            refused=self.refused,
            order=self.wish.order,
            quiet=self.wish.quiet,
            places=places,
            closed=self.closed,
            lease=lease,
            redriven=self.intent.redriven,
        )

    def attempt_id(self, place: Place) -> str:
        """What the attempt at ``place`` is called."""
        return f"{self.intent.id}:{place.id}"


class Delivery:
    """Brings notices to people. One object a process; batches may run side by side."""

    def __init__(
        self,
        *,
        stores: DeliveryStores,
        wishes: Wishes,
        channels: Sequence[Channel],
        addresses: Addresses,
        still_addressed: StillAddressed,
        templates: Templates,
        credit: Credits,
        personal: PersonalData,
        announce: Announce,
        meter: Meter,
        clock: Clock,
        chance: Chance,
        timed_id: TimedId,
        settings: PushSettings,
    ) -> None:
        self._stores = stores
        self._wishes = wishes
        self._channels = {channel.name: channel for channel in channels}
        self._addresses = addresses
        self._still_addressed = still_addressed
        self._templates = templates
        self._credit = credit
        self._personal = personal
        self._announce = announce
        self._meter = meter
        self._clock = clock
        self._chance = chance
        self._timed_id = timed_id
        self._settings = settings
        self._admission = Admission(
            caps=stores.caps, gates=stores.gates, credit=credit, topic_per_day=settings.topic_per_day
        )
        self._lease = timedelta(seconds=settings.call_seconds * 1.5)
        self._room = {
            (channel.name, lane): asyncio.Semaphore(most)
            for channel in channels
            for lane, most in ROOM.items()
        }

    async def __call__(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Take ``intents`` as far as they go now; one outcome for each.

        Safe to repeat, and for two to do at once.
        """
        attempts = await self._stores.attempts.of([intent.id for intent in intents])
        now = self._clock()
        outcomes: dict[str, Outcome] = {}
        going: list[Intent] = []
        lapsed: list[Intent] = []
        for intent in intents:
            taken = _accepted(attempts.get(intent.id, ()))
            if taken is not None:
                await self._settle_credit(intent, taken)
                outcomes[intent.id] = Outcome(key=intent.id, done=taken.channel)
            elif intent.useful_until <= now:
                lapsed.append(intent)
            else:
                going.append(intent)
        going = await self._not_read(going, attempts, outcomes)
        ended, waiting = await self._not_theirs(going)
        if ended or waiting:
            lapsed += ended.values()
            for key in waiting:
                outcomes[key] = Outcome(key=key, again=min(now + _UNTOLD, waiting[key].useful_until))
            going = [intent for intent in going if intent.id not in ended.keys() | waiting.keys()]
        if lapsed:
            told = await self._stores.inbox.present([intent.id for intent in lapsed])
            for intent in lapsed:
                outcomes[intent.id] = Outcome(key=intent.id, done="inbox" if intent.id in told else None)
        if going:
            for outcome in await self._deliver(going, attempts):
                outcomes[outcome.key] = outcome
        return [outcomes[intent.id] for intent in intents]

    async def _not_read(
        self,
        intents: Sequence[Intent],
        attempts: Mapping[str, Sequence[Attempt]],
        outcomes: dict[str, Outcome],
    ) -> list[Intent]:
        """All but those that a channel did not bring, and that were read in the app since."""
        lost = [
            key for key, tried in attempts.items() if any(attempt.code == UNDELIVERED for attempt in tried)
        ]
        if not lost:
            return list(intents)
        seen = await self._stores.inbox.seen(lost)
        for intent in intents:
            if intent.id in seen:
                self._meter.decided("inbox", "read")
                outcomes[intent.id] = Outcome(key=intent.id, done="inbox")
        return [intent for intent in intents if intent.id not in seen]

    async def _not_theirs(self, intents: Sequence[Intent]) -> tuple[dict[str, Intent], dict[str, Intent]]:
        """Those whose addressee does not act any more for whom they concern, and those nobody can tell of."""
        pairs = {each.id: (each.addressee, each.about) for each in intents if each.about is not None}
        if not pairs:
            return {}, {}
        still = await self._still_addressed(set(pairs.values()))
        ended: dict[str, Intent] = {}
        waiting: dict[str, Intent] = {}
        for intent in intents:
            if intent.id not in pairs:
                continue
            if (holds := still.get(pairs[intent.id])) is None:
                waiting[intent.id] = intent
                self._meter.decided("wait", "guardian_unsure")
            elif not holds:
                ended[intent.id] = intent
                self._meter.decided("nobody", "not_addressed")
        return ended, waiting

    async def _deliver(
        self, intents: Sequence[Intent], attempts: Mapping[str, Sequence[Attempt]]
    ) -> list[Outcome]:
        residents = list({intent.addressee for intent in intents})
        wishes, addresses = await asyncio.gather(self._wishes.of(residents), self._addresses.of(residents))
        outcomes: list[Outcome] = []
        ready: list[tuple[_Case, Message, InboxNotice]] = []
        for intent in intents:
            case = _Case(intent, wishes[intent.addressee], attempts.get(intent.id, ()))
            try:
                message, text = self._written(case)
            except Exception as failure:  # noqa: BLE001 - one that cannot be read or written holds up no other
                reason = f"cannot be written: {type(failure).__name__}"
                _log.warning("push.unwritable", template=intent.template, error=type(failure).__name__)
                outcomes.append(Outcome(key=intent.id, dead=reason))
                continue
            self._place(case, message, addresses.get(intent.addressee, ()))
            await self._give_up_the_dead(case)
            if (taken := _accepted(case.attempts.values())) is not None:
                await self._settle_credit(intent, taken)
                outcomes.append(Outcome(key=intent.id, done=taken.channel))
                continue
            ready.append((case, message, self._inbox_notice(case, text)))
        new = await self._stores.inbox.add([notice for *_, notice in ready])
        if new:
            await self._tell_pages([notice.resident for *_, notice in ready if notice.id in new])
        # All to their ends, whatever one of them met: who is stopped while calling would be unknown.
        done = await asyncio.gather(
            *(self._through(case, message, noted=notice.id in new) for case, message, notice in ready),
            return_exceptions=True,
        )
        for each in done:
            if isinstance(each, BaseException):
                raise each
            outcomes.append(each)
        return outcomes

    # --- what is written -------------------------------------------------------------------------

    def _written(self, case: _Case) -> tuple[Message, NoticeText]:
        """The message in the resident's language, and the words of the inbox in both."""
        intent = case.intent
        values = _read_values(self._personal.open(intent.values, notice_context(intent.id)))
        zh = self._templates.render(intent, values, language="zh")
        en = self._templates.render(intent, values, language="en")
        text = NoticeText(
            title_zh=zh.title,
            body_zh=zh.body,
            title_en=en.title,
            body_en=en.body,
            plain_zh=zh.plain,
            plain_en=en.plain,
            aloud_zh=zh.aloud,
            aloud_en=en.aloud,
        )
        return en if case.wish.language == "en" else zh, text

    def _inbox_notice(self, case: _Case, text: NoticeText) -> InboxNotice:
        """What the inbox keeps, with the first decision in it, so that it costs no write of its own."""
        intent, now = case.intent, self._clock()
        case.first = next_step(case.situation(self._lease), now)
        case.decisions = [_decision(case.first, now)]
        return InboxNotice(
            id=intent.id,
            resident=intent.addressee,
            seq=self._timed_id(now),
            topic=intent.topic,
            sealed=self._personal.seal(seal_text(text), notice_context(intent.id)),
            template=intent.template,
            link=intent.link,
            at=now,
            expires_at=now + timedelta(days=self._settings.inbox_days),
            unread=True,
            decisions=tuple(case.decisions),
        )

    async def _tell_pages(self, residents: Sequence[str]) -> None:
        try:
            await self._announce(*residents)
        except Exception as failure:  # noqa: BLE001 - a page that is not told looks by itself; the notice is kept
            _log.info("push.unannounced", error=type(failure).__name__)

    # --- the chain -------------------------------------------------------------------------------

    def _place(self, case: _Case, message: Message, addresses: Sequence[Address]) -> None:
        """Note where ``message`` could go: every device, and the newest address where there are none."""
        for address in sorted(addresses, key=lambda each: each.registered_at):
            channel = self._channels.get(address.channel)
            if channel is None or not channel.takes(message):
                continue
            place = Place(
                id=f"{address.channel}:{address.device}" if address.device else address.channel,
                channel=address.channel,
                vendor=address.vendor,
                idempotent=channel.idempotent,
                attempt=None,
            )
            if place.id in case.addresses:
                case.places[place.channel] = [
                    each for each in case.places[place.channel] if each.id != place.id
                ]
            case.addresses[place.id] = address
            case.places.setdefault(place.channel, []).append(place)

    async def _give_up_the_dead(self, case: _Case) -> None:
        """What a dead worker was calling is unknown from now on, and its credit spent.

        Who was only slow, or whoever else is at this notice, may have settled it since it was read: then it
        is what they say.
        """
        now = self._clock()
        for found in list(case.attempts.values()):
            attempt = found
            if lost(found, now, self._lease):
                channel = self._channels.get(found.channel)
                again = self._again(found, now) if channel is not None and channel.idempotent else None
                given_up = replace(
                    found, state=AttemptState.UNKNOWN, at=now, code="worker died", again_at=again
                )
                attempt = case.attempts[found.id] = await self._stores.attempts.give_up(given_up)
                if attempt == given_up:
                    self._meter.attempted(
                        attempt.channel,
                        "unknown",
                        lane=case.intent.lane.value,
                        seconds=_since(case.intent, now),
                    )
            if attempt.state in (AttemptState.UNKNOWN, AttemptState.FAILED) and attempt.code != UNDELIVERED:
                await self._settle_credit(case.intent, attempt)

    async def _through(self, case: _Case, message: Message, *, noted: bool) -> Outcome:
        """Go from channel to channel until one takes it, or there is nothing to be done now."""
        outcome = await self._steps(case, message)
        later = case.decisions[1:] if noted else case.decisions
        if later:
            await self._stores.inbox.note(case.intent.id, later)
        return outcome

    async def _steps(self, case: _Case, message: Message) -> Outcome:
        key, step = case.intent.id, case.first
        for _ in range(_STEPS):
            if step is None:
                now = self._clock()
                step = next_step(case.situation(self._lease), now)
                case.decisions.append(_decision(step, now))
            match step:
                case Stay(reason=reason):
                    self._meter.decided("inbox", reason)
                    if all(each.state is AttemptState.FAILED for each in case.attempts.values()):
                        await self._admission.reached_nobody(case.intent, case.counted)
                    broken = [
                        f"{each.channel}: {each.code}"
                        for each in case.attempts.values()
                        if each.failure in _DEADLY and not reopened(each, case.intent.redriven)
                    ]
                    return Outcome(key=key, dead=broken[0]) if broken else Outcome(key=key, done="inbox")
                case Wait(until=until, reason=reason):
                    self._meter.decided("wait", reason)
                    return Outcome(key=key, again=until)
                case Go(channel=channel, places=places):
                    self._meter.decided("channel", channel)
                    if await self._taken(case, message, places):
                        return Outcome(key=key, done=channel)
                    step = None
        return Outcome(key=key, again=min(self._clock() + _PAUSE, case.intent.useful_until))

    async def _taken(self, case: _Case, message: Message, places: Sequence[Place]) -> bool:
        """Whether any of ``places`` took it; all are asked."""
        if len(places) == 1:
            return await self._attempt(case, message, places[0])
        return any(await asyncio.gather(*(self._attempt(case, message, each) for each in places)))

    # --- one attempt -----------------------------------------------------------------------------

    async def _attempt(self, case: _Case, message: Message, place: Place) -> bool:
        """Ask the channel at ``place`` once; whether it took it. What came of it is in ``case``."""
        channel = self._channels[place.channel]
        admitted = await self._admitted(case, channel, place)
        if admitted is None:
            return False
        attempt = await self._reserved(case, channel, place)
        if attempt is None:
            return False
        async with self._room[channel.name, case.intent.lane]:
            asked = self._clock()
            attempt = replace(attempt, state=AttemptState.CALLING, at=asked, calls=attempt.calls + 1)
            if not await self._stores.attempts.start(attempt):
                case.closed[place.id] = Closed(reason="busy", until=asked + self._lease, hold=True)
                return False
            # Only now: that our own ledger takes its time is no fault of the provider's.
            called = self._clock()
            answer = await self._answer_of(channel, message, case.addresses[place.id])
        now = self._clock()
        settled = self._settled(attempt, answer, now)
        await self._stores.attempts.settle(settled)
        case.attempts[settled.id] = settled
        await self._react(case, place, settled, answer, admitted.gate, slow=now - called > _SLOW)
        return settled.state is AttemptState.ACCEPTED

    async def _admitted(self, case: _Case, channel: Channel, place: Place) -> Admitted | None:
        """That ``place`` may be asked now; None, and why in ``case``, where it may not."""
        answer = await self._admission.ask(
            case.intent,
            place,
            takes_credit=channel.takes_credit,
            attempt=_fence_after(case.attempts.get(case.attempt_id(place))),
            now=self._clock(),
        )
        if isinstance(answer, Barred):
            case.refused = case.refused or answer.refused
            case.closed[answer.what] = answer.closed
            return None
        case.counted.update(answer.counted)
        return answer

    async def _reserved(self, case: _Case, channel: Channel, place: Place) -> Attempt | None:
        """The attempt at ``place``, ours to make; None, and why in ``case``, where it is not."""
        intent, now = case.intent, self._clock()
        own_id = case.attempt_id(place)
        before = case.attempts.get(own_id)
        earlier, calls = carried_on(before, intent.redriven)
        consent = case.wish.consent(intent.topic, intent.about)
        attempt = Attempt(
            id=own_id,
            key=intent.id,
            channel=channel.name,
            state=AttemptState.RESERVED,
            at=now,
            expires_at=now + timedelta(days=self._settings.attempt_days),
            fence=_fence_after(before),
            calls=calls,
            consent=None if consent is None else consent.id,
            redriven=intent.redriven,
            earlier=earlier,
        )
        if not await self._stores.attempts.reserve(attempt, before=before):
            case.closed[place.id] = Closed(reason="busy", until=now + self._lease, hold=True)
            return None
        return attempt

    async def _answer_of(self, channel: Channel, message: Message, address: Address) -> Answer:
        """What the channel says; that it says nothing in time, or breaks, is unknown too."""
        try:
            async with asyncio.timeout(self._settings.call_seconds):
                return await channel.send(message, address)
        except TimeoutError:
            return Unknown(why="no answer in time")
        except Exception as failure:  # noqa: BLE001 - the call may have left: it must not stay without a word
            _log.warning("push.channel_broke", channel=channel.name, error=type(failure).__name__)
            return Unknown(why=type(failure).__name__)

    def _settled(self, attempt: Attempt, answer: Answer, now: datetime) -> Attempt:
        match answer:
            case Accepted(receipt=receipt):
                return replace(attempt, state=AttemptState.ACCEPTED, at=now, receipt=receipt)
            case Failed(failure=failure, code=code, after=after, lane_stop=stopped):
                # Where all have to wait the gate says until when: whoever goes on need not wait here.
                waits = failure is FailureClass.RETRY and not stopped
                again = self._again(attempt, now, after) if waits else None
                return replace(
                    attempt, state=AttemptState.FAILED, at=now, failure=failure, code=code, again_at=again
                )
            case Unknown(why=why):
                channel = self._channels[attempt.channel]
                again = self._again(attempt, now) if channel.idempotent else None
                return replace(attempt, state=AttemptState.UNKNOWN, at=now, code=why, again_at=again)

    def _again(self, attempt: Attempt, now: datetime, after: timedelta | None = None) -> datetime:
        fraction = int.from_bytes(self._chance(4)) / 2**32
        return again_at(max(1, attempt.calls), now, fraction=fraction, after=after)

    async def _react(
        self, case: _Case, place: Place, attempt: Attempt, answer: Answer, gate: Gate, *, slow: bool
    ) -> None:
        """Let everybody know whom the answer concerns: the gates, the credits, the addresses, the metrics."""
        intent, gates = case.intent, self._stores.gates
        failed = answer if isinstance(answer, Failed) else None
        failure = None if failed is None else failed.failure
        bad = slow or isinstance(answer, Unknown) or failure is FailureClass.RETRY
        template = template_gate(place.channel, intent.template)
        if failed is not None and failed.lane_stop:
            rest = failed.after or _PAUSE
            await gates.pause(place.channel, rest, why=failed.code)
            if failure is FailureClass.RETRY:
                # Also where an operator holds the gate open: who was just sent away is not back at once.
                until = self._again(attempt, attempt.at, rest)
                case.closed[place.channel] = Closed(reason=failed.code, until=until)
        elif failure is FailureClass.CONFIGURATION:
            await gates.heard(place.channel, bad=True, tolerance=AT_ONCE, why=attempt.code)
        elif bad or place.channel in gate.probed:
            await gates.heard(place.channel, bad=bad, tolerance=PROVIDER)
        if failure is FailureClass.STOP_TEMPLATE or template in gate.probed:
            stop = failure is FailureClass.STOP_TEMPLATE
            await gates.heard(template, bad=stop, tolerance=TEMPLATE, why=attempt.code)
        await self._settle_credit(intent, attempt, none_left=failed is not None and failed.no_credit)
        if failed is not None and failure is FailureClass.TOMBSTONE:
            await self._addresses.bury(case.addresses[place.id], dead_since=failed.dead_since)
        outcome = attempt.state.value if failure is None else failure.value
        self._meter.attempted(
            place.channel, outcome, lane=intent.lane.value, seconds=_since(intent, attempt.at)
        )

    async def _settle_credit(self, intent: Intent, attempt: Attempt, *, none_left: bool = False) -> None:
        """Spend or give back what was set aside; done again it is done once."""
        channel = self._channels.get(attempt.channel)
        if channel is not None and channel.takes_credit:
            await self._credit.settle(
                intent.addressee,
                intent.template,
                intent.id,
                spent=attempt.state is not AttemptState.FAILED,
                none_left=none_left,
                at=attempt.at,
                channel=channel.name,
                attempt=attempt.fence,
                unsure=attempt.state is AttemptState.UNKNOWN,
            )


def _fence_after(before: Attempt | None) -> int:
    return 1 if before is None else before.fence + 1


def _accepted(attempts: Iterable[Attempt]) -> Attempt | None:
    return next((each for each in attempts if each.state is AttemptState.ACCEPTED), None)


def _since(intent: Intent, now: datetime) -> float:
    return (now - intent.not_before).total_seconds()


def _decision(step: Step, now: datetime) -> Decision:
    match step:
        case Go(channel=channel, passed=passed):
            return Decision(at=now, channel=channel, passed=passed)
        case Wait(until=until, reason=reason, passed=passed):
            return Decision(at=now, until=until, reason=reason, passed=passed)
        case Stay(reason=reason, passed=passed):
            return Decision(at=now, reason=reason, passed=passed)
