"""Where the health code keeps things."""

from health_code.store.evidence import EvidenceStore
from health_code.store.families import FamilyStore
from health_code.store.papers import PaperStore
from health_code.store.rule_sets import RuleSetStore
from health_code.store.scans import ScanStore
from health_code.store.snapshots import SnapshotStore
from health_code.store.sources import SourceStore
from health_code.store.states import StateStore

__all__ = [
    "EvidenceStore",
    "FamilyStore",
    "PaperStore",
    "RuleSetStore",
    "ScanStore",
    "SnapshotStore",
    "SourceStore",
    "StateStore",
]
