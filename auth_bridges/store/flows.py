"""Sign-ins that were begun at an OpenID provider, and which sessions came from where."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel
from redis.asyncio import Redis

from auth_bridges.models import Authentication, ProviderLogout, SignInFlow
from auth_bridges.store.documents import Collection, Document

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(SignInFlow).decode


class SignInFlows:
    """Sign-ins that were begun, by a hash of their state. Redis only: without it one begins again."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, state: str, flow: SignInFlow, *, keep: timedelta) -> None:
        """Keep ``flow`` for ``keep``."""
        await self._redis.set(_flow(state), _encode(flow), px=keep)

    async def get(self, state: str) -> SignInFlow | None:
        """The flow of ``state``, left where it is."""
        raw = await self._redis.get(_flow(state))
        return None if raw is None else _decode(raw)

    async def take(self, state: str) -> SignInFlow | None:
        """The flow of ``state``, once. GETDEL: the second one who finishes finds nothing."""
        raw = await self._redis.getdel(_flow(state))
        return None if raw is None else _decode(raw)


class ProviderSessions:
    """Which sessions a provider's logout ends. MongoDB, majority and journal.

    A session is kept with where it came from, in one write. A logout and the sign-in it is about may cross:
    each writes before it reads, a logout its note and a sign-in its session, so that at least one of the
    two sees the other. A sign-in that died between its two steps has told nobody a token.
    """

    def __init__(self, sessions: Collection, logouts: Collection) -> None:
        self._sessions = sessions
        self._logouts = logouts

    async def ensure_indexes(self) -> None:
        """Find by the provider's subject and session, among those that came from one; forget old logouts."""
        issued = [("origin.issuer", ASCENDING), ("origin.client_id", ASCENDING)]
        of_providers = {"origin.issuer": {"$exists": True}}
        await self._sessions.create_indexes(
            [
                IndexModel([*issued, (f"origin.{field}", ASCENDING)], partialFilterExpression=of_providers)
                for field in ("subject", "session")
            ]
        )
        await self._logouts.create_indexes([IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)])

    async def logged_out(self, logout: ProviderLogout, *, keep: timedelta) -> Sequence[str]:
        """Our sessions that ``logout`` ends: none that began after it, so that told twice is harmless."""
        until = {"$max": {"at": logout.issued_at, "expires_at": logout.issued_at + keep}}
        await self._logouts.update_one({"_id": _of_logout(logout)}, until, upsert=True)
        which: Document = {
            "origin.issuer": logout.issuer,
            "origin.client_id": logout.client_id,
            "origin.vouched_at": {"$lte": logout.issued_at},
        }
        if logout.session is not None:
            which["origin.session"] = logout.session
        if logout.subject is not None:
            which["origin.subject"] = logout.subject
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
