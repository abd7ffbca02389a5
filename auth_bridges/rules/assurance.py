"""Real-name levels (实名等级): which one a resident's proofs add up to."""

from collections.abc import Iterable

from auth_bridges.models import Audience, Grant, Proof, Resident
from miniapp_schemas.assurance import AssuranceLevel

RESIDENT_SCOPES = frozenset({"wallet:read", "wallet:show"})
"""What every resident may do with what is theirs; how sure we must be is each route's to say."""


def level_of(proofs: Iterable[Proof]) -> AssuranceLevel:
    """The strongest level proved; ``L0`` where a provider's word is all there is."""
    proved = {proof.level for proof in proofs}
    return next((level for level in reversed(AssuranceLevel) if level in proved), AssuranceLevel.L0)


def with_proof(proofs: tuple[Proof, ...], new: Proof) -> tuple[Proof, ...]:
    """``proofs`` and ``new``, unless the same source already proved the same level the same way."""
    if any((old.level, old.method, old.source) == (new.level, new.method, new.source) for old in proofs):
        return proofs
    return (*proofs, new)


def as_themselves(resident: Resident, *, session: str, client: str) -> Grant:
    """What a token says of ``resident`` in their own name."""
    return Grant(
        audience=Audience.RESIDENT,
        subject=resident.id,
        session=session,
        client=client,
        assurance=resident.assurance,
        scopes=RESIDENT_SCOPES,
        holder=resident.holder if resident.assurance.satisfies(AssuranceLevel.L2) else None,
    )
