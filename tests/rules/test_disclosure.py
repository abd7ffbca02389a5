"""What holder and verifier see."""

from datetime import date

import pytest

from wallet.issuers.base import Derivation, Masking, Rule, load_registry
from wallet.rules.disclosure import derive, disclose, holder_view, mask, offered_claims

REGISTRY = load_registry()
ID_CARD = REGISTRY.type("resident-id-card")
CLAIMS = {
    "name": "张小明",
    "sex": "男",
    "ethnicity": "汉",
    "birthDate": "2008-02-29",
    "address": "某市某路1号",
    "idNumber": "110***********1234",
}
OVER_18 = Derivation(of="birthDate", rule=Rule.AGE_OVER, years=18)


def test_a_venue_sees_a_veiled_name_and_a_yes() -> None:
    venue = offered_claims(ID_CARD, REGISTRY.scene("venue.entry"))
    assert disclose(ID_CARD, venue, CLAIMS, on=date(2026, 3, 1)) == {"maskedName": "张*明", "ageOver18": "是"}


def test_no_scene_shows_an_id_number_in_full_or_an_address() -> None:
    full = {**CLAIMS, "idNumber": "11010519491231002X"}
    for scene in REGISTRY.scenes.values():
        seen = disclose(ID_CARD, offered_claims(ID_CARD, scene), full, on=date(2026, 3, 1))
        assert seen.get("idNumber", "*").startswith("*")
        assert "address" not in seen


def test_a_claim_the_certificate_lacks_is_left_out() -> None:
    assert disclose(ID_CARD, ("name", "ageOver18"), {"name": "张小明"}, on=date(2026, 3, 1)) == {
        "name": "张小明"
    }


@pytest.mark.parametrize(
    ("born", "on", "answer"),
    [
        ("2008-11-22", date(2026, 11, 21), "否"),
        ("2008-11-22", date(2026, 11, 22), "是"),
        ("2008-02-29", date(2026, 2, 28), "否"),
        ("2008-02-29", date(2026, 3, 1), "是"),
        ("2026-11-22", date(2026, 11, 22), "否"),
    ],
)
def test_an_age_is_complete_on_the_birthday(born: str, on: date, answer: str) -> None:
    assert derive(OVER_18, born, on=on) == answer


def test_the_holder_sees_the_stored_fields_and_no_derived_ones() -> None:
    seen = {field.name: value for field, value in holder_view(ID_CARD, CLAIMS)}
    assert seen == {**CLAIMS, "name": "张*明"}


def test_what_is_masked_is_not_masked_again() -> None:
    assert mask(Masking.ID_NUMBER, "110***********1234") == "110***********1234"
    assert mask(Masking.NAME, mask(Masking.NAME, "张小明")) == "张*明"
