"""``suishen second-factor``: who has none may set one up, and who lost theirs as well; on real stores."""

import anyio.to_thread
import msgspec
from click.testing import CliRunner, Result

from bff.cli_second_factor import second_factor
from bff.platform.services import Platform
from bff.platform.settings import load_settings

LINES: list[dict[str, object]] = [
    {"kind": "organisation", "id": "hotel", "name": "江边旅馆"},
    {"kind": "clerk", "organisation": "hotel", "number": "1", "passphrase": "correct horse", "scenes": []},
    {
        "kind": "clerk",
        "organisation": "hotel",
        "number": "2",
        "passphrase": "battery staple",
        "secondFactor": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "scenes": [],
    },
    {"kind": "clerk", "organisation": "hotel", "number": "3", "scenes": []},
]


async def run(environ: dict[str, str], *words: str) -> Result:
    """In a thread of its own: the command brings its own loop."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(second_factor, words, env=environ))


async def test_who_has_none_is_listed_and_let_and_who_lost_theirs_is_as_one_who_never_had_one(
    environ: dict[str, str],
) -> None:
    async with Platform.open(load_settings(environ)) as platform:
        await platform.ensure_indexes()
        async for each in platform.registrar.register_lines(map(msgspec.json.encode, LINES)):
            assert each.problem is None
        first = await platform.auth_stores.directory.clerk("hotel", "1")
        assert first is not None
        before = await platform.auth_stores.second_factors.get(first.id)

        listed = await run(environ, "missing", "--allow", "300", "--json")
        # The second has one, and the third signs in elsewhere or not at all.
        assert listed.exit_code == 1
        assert msgspec.json.decode(listed.stdout) == {"organisation": "hotel", "number": "1"}
        after = await platform.auth_stores.second_factors.get(first.id)
        assert before is not None
        assert after is not None
        assert before.allowed_until is not None
        assert after.allowed_until is not None
        assert (after.allowed_until - before.allowed_until).days > 200

        assert (await run(environ, "reset", "hotel", "2")).exit_code == 0
        assert "hotel\t2" in (await run(environ, "missing", "--organisation", "hotel")).stdout
        nobody = await run(environ, "missing", "--organisation", "motel")
        assert (nobody.exit_code, nobody.stdout) == (0, "0 人未绑定 · clerks without\n")
        assert (await run(environ, "reset", "hotel", "9")).exit_code == 1
