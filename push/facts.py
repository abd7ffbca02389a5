"""Departments report what is known of people (事项数据报送): births, doses, homes, payments, enterprises."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from miniapp_schemas import push_facts as wire
from miniapp_schemas.base import Text
from miniapp_schemas.refusals import Refusal
from push.planning import Planner, seal_fact
from push.ports import Audit, Clock, PersonalData
from push.refusals import FactConflict, FactInvalid, FactKindNotAllowed
from push.rules.facts import Fact
from push.rules.milestones import SHANGHAI
from push.rules.vaccination import Child, Given, UnknownVaccine
from push.rules.vaccination.record import Record
from push.timeline_models import FactKind, Source, StoredFact

_OLDEST: Final = date(1900, 1, 1)
_FURTHEST: Final = timedelta(days=20 * 366)
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class FactIntake:
    """Takes facts from registered departments."""

    def __init__(
        self,
        *,
        planner: Planner,
        personal: PersonalData,
        valid_number: Callable[[str], bool],
        valid_division: Callable[[str], bool],
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._planner = planner
        self._personal = personal
        self._valid_number = valid_number
        self._valid_division = valid_division
        self._audit = audit
        self._clock = clock

    async def report(self, source: Source, items: Sequence[wire.ReportFact]) -> wire.FactReceipt:
        """Record each item that can be recorded, and plan anew whom it is about; both when this returns."""
        now = self._clock()
        refusals: dict[int, Refusal] = {}
        drafts: dict[str, StoredFact] = {}
        for index, item in enumerate(items):
            try:
                draft = self._draft(source, item, now)
                if drafts.setdefault(draft.id, draft).content != draft.content:
                    raise FactConflict
            except Refusal as no:
                refusals[index] = no
        for stray in await self._strays(drafts):
            drafts.pop(stray)
        kept = (await self._planner.record(list(drafts.values()))).kept if drafts else {}
        outcomes: list[wire.FactOutcome] = []
        new: set[str] = set()
        for index, item in enumerate(items):
            name = _name(source, item.source_id)
            said, stored = drafts.get(name), kept.get(name)
            if index not in refusals and said is None:
                refusals[index] = FactInvalid(
                    why_zh="所更正的记录属于另一人或另一类；请先撤回，再另行报送",
                    why_en="it corrects a fact of somebody else or of another kind: take that back instead",
                )
            if index in refusals or said is None or stored is None or stored.content != said.content:
                outcomes.append(_refused(item, refusals.get(index, FactConflict())))
            elif stored is said and name not in new:
                new.add(name)
                outcomes.append(_took(item, "RECORDED"))
            else:
                outcomes.append(_took(item, "REPEATED"))
        refused = sum(outcome.outcome == "REFUSED" for outcome in outcomes)
        await self._audit(
            "facts.reported",
            at=now,
            actor=source.id,
            outcome="ok",
            facts={"recorded": str(len(new)), "refused": str(refused)},
        )
        return wire.FactReceipt(
            recorded=len(new),
            repeated=len(outcomes) - len(new) - refused,
            refused=refused,
            items=outcomes,
        )

    async def _strays(self, drafts: Mapping[str, StoredFact]) -> set[str]:
        """Of ``drafts`` those that would correct what is somebody else's, or of another kind."""
        corrected = {name: each.supersedes for name, each in drafts.items() if each.supersedes is not None}
        there = await self._planner.facts(list(corrected.values())) if corrected else {}
        facts = {**drafts, **there}
        return {
            name
            for name, other in corrected.items()
            if other in facts
            and (facts[other].subject, facts[other].kind) != (drafts[name].subject, drafts[name].kind)
        }

    def _draft(self, source: Source, item: wire.ReportFact, now: datetime) -> StoredFact:
        kind = FactKind(str(item.facts.__struct_config__.tag))
        if kind not in source.kinds:
            raise FactKindNotAllowed(fact=kind.value)
        if item.void and item.supersedes is None:
            raise FactInvalid(why_zh="撤回须指明所撤回的记录", why_en="`void` needs `supersedes`")
        if item.supersedes == item.source_id:
            raise FactInvalid(why_zh="记录不能更正自身", why_en="it supersedes itself")
        subject, born, sex = self._subject(item, kind)
        _check_days(item.facts, born, now.astimezone(SHANGHAI).date())
        place = _place(item.facts)
        if place is not None and not self._valid_division(place):
            raise FactInvalid(why_zh="行政区划代码有误", why_en="there is no such division")
        content = msgspec.convert(
            msgspec.structs.asdict(item.facts) | {"kind": kind.value, "born": born, "sex": sex}, Fact
        )
        name = _name(source, item.source_id)
        supersedes = None if item.supersedes is None else _name(source, item.supersedes)
        said = [subject, kind, supersedes, item.void, msgspec.to_builtins(content)]
        return StoredFact(
            id=name,
            subject=subject,
            kind=kind,
            sealed=seal_fact(self._personal, name, content),
            content=self._personal.pseudonym("push-fact", _encode(said).decode()),
            recorded_at=now,
            supersedes=supersedes,
            void=item.void,
        )

    def _subject(
        self, item: wire.ReportFact, kind: FactKind
    ) -> tuple[str, date | None, Literal["M", "F"] | None]:
        """Whom it is about: a person by their number, which tells when they were born, or an enterprise."""
        if (item.id_number is None) is (item.uscc is None):
            raise FactInvalid(
                why_zh="idNumber 与 uscc 须且只能填一项", why_en="it needs either `idNumber` or `uscc`"
            )
        if (kind is FactKind.ENTERPRISE) is (item.uscc is None):
            raise FactInvalid(
                why_zh="企业用 uscc，个人用 idNumber",
                why_en="an enterprise has a `uscc`, a person an `idNumber`",
            )
        if item.uscc is not None:
            return self._personal.pseudonym("uscc", item.uscc), None, None
        number = item.id_number or ""
        if not self._valid_number(number):
            raise FactInvalid(why_zh="身份号码有误", why_en="the ID number is wrong")
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        return self._personal.hash(number), born, "M" if int(number[16]) % 2 else "F"


