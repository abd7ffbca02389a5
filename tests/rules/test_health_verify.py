"""``suishen health verify``: one answer, whatever the certificate is and wherever it lies."""

import json
from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from bff.cli_health import health
from tests.foreign_certificates import EXPIRES, NOW, VECTORS, Signer, card, dcc_code, kid_of

SIGNER: Final = Signer()
PASS: Final = str(VECTORS / "nzcp/valid/nzcp.txt")
DID: Final = str(VECTORS / "nzcp/valid/did.json")


def verify(*words: str, at: str = NOW.isoformat(), given: str | None = None) -> Result:
    return CliRunner().invoke(health, ["verify", *words, "--at", at], input=given)


def told(result: Result) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_good_certificate_ends_with_zero_and_one_object(tmp_path: Path) -> None:
    pem = tmp_path / "signer.pem"
    pem.write_bytes(SIGNER.certificate())
    code = dcc_code(SIGNER, kid_of(pem.read_bytes()))

    result = verify(code, "--trust", str(pem), "--json")

    assert result.exit_code == 0
    answer = told(result)
    assert {name: answer[name] for name in list(answer)[:7]} == {
        "valid": True,
        "verdict": "VALID",
        "format": "hc1",
        "issuer": "XX",
        "subject": {"name": "Ada Muster", "birthDate": "1980-01-31"},
        "issuedAt": "2022-05-01T00:00:00Z",
        "expiresAt": "2023-05-01T00:00:00Z",
    }
    late = verify(code, "--trust", str(pem), "--json", at=(EXPIRES + timedelta(seconds=1)).isoformat())
    assert (late.exit_code, told(late)["verdict"]) == (1, "EXPIRED")


def test_a_time_without_an_offset_is_utc_as_issuers_write_theirs(tmp_path: Path) -> None:
    pem = tmp_path / "signer.pem"
    pem.write_bytes(SIGNER.certificate())
    code = dcc_code(SIGNER, kid_of(pem.read_bytes()))
    for at, code_of_exit in (("2022-05-01T00:00:00", 0), ("2022-04-30T23:59:00", 1)):
        assert verify(code, "--trust", str(pem), "--json", at=at).exit_code == code_of_exit


@pytest.mark.parametrize("way", ["text", "file", "standard input"])
def test_the_code_may_lie_anywhere(way: str) -> None:
    text = Path(PASS).read_text()
    word = {"text": text, "file": PASS, "standard input": "-"}[way]

    result = verify(word, "--trust", DID, "--json", at="2021-11-10T00:00:00Z", given=text + "\n")

    assert (result.exit_code, told(result)["format"]) == (0, "nzcp")


def test_the_code_may_be_a_picture(tmp_path: Path) -> None:
    data = json.loads((VECTORS / "dgc-testdata/AT/2DCode/raw/1.json").read_text())
    picture, signer = tmp_path / "code.png", tmp_path / "signer.pem"
    picture.write_bytes(b64decode(data["2DCODE"]))
    body = data["TESTCTX"]["CERTIFICATE"]
    signer.write_text(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")

    result = verify(str(picture), "--trust", str(signer), "--json", at=data["TESTCTX"]["VALIDATIONCLOCK"])

    assert (result.exit_code, told(result)["verdict"]) == (0, "VALID")


@pytest.mark.parametrize(
    "document",
    [
        {"verifiableCredential": ["{card}"] * 16, "padding": "x" * 30_000},
        {"verifiableCredential": ["{card}"], "note": "Zoë 佐伊"},
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "verifiableCredential", "valueString": "{card}"},
                {"name": "note", "valueString": "Zoë"},
            ],
        },
    ],
    ids=["long", "in words", "as FHIR"],
)
@pytest.mark.parametrize("way", ["file", "standard input"])
def test_a_file_of_cards_may_be_long_and_have_words_in_it(
    document: dict[str, Any], way: str, tmp_path: Path
) -> None:
    keys, file = tmp_path / "jwks.json", tmp_path / "cards.smart-health-card"
    keys.write_text(json.dumps({"keys": [SIGNER.jwk()]}))
    text = json.dumps(document, ensure_ascii=False).replace("{card}", card(SIGNER))
    file.write_text(text, "utf-8")
    words = ("--trust", str(keys), "--issuer", "https://cards.example/issuer", "--json")

    result = verify(str(file) if way == "file" else "-", *words, given=text)

    assert (result.exit_code, told(result)["verdict"]) == (0, "VALID")


