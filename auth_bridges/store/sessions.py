"""Sessions. MongoDB, majority and journal."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from auth_bridges.models import Audience, Ending, StoredSession
from auth_bridges.ports import Together
from auth_bridges.rules.sessions import Lifetime, is_alive
from auth_bridges.store.documents import (
    Collection,
    Document,
    Update,
    document_of,
    struct_of,
    update_each,
)
from miniapp_schemas.assurance import AssuranceLevel

_ROTATED: Final = ("current", "previous", "successor", "rotated_at", "generation", "idle_ends_at")


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

        One conditional update of the session as it was read: of two that present the same token at once,
        one finds it so. Who that was is read again if not all of a batch did: ``fresh`` is known to nobody
        else yet, so nothing but this can have put it there, and nobody can have spent it since.
        """
        rotated: StoredSession | None = await self._rotate(
            _Rotation(session=session, audience=audience, spent=spent, fresh=fresh, sealed=sealed, now=now)
        )
        return rotated

    async def rename(
        self,
        session: StoredSession,
        name: str,
        *,
        level: AssuranceLevel,
        rights: tuple[str, ...] | None = None,
        lasts: Lifetime,
        now: datetime,
    ) -> StoredSession | None:
        """Let tokens call ``session`` ``name`` at ``level`` with ``rights``, as long as that ``lasts``.

        None if it ended or was renamed meanwhile: one conditional update of the family itself, and of two
        that saw it change one finds it as it was.
        """
        change = {
            "level": level.value,
            "rights": rights,
            "idle_seconds": int(lasts.idle.total_seconds()),
            "idle_ends_at": now + lasts.idle,
            "expires_at": min(session.expires_at, session.started_at + lasts.absolute),
        }
        document = await self._sessions.find_one_and_update(
            {
                "_id": session.id,
                "ended_at": None,
                "level": session.level and session.level.value,
                "rights": session.rights,
            },
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

    async def _rotate_all(self, rotations: Sequence[_Rotation]) -> list[StoredSession | None]:
        done: dict[bytes, StoredSession] = {}
        left = rotations
        while left:
            seen = await self._as_they_are(left)
            if await update_each(self._sessions, [_update(each, seen) for each in left]) == len(left):
                done |= {each.fresh: _rotated(each, seen[each.session]) for each in left}
                break
            # Somebody came too late, or the reply to it was lost and it was done before it was asked again.
            now = await self._as_they_are(left)
            done |= {each.fresh: now[each.session] for each in left if _has(each.fresh, each, now)}
            # Whose level changed in between is as good as before, and has other ends.
            left = [
                each
                for each in left
                if _has(each.spent, each, seen)
                and _has(each.spent, each, now)
                and seen[each.session] != now[each.session]
            ]
        return [done.get(each.fresh) for each in rotations]

    async def _as_they_are(self, rotations: Sequence[_Rotation]) -> dict[str, StoredSession]:
        """The families the presented tokens are of, if they live."""
        ids = list({each.session for each in rotations})
        found = await self._sessions.find({"_id": {"$in": ids}, "ended_at": None}).to_list(length=len(ids))
        return {document["_id"]: msgspec.convert(document, StoredSession) for document in found}


def _called(name: str) -> Document:
    return {"$or": [{"_id": name}, {"renamed": name}]}


def _has(token: bytes, rotation: _Rotation, sessions: Mapping[str, StoredSession]) -> bool:
    """Whether ``token`` is the living one of the session that ``rotation`` is of."""
    session = sessions.get(rotation.session)
    return (
        session is not None
        and session.audience is rotation.audience
        and is_alive(session, rotation.now)
        and session.current == token
    )


def _update(rotation: _Rotation, seen: Mapping[str, StoredSession]) -> Update:
    """What puts ``fresh`` for ``spent`` in the session as it was ``seen``, and in no other."""
    whose = {"_id": rotation.session, "ended_at": None, "current": rotation.spent}
    if not _has(rotation.spent, rotation, seen):
        # Nothing has no end. It is asked all the same: only who leads a majority answers a write, and so
        # what is read after it, and may end the session, is not what a deposed primary remembers.
        return {**whose, "expires_at": None}, {"$set": {"current": rotation.spent}}
    session = _rotated(rotation, seen[rotation.session])
    before = seen[rotation.session]
    return (
        {**whose, "expires_at": before.expires_at, "idle_ends_at": before.idle_ends_at},
        {"$set": {name: getattr(session, name) for name in _ROTATED}},
    )


def _rotated(rotation: _Rotation, session: StoredSession) -> StoredSession:
    # How long it may be idle was settled with its level. None: begun before sessions could be idle.
    idle = session.idle_seconds
    return msgspec.structs.replace(
        session,
        current=rotation.fresh,
        previous=rotation.spent,
        successor=rotation.sealed,
        rotated_at=rotation.now,
        generation=session.generation + 1,
        idle_ends_at=None if idle is None else rotation.now + timedelta(seconds=idle),
    )
