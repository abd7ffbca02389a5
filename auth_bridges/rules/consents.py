"""What rests on a consent, and is gone when it is withdrawn (PIPL Art. 15, 47)."""

from collections.abc import Mapping
from typing import Final

import msgspec

from auth_bridges.models import ConsentPurpose, Resident
from miniapp_schemas.assurance import AssuranceLevel

_RESTS: Final[Mapping[ConsentPurpose, frozenset[str]]] = {
    # A face is compared with the name and the number.
    ConsentPurpose.REAL_NAME: frozenset({"two-elements", "face"}),
    ConsentPurpose.FACE_CHECK: frozenset({"face"}),
}

_OWN_WORD: Final = _RESTS[ConsentPurpose.REAL_NAME] | {"legal-person-certificate"}
"""How people prove a level by themselves; an office registers without being asked to by them."""


def without(resident: Resident, purpose: ConsentPurpose) -> Resident:
    """``resident`` without the proofs that rest on ``purpose``.

    Name and number go with the last proof that needs them; a certificate or an office's register has them on
    other grounds.
    """
    left = _left(resident, _RESTS[purpose])
    return left if purpose is ConsentPurpose.FACE_CHECK else _nameless(left)


def of_a_child(resident: Resident) -> Resident:
    """``resident`` without what rests on their own word, for who is too young to give it (Art. 31)."""
    return _nameless(_left(resident, _OWN_WORD))


def unseen(resident: Resident) -> bool:
    """Whether ``resident`` proved something by themselves, and nobody looked how old they were."""
    return any(proof.method in _OWN_WORD and not proof.of_age for proof in resident.proofs)


def seen_of_age(resident: Resident) -> Resident:
    """``resident``, of whom it is known that they needed no guardian."""
    proofs = (
        msgspec.structs.replace(proof, of_age=True) if proof.method in _OWN_WORD else proof
        for proof in resident.proofs
    )
    return msgspec.structs.replace(resident, proofs=tuple(proofs))


def _left(resident: Resident, methods: frozenset[str]) -> Resident:
    left = tuple(proof for proof in resident.proofs if proof.method not in methods)
    return msgspec.structs.replace(resident, proofs=left)


def _nameless(resident: Resident) -> Resident:
    """Without name and number, unless a proof needs them."""
    if any(proof.level.satisfies(AssuranceLevel.L2) for proof in resident.proofs):
        return resident
    return msgspec.structs.replace(resident, holder=None, name=None, number=None)
