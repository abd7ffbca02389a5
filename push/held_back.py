"""What is held back: notices of a campaign that pauses, or that was stopped by its own failures.

A campaign makes notices ahead of their delivery, thousands of them where providers are slow. Whoever pauses
it because of its words means those as well, so each batch asks first whether its campaigns still go. Of one
that was cancelled nothing is told any more while those who push it still cancel what waits.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from push.models import Intent
from push.ports import CampaignGoes, Clock, Deliver, Meter, Outcome

_LOOK_AGAIN: Final = timedelta(seconds=30)


class HeldBack:
    """Delivers what may be delivered now; what waits for its campaign is looked at again in half a minute."""

    def __init__(self, deliver: Deliver, *, campaign_goes: CampaignGoes, meter: Meter, clock: Clock) -> None:
        self._deliver = deliver
        self._campaign_goes = campaign_goes
        self._meter = meter
        self._clock = clock

    async def __call__(self, intents: Sequence[Intent]) -> Sequence[Outcome]:
        """One outcome for each of ``intents``; what is over its time is not held back."""
        campaigns = sorted({each.campaign for each in intents if each.campaign is not None})
        if not campaigns:
            return await self._deliver(intents)
        goes = dict(zip(campaigns, await asyncio.gather(*map(self._campaign_goes, campaigns)), strict=True))
        now = self._clock()
        held = {
            each.id: Outcome(key=each.id, again=min(now + _LOOK_AGAIN, each.useful_until))
            for each in intents
            if each.campaign is not None and not goes[each.campaign] and now < each.useful_until
        }
        for _ in held:
            self._meter.decided("wait", "campaign_pauses")
        rest = [each for each in intents if each.id not in held]
        return [*held.values(), *(await self._deliver(rest) if rest else ())]
