"""Evidence from a file is what a source could report, and nothing else is judged."""

import json
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner

from bff.cli import main
from health_code.rules.evidence import Evidence, Kind
from health_code.rules.evidence_files import read_evidence

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
AT: Final = {"occurredAt": "2022-09-01T10:00:00+08:00"}
CARRIED: Final = {"kind": "FOREIGN_CERT", "certificate": "TEST", "issuer": "AT"}


def read(item: dict[str, Any]) -> Evidence:
    (found,) = read_evidence(json.dumps([AT | item]).encode(), zone=SHANGHAI)
    return found


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"facts": {"kind": "EXPOSED", "degree": "close"}}, "facts.degree"),
        ({"facts": {"kind": "EXPOSED"}}, "`degree` - at `$[0].facts"),
        ({"facts": {"degree": "CLOSE"}}, "`kind` - at `$[0].facts"),
        ({"facts": {"kind": "RESULT", "outcome": "positive"}}, "facts.outcome"),
        ({"facts": {"kind": "RESULT", "outcome": "INVALID", "diagnosys": "CONFIRMED"}}, "`diagnosys`"),
        ({"facts": {"kind": "RESULT", "outcome": "POSITIVE", "ct": 99}}, "facts.ct"),
        ({"facts": {"kind": "AREA_STAY", "area": "110000"}}, "`risk` - at `$[0].facts"),
        ({"facts": {"kind": "AREA_STAY", "area": "Peking", "risk": "HIGH"}}, "facts.area"),
        ({"facts": {"kind": "ENTERED", "country": "us"}}, "facts.country"),
        ({"facts": {"kind": "MANUAL", "reason": "clinical_diagnosis"}}, "facts.reason"),
        ({"facts": {"kind": "FOREIGN_CERT", "issuer": "AT", "area": "510000"}}, "`shown`"),
        ({"facts": CARRIED | {"outcome": "positive"}}, "facts.outcome"),
        ({"facts": {"kind": "SAMPLED"}, "jurisdiction": "Shanghai"}, "jurisdiction"),
        ({"facts": {"kind": "SAMPLED"}, "void": True}, "void"),
        ({"facts": {"kind": "SAMPLED"}, "sourceId": "a", "supersedes": "a"}, "supersedes"),
        ({"facts": {"kind": "SAMPLED"}, "expiresAt": AT["occurredAt"]}, "expiresAt"),
        ({"facts": {"kind": "EXPOSED", "degree": "CLOSE"}, "expiresAt": "2022-09-02T00:00:00Z"}, "expiresAt"),
    ],
)
def test_what_a_source_would_be_refused_for_is_refused_and_named(item: dict[str, Any], place: str) -> None:
    with pytest.raises(msgspec.ValidationError) as no:
        read(item)
    assert place in str(no.value)


@pytest.mark.parametrize(
    "item",
    [
        {"facts": {"kind": "AREA_STAY", "area": "110000"}, "source": "resident"},
        {"facts": {"kind": "DECLARED", "fever": True}, "source": "resident"},
        {"facts": {"kind": "MANUAL", "reason": "CONTACT_TRACED"}, "expiresAt": "2022-09-02T00:00:00Z"},
        {"facts": CARRIED | {"format": "hc1", "outcome": "NEGATIVE", "on": "2022-09-01", "stale": False}},
        {"facts": {"kind": "FOREIGN_CERT", "issuer": "四川", "area": "510000", "shown": "RED"}},
        {"facts": {"kind": "SAMPLED"}, "jurisdiction": "310115", "idNumber": "110101199001011237"},
    ],
)
def test_what_departments_residents_and_two_people_say_is_taken(item: dict[str, Any]) -> None:
    assert read(item).kind is Kind(item["facts"]["kind"])


def test_what_is_not_said_is_what_it_is_for_a_source() -> None:
    result = read({"facts": {"kind": "RESULT", "outcome": "NEGATIVE"}})

    assert result.facts == {"outcome": "NEGATIVE", "method": "NAT", "mixed": False, "screening": False}


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (
            b'[{"occurredAt": "2022-09-01T10:00:00Z", "facts": {"kind": "EXPOSED", "degree": "close"}}]',
            "中的 $[0].facts.degree 格式有误",
            "at `$[0].facts.degree`",
        ),
        (b'[{"a": "\xff"}]', "格式有误", "events.json"),
    ],
)
def test_nothing_is_judged_and_both_languages_say_where_it_is_wrong(
    content: bytes, zh: str, en: str, tmp_path: Path
) -> None:
    events = tmp_path / "events.json"
    events.write_bytes(content)
    rules = "docs/samples/health/example-rules.json"

    words = ["health", "evaluate", "--rules", rules, "--events", str(events), "--at", "2022-09-02", "--json"]
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert f"{events}" in error["zh"]
    assert zh in error["zh"]
    assert en in error["en"]


def test_both_languages_say_which_rule_is_wrong_and_how(tmp_path: Path) -> None:
    document = json.loads(Path("docs/samples/health/example-rules.json").read_text())
    document["Zone"] = "Asia/Nowhere"
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(document))
    events = "docs/samples/health/events.json"
    command = ["health", "evaluate", "--events", events, "--json"]

    told = json.loads(CliRunner().invoke(main, [*command, "--rules", str(rules)]).stdout)
    assert "规则集：没有时区 Asia/Nowhere" in told["error"]["zh"]
    told = json.loads(CliRunner().invoke(main, [*command, "--rules", str(rules), "--at", "noon"]).stdout)
    assert "'noon' 不是 ISO 8601 时间" in told["error"]["zh"]
