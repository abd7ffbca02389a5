"""The fields of a certificate: what an issuer may send, and how they travel in a QR."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codes import id_number
from wallet.issuers.base import load_registry
from wallet.refusals import ClaimsInvalid, HolderMismatch, InvalidIdNumber, InvalidUscc
from wallet.rules.claims import Party, pack, settle_claims, unpack
from wallet.rules.disclosure import disclose, offered_claims

REGISTRY = load_registry()
ID_CARD = REGISTRY.type("resident-id-card")
LICENCE = REGISTRY.type("business-licence")

NUMBER = "11010519491231002X"
PERSON = Party(name="张小明", id_number=NUMBER)
FIELDS = {"sex": "女", "ethnicity": "汉", "birthDate": "1949-12-31", "address": "某市某路1号"}

COMPANY = Party(name="某某有限公司", uscc="91152201078377449P")
PARTICULARS = {
    "organisationKind": "有限责任公司",
    "legalRepresentative": "张小明",
    "registeredCapital": "壹佰万元整",
    "establishedOn": "2020-05-01",
    "premises": "某市某路2号",
    "businessScope": "软件开发",
}


class TestSettling:
    def test_the_holder_fills_in_name_and_number_and_the_number_is_masked(self) -> None:
        assert settle_claims(ID_CARD, PERSON, FIELDS) == {
            **FIELDS,
            "name": "张小明",
            "idNumber": "110***********002X",
        }

    def test_they_may_be_repeated_if_they_are_the_same(self) -> None:
        repeated = {**FIELDS, "name": "张小明", "idNumber": NUMBER}
        assert settle_claims(ID_CARD, PERSON, repeated) == settle_claims(ID_CARD, PERSON, FIELDS)

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"name": "李四"}, "name"),
            ({"idNumber": id_number("11010519491231003")}, "idNumber"),
            ({"sex": "男"}, "sex"),
            ({"sex": "F"}, "sex"),
            ({"birthDate": "1950-01-01"}, "birthDate"),
            ({"birthDate": "1949-02-30"}, "birthDate"),
            ({"birthDate": "19491231"}, "birthDate"),
            ({"address": ""}, "address"),
            ({"address": " 某市"}, "address"),
            ({"address": "某市\n"}, "address"),
            ({"address": "某市\u202e"}, "address"),
            ({"ethnicity": "汉*"}, "ethnicity"),
            ({"shoeSize": "42"}, "shoeSize"),
            ({"ageOver18": "是"}, "ageOver18"),
            ({"maskedName": "张*"}, "maskedName"),
        ],
    )
    def test_a_wrong_field_is_named_and_its_value_is_not(self, changes: dict[str, str], named: str) -> None:
        with pytest.raises(ClaimsInvalid) as refusal:
            settle_claims(ID_CARD, PERSON, FIELDS | changes)
        assert refusal.value.facts == {"claims": named}

    @pytest.mark.parametrize("name", FIELDS)
    def test_a_missing_field_is_named(self, name: str) -> None:
        rest = {key: value for key, value in FIELDS.items() if key != name}
        with pytest.raises(ClaimsInvalid) as refusal:
            settle_claims(ID_CARD, PERSON, rest)
        assert refusal.value.facts == {"claims": name}

    @pytest.mark.parametrize(
        ("party", "refused"),
        [
            (Party(name="张小明"), HolderMismatch),
            (COMPANY, HolderMismatch),
            (Party(name="张小明", id_number=NUMBER, uscc=COMPANY.uscc), HolderMismatch),
            (Party(name="张小明", id_number="110105194912310021"), InvalidIdNumber),
        ],
    )
    def test_an_id_card_needs_a_person(self, party: Party, refused: type[Exception]) -> None:
        with pytest.raises(refused):
            settle_claims(ID_CARD, party, FIELDS)

    def test_a_licence_needs_an_organisation(self) -> None:
        settled = settle_claims(LICENCE, COMPANY, PARTICULARS)
        assert settled["uscc"] == COMPANY.uscc
        assert settled["name"] == COMPANY.name
        with pytest.raises(HolderMismatch):
            settle_claims(LICENCE, PERSON, PARTICULARS)
        with pytest.raises(InvalidUscc):
            settle_claims(LICENCE, Party(name="某某", uscc="91152201078377449A"), PARTICULARS)

    def test_a_companys_term_does_not_end_before_it_begins(self) -> None:
        assert settle_claims(LICENCE, COMPANY, PARTICULARS | {"operatesUntil": "2040-04-30"})
        with pytest.raises(ClaimsInvalid) as refusal:
            settle_claims(LICENCE, COMPANY, PARTICULARS | {"operatesUntil": "2020-04-30"})
        assert refusal.value.facts == {"claims": "establishedOn, operatesUntil"}

    @pytest.mark.parametrize(
        ("classes", "fits"), [("C1", True), ("A1,D", True), ("C1D", True), ("Z9", False)]
    )
    def test_vehicle_classes_are_those_of_the_law(self, classes: str, fits: bool) -> None:  # noqa: FBT001
        licence = REGISTRY.type("driving-licence")
        fields = {
            "sex": "女",
            "birthDate": "1949-12-31",
            "vehicleClasses": classes,
            "firstLicensedOn": "1970-01-01",
            "fileNumber": "110000000001",
        }
        if fits:
            assert settle_claims(licence, PERSON, fields)["vehicleClasses"] == classes
        else:
            with pytest.raises(ClaimsInvalid):
                settle_claims(licence, PERSON, fields)


class TestPacking:
    def test_four_claims_of_an_id_card(self) -> None:
        shown = {"name": "张小明", "sex": "女", "birthDate": "1949-12-31", "idNumber": "**************002X"}
        # Keys of Claim 169 where it has one; days from 1970; 002 and X, the eleventh check character.
        assert pack(ID_CARD, shown) == {4: "张小明", 9: 2, 8: -7306, 1: 2 * 11 + 10}

    @given(
        st.dates(date(1850, 1, 1), date(2200, 1, 1)),
        st.sampled_from("男女"),
        st.from_regex(r"[0-9]{3}[0-9X]", fullmatch=True),
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    )
    def test_what_is_packed_is_unpacked(self, born: date, sex: str, tail: str, name: str) -> None:
        shown = {"name": name, "sex": sex, "birthDate": born.isoformat(), "idNumber": "*" * 14 + tail}
        assert unpack(ID_CARD, pack(ID_CARD, shown)) == shown

    @pytest.mark.parametrize("of", REGISTRY.types.values(), ids=lambda of: of.code)
    def test_every_claim_of_every_type_in_every_scene(self, of: object) -> None:
        kind = REGISTRY.type(of.code)  # type: ignore[attr-defined]
        sample = {
            "date": "2001-02-03",
            "sex": "男",
            "flag": "是",
            "idNumber": NUMBER,
            "uscc": "91152201078377449P",
        }
        claims = {
            field.name: sample.get(field.kind, "某某") for field in kind.fields if field.derivation is None
        }
        for scene in REGISTRY.scenes.values():
            shown = disclose(kind, offered_claims(kind, scene), claims, on=date(2026, 1, 1))
            assert unpack(kind, pack(kind, shown)) == shown

    @pytest.mark.parametrize(
        "packed",
        [
            {},
            {99: 1},
            {8: "1949-12-31"},
            {8: 10**9},
            {8: -(10**9)},
            {9: 3},
            {9: "男"},
            {33: 2},
            {1: 11_000},
            {1: -1},
            {4: 5},
        ],
    )
    def test_what_cannot_be_understood_is_left_out(self, packed: dict[int, str | int]) -> None:
        assert unpack(ID_CARD, packed) == {}
