"""One notice's whole story (通知全程), for operators: no words, no name, no address in it."""

from collections.abc import Awaitable, Callable

from push.delivery_models import Story
from push.models import Intent
from push.store.attempts import AttemptStore
from push.store.inbox import InboxStore
from push.store.receipts import ReceiptStore


class Stories:
    """Tells what happened to a notice. One object a process."""

    def __init__(
        self,
        *,
        intent: Callable[[str], Awaitable[Intent | None]],
        inbox: InboxStore,
        attempts: AttemptStore,
        receipts: ReceiptStore,
    ) -> None:
        self._intent = intent
        self._inbox = inbox
        self._attempts = attempts
        self._receipts = receipts

    async def of(self, key: str) -> Story:
        """What was meant by ``key``, what the inbox has and was decided, and what was tried, oldest first."""
        attempts = (await self._attempts.of([key])).get(key, [])
        named = [(each.channel, each.receipt) for each in attempts if each.receipt is not None]
        return Story(
            intent=await self._intent(key),
            inbox=await self._inbox.get(key),
            attempts=tuple(sorted(attempts, key=lambda each: each.at)),
            receipts=tuple(await self._receipts.of(named)) if named else (),
        )
