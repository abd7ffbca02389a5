"""The synthetic city is nobody's, and a real registry would take every certificate of it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from stdnum.cn import ric

from bff.sandbox.city import (
    CERTIFICATES,
    CLERKS,
    DEPARTMENTS,
    ENTERPRISE,
    HEALTH_RULES,
    ORGANISATIONS,
    PEOPLE,
    SOURCES,
    Certificate,
    Fate,
    person,
    synthetic_identifiers,
)
from bff.sandbox.health import COLOURS, Colour, items_at
from bff.sandbox.reminders import facts_at
from health_code.models import HEALTH_TYPES
from health_code.rules.colour import RuleSet, judge
from health_code.rules.documents import read_rule_set
from health_code.rules.evidence import Evidence, Fact, Key, Kind
from health_code.rules.evidence_files import read_evidence
from health_code.rules.linter import rule_set_issues
from push.timeline_models import PUSH_TYPES
from wallet.issuers.base import load_registry
from wallet.rules.claims import Party, settle_claims
from wallet.rules.identifiers import check_id_number, check_uscc, ecert_identifier
from wallet.rules.validity import check_period

REGISTRY = load_registry()


def title(certificate: Certificate) -> str:
    return f"{certificate.content.type} {certificate.content.serial}"


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=title)
def test_every_certificate_could_be_issued(certificate: Certificate) -> None:
    content = certificate.content
    of = REGISTRY.type(content.type)
    party = Party(name=content.holder.name, id_number=content.holder.id_number, uscc=content.holder.uscc)
    settle_claims(of, party, content.claims)
    check_period(content.valid_from, content.valid_until, longest_years=of.longest_years)
    department = next(each for each in DEPARTMENTS if each.key == certificate.department)
    assert content.type in department.types
    ecert_identifier(of.catalogue_code, department.id, content.serial, content.version)


def test_every_registered_type_has_a_certificate() -> None:
    assert {certificate.content.type for certificate in CERTIFICATES} == set(REGISTRY.types)


def test_every_registered_type_is_issued_by_one_department() -> None:
    issued = [code for each in DEPARTMENTS for code in each.types if code not in PUSH_TYPES]
    assert sorted(issued) == sorted(REGISTRY.types)


def test_every_kind_of_trouble_has_somebody() -> None:
    assert {certificate.fate for certificate in CERTIFICATES} == {None, *Fate}
    lasts = [certificate.content.valid_until for certificate in CERTIFICATES]
    assert None in lasts
    assert any(len(certificate.content.holder.keepers) == 2 for certificate in CERTIFICATES)
    assert any(len(each.name) > 12 for each in PEOPLE)
    assert any(ord(character) > 0xFFFF for each in PEOPLE for character in each.name)


def test_numbers_pass_every_check_and_are_given_to_nobody() -> None:
    for each in PEOPLE:
        check_id_number(each.id_number)
        # The municipality as a whole: in the list of places, and no place to be registered at.
        assert each.id_number.startswith("310000")
        assert ric.get_birth_place(each.id_number)["province"] == "上海市"
        assert not each.phone or each.phone.startswith("154")
    for code in (*(department.id for department in (*DEPARTMENTS, *SOURCES)), ENTERPRISE.id):
        check_uscc(code)


def test_clerks_stand_in_known_scenes_of_known_organisations() -> None:
    known = {organisation.id for organisation in ORGANISATIONS}
    for clerk in CLERKS:
        assert clerk.organisation in known
        assert set(clerk.scenes) <= set(REGISTRY.scenes)
    assert any("general" not in clerk.scenes for clerk in CLERKS)


def test_nothing_stands_for_two() -> None:
    for column in (
        [each.key for each in PEOPLE],
        [each.name for each in PEOPLE],
        [each.id_number for each in PEOPLE],
        [each.phone for each in PEOPLE if each.phone],
        [clerk.passphrase for clerk in CLERKS],
        [(clerk.organisation, clerk.number) for clerk in CLERKS],
        [certificate.content.serial for certificate in CERTIFICATES],
    ):
        assert [entry for entry, times in Counter(column).items() if times > 1] == []


def test_the_log_scan_knows_every_name_number_phone_and_openid() -> None:
    lin = person("lin")
    assert {
        lin.name,
        lin.id_number,
        lin.phone,
        lin.openid,
        "海屿市滨海区听潮路1号",
    } <= synthetic_identifiers()
    assert "" not in synthetic_identifiers()


RULES = RuleSet(read_rule_set(HEALTH_RULES.read_bytes()))


def test_the_citys_rules_on_health_codes_could_be_published() -> None:
    assert rule_set_issues(RULES.document) == []
    rule_makers = [clerk.organisation for clerk in CLERKS if "health:rules" in clerk.scopes]
    assert len(rule_makers) == len(set(rule_makers)) >= 2


def test_sources_report_what_they_are_registered_for_and_nothing_else() -> None:
    types = {source.key: source.types for source in SOURCES}
    for key, item in items_at(datetime.now(UTC)):
        assert f"health:{item['facts']['kind']}" in types[key]
    assert {name for names in types.values() for name in names} <= {*HEALTH_TYPES, *PUSH_TYPES}


def test_departments_tell_the_reminders_what_they_are_registered_for() -> None:
    types = {department.key: department.types for department in (*DEPARTMENTS, *SOURCES)}
    for key, item in facts_at(datetime.now(UTC)):
        assert f"push:{item['facts']['kind']}" in types[key]


@pytest.mark.parametrize("hour", [0, 8, 16, 23])
@pytest.mark.parametrize("expected", COLOURS, ids=lambda each: each.resident)
def test_whoever_starts_the_city_at_any_hour_finds_its_colours(expected: Colour, hour: int) -> None:
    now = datetime(2026, 11, 22, hour, tzinfo=UTC)
    own = [item for _, item in items_at(now) if item["idNumber"] == person(expected.resident).id_number]
    evidence = read_evidence(msgspec.json.encode(own), zone=RULES.zone)

    assert all(now - timedelta(days=2) < each.occurred_at <= now for each in evidence)
    assert judge(evidence, RULES, at=now, known_at=now).colour == expected.colour


@pytest.mark.parametrize(
    ("kind", "facts", "colour"),
    [
        (Kind.MANUAL, {"reason": "ISOLATION_ORDERED"}, "RED"),
        (Kind.MANUAL, {"reason": "CONTACT_TRACED"}, "YELLOW"),
        (Kind.MANUAL, {"reason": "RECORD_LOST"}, "GREEN"),
        (Kind.DECLARED, {"fever": True, "symptoms": []}, "YELLOW"),
        (Kind.DECLARED, {"fever": False, "symptoms": ["COUGH"]}, "GREEN"),
    ],
)
def test_what_is_tried_out_by_hand_in_the_city_shows(kind: Kind, facts: dict[str, Fact], colour: str) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    said = Evidence(
        key=Key("suishen:manual", "1"),
        kind=kind,
        jurisdiction="310000",
        occurred_at=now,
        recorded_at=now,
        facts=facts,
    )

    assert judge([said], RULES, at=now, known_at=now).colour == colour


def test_the_city_has_everybody_that_two_people_are_needed_for() -> None:
    for scope in ("health:approve", "health:appeals", "health:manual", "health:rules", "push:operate"):
        assert len({clerk.organisation for clerk in CLERKS if scope in clerk.scopes}) >= 2, scope
    # Who asks who was at a venue is who reports them: a reference is of no use to anybody else.
    tracing = [each for each in SOURCES if "health:trace" in each.scopes]
    assert any("health:report" in each.scopes and "health:EXPOSED" in each.types for each in tracing)
