"""``suishen health``: what can be done with rules, evidence and health certificates and no network."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import msgspec
from rich.progress import track

from bff.cli_data import data_option, environ_of
from bff.cli_errors import Failure, Refused
from bff.cli_health_chain import verify_chain
from bff.cli_input import Instant, content_of, text_of
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from health_code.codec.certificates import Checked
    from health_code.models import RetirementStatement
    from health_code.rules.colour import Judgement, RuleSet
    from health_code.rules.documents import RuleSetDocument
    from health_code.rules.evidence import Evidence

HELD: Final = 0
NOT_HELD: Final = 1
VALID: Final = 0
NOT_VALID: Final = 1
UNREADABLE: Final = 2


@click.group()
def health() -> None:
    """The health code (健康码)."""


health.add_command(verify_chain)


@health.command()
@click.option("--purpose", help="Whose data: venue-log, evidence, appeals, manual or all.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the signed proof goes; retired-PURPOSE-DATE.json if not given.",
)
@click.option(
    "--check",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Destroy nothing: check a proof that was signed before.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --check: keys to believe it by, such as the city's /.well-known/jwks.json.",
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the statement.")
def retire(
    purpose: str | None,
    *,
    yes: bool,
    out: Path | None,
    check: Path | None,
    trust: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Destroy one purpose's data in MongoDB and Redis, and sign a proof of it (数据销毁).

    Killed half-way, run it again: the proof counts from the first time. Rule sets, proofs and the audit
    trail stay; the trail knows people by keyed hashes alone. Backups are yours to destroy.

    Exit status: 0 done, or the proof holds; 1 something is left, or the proof does not hold; 2 it could not
    be done, or the file is no proof.
    """
    if (purpose is None) == (check is None):
        raise Failure("请指定 --purpose 或 --check", "give either --purpose or --check")
    if purpose is None:
        statement = _checked(check or Path(), trust, data)
    else:
        statement = _retired(purpose, yes=yes, out=out, data=data, quiet=as_json)
    if as_json:
        click.echo(msgspec.json.encode(statement))
    else:
        click.echo(f"{statement.purpose}  {statement.started_at:%F %T} – {statement.finished_at:%F %T} UTC")
        for each in statement.destroyed:
            click.echo(f"  {each.place}: {each.found} → {each.left}")
    sys.exit(HELD if all(each.left == 0 for each in statement.destroyed) else NOT_HELD)


def _retired(
    purpose: str, *, yes: bool, out: Path | None, data: Path | None, quiet: bool
) -> "RetirementStatement":
    from rich.progress import Progress

    from bff.platform.retirement import prove
    from bff.platform.services import Platform
    from health_code.rules.purposes import PURPOSES

    if purpose not in PURPOSES:
        known = ", ".join(PURPOSES)
        raise Failure(f"没有用途 {purpose}；可用：{known}", f"no purpose {purpose}: there are {known}")
    file = out or Path(f"retired-{purpose}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json")
    if file.exists():
        raise Failure(f"{file} 已存在", f"{file} is there already")
    settings = settings_or_exit(environ_of(data))
    if not yes:
        click.confirm(
            f"永久销毁“{purpose}”的全部数据？ Destroy all data of “{purpose}” for ever?", abort=True
        )

    async def work() -> "RetirementStatement":
        async with Platform.open(settings) as platform:
            with Progress(disable=quiet, transient=True) as progress:
                task = progress.add_task("Destroying", total=None)
                statement = await platform.health.retiring.destroy(
                    purpose, lambda gone, whole: progress.update(task, completed=gone, total=whole)
                )
            proof = prove(statement, platform.token_keys.signing())
            # Whole or not at all; and only then is it forgotten what was counted.
            partial = file.with_name(f"{file.name}.partial")
            partial.write_bytes(msgspec.json.format(msgspec.json.encode(proof), indent=2))
            partial.replace(file)
            await platform.health.retiring.close(purpose)
            return statement

    statement = run_or_exit(work(), again="可再次执行 · run it again")
    if not quiet:
        click.echo(f"证明 proof → {file}")
    return statement


