"""Campaigns, how far each has come, and what became of its intents. MongoDB, majority and journal."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError

from push.campaign_models import Campaign, CampaignCounts, CampaignPart, Progress
from push.models import IntentState
from push.rules.campaigns import PARTS, PUSHING, CampaignState, bounds_of
from push.store.documents import DUPLICATE, Collection, Document, document_of

_BY_CAMPAIGN = [("campaign", ASCENDING), ("state", ASCENDING)]
_WAITING = (IntentState.CREATED.value, IntentState.RELAYED.value)


class CampaignStore:
    """Campaigns and their parts. Nothing here removes a campaign."""

    def __init__(self, campaigns: Collection, parts: Collection, counts: Collection) -> None:
        self._campaigns = campaigns
        self._parts = parts
        self._counts = counts

    async def ensure_indexes(self) -> None:
        """Campaigns by what is to be done about them, and the parts of each."""
        await self._campaigns.create_index([("state", ASCENDING), ("_id", DESCENDING)])
        await self._parts.create_indexes(
            [IndexModel([("campaign", ASCENDING), ("done", ASCENDING), ("number", ASCENDING)])]
        )

    async def add(self, campaign: Campaign) -> None:
        """Keep a new campaign."""
        await self._campaigns.insert_one(document_of(campaign))

    async def get(self, campaign: str) -> Campaign | None:
        """One campaign."""
        document = await self._campaigns.find_one({"_id": campaign})
        return None if document is None else msgspec.convert(document, Campaign)

    async def advance(self, campaign: Campaign) -> bool:
        """Keep ``campaign`` in place of the version before it; False if somebody else was faster."""
        before = {"_id": campaign.id, "version": campaign.version - 1}
        result = await self._campaigns.replace_one(before, document_of(campaign))
        return result.modified_count == 1

    async def listed(self, *, before: str | None, limit: int) -> list[Campaign]:
        """Campaigns, newest first."""
        wanted = {} if before is None else {"_id": {"$lt": before}}
        cursor = self._campaigns.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Campaign) async for document in cursor]

    async def pushing(self) -> list[Campaign]:
        """Those that intents are made for, oldest first."""
        cursor = self._campaigns.find({"state": {"$in": [state.value for state in PUSHING]}})
        return [msgspec.convert(each, Campaign) async for each in cursor.sort("_id", ASCENDING)]

    async def unswept(self) -> list[Campaign]:
        """Those that were cancelled, and may still have something on its way."""
        cursor = self._campaigns.find({"state": CampaignState.CANCELLED.value, "swept": False})
        return [msgspec.convert(each, Campaign) async for each in cursor]

    # --- counts -------------------------------------------------------------------------------------

    async def keep_counts(self, counts: CampaignCounts) -> None:
        """Keep what was counted of a campaign, in place of what was counted before."""
        await self._counts.replace_one({"_id": counts.id}, document_of(counts), upsert=True)

    async def counts(self, campaign: str) -> CampaignCounts | None:
        """What was counted last of ``campaign``, if it was too large to be counted for whoever asks."""
        document = await self._counts.find_one({"_id": campaign})
        return None if document is None else msgspec.convert(document, CampaignCounts)

    # --- parts --------------------------------------------------------------------------------------

    async def cut(self, campaign: str) -> None:
        """Make the parts of ``campaign``; those that are there stay as far as they are."""
        parts = []
        for number in range(PARTS):
            after, before = bounds_of(number)
            part = CampaignPart(
                id=f"{campaign}:{number:02}", campaign=campaign, number=number, after=after, before=before
            )
            parts.append(document_of(part))
        try:
            await self._parts.insert_many(parts, ordered=False)
        except BulkWriteError as failure:
            if any(error["code"] != DUPLICATE for error in (failure.details or {})["writeErrors"]):
                raise

    async def claim(
        self, campaign: str, *, at: datetime, keep: timedelta, alone: bool
    ) -> CampaignPart | None:
        """Take a part that nobody holds, for as long as ``keep``; None if there is none.

        One update decides a race. With ``alone`` only the first part that is not done is to be had, so that
        one process at a time makes intents.
        """
        open_ = {"campaign": campaign, "done": False}
        if alone:
            first = await self._parts.find_one(open_, {"number": 1}, sort=[("number", ASCENDING)])
            if first is None:
                return None
            open_ = {"_id": first["_id"], "done": False}
        document = await self._parts.find_one_and_update(
            {**open_, "$or": [{"lease_until": None}, {"lease_until": {"$lte": at}}]},
            {"$set": {"lease_until": at + keep}, "$inc": {"fence": 1}},
            sort=[("number", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else msgspec.convert(document, CampaignPart)

    async def step(self, part: CampaignPart, *, after: str, seen: int, meant: int, done: bool) -> bool:
        """Note that ``part`` has come as far as ``after``, and give it back; False if another holds it.

        Who was thought dead and was not finds its fence gone: what it meant, the other means again, and an
        intent meant twice is one. Only one of the two is counted.
        """
        result = await self._parts.update_one(
            {"_id": part.id, "fence": part.fence},
            {
                "$set": {"after": after, "done": done, "lease_until": None},
                "$inc": {"seen": seen, "meant": meant},
            },
        )
        return result.modified_count == 1

    async def progress(self, campaign: str) -> Progress:
        """How far ``campaign`` has come."""
        pipeline: list[Document] = [
            {"$match": {"campaign": campaign}},
            {
                "$group": {
                    "_id": None,
                    "seen": {"$sum": "$seen"},
                    "meant": {"$sum": "$meant"},
                    "done": {"$sum": {"$cond": ["$done", 1, 0]}},
                    "parts": {"$sum": 1},
                }
            },
        ]
        async for document in self._parts.aggregate(pipeline):
            return msgspec.convert(document, Progress)
        return Progress()


class CampaignIntents:
    """What became of the intents of campaigns: the outbox, as a campaign looks at it."""

    def __init__(self, outbox: Collection) -> None:
        self._outbox = outbox

    async def ensure_indexes(self) -> None:
        """The intents of a campaign by their state; those of no campaign are not in it."""
        await self._outbox.create_index(
            _BY_CAMPAIGN, partialFilterExpression={"campaign": {"$type": "string"}}
        )

    async def count(self, campaign: str, states: Sequence[IntentState]) -> int:
        """How many are in one of ``states``."""
        wanted = {"campaign": campaign, "state": {"$in": [state.value for state in states]}}
        # Told to, the planner counts in the index; left to itself it may go by the state, and read them all.
        return await self._outbox.count_documents(wanted, hint=_BY_CAMPAIGN)

    async def go_on(self, campaign: str, *, at: datetime) -> None:
        """Let what waits for a later time be looked at now: whatever else it waits for puts it off again."""
        await self._outbox.update_many(
            {"campaign": campaign, "state": IntentState.CREATED.value, "not_before": {"$gt": at}},
            {"$set": {"not_before": at}},
        )

    async def cancel(self, campaign: str, *, at: datetime) -> int:
        """Cancel what was not sent yet; how many there were."""
        result = await self._outbox.update_many(
            {"campaign": campaign, "state": {"$in": list(_WAITING)}},
            {"$set": {"state": IntentState.CANCELLED.value, "finished_at": at}},
        )
        return result.modified_count
