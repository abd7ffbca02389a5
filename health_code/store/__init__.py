"""Where the health code keeps things."""

from health_code.store.appeals import AppealStore
from health_code.store.evidence import EvidenceStore
from health_code.store.families import FamilyStore
from health_code.store.lease import Lease
from health_code.store.manual import ManualStore
from health_code.store.papers import PaperStore
from health_code.store.retired import EndingStore, RetiringStore
from health_code.store.rule_sets import RuleSetStore
from health_code.store.scans import ScanStore
from health_code.store.snapshots import SnapshotStore
from health_code.store.sources import SourceStore
from health_code.store.states import StateStore
from health_code.store.statistics import StatisticsStore

__all__ = [
    "AppealStore",
    "EndingStore",
    "EvidenceStore",
    "FamilyStore",
    "Lease",
    "ManualStore",
    "PaperStore",
    "RetiringStore",
    "RuleSetStore",
    "ScanStore",
    "SnapshotStore",
    "SourceStore",
    "StateStore",
    "StatisticsStore",
]
