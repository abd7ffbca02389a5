"""Dead letters (死信): intents nobody could deliver. An operator looks, mends, and sends them off again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from push.models import Intent
from push.ports import Audit, Clock
from push.store.outbox import OutboxStore

MOST: Final = 100
"""How many are sent off again at once."""


class DeadLetters:
    """What an operator does with them."""

    def __init__(self, *, outbox: OutboxStore, audit: Audit, clock: Clock) -> None:
        self._outbox = outbox
        self._audit = audit
        self._clock = clock

    async def listed(self, *, before: tuple[datetime, str] | None, limit: int) -> Sequence[Intent]:
        """Dead letters, those first that died last, from the one after ``before`` (when it died, its key)."""
        return await self._outbox.dead(before=before, limit=limit)

    async def redrive(self, keys: Sequence[str], *, reason: str, operator: str) -> int:
        """Try ``keys`` again, with the word of ``operator`` why; how many. What is of no use stays dead.

        Where a provider refused one for what lay with us it is asked once more; where nobody knows whether it
        took it, it is not. Redriven by two at once, each goes once.

        Each is in the audit trail before it moves: one that moved unseen would be worse than one that is in
        the trail twice.
        """
        now = self._clock()
        dead = await self._outbox.still_dead(keys[:MOST], now=now)
        for key in dead:
            await self._audit(
                "push.redriven", at=now, actor=operator, outcome="ok", subject=key, facts={"reason": reason}
            )
        return await self._outbox.revive(dead, now=now)
