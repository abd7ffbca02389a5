"""Purposes (用途): why anything is kept, and everywhere it lies. What has served it is destroyed whole.

A place in MongoDB is a collection, or the part of it that ``where`` finds; a name that ends in ``*`` stands
for every collection that begins so. A place in Redis is a pattern of keys. What proves a destruction, the
rule sets and the audit trail (which knows people by keyed hashes alone) serve no purpose of this kind.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

ENTERED_BY_HAND: Final = "suishen:manual"
KEPT: Final = frozenset({"health_rule_sets", "health_retirements", "health_checkin_purges", "health_ended"})
"""Collections that no purpose covers: law, proofs, and that evidence was destroyed."""


EVIDENCE: Final = "health_evidence"
CHAINS: Final = "health_chains"


class Place(Struct, frozen=True):
    """Where in MongoDB something lies."""

    collection: str
    where: Mapping[str, Any] = MappingProxyType({})

    @property
    def name(self) -> str:
        """The place, for who reads a proof."""
        fields = ",".join(sorted(self.where))
        return f"mongodb:{self.collection}" + (f"[{fields}]" if fields else "")


class Purpose(Struct, frozen=True, kw_only=True):
    """One purpose: its places, in the order in which they are emptied.

    ``judged_by`` says by which evidence codes were judged that have to be judged anew without it; ``ends``,
    that nothing is left to judge anybody by.
    """

    places: tuple[Place, ...]
    keys: tuple[str, ...] = ()
    judged_by: str | None = None
    ends: bool = False


def _answers(errand: str) -> Place:
    return Place("idempotency", {"_id": {"$regex": f"^{errand}:"}})


def _notices(*kinds: str) -> tuple[Place, ...]:
    some = {"$in": list(kinds)}
    return (
        Place("push_outbox", {"template": some}),
        Place("push_inbox", {"template": some}),
        Place("account_notices", {"kind": some}),
    )


PURPOSES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        "venue-log": Purpose(
            # The keys first: without them the log cannot be read, whatever happens next.
            places=(
                Place("health_checkin_keys"),
                Place("health_checkins"),
                Place("health_exposure_queries"),
            ),
            keys=("health:{checkins-*",),
        ),
        "evidence": Purpose(
            places=(
                Place(CHAINS),
                Place(EVIDENCE),
                Place("health_sources"),
                Place("health_states"),
                Place("health_changes"),
                Place("health_statistics"),
                *_notices("health_code_changed"),
            ),
            keys=("health:snapshot:*", "health:handle:*", "health:seen:*", "{health}:evidence"),
            ends=True,
        ),
        # What corrects evidence is evidence: without it what was wrong would count again.
        "appeals": Purpose(
            places=(
                Place("health_appeal_files"),
                Place("health_appeals"),
                _answers("health-appeals"),
                *_notices("health_appeal_moved"),
            ),
        ),
        "manual": Purpose(
            places=(
                Place(CHAINS, {"_id": ENTERED_BY_HAND}),
                Place(EVIDENCE, {"source": ENTERED_BY_HAND}),
                Place("health_manual"),
                Place("health_manual_cohorts"),
                Place("health_manual_alarms"),
                _answers("health-manual"),
                *_notices("health_evidence_by_hand", "health_evidence_withdrawn"),
            ),
            judged_by=ENTERED_BY_HAND,
        ),
        "all": Purpose(
            places=(
                Place("health_*"),
                _answers("health-(appeals|manual)"),
                Place("push_outbox", {"topic": "health"}),
                Place("push_inbox", {"topic": "health"}),
                Place("account_notices", {"kind": {"$regex": "^health_"}}),
            ),
            keys=("health:*", "{health*"),
            ends=True,
        ),
    }
)
