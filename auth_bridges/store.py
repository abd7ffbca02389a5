"""Where people, organisations and sessions are kept.

MongoDB, majority and journal, is the truth of all of it: who is acknowledged as signed in survives
any one machine. Redis holds what is worthless after minutes: that a one-time code was seen, and which
sessions just ended. Losing Redis can let a code be tried twice (the provider then refuses it) and an
ended session's access token live its ten minutes out; never more.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
from msgspec import Struct
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from redis.asyncio import Redis

from auth_bridges.models import (
    Audience,
    Clerk,
    Ending,
    Link,
    Organisation,
    ProviderSubject,
    Resident,
    StoredSession,
)

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
Stored = TypeVar("Stored", bound=Struct)

_ENDED_KEPT: Final = timedelta(minutes=15)


def _document(stored: Struct) -> Document:
    document: Document = msgspec.to_builtins(stored, builtin_types=(datetime, bytes))
    return document


def _struct(document: Document | None, kind: type[Stored]) -> Stored | None:
    return None if document is None else msgspec.convert(document, kind)


class Residents:
    """Residents and the ways in that lead to them."""

    def __init__(self, residents: Collection, links: Collection) -> None:
        self._residents = residents
        self._links = links

    async def ensure_indexes(self) -> None:
        """One resident an ID number, one resident a way in."""
        await self._residents.create_index(
            [("holder", ASCENDING)], unique=True, partialFilterExpression={"holder": {"$type": "string"}}
        )
        way_in = [("provider", ASCENDING), ("appid", ASCENDING), ("subject", ASCENDING)]
        await self._links.create_indexes(
            [IndexModel(way_in, unique=True), IndexModel([("resident", ASCENDING)])]
        )

    async def get(self, resident: str) -> Resident | None:
        """The resident with this id."""
        return _struct(await self._residents.find_one({"_id": resident}), Resident)

    async def by_holder(self, holder: str) -> Resident | None:
        """The resident whose ID number has this keyed hash."""
        return _struct(await self._residents.find_one({"holder": holder}), Resident)

    async def link_of(self, subject: ProviderSubject) -> Link | None:
        """Where this way in leads."""
        return _struct(await self._links.find_one(_way_in(subject)), Link)

    async def lead(self, subject: ProviderSubject, to: Link) -> Link:
        """Where ``subject`` leads; to where ``to`` says if it led nowhere yet.

        The unique index decides a race: of two first sights one inserts, the other reads what it did.
        """
        document: Document | None
        try:
            document = await self._links.find_one_and_update(
                _way_in(subject),
                {"$setOnInsert": _document(to)},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            document = await self._links.find_one(_way_in(subject))
        return msgspec.convert(document, Link)

    async def turn(self, link: Link, resident: str) -> None:
        """Lead ``link`` to ``resident`` instead, if it still leads where it did."""
        await self._links.update_one(
            {"_id": link.id, "resident": link.resident}, {"$set": {"resident": resident}}
        )

    async def ensure(self, resident: Resident) -> Resident:
        """``resident`` as stored, stored now if there was none of this id or this ID number.

        Finishes what a process began that died between its link and its resident.
        """
        document: Document | None
        try:
            document = await self._residents.find_one_and_update(
                {"_id": resident.id},
                {"$setOnInsert": _document(resident)},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            taken = {"_id": resident.id} if resident.holder is None else {"holder": resident.holder}
            document = await self._residents.find_one(taken)
        return msgspec.convert(document, Resident)

    async def replace(self, old: Resident, new: Resident) -> bool:
        """Put ``new`` for ``old``; False if it is not ``old`` any more, or the ID number is taken."""
        try:
            result = await self._residents.replace_one(_document(old), _document(new))
        except DuplicateKeyError:
            return False
        return bool(result.matched_count)


class Directory:
    """Organisations and their clerks, as operators register them."""

    def __init__(self, organisations: Collection, clerks: Collection) -> None:
        self._organisations = organisations
        self._clerks = clerks

    async def ensure_indexes(self) -> None:
        """One clerk a number within an organisation."""
        await self._clerks.create_index([("organisation", ASCENDING), ("number", ASCENDING)], unique=True)

    async def organisation(self, organisation: str) -> Organisation | None:
        """The organisation with this id."""
        return _struct(await self._organisations.find_one({"_id": organisation}), Organisation)

    async def put_organisation(self, organisation: Organisation) -> None:
        """Store, whatever was there."""
        await self._organisations.replace_one({"_id": organisation.id}, _document(organisation), upsert=True)

    async def clerk(self, organisation: str, number: str) -> Clerk | None:
        """The clerk of this number."""
        found = await self._clerks.find_one({"organisation": organisation, "number": number})
        return _struct(found, Clerk)

    async def clerk_by_id(self, clerk: str) -> Clerk | None:
        """The clerk with this id."""
        return _struct(await self._clerks.find_one({"_id": clerk}), Clerk)

    async def put_clerk(self, clerk: Clerk) -> None:
        """Store, whatever was there; two importers of one new clerk leave one."""
        document = _document(clerk)
        identity = {"organisation": clerk.organisation, "number": clerk.number}
        own_id = document.pop("_id")
        change = {"$set": document, "$setOnInsert": {"_id": own_id}}
        try:
            await self._clerks.update_one(identity, change, upsert=True)
        except DuplicateKeyError:
            await self._clerks.update_one(identity, {"$set": document})


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
        await self._sessions.insert_one(_document(session))

    async def get(self, session: str) -> StoredSession | None:
        """The session as it stands, unless it is long gone."""
        return _struct(await self._sessions.find_one({"_id": session}), StoredSession)

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
        return _struct(document, StoredSession)

    async def end(self, session: str, *, why: Ending, now: datetime) -> StoredSession | None:
        """End the session if it lives; None if it did not."""
        document = await self._sessions.find_one_and_update(
            {"_id": session, "ended_at": None},
            {"$set": {"ended_at": now, "ended_why": why.value, "successor": None}},
            return_document=ReturnDocument.AFTER,
        )
        return _struct(document, StoredSession)

    async def living(self, audience: Audience, subject: str) -> Sequence[str]:
        """The ids of somebody's sessions that were not ended."""
        found = self._sessions.find(
            {"audience": audience.value, "subject": subject, "ended_at": None}, {"_id": 1}
        )
        return [document["_id"] async for document in found]


