"""Certificates residents bring (互认): a signature is believed, or a salted hash asked about."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from aiohttp import ClientSession

from bff.platform.settings import load_settings
from bff.sandbox.macao import AREA, ISSUER, NAME, Carry, MacaoHealth
from bff.sandbox.simulator import Simulator, simulated
from tests.foreign_certificates import DCC, TEST, Signer, card, claims, dcc_code, digits, kid_of, nz_pass
from tests.health_town import CODE, HealthTown, Somebody, health_town

KEY: Final = "sim-test-macao-0001"
BRING: Final = f"{CODE}/certificates"
BORN: Final = date(1990, 1, 1)
SIGNER: Final = Signer()
PEM: Final = SIGNER.certificate(ends=datetime(2100, 1, 1, tzinfo=UTC))


class Abroad:
    """A town, and the places from which its residents come."""

    def __init__(self, town: HealthTown, macao: MacaoHealth, wire: Simulator) -> None:
        self.town = town
        self.macao = macao
        self.wire = wire

    async def asked(self) -> list[Any]:
        """What arrived at the issuer."""
        async with ClientSession() as http, http.get(f"{self.wire.url}/_sim/journal") as reply:
            found: list[Any] = await reply.json()
            return [each for each in found if each["path"] == "/v1/standing"]

    async def out_of_order(self) -> None:
        """Let the issuer answer nobody."""
        plan = {"faults": [{"kind": "busy", "route": "/v1/standing"}]}
        async with ClientSession() as http, http.post(f"{self.wire.url}/_sim/plan", json=plan) as reply:
            assert reply.status == 204

    def carried(self, name: str = "林小满", born: date = BORN, **more: Any) -> str:  # noqa: ANN401  JSON
        """What somebody downloaded there."""
        return self.macao.download(Carry(name=name, birth_date=born, **more))


@asynccontextmanager
async def _abroad(environ: dict[str, str], folder: Path) -> AsyncIterator[Abroad]:
    macao = MacaoHealth(key=KEY)
    async with simulated(macao) as wire:
        place = {"id": ISSUER, "name": NAME, "area": AREA, "url": f"{wire.url}/v1/standing", "key": KEY}
        (folder / "vouchers.json").write_bytes(msgspec.json.encode([place]))
        (folder / "trust").mkdir()
        (folder / "trust" / "signer.pem").write_bytes(PEM)
        (folder / "trust" / "nz.json").write_bytes(nz_pass(SIGNER)[1])
        site = folder / "trust" / "cards.example" / "issuer" / ".well-known"
        site.mkdir(parents=True)
        (site / "jwks.json").write_bytes(msgspec.json.encode({"keys": [SIGNER.jwk()]}))
        settings = load_settings(
            environ
            | {
                "SUISHEN_HEALTH_VOUCHERS_FILE": str(folder / "vouchers.json"),
                "SUISHEN_HEALTH_TRUST_DIR": str(folder / "trust"),
            }
        )
        async with health_town(settings) as town:
            yield Abroad(town, macao, wire)


@pytest.fixture
async def abroad(environ: dict[str, str], tmp_path: Path) -> AsyncIterator[Abroad]:
    async with _abroad(environ, tmp_path) as made:
        yield made


@pytest.fixture
async def lin(abroad: Abroad) -> Somebody:
    return await abroad.town.resident(1)


async def elsewhere(somebody: Somebody) -> list[Any]:
    """What their code says that other places say."""
    answer = await somebody.ask("GET", CODE)
    found: list[Any] = answer.json()["elsewhere"]
    return found


async def refused(somebody: Somebody, text: str) -> tuple[int, str]:
    answer = await somebody.ask("POST", BRING, {"text": text})
    told = re.search(r"\(([A-Z_]+)\)", answer.json()["detailEn"])
    return answer.status_code, answer.json()["code"] if told is None else told[1]


def signed_test(name: dict[str, str]) -> str:
    """A signed negative test of an hour ago."""
    now = datetime.now(UTC)
    taken = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {field: value for field, value in DCC.items() if field != "v"}
    content |= {"nam": name, "dob": BORN.isoformat(), "t": [TEST | {"sc": taken}]}
    times = {"issued": int(now.timestamp()) - 60, "expires": int(now.timestamp()) + 86_400}
    return dcc_code(SIGNER, kid_of(PEM), claims(content, **times))


async def test_the_resident_carries_the_data_and_only_a_salted_hash_crosses(
    abroad: Abroad, lin: Somebody
) -> None:
    text = abroad.carried(shown="YELLOW")

    brought = await lin.ask("POST", BRING, {"text": text})
    await abroad.town.settle()

    assert brought.status_code == 201, brought.text
    told = brought.json()
    assert (told["format"], told["issuer"], told["matched"]) == ("hz1", NAME, "NAME_AND_BIRTH_DATE")
    (said,) = await elsewhere(lin)
    assert (said["shown"], said["issuer"], said["area"]) == ("YELLOW", NAME, AREA)
    assert (said["brought"], said["stale"], said["evidence"]) == (
        "CARRIED",
        False,
        told["statements"][0]["evidence"],
    )
    assert (await lin.ask("GET", CODE)).json()["colour"] == "GREEN"
    (question,) = await abroad.asked()
    assert (question["query"], set(abroad.macao._issued)) == ({}, {_hash(text)})


async def test_brought_again_it_is_the_same_and_by_nobody_else(abroad: Abroad, lin: Somebody) -> None:
    text = abroad.carried()
    first, again = [(await lin.ask("POST", BRING, {"text": text})).json() for _ in range(2)]
    # Of the same name and born on the same day.
    twin = await abroad.town.resident(2)

    assert first["statements"] == again["statements"]
    assert await refused(twin, text) == (403, "CERTIFICATE_OF_ANOTHER")


@pytest.mark.parametrize(
    ("name", "born"),
    [("林小明", BORN), ("林小满", date(1990, 1, 2)), ("满林小", BORN)],
)
async def test_what_is_made_out_to_another_is_not_asked_about(
    abroad: Abroad, lin: Somebody, name: str, born: date
) -> None:
    assert await refused(lin, abroad.carried(name, born)) == (403, "CERTIFICATE_OF_ANOTHER")
    assert await abroad.asked() == []


async def test_what_the_issuer_does_not_know_or_took_back_is_not_believed(
    abroad: Abroad, lin: Somebody
) -> None:
    text = abroad.carried(shown="RED")
    prefix, issuer, salt, payload = text.split(".")
    green = _base64(_unbase64(payload).replace(b"RED", b"GREEN"))
    other_salt = "A" * len(salt)
    taken_back = abroad.carried()
    abroad.macao.revoke(_hash(taken_back))

    for changed, verdict in (
        (f"{prefix}.{issuer}.{salt}.{green}", "BAD_SIGNATURE"),
        (f"{prefix}.{issuer}.{other_salt}.{payload}", "BAD_SIGNATURE"),
        (taken_back, "REVOKED"),
        (f"{prefix}.hongkong.{salt}.{payload}", "WRONG_ISSUER"),
        (f"{prefix}.{issuer}.{salt}.{_base64(b'{}' * 12)}", "MALFORMED"),
        (f"{prefix}.{issuer}.short.{payload}", "UNREADABLE"),
        (abroad.carried(hours_ago=25), "EXPIRED"),
        (abroad.carried(hours_ago=-1), "NOT_YET_VALID"),
    ):
        assert await refused(lin, changed) == (400, verdict)
    assert await elsewhere(lin) == []


async def test_an_old_one_is_shown_and_flagged(abroad: Abroad, lin: Somebody) -> None:
    brought = await lin.ask("POST", BRING, {"text": abroad.carried(shown="RED", hours_ago=5)})
    await abroad.town.settle()

    (said,) = await elsewhere(lin)
    assert brought.json()["statements"][0]["stale"] is True
    assert (said["shown"], said["stale"]) == ("RED", True)


async def test_an_issuer_that_is_away_is_told_of_and_then_left_alone(abroad: Abroad, lin: Somebody) -> None:
    await abroad.out_of_order()
    text = abroad.carried()

    told = [await refused(lin, text) for _ in range(5)]

    assert told == [(503, "CERTIFICATE_ISSUER_AWAY")] * 5
    assert len(await abroad.asked()) == 3


async def test_a_signed_certificate_is_believed_by_its_signature_and_its_name_held_against_the_residents(
    abroad: Abroad, lin: Somebody
) -> None:
    latin = {"fn": "Lin", "gn": "Xiaoman", "fnt": "LIN", "gnt": "XIAOMAN"}
    han = {"fn": "林", "gn": "小满", "fnt": "LIN", "gnt": "XIAOMAN"}
    other = {"fn": "王", "gn": "小满", "fnt": "WANG", "gnt": "XIAOMAN"}

    brought = [await lin.ask("POST", BRING, {"text": signed_test(name)}) for name in (latin, han)]
    await abroad.town.settle()

    assert [each.json()["matched"] for each in brought] == ["BIRTH_DATE", "NAME_AND_BIRTH_DATE"]
    assert await refused(lin, signed_test(other)) == (403, "CERTIFICATE_OF_ANOTHER")
    assert [(each["certificate"], each["outcome"]) for each in await elsewhere(lin)] == [
        ("TEST", "NEGATIVE")
    ] * 2
    assert await abroad.asked() == []


async def test_a_card_and_a_pass_are_brought_like_any_other_certificate(
    abroad: Abroad, lin: Somebody
) -> None:
    now = datetime.now(UTC)
    issued = (now - timedelta(hours=1)).timestamp()
    smart = "shc:/" + digits(card(SIGNER, born=BORN.isoformat(), nbf=issued))
    times = {4: int((now + timedelta(days=30)).timestamp()), 5: int(issued)}
    of_nz, _ = nz_pass(SIGNER, times, givenName="Xiaoman", familyName="Lin", dob=BORN.isoformat())

    brought = [(await lin.ask("POST", BRING, {"text": text})).json() for text in (smart, of_nz)]
    await abroad.town.settle()

    assert [(each["format"], each["matched"]) for each in brought] == [
        ("shc", "BIRTH_DATE"),
        ("nzcp", "BIRTH_DATE"),
    ]
    assert brought[0]["issuer"] == "https://cards.example/issuer"
    said = {each["certificate"]: (each["brought"], each["outcome"]) for each in await elsewhere(lin)}
    assert said == {"TEST": ("CARRIED", "NEGATIVE"), "PASS": ("CARRIED", None)}
    assert await refused(lin, "shc:/" + digits(card(SIGNER))) == (403, "CERTIFICATE_OF_ANOTHER")
    assert await refused(lin, "shc:/" + digits(card(Signer(), nbf=issued))) == (400, "BAD_SIGNATURE")
    assert await refused(lin, nz_pass(Signer())[0]) == (400, "BAD_SIGNATURE")


async def test_a_certificate_with_two_kinds_of_statement_is_not_believed(
    abroad: Abroad, lin: Somebody
) -> None:
    two = {**DCC, "dob": BORN.isoformat(), "t": [TEST]}

    assert await refused(lin, dcc_code(SIGNER, kid_of(PEM), claims(two))) == (400, "MALFORMED")
    assert await elsewhere(lin) == []


def _hash(text: str) -> str:
    _, _, salt, payload = text.split(".")
    return sha256(_unbase64(salt) + _unbase64(payload)).hexdigest()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
