"""How surely we know who somebody is."""

from enum import StrEnum
from typing import Final


class AssuranceLevel(StrEnum):
    """Real-name level (实名等级) of a session, weakest first.

    ``L0`` a provider's word only; ``L1`` a bound phone; ``L2`` name and ID number agree (可信等级三级);
    ``L3`` person, name and ID number agree (四级); ``L3C`` a certificate or a counter (五级).
    """

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L3C = "L3C"

    def satisfies(self, needed: "AssuranceLevel") -> bool:
        """Whether this level is at least ``needed``."""
        return _RANK[self] >= _RANK[needed]

    @property
    def trust_grade(self) -> int | None:
        """The grade (可信等级, two to five) it is shown as; None below the second."""
        return {"L1": 2, "L2": 3, "L3": 4, "L3C": 5}.get(self.value)


_RANK: Final = {level: rank for rank, level in enumerate(AssuranceLevel)}