def _checked(file: Path, trust: Path | None, data: Path | None) -> "RetirementStatement":
    from bff.cli_audit import believed
    from bff.platform.keys import KeyRing
    from bff.platform.retirement import NotProved, read_proof

    if trust is not None:
        keys = believed(trust)
    else:
        keys = KeyRing(settings_or_exit(environ_of(data)).auth.token_keys_dir).verifying
    try:
        return read_proof(file.read_bytes(), keys)
    except NotProved as no:
        raise (Failure if no.unreadable else Refused)(no.zh, no.en) from None


@health.command("test-rules")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a rule, and a last one for all.")
def test_rules(folder: Path, *, as_json: bool) -> None:
    """Run every rule.json below FOLDER against its tests/*.json (规则测试).

    Rules and tests have the form of the EU gateway's: {"Logic": …} and {"payload", "external", "expected"}.
    Exit status: 0 all pass, 1 some fail, 2 there is no rule, or one cannot be read.
    """
    from health_code.rules.rule_tests import Summary, run_rule

    rules = sorted(folder.rglob("rule.json"))
    if not rules:
        raise click.UsageError(f"no rule.json below {folder}")
    total = Summary(rules=0, tests=0, passed=0, failed=0)
    shown = rules if as_json else track(rules, description="rules", transient=True)
    for path in shown:
        tests = sorted((path.parent / "tests").glob("*.json"))
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
    """Judge evidence by rules, as the city would (判码): the colour, why, and when it changes by itself."""
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
        raise click.BadParameter(
            f"{jurisdiction!r} is no division code of GB/T 2260", param_hint="--jurisdiction"
        )
    found = []
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        try:
            document = read_rule_set(content_of(file))
        except msgspec.MsgspecError as cause:
            raise click.BadParameter(f"{file}: {cause}", param_hint="--rules") from cause
        if issues := rule_set_issues(document):
            said = "; ".join(f"{issue.rule or 'the set'}: {issue.message}" for issue in issues)
            raise click.BadParameter(f"{file}: {said}", param_hint="--rules")
        found.append(document)
    # Not asked for any, a folder of one city's rules is meant to be asked for that city's.
    wanted = [NATION, *sorted((each.jurisdiction for each in found), reverse=True)]
    asked = wanted if jurisdiction is None else [jurisdiction]
    division = next((each for each in asked if in_force(found, each, at=at) is not None), asked[0])

    def law(instant: datetime) -> "RuleSetDocument | None":
        return in_force(found, division, at=instant)

    now = law(at)
    if now is None:
        raise click.BadParameter(
            f"no rule set of {path} is in force at {at.isoformat()}", param_hint="--rules"
        )
    then = coming(found, law, after=at)
    return RuleSet(now), [(begins, RuleSet(each)) for begins, each in then if begins <= at + HORIZON]


def _evidence(path: Path) -> "list[Evidence]":
    from health_code.rules.evidence_files import read_evidence

    try:
        return read_evidence(content_of(path), zone=_shanghai())
    except msgspec.MsgspecError as cause:
        raise click.BadParameter(f"{path}: {cause}", param_hint="--events") from cause


def _shanghai() -> Any:  # noqa: ANN401  a zone
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Shanghai")


@health.command()
@click.argument("code", metavar="TEXT|IMAGE")
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Whom to believe: a certificate (PEM), a JWKS, a did.json, or a folder of them.",
)
@click.option("--issuer", help="Whose the keys of a JWKS are, where the file does not say.")
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
    from health_code.codec.trust import Trust, TrustUnreadable

    believed = _files(trust)
    text = text_of(code)
    if text.startswith(signed.PREFIX):
        _verify_own(text, believed, at or datetime.now(UTC), as_json=as_json)
    try:
        keys = Trust.of(believed, issuer=issuer)
    except TrustUnreadable as cause:
        raise Failure(f"--trust 的 {trust} 中没有可用的公钥", f"--trust {trust}: {cause}") from cause
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
    if as_json:
        told = {
            "valid": checked.valid,
            "verdict": checked.verdict,
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
        click.echo(f"{'✔ 有效 VALID' if checked.valid else '✘ 无效 NOT VALID'}  {checked.verdict}")
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