def test_a_folder_holds_keys_of_every_kind_and_lists(tmp_path: Path) -> None:
    site = tmp_path / "cards.example/issuer/.well-known"
    (site / "crl").mkdir(parents=True)
    (site / "jwks.json").write_text(json.dumps({"keys": [SIGNER.jwk(crlVersion=1)]}))
    (site / "crl/key-1.json").write_text(
        json.dumps({"kid": "key-1", "method": "rid", "ctr": 1, "rids": ["gone"]})
    )
    # As an editor on Windows writes it.
    (tmp_path / "did.json").write_text(Path(DID).read_text(), "utf-8-sig")
    (tmp_path / "signer.pem").write_bytes(SIGNER.certificate())
    trust = ("--trust", str(tmp_path), "--json")

    assert told(verify(card(SIGNER, rid="here"), *trust))["verdict"] == "VALID"
    assert told(verify(card(SIGNER, rid="gone"), *trust))["verdict"] == "REVOKED"
    assert told(verify(PASS, *trust, at="2021-11-10T00:00:00Z"))["verdict"] == "VALID"


def test_a_key_set_that_says_no_issuer_is_believed_alone_and_is_nobodys_beside_another(
    tmp_path: Path,
) -> None:
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text(json.dumps({"keys": [(SIGNER if name < "t" else Signer()).jwk()]}))

    alone = verify(card(SIGNER), "--trust", str(tmp_path / "one.json"), "--json")
    both = verify(card(SIGNER), "--trust", str(tmp_path), "--json")
    (tmp_path / "two.json").rename(tmp_path / "https%3A%2F%2Fother.example.json")
    named = verify(card(SIGNER), "--trust", str(tmp_path), "--json")

    assert (alone.exit_code, both.exit_code, named.exit_code) == (0, 2, 1)
    assert "one.json, two.json" in both.stderr
    assert told(named)["verdict"] == "WRONG_ISSUER"
    assert "one.json" in named.stderr


def test_a_list_is_given_beside_the_trust(tmp_path: Path) -> None:
    keys, cards = tmp_path / "jwks.json", tmp_path / "crl.json"
    keys.write_text(json.dumps({"keys": [SIGNER.jwk()]}))
    cards.write_text(json.dumps({"kid": "key-1", "method": "rid", "ctr": 1, "rids": ["gone"]}))
    words = ("--trust", str(keys), "--issuer", "https://cards.example/issuer", "--json")

    assert told(verify(card(SIGNER, rid="gone"), *words))["verdict"] == "VALID"
    assert told(verify(card(SIGNER, rid="gone"), *words, "--revoked", str(cards)))["verdict"] == "REVOKED"


@pytest.mark.parametrize(
    "code", ["", "HC1:", "HC1:NCF", "shc:/", "NZCP:/1/", "hello", "HC1:é", "shc:/五", "NZCP:/1/é", "eyJé.é.é"]
)
def test_what_is_no_certificate_ends_with_two(code: str) -> None:
    result = verify(code, "--trust", DID, "--json")

    assert result.exit_code == 2
    assert told(result) | {"statements": [], "warnings": []} == {
        "valid": False,
        "verdict": "UNREADABLE",
        **dict.fromkeys(("format", "issuer", "subject", "issuedAt", "expiresAt")),
        "statements": [],
        "warnings": [],
    }


def test_a_file_that_holds_no_key_or_no_list_is_said_to_hold_none(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("no keys")

    for words in (("--trust", str(other)), ("--trust", DID, "--revoked", str(other))):
        result = verify(PASS, *words)
        assert result.exit_code == 2
        assert "no " in result.stderr


def test_a_person_reads_it_in_words() -> None:
    result = verify(PASS, "--trust", DID, at="2021-11-10T00:00:00Z")

    assert "✔ 有效 VALID" in result.stdout
    assert "Jack Sparrow" in result.stdout
