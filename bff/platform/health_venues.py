"""Venue codes, wired: their stores, their keys, what is counted, and what signs a proof of purge."""

from collections.abc import Awaitable, Callable
from typing import Final

import jwt
from prometheus_client import Counter

from auth_bridges.ports import Chance, Clock
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.keys import KeyRing
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from health_code.checkin_log import CheckInBook
from health_code.codec.subject_ref import SubjectRefs
from health_code.codec.venue_code import VenueCodes
from health_code.models import Snapshot
from health_code.ports import Admit
from health_code.rules.venues import Retention
from health_code.settings import HealthSettings
from health_code.showing import Showing
from health_code.store.checkins import CheckInLog, DayKeyStore, PurgeStore
from health_code.store.exposures import ExposureStore
from health_code.store.venues import CheckInStream, VenueStore
from health_code.tracing import Tracing
from health_code.venues import Venues

_refused = Counter("suishen_venue_refusals", "Venue codes refused, by the refusal's code", ["code"])
_alarms = Counter("suishen_venue_alarms", "Alarms: many people refused at one venue within minutes")
_jws: Final = jwt.PyJWS(algorithms=["ES256"])


class VenueMeter:
    """Counts for the operators' metrics."""

    def refused(self, code: str) -> None:
        """A code was refused."""
        _refused.labels(code).inc()

    def alarmed(self) -> None:
        """An alarm was raised."""
        _alarms.inc()


class VenueParts:
    """Everything of venue codes that a process needs. Of evidence and colours it is given one reading."""

    def __init__(
        self,
        *,
        mongo: Database,
        run: ScriptRunner,
        snapshot: Callable[[str], Awaitable[Snapshot | None]],
        showing: Showing,
        personal: IdNumbers,
        recorder: AuditRecorder,
        admit: Admit,
        clock: Clock,
        chance: Chance,
        ring: KeyRing,
        settings: HealthSettings,
    ) -> None:
        self._ring = ring
        self._log = CheckInLog(mongo["health_checkins"])
        self._venues = VenueStore(mongo["health_venues"], run)
        self._queries = ExposureStore(mongo["health_exposure_queries"])
        retention = Retention(default=settings.checkin_days, by_division=settings.checkin_days_by_division)
        self.book = CheckInBook(
            log=self._log,
            keys=DayKeyStore(mongo["health_checkin_keys"]),
            purges=PurgeStore(mongo["health_checkin_purges"]),
            personal=personal,
            retention=retention,
            sign=self._sign,
            audit=recorder.record,
            clock=clock,
            chance=chance,
        )
        self.venues = Venues(
            venues=self._venues,
            stream=CheckInStream(run),
            snapshot=snapshot,
            showing=showing,
            codes=VenueCodes(personal.secret("venue-code")),
            personal=personal,
            admit=admit,
            audit=recorder.record,
            meter=VenueMeter(),
            clock=clock,
            timed_id=timed_id,
            settings=settings,
        )
        self.tracing = Tracing(
            queries=self._queries,
            venues=self._venues,
            book=self.book,
            refs=SubjectRefs(personal.secret("exposure-ref")),
            retention=retention,
            audit=recorder.record,
            clock=clock,
            chance=chance,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self._venues, self._log, self._queries):
            await store.ensure_indexes()

    def _sign(self, kind: str, payload: bytes) -> str:
        key = self._ring.signing()
        return _jws.encode(payload, key.private, "ES256", headers={"typ": kind, "kid": key.kid})
