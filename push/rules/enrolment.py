"""When a child goes to school (入园、入学), and the windows in which a family says so.

Which year a child begins goes by its birth date and the cut-off, 31 August. The windows of a year are what a
city announced: what it did not is said to be not announced, never guessed. A window keeps its name from year
to year, so what was not announced yet is the same item as what then is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from push.models import Topic
from push.rules.due import DueItem, Status

Stage = Literal["kindergarten", "primary", "junior"]


class Pupil(Struct, frozen=True, kw_only=True):
    """Whom it is about, as far as enrolment asks.

    ``home`` is how the child lives in the city: at its hukou, elsewhere in the city (人户分离), or with a
    permit (居住证); nobody who moved away is asked about. ``private`` is the kind of school the family chose,
    where it has chosen. ``postponed`` is who was allowed to begin a year later.
    """

    birth: date
    home: Literal["hukou", "separated", "permit"] = "hukou"
    private: bool | None = None
    postponed: bool = False


class _CutOff(Struct, frozen=True):
    month: Annotated[int, Meta(ge=1, le=12)]
    day: Annotated[int, Meta(ge=1, le=31)]


class StageRule(Struct, frozen=True, kw_only=True):
    """A kind of school: how old a child is by the cut-off, and the windows every year has."""

    zh: str
    en: str
    age: int
    clause: tuple[str, ...]
    expected: Annotated[tuple[str, ...], Meta(min_length=1)]


class WindowRule(Struct, frozen=True, kw_only=True):
    """What a window is for. Where nothing is done in it (``act``) it is only told of when it opens."""

    zh: str
    en: str
    act: bool
    who: Literal["all", "public", "private", "separated"]
    clause: tuple[str, ...]


class Window(Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """A window as a city announced it.

    What is None was not announced, and of what is known to the ``month`` the days are not known.
    """

    key: str
    zh: str
    since: date | None
    to: date | None
    source: str
    opens_at: str | None = None
    precision: Literal["day", "month"] = "day"


class Enrolment(Struct, frozen=True, kw_only=True):
    """A city's enrolment, ready to be asked."""

    id: str
    region: str
    cut_off: _CutOff
    stages: Mapping[Stage, StageRule]
    windows: Mapping[str, WindowRule]
    years: Mapping[int, Mapping[Stage, Sequence[Window]]]


class _File(Struct, frozen=True, kw_only=True):
    id: str
    region: str
    cut_off: _CutOff
    stages: dict[Stage, StageRule]
    windows: dict[str, WindowRule]
    years: dict[str, dict[str, Any]]


def read_enrolment(content: bytes) -> Enrolment:
    """The enrolment in a file; a window nobody explained is refused."""
    file = msgspec.json.decode(content, type=_File)
    years = {
        int(year): {
            stage: msgspec.convert(said[stage], type=tuple[Window, ...])
            for stage in file.stages
            if said.get(stage) is not None
        }
        for year, said in file.years.items()
    }
    announced = {window.key for said in years.values() for windows in said.values() for window in windows}
    expected = {key for stage in file.stages.values() for key in stage.expected}
    if unknown := (announced | expected) - file.windows.keys():
        raise ValueError(f"windows without a rule: {', '.join(sorted(unknown))}")
    return Enrolment(
        id=file.id,
        region=file.region,
        cut_off=file.cut_off,
        stages=file.stages,
        windows=file.windows,
        years=years,
    )


def year_of(enrolment: Enrolment, stage: Stage, pupil: Pupil) -> int:
    """The year in which ``pupil`` begins: that in which the age is reached by the cut-off."""
    cut_off = enrolment.cut_off
    late = (pupil.birth.month, pupil.birth.day) > (cut_off.month, cut_off.day)
    put_off = pupil.postponed and stage != "kindergarten"
    return pupil.birth.year + enrolment.stages[stage].age + late + put_off


def enrolment_items(enrolment: Enrolment, pupil: Pupil, as_of: date) -> list[DueItem]:
    """The windows of the school ``pupil`` begins next; after the last one there is nothing."""
    for stage in enrolment.stages:
        year = year_of(enrolment, stage, pupil)
        if as_of <= date(year, enrolment.cut_off.month, enrolment.cut_off.day):
            return list(_of_year(enrolment, stage, year, pupil, as_of))
    return []


def _of_year(enrolment: Enrolment, stage: Stage, year: int, pupil: Pupil, as_of: date) -> Iterator[DueItem]:
    rule = enrolment.stages[stage]
    windows = enrolment.years.get(year, {}).get(stage, ())
    for window in windows:
        if _is_for(enrolment.windows[window.key], pupil):
            yield _item(enrolment, stage, window, year=year, pupil=pupil, as_of=as_of)
    missing = [key for key in rule.expected if key not in {window.key for window in windows}]
    # Of a year of which nothing is known one item says so, not one a window.
    for key in missing if windows else missing[:1]:
        if _is_for(enrolment.windows[key], pupil):
            yield _not_announced(enrolment, stage, year, key)


def _is_for(window: WindowRule, pupil: Pupil) -> bool:
    if window.who == "separated":
        return pupil.home == "separated"
    if window.who == "all" or pupil.private is None:
        return True
    return pupil.private is (window.who == "private")


def _item(
    enrolment: Enrolment, stage: Stage, window: Window, *, year: int, pupil: Pupil, as_of: date
) -> DueItem:
    rule, meant = enrolment.stages[stage], enrolment.windows[window.key]
    clause = [*rule.clause, *meant.clause]
    if window.key == "register" and stage == "primary" and pupil.home == "separated":
        clause.append("separated_hukou")
    if pupil.home == "permit" and stage != "kindergarten" and year >= 2026:
        clause.append("migrant_children_2026")
    title_en = f"{rule.en} {year}: {meant.en}"
    if window.opens_at is not None:
        title_en += f", from {window.opens_at} on the first day"
    # A month is not known to the day, so nobody is told that its last day is the last.
    by_the_month = window.precision == "month"
    if by_the_month and window.since is not None:
        title_en += f", in {window.since:%B}"
    template = "enrolment-window" if meant.act else "enrolment-told"
    if by_the_month:
        template = "enrolment-undated"
    return DueItem(
        id=f"enrolment/{stage}/{window.key}",
        programme=enrolment.id,
        topic=Topic.ENROLMENT,
        title_zh=f"{year}年{rule.zh}：{window.zh}",
        title_en=title_en,
        earliest=window.since,
        recommended_before=None,
        window_to=None if by_the_month else window.to,
        status=_status(window, as_of),
        clause=tuple(clause),
        template=template,
        schedule="" if template == "enrolment-window" else "enrolment-told",
    )


def _not_announced(enrolment: Enrolment, stage: Stage, year: int, key: str) -> DueItem:
    rule, meant = enrolment.stages[stage], enrolment.windows[key]
    return DueItem(
        id=f"enrolment/{stage}/{key}",
        programme=enrolment.id,
        topic=Topic.ENROLMENT,
        title_zh=f"{year}年{rule.zh}：{meant.zh}（尚未公布）",
        title_en=f"{rule.en} {year}: {meant.en} (not announced)",
        earliest=None,
        recommended_before=None,
        window_to=None,
        status=Status.NOT_ANNOUNCED,
        clause=(*rule.clause, *meant.clause),
        template="enrolment-undated",
    )


def _status(window: Window, as_of: date) -> Status:
    if window.to is not None and window.to < as_of:
        return Status.PASSED
    if window.since is None or window.since > as_of:
        return Status.NOT_YET_DUE
    return Status.DUE
