"""Real-name levels (实名等级): which one a resident's proofs add up to, and for how long each counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from auth_bridges.models import Audience, Grant, Proof, Resident, StoredSession
from miniapp_schemas.assurance import AssuranceLevel

RESIDENT_SCOPES = frozenset({"health:show", "wallet:read", "wallet:show"})
"""What every resident may do with what is theirs; how sure we must be is each route's to say."""

Lives = Mapping[AssuranceLevel, timedelta]
"""How long a proof of a level counts."""


def holds(proof: Proof, now: datetime) -> bool:
    """Whether ``proof`` still counts."""
    return proof.expires_at is None or now < proof.expires_at


def level_of(proofs: Iterable[Proof], now: datetime) -> AssuranceLevel:
    """The strongest level that is proved now; ``L0`` where a provider's word is all there is."""
    strongest = AssuranceLevel.L0
    for proof in proofs:
        if holds(proof, now) and proof.level.satisfies(strongest):
            strongest = proof.level
    return strongest


def proof_of(
    level: AssuranceLevel,
    *,
    method: str,
    source: str,
    at: datetime,
    lives: Lives,
    until: datetime | None = None,
    of_age: bool = False,
) -> Proof:
    """A proof made ``at`` that counts as long as its level's do, and not beyond ``until``.

    One of no level needs no end. ``of_age``: whoever made it was seen to need no guardian for it.
    """
    life = lives.get(level)
    ends = [end for end in (None if life is None else at + life, until) if end is not None]
    expires_at = min(ends, default=None)
    return Proof(level=level, method=method, source=source, at=at, expires_at=expires_at, of_age=of_age)


def renewed(proofs: tuple[Proof, ...], new: Proof) -> tuple[Proof, ...]:
    """``proofs`` with ``new`` for what the same source proved before at that level in the same way."""
    kept = (old for old in proofs if _kind(old) != _kind(new))
    return (*kept, new)


def with_proof(proofs: tuple[Proof, ...], new: Proof) -> tuple[Proof, ...]:
    """``proofs`` and ``new``, unless the same source proved the same in the same way and it still counts."""
    if any(_kind(old) == _kind(new) and holds(old, new.at) for old in proofs):
        return proofs
    return renewed(proofs, new)


def _kind(proof: Proof) -> tuple[AssuranceLevel, str, str]:
    return proof.level, proof.method, proof.source


def as_themselves(resident: Resident, session: StoredSession, *, assurance: AssuranceLevel) -> Grant:
    """What a token says of ``resident``, who is at ``assurance`` now, in their own name."""
    return Grant(
        audience=Audience.RESIDENT,
        subject=resident.id,
        session=session.sid,
        client=session.client,
        assurance=assurance,
        scopes=RESIDENT_SCOPES,
        holder=resident.holder if assurance.satisfies(AssuranceLevel.L2) else None,
        auth_time=session.started_at,
        methods=frozenset(session.methods),
    )
