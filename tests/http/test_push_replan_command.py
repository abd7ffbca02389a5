"""``suishen push replan``: everybody is planned anew, and what that changes is said."""

from datetime import date
from typing import Any

import anyio.to_thread
import msgspec
import pytest
from click.testing import CliRunner, Result

from bff.cli_push import push
from bff.platform.services import Platform
from bff.platform.settings import Settings
from tests.push_town import Town, birth, id_number


async def replan(environ: dict[str, str], *words: str) -> Result:
    """In a thread of its own: the command brings its own loop."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(push, ["replan", *words], env=environ))


@pytest.fixture
async def planned(settings: Settings) -> int:
    """How many children there is a plan for, by the programmes in force."""
    children = [id_number(date(2026, 10, 1), order) for order in range(1, 61)]
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        await Town(platform).report(*map(birth, children))
    return len(children)


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


async def test_another_edition_can_be_tried_and_says_what_it_would_change(
    environ: dict[str, str], planned: int
) -> None:
    said = told(await replan(environ, "--edition", "cn-nip-2021", "--dry-run", "--json"))

    assert said["people"] == planned
    assert said["moved"] > 0
    assert ("moved", "vaccination/dtap-1") in {(each["change"], each["item"]) for each in said["examples"]}
    assert told(await replan(environ, "--dry-run", "--json"))["moved"] == 0


async def test_everybody_who_was_planned_otherwise_is_planned_anew_once(
    environ: dict[str, str], planned: int, settings: Settings
) -> None:
    async with Platform.open(settings) as platform:
        await platform._mongo["push_people"].update_many({}, {"$set": {"planned_by": "older"}})

    first = told(await replan(environ, "--json"))
    assert (first["people"], first["moved"]) == (planned, 0)
    assert told(await replan(environ, "--json")) == first


async def test_an_edition_that_is_not_in_force_can_only_be_tried(environ: dict[str, str]) -> None:
    done = await replan(environ, "--edition", "cn-nip-2021")

    assert done.exit_code == 2
    assert "--dry-run" in done.output


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"SUISHEN_AUTH_WECHAT_APPID": ""}, "SUISHEN_AUTH_WECHAT_APPID"),
        ({"SUISHEN_MONGO_URL": "mongodb://127.0.0.1:9/"}, "run it again to go on"),
    ],
)
async def test_what_keeps_it_from_beginning_is_said_in_words(
    environ: dict[str, str], wrong: dict[str, str], word: str
) -> None:
    done = await replan(environ | wrong)

    assert done.exit_code == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
