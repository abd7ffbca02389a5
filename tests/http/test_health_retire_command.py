"""``suishen health retire``: one purpose's data is gone everywhere, and a signed proof says so."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from bff.cli import main
from bff.platform.keys import KeyRing, create
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.models import Person
from health_code.retiring import Retiring
from miniapp_schemas.health_manual import ProposeManual
from tests.factories import ID_NUMBER
from tests.health import BY_HAND_IS_RED, POSITIVE_IS_RED, by_hand, publish, rule_set
from tests.stores.test_health_judging import Bureau

ONE = Person(id="one", organisation="cdc", organisation_name="疾控中心")
OTHER = Person(id="other", organisation="hospital", organisation_name="医院")


async def retire(environ: Mapping[str, str | None], *words: str | Path) -> Result:
    """In a thread of its own: the command brings its own loop."""
    said = ["health", "retire", *map(str, words)]
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, said, env=environ))


async def settle(platform: Platform) -> None:
    for drain in platform.drains():
        await drain._open()
        while await drain.once():
            pass


@pytest.fixture
async def red(settings: Settings) -> str:
    """Somebody who is red by what was entered by hand; the subject."""
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        await publish(platform, rule_set(BY_HAND_IS_RED, POSITIVE_IS_RED))
        said = msgspec.convert(by_hand(ID_NUMBER), ProposeManual)
        entry = await platform.health.manual.propose(ONE, said)
        await platform.health.manual.confirm(OTHER, entry.id)
        await settle(platform)
        subject = platform.personal.hash(ID_NUMBER)
        assert (await platform.health.codes.read(subject)).colour == "RED"
        return subject


async def test_what_was_entered_by_hand_is_gone_and_the_code_judged_without_it(
    environ: dict[str, str], settings: Settings, red: str, mongo_database: Database, tmp_path: Path
) -> None:
    proof = tmp_path / "proof.json"
    told = ("health_evidence_by_hand", "health_code_changed")
    await mongo_database["push_inbox"].insert_many([{"_id": each, "template": each} for each in told])

    done = await retire(environ, "--purpose", "manual", "--yes", "--out", proof, "--json")

    assert done.exit_code == 0, done.output
    destroyed = {
        each["place"]: (each["found"], each["left"]) for each in msgspec.json.decode(done.output)["destroyed"]
    }
    assert destroyed["mongodb:health_evidence[source]"] == (1, 0)
    assert destroyed["mongodb:health_manual"] == (1, 0)
    assert destroyed["mongodb:push_inbox[template]"] == (1, 0)
    assert await mongo_database["push_inbox"].distinct("_id") == ["health_code_changed"]
    assert await mongo_database["health_manual"].count_documents({}) == 0
    async with Platform.open(settings) as platform:
        await settle(platform)
        assert (await platform.health.codes.read(red)).colour == "GREEN"


async def test_a_code_is_judged_anew_once_what_made_it_is_gone_and_not_before(
    environ: dict[str, str],
    red: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[int] = []
    really = Retiring._judge_anew

    async def looking(retiring: Retiring) -> None:
        left.append(await retiring._store._database["health_evidence"].count_documents({}))
        await really(retiring)

    monkeypatch.setattr(Retiring, "_judge_anew", looking)

    done = await retire(environ, "--purpose", "manual", "--yes", "--out", tmp_path / "proof.json")

    assert (done.exit_code, left) == (0, [0]), done.output


@pytest.mark.parametrize("purpose", ["evidence", "all"])
async def test_whose_evidence_was_destroyed_is_green_again_by_law_alone(
    environ: dict[str, str],
    settings: Settings,
    red: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    purpose: str,
) -> None:
    noted: list[bool] = []
    really = Retiring._empty

    async def looking(retiring: Retiring, *about: Any) -> None:  # noqa: ANN401  as `_empty`
        noted.append(await retiring._ended.latest() is not None)
        await really(retiring, *about)

    monkeypatch.setattr(Retiring, "_empty", looking)
    done = await retire(environ, "--purpose", purpose, "--yes", "--out", tmp_path / "proof.json")
    # Whoever is judged while it goes must not be green by what is left of it.
    assert (done.exit_code, noted) == (0, [True]), done.output

    async with Platform.open(settings) as platform:
        await platform.health.book.refresh()
        bureau, codes = Bureau(platform), platform.health.codes
        assert ["ended" in each.en for each in (await codes.read(red)).unknown] == [True]
        ticket = await codes.show(red)
        assert ticket.colour == "GREY"
        checked = await platform.health.checks.check(ONE, ticket.code)
        assert (checked.verdict, checked.colour) == ("OK", "GREY")
        await bureau.positive(red)
        await settle(platform)
        await platform.health.recolouring.judge([red])
        assert (await codes.read(red)).colour == "RED"

        await publish(platform, rule_set(POSITIVE_IS_RED, Version="1.0.1"))

        assert [(await codes.read(who)).colour for who in (red, "another")] == ["RED", "GREEN"]


async def test_everything_is_gone_from_both_stores_but_law_and_proofs(
    environ: dict[str, str], red: str, mongo_database: Database, redis: Redis, tmp_path: Path
) -> None:
    done = await retire(environ, "--purpose", "all", "--yes", "--out", tmp_path / "proof.json")

    assert done.exit_code == 0, done.output
    names = [name for name in await mongo_database.list_collection_names() if name.startswith("health_")]
    left = {name for name in names if await mongo_database[name].count_documents({})}
    assert left == {"health_rule_sets", "health_ended"}
    # A stream stays for whoever reads it, and holds nothing.
    streams = {key async for key in redis.scan_iter("*health*", _type="STREAM")}
    assert {key async for key in redis.scan_iter("health:*")} <= streams
    assert [await redis.xlen(key) for key in streams] == [0] * len(streams)


async def test_a_proof_names_the_chains_and_is_believed_only_as_it_was_signed(
    environ: dict[str, str], settings: Settings, red: str, tmp_path: Path
) -> None:
    proof = tmp_path / "proof.json"
    await retire(environ, "--purpose", "manual", "--yes", "--out", proof)
    held: dict[str, Any] = msgspec.json.decode(proof.read_bytes())

    chains = {each["chain"] for each in held["statement"]["chains"]}
    assert {"evidence:suishen:manual", "audit:{audit}:events"} <= chains
    assert (await retire(environ, "--check", proof)).exit_code == 0
    trust = tmp_path / "jwks.json"
    trust.write_bytes(msgspec.json.encode(KeyRing(settings.auth.token_keys_dir).published()))
    assert (await retire({}, "--check", proof, "--trust", trust)).exit_code == 0
    create(tmp_path / "others", "first")
    trust.write_bytes(msgspec.json.encode(KeyRing(tmp_path / "others").published()))
    assert (await retire({}, "--check", proof, "--trust", trust)).exit_code == 1

    held["statement"]["destroyed"][0]["found"] = 1_000
    proof.write_bytes(msgspec.json.encode(held))
    assert (await retire(environ, "--check", proof)).exit_code == 1
    proof.write_bytes(b"{}")
    assert (await retire(environ, "--check", proof)).exit_code == 2


async def test_it_asks_first_and_overwrites_nothing(
    environ: dict[str, str], red: str, mongo_database: Database, tmp_path: Path
) -> None:
    asked = await retire(environ, "--purpose", "manual", "--out", tmp_path / "x.json", "--json")
    # A question is no part of what a program reads; and 1 would say that something is left.
    assert (asked.exit_code, "Destroy all data" in asked.stderr) == (2, True)
    assert list(msgspec.json.decode(asked.stdout)) == ["error", "exitCode"]
    nowhere = await retire(environ, "--purpose", "manual", "--out", tmp_path / "nowhere/x.json", "--yes")
    assert nowhere.exit_code == 2
    assert not (tmp_path / "x.json.partial").exists()
    (tmp_path / "x.json").touch()
    there = await retire(environ, "--purpose", "manual", "--yes", "--out", tmp_path / "x.json")
    assert there.exit_code == 2
    assert (await retire(environ, "--purpose", "nothing", "--yes")).exit_code == 2
    assert (await retire(environ)).exit_code == 2

    assert await mongo_database["health_manual"].count_documents({}) == 1


async def test_a_proof_that_cannot_be_written_in_the_end_is_told_and_can_be_had_again(
    environ: dict[str, str], settings: Settings, red: str, tmp_path: Path
) -> None:
    trust, proof = tmp_path / "jwks.json", tmp_path / "proof.json"
    trust.write_bytes(msgspec.json.encode(KeyRing(settings.auth.token_keys_dir).published()))
    # It can be opened, and takes nothing: a disk that is full by then.
    (tmp_path / "proof.json.partial").symlink_to("/dev/full")

    full = await retire(environ, "--purpose", "manual", "--yes", "--out", proof, "--json")

    assert (full.exit_code, proof.exists(), "could not be written" in full.stderr) == (2, False, True)
    told = tmp_path / "told.json"
    told.write_text(full.stdout)
    assert (await retire({}, "--check", told, "--trust", trust)).exit_code == 0
    again = await retire(environ, "--purpose", "manual", "--yes", "--out", proof, "--json")
    assert again.exit_code == 0
    assert msgspec.json.decode(again.stdout)["startedAt"] == json.loads(full.stdout)["statement"]["startedAt"]


async def test_whoever_checks_a_proof_anywhere_is_told_to_say_whom_they_believe(tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text("{}")

    done = await retire({"SUISHEN_MONGO_URL": None}, "--check", tmp_path / "proof.json")

    assert done.exit_code == 2
    assert "--trust" in done.stderr
    assert "SUISHEN_MONGO_URL" not in done.stderr


async def test_killed_half_way_and_run_again_it_proves_the_whole(
    environ: dict[str, str], red: str, mongo_database: Database, tmp_path: Path
) -> None:
    crowd = [{"_id": f"c{number:06}", "appeal": "a", "content": b"x" * 200} for number in range(60_000)]
    await mongo_database["health_appeal_files"].insert_many(crowd)
    proof = tmp_path / "proof.json"
    words = ["health", "retire", "--purpose", "appeals", "--yes", "--out", str(proof), "--json"]
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bff.cli", *words, env=os.environ | environ, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(60):
            while await mongo_database["health_appeal_files"].count_documents({}) > 55_000:
                await asyncio.sleep(0.005)
    finally:
        running.kill()
        await running.wait()
    left = await mongo_database["health_appeal_files"].count_documents({})
    assert 0 < left < 60_000
    assert not proof.exists()

    done = await retire(environ, *words[2:])

    assert done.exit_code == 0, done.output
    places = {each["place"]: each for each in msgspec.json.decode(done.output)["destroyed"]}
    assert places["mongodb:health_appeal_files"] == {
        "place": "mongodb:health_appeal_files",
        "found": 60_000,
        "left": 0,
    }
    assert await mongo_database["health_retirements"].count_documents({}) == 0
