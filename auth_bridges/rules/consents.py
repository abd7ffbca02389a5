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


def without(resident: Resident, purpose: ConsentPurpose) -> Resident:
    """``resident`` without the proofs that rest on ``purpose``.

    Name and number go with the last proof that needs them; a certificate or an office's register has them on
    other grounds.
    """
    left = tuple(proof for proof in resident.proofs if proof.method not in _RESTS[purpose])
    stays = any(proof.level.satisfies(AssuranceLevel.L2) for proof in left)
    if purpose is ConsentPurpose.FACE_CHECK or stays:
        return msgspec.structs.replace(resident, proofs=left)
    return msgspec.structs.replace(resident, proofs=left, holder=None, name=None, number=None)
