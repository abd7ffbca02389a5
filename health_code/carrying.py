"""A resident brings a certificate of another place (互认): what it proves becomes evidence.

The resident carries the data. What is signed is believed by its signature, and nobody asks the issuer for
it; of what is not, the issuer is asked for a salted hash and nothing else crosses. A certificate counts for
whom it was made out to: its birth date must be the resident's, and its name wherever the two are in one
script. What it says is shown with its source and its age; whether anything follows from it, a red one or a
stale one among them, is for the rules.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from health_code.codec.carried import PREFIX, CarriedCode, open_carried
from health_code.codec.certificates import Checked, Malformed, Unreadable, Verdict
from health_code.models import StoredEvidence
from health_code.ports import Admit, Audit, Clock, Issuers, PersonalData, TimedId
from health_code.refusals import CertificateIssuerAway, CertificateNotBelieved, CertificateOfAnother
from health_code.reporting import Wake, draft_of
from health_code.rules.evidence import Evidence, Kind
from health_code.rules.recognition import FRESH_CERTIFICATE, evidence_of, evidence_of_carried
from health_code.rules.same_person import Holder, Match, matched
from health_code.store import EvidenceStore
from miniapp_schemas.health_code import CarriedCertificate, CarriedStatement

_PER_MINUTE: Final = 10
_ZONE: Final = ZoneInfo("Asia/Shanghai")


class _Believed(Struct, frozen=True, kw_only=True):
    """A certificate that holds and is the resident's, whatever its format."""

    format: str
    issuer: str
    issued_at: datetime | None
    expires_at: datetime | None
    match: Match
    proved: tuple[Evidence, ...]


class Carrying:
    """Takes certificates residents bring."""

    def __init__(
        self,
        *,
        verify: Callable[[str, datetime], Checked],
        issuers: Issuers,
        evidence: EvidenceStore,
        identity: Callable[[str], Awaitable[Holder | None]],
        personal: PersonalData,
        wake: Wake,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        jurisdiction: str,
    ) -> None:
        self._verify = verify
        self._issuers = issuers
        self._evidence = evidence
        self._identity = identity
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
        believe = self._vouched if text.startswith(PREFIX) else self._signed
        try:
            believed = await believe(subject, text, now)
            kept = await self._keep(subject, believed, now)
        except CertificateNotBelieved as no:
            await self._audit("evidence.carried", at=now, actor=subject, outcome=str(no.facts["verdict"]))
            raise
        except (CertificateIssuerAway, CertificateOfAnother) as no:
            await self._audit("evidence.carried", at=now, actor=subject, outcome=no.code)
            raise
        await self._audit(
            "evidence.carried",
            at=now,
            actor=subject,
            outcome="ok",
            facts={"format": believed.format, "issuer": believed.issuer, "kept": str(len(kept))},
        )
        if kept:
            await self._wake([subject])
        return CarriedCertificate(
            format=believed.format,
            issuer=believed.issuer,
            issued_at=believed.issued_at,
            expires_at=believed.expires_at,
            statements=[
                CarriedStatement(
                    evidence=kept[each.key.source_id].id,
                    certificate=str(each.facts["certificate"]),
                    occurred_at=each.occurred_at,
                    stale=each.facts["stale"] is True,
                )
                for each in believed.proved
            ],
            matched=believed.match.value,
        )

    async def _signed(self, subject: str, text: str, now: datetime) -> _Believed:
        """By its signature."""
        checked = self._verify(text, now)
        if not checked.valid or checked.content is None:
            raise CertificateNotBelieved(verdict=checked.verdict.value)
        said = checked.content.subject
        return _Believed(
            format=str(checked.format),
            issuer=checked.issuer or "",
            issued_at=checked.issued_at,
            expires_at=checked.expires_at,
            match=await self._match(subject, said.name, said.birth_date or ""),
            proved=evidence_of(
                checked,
                jurisdiction=self._jurisdiction,
                zone=_ZONE,
                recorded_at=now,
                fresh_for=FRESH_CERTIFICATE,
            ),
        )

    async def _vouched(self, subject: str, text: str, now: datetime) -> _Believed:
        """By its issuer, who is asked for its salted hash once all else is in order."""
        try:
            code = open_carried(text)
        except Unreadable:
            raise CertificateNotBelieved(verdict=Verdict.UNREADABLE.value) from None
        except Malformed:
            raise CertificateNotBelieved(verdict=Verdict.MALFORMED.value) from None
        said = code.content
        called = self._issuers.called(code.issuer)
        if called is None:
            raise CertificateNotBelieved(verdict=Verdict.WRONG_ISSUER.value)
        if not said.issued_at <= now < said.expires_at:
            wrong = Verdict.EXPIRED if said.issued_at <= now else Verdict.NOT_YET_VALID
            raise CertificateNotBelieved(verdict=wrong.value)
        match = await self._match(subject, said.name, said.birth_date.isoformat())
        await self._ask(code)
        issuer, area = called
        proved = evidence_of_carried(
            code, issuer=issuer, area=area, jurisdiction=self._jurisdiction, recorded_at=now
        )
        return _Believed(
            format="hz1",
            issuer=issuer,
            issued_at=said.issued_at,
            expires_at=said.expires_at,
            match=match,
            proved=(proved,),
        )

    async def _ask(self, code: CarriedCode) -> None:
        try:
            standing = await self._issuers.standing(code.issuer, code.digest)
        except ConnectionError:
            raise CertificateIssuerAway from None
        if standing != "ISSUED":
            wrong = Verdict.REVOKED if standing == "REVOKED" else Verdict.BAD_SIGNATURE
            raise CertificateNotBelieved(verdict=wrong.value)

    async def _match(self, subject: str, name: str, birth_date: str) -> Match:
        resident = await self._identity(subject)
        match = None if resident is None else matched(resident, name, birth_date)
        if match is None:
            raise CertificateOfAnother
        return match

    async def _keep(self, subject: str, believed: _Believed, now: datetime) -> Mapping[str, StoredEvidence]:
        kept: dict[str, StoredEvidence] = {}
        for each in believed.proved:
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
                facts={name: value for name, value in each.facts.items() if name != "stale"}
                | {"matched": believed.match.value},
                personal=self._personal,
                now=now,
                evidence_id=self._timed_id(now),
            )
            kept |= await self._evidence.append(each.key.source, [draft])
        if any(stored.subject != subject for stored in kept.values()):
            raise CertificateOfAnother
        return kept
