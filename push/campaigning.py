"""Makes the intents of campaigns: each resident one, whatever dies.

    claim a part → look at a page of residents → intents into the outbox → note how far the part has come

An intent's id is derived from the campaign and the resident, so a page that is gone through again, because
its process died before it noted that it had, makes none twice. Any number of processes may do this; each
holds one part at a time, and what a dead one held another takes over.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from push.campaign_models import Campaign, CampaignPart, Progress
from push.campaigns import COUNTED_FOR_LONGEST, COUNTED_WHEN_ASKED, counted_for, counts_of
from push.models import Intent, Lane
from push.outbox import seal_values
from push.ports import Audit, Clock, Consented, Crowd, Notify, PersonalData, Sendings
from push.rules.audience import holds
from push.rules.campaigns import (
    CampaignState,
    CampaignStep,
    Told,
    Wrong,
    after,
    allowance,
    canary_is_through,
    wrong_with,
)
from push.rules.keys import intent_key
from push.settings import PushSettings
from push.store.campaigns import CampaignIntents, CampaignStore

_log: Final = logging.getLogger(__name__)
BATCH: Final = 1_000
LEASE: Final = timedelta(seconds=20)
_REST: Final = 1.0
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_MACHINE: Final = "rules"
_TOO_LATE: Final = Wrong(zh="已过有效期", en="it is of no use any more")


class _Counted(Struct, frozen=True):
    """What was counted last, if it could be, and until when that is good enough."""

    told: Told | None
    until: datetime


class Campaigning:
    """Makes intents for whichever campaigns are under way, until it is told to stop."""

    def __init__(
        self,
        *,
        campaigns: CampaignStore,
        intents: CampaignIntents,
        crowd: Crowd,
        consented: Consented,
        sendings: Sendings,
        notify: Notify,
        personal: PersonalData,
        audit: Audit,
        clock: Clock,
        made: Callable[[int], None],
        stopped: Callable[[], None],
        settings: PushSettings,
    ) -> None:
        self._campaigns = campaigns
        self._intents = intents
        self._crowd = crowd
        self._consented = consented
        self._sendings = sendings
        self._notify = notify
        self._personal = personal
        self._audit = audit
        self._clock = clock
        self._made = made
        self._stopped = stopped
        self._backlog = settings.campaign_backlog
        self._counted: dict[str, _Counted] = {}
        self._canary_rests = timedelta(seconds=settings.campaign_canary_seconds)

    async def run(self, stopping: asyncio.Event) -> None:
        """Make intents until ``stopping`` is set; a store that is away is asked again."""
        while not stopping.is_set():
            moved = 0
            try:
                moved = await self.once()
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; what is open stays so
                _log.warning("campaigns not pushed: %s", type(failure).__name__)
            if not moved:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_REST):
                        await stopping.wait()

    async def once(self) -> int:
        """A turn for each campaign under way; how many of them came further."""
        moved = 0
        pushing = await self._campaigns.pushing()
        self._counted = {each.id: self._counted[each.id] for each in pushing if each.id in self._counted}
        for campaign in pushing:
            try:
                moved += await self._turn(campaign)
            except Exception as failure:  # noqa: BLE001 - whatever one campaign meets, the others go on
                _log.warning("campaign %s not pushed: %s", campaign.id, type(failure).__name__)
        for campaign in await self._campaigns.unswept():
            await self._sweep(campaign)
        return moved

    # --- a turn -------------------------------------------------------------------------------------

    async def _turn(self, campaign: Campaign) -> int:
        """Judge ``campaign``, then make what may be made of it now, one part's page."""
        now = self._clock()
        progress = await self._campaigns.progress(campaign.id)
        told = await self._told(campaign, progress, now)
        if told is None or await self._judged(campaign, progress, told, now):
            return 0
        if told.waiting >= self._backlog:
            return 0
        room = _room(campaign, told, now)
        if room == 0:
            return 0
        alone = campaign.state is CampaignState.CANARY
        part = await self._campaigns.claim(campaign.id, at=now, keep=LEASE, alone=alone)
        if part is None:
            return 0
        if alone:
            # Whoever held the part before may have told the whole canary since we counted.
            progress = await self._campaigns.progress(campaign.id)
            room = min(room, campaign.canary - progress.meant)
        return await self._page(campaign, part, room, now)

    async def _told(self, campaign: Campaign, progress: Progress, now: datetime) -> Told | None:
        """What became of ``campaign``, counted at most a twentieth of the time; None until it can be.

        Of many thousands that waited a moment ago the store still steps over every one, so counting them
        takes as long as telling them would. Meanwhile all that was meant since is taken to wait.
        """
        last = self._counted.get(campaign.id)
        if campaign.state is CampaignState.RUNNING and last is not None and now < last.until:
            told = last.told
            return told and msgspec.structs.replace(
                told, meant=progress.meant, waiting=told.waiting + progress.meant - told.meant
            )
        self._counted[campaign.id] = _Counted(told=None, until=now + COUNTED_FOR_LONGEST)
        told = await self._count(campaign, progress)
        until = now + counted_for(self._clock() - now)
        self._counted[campaign.id] = _Counted(told=told, until=until)
        return told

    async def _count(self, campaign: Campaign, progress: Progress) -> Told:
        """What became of ``campaign`` so far; what providers said, of its canary."""
        meant = progress.meant
        counts = await counts_of(self._intents, campaign.id, meant=meant)
        if meant > COUNTED_WHEN_ASKED:
            await self._campaigns.keep_counts(counts)
        calls = refused = unknown = 0
        if campaign.state is CampaignState.CANARY:
            calls, refused, unknown = await self._sendings(campaign.id)
        return Told(
            meant=meant,
            waiting=counts.waiting,
            dead=counts.dead,
            calls=calls,
            refused=refused,
            unknown=unknown,
        )

    async def _page(self, campaign: Campaign, part: CampaignPart, room: int, now: datetime) -> int:
        page = await self._crowd.page(
            after=part.after,
            before=part.before,
            limit=BATCH,
            attributes=bool(campaign.audience.attributes),
        )
        today = now.astimezone(_SHANGHAI).date()
        found = [known.resident for known in page if holds(campaign.audience, known, today)]
        if campaign.audience.agreed:
            agreed = await self._consented(found, campaign.topic)
            found = [resident for resident in found if resident in agreed]
        meant = found[: max(0, room)]
        # Of a page with too many in it only the beginning is gone through.
        gone = page
        if len(meant) >= room:
            gone = [known for known in page if meant and known.resident <= meant[-1]]
        if self._clock() - now > LEASE:
            # Asleep for so long that another has the part, and the campaign may have ended.
            return 0
        self._made(await self._notify(self._intents_of(campaign, meant, now)))
        await self._campaigns.step(
            part,
            after=gone[-1].resident if gone else part.after,
            seen=len(gone),
            meant=len(meant),
            done=len(gone) == len(page) < BATCH,
        )
        return 1

    def _intents_of(self, campaign: Campaign, residents: Sequence[str], now: datetime) -> list[Intent]:
        """What each of ``residents`` is to be told."""
        keys = [intent_key("campaign", resident, campaign.id, "sent", resident) for resident in residents]
        return [
            Intent(
                id=key,
                addressee=resident,
                topic=campaign.topic,
                lane=Lane.BULK,
                template="campaign",
                values=seal_values(self._personal, key, campaign.values),
                rule="campaign",
                item=campaign.id,
                milestone="sent",
                created_at=now,
                not_before=now,
                useful_until=campaign.useful_until,
                link=campaign.link,
                campaign=campaign.id,
                message_class=campaign.message_class,
            )
            for key, resident in zip(keys, residents, strict=True)
        ]

    # --- what becomes of it -------------------------------------------------------------------------

    async def _judged(self, campaign: Campaign, progress: Progress, told: Told, now: datetime) -> bool:
        """Whether ``campaign`` makes nothing more in this turn: it waits, or has come to its next state."""
        if progress.whole and campaign.useful_until <= now:
            return await self._go(campaign, CampaignStep.FINISH, now)
        if campaign.useful_until <= now:
            return await self._go(campaign, CampaignStep.STOP, now, _TOO_LATE)
        wrong = wrong_with(told, excused=campaign.excused)
        if wrong is not None:
            self._stopped()
            return await self._go(campaign, CampaignStep.STOP, now, wrong)
        if progress.whole:
            # What waits, for the morning perhaps, can still be cancelled.
            return told.waiting > 0 or await self._go(campaign, CampaignStep.FINISH, now)
        if campaign.state is CampaignState.CANARY and progress.meant >= campaign.canary:
            rested = now - campaign.since >= self._canary_rests
            if rested and canary_is_through(told):
                await self._go(campaign, CampaignStep.WIDEN, now, widened=progress.meant)
            return True
        return False

    async def _go(
        self,
        campaign: Campaign,
        step: CampaignStep,
        now: datetime,
        why: Wrong | None = None,
        *,
        widened: int | None = None,
    ) -> bool:
        changes: dict[str, Any] = {} if why is None else {"why": why.zh, "why_en": why.en}
        if widened is not None:
            changes |= {"widened_at": now, "paced_from": now, "paced_count": widened}
        advanced = msgspec.structs.replace(
            campaign, state=after(campaign.state, step), since=now, version=campaign.version + 1, **changes
        )
        # Overtaken, by another process or a person: the next turn sees what they made of it.
        if await self._campaigns.advance(advanced):
            await self._audit(
                f"campaign.{step.value}",
                at=now,
                actor=_MACHINE,
                subject=campaign.id,
                outcome="ok",
                facts={"reason": "" if why is None else why.en},
            )
        return True

    async def _sweep(self, campaign: Campaign) -> None:
        """Cancel what a process made that had not yet heard that ``campaign`` is cancelled."""
        now = self._clock()
        await self._intents.cancel(campaign.id, at=now)
        if now - campaign.since > 3 * LEASE:
            await self._count(campaign, await self._campaigns.progress(campaign.id))
            swept = msgspec.structs.replace(campaign, swept=True, version=campaign.version + 1)
            await self._campaigns.advance(swept)


def _room(campaign: Campaign, told: Told, now: datetime) -> int:
    """How many may be meant in one go now: by the canary, and by the pace."""
    most = BATCH if campaign.state is CampaignState.RUNNING else campaign.canary - told.meant
    paced = allowance(
        meant=told.meant,
        before=campaign.paced_count,
        since=campaign.paced_from or now,
        per_minute=campaign.per_minute,
        now=now,
    )
    return max(0, min(BATCH, most, paced))
