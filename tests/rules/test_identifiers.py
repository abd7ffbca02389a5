"""Numbers of people, organisations and certificates."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from tests.codes import id_number
from wallet.refusals import InvalidIdentifier, InvalidIdNumber, InvalidUscc
from wallet.rules.identifiers import (
    EcertIdentifier,
    birth_date_of,
    check_ecert_identifier,
    check_id_number,
    check_uscc,
    ecert_identifier,
    id_number_tail,
    mask_id_number,
    mask_name,
    mask_number,
    sex_of,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "cn-ids"
USCCS = (VECTORS / "uscc_valid.txt").read_text().split()
ECERTS = json.loads((VECTORS / "ecert_identifiers.json").read_text())

births = st.dates(date(1900, 1, 1), date(2026, 1, 1))
id_numbers = st.builds(
    lambda region, born, order: id_number(f"{region}{born:%Y%m%d}{order:03d}"),
    region=st.sampled_from(["110105", "310101", "440304", "510107"]),
    born=births,
    order=st.integers(0, 999),
)


class TestIdNumber:
    @given(id_numbers)
    def test_a_valid_one_is_returned(self, number: str) -> None:
        assert check_id_number(number) == number

    @given(id_numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
    def test_one_character_wrong_is_noticed(self, number: str, at: int, other: str) -> None:
        changed = number[:at] + other + number[at + 1 :]
        if changed != number:
            with pytest.raises(InvalidIdNumber):
                check_id_number(changed)

    @given(id_numbers, st.integers(0, 16))
    def test_two_characters_exchanged_are_noticed(self, number: str, at: int) -> None:
        changed = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        if changed != number:
            with pytest.raises(InvalidIdNumber):
                check_id_number(changed)

    @pytest.mark.parametrize(
        "number",
        [
            "",
            "110105491231002",  # the 15 digits of before 1999
            "11010519491231002x",
            "11010519491231002X ",
            " 11010519491231002X",
            "110105 19491231 002X",
            "１１０１０５19491231002X",
            id_number("11010520230229123"),  # no such day
            id_number("11010519491331002"),  # no such month
            id_number("99010519491231002"),  # no such province
            id_number("00010519491231002"),
        ],
    )
    def test_another_spelling_or_day_is_refused(self, number: str) -> None:
        with pytest.raises(InvalidIdNumber):
            check_id_number(number)

    @pytest.mark.parametrize("region", ["330113", "810000", "830000", "110199"])
    def test_a_county_younger_than_any_table_is_accepted(self, region: str) -> None:
        number = id_number(f"{region}20220501123")
        assert check_id_number(number) == number

    def test_it_tells_birth_date_and_sex(self) -> None:
        assert birth_date_of("11010519491231002X") == date(1949, 12, 31)
        assert sex_of("11010519491231002X") == "女"
        assert sex_of(id_number("11010519491231003")) == "男"


class TestUscc:
    @pytest.mark.parametrize("code", USCCS)
    def test_two_hundred_known_ones(self, code: str) -> None:
        assert check_uscc(code) == code

    @pytest.mark.parametrize("at", range(18))
    def test_one_character_wrong_is_noticed(self, at: int) -> None:
        code = USCCS[0]
        changed = code[:at] + ("2" if code[at] != "2" else "3") + code[at + 1 :]
        with pytest.raises(InvalidUscc):
            check_uscc(changed)

    @pytest.mark.parametrize(
        "code", ["", USCCS[0].lower() + "a", USCCS[2].lower(), f" {USCCS[0]}", f"{USCCS[0]}\n", "I" * 18]
    )
    def test_another_spelling_is_refused(self, code: str) -> None:
        with pytest.raises(InvalidUscc):
            check_uscc(code)

    @pytest.mark.parametrize("begins", ["N2", "A1", "Y1"])
    def test_those_of_co_operatives_the_army_and_others(self, begins: str) -> None:
        first = f"{begins}310115MA1XXXXX1"
        code = first + uscc.calc_check_digit(first)
        assert check_uscc(code) == code


class TestEcertIdentifier:
    @pytest.mark.parametrize("vector", ECERTS)
    def test_those_found_in_public(self, vector: dict[str, object]) -> None:
        identifier = str(vector["id"])
        if vector["check_iso7064_mod37_36"] is True:
            parts = check_ecert_identifier(identifier)
            assert (
                ecert_identifier(parts.type_code, parts.issuer_code, parts.serial, parts.version)
                == identifier
            )
        else:
            with pytest.raises(InvalidIdentifier):
                check_ecert_identifier(identifier)

    @given(
        st.from_regex(r"[0-9A-Z]{21}", fullmatch=True),
        st.from_regex(r"[0-9A-Z]{1,18}", fullmatch=True),
        st.from_regex(r"[0-9A-Z]{1,32}", fullmatch=True),
        st.integers(0, 999),
    )
    def test_what_is_made_can_be_taken_apart(self, kind: str, issuer: str, serial: str, version: int) -> None:
        assert check_ecert_identifier(ecert_identifier(kind, issuer, serial, version)) == EcertIdentifier(
            type_code=kind, issuer_code=issuer, serial=serial, version=version
        )

    def test_one_character_wrong_is_noticed(self) -> None:
        identifier = str(ECERTS[0]["id"])
        for at, found in enumerate(identifier):
            for other in "0A.":
                if other != found:
                    with pytest.raises(InvalidIdentifier):
                        check_ecert_identifier(identifier[:at] + other + identifier[at + 1 :])

    @pytest.mark.parametrize(
        ("kind", "issuer", "serial", "version"),
        [
            ("1" * 20, "1" * 18, "1", 1),
            ("1" * 21, "", "1", 1),
            ("1" * 21, "1" * 19, "1", 1),
            ("1" * 21, "1" * 18, "", 1),
            ("1" * 21, "1" * 18, "a", 1),
            ("1" * 21, "1" * 18, "1.2", 1),
            ("1" * 21, "1" * 18, "1", 1000),
            ("1" * 21, "1" * 18, "1", -1),
        ],
    )
    def test_parts_that_do_not_fit(self, kind: str, issuer: str, serial: str, version: int) -> None:
        with pytest.raises(InvalidIdentifier):
            ecert_identifier(kind, issuer, serial, version)


class TestMasks:
    @pytest.mark.parametrize(
        ("name", "masked"),
        [
            ("张三", "张*"),
            ("张小明", "张*明"),
            ("欧阳小明", "欧*明"),
            ("买买提·吐尔逊", "买*逊"),
            ("李", "*"),
            ("", "*"),
        ],
    )
    def test_names(self, name: str, masked: str) -> None:
        assert mask_name(name) == masked

    @given(id_numbers)
    def test_an_id_number_loses_its_birth_date(self, number: str) -> None:
        masked = mask_id_number(number)
        assert len(masked) == 18
        assert masked == f"{number[:3]}***********{number[-4:]}"
        assert id_number_tail(masked) == id_number_tail(number) == f"**************{number[-4:]}"

    @pytest.mark.parametrize(
        ("number", "masked"), [("A123456789", "A1******89"), ("12345678", "12****78"), ("1234567", "*******")]
    )
    def test_other_numbers(self, number: str, masked: str) -> None:
        assert mask_number(number) == masked
