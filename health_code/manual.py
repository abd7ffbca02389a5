"""Evidence entered by hand (人工录入): the other way in which anything about a person changes.

    proposed by one  →  counted with the cohort of its reason  →  confirmed by another of another side
                     →  due  →  evidence recorded, its holder told, judged

A confirmation that makes a cohort is held until a third person releases it, and an alarm is raised. What is
confirmed and not recorded, because somebody died in between, is recorded by whoever settles next.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from health_code.models import ManualEntry, Person, StoredEvidence
from health_code.ports import Audit, Clock, People, PersonalData, TimedId
from health_code.reasons import ManualReason
from health_code.refusals import ManualEntryInvalid, ManualEntryNotOpen, ManualEntryUnknown
from health_code.reporting import Wake, draft_of
from health_code.rules import two_people
from health_code.rules.divisions import check_division
from health_code.rules.evidence import Kind
from health_code.rules.manual import ManualState, ManualStep, after, check_expiry
from health_code.rules.purposes import ENTERED_BY_HAND
from health_code.settings import HealthSettings
from health_code.store import EvidenceStore, ManualStore
from health_code.views import page_of
from miniapp_schemas.base import Page, Text
from miniapp_schemas.health_manual import (
    CohortAlarmInfo,
    ManualAbout,
    ManualInfo,
    ManualReasonInfo,
    ProposeManual,
)

SOURCE: Final = ENTERED_BY_HAND
"""No registered source can have this name: theirs have no colon."""
_LONG_AGO: Final = timedelta(seconds=5)
_AT_ONCE: Final = 500

CohortAlarmed = Callable[[str, int], None]


class ManualEvidence:
    """Proposes, confirms, holds, releases and takes back; no step of it is one person's alone."""

    def __init__(
        self,
        *,
        entries: ManualStore,
        evidence: EvidenceStore,
        people: People,
        personal: PersonalData,
        reasons: Mapping[str, ManualReason],
        valid_number: Callable[[str], bool],
        wake: Wake,
        alarmed: CohortAlarmed,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        settings: HealthSettings,
    ) -> None:
        self._entries = entries
        self._evidence = evidence
        self._people = people
        self._personal = personal
        self._reasons = reasons
        self._valid_number = valid_number
        self._wake = wake
        self._alarmed = alarmed
        self._audit = audit
        self._clock = clock
        self._timed_id = timed_id
        self._cohort = settings.manual_cohort_people
        self._within = timedelta(hours=settings.manual_cohort_hours)
        self._waits = timedelta(hours=settings.manual_lapse_hours)

    def reasons(self) -> list[ManualReasonInfo]:
        """The table of reasons."""
        return [
            ManualReasonInfo(code=each.code, text=Text(zh=each.zh, en=each.en), max_days=each.max_days)
            for each in self._reasons.values()
        ]

    async def propose(self, person: Person, said: ProposeManual) -> ManualInfo:
        """Propose evidence. It counts for nothing until somebody of another organisation confirms it."""
        now = self._clock()
        reason = self._reasons.get(said.reason)
        if reason is None:
            raise ManualEntryInvalid(why_zh="没有登记此原因", why_en="there is no such reason")
        if not person.organisation:
            raise ManualEntryInvalid(why_zh="录入人不属于任何单位", why_en="you act for no organisation")
        if not self._valid_number(said.id_number):
            raise ManualEntryInvalid(why_zh="身份号码有误", why_en="the ID number is wrong")
        check_division(said.jurisdiction)
        check_expiry(reason, expires_at=said.expires_at, now=now)
        entry_id = self._timed_id(now)
        entry = ManualEntry(
            id=entry_id,
            subject=self._personal.hash(said.id_number),
            reason=reason.code,
            jurisdiction=said.jurisdiction,
            case_id=said.case_id,
            note=self._personal.seal(said.note.encode(), _note(entry_id)),
            expires_at=said.expires_at,
            state=ManualState.PROPOSED,
            since=now,
            version=1,
            proposed_by=person,
            proposed_at=now,
            lapses_at=now + self._waits,
        )
        await self._record("manual.proposed", person, entry, now)
        await self._entries.add(entry)
        # Counted when it is wanted, and again when it is agreed to: of a crowd that is proposed first and
        # confirmed later, nobody gets through.
        await self._count(entry, now)
        return self._info(entry)

    async def confirm(self, person: Person, entry_id: str) -> ManualInfo:
        """Confirm what somebody of another organisation proposed; held where its reason hit a cohort."""
        entry = await self._entry(entry_id)
        if entry.confirmed_by is not None and entry.confirmed_by.id == person.id:
            return self._info(entry)  # said again because the answer was lost
        two_people.agree(entry.proposed_by, person)
        now = self._clock()
        after(entry.state, ManualStep.CONFIRM, lapses_at=entry.lapses_at, now=now)
        crowd = await self._count(entry, now) >= self._cohort
        step = ManualStep.HOLD if crowd else ManualStep.CONFIRM
        changes: dict[str, Any] = {"confirmed_by": person}
        if crowd:
            changes["lapses_at"] = now + self._waits
        else:
            changes |= {"confirmed_at": now, "due": True}
        return await self._go(person, entry, step, now, changes)

    async def release(self, person: Person, entry_id: str) -> ManualInfo:
        """Let through what was held, as a third person and not of the side that proposed it."""
        entry = await self._entry(entry_id)
        if entry.released_by is not None and entry.released_by.id == person.id:
            return self._info(entry)
        if entry.confirmed_by is None:
            raise ManualEntryNotOpen(state=entry.state.value)
        two_people.release(entry.proposed_by, entry.confirmed_by, person)
        now = self._clock()
        changes = {"released_by": person, "confirmed_at": now, "due": True}
        return await self._go(person, entry, ManualStep.RELEASE, now, changes)

    async def decline(self, person: Person, entry_id: str) -> ManualInfo:
        """End what was proposed or held. One person may: no colour follows from it."""
        entry = await self._entry(entry_id)
        return await self._go(person, entry, ManualStep.DECLINE, self._clock(), {})

    async def ask_withdrawal(self, person: Person, entry_id: str) -> ManualInfo:
        """Want evidence taken back; somebody of another organisation has to agree."""
        entry = await self._entry(entry_id)
        changes = {"withdrawal_by": person}
        return await self._go(person, entry, ManualStep.ASK_WITHDRAWAL, self._clock(), changes)

    async def withdraw(self, person: Person, entry_id: str) -> ManualInfo:
        """Take evidence back, as somebody of another organisation wants it."""
        entry = await self._entry(entry_id)
        if entry.withdrawn_by is not None and entry.withdrawn_by.id == person.id:
            return self._info(entry)
        if entry.withdrawal_by is None:
            raise ManualEntryNotOpen(state=entry.state.value)
        two_people.agree(entry.withdrawal_by, person)
        changes = {"withdrawn_by": person, "due": True}
        return await self._go(person, entry, ManualStep.WITHDRAW, self._clock(), changes)

    async def keep(self, person: Person, entry_id: str) -> ManualInfo:
        """Leave evidence as it is though somebody wanted it taken back."""
        entry = await self._entry(entry_id)
        return await self._go(person, entry, ManualStep.KEEP, self._clock(), {"withdrawal_by": None})

    async def read(self, entry_id: str) -> ManualInfo:
        """One entry."""
        return self._info(await self._entry(entry_id))

    async def listed(self, state: str | None, *, before: str | None, limit: int) -> Page[ManualInfo]:
        """Entries, newest first."""
        found = await self._entries.listed(state, before=before, limit=limit + 1)
        return page_of([self._info(entry) for entry in found[:limit]], [entry.id for entry in found], limit)

    async def about(self, subject: str, *, before: str | None, limit: int) -> Page[ManualAbout]:
        """What was entered by hand about ``subject``, as they may read it: also who did it."""
        found = await self._entries.about(subject, before=before, limit=limit + 1)
        return page_of([self._about(entry) for entry in found[:limit]], [entry.id for entry in found], limit)

    async def alarms(self, *, before: str | None, limit: int) -> Page[CohortAlarmInfo]:
        """Every reason that hit a cohort, newest first."""
        found = await self._entries.alarms(before=before, limit=limit + 1)
        items = [
            CohortAlarmInfo(
                reason=alarm.reason,
                text=self._text(alarm.reason),
                people=alarm.people,
                raised_at=alarm.raised_at,
                latest_at=alarm.latest_at,
            )
            for alarm in found[:limit]
        ]
        return page_of(items, [alarm.id for alarm in found], limit)

    async def settle(self) -> int:
        """Record what a dead process confirmed and left, and let lapse what nobody agreed to."""
        now = self._clock()
        due = await self._entries.due(before=now - _LONG_AGO, limit=_AT_ONCE)
        for entry in due:
            await self._finish(entry)
        for entry in await self._entries.lapsed(at=now, limit=_AT_ONCE):
            await self._advance(entry, ManualStep.LAPSE, now, {})
        return len(due)

    # --- one step -----------------------------------------------------------------------------------

    async def _go(
        self, person: Person, entry: ManualEntry, step: ManualStep, now: datetime, changes: dict[str, Any]
    ) -> ManualInfo:
        after(entry.state, step, lapses_at=entry.lapses_at, now=now)
        # Before it is so: what nobody can account for must not be.
        await self._record(f"manual.{step.value.replace(' ', '_')}", person, entry, now)
        advanced = await self._advance(entry, step, now, changes)
        if advanced is None:
            there = await self._entry(entry.id)
            raise ManualEntryNotOpen(state=there.state.value)
        return self._info(await self._finish(advanced) if advanced.due else advanced)

    async def _advance(
        self, entry: ManualEntry, step: ManualStep, now: datetime, changes: dict[str, Any]
    ) -> ManualEntry | None:
        state = after(entry.state, step, lapses_at=entry.lapses_at, now=now)
        advanced = msgspec.structs.replace(
            entry, state=state, since=now, version=entry.version + 1, **changes
        )
        return advanced if await self._entries.advance(advanced) else None

    async def _finish(self, entry: ManualEntry) -> ManualEntry:
        """Record the evidence that follows from ``entry``; done again it is the same evidence."""
        drafts = [self._draft(entry, void=False)]
        if entry.state is ManualState.WITHDRAWN:
            drafts.append(self._draft(entry, void=True))
        kept = await self._evidence.append(SOURCE, drafts)
        ids = [kept[draft.source_id].id for draft in drafts]
        correction = ids[1] if len(ids) > 1 else None
        await self._people.hear(entry.subject, entry.id, withdrawn=correction is not None, at=entry.since)
        await self._entries.recorded(entry, evidence=ids[0], correction=correction)
        await self._wake([entry.subject])
        return msgspec.structs.replace(entry, evidence=ids[0], correction=correction, due=False)

    def _draft(self, entry: ManualEntry, *, void: bool) -> StoredEvidence:
        now = self._clock()
        return draft_of(
            source=SOURCE,
            source_id=f"{entry.id}:withdrawn" if void else entry.id,
            subject=entry.subject,
            kind=Kind.MANUAL,
            jurisdiction=entry.jurisdiction,
            occurred_at=entry.confirmed_at or entry.proposed_at,
            expires_at=entry.expires_at,
            supersedes=(SOURCE, entry.id) if void else None,
            void=void,
            facts={"reason": entry.reason},
            personal=self._personal,
            now=now,
            evidence_id=self._timed_id(now),
        )

    async def _count(self, entry: ManualEntry, now: datetime) -> int:
        people = await self._entries.count(entry.reason, entry.subject, at=now, within=self._within)
        if people >= self._cohort:
            if await self._entries.alarm(entry.reason, people=people, at=now):
                await self._audit(
                    "manual.cohort",
                    at=now,
                    actor="rules",
                    outcome="alarm",
                    facts={"reason": entry.reason, "people": str(people)},
                )
            self._alarmed(entry.reason, people)
        return people

    async def _entry(self, entry_id: str) -> ManualEntry:
        entry = await self._entries.get(entry_id)
        if entry is None:
            raise ManualEntryUnknown
        return entry

    async def _record(self, kind: str, person: Person, entry: ManualEntry, now: datetime) -> None:
        await self._audit(
            kind,
            at=now,
            actor=person.id,
            subject=entry.subject,
            outcome="ok",
            facts={
                "entry": entry.id,
                "reason": entry.reason,
                "case": entry.case_id,
                "organisation": person.organisation,
            },
        )

    def _text(self, code: str) -> Text:
        reason = self._reasons.get(code)
        return Text(zh=code, en=code) if reason is None else Text(zh=reason.zh, en=reason.en)

    def _info(self, entry: ManualEntry) -> ManualInfo:
        return ManualInfo(
            id=entry.id,
            state=entry.state.value,
            reason=entry.reason,
            text=self._text(entry.reason),
            case_id=entry.case_id,
            note=self._personal.open(entry.note, _note(entry.id)).decode(),
            jurisdiction=entry.jurisdiction,
            expires_at=entry.expires_at,
            proposed_by=entry.proposed_by.organisation_name,
            proposed_at=entry.proposed_at,
            lapses_at=entry.lapses_at,
            confirmed_by=_name(entry.confirmed_by),
            released_by=_name(entry.released_by),
            withdrawal_by=_name(entry.withdrawal_by),
            withdrawn_by=_name(entry.withdrawn_by),
            evidence=entry.evidence,
        )

    def _about(self, entry: ManualEntry) -> ManualAbout:
        return ManualAbout(
            evidence=entry.evidence or "",
            reason=entry.reason,
            text=self._text(entry.reason),
            proposed_by=entry.proposed_by.organisation_name,
            confirmed_by=_name(entry.confirmed_by) or "",
            confirmed_at=entry.confirmed_at or entry.since,
            expires_at=entry.expires_at,
            withdrawn=entry.state is ManualState.WITHDRAWN,
            released_by=_name(entry.released_by),
        )


def _note(entry_id: str) -> bytes:
    return f"health-manual:{entry_id}".encode()


def _name(person: Person | None) -> str | None:
    return None if person is None else person.organisation_name
