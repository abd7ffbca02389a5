"""What a provider took, and said later it could not deliver (送达失败): the next channel brings it.

    the receipt    kept by whoever hears it; only then is it answered for
    the attempt    accepted → failed, so that its channel is passed over from now on
    the intent     done → created, as a new try; both compare-and-set

A process may die between any two, and several may look at one receipt: of an intent that is done by the very
channel that did not bring it there is one, and after the second step there is none. A receipt may come before
its message is settled; it is looked at again until it is.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from push.delivery_models import Attempt, AttemptState
from push.models import Intent, IntentState
from push.ports import CampaignGoes, Clock
from push.rules.receipts import of_the_addressee
from push.store.arrivals import Arrivals
from push.store.attempts import AttemptStore
from push.store.outbox import OutboxStore
from push.store.receipts import ReceiptStore, Unanswered

_AT_ONCE: Final = 16
_REST: Final = 1.0
_GIVEN_UP: Final = timedelta(hours=1)
"""After how long nobody waits any more for the message a receipt is of."""
_UNDER_WAY: Final = (IntentState.CREATED, IntentState.RELAYED)
_log: Final = logging.getLogger(__name__)


class Undelivered:
    """Looks at such receipts. Any number may run."""

    def __init__(
        self,
        *,
        receipts: ReceiptStore,
        attempts: AttemptStore,
        outbox: OutboxStore,
        arrivals: Arrivals,
        campaign_goes: CampaignGoes,
        moved: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """``moved`` counts for the operators, by channel."""
        self._receipts = receipts
        self._attempts = attempts
        self._outbox = outbox
        self._arrivals = arrivals
        self._campaign_goes = campaign_goes
        self._moved = moved
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until ``stopping`` is set; a store that is away is asked again."""
        while not stopping.is_set():
            looked = False
            try:
                # One asks whether there is any; where there is, there may be a campaign's worth.
                if looked := await self.once():
                    await asyncio.gather(*(self.once() for _ in range(_AT_ONCE)))
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; what is open stays so
                _log.warning("receipts not looked at: %s", type(failure).__name__)
            if not looked:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_REST):
                        await stopping.wait()

    async def once(self) -> bool:
        """Look at one receipt; False where there is none to look at."""
        receipt = await self._receipts.take(now=self._clock())
        if receipt is None:
            return False
        if await self._seen_to(receipt):
            await self._receipts.answered(receipt.id)
        return True

    async def _seen_to(self, receipt: Unanswered) -> bool:
        """Whether nothing is left to be done about ``receipt``."""
        now = self._clock()
        too_late = now >= receipt.told_at + _GIVEN_UP
        attempt = await self._attempts.accepted_as(receipt.channel, receipt.reference)
        if attempt is None:
            return too_late
        intent = await self._outbox.get(attempt.key)
        if intent is not None and intent.state in _UNDER_WAY and attempt.state is AttemptState.ACCEPTED:
            # The worker that called has not come to the end of it.
            return too_late
        if intent is not None and attempt.state is AttemptState.ACCEPTED:
            await self._count(receipt, attempt, intent, now)
        done_by_it = (
            intent is not None and intent.state is IntentState.DONE and intent.outcome == receipt.channel
        )
        if intent is None or not done_by_it or intent.useful_until <= now:
            return True
        if intent.campaign is not None and not (goes := await self._campaign_goes(intent.campaign)):
            return goes is False or too_late
        await self._attempts.undelivered(attempt, at=now)
        if await self._outbox.not_done_after_all(intent, now=now):
            self._moved(receipt.channel)
        return True

    async def _count(self, receipt: Unanswered, attempt: Attempt, intent: Intent, now: datetime) -> None:
        """Let the channel's breaker hear of it, unless it says something of the addressee alone."""
        if not of_the_addressee(receipt.channel, receipt.code):
            await self._arrivals.missed(receipt.channel, who=intent.addressee, sent_at=attempt.at, now=now)
