"""Checkpoints: signed statements of how far a chain had come, and with which hash.

A chain of hashes shows what was changed inside it, not what is missing from its end, nor that somebody who
can write the database hashed all of it anew. A checkpoint holds a chain to both, as far as it had come: it
is a compact JWS (ES256) by the ring of access tokens, whose public keys everybody can fetch, under a
``typ`` that no token has (RFC 8725 §3.11).

Only a chain's latest checkpoint is kept, because it vouches for everything before it. A chain that no longer
holds its checkpoint is never signed anew: that would cover up what the checkpoint shows.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, Protocol

import jwt
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from msgspec import Struct
from pymongo.errors import DuplicateKeyError

from auth_bridges.jws import NOT_JSON, NotReadable, take_apart
from bff.platform.audit import AuditTrail, BrokenLink, Checkpoint, misses
from bff.platform.keys import RingKey
from bff.platform.mongo import Collection

__all__ = ["AuditCheckpoints", "Believed", "CheckpointRefused", "read_checkpoint", "sign_checkpoint"]

_log: Final = structlog.get_logger(__name__)
_TYPE: Final = "audit-checkpoint+jwt"
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
        super().__init__(
            _broken(checkpoint, f"its checkpoint is signed by a key that is not believed, {kid}")
        )
        self.checkpoint = checkpoint


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
        parts = take_apart(text)
        kid = _decode_header(parts.header).kid
        checkpoint = _decode_checkpoint(parts.payload)
    except (NotReadable, *NOT_JSON) as cause:
        unreadable = BrokenLink(chain="?", sequence=0, why="a checkpoint cannot be read")
        raise CheckpointRefused(unreadable) from cause
    if believed is not None:
        key = believed(kid)
        if key is None:
            raise KeyStrange(checkpoint, kid)
        if not parts.is_signed_by(key):
            raise CheckpointRefused(_broken(checkpoint, "its checkpoint is not as it was signed"))
    return checkpoint


class AuditCheckpoints:
    """The latest checkpoint of every chain. MongoDB, majority and journal."""

    def __init__(
        self, trail: AuditTrail, collection: Collection, ring: SigningRing, clock: Callable[[], datetime]
    ) -> None:
        self._trail = trail
        self._collection = collection
        self._ring = ring
        self._clock = clock

    async def kept(self) -> dict[str, str]:
        """Every checkpoint as it was signed, by chain."""
        return {document["_id"]: document["jws"] async for document in self._collection.find()}

    async def sign(self) -> list[BrokenLink]:
        """Sign every chain that has grown; those that no longer hold their checkpoint come back unsigned."""
        # Before the heads: what is kept by the time of a look at a head is never ahead of that head.
        kept = await self.kept()
        heads = {head.chain: head for head in await self._trail.heads(at=self._clock())}
        found = []
        for chain in sorted({*kept, *heads}):
            earlier, head = kept.get(chain), heads.get(chain)
            if (broken := await self._missed(chain, earlier)) is not None:
                _log.error("audit.broken", chain=chain, sequence=broken.sequence, why=broken.why)
                found.append(broken)
            elif head is not None:
                await self._keep(head, earlier)
        return found

    async def _missed(self, chain: str, earlier: str | None) -> BrokenLink | None:
        """How ``chain`` does not hold its checkpoint, if it does not."""
        if earlier is None:
            return None
        try:
            checkpoint = read_checkpoint(earlier, self._ring.verifying)
        except KeyStrange as strange:
            # A key was removed in an emergency: what it said is still held against the chain, and the next
            # checkpoint is by a key that is believed.
            _log.warning("audit.checkpoint_by_strange_key", chain=chain)
            checkpoint = strange.checkpoint
        except CheckpointRefused as refused:
            return msgspec.structs.replace(refused.broken, chain=chain)
        if checkpoint.chain != chain:
            return BrokenLink(chain=chain, sequence=0, why="its checkpoint is another chain's")
        return misses(checkpoint, await self._trail.hash_at(chain, checkpoint.sequence))

    async def _keep(self, head: Checkpoint, earlier: str | None) -> None:
        key = self._ring.signing()
        if earlier is not None and _says_already(earlier, head, key):
            return
        document = {"_id": head.chain, "sequence": head.sequence, "jws": sign_checkpoint(head, key)}
        # Another ticker may have signed a longer chain meanwhile: the upsert then collides with that.
        behind = {"_id": head.chain, "sequence": {"$lte": head.sequence}}
        try:
            await self._collection.replace_one(behind, document, upsert=True)
        except DuplicateKeyError:
            return
        # In the log as well, which somebody who can write the database cannot.
        _log.info("audit.checkpoint", chain=head.chain, sequence=head.sequence, head=head.hash)


def _says_already(text: str, head: Checkpoint, key: RingKey) -> bool:
    """Whether ``key`` has signed for this head before; a chain at rest is not signed over and over."""
    try:
        signed = read_checkpoint(text, lambda kid: key.public if kid == key.kid else None)
    except CheckpointRefused:
        return False
    return (signed.sequence, signed.hash) == (head.sequence, head.hash)


def _broken(checkpoint: Checkpoint, why: str) -> BrokenLink:
    return BrokenLink(chain=checkpoint.chain, sequence=checkpoint.sequence, why=why)
