"""Sessions. MongoDB, majority and journal."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateOne

from auth_bridges.models import Audience, Ending, StoredSession
from auth_bridges.ports import Together
from auth_bridges.rules.sessions import Lifetime
from auth_bridges.store.documents import Collection, Document, document_of, struct_of
from miniapp_schemas.assurance import AssuranceLevel


class _Rotation(Struct, frozen=True, kw_only=True):
    """A token presented and what shall take its place."""

    session: str
    audience: Audience
    spent: bytes
    fresh: bytes
    sealed: bytes
    now: datetime


class SessionStore:
    """Sessions, one document a family of refresh tokens. Gone once their absolute end is past."""

    def __init__(self, sessions: Collection, together: Together) -> None:
        self._sessions = sessions
        self._open = together(self._open_all)
        self._rotate = together(self._rotate_all)

    async def ensure_indexes(self) -> None:
        """Forget sessions at their end; find those of one person."""
        await self._sessions.create_indexes(
            [
                IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
                IndexModel([("audience", ASCENDING), ("subject", ASCENDING)]),
                IndexModel([("renamed", ASCENDING)], sparse=True),
            ]
        )

    async def open(self, session: StoredSession) -> None:
        """Keep a new session."""
        await self._open(document_of(session))

    async def get(self, session: str) -> StoredSession | None:
        """The session that is or was called ``session``, as it stands, unless it is long gone."""
        return struct_of(await self._sessions.find_one(_called(session)), StoredSession)

    async def rotate(
        self, session: str, *, audience: Audience, spent: bytes, fresh: bytes, sealed: bytes, now: datetime
    ) -> StoredSession | None:
        """Put ``fresh`` for ``spent`` if that is the living token; None if it is not, or nothing lives.

        One conditional update: of two that present the same token at once, one finds it. Who that was is
        read afterwards: ``fresh`` is known to nobody else yet, so nothing but this can have put it there,
        and nobody can have spent it since.
        """
        document = await self._rotate(
            _Rotation(session=session, audience=audience, spent=spent, fresh=fresh, sealed=sealed, now=now)
        )
        return struct_of(document, StoredSession)

    async def rename(
        self, session: StoredSession, name: str, *, level: AssuranceLevel, lasts: Lifetime, now: datetime
    ) -> StoredSession | None:
        """Let tokens call ``session`` ``name`` at ``level``, as long as that ``lasts``.

        None if it ended or was renamed meanwhile: one conditional update of the family itself, and of two
        that saw the level change one finds it as it was.
        """
        change = {
            "level": level.value,
            "idle_seconds": int(lasts.idle.total_seconds()),
            "idle_ends_at": now + lasts.idle,
            "expires_at": min(session.expires_at, session.started_at + lasts.absolute),
        }
        document = await self._sessions.find_one_and_update(
            {"_id": session.id, "ended_at": None, "level": session.level and session.level.value},
            {"$set": change, "$push": {"renamed": name}},
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, StoredSession)

    async def end(self, session: str, *, why: Ending, now: datetime) -> StoredSession | None:
        """End the session that is or was called ``session`` if it lives; None if it did not."""
        document = await self._sessions.find_one_and_update(
            {**_called(session), "ended_at": None},
            {"$set": {"ended_at": now, "ended_why": why.value, "successor": None}},
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, StoredSession)

    async def living(self, audience: Audience, subject: str) -> Sequence[StoredSession]:
        """Somebody's sessions that were not ended, newest first; some may be idle or outlived."""
        found = self._sessions.find({"audience": audience.value, "subject": subject, "ended_at": None})
        return [
            msgspec.convert(document, StoredSession)
            async for document in found.sort("started_at", DESCENDING)
        ]

    async def every(self, audience: Audience) -> AsyncIterator[StoredSession]:
        """Every session of ``audience`` that was not ended."""
        async for document in self._sessions.find({"audience": audience.value, "ended_at": None}):
            yield msgspec.convert(document, StoredSession)

    async def _open_all(self, sessions: Sequence[Document]) -> Sequence[None]:
        await self._sessions.insert_many(sessions, ordered=False)
        return [None] * len(sessions)

    async def _rotate_all(self, rotations: Sequence[_Rotation]) -> list[Document | None]:
        await self._sessions.bulk_write([_update(each) for each in rotations], ordered=False)
        ids = list({each.session for each in rotations})
        found = await self._sessions.find({"_id": {"$in": ids}, "ended_at": None}).to_list(length=len(ids))
        now = {document["_id"]: document for document in found}
        return [
            document if document is not None and document["current"] == each.fresh else None
            for each in rotations
            for document in (now.get(each.session),)
        ]


def _called(name: str) -> Document:
    return {"$or": [{"_id": name}, {"renamed": name}]}


def _update(rotation: _Rotation) -> UpdateOne:
    now = rotation.now
    return UpdateOne(
        {
            "_id": rotation.session,
            "audience": rotation.audience.value,
            "current": rotation.spent,
            "ended_at": None,
            "expires_at": {"$gt": now},
            # None: begun before sessions could be idle.
            "$or": [{"idle_ends_at": None}, {"idle_ends_at": {"$gt": now}}],
        },
        [
            {
                "$set": {
                    "current": rotation.fresh,
                    "previous": rotation.spent,
                    "successor": rotation.sealed,
                    "rotated_at": now,
                    "generation": {"$add": ["$generation", 1]},
                    # How long it may be idle was settled with its level; null stays null.
                    "idle_ends_at": {"$add": [now, {"$multiply": ["$idle_seconds", 1000]}]},
                }
            }
        ],
    )
