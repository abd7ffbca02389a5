"""``suishen health again``: what somebody's code was at an instant, made again from what is kept."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from bff.cli_data import data_option, environ_of
from bff.cli_errors import Failure, Unusable
from bff.cli_input import Instant
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from bff.platform.settings import Settings
    from health_code.models import Reason
    from health_code.recalling import Recalled

SAME: Final = 0
ANOTHER: Final = 1
NOTHING: Final = 3

_LONGEST: Final = 200
_SUBJECT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_NUMBER: Final = re.compile(r"\d{17}[\dXx]")


@click.command()
@click.argument("person", metavar="SUBJECT|FILE|-")
@click.option("--at", type=Instant(), required=True, help="When; Asia/Shanghai if it has no offset.")
@click.option(
    "--known-at", type=Instant(), help="Judge by what was known at this time.  [default: as of --at]"
)
@click.option("--jurisdiction", metavar="CODE", help="By whose rules.  [default: the city's]")
@click.option("--case", required=True, help="办件编号 this is asked for, for the audit trail.")
@click.option("--operator", required=True, help="Who asks, for the audit trail.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def again(
    person: str,
    *,
    at: datetime,
    known_at: datetime | None,
    jurisdiction: str | None,
    case: str,
    operator: str,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make a past answer again (历史判码复现): the colour, why, and whether it is what was answered.

    SUBJECT names a person as the audit trail does (after -- if it begins with -). An ID number is read from
    FILE or, for -, from standard input or the keyboard; one that is typed as an argument is refused, for it
    would stay in the shell's history. Evidence is named by our ids alone. The audit trail is told who asked,
    about whom and for which case, before anything is told here.

    Exit status: 0 the colour that was answered, or no answer of then is kept; 1 another one, or the one
    given rested on evidence that is gone; 2 it cannot be asked; 3 nothing was known of this person.
    """
    if at > datetime.now(UTC):
        raise Unusable("还没有到这一时刻", "that is yet to come", param_hint="--at")
    _check(jurisdiction, case, operator)
    named = _named(person)
    settings = settings_or_exit(environ_of(data))
    work = _recall(
        settings, named, at=at, known_at=known_at, jurisdiction=jurisdiction, operator=operator, case=case
    )
    recalled = run_or_exit(work, again="可再次执行 · run it again")
    if recalled is None:
        raise _Nothing("当时没有此人的任何证据或判定", "nothing was known of this person then")
    if as_json:
        click.echo(msgspec.json.encode(_told(recalled)))
    else:
        _print(recalled)
    sys.exit(ANOTHER if recalled.same is False else SAME)


class _Nothing(Failure):
    """There is nothing to judge, and green would be a guess."""

    exit_code = NOTHING


def _check(jurisdiction: str | None, case: str, operator: str) -> None:
    from health_code.rules.divisions import NATION, is_division
    from miniapp_schemas.acting import CaseId

    if jurisdiction is not None and jurisdiction != NATION and not is_division(jurisdiction):
        raise Unusable(
            f"{jurisdiction!r} 不是 GB/T 2260 的行政区划代码",
            f"{jurisdiction!r} is no division code of GB/T 2260",
            param_hint="--jurisdiction",
        )
    try:
        msgspec.convert(case, CaseId)
    except msgspec.ValidationError:
        raise Unusable(
            "办件编号为 6 至 40 个大写字母、数字或连字符",
            "a case has 6 to 40 capital letters, digits and hyphens",
            param_hint="--case",
        ) from None
    if not operator.strip() or len(operator) > _LONGEST:
        raise Unusable("请写明何人查询", "say who asks", param_hint="--operator")


def _named(person: str) -> str:
    """A subject or an ID number: of an argument the first alone, of a file or standard input either."""
    if _NUMBER.fullmatch(person):
        raise Unusable(
            "身份号码不得写在命令行上（会留在历史记录中）；请用 - 从标准输入或用文件给出",
            "an ID number on the command line stays in its history: give it in a file or, with -, on "
            "standard input",
            param_hint="SUBJECT|FILE|-",
        )
    if person == "-" and sys.stdin.isatty():
        named = str(click.prompt("身份号码 ID number", hide_input=True, err=True))
    elif person == "-":
        named = sys.stdin.read(_LONGEST)
    elif _SUBJECT.fullmatch(person):
        return person
    else:
        try:
            named = Path(person).read_text()[:_LONGEST]
        except (OSError, ValueError):
            named = ""
    named = named.removeprefix("\ufeff").strip()
    if _SUBJECT.fullmatch(named) or _NUMBER.fullmatch(named):
        return named
    # What it says instead is not repeated: it may be a number all the same.
    raise Unusable(
        "既不是审计记录中的 subject，也不是写有身份号码的文件",
        "neither a subject of the audit trail nor a file with an ID number",
        param_hint="SUBJECT|FILE|-",
    )


