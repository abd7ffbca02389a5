"""A good certificate becomes evidence, and is judged by the rules here; what it is not, it never becomes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from health_code.codec import foreign
from health_code.codec.certificates import Checked
from health_code.codec.trust import Trust
from health_code.rules.colour import RuleSet, judge
from health_code.rules.documents import Colour
from health_code.rules.evidence import Evidence, Kind
from health_code.rules.recognition import FRESH_CERTIFICATE, as_of, evidence_of
from health_code.rules.same_person import Holder, Match, matched, name_parts, same_person
from tests.foreign_certificates import (
    DCC,
    EXPIRES,
    ISSUED,
    NOW,
    TEST,
    VECTORS,
    Signer,
    card,
    claims,
    dcc_code,
    kid_of,
)
from tests.health import rule, rule_set

SIGNER: Final = Signer()
PEM: Final = SIGNER.certificate()
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
TRUST: Final = Trust.of(
    {"signer.pem": PEM, "jwks.json": json.dumps(SIGNER.jwk()).encode()}, issuer="https://cards.example/issuer"
)
PERSON: Final = {name: DCC[name] for name in ("ver", "nam", "dob")}


def shown(dcc: dict[str, Any] = DCC, *, at: datetime = NOW) -> Checked:
    return foreign.verify(dcc_code(SIGNER, kid_of(PEM), claims(dcc)), trust=TRUST, at=at)


def evidence(
    checked: Checked, *, at: datetime = NOW, fresh_for: timedelta = timedelta(days=60)
) -> list[Evidence]:
    return list(
        evidence_of(checked, jurisdiction="310000", zone=SHANGHAI, recorded_at=at, fresh_for=fresh_for)
    )


def test_a_vaccination_is_evidence_of_its_day_here() -> None:
    (found,) = evidence(shown())

    assert found.kind is Kind.FOREIGN_CERT
    assert found.key.source == "foreign:hc1"
    assert found.occurred_at == datetime(2022, 2, 3, tzinfo=SHANGHAI)
    assert (found.recorded_at, found.expires_at) == (NOW, EXPIRES)
    assert found.facts == {
        "certificate": "VACCINATION",
        "format": "hc1",
        "issuer": "XX",
        "asOf": ISSUED.isoformat(),
        "stale": False,
        "on": "2022-02-03",
        "country": "XX",
        "product": "EU/1/20/1528",
        "dose": 2,
        "doses": 2,
    }


@pytest.mark.parametrize(
    ("result", "outcome"), [("260415000", "NEGATIVE"), ("260373001", "POSITIVE"), ("x", "INVALID")]
)
def test_a_test_is_evidence_of_its_minute_with_its_outcome(result: str, outcome: str) -> None:
    (found,) = evidence(shown(PERSON | {"t": [TEST | {"tr": result}]}))

    assert found.occurred_at == datetime(2022, 4, 30, 8, tzinfo=UTC)
    assert (found.facts["certificate"], found.facts["outcome"], found.facts["method"]) == (
        "TEST",
        outcome,
        "NAT",
    )


def test_what_is_about_another_disease_proves_nothing_here() -> None:
    measles = shown(PERSON | {"t": [TEST | {"tg": "14189004"}]})

    assert measles.valid
    assert evidence(measles) == []


def test_a_recovery_says_from_when_until_when() -> None:
    recovery = {"tg": "840539006", "fr": "2022-01-02", "df": "2022-01-13", "du": "2022-07-01"}
    entry = recovery | {"co": "XX", "is": "Ministry", "ci": "URN"}
    (found,) = evidence(shown(PERSON | {"r": [entry]}))

    assert found.facts["certificate"] == "RECOVERY"
    assert (found.facts["validFrom"], found.facts["validUntil"]) == ("2022-01-13", "2022-07-01")


def test_the_same_certificate_has_the_same_key_however_often_it_is_shown() -> None:
    code = dcc_code(SIGNER, kid_of(PEM))
    one, other = (
        evidence(foreign.verify(code, trust=TRUST, at=at), at=at) for at in (NOW, NOW + timedelta(1))
    )

    assert one[0].key == other[0].key
    assert one[0].key != evidence(shown(PERSON | {"t": [TEST]}))[0].key


def test_an_old_certificate_says_that_it_is_stale() -> None:
    (found,) = evidence(shown(), fresh_for=timedelta(hours=4))

    assert found.facts["stale"] is True


@pytest.mark.parametrize("days", [1, 3])
def test_a_test_is_as_old_as_its_sample_however_lately_it_was_certified(days: int) -> None:
    taken = NOW - timedelta(days)
    body = claims(PERSON | {"t": [TEST | {"sc": taken.isoformat()}]}, issued=int(NOW.timestamp()))
    checked = foreign.verify(dcc_code(SIGNER, kid_of(PEM), body), trust=TRUST, at=NOW)

    (found,) = evidence(checked, fresh_for=FRESH_CERTIFICATE)

    assert (found.facts["asOf"], found.facts["stale"]) == (taken.isoformat(), days > 2)
    assert as_of(found) == found.occurred_at == taken


def test_a_test_that_was_kept_with_its_issue_is_as_old_as_its_sample_too() -> None:
    (found,) = evidence(shown(PERSON | {"t": [TEST]}))
    before = structs.replace(found, facts={**found.facts, "asOf": NOW.isoformat()})

    assert as_of(before) == datetime.fromisoformat(TEST["sc"])


@pytest.mark.parametrize("at", [ISSUED - timedelta(days=1), EXPIRES + timedelta(days=1)])
def test_a_certificate_that_is_not_good_is_no_evidence(at: datetime) -> None:
    assert evidence(shown(at=at), at=at) == []


def test_what_has_not_happened_yet_is_no_evidence() -> None:
    assert evidence(shown(PERSON | {"t": [TEST | {"sc": "2022-06-02T00:00:00Z"}]})) == []


def test_a_date_without_a_day_counts_from_the_issue() -> None:
    (found,) = evidence(shown(DCC | {"v": [DCC["v"][0] | {"dt": "2022-02"}]}))

    assert found.occurred_at == ISSUED


def test_an_hour_that_no_clock_has_leaves_the_day() -> None:
    (found,) = evidence(shown(PERSON | {"t": [TEST | {"sc": "2022-04-02T25:61"}]}))

    assert found.occurred_at == datetime(2022, 4, 2, tzinfo=SHANGHAI)


def test_a_card_of_another_kind_is_evidence_alike() -> None:
    (found,) = evidence(foreign.verify(card(SIGNER), trust=TRUST, at=NOW))

    assert found.key.source == "foreign:shc"
    assert (found.facts["certificate"], found.facts["outcome"]) == ("TEST", "NEGATIVE")


def test_the_rules_here_judge_what_was_certified_elsewhere() -> None:
    positive = rule(
        1,
        "RED",
        Kinds=["FOREIGN_CERT"],
        Logic={
            "and": [
                {"===": [{"var": "payload.event.outcome"}, "POSITIVE"]},
                {"<": [{"var": "payload.event.daysSince"}, 40]},
            ]
        },
    )
    rules = RuleSet(rule_set(positive))

    for result, colour in (("260373001", Colour.RED), ("260415000", Colour.GREEN)):
        found = evidence(shown(PERSON | {"t": [TEST | {"tr": result}]}))
        assert judge(found, rules, at=NOW, known_at=NOW).colour is colour


COMPARISONS: Final = json.loads((VECTORS / "cwa/dcc-holder-comparison.gen.json").read_text("utf-8"))["data"]
NAMES: Final = json.loads((VECTORS / "cwa/dcc-holder-name-components.gen.json").read_text("utf-8"))["data"]


def holder(written: dict[str, Any]) -> Holder:
    name = written["nam"]
    return Holder(given=name.get("gnt", ""), family=name.get("fnt", ""), birth_date=written["dob"])


@pytest.mark.parametrize("case", COMPARISONS, ids=lambda case: case["description"])
def test_two_certificates_are_one_persons_where_they_should_be(case: dict[str, Any]) -> None:
    one, other = holder(case["actHolderA"]), holder(case["actHolderB"])

    assert same_person(one, other) is same_person(other, one) is case["expIsSameHolder"]


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case["description"])
def test_a_name_has_the_parts_that_count(case: dict[str, Any]) -> None:
    assert name_parts(case["actName"]) == case["expNameComponents"]


@pytest.mark.parametrize(
    ("own", "name", "match"),
    [
        ("林小满", "林小满", Match.NAME_AND_BIRTH_DATE),
        ("林小满", "小满 林", Match.NAME_AND_BIRTH_DATE),
        ("阿卜杜拉·买买提", "阿卜杜拉 买买提", Match.NAME_AND_BIRTH_DATE),
        ("林小满", "林小明", None),
        ("林小满", "林", None),
        ("林小满", "LIN XIAOMAN", Match.BIRTH_DATE),
        ("Ada Muster", "Muster, Ada", Match.NAME_AND_BIRTH_DATE),
        ("Ada Muster", "Eve Other", None),
        ("Ada Muster", "穆斯特", Match.BIRTH_DATE),
    ],
)
def test_a_certificate_is_a_residents_by_its_birth_date_and_its_name_in_one_script(
    own: str, name: str, match: Match | None
) -> None:
    resident = Holder(given=own, birth_date="1990-01-01")

    assert matched(resident, name, "1990-01-01") is match
    assert matched(resident, name, "1990-01-02") is None
