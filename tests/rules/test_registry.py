"""The data files fit together, and a set that does not is refused by file name."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wallet.issuers
from miniapp_schemas.refusals import Refusal
from miniapp_schemas.wallet import PresentationMode, Verdict
from wallet import refusals
from wallet.issuers.base import ClaimKind, HolderKind, RegistryError, load_registry
from wallet.refusals import SceneUnknown, TypeUnknown
from wallet.rules.advice import advice_for, is_good
from wallet.rules.disclosure import offered_claims

DATA = Path(wallet.issuers.__file__).parent
REGISTRY = load_registry()


class TestOurs:
    def test_the_types_a_city_begins_with(self) -> None:
        assert {
            "resident-id-card",
            "residence-permit",
            "driving-licence",
            "business-licence",
            "birth-certificate",
            "social-security-card",
        } <= set(REGISTRY.types)

    def test_types_and_scenes_are_found_by_code_and_by_number(self) -> None:
        for of in REGISTRY.types.values():
            assert REGISTRY.type(of.code) is REGISTRY.type_by_id(of.id) is of
        for scene in REGISTRY.scenes.values():
            assert REGISTRY.scene(scene.code) is REGISTRY.scene_by_id(scene.id) is scene
        assert REGISTRY.type_by_id(9999) is None
        assert REGISTRY.scene_by_id(9999) is None
        with pytest.raises(TypeUnknown):
            REGISTRY.type("library-card")
        with pytest.raises(SceneUnknown):
            REGISTRY.scene("moon.landing")

    def test_every_type_can_be_shown_in_general(self) -> None:
        general = REGISTRY.scene("general")
        for of in REGISTRY.types.values():
            assert 1 <= len(offered_claims(of, general)) <= 4

    def test_every_type_is_of_use_somewhere_else_too(self) -> None:
        for of in REGISTRY.types.values():
            assert [s for s in REGISTRY.scenes.values() if s.code != "general" and offered_claims(of, s)]

    def test_medical_and_social_papers_put_nothing_in_the_qr(self) -> None:
        for code in ("birth-certificate", "social-security-card"):
            assert REGISTRY.type(code).mode is PresentationMode.OPAQUE

    def test_a_venue_learns_neither_name_nor_number(self) -> None:
        for allowed in REGISTRY.scene("venue.entry").allowed.values():
            assert allowed == {"maskedName", "ageOver18"}

    def test_numbers_of_a_person_are_never_a_claim_of_an_organisation(self) -> None:
        for of in REGISTRY.types.values():
            if of.holder is HolderKind.ORGANISATION:
                assert not [field for field in of.fields if field.kind is ClaimKind.ID_NUMBER]

    def test_a_catalogue_code_nobody_confirmed_says_so(self) -> None:
        for path in (DATA / "types").glob("*.json"):
            raw = json.loads(path.read_text())
            assert "nverified" in raw["catalogueSource"]

    def test_the_four_most_used_claims_have_keys_of_one_byte(self) -> None:
        keys = {field.name: field.key for field in REGISTRY.type("resident-id-card").fields}
        assert {keys[name] for name in ("name", "sex", "birthDate", "idNumber")} == {4, 9, 8, 1}


def _change(file: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        path = root / file
        document = json.loads(path.read_text())
        changed = change(document)
        path.write_text(json.dumps(document if changed is None else changed))

    return apply


BROKEN = {
    "claims.json: not JSON": lambda root: (root / "claims.json").write_text("["),
    "claims.json: missing": lambda root: (root / "claims.json").unlink(),
    "claims.json: a key twice": _change("claims.json", lambda entries: entries[1].update(key=1)),
    "claims.json: a name twice": _change("claims.json", lambda entries: entries[1].update(name="idNumber")),
    "claims.json: a kind unknown": _change("claims.json", lambda entries: entries[1].update(kind="photo")),
    "resident-id-card.json: a typo": _change("types/resident-id-card.json", lambda raw: raw.update(cod="x")),
    "resident-id-card.json: another's code": _change(
        "types/resident-id-card.json", lambda raw: raw.update(code="driving-licence")
    ),
    "resident-id-card.json: a claim unknown": _change(
        "types/resident-id-card.json", lambda raw: raw["fields"].append({"name": "shoeSize"})
    ),
    "resident-id-card.json: a field twice": _change(
        "types/resident-id-card.json", lambda raw: raw["fields"].append(raw["fields"][0])
    ),
    "resident-id-card.json: a number it has not": _change(
        "types/resident-id-card.json", lambda raw: raw.update(number="uscc")
    ),
    "resident-id-card.json: an ID number unmasked": _change(
        "types/resident-id-card.json",
        lambda raw: next(f for f in raw["fields"] if f["name"] == "idNumber").pop("masking") and None,
    ),
    "resident-id-card.json: a pattern that is none": _change(
        "types/resident-id-card.json", lambda raw: raw["fields"][0].update(pattern="(")
    ),
    "resident-id-card.json: a derived claim without its source": _change(
        "types/resident-id-card.json",
        lambda raw: raw.update(fields=[f for f in raw["fields"] if f["name"] != "birthDate"]),
    ),
    "resident-id-card.json: a derived claim required": _change(
        "types/resident-id-card.json",
        lambda raw: next(f for f in raw["fields"] if f["name"] == "ageOver18").update(required=True),
    ),
    "types/: a number twice": _change("types/driving-licence.json", lambda raw: raw.update(id=1)),
    "scenes.json: a code twice": _change("scenes.json", lambda entries: entries[1].update(code="general")),
    "scenes.json: a number twice": _change("scenes.json", lambda entries: entries[1].update(id=1)),
    "scenes.json: a type unknown": _change(
        "scenes.json", lambda entries: entries[0]["allowed"].update({"library-card": ["name"]})
    ),
    "scenes.json: a claim never disclosed": _change(
        "scenes.json", lambda entries: entries[0]["allowed"].update({"resident-id-card": ["address"]})
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_data_that_does_not_fit_names_its_file(name: str, tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "issuers")
    BROKEN[name](tmp_path / "issuers")
    with pytest.raises(RegistryError, match=re.escape(name.partition(":")[0])):
        load_registry(tmp_path / "issuers")


def test_every_verdict_comes_with_advice_in_both_languages() -> None:
    for verdict in Verdict:
        advice = advice_for(verdict)
        assert re.search(r"[\u4e00-\u9fff]", advice.zh)
        assert re.fullmatch(r"[\x20-\x7e]+", advice.en)
        assert is_good(verdict) is verdict.name.startswith("OK_")


def test_every_refusal_speaks_both_languages() -> None:
    facts = {
        name: name
        for name in (
            "type",
            "scene",
            "claims",
            "reason_zh",
            "reason_en",
            "wanted_zh",
            "wanted_en",
            "current",
            "mark",
            "change",
        )
    }
    found = [
        value for value in vars(refusals).values() if isinstance(value, type) and issubclass(value, Refusal)
    ]
    named = [refusal for refusal in found if refusal is not Refusal]
    assert len({refusal.code for refusal in named}) == len(named)
    for refusal in named:
        zh, en = refusal(**facts).detail
        assert zh
        assert en
        assert refusal.title_zh
        assert refusal.title_en
