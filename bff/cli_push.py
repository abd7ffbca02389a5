"""``suishen push``: what is due to whom, from the programmes shipped and with no network."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from zoneinfo import ZoneInfo

import click
import msgspec

from bff.cli_errors import Failure
from bff.cli_push_replan import replan

if TYPE_CHECKING:
    from push.rules.due import DueItem
    from push.rules.vaccination import Given, Item

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_SAID: Final = {
    "due": "应种",
    "not_yet_due": "未到期",
    "overdue": "逾期",
    "complete": "已完成",
    "do_not_give": "不予接种",
    "not_in_programme": "不在程序内",
}
_LAST_YEAR: Final = 9900
"""Ages are counted from a birth date, and the calendar ends in 9999."""
_BOM: Final = b"\xef\xbb\xbf"
_OPEN: Final = {"due": "进行中", "not_yet_due": "未开始", "passed": "已结束", "not_announced": "未公布"}


@click.group()
def push() -> None:
    """Reminders (提醒)."""


push.add_command(replan)


class _Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 date, such as 2026-11-25", param, ctx)
        if day.year > _LAST_YEAR:
            self.fail(f"{day} is too far off", param, ctx)
        return day


class _Region(click.ParamType[str]):
    """A place, as the province whose additions hold in it."""

    name = "code"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from health_code.rules.divisions import is_division

        if not is_division(str(value)):
            self.fail(f"{value!r} is no division (GB/T 2260), such as 310000", param, ctx)
        return f"{str(value)[:2]}0000"


@push.command()
@click.option("--birth", "--born", "birth", required=True, type=_Day(), help="The child's birth date.")
@click.option(
    "--sex",
    type=click.Choice(["M", "F"], case_sensitive=False),
    help="HPV is for girls only; not said, it is not planned.",
)
@click.option(
    "--given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='What was given: a JSON list of {"vaccine", "date"}.',
)
@click.option("--at", "--as-of", "at", type=_Day(), help="As of this day; today in Shanghai if not said.")
@click.option(
    "--edition",
    type=click.Choice(["cn-nip-2021", "cn-nip-2026"]),
    help="The edition of the national programme; the one in force if not said.",
)
@click.option(
    "--region", type=_Region(), help="Add what this place adds to the programme: 310000 for Shanghai."
)
@click.option(
    "--mother-hbsag",
    type=click.Choice(["positive", "negative", "unknown"]),
    default="negative",
    help="Whether the mother carries hepatitis B.",
)
@click.option("--birth-grams", type=click.IntRange(200, 9_000), help="Weight at birth, if it was low.")
@click.option("--gestation-weeks", type=click.IntRange(20, 45), help="Weeks at birth, if it was early.")
@click.option(
    "--month-end",
    type=click.Choice(["last_day", "next_month"]),
    default="last_day",
    show_default=True,
    help="A month after the 31st, where there is none: that month's last day, or the day after it.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an item.")
def plan(  # noqa: PLR0917 - click names every argument
    birth: date,
    sex: str | None,
    given: Path | None,
    at: date | None,
    edition: str | None,
    region: str | None,
    mother_hbsag: str,
    birth_grams: int | None,
    gestation_weeks: int | None,
    month_end: str,
    *,
    as_json: bool,
) -> None:
    """What vaccinations are due (接种计划): one item a series, with the clause that says so.

    Exit status: 0, or 2 where what was said cannot be used.
    """
    from push.programmes import edition as edition_named
    from push.programmes import in_force
    from push.rules.calendar import MonthEnd
    from push.rules.vaccination import Child, GivenBeforeBirth, UnknownVaccine, due_items
    from push.rules.vaccination.record import KNOWN

    today = datetime.now(_SHANGHAI).date()
    as_of = at or today
    if birth > as_of:
        raise click.BadParameter(f"{birth} is after {as_of}", param_hint="--birth")
    programme = in_force(as_of, region) if edition is None else edition_named(edition, region)
    child = Child(
        birth=birth,
        sex=cast("Literal['M', 'F'] | None", sex),
        mother_hbsag=cast("Literal['positive', 'negative', 'unknown']", mother_hbsag),
        birth_grams=birth_grams,
        gestation_weeks=gestation_weeks,
    )
    try:
        record = _given(given)
        items = due_items(programme, child, record, as_of, month_end=MonthEnd(month_end))
    except UnknownVaccine as unknown:
        names = ", ".join(KNOWN)
        raise Failure(
            f"--given：没有名为 {unknown} 的疫苗；可用：{names}",
            f"--given: no vaccine is called {unknown}; these are known: {names}",
        ) from unknown
    except GivenBeforeBirth as early:
        raise Failure(
            f"--given：{early.vaccine} 的接种日期早于出生日期 {birth}", f"--given: {early} on {birth}"
        ) from early
    # Of a day gone by it is asked what was due then, and later doses are left out; but none is of tomorrow.
    if later := [dose for dose in record if dose.date > max(as_of, today)]:
        dose = later[0]
        raise Failure(
            f"--given：{dose.vaccine} 的接种日期 {dose.date} 晚于今天和 --at",
            f"--given: {dose.vaccine} on {dose.date} is after today and after --at",
        )
    for item in items:
        if as_json:
            click.echo(msgspec.json.encode(_told(item)))
        else:
            click.echo(_line(item))


@push.command()
@click.option("--birth", "--born", "birth", required=True, type=_Day(), help="The child's birth date.")
@click.option("--at", "--as-of", "at", type=_Day(), help="As of this day; today in Shanghai if not said.")
@click.option(
    "--region",
    type=_Region(),
    default="310000",
    show_default=True,
    help="Where the child lives (GB/T 2260).",
)
@click.option(
    "--home",
    type=click.Choice(["hukou", "separated", "permit"]),
    default="hukou",
    show_default=True,
    help="At its hukou, elsewhere in the city, or with a residence permit.",
)
@click.option("--private/--public", default=None, help="The kind of school the family chose.")
@click.option("--postponed", is_flag=True, help="The child was allowed to begin a year later.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a window.")
def enrolment(
    birth: date,
    at: date | None,
    region: str,
    home: str,
    *,
    private: bool | None,
    postponed: bool,
    as_json: bool,
) -> None:
    """The windows of the school a child begins next (入学报名); what was not announced is said to be so.

    Exit status: 0, or 2 where what was said cannot be used.
    """
    from push.programmes import enrolment_in
    from push.rules.enrolment import Pupil, enrolment_items

    as_of = at or datetime.now(_SHANGHAI).date()
    if birth > as_of:
        raise click.BadParameter(f"{birth} is after {as_of}", param_hint="--birth")
    try:
        programme = enrolment_in(region)
    except KeyError as unknown:
        raise click.BadParameter(f"nothing is known of {region}", param_hint="--region") from unknown
    pupil = Pupil(
        birth=birth,
        home=cast("Literal['hukou', 'separated', 'permit']", home),
        private=private,
        postponed=postponed,
    )
    items = enrolment_items(programme, pupil, as_of)
    if not items and not as_json:
        click.echo("没有将要报名的学校 · no school is next")
    for item in items:
        click.echo(msgspec.json.encode(_window(item)) if as_json else _window_line(item))


def _window(item: "DueItem") -> dict[str, Any]:
    return {
        "id": item.id,
        "titleZh": item.title_zh,
        "titleEn": item.title_en,
        "earliest": item.earliest,
        "windowTo": item.window_to,
        "status": item.status.value,
        "clause": list(item.clause),
    }


def _window_line(item: "DueItem") -> str:
    days = " – ".join("" if day is None else str(day) for day in (item.earliest, item.window_to))
    return f"{_OPEN[item.status.value]:<6} {days:<24} {item.title_zh}  {' '.join(item.clause)}"


def _given(path: Path | None) -> "list[Given]":
    from push.rules.vaccination import Given

    if path is None:
        return []
    try:
        # Notepad and the like put a mark before what they save as UTF-8.
        return msgspec.json.decode(path.read_bytes().removeprefix(_BOM), type=list[Given])
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise Failure(
            f'--given：{path} 不是 {{"vaccine", "date"}} 的 JSON 列表（日期如 2026-11-25）：{cause}',
            f'--given: {path} is no JSON list of {{"vaccine", "date"}} (a date is 2026-11-25): {cause}',
        ) from cause


def _told(item: "Item") -> dict[str, Any]:
    """What every item says, said also where it is nothing; and what few items say, where they do."""
    said: dict[str, Any] = {
        "vaccine": item.vaccine,
        "dose": item.dose,
        "earliest": item.earliest,
        "recommendedBefore": item.recommended_before,
        "status": item.status.value,
        "clause": list(item.clause),
        "group": item.group,
    }
    return said | {name: value for name, value in msgspec.to_builtins(item).items() if name not in said}


def _line(item: "Item") -> str:
    dose = "" if item.dose is None else f" 第{item.dose}剂"
    days = "" if item.earliest is None else f"  {item.earliest}"
    days += "" if item.recommended_before is None else f" – <{item.recommended_before}"
    status = item.status.value
    action = "" if item.action is None else f"  {item.action}"
    action += f"  过早 {' '.join(item.given_early)}" if item.given_early else ""
    return f"{_SAID[status]:<6} {status:<16} {item.vaccine}{dose}{days}{action}  {' '.join(item.clause)}"