async def _recall(
    settings: "Settings",
    named: str,
    *,
    at: datetime,
    known_at: datetime | None,
    jurisdiction: str | None,
    operator: str,
    case: str,
) -> "Recalled | None":
    from bff.platform.services import Platform
    from miniapp_schemas.refusals import Refusal
    from wallet.rules.identifiers import check_id_number

    async with Platform.open(settings) as platform:
        try:
            subject = named
            if not _SUBJECT.fullmatch(named):
                check_id_number(named.upper())
                subject = platform.personal.hash(named.upper())
            # What is law is known before it is asked for.
            await platform.health.book.refresh()
            return await platform.health.recalling.recall(
                subject,
                at=at,
                known_at=known_at,
                jurisdiction=jurisdiction,
                operator=operator,
                case=case,
            )
        except Refusal as refusal:
            raise Failure(*refusal.detail) from None


def _told(recalled: "Recalled") -> dict[str, Any]:
    answered = recalled.answered
    return {
        "colour": recalled.colour.value,
        "at": recalled.at,
        "knownAt": recalled.known_at,
        "ruleSet": recalled.rules.document.identifier,
        "ruleSetVersion": recalled.rules.document.version,
        "ruleSetHash": recalled.rules.hash,
        "jurisdiction": recalled.rules.document.jurisdiction,
        "reasons": [_reason(each) for each in recalled.reasons],
        "failures": recalled.failures,
        "silent": recalled.silent,
        "evidence": [
            {"id": each.id, "kind": each.kind.value, "recordedAt": each.recorded_at}
            for each in recalled.evidence
        ],
        "missing": recalled.missing,
        "answered": None
        if answered is None
        else {
            "colour": answered.colour.value,
            "since": answered.at,
            "rule": answered.decisive,
            "ruleSetHash": answered.rule_set,
            "reproduced": recalled.reproduced,
        },
        "same": recalled.same,
    }


def _reason(reason: "Reason") -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "version": reason.version,
        "colour": reason.colour.value,
        "text": {"zh": reason.zh, "en": reason.en},
        "clears": {"zh": reason.clear_zh, "en": reason.clear_en},
        "evidence": reason.evidence,
        "kind": None if reason.kind is None else reason.kind.value,
        "occurredAt": reason.occurred_at,
        "until": reason.until,
    }


_NAMES: Final = {"GREEN": "绿码", "YELLOW": "黄码", "RED": "红码", "GREY": "灰码"}


def _print(recalled: "Recalled") -> None:
    document, answered = recalled.rules.document, recalled.answered
    click.echo(f"{recalled.colour} {_NAMES[recalled.colour]}  {recalled.at.isoformat()}")
    click.echo(f"  {document.identifier} {document.version} ({document.jurisdiction}) {recalled.rules.hash}")
    for reason in recalled.reasons:
        click.echo(f"  {reason.colour} {reason.rule} {reason.version}: {reason.zh}")
        click.echo(f"    {reason.en}")
        if reason.evidence is not None:
            click.echo(f"    {reason.kind} {reason.evidence}")
    for failure in recalled.failures:
        click.echo(f"  ? {failure} 无法判定 / has no answer")
    for source in recalled.silent:
        click.echo(f"  ? {source} 当时未报送 / was silent then")
    if recalled.missing:
        click.echo(f"  ? {len(recalled.missing)} 条当时的证据已不存在 / pieces of evidence of then are gone")
    if answered is None:
        click.echo("▲ 当时的判定没有留存 · no answer of then is kept")
        return
    since = f"{answered.at:%Y-%m-%d %H:%M:%S}Z"
    if recalled.same:
        click.echo(f"✔ 与当时的判定相同（自 {since}） · the same as was answered, since {since}")
    else:
        was = f"{answered.colour} {_NAMES[answered.colour]}"
        click.echo(f"✘ 当时的判定为 {was}（自 {since}） · {answered.colour} was answered, since {since}")
    if recalled.reproduced is False:
        click.echo("✘ 留存的判定与其证据、规则不符 · what is kept does not follow from its evidence")
