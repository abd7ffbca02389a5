"""``suishen health``: what can be done with rules, evidence and health certificates and no network."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import msgspec
from rich.progress import track

from bff.cli_errors import Failure, Unusable
from bff.cli_health_again import again
from bff.cli_health_chain import verify_chain
from bff.cli_health_retire import retire
from bff.cli_input import LONGEST_CARDS, Instant, content_of, text_of

if TYPE_CHECKING:
    from health_code.codec.certificates import Checked
    from health_code.rules.colour import Judgement, RuleSet
    from health_code.rules.documents import RuleSetDocument
    from health_code.rules.evidence import Evidence

HELD: Final = 0
NOT_HELD: Final = 1
VALID: Final = 0
NOT_VALID: Final = 1
UNREADABLE: Final = 2

_FORMLESS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@click.group()
def health() -> None:
    """The health code (健康码)."""


health.add_command(verify_chain)
health.add_command(retire)
health.add_command(again)


@health.command("test-rules")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a rule, and a last one for all.")
def test_rules(folder: Path, *, as_json: bool) -> None:
    """Run every rule.json below FOLDER against its tests/*.json (规则测试).

    Rules and tests have the form of the EU gateway's: {"Logic": …} and {"payload", "external", "expected"}.
    Exit status: 0 all pass, 1 some fail (of a rule that is none, all), 2 there is no rule, or a file that
    cannot be opened.
    """
    from health_code.rules.rule_tests import Summary, run_rule

    rules = sorted(path for path in folder.rglob("rule.json") if path.is_file())
    if not rules:
        raise click.UsageError(f"no rule.json below {folder}")
    total = Summary(rules=0, tests=0, passed=0, failed=0)
    shown = rules if as_json else track(rules, description="rules", transient=True)
    for path in shown:
        tests = sorted(test for test in (path.parent / "tests").glob("*.json") if test.is_file())
        outcome = run_rule(
            str(path.parent.relative_to(folder)),
            content_of(path),
            {test.name: content_of(test) for test in tests},
        )
        total = total.plus(outcome)
        if as_json:
            click.echo(msgspec.json.encode(outcome))
        else:
            for failure in outcome.failures:
                click.echo(f"✘ {outcome.rule} {failure.test}: {failure.why}")
    if as_json:
        click.echo(msgspec.json.encode(total))
    else:
        click.echo(f"{total.rules} rules, {total.tests} tests: {total.passed} passed, {total.failed} failed")
    sys.exit(NOT_HELD if total.failed else HELD)


@health.command()
@click.option(
    "--rules",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A rule set (JSON), or a folder of them, of which the one in force is taken.",
)
@click.option(
    "--events",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A JSON list of evidence: [{"occurredAt", "facts": {"kind", …}, "source"?, "sourceId"?, …}].',
)
@click.option("--at", type=Instant(), help="The instant to judge; Asia/Shanghai if it has no offset.")
@click.option(
    "--known-at",
    type=Instant(),
    help="Leave out what was recorded later (recordedAt), to give an answer of then again.",
)
@click.option(
    "--jurisdiction",
    metavar="CODE",
    help="Of a folder, whose rules: a division of GB/T 2260, such as 310000. Where it has none of its own "
    "they are its province's, else the nation's.  [default: the nation's, if there are any]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def evaluate(
    rules: Path,
    events: Path,
    at: datetime | None,
    known_at: datetime | None,
    jurisdiction: str | None,
    *,
    as_json: bool,
) -> None:
    """Judge evidence by rules, as the city would (判码): the colour, why, and when it changes by itself.

    Evidence that no source could report is refused and named, and nothing is judged: exit status 2.
    """
    from health_code.rules.colour import judge, next_change

    at = at or datetime.now(UTC)
    rule_set, ahead = _rule_sets(rules, at, jurisdiction)
    evidence = _evidence(events)
    # Unless asked otherwise what is in the file is known, whenever it says it was recorded.
    known_at = known_at or max([at, *(each.recorded_at for each in evidence)])
    judgement = judge(evidence, rule_set, at=at, known_at=known_at)
    turns = next_change(evidence, rule_set, at=at, known_at=known_at, ahead=ahead)
    answer = _answer(judgement, rule_set, at, turns)
    if as_json:
        click.echo(msgspec.json.encode(answer))
    else:
        _print(answer)


def _answer(judgement: "Judgement", rules: "RuleSet", at: datetime, turns: datetime | None) -> dict[str, Any]:
    return {
        "colour": judgement.colour.value,
        "at": at,
        "ruleSet": rules.document.identifier,
        "ruleSetVersion": rules.document.version,
        "ruleSetHash": rules.hash,
        "jurisdiction": rules.document.jurisdiction,
        "reasons": [
            {
                "rule": finding.rule.identifier,
                "version": finding.rule.version,
                "colour": finding.rule.colour.value,
                "text": {said.lang: said.desc for said in finding.rule.description},
                "clears": {said.lang: said.desc for said in finding.rule.clear_text},
                "evidence": None if finding.evidence is None else finding.evidence.source_id,
                "occurredAt": finding.occurred_at,
                "until": finding.until,
            }
            for finding in judgement.findings
        ],
        "failures": sorted({failure.rule.identifier for failure in judgement.failures}),
        "nextChangeAt": turns,
    }


def _print(answer: dict[str, Any]) -> None:
    names = {"GREEN": "绿码", "YELLOW": "黄码", "RED": "红码", "GREY": "灰码"}
    click.echo(f"{answer['colour']} {names[answer['colour']]}  {answer['at'].isoformat()}")
    click.echo(f"  {answer['ruleSet']} {answer['ruleSetVersion']} ({answer['jurisdiction']})")
    for reason in answer["reasons"]:
        click.echo(f"  {reason['colour']} {reason['rule']}: {reason['text'].get('zh', '')}")
        click.echo(f"    {reason['text'].get('en', '')}")
        if reason["clears"]:
            click.echo(f"    → {reason['clears'].get('zh', '')} / {reason['clears'].get('en', '')}")
    for rule in answer["failures"]:
        click.echo(f"  ? {rule} 无法判定 / has no answer")
    if answer["nextChangeAt"] is not None:
        click.echo(f"  下次变化 next change: {answer['nextChangeAt'].isoformat()}")


def _rule_sets(
    path: Path, at: datetime, jurisdiction: str | None
) -> "tuple[RuleSet, list[tuple[datetime, RuleSet]]]":
    """The rule set in force at an instant, and those that take over after it."""
    from health_code.rules.colour import HORIZON, RuleSet
    from health_code.rules.divisions import NATION, is_division
    from health_code.rules.documents import coming, in_force, read_rule_set
    from health_code.rules.linter import rule_set_issues

    if jurisdiction is not None and jurisdiction != NATION and not is_division(jurisdiction):
        raise Unusable(
            f"{jurisdiction!r} 不是 GB/T 2260 的行政区划代码",
            f"{jurisdiction!r} is no division code of GB/T 2260",
            param_hint="--jurisdiction",
        )
    found = []
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        try:
            document = read_rule_set(content_of(file))
        except _FORMLESS as cause:
            raise _unusable(file, cause, "--rules") from cause
        if issues := rule_set_issues(document):
            zh = "；".join(f"{issue.rule or '规则集'}：{issue.zh}" for issue in issues)
            en = "; ".join(f"{issue.rule or 'the set'}: {issue.message}" for issue in issues)
            raise Unusable(f"{file}：{zh}", f"{file}: {en}", param_hint="--rules")
        found.append(document)
    # Not asked for any, a folder of one city's rules is meant to be asked for that city's.
    wanted = [NATION, *sorted((each.jurisdiction for each in found), reverse=True)]
    asked = wanted if jurisdiction is None else [jurisdiction]
    division = next((each for each in asked if in_force(found, each, at=at) is not None), asked[0])

    def law(instant: datetime) -> "RuleSetDocument | None":
        return in_force(found, division, at=instant)

    now = law(at)
    if now is None:
        raise Unusable(
            f"{path} 中没有在 {at.isoformat()} 生效的规则集",
            f"no rule set of {path} is in force at {at.isoformat()}",
            param_hint="--rules",
        )
    then = coming(found, law, after=at)
    return RuleSet(now), [(begins, RuleSet(each)) for begins, each in then if begins <= at + HORIZON]


def _evidence(path: Path) -> "list[Evidence]":
    from health_code.rules.evidence_files import read_evidence

    try:
        return read_evidence(content_of(path), zone=_shanghai())
    except _FORMLESS as cause:
        raise _unusable(path, cause, "--events") from cause


def _unusable(file: Path, cause: Exception, option: str) -> Unusable:
    """What a file's form is wrong in: where, in both languages, and in its reader's words what."""
    what, _, place = str(cause).partition(" - at `")
    where = f"中的 {place.rstrip('`')} " if place else ""
    return Unusable(f"文件 {file} {where}格式有误（{what}）", f"{file}: {cause}", param_hint=option)


def _shanghai() -> Any:  # noqa: ANN401  a zone
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Shanghai")


@health.command()
@click.argument("code", metavar="TEXT|IMAGE")
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Whom to believe: a certificate (PEM), a JWKS, a did.json, or a folder of them. A JWKS is its "
    "issuer's where it lies in HOST/PATH/.well-known/jwks.json of a folder, or is called by the issuer's "
    "address, https%3A%2F%2FHOST%2FPATH.json.",
)
@click.option(
    "--issuer",
    help="Whose the keys of a JWKS are, where nothing else says so. Without it such a JWKS is taken to be "
    "the card's issuer's where it is the only one given; beside others it is nobody's.",
)
@click.option(
    "--revoked",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="What is revoked: a batch of the EU gateway, a card revocation list, or a folder of them.",
)
# Made by issuers of any zone: what they write of time, and those who test with it, is UTC.
@click.option("--at", type=Instant("UTC"), help="Judge as of this time; UTC if it has no offset.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def verify(
    code: str,
    trust: Path,
    issuer: str | None,
    revoked: tuple[Path, ...],
    at: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Check a health certificate (互认核验): EU and WHO (HC1), SMART Health Card, NZ COVID Pass, our own.

    TEXT|IMAGE is the code itself, the path of a text file or of a picture, or - for a text on standard
    input. Exit status: 0 valid, 1 not valid, 2 unreadable (or a file that cannot be used).
    """
    from health_code.codec import foreign, signed
    from health_code.codec.certificates import Verdict
    from health_code.codec.revocation import Revocations, RevocationUnreadable
    from health_code.codec.trust import IssuersUnsaid, Trust, TrustUnreadable

    believed = _files(trust)
    text = text_of(code, longest=LONGEST_CARDS)
    if text.startswith(signed.PREFIX):
        _verify_own(text, believed, at or datetime.now(UTC), as_json=as_json)
    try:
        keys = Trust.of(believed, issuer=issuer)
    except IssuersUnsaid as cause:
        raise Failure(
            f"--trust 的 {trust} 中的密钥集未写明各属哪个签发方；请用 --issuer，或按网址存放",
            f"--trust {trust}: {cause}; say it by --issuer, or by where they lie",
        ) from cause
    except TrustUnreadable as cause:
        raise Failure(f"--trust 的 {trust} 中没有可用的公钥", f"--trust {trust}: {cause}") from cause
    if keys.unsaid:
        names = ", ".join(keys.unsaid)
        click.echo(f"▲ 未写明签发方的密钥集不予采信 · nothing says whose these are: {names}", err=True)
    given = {name: data for path in revoked for name, data in _files(path).items()}
    try:
        if given and not Revocations.of(given):
            raise Failure("--revoked 中没有吊销列表", "--revoked: no list of what is revoked")
        # A folder laid out as an issuer's site is holds its lists as well.
        lists = Revocations.of(believed | given)
    except RevocationUnreadable as cause:
        raise Failure("--revoked 的吊销列表无法读取", f"--revoked: {cause}") from cause
    checked = foreign.verify(text, trust=keys, revoked=lists, at=at or datetime.now(UTC))
    if as_json:
        click.echo(msgspec.json.encode(_told(checked)))
    else:
        _print_checked(checked)
    if checked.verdict is Verdict.UNREADABLE:
        sys.exit(UNREADABLE)
    sys.exit(VALID if checked.valid else NOT_VALID)


def _verify_own(text: str, trust: dict[str, bytes], at: datetime, *, as_json: bool) -> NoReturn:
    """Check an offline or paper code of a city like this one."""
    from health_code.codec.signed import PREFIX
    from health_code.offline import verify_offline
    from wallet.codec.errors import Unreadable
    from wallet.codec.keys import KeySet, VerifyingKey

    keys: dict[bytes, VerifyingKey] = {}
    for content in trust.values():
        with suppress(Unreadable):
            keys |= KeySet.parse(content).keys
    if not keys:
        raise Failure("--trust 中没有可用的公钥", "--trust: no P-256 key that could be used")
    checked = verify_offline(text, keys, at)
    # As of every other certificate: a guard's page is told OK.
    verdict = "VALID" if checked.valid else checked.verdict
    if as_json:
        told = {
            "valid": checked.valid,
            "verdict": verdict,
            "format": PREFIX.removesuffix(":").lower(),
            "issuer": checked.issuer,
            "subject": None if checked.name is None else {"name": checked.name},
            "issuedAt": checked.issued_at,
            "expiresAt": checked.expires_at,
            "kind": checked.kind,
            "colour": checked.colour,
            "asOf": checked.as_of,
            "ruleSet": checked.rule_set,
        }
        click.echo(msgspec.json.encode(told))
    else:
        click.echo(f"{'✔ 有效 VALID' if checked.valid else '✘ 无效 NOT VALID'}  {verdict}")
        if checked.valid:
            unknown = "码色须联网查询 · the colour needs the network"
            click.echo(f"  {checked.name}  {checked.colour or unknown}  {checked.as_of or ''}")
    if checked.verdict == "UNREADABLE":
        sys.exit(UNREADABLE)
    sys.exit(VALID if checked.valid else NOT_VALID)


def _files(path: Path) -> dict[str, bytes]:
    """The files of a folder by their paths in it, or the one file."""
    if not path.is_dir():
        return {path.name: content_of(path)}
    return {
        str(file.relative_to(path)): content_of(file) for file in sorted(path.rglob("*")) if file.is_file()
    }


def _told(checked: "Checked") -> dict[str, Any]:
    return {
        "valid": checked.valid,
        "verdict": checked.verdict.value,
        "format": checked.format,
        "issuer": checked.issuer,
        "subject": None if checked.content is None else checked.content.subject,
        "issuedAt": checked.issued_at,
        "expiresAt": checked.expires_at,
        "statements": () if checked.content is None else checked.content.statements,
        "warnings": checked.warnings,
    }


def _print_checked(checked: "Checked") -> None:
    click.echo(f"{'✔ 有效 VALID' if checked.valid else '✘ 无效 NOT VALID'}  {checked.verdict}")
    if checked.format is not None:
        click.echo(f"  {checked.format} {checked.issuer or ''}")
    if checked.content is not None:
        subject = checked.content.subject
        click.echo(f"  {subject.name}  {subject.birth_date or ''}")
        for said in checked.content.statements:
            words = (said.kind.name, said.on, said.country, said.outcome, said.product)
            click.echo("  " + " ".join(word for word in words if word))
    for warning in checked.warnings:
        click.echo(f"  ! {warning}")
