"""The doctor: what is wrong, in two languages, and how to mend it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bff.platform import doctor
from bff.platform.doctor import Finding, Level, examine
from tests import phones, wechat_keys
from tests.environs import COMPLETE, SECRETS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def found(environ: dict[str, str]) -> dict[str, Finding]:
    return {finding.check: finding async for finding in examine(environ)}


@pytest.fixture
async def healthy(environ: dict[str, str], redis: Redis) -> AsyncIterator[dict[str, str]]:
    yield environ
    await redis.config_set("appendfsync", "always")
    await redis.config_set("maxmemory-policy", "noeviction")


async def test_a_healthy_city_has_nothing_wrong(healthy: dict[str, str]) -> None:
    findings = await found(healthy)

    assert {check: each.en for check, each in findings.items() if each.level is Level.ERROR} == {}
    assert {
        "settings",
        "token-keys",
        "wallet-keys",
        "health-keys",
        "mongo",
        "mongo-write",
        "redis-aof",
    } <= findings.keys()
    assert {"clock-mongo", "clock-redis"} <= findings.keys()


async def test_the_keys_of_wechats_secure_api_are_looked_at_where_there_are_any(
    healthy: dict[str, str], tmp_path: Path
) -> None:
    folder = wechat_keys.folder(tmp_path / "wechat")
    environ = {**healthy, "SUISHEN_AUTH_WECHAT_SECURE_DIR": str(folder)}
    assert (await found(environ))["wechat-secure"].level is Level.OK
    (folder / "app.pem").unlink()
    wrong = (await found(environ))["wechat-secure"]
    assert wrong.level is Level.ERROR
    assert "app.pem" in wrong.en
    assert "wechat-secure" not in await found(healthy)


async def test_the_keys_of_the_makers_of_phones_are_looked_at_where_there_are_any(
    healthy: dict[str, str], tmp_path: Path
) -> None:
    phones.google_file(tmp_path / "google.json")
    (tmp_path / "apple.p8").write_text(phones.apple_pem())
    told = {
        "SUISHEN_PUSH_FCM_SERVICE_ACCOUNT_FILE": str(tmp_path / "google.json"),
        "SUISHEN_PUSH_APNS_KEY_FILE": str(tmp_path / "apple.p8"),
        "SUISHEN_PUSH_APNS_KEY_ID": phones.KEY_ID,
        "SUISHEN_PUSH_APNS_TEAM_ID": phones.TEAM,
        "SUISHEN_PUSH_APNS_TOPIC": phones.BUNDLE,
    }
    findings = await found(healthy | told)
    assert findings["apns-key"].level is findings["fcm-service-account"].level is Level.OK

    (tmp_path / "apple.p8").write_text("not a key")
    (tmp_path / "google.json").write_text('{"project_id": "haiyu-app"}')
    findings = await found(healthy | told)
    assert findings["apns-key"].level is findings["fcm-service-account"].level is Level.ERROR
    assert "SUISHEN_PUSH_APNS_KEY_FILE" in findings["apns-key"].mend_en
    assert "apns-key" not in await found(healthy)


async def test_what_is_wrong_with_the_settings_is_said_before_anything_is_asked() -> None:
    findings = await found({**COMPLETE, "SUISHEN_WEB_PORT": "x", "SUISHEN_PROT": "1"})

    wrong = {check for check, each in findings.items() if each.level is Level.ERROR}
    assert {"SUISHEN_WEB_PORT", "SUISHEN_PROT"} <= wrong
    assert "mongo" not in findings


async def test_stores_that_do_not_answer_are_named_without_their_passwords(environ: dict[str, str]) -> None:
    nowhere = {
        # pragma: allowlist nextline secret
        "SUISHEN_MONGO_URL": "mongodb://app:mongo-pass@127.0.0.1:9/?serverSelectionTimeoutMS=50",
        "SUISHEN_REDIS_URL": "redis://:redis-pass@127.0.0.1:9/0",
    }

    findings = await found({**environ, **nowhere})

    assert findings["mongo"].level is findings["redis"].level is Level.ERROR
    assert [secret for secret in SECRETS if secret in str(findings)] == []


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("appendfsync", "everysec", "redis-aof"),
        ("maxmemory-policy", "allkeys-lru", "redis-eviction"),
    ],
)
async def test_a_redis_that_may_forget_is_an_error(
    healthy: dict[str, str], redis: Redis, setting: str, value: str, check: str
) -> None:
    await redis.config_set(setting, value)

    finding = (await found(healthy))[check]

    assert finding.level is Level.ERROR
    assert value in finding.en
    assert finding.mend_zh


class TestKeys:
    async def test_an_empty_folder_is_an_error_with_the_command_that_fills_it(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()

        finding = (await found({**environ, "SUISHEN_WALLET_KEYS_DIR": str(tmp_path / "empty")}))[
            "wallet-keys"
        ]

        assert finding.level is Level.ERROR
        assert f"suishen keys new {tmp_path / 'empty'}" in finding.mend_en

    async def test_authorities_that_cannot_be_read_are_an_error(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        told = {**environ, "SUISHEN_AUTH_LEGAL_PERSON_ROOTS_FILE": str(tmp_path / "roots.pem")}
        assert (await found(told))["legal-person-roots"].level is Level.ERROR
        (tmp_path / "roots.pem").write_text("not a certificate")
        assert (await found(told))["legal-person-roots"].level is Level.ERROR

    async def test_keys_that_others_may_read_are_a_warning(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "tokens" / "first.pem").chmod(0o644)

        finding = (await found(environ))["token-keys"]

        assert (finding.level, "first.pem" in finding.en) == (Level.WARNING, True)

    @pytest.mark.parametrize("setting", ["SUISHEN_WALLET_KEYS_DIR", "SUISHEN_HEALTH_KEYS_DIR"])
    async def test_one_ring_for_two_uses_is_an_error(
        self, environ: dict[str, str], tmp_path: Path, setting: str
    ) -> None:
        finding = (await found({**environ, setting: str(tmp_path / "tokens")}))["keys"]

        assert finding.level is Level.ERROR

    async def test_one_key_to_find_and_to_seal_is_an_error(self, environ: dict[str, str]) -> None:
        environ["SUISHEN_ID_SEAL_KEYS"] = environ["SUISHEN_ID_HASH_KEY"]

        assert (await found(environ))["id-keys"].level is Level.ERROR


@pytest.mark.parametrize(
    ("ahead", "level"),
    [(0.0, Level.OK), (0.4, Level.OK), (1.0, Level.WARNING), (-1.0, Level.WARNING), (3, Level.ERROR)],
)
def test_a_clock_that_is_off_is_told_by_how_much_it_hurts(ahead: float, level: Level) -> None:
    theirs = NOON + timedelta(seconds=ahead)

    assert doctor._clock("clock", "Redis", theirs, NOON, NOON).level is level


def test_the_way_there_and_back_is_no_skew() -> None:
    asked, answered = NOON, NOON + timedelta(seconds=3)

    assert doctor._clock("clock", "Redis", NOON + timedelta(seconds=1), asked, answered).level is Level.OK


@pytest.mark.parametrize(
    ("hello", "level"),
    [
        ({"setName": "rs0", "hosts": ["a", "b", "c"]}, Level.OK),
        ({"msg": "isdbgrid"}, Level.OK),
        ({"isWritablePrimary": True}, Level.ERROR),
    ],
)
def test_only_a_replica_set_or_a_cluster_will_do(hello: dict[str, object], level: Level) -> None:
    assert doctor._mongo_shape(hello).level is level


@pytest.mark.parametrize(
    ("info", "fsync", "level"),
    [
        ({"aof_enabled": 1, "maxmemory_policy": "noeviction"}, "always", Level.OK),
        ({"aof_enabled": 1, "maxmemory_policy": "noeviction"}, None, Level.WARNING),
        ({"aof_enabled": 0, "maxmemory_policy": "noeviction"}, "always", Level.ERROR),
    ],
)
def test_a_server_that_does_not_tell_is_not_believed(
    info: dict[str, object], fsync: str | None, level: Level
) -> None:
    assert doctor._redis_durability(info, fsync)[0].level is level
