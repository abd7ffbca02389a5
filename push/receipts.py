"""What providers say later of messages (送达回执), kept; and how they do by it.

Whether a message that was taken also arrives only its receipt tells: a gateway that takes everything and
brings nothing answers as well as any other. So receipts have a breaker of their own at each channel that has
them (``sms/receipts``). What did not arrive is counted where something is done about it (``undelivered``).
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from push.models import Intent
from push.ports import Clock, Receipt
from push.rules.receipts import came_late
from push.store.arrivals import Arrivals
from push.store.attempts import AttemptStore
from push.store.awaited import AwaitedCounts
from push.store.receipts import ReceiptStore


class Receipts:
    """Hears receipts, for whoever is told them."""

    def __init__(
        self,
        *,
        store: ReceiptStore,
        attempts: AttemptStore,
        intent: Callable[[str], Awaitable[Intent | None]],
        arrivals: Arrivals,
        awaited: AwaitedCounts,
        kept_for: timedelta,
        clock: Clock,
    ) -> None:
        """``kept_for`` is how long attempts are kept, and with them what was heard of them."""
        self._store = store
        self._attempts = attempts
        self._intent = intent
        self._arrivals = arrivals
        self._awaited = awaited
        self._kept_for = kept_for
        self._clock = clock

    async def take(self, receipt: Receipt) -> None:
        """Keep ``receipt``; safe to repeat, and of a message that nobody knows."""
        now = self._clock()
        new = await self._store.add(receipt, told_at=now, expires_at=receipt.at + self._kept_for)
        if not new:
            return
        attempt = await self._attempts.accepted_as(receipt.channel, receipt.reference)
        # Told before we have noted its name, it was taken just now.
        await self._awaited.heard(receipt.channel, taken_at=receipt.at if attempt is None else attempt.at)
        if not receipt.delivered:
            return
        if attempt is None or not came_late(attempt.at, receipt.at):
            await self._arrivals.arrived(receipt.channel, at=receipt.at)
        elif (intent := await self._intent(attempt.key)) is not None:
            await self._arrivals.missed(receipt.channel, who=intent.addressee, sent_at=attempt.at, now=now)
