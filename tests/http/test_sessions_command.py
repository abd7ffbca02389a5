"""``suishen sessions end``: an operator signs somebody out, or everybody, against real stores."""

import secrets
from datetime import UTC, datetime

import anyio.to_thread
import msgspec
import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from auth_bridges.models import Audience
from auth_bridges.refusals import SessionEnded
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores
from bff.cli_sessions import sessions
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import AuditLog, stores_on


async def run(environ: dict[str, str], *words: str) -> Result:
    """In a thread of its own: the command brings its own loop."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(sessions, ["end", *words], env=environ))


@pytest.fixture
def stores(mongo_database: Database, redis: Redis) -> AuthStores:
    return stores_on(mongo_database, redis)


@pytest.fixture
def opener(stores: AuthStores) -> Sessions:
    return Sessions(stores.sessions, stores.ended, audit=AuditLog(), chance=secrets.token_bytes)


async def opened(opener: Sessions, subject: str, audience: Audience = Audience.RESIDENT) -> str:
    live = await opener.open(
        audience=audience,
        subject=subject,
        client="test",
        device=None,
        assurance=AssuranceLevel.L0,
        now=datetime.now(UTC),
    )
    return live.token


async def alive(opener: Sessions, token: str, audience: Audience = Audience.RESIDENT) -> bool:
    try:
        await opener.renew(token, audience=audience, device=None, now=datetime.now(UTC))
    except SessionEnded:
        return False
    return True


async def test_one_persons_sessions_end_and_nobody_elses(
    environ: dict[str, str], opener: Sessions, stores: AuthStores
) -> None:
    theirs = [await opened(opener, "r1") for _ in range(3)]
    other = await opened(opener, "r2")
    result = await run(environ, "resident", "--subject", "r1", "--json")
    assert (result.exit_code, msgspec.json.decode(result.stdout)) == (0, {"ended": 3})
    assert not any([await alive(opener, token) for token in theirs])
    assert await alive(opener, other)
    assert len((await stores.ended.since("0-0", wait=False))[1]) == 3


async def test_everybodys_sessions_of_one_api_end(environ: dict[str, str], opener: Sessions) -> None:
    residents = [await opened(opener, f"r{number}") for number in range(3)]
    clerk = await opened(opener, "c1", Audience.VERIFIER)
    result = await run(environ, "resident", "--all", "--yes")
    assert result.exit_code == 0
    assert "3 " in result.stdout
    assert not any([await alive(opener, token) for token in residents])
    assert await alive(opener, clerk, Audience.VERIFIER)


@pytest.mark.parametrize("words", [(), ("--all", "--subject", "r1")])
async def test_whose_must_be_said(environ: dict[str, str], words: tuple[str, ...]) -> None:
    assert (await run(environ, "resident", *words)).exit_code == 2


async def test_everybody_is_asked_about_first(environ: dict[str, str], opener: Sessions) -> None:
    token = await opened(opener, "r1")
    assert (await run(environ, "resident", "--all")).exit_code == 1
    assert await alive(opener, token)
