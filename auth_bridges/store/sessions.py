"""Sessions. MongoDB, majority and journal."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, ReturnDocument

from auth_bridges.models import Audience, Ending, StoredSession
from auth_bridges.store.documents import Collection, Document, document_of, struct_of


class SessionStore:
    """Sessions, one document a family of refresh tokens. Gone once their absolute end is past."""

    def __init__(self, sessions: Collection) -> None:
        self._sessions = sessions

    async def ensure_indexes(self) -> None:
        """Forget sessions at their end; find those of one person."""
        await self._sessions.create_indexes(
            [
                IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
                IndexModel([("audience", ASCENDING), ("subject", ASCENDING)]),
            ]
        )

    async def open(self, session: StoredSession) -> None:
        """Keep a new session."""
        await self._sessions.insert_one(document_of(session))

    async def get(self, session: str) -> StoredSession | None:
        """The session as it stands, unless it is long gone."""
        return struct_of(await self._sessions.find_one({"_id": session}), StoredSession)

    async def rotate(
        self, session: str, *, audience: Audience, spent: bytes, fresh: bytes, sealed: bytes, now: datetime
    ) -> StoredSession | None:
        """Put ``fresh`` for ``spent`` if that is the living token; None if it is not, or nothing lives.

        One findAndModify: of two that present the same token at once, one finds it.
        """
        document = await self._sessions.find_one_and_update(
            {
                "_id": session,
                "audience": audience.value,
                "current": spent,
                "ended_at": None,
                "expires_at": {"$gt": now},
            },
            {
                "$set": {"current": fresh, "previous": spent, "successor": sealed, "rotated_at": now},
                "$inc": {"generation": 1},
            },
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, StoredSession)

    async def end(self, session: str, *, why: Ending, now: datetime) -> StoredSession | None:
        """End the session if it lives; None if it did not."""
        document = await self._sessions.find_one_and_update(
            {"_id": session, "ended_at": None},
            {"$set": {"ended_at": now, "ended_why": why.value, "successor": None}},
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, StoredSession)

    async def living(self, audience: Audience, subject: str, *, client: str | None = None) -> Sequence[str]:
        """The ids of somebody's sessions that were not ended, begun through ``client`` if one is named."""
        wanted: Document = {"audience": audience.value, "subject": subject, "ended_at": None}
        if client is not None:
            wanted["client"] = client
        found = self._sessions.find(wanted, {"_id": 1})
        return [document["_id"] async for document in found]
