"""Checkpoints: signed statements of how far every chain had come, and with which hashes.

A chain of hashes shows what was changed inside it, not what is missing from its end, nor that somebody who
can write the database hashed all of it anew. A checkpoint holds the chains to both, as far as they had come:
it is a compact JWS (ES256) by the ring of access tokens, whose public keys everybody can fetch, under a
``typ`` that no token has (RFC 8725 §3.11). Each has a number, and names the digest of the one before it. One
is signed every two minutes whether anything happened or not, so that a missing one is a gap in time.

Only the latest checkpoint is kept, because it vouches for everything before it, and it is kept twice, in
MongoDB and in Redis: who takes it out of one is found out by the other. A chain that no longer holds its
checkpoint is never signed anew: what was said of it is said again, so that nothing covers up what it shows.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

import jwt
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from msgspec import Struct
from pymongo.errors import DuplicateKeyError

from auth_bridges.jws import NOT_JSON, NotReadable, take_apart
from bff.platform.audit import GENESIS, AuditTrail, BrokenLink, Checkpoint, misses, name_of
from bff.platform.keys import RingKey
from bff.platform.mongo import Collection

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = [
    "COPY",
    "AuditCheckpoints",
    "Believed",
    "CheckpointRefused",
    "digest_of",
    "read_checkpoint",
    "sign_checkpoint",
]

_log: Final = structlog.get_logger(__name__)
COPY: Final = "{audit}:checkpoint"
"""Redis's copy of the latest checkpoint."""
_ID: Final = "latest"
_TYPE: Final = "audit-checkpoint+jwt"
# Sixty-five chains at most, of some two hundred characters each.
_LONGEST: Final = 65_536
_jws: Final = jwt.PyJWS(algorithms=["ES256"])
_encode: Final = msgspec.json.Encoder().encode

Believed = Callable[[str], EllipticCurvePublicKey | None]
"""The believed key of a name (an RFC 7638 thumbprint), or None."""


class _Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: Literal["ES256"]
    typ: Literal["audit-checkpoint+jwt"]
    kid: str


_decode_header: Final = msgspec.json.Decoder(_Header).decode
_decode_checkpoint: Final = msgspec.json.Decoder(Checkpoint).decode


class CheckpointRefused(Exception):
    """A checkpoint that cannot be believed; ``broken`` says which, and why."""

    def __init__(self, broken: BrokenLink) -> None:
        super().__init__(broken.why)
        self.broken = broken


class KeyStrange(CheckpointRefused):
    """Signed by a key that is not believed, perhaps no longer; ``checkpoint`` is what it says."""

    def __init__(self, checkpoint: Checkpoint, kid: str) -> None:
        super().__init__(_broken(f"{name_of(checkpoint)} is signed by a key that is not believed, {kid}"))
        self.checkpoint = checkpoint
        self.kid = kid


class SigningRing(Protocol):
    """What a ring of keys is asked for."""

    def signing(self) -> RingKey:
        """The key to sign with now."""

    def verifying(self, kid: str) -> EllipticCurvePublicKey | None:
        """The accepted public key named ``kid``."""


def sign_checkpoint(checkpoint: Checkpoint, key: RingKey) -> str:
    """``checkpoint`` as a compact JWS by ``key``."""
    return _jws.encode(_encode(checkpoint), key.private, "ES256", headers={"typ": _TYPE, "kid": key.kid})


def read_checkpoint(text: str, believed: Believed | None) -> Checkpoint:
    """What ``text`` says, or ``CheckpointRefused``; without ``believed`` nobody asks who signed it."""
    try:
        parts = take_apart(text, longest=_LONGEST)
        kid = _decode_header(parts.header).kid
        checkpoint = _decode_checkpoint(parts.payload)
    except (NotReadable, *NOT_JSON) as cause:
        raise CheckpointRefused(_broken("the checkpoint cannot be read")) from cause
    if believed is not None:
        key = believed(kid)
        if key is None:
            raise KeyStrange(checkpoint, kid)
        if not parts.is_signed_by(key):
            raise CheckpointRefused(_broken(f"{name_of(checkpoint)} is not as it was signed"))
    return checkpoint


