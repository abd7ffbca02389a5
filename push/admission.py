"""Whether a notice may go to one place now: how often somebody was disturbed, what they allowed, the gate.

    looked at    the day's count and the credit: nothing is taken, so who is sent away costs nobody anything
    the gate     a probe, and a turn at the pace; asked for they are gone, so only who has the rest asks
    set aside    the credit; given back where the day has no room any more
    counted      last, when the provider is about to be asked; given back by who reached nobody

A worker that dies in between loses one at most: credit and count are under the notice's own key, and are the
same ones for whoever tries it next.
"""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct

from push.models import Intent, Lane, MessageClass
from push.ports import Credits
from push.rules.caps import Bucket, buckets
from push.rules.chain import Closed, Place
from push.store.caps import CapStore
from push.store.gates import Gate, Gates


class Admitted(Struct, frozen=True, kw_only=True):
    """The provider may be asked; ``counted`` is where the notice counts from now on."""

    gate: Gate
    counted: tuple[Bucket, ...]


class Barred(Struct, frozen=True, kw_only=True):
    """Why not now: ``what``, a channel or one place there, is closed; with ``refused`` every channel is."""

    what: str
    closed: Closed
    refused: str = ""


class Admission:
    """Asks all who have a say before a provider is asked."""

    def __init__(self, *, caps: CapStore, gates: Gates, credit: Credits, topic_per_day: int) -> None:
        self._caps = caps
        self._gates = gates
        self._credit = credit
        self._topic_per_day = topic_per_day

    async def ask(
        self, intent: Intent, place: Place, *, takes_credit: bool, attempt: int, now: datetime
    ) -> Admitted | Barred:
        """Whether ``intent`` may go to ``place`` now, for the ``attempt`` of that number.

        Safe to repeat: the same key counts and costs once.
        """
        who, template, key = intent.addressee, intent.template, intent.id
        counted = buckets(intent, place.id, now, per_topic=self._topic_per_day)
        if (full := await self._caps.full(who, key, counted)) is not None:
            return _capped(place, full)
        no_credit = Barred(what=place.channel, closed=Closed(reason="no_credit"))
        if takes_credit and not await self._credit.available(
            who, template, key, at=now, channel=place.channel
        ):
            return no_credit
        # Whatever the makers are told of it: a campaign leaves half of a provider's pace to others.
        pace = MessageClass.MARKETING if intent.lane is Lane.BULK else intent.message_class
        gate = await self._gates.ask(place.channel, template, pace)
        if gate.reason:
            closed = Closed(reason=gate.reason, until=now + gate.wait, hold=gate.brief)
            return Barred(what=place.channel, closed=closed)
        if takes_credit and not await self._credit.reserve(
            who, template, key, at=now, channel=place.channel, attempt=attempt
        ):
            return no_credit
        if (full := await self._caps.take(who, key, counted)) is not None:
            # Others were faster since we looked. Who else is at this notice is turned away as well.
            if takes_credit:
                await self._credit.settle(
                    who,
                    template,
                    key,
                    spent=False,
                    none_left=False,
                    at=now,
                    channel=place.channel,
                    attempt=attempt,
                )
            return _capped(place, full)
        return Admitted(gate=gate, counted=counted)

    async def reached_nobody(self, intent: Intent, counted: Collection[Bucket]) -> None:
        """Let ``intent`` not count any more: every provider that was asked refused it."""
        await self._caps.give_back(intent.addressee, intent.id, counted)


def _capped(place: Place, full: Bucket) -> Barred:
    refused = "capped" if full.of_topic else ""
    return Barred(what=place.id, closed=Closed(reason="capped"), refused=refused)