def _place(facts: wire.Facts) -> str | None:
    match facts:
        case (
            wire.BirthRecorded(region=place)
            | wire.HouseholdRegistered(district=place)
            | wire.EnterpriseDescribed(division=place)
        ):
            return place
        case _:
            return None


def _check_days(facts: wire.Facts, born: date | None, today: date) -> None:
    """Nobody who is not born, no dose before birth or after today, and no day in another age."""
    if born is not None and born > today:
        raise FactInvalid(why_zh="出生日期晚于今天", why_en="they are not born yet")
    match facts:
        case wire.DoseGiven(vaccine=vaccine, given_on=given_on):
            if given_on > today:
                raise FactInvalid(why_zh="接种日期晚于今天", why_en="it was given after today")
            try:
                Record(Child(birth=born or given_on), [Given(date=given_on, vaccine=vaccine)], today)
            except UnknownVaccine:
                raise FactInvalid(why_zh="疫苗代码未知", why_en="the vaccine is not known") from None
            except ValueError:
                raise FactInvalid(why_zh="接种日期早于出生", why_en="it was given before birth") from None
        case wire.InsuranceDue(due_on=day) | wire.HouseholdRegistered(since=day):
            _check_day(day, today + _FURTHEST)
        case wire.PensionDrawn(entitled_from=since, confirmed_on=confirmed):
            _check_day(since, today + _FURTHEST)
            if confirmed is not None:
                _check_day(confirmed, today)
        case wire.EnterpriseDescribed(founded_on=day):
            _check_day(day, today, date.min)
        case _:
            return


def _check_day(day: date, last: date, first: date = _OLDEST) -> None:
    if not first <= day <= last:
        raise FactInvalid(why_zh="日期不合理", why_en="the date cannot be meant")


def _name(source: Source, source_id: str) -> str:
    return f"{source.id}:{source_id}"


def _took(item: wire.ReportFact, outcome: Literal["RECORDED", "REPEATED"]) -> wire.FactOutcome:
    return wire.FactOutcome(source_id=item.source_id, outcome=outcome)


def _refused(item: wire.ReportFact, refusal: Refusal) -> wire.FactOutcome:
    zh, en = refusal.detail
    return wire.FactOutcome(
        source_id=item.source_id, outcome="REFUSED", code=refusal.code, detail=Text(zh=zh, en=en)
    )