class OneTime:
    """What may be presented once: provider codes, assertions. Redis only."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def claim(self, name: str, *, owner: str, keep: timedelta) -> bool:
        """Take ``name`` for ``keep``; False if somebody else has it.

        One SET NX GET. The client repeats a command whose reply was lost; finding ``owner`` there the
        second time means the first time worked.
        """
        found = await self._redis.set(_once(name), owner, nx=True, get=True, px=keep)
        return found is None or found == owner.encode()

    async def release(self, name: str) -> None:
        """Give ``name`` back: it was not used after all."""
        await self._redis.delete(_once(name))


class EndedSessions:
    """The stream that tells every web process which sessions ended. Redis only.

    A stream and not pub/sub: a reader that was cut off goes on where it was and misses nothing.
    """

    KEY: Final = "auth:ended"

    def __init__(self, redis: Redis, *, wait: timedelta = timedelta(seconds=1)) -> None:
        self._redis = redis
        self._wait = wait

    async def announce(self, sessions: Iterable[str], *, now: datetime) -> None:
        """Tell that ``sessions`` ended. Told twice is harmless; older notes than any token are dropped."""
        oldest = int((now - _ENDED_KEPT).timestamp() * 1000)
        for session in sessions:
            await self._redis.xadd(self.KEY, {"s": session}, minid=str(oldest), approximate=True)

    async def since(self, position: str) -> tuple[str, Sequence[str]]:
        """Sessions that ended after ``position``, and the position after them; waits for the first."""
        wait = int(self._wait.total_seconds() * 1000)
        reply = await self._redis.xread({self.KEY: position}, count=1000, block=wait)
        entries = _entries(reply)
        if not entries:
            return position, ()
        return entries[-1][0].decode(), [fields[b"s"].decode() for _, fields in entries]


class AuthStores:
    """Every store of this package, on one database and one Redis."""

    def __init__(self, database: "AsyncIOMotorDatabase[Document]", redis: Redis) -> None:
        self.residents = Residents(database["residents"], database["links"])
        self.directory = Directory(database["organisations"], database["clerks"])
        self.sessions = SessionStore(database["sessions"])
        self.one_time = OneTime(redis)
        self.ended = EndedSessions(redis)

    async def ensure_indexes(self) -> None:
        """Make every index; harmless when they are there."""
        await self.residents.ensure_indexes()
        await self.directory.ensure_indexes()
        await self.sessions.ensure_indexes()


def _way_in(subject: ProviderSubject) -> Document:
    return {"provider": subject.provider, "appid": subject.appid, "subject": subject.subject}


def _once(name: str) -> str:
    return f"auth:once:{name}"


def _entries(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:  # noqa: ANN401 - RESP2 and RESP3 differ
    if not reply:
        return []
    if isinstance(reply, dict):
        batches = next(iter(reply.values()))
        return [entry for batch in batches for entry in batch]
    return list(reply[0][1])