def digest_of(text: str) -> str:
    """What the next checkpoint calls the one that is ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


class AuditCheckpoints:
    """The latest checkpoint. MongoDB, majority and journal; a copy in Redis."""

    def __init__(
        self,
        trail: AuditTrail,
        collection: Collection,
        redis: "Redis",
        ring: SigningRing,
        clock: Callable[[], datetime],
    ) -> None:
        self._trail = trail
        self._collection = collection
        self._redis = redis
        self._ring = ring
        self._clock = clock

    async def kept(self) -> list[str]:
        """The latest checkpoint as it was signed, from each place that has it: the same, or nearly."""
        return [text for text in await self._copies() if text is not None]

    async def sign(self) -> list[BrokenLink]:
        """Sign how far every chain has come; of those that no longer hold, what was signed before.

        What does not hold comes back. Nothing is signed over a checkpoint that was tampered with.
        """
        in_mongo, in_redis = await self._copies()
        try:
            earlier = self._latest(text for text in (in_mongo, in_redis) if text is not None)
        except CheckpointRefused as refused:
            return [_told(refused.broken)]
        now = self._clock()
        heads = {head.chain: head for head in await self._trail.heads()}
        if earlier is None and not heads:
            return []
        found = []
        number, previous = 1, GENESIS
        if earlier is not None:
            text, checkpoint = earlier
            number, previous = checkpoint.number + 1, digest_of(text)
            for head in checkpoint.heads:
                digest = await self._trail.hash_at(head.chain, head.sequence)
                if (broken := misses(head, digest, name_of(checkpoint))) is not None:
                    found.append(_told(broken))
                    heads[head.chain] = head
        by_chain = tuple(heads[chain] for chain in sorted(heads))
        await self._keep(Checkpoint(number=number, previous=previous, at=now, heads=by_chain), in_mongo)
        return found

    async def _copies(self) -> tuple[str | None, str | None]:
        # Redis first: MongoDB is written first, so that what it has then is as new or newer.
        in_redis = await self._redis.get(COPY)
        document = await self._collection.find_one({"_id": _ID})
        return (
            None if document is None else str(document.get("jws")),
            in_redis.decode("utf-8", "replace") if isinstance(in_redis, bytes) else in_redis,
        )

    def _latest(self, copies: Iterable[str]) -> tuple[str, Checkpoint] | None:
        """The newest of ``copies`` that is by a key we believe, else the newest."""
        known = []
        for text in copies:
            try:
                known.append((True, text, read_checkpoint(text, self._ring.verifying)))
            except KeyStrange as strange:
                # A key was removed in an emergency: what it said is still held against the chains, and the
                # next checkpoint is by a key that is believed.
                _log.warning("audit.checkpoint_by_strange_key", number=strange.checkpoint.number)
                known.append((False, text, strange.checkpoint))
        if not known:
            return None
        _, text, checkpoint = max(known, key=lambda each: (each[0], each[2].number))
        return text, checkpoint

    async def _keep(self, checkpoint: Checkpoint, replaced: str | None) -> None:
        text = sign_checkpoint(checkpoint, self._ring.signing())
        # Another ticker may have signed meanwhile: the upsert then collides with that.
        seen = {"_id": _ID, "jws": replaced}
        try:
            await self._collection.replace_one(seen, {"_id": _ID, "jws": text}, upsert=True)
        except DuplicateKeyError:
            return
        # A slow ticker may put an older one here than is in MongoDB: of the two the newer counts.
        await self._redis.set(COPY, text)
        # In the log as well, which somebody who can write the databases cannot.
        heads = {head.chain: f"{head.sequence} {head.hash}" for head in checkpoint.heads}
        _log.info("audit.checkpoint", number=checkpoint.number, digest=digest_of(text), heads=heads)


def _told(broken: BrokenLink) -> BrokenLink:
    _log.error("audit.broken", chain=broken.chain, sequence=broken.sequence, why=broken.why)
    return broken


def _broken(why: str) -> BrokenLink:
    return BrokenLink(chain="*", sequence=0, why=why)
