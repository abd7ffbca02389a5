"""Challenges for legal persons' certificates, and what was proved with them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel
from redis.asyncio import Redis

from auth_bridges.models import CertificateChallenge, CertificatePurpose, LegalPersonProof
from auth_bridges.store.documents import Collection, document_of

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(CertificateChallenge).decode


class CertificateChallenges:
    """Texts that may be signed. Redis only: without one another is asked for."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, challenge: CertificateChallenge, *, keep: timedelta) -> None:
        """Keep ``challenge`` for ``keep``."""
        await self._redis.set(_challenge(challenge.id), _encode(challenge), px=keep)

    async def take(self, challenge: str) -> CertificateChallenge | None:
        """The challenge of this id, once. GETDEL: the second one who presents it finds nothing."""
        raw = await self._redis.getdel(_challenge(challenge))
        return None if raw is None else _decode(raw)


class LegalPersonProofs:
    """What was proved, while it counts. MongoDB, majority and journal."""

    def __init__(self, proofs: Collection) -> None:
        self._proofs = proofs

    async def ensure_indexes(self) -> None:
        """Find somebody's; forget what does not count any more."""
        await self._proofs.create_indexes(
            [
                IndexModel([("resident", ASCENDING), ("session", ASCENDING)]),
                IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
            ]
        )

    async def add(self, proof: LegalPersonProof) -> None:
        """Keep ``proof``."""
        await self._proofs.insert_one(document_of(proof))

    async def of(
        self, resident: str, session: str, purpose: CertificatePurpose, *, now: datetime
    ) -> Sequence[LegalPersonProof]:
        """What counts still of what ``resident`` proved for ``purpose`` in ``session``, the latest first."""
        which = {
            "resident": resident,
            "session": session,
            "purpose": purpose.value,
            "expires_at": {"$gt": now},
        }
        found = self._proofs.find(which).sort("at", -1)
        return [msgspec.convert(document, LegalPersonProof) async for document in found]

    async def all_of(self, residents: Sequence[str]) -> Sequence[LegalPersonProof]:
        """Everything kept that these residents proved, whatever for, the latest first."""
        found = self._proofs.find({"resident": {"$in": list(residents)}}).sort("at", -1)
        return [msgspec.convert(document, LegalPersonProof) async for document in found]

    async def forget(self, residents: Sequence[str]) -> None:
        """Delete all of these residents'."""
        await self._proofs.delete_many({"resident": {"$in": list(residents)}})


def _challenge(challenge: str) -> str:
    return f"auth:challenge:{challenge}"
