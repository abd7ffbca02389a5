"""What every test stands on: the loop, real servers, a clean database in each, and a net under the logs."""

import faulthandler
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import hypothesis
import msgspec
import pymongo
import pytest
from redis.asyncio import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bff.platform.keys import create
from bff.platform.mongo import Database, database, open_mongo
from bff.platform.redis import open_redis
from bff.platform.settings import Settings, load_settings
from bff.platform.telemetry import configure_logging
from bff.sandbox.city import synthetic_identifiers
from bff.sandbox.servers import EmbeddedServers, start_servers
from tests.environs import COMPLETE
from tests.leaks import leaks_below
from tests.troubles import cities, troubles_of

Logged = Callable[[], list[dict[str, Any]]]
_LEAKS = pytest.StashKey[list[str]]()
_BEGAN = pytest.StashKey[datetime]()
# Folders whose files take longest, in that order.
_LONG: Final = ("browser", "bench", "faults", "contracts", "http", "foreign", "services", "stores")
# Folders that stand on one city, started once: each is one worker's work, from its first test to its last.
_WHOLE: Final = frozenset({"tests/browser", "tests/contracts"})

# A busy machine makes nothing wrong: what has to be fast is measured in the bench.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Every ``async def`` test runs on the loop the product runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """A real MongoDB and a real Valkey, one pair for each test worker."""
    with start_servers(tmp_path_factory.mktemp("servers")) as running:
        # Tests have clocks of their own; to the server's, what they keep may have expired long ago.
        client: pymongo.MongoClient[dict[str, Any]]
        with pymongo.MongoClient(running.mongo_url) as client:
            client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
            # A dropped table's file stays open for five minutes and a checkpoint: at a database a test that
            # is tens of thousands of files, and then the server ends.
            client.admin.command({"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 5})
            client.admin.command({"setParameter": 1, "syncdelay": 10.0})
        yield running


@pytest.fixture
async def mongo_database(servers: EmbeddedServers, anyio_backend: object) -> AsyncIterator[Database]:
    """An empty database; naming the backend lets plain tests have it too.

    Emptied and not dropped: to make its tables and indexes anew costs a test more than most tests do.
    """
    client = open_mongo(servers.mongo_url)
    try:
        emptied = database(client, "suishen_test")
        for name in await emptied.list_collection_names():
            await emptied[name].delete_many({})
        yield emptied
    finally:
        client.close()


@pytest.fixture
async def redis(servers: EmbeddedServers, anyio_backend: object) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    client = open_redis(servers.redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
def environ(
    servers: EmbeddedServers, mongo_database: Database, redis: Redis, tmp_path: Path
) -> dict[str, str]:
    """What a process is told that shall run on this test's own servers, with keys of its own."""
    for ring in ("tokens", "wallet", "health"):
        create(tmp_path / ring, "first")
    return {
        **COMPLETE,
        "SUISHEN_MONGO_URL": servers.mongo_url,
        "SUISHEN_MONGO_DATABASE": mongo_database.name,
        "SUISHEN_REDIS_URL": servers.redis_url,
        "SUISHEN_AUTH_TOKEN_KEYS_DIR": str(tmp_path / "tokens"),
        "SUISHEN_WALLET_KEYS_DIR": str(tmp_path / "wallet"),
        "SUISHEN_HEALTH_KEYS_DIR": str(tmp_path / "health"),
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """The same, read."""
    return load_settings(environ)


# --- what the logs must not hold ---------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def suite_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Everything this process logs, at its most talkative, in one file that is searched at the end."""
    path = tmp_path_factory.mktemp("logs") / "suite.log"
    with path.open("ab", buffering=0) as stream:
        configure_logging("debug", stream)
        yield path


@pytest.fixture
def logged(suite_log: Path) -> Logged:
    """What was logged since the test began."""
    before = suite_log.stat().st_size

    def since() -> list[dict[str, Any]]:
        with suite_log.open("rb") as log:
            log.seek(before)
            return [msgspec.json.decode(line) for line in log]

    return since


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_BEGAN] = datetime.now(UTC)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a test that failed: what the processes of its city could not do meanwhile."""
    report = yield
    began = item.stash.get(_BEGAN, None)
    if report.failed and began is not None:
        for city in cities((getattr(item, "funcargs", None) or {}).values()):
            report.sections += [(f"errors of {name}", told) for name, told in troubles_of(city, began)]
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with a long file at the end.

    And each has an id of its own: of those that share one, only one would be run in parallel.
    """
    for item in items:
        _, bracket, operation = item.name.partition("[")
        if bracket and item.id.params is None:
            # Schemathesis names the operation in an item's name; pytest 9.1 does not read ids out of names.
            item._id = item.id.with_params(operation.removesuffix("]"))
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("two tests have one id, and in parallel only one of them would be run")
    folder = config.rootpath / "tests"
    order = {folder / name: at for at, name in enumerate(_LONG)}
    items.sort(key=lambda item: order.get(item.path.parent, len(order)))


class WholeFolders(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """A file at a time, as ``--dist loadfile`` does; what stands on one city, a folder at a time.

    Pages want the processor and faults wait for each other's time-outs, so it is as well that one worker
    has the one while the other has the other: two Chromiums on two cores keep everybody waiting.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder in _WHOLE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFolders | None:
    return WholeFolders(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search the logs of every worker and of every process the tests started; a leak fails the run."""
    # Nothing that is closed after the last test may keep a robot waiting for ever.
    faulthandler.dump_traceback_later(300, exit=True)
    if hasattr(session.config, "workerinput"):
        return
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    found = leaks_below(factory.getbasetemp(), synthetic_identifiers())
    session.config.stash[_LEAKS] = found
    if found and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the leaks are, not what they are."""
    if found := config.stash.get(_LEAKS, []):
        terminalreporter.section("personal data in logs", red=True)
        for leak in found[:20]:
            terminalreporter.line(leak)
