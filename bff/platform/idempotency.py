"""``Idempotency-Key``: the same request, sent again, is answered again and not done again.

draft-ietf-httpapi-idempotency-key-header. Kept in MongoDB for a day, majority and journal, by (caller,
key). What dies between doing and noting down is done again on the next try, so the operation
underneath must be idempotent by itself; ours are, by (issuer, serial, version).

An answer is sealed: what it repeats may lie sealed in its own place, such as what somebody says in an appeal.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from bff.platform.mongo import Collection
from miniapp_schemas.refusals import Kind, Refusal

Answer = TypeVar("Answer")

_KEPT: Final = timedelta(hours=24)
_LEASE: Final = timedelta(seconds=30)
_OPEN: Final = {"answer": None, "sealed": None}
"""Not answered yet."""


class IdempotencyKeyReused(Refusal):
    """The key was used with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"
    kind = Kind.CONFLICT
    title_zh = "幂等键已用于其他请求"
    title_en = "Idempotency key used for another request"
    detail_zh = "请为新的请求使用新的 Idempotency-Key。"
    detail_en = "Use a new Idempotency-Key for a new request."


class RequestUnderWay(Refusal):
    """The first request with this key is not finished."""

    code = "REQUEST_UNDER_WAY"
    kind = Kind.CONFLICT
    title_zh = "相同请求正在处理"
    title_en = "The same request is under way"
    detail_zh = "请稍后用相同的 Idempotency-Key 重试。"
    detail_en = "Try again shortly with the same Idempotency-Key."
    action = "retry"


class Seals(Protocol):
    """What seals what is kept of people."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt; ``context`` must be given again to open."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt what was sealed in ``context``."""


class Idempotency:
    """Answers kept by (caller, key)."""

    def __init__(self, collection: Collection, clock: Callable[[], datetime], seals: Seals) -> None:
        self._collection = collection
        self._clock = clock
        self._seals = seals

    async def ensure_indexes(self) -> None:
        """Forget answers after a day."""
        await self._collection.create_index([("expiresAt", ASCENDING)], expireAfterSeconds=0)

    async def run(
        self,
        caller: str,
        key: str,
        request: bytes,
        operation: Callable[[], Awaitable[Answer]],
        type_: type[Answer],
    ) -> Answer:
        """Do ``operation`` once for (caller, key) and answer alike ever after.

        A refusal raised by the operation is not kept: the caller may mend the cause and try again.
        """
        identity = f"{caller}:{key}"
        digest = hashlib.sha256(request).hexdigest()
        now = self._clock()
        mine = {"request": digest, "leaseUntil": now + _LEASE, "expiresAt": now + _KEPT}
        try:
            await self._collection.insert_one({"_id": identity, **mine})
        except DuplicateKeyError:
            kept = await self._collection.find_one({"_id": identity}) or {}
            if kept.get("request", digest) != digest:
                raise IdempotencyKeyReused from None
            if (sealed := kept.get("sealed")) is not None:
                return msgspec.json.decode(self._seals.open(sealed, _context(identity)), type=type_)
            if (answer := kept.get("answer")) is not None:  # of the day before answers were sealed
                return msgspec.json.decode(answer, type=type_)
            # The first try holds a lease while it works; one that died loses it.
            taken = await self._collection.find_one_and_update(
                {"_id": identity, **_OPEN, "leaseUntil": {"$lt": now}}, {"$set": mine}
            )
            if taken is None:
                raise RequestUnderWay from None
        try:
            result = await operation()
        except Refusal:
            await self._collection.delete_one({"_id": identity, **_OPEN})
            raise
        sealed = self._seals.seal(msgspec.json.encode(result), _context(identity))
        await self._collection.update_one({"_id": identity}, {"$set": {"sealed": sealed}})
        return result


def _context(identity: str) -> bytes:
    return f"idempotency:{identity}".encode()
