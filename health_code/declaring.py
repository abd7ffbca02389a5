"""A resident declares (健康信息申报, 行程申报): evidence like any other, from the source "resident".

What it weighs is the rules' to say, which see the source. A declaration is never taken back; a later one says
what is so now.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from health_code.models import StoredEvidence
from health_code.ports import Admit, Audit, Clock, PersonalData, TimedId
from health_code.refusals import EvidenceInvalid
from health_code.reporting import draft_of
from health_code.rules.divisions import check_division
from health_code.rules.evidence import Fact, Kind
from health_code.store import EvidenceStore
from miniapp_schemas.health_carried import Declaration, DeclareHealth, DeclareTravel

RESIDENT: Final = "resident"
_FEVER: Final = 37.3
_OLDEST: Final = timedelta(days=30)
_A_MINUTE: Final = 6
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Declaring:
    """Takes what residents say of themselves, or of whom they act for."""

    def __init__(
        self,
        *,
        evidence: EvidenceStore,
        personal: PersonalData,
        wake: Callable[[Sequence[str]], Awaitable[None]],
        admit: Admit,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        jurisdiction: str,
    ) -> None:
        self._evidence = evidence
        self._personal = personal
        self._wake = wake
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._timed_id = timed_id
        self._jurisdiction = jurisdiction

    async def health(self, subject: str, said: DeclareHealth, *, by: str, key: str) -> Declaration:
        """Record how somebody is now; the same (by, key) again is the same declaration."""
        facts: dict[str, Fact] = {
            "fever": said.temperature >= _FEVER,
            "symptoms": sorted(set(said.symptoms)),
        }
        return await self._declare(subject, Kind.DECLARED, self._clock(), facts, by=by, key=key)

    async def travel(self, subject: str, said: DeclareTravel, *, by: str, key: str) -> Declaration:
        """Record where somebody has been; a day that has not come, or is long gone, is refused."""
        now = self._clock()
        today = now.astimezone(_SHANGHAI).date()
        if said.left_on > today:
            raise EvidenceInvalid(why_zh="离开日期在将来", why_en="the last day there is in the future")
        if said.left_on < today - _OLDEST:
            raise EvidenceInvalid(why_zh="行程已逾三十天", why_en="it is more than thirty days ago")
        check_division(said.area)
        facts: dict[str, Fact] = {"area": said.area}
        if said.risk is not None:
            facts["risk"] = said.risk
        # Of a day of which no hour is told, noon; of today, now: what happens later has not happened.
        noon = datetime.combine(said.left_on, time(12), _SHANGHAI).astimezone(now.tzinfo)
        return await self._declare(subject, Kind.AREA_STAY, min(noon, now), facts, by=by, key=key)

    async def _declare(
        self, subject: str, kind: Kind, occurred_at: datetime, facts: dict[str, Fact], *, by: str, key: str
    ) -> Declaration:
        await self._admit("health-declare", subject, per_minute=_A_MINUTE, burst=_A_MINUTE)
        now = self._clock()
        source_id = self._personal.pseudonym("declaration", f"{by} {subject} {key}")
        draft = draft_of(
            source=RESIDENT,
            source_id=source_id,
            subject=subject,
            kind=kind,
            jurisdiction=self._jurisdiction,
            occurred_at=occurred_at,
            expires_at=None,
            supersedes=None,
            void=False,
            facts=facts,
            personal=self._personal,
            now=now,
            evidence_id=self._timed_id(now),
        )
        kept = (await self._evidence.append(RESIDENT, [draft]))[source_id]
        await self._audit(
            "evidence.declared",
            at=now,
            actor=by,
            subject=subject,
            outcome="ok",
            facts={"evidence": kept.id, "kind": kind.value},
        )
        await self._wake([subject])
        return _told(kept)


def _told(kept: StoredEvidence) -> Declaration:
    return Declaration(
        evidence=kept.id,
        kind="AREA_STAY" if kept.kind is Kind.AREA_STAY else "DECLARED",
        occurred_at=kept.occurred_at,
        recorded_at=kept.recorded_at,
    )
