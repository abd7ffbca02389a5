"""Appeals (赋码申诉): somebody says that evidence their colour rests on is wrong, and gets an answer in time.

    filed  →  taken  →  correction proposed  →  upheld by another organisation  →  due  →  correcting evidence
                    └→  rejected, with the reason

A colour that rests on no piece of evidence is appealed against itself, by its rule, or as grey. The only
outcome is evidence: what corrects some that is known, or adds some that was missing. What is upheld and not
recorded, because somebody died in between, is recorded by whoever settles next. What is late is escalated.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from health_code.disputes import Disputes
from health_code.models import OUTCOME, Appeal, Attached, Person, State
from health_code.opening import unpack
from health_code.ports import Audit, Clock, People, PersonalData, TimedId
from health_code.refusals import AppealNotOpen, AppealUnknown, NotADecisiveReason, ProposalChanged
from health_code.reporting import Wake
from health_code.rules import two_people
from health_code.rules.appeals import GREY, OPEN, AppealState, AppealStep, after, check_attachment
from health_code.rules.documents import Colour
from health_code.rules.evidence import Fact
from health_code.settings import HealthSettings
from health_code.showing import Showing
from health_code.store import AppealStore, StateStore
from health_code.views import page_of
from miniapp_schemas.base import Page
from miniapp_schemas.health_appeals import (
    AppealCase,
    AppealInfo,
    AttachFile,
    Attachment,
    AttachmentContent,
    FileAppeal,
    ProposeCorrection,
    RejectAppeal,
)

_LONG_AGO: Final = timedelta(seconds=5)
_AT_ONCE: Final = 500
_DECIDED: Final = frozenset({AppealState.UPHELD, AppealState.REJECTED})
_pack: Final = msgspec.msgpack.Encoder(order="sorted").encode


class Appellant(NamedTuple):
    """Whose code it is, and who speaks for them: mostly themselves."""

    subject: str
    speaker: str


class Appeals:
    """Files, reviews and decides."""

    def __init__(
        self,
        *,
        appeals: AppealStore,
        disputes: Disputes,
        states: StateStore,
        showing: Showing,
        people: People,
        personal: PersonalData,
        wake: Wake,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        settings: HealthSettings,
    ) -> None:
        self._appeals = appeals
        self._disputes = disputes
        self._states = states
        self._showing = showing
        self._people = people
        self._personal = personal
        self._wake = wake
        self._audit = audit
        self._clock = clock
        self._timed_id = timed_id
        self._term = timedelta(hours=settings.appeal_hours)

    # --- who appeals --------------------------------------------------------------------------------

    async def file(self, appellant: Appellant, said: FileAppeal) -> AppealInfo:
        """Appeal against evidence among the reasons of one's present colour, or an outcome without any.

        While an appeal against it is open, filing another one is that one.
        """
        state = await self._states.get(appellant.subject)
        if state is None or (said.evidence is None) is (said.rule is None):
            raise NotADecisiveReason
        now = self._clock()
        rule, colour = self._against(state, said, now)
        appeal_id = self._timed_id(now)
        appeal = Appeal(
            id=appeal_id,
            subject=appellant.subject,
            disputed=said.evidence or f"{OUTCOME}{said.rule}",
            rule=rule,
            colour=colour,
            statement=self._seal(appeal_id, "statement", said.statement.encode()),
            state=AppealState.FILED,
            since=now,
            version=1,
            filed_at=now,
            deadline=now + self._term,
            open=True,
            judged_at=state.judged_at,
            rule_set=state.rule_set,
        )
        await self._record("appeal.filed", appellant.speaker, appeal, now)
        kept = await self._appeals.file(appeal)
        if kept.id == appeal.id:
            await self._tell(kept)
        return self._info(kept)

    def _against(self, state: State, said: FileAppeal, now: datetime) -> tuple[str, Colour]:
        """The rule that ``said`` is against and its colour, as ``state`` has them, or a refusal."""
        # Of a silent source the page shows grey at once, whatever was judged last; and of what is too old.
        if said.rule == GREY and self._showing.colour(state, now) is Colour.GREY:
            return GREY, Colour.GREY
        for each in state.reasons:
            if each.evidence == said.evidence and said.rule in {None, each.rule}:
                return each.rule, each.colour
        raise NotADecisiveReason

    async def attach(self, appellant: Appellant, appeal_id: str, said: AttachFile) -> AppealInfo:
        """Add a file to one's own open appeal."""
        appeal = await self._own(appellant, appeal_id)
        if not appeal.open:
            raise AppealNotOpen(state=appeal.state.value)
        check_attachment(said.media_type, said.content, already=len(appeal.attached))
        now = self._clock()
        file_id = self._timed_id(now)
        attached = Attached(id=file_id, media_type=said.media_type, size=len(said.content), at=now)
        await self._record("appeal.attached", appellant.speaker, appeal, now)
        if not await self._appeals.attach(appeal, attached, self._seal(appeal.id, file_id, said.content)):
            appeal = await self._own(appellant, appeal_id)
            check_attachment(said.media_type, said.content, already=len(appeal.attached))
            raise AppealNotOpen(state=appeal.state.value)
        return self._info(await self._own(appellant, appeal_id))

    async def withdraw(self, appellant: Appellant, appeal_id: str) -> AppealInfo:
        """Take one's own appeal back; it stays on record."""
        appeal = await self._own(appellant, appeal_id)
        if appeal.state is AppealState.WITHDRAWN:
            return self._info(appeal)
        return self._info(await self._go(appellant.speaker, appeal, AppealStep.WITHDRAW, {}))

    async def read(self, appellant: Appellant, appeal_id: str) -> AppealInfo:
        """One of one's own appeals."""
        return self._info(await self._own(appellant, appeal_id))

    async def mine(self, appellant: Appellant, *, before: str | None, limit: int) -> Page[AppealInfo]:
        """One's own appeals, newest first."""
        found = await self._appeals.of(appellant.subject, before=before, limit=limit + 1)
        return page_of([self._info(each) for each in found[:limit]], [each.id for each in found], limit)

    # --- who reviews --------------------------------------------------------------------------------

    async def take(self, person: Person, appeal_id: str) -> AppealCase:
        """Begin to review an appeal."""
        appeal = await self._appeal(appeal_id)
        if appeal.state is AppealState.IN_REVIEW and _is(appeal.reviewer, person):
            return await self._case(appeal)
        taken = await self._go(person.id, appeal, AppealStep.TAKE, {"reviewer": person})
        return await self._case(taken)

    async def propose(self, person: Person, appeal_id: str, said: ProposeCorrection) -> AppealCase:
        """Want what is wrong corrected. Nothing changes until another organisation agrees."""
        appeal = await self._appeal(appeal_id)
        wanted = await self._disputes.wanted(appeal, said, now=self._clock())
        facts = wanted.facts
        changes = {
            "proposed_by": person,
            "corrects": wanted.corrects,
            "missing": wanted.missing,
            "correction": None if facts is None else self._seal(appeal.id, "correction", _pack(facts)),
            "answer": self._seal(appeal.id, "answer", said.answer.encode()),
            "proposal": appeal.proposal + 1,
        }
        return await self._case(await self._go(person.id, appeal, AppealStep.PROPOSE, changes))

    async def uphold(self, person: Person, appeal_id: str, *, proposal: int | None = None) -> AppealCase:
        """Agree to the correction ``proposal``, which somebody of another organisation proposed.

        It need not be named where there never was another: who proposes one, takes it back once it was read
        and proposes another would else have alone decided what two agree to.
        """
        appeal = await self._appeal(appeal_id)
        if appeal.state is AppealState.UPHELD and _is(appeal.decided_by, person):
            return await self._case(appeal)
        if appeal.proposed_by is None:
            raise AppealNotOpen(state=appeal.state.value)
        two_people.agree(appeal.proposed_by, person)
        if proposal != appeal.proposal and (proposal is not None or appeal.proposal > 1):
            raise ProposalChanged
        changes = {"decided_by": person, "due": True}
        upheld = await self._go(person.id, appeal, AppealStep.UPHOLD, changes)
        return await self._case(await self._finish(upheld))

    async def send_back(self, person: Person, appeal_id: str) -> AppealCase:
        """Do not agree to a proposed correction: the appeal is under review again."""
        appeal = await self._appeal(appeal_id)
        wanted = ("proposed_by", "corrects", "missing", "correction", "answer")
        changes = dict.fromkeys(wanted)
        return await self._case(await self._go(person.id, appeal, AppealStep.RETURN, changes))

    async def reject(self, person: Person, appeal_id: str, said: RejectAppeal) -> AppealCase:
        """Say why the disputed evidence is right. One person may: no colour changes by it."""
        appeal = await self._appeal(appeal_id)
        answer = self._seal(appeal.id, "answer", said.answer.encode())
        changes = {"decided_by": person, "answer": answer}
        return await self._case(await self._go(person.id, appeal, AppealStep.REJECT, changes))

    async def case(self, appeal_id: str) -> AppealCase:
        """One appeal, with the evidence it is about."""
        return await self._case(await self._appeal(appeal_id))

    async def content(self, person: Person, appeal_id: str, file_id: str) -> AttachmentContent:
        """A file of an appeal. That it was looked at is on record."""
        appeal = await self._appeal(appeal_id)
        attached = next((each for each in appeal.attached if each.id == file_id), None)
        sealed = None if attached is None else await self._appeals.content(appeal, file_id)
        if attached is None or sealed is None:
            raise AppealUnknown
        await self._record("appeal.file_read", person.id, appeal, self._clock())
        content = self._personal.open(sealed, _context(appeal.id, file_id))
        return AttachmentContent(media_type=attached.media_type, content=content)

    async def listed(
        self, state: str | None, *, overdue: bool, before: str | None, limit: int
    ) -> Page[AppealInfo]:
        """Appeals, newest first."""
        late = self._clock() if overdue else None
        found = await self._appeals.listed(state, overdue_at=late, before=before, limit=limit + 1)
        return page_of([self._info(each) for each in found[:limit]], [each.id for each in found], limit)

    async def settle(self) -> int:
        """Record what a dead process upheld and left, and escalate what is late; how many are overdue."""
        now = self._clock()
        for appeal in await self._appeals.due(before=now - _LONG_AGO, limit=_AT_ONCE):
            await self._finish(appeal)
        for appeal in await self._appeals.overdue(at=now, limit=_AT_ONCE):
            if await self._appeals.escalate(appeal, at=now):
                await self._record("appeal.overdue", "rules", appeal, now)
                await self._people.follow(appeal.subject, appeal.id, "OVERDUE", at=now)
        return await self._appeals.count_overdue(at=now)

    # --- one step -----------------------------------------------------------------------------------

    async def _go(self, actor: str, appeal: Appeal, step: AppealStep, changes: dict[str, Any]) -> Appeal:
        now = self._clock()
        state = after(appeal.state, step)
        # Before it is so: what nobody can account for must not be.
        await self._record(f"appeal.{step.value}", actor, appeal, now)
        advanced = msgspec.structs.replace(
            appeal, state=state, since=now, version=appeal.version + 1, open=state in OPEN, **changes
        )
        if not await self._appeals.advance(advanced):
            there = await self._appeal(appeal.id)
            raise AppealNotOpen(state=there.state.value)
        await self._tell(advanced)
        return advanced

    async def _finish(self, appeal: Appeal) -> Appeal:
        """Record the evidence that was agreed on; done again it is the same evidence."""
        outcome = await self._disputes.record(appeal, self._corrected(appeal), now=self._clock())
        await self._tell(appeal)
        await self._appeals.recorded(appeal, outcome=outcome)
        await self._wake([appeal.subject])
        return msgspec.structs.replace(appeal, outcome=outcome, due=False)

    def _corrected(self, appeal: Appeal) -> dict[str, Fact] | None:
        if appeal.correction is None:
            return None
        return unpack(self._personal.open(appeal.correction, _context(appeal.id, "correction")))

    async def _tell(self, appeal: Appeal) -> None:
        await self._people.follow(appeal.subject, appeal.id, appeal.state.value, at=appeal.since)

    async def _own(self, appellant: Appellant, appeal_id: str) -> Appeal:
        appeal = await self._appeal(appeal_id)
        if appeal.subject != appellant.subject:
            raise AppealUnknown
        return appeal

    async def _appeal(self, appeal_id: str) -> Appeal:
        appeal = await self._appeals.get(appeal_id)
        if appeal is None:
            raise AppealUnknown
        return appeal

    async def _record(self, kind: str, actor: str, appeal: Appeal, now: datetime) -> None:
        await self._audit(
            kind,
            at=now,
            actor=actor,
            subject=appeal.subject,
            outcome="ok",
            facts={"appeal": appeal.id, "evidence": appeal.disputed, "state": appeal.state.value},
        )

    def _seal(self, appeal_id: str, part: str, plain: bytes) -> bytes:
        return self._personal.seal(plain, _context(appeal_id, part))

    def _read(self, appeal: Appeal, part: str, sealed: bytes) -> str:
        return self._personal.open(sealed, _context(appeal.id, part)).decode()

    def _info(self, appeal: Appeal) -> AppealInfo:
        # What a reviewer only wants is not an answer yet.
        answer = appeal.answer if appeal.state in _DECIDED else None
        return AppealInfo(
            id=appeal.id,
            state=appeal.state.value,
            evidence="" if appeal.of_outcome else appeal.disputed,
            rule=appeal.rule,
            colour=appeal.colour.value,
            statement=self._read(appeal, "statement", appeal.statement),
            filed_at=appeal.filed_at,
            deadline=appeal.deadline,
            overdue=appeal.open and self._clock() >= appeal.deadline,
            since=appeal.since,
            attachments=[
                Attachment(id=each.id, media_type=each.media_type, size=each.size, at=each.at)
                for each in appeal.attached
            ],
            answer=None if answer is None else self._read(appeal, "answer", answer),
            outcome=appeal.outcome or None,
            judged_at=appeal.judged_at,
        )

    async def _case(self, appeal: Appeal) -> AppealCase:
        disputed, known = await self._disputes.about(appeal)
        proposed = appeal.state is AppealState.PROPOSED
        state = await self._states.get(appeal.subject) if appeal.of_outcome else None
        return AppealCase(
            appeal=self._info(appeal),
            disputed=disputed,
            known=list(known),
            unknown=[] if state is None else self._showing.unknown(state, self._clock()),
            correcting=appeal.corrects,
            missing_at=None if appeal.missing is None else appeal.missing.occurred_at,
            missing_kind=None if appeal.missing is None else appeal.missing.kind.value,
            taken_by=_name(appeal.reviewer),
            proposed_by=_name(appeal.proposed_by),
            decided_by=_name(appeal.decided_by),
            correction=self._corrected(appeal),
            proposal=appeal.proposal if proposed else None,
            proposed_answer=(
                self._read(appeal, "answer", appeal.answer) if proposed and appeal.answer else None
            ),
        )


def _context(appeal_id: str, part: str) -> bytes:
    return f"health-appeal:{appeal_id}:{part}".encode()


def _is(one: Person | None, other: Person) -> bool:
    return one is not None and one.id == other.id


def _name(person: Person | None) -> str | None:
    return None if person is None else person.organisation_name
