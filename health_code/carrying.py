"""A resident brings a certificate of another place (互认): what it proves becomes evidence.

The resident carries the data; nobody here asks the issuer for it. A certificate counts for whom it was made
out to: it names a birth date, and that must be the resident's. What it says is shown with its source and its
age; whether anything follows from it, a red one or a stale one among them, is for the rules.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from health_code.codec.certificates import Checked
from health_code.models import StoredEvidence
from health_code.ports import Admit, Audit, Clock, PersonalData, TimedId
from health_code.refusals import CertificateNotBelieved, CertificateOfAnother
from health_code.reporting import Wake, draft_of
from health_code.rules.evidence import Kind
from health_code.rules.recognition import FRESH_CERTIFICATE, evidence_of
from health_code.store import EvidenceStore
from miniapp_schemas.health_code import CarriedCertificate, CarriedStatement

_PER_MINUTE: Final = 10
_ZONE: Final = ZoneInfo("Asia/Shanghai")


class Carrying:
    """Takes certificates residents bring."""

    def __init__(
        self,
        *,
        verify: Callable[[str, datetime], Checked],
        evidence: EvidenceStore,
        birth_date: Callable[[str], Awaitable[date | None]],
        personal: PersonalData,
        wake: Wake,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        jurisdiction: str,
    ) -> None:
        self._verify = verify
        self._evidence = evidence
        self._birth_date = birth_date
        self._personal = personal
        self._wake = wake
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._timed_id = timed_id
        self._jurisdiction = jurisdiction

    async def bring(self, subject: str, text: str) -> CarriedCertificate:
        """Keep what the certificate proves of ``subject``, or refuse it; brought again it is the same."""
        await self._admit("health-certificate", subject, per_minute=_PER_MINUTE, burst=_PER_MINUTE)
        now = self._clock()
        checked = self._verify(text, now)
        if not checked.valid or checked.content is None:
            await self._refused(subject, checked.verdict.value)
            raise CertificateNotBelieved(verdict=checked.verdict.value)
        born = await self._birth_date(subject)
        if born is None or checked.content.subject.birth_date != born.isoformat():
            await self._refused(subject, CertificateOfAnother.code)
            raise CertificateOfAnother
        proved = evidence_of(
            checked, jurisdiction=self._jurisdiction, zone=_ZONE, recorded_at=now, fresh_for=FRESH_CERTIFICATE
        )
        kept: dict[str, StoredEvidence] = {}
        for each in proved:
            # One certificate may be brought by one person only; who brings it first has it.
            draft = draft_of(
                source=each.key.source,
                source_id=each.key.source_id,
                subject=subject,
                kind=Kind.FOREIGN_CERT,
                jurisdiction=each.jurisdiction,
                occurred_at=each.occurred_at,
                expires_at=each.expires_at,
                supersedes=None,
                void=False,
                facts={name: value for name, value in each.facts.items() if name != "stale"},
                personal=self._personal,
                now=now,
                evidence_id=self._timed_id(now),
            )
            kept |= await self._evidence.append(each.key.source, [draft])
        if any(stored.subject != subject for stored in kept.values()):
            await self._refused(subject, CertificateOfAnother.code)
            raise CertificateOfAnother
        await self._audit(
            "evidence.carried",
            at=now,
            actor=subject,
            outcome="ok",
            facts={"format": str(checked.format), "issuer": checked.issuer or "", "kept": str(len(kept))},
        )
        if kept:
            await self._wake([subject])
        return CarriedCertificate(
            format=str(checked.format),
            issuer=checked.issuer or "",
            issued_at=checked.issued_at,
            expires_at=checked.expires_at,
            statements=[
                CarriedStatement(
                    evidence=kept[each.key.source_id].id,
                    certificate=str(each.facts["certificate"]),
                    occurred_at=each.occurred_at,
                    stale=each.facts["stale"] is True,
                )
                for each in proved
            ],
        )

    async def _refused(self, subject: str, why: str) -> None:
        await self._audit("evidence.carried", at=self._clock(), actor=subject, outcome=why)
