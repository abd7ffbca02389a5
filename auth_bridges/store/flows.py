"""Sign-ins that were begun at an OpenID provider, and which sessions came from where."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel
from redis.asyncio import Redis

from auth_bridges.models import Authentication, ProviderLogout, ProviderSession, SignInFlow
from auth_bridges.store.documents import Collection, Document, document_of

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(SignInFlow).decode


class SignInFlows:
    """Sign-ins that were begun, by a hash of their state. Redis only: without it one begins again."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, state: str, flow: SignInFlow, *, keep: timedelta) -> None:
        """Keep ``flow`` for ``keep``."""
        await self._redis.set(_flow(state), _encode(flow), px=keep)

    async def take(self, state: str) -> SignInFlow | None:
        """The flow of ``state``, once. GETDEL: the second one who finishes finds nothing."""
        raw = await self._redis.getdel(_flow(state))
        return None if raw is None else _decode(raw)


class ProviderSessions:
    """Which sessions came from which sign-in at a provider. MongoDB, majority and journal.

    A logout and the sign-in it is about may cross. Each writes before it reads, a logout its note and a
    sign-in its session, so that at least one of the two sees the other.
    """

    def __init__(self, sessions: Collection, logouts: Collection) -> None:
        self._sessions = sessions
        self._logouts = logouts

    async def ensure_indexes(self) -> None:
        """Find by subject and by session; forget what has ended."""
        origin = [("issuer", ASCENDING), ("client_id", ASCENDING)]
        forgotten = IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)
        await self._sessions.create_indexes(
            [
                IndexModel([*origin, ("subject", ASCENDING)]),
                IndexModel([*origin, ("session", ASCENDING)]),
                forgotten,
            ]
        )
        await self._logouts.create_indexes([forgotten])

    async def opened(self, session: ProviderSession) -> None:
        """Note where a session of ours came from."""
        await self._sessions.insert_one(document_of(session))

    async def logged_out(self, logout: ProviderLogout, *, keep: timedelta) -> Sequence[str]:
        """Our sessions that ``logout`` ends: none that began after it, so that told twice is harmless."""
        until = {"$max": {"at": logout.issued_at, "expires_at": logout.issued_at + keep}}
        await self._logouts.update_one({"_id": _of_logout(logout)}, until, upsert=True)
        which: Document = {
            "issuer": logout.issuer,
            "client_id": logout.client_id,
            "vouched_at": {"$lte": logout.issued_at},
        }
        if logout.session is not None:
            which["session"] = logout.session
        if logout.subject is not None:
            which["subject"] = logout.subject
        return [document["_id"] async for document in self._sessions.find(which, {"_id": 1})]

    async def is_logged_out(self, said: Authentication) -> bool:
        """Whether a logout has come that this sign-in did not survive."""
        names = [
            _name(said.issuer, said.client_id, subject, session)
            for subject in (said.subject, None)
            for session in (said.session, None)
        ]
        found = await self._logouts.find_one({"_id": {"$in": names}, "at": {"$gte": said.issued_at}})
        return found is not None


def _flow(state: str) -> str:
    return f"auth:flow:{sha256(state.encode()).hexdigest()}"


def _of_logout(logout: ProviderLogout) -> str:
    return _name(logout.issuer, logout.client_id, logout.subject, logout.session)


def _name(issuer: str, client_id: str, subject: str | None, session: str | None) -> str:
    parts = (issuer, client_id, subject or "", session or "")
    return sha256("\0".join(parts).encode()).hexdigest()
