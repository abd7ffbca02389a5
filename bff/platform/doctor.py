"""What is wrong with a city before its residents find out, and how to mend it, in Chinese and English.

Looks, and writes one document to see that a majority acknowledges it. Nothing here is asked in a
request: the questions are slow and some need rights a web process should not have.
"""

import importlib.util
import re
import ssl
import stat
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from msgspec import Struct

from auth_bridges.bridges.wechat_secure import KeysUnusable, read_secure_keys
from auth_bridges.codec.certificates import read_bundle
from bff.platform.foreign_trust import ForeignTrust
from bff.platform.keys import KeyRing, KeyRingProblem
from bff.platform.mongo import Database, database, open_mongo
from bff.platform.push_phones import read_p256
from bff.platform.redis import open_redis
from bff.platform.settings import Settings, SettingsError, load_settings
from push.channels.fcm import read_service_account
from push.channels.jpush import read_vendors
from push.settings import PushSettings

__all__ = ["Finding", "Level", "examine"]


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing looked at: how it is, and what to do about it."""

    check: str
    level: Level
    zh: str
    en: str
    mend_zh: str = ""
    mend_en: str = ""


async def examine(environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Everything there is to say, as it is found; stores are only asked once the settings are right."""
    for finding in _machine():
        yield finding
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        for problem in error.problems:
            yield _error(problem.name, problem.zh, problem.en, "更正该变量。", "Correct the variable.")
        return
    yield _ok("settings", "设置完整有效。", "The settings are complete and valid.")
    for finding in _keys(settings):
        yield finding
    async for finding in _mongo(settings):
        yield finding
    async for finding in _redis(settings):
        yield finding


def _ok(check: str, zh: str, en: str) -> Finding:
    return Finding(check=check, level=Level.OK, zh=zh, en=en)


def _warning(check: str, zh: str, en: str, mend_zh: str, mend_en: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, zh=zh, en=en, mend_zh=mend_zh, mend_en=mend_en)


def _error(check: str, zh: str, en: str, mend_zh: str, mend_en: str) -> Finding:
    return Finding(check=check, level=Level.ERROR, zh=zh, en=en, mend_zh=mend_zh, mend_en=mend_en)


# --- this machine ------------------------------------------------------------------------------------

_VENDOR: Final = Path(__file__).parents[1] / "pages" / "vendor"
_FASTER: Final = {"uvloop": "事件循环", "hiredis": "Redis 解析器"}
_OPEN_FILES: Final = 8192


def _machine() -> list[Finding]:
    findings = []
    missing = [module for module in _FASTER if importlib.util.find_spec(module) is None]
    if missing:
        findings.append(
            _warning(
                "wheels",
                f"缺少 {', '.join(missing)}，性能会下降。",
                f"{', '.join(missing)} is missing: slower.",
                "按 requirements.lock 重新安装。",
                "Install from requirements.lock again.",
            )
        )
    else:
        findings.append(_ok("wheels", "所需的二进制包齐全。", "The compiled packages are there."))
    if not _VENDOR.is_dir():
        findings.append(
            _error(
                "pages",
                "页面所需的扫码组件不在，核验页面无法扫码。",
                "The parts the pages need are not there: the clerk page cannot scan.",
                "运行 npm ci --ignore-scripts && python -m bff.pages.vendor。",
                "Run npm ci --ignore-scripts && python -m bff.pages.vendor.",
            )
        )
    limit = _open_files()
    if limit < _OPEN_FILES:
        findings.append(
            _warning(
                "open-files",
                f"每个进程只能打开 {limit} 个文件，连接数因此受限。",
                f"A process may open only {limit} files, and every connection is one.",
                f"将 ulimit -n 提高到 {_OPEN_FILES} 以上。",
                f"Raise ulimit -n to {_OPEN_FILES} or more.",
            )
        )
    return findings


def _open_files() -> int:
    if sys.platform == "win32":
        return _OPEN_FILES
    import resource  # noqa: PLC0415 - there is none on Windows

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


# --- keys --------------------------------------------------------------------------------------------


def _keys(settings: Settings) -> list[Finding]:
    findings = [
        *_ring("token-keys", "访问令牌", "access-token", settings.auth.token_keys_dir),
        *_ring("wallet-keys", "亮证", "shown-code", settings.wallet.keys_dir),
        *_ring("health-keys", "健康码", "health-code", settings.health.keys_dir),
    ]
    findings += _roots(settings.auth.legal_person_roots_file)
    if settings.auth.oidc_keys_dir is not None:
        findings += _ring("oidc-keys", "OpenID 客户端", "OpenID client", settings.auth.oidc_keys_dir)
    if settings.auth.wechat_secure_dir is not None:
        findings.append(_secure_keys(settings.auth.wechat_secure_dir))
    findings += _phones(settings.push)
    if settings.health.trust_dir is not None:
        findings += _foreign_trust(settings.health.trust_dir)
    rings = [settings.auth.token_keys_dir, settings.wallet.keys_dir, settings.health.keys_dir]
    if len({ring.resolve() for ring in rings}) < len(rings):
        findings.append(
            _error(
                "keys",
                "访问令牌、亮证与健康码中有两者使用同一组密钥。",
                "Two of access tokens, shown codes and health codes are signed with the same keys.",
                "为三者各建一个目录。",
                "Give each a folder of its own.",
            )
        )
    if settings.platform.id_hash_key in settings.platform.id_seal_keys:
        findings.append(
            _error(
                "id-keys",
                "身份号码的散列密钥与加密密钥相同。",
                "ID numbers are hashed and sealed with the same key.",
                "换用新的加密密钥，旧的保留在其后。",
                "Put a new sealing key in front and keep the old one behind it.",
            )
        )
    return findings


def _roots(file: Path | None) -> list[Finding]:
    try:
        if file is None or read_bundle(file.read_bytes()):
            return []
        why = "empty"
    except (OSError, ValueError) as error:
        why = type(error).__name__
    return [
        _error(
            "legal-person-roots",
            f"法人证书的受信任根证书读不出（{why}）。",
            f"The authorities of legal persons' certificates cannot be read ({why}).",
            "放入只含根证书的 PEM 文件，或不设 SUISHEN_AUTH_LEGAL_PERSON_ROOTS_FILE。",
            "Put a PEM file of root certificates there, or leave SUISHEN_AUTH_LEGAL_PERSON_ROOTS_FILE out.",
        )
    ]


_PUSH_FILES: Final[tuple[tuple[str, Callable[[Path], object], str, str], ...]] = (
    ("apns_key_file", read_p256, "苹果推送密钥", "Apple's push key"),
    (
        "apns_ca_file",
        lambda file: ssl.create_default_context(cafile=str(file)),
        "苹果推送根证书",
        "Apple's roots",
    ),
    ("fcm_service_account_file", read_service_account, "Google 服务账号密钥", "Google's service account"),
    ("jpush_vendors_file", read_vendors, "厂商通道表", "The table of makers' channels"),
    ("webpush_key_file", read_p256, "浏览器推送密钥", "The key browsers know us by"),
)


def _phones(push: PushSettings) -> list[Finding]:
    """What keeps a way to phones from being used, found before the first notice does."""
    findings = []
    for field, read, zh, en in _PUSH_FILES:
        file: Path | None = getattr(push, field)
        if file is None:
            continue
        name = f"SUISHEN_PUSH_{field.upper()}"
        check = field.removesuffix("_file").replace("_", "-")
        try:
            read(file)
        except (OSError, ValueError) as error:
            why = type(error).__name__
            findings.append(
                _error(
                    check,
                    f"{zh}读不出（{why}）。",
                    f"{en} cannot be read ({why}).",
                    f"更正 {name} 所指的文件，或不设此项。",
                    f"Correct the file {name} names, or leave it out.",
                )
            )
        else:
            findings.append(_ok(check, f"{zh}可用。", f"{en}: usable."))
    return findings


def _secure_keys(folder: Path) -> Finding:
    check = "wechat-secure"
    try:
        keys = read_secure_keys(folder)
    except KeysUnusable as problem:
        return _error(
            check,
            f"微信签名加密密钥不可用：{problem.zh}。",
            f"The keys of WeChat's secure API cannot be used: {problem.en}.",
            "从微信公众平台的“API 安全”中重新下载。",
            "Get them again from the API security page of WeChat's console.",
        )
    serials = ", ".join(keys.platform)
    return _ok(
        check,
        f"微信签名加密密钥齐全，平台证书 {serials}。",
        f"The keys of WeChat's secure API are whole; its certificates: {serials}.",
    )


def _ring(check: str, of_zh: str, of_en: str, directory: Path) -> list[Finding]:
    try:
        ring = KeyRing(directory)
    except KeyRingProblem as problem:
        return [
            _error(
                check,
                f"{of_zh}密钥不可用：{problem.zh}。",
                f"The {of_en} keys cannot be used: {problem.en}.",
                f"运行 suishen keys new {directory}。",
                f"Run suishen keys new {directory}.",
            )
        ]
    open_to_others = [
        path.name for path in directory.glob("*.pem") if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if open_to_others:
        names = ", ".join(sorted(open_to_others))
        return [
            _warning(
                check,
                f"{of_zh}密钥文件可被其他用户访问：{names}。",
                f"Others may read {of_en} keys: {names}.",
                f"运行 chmod 600 {directory}/*.pem。",
                f"Run chmod 600 {directory}/*.pem.",
            )
        ]
    count, current = len(ring.keys()), ring.signing().name
    return [
        _ok(
            check,
            f"{of_zh}密钥 {count} 把，当前使用 {current}。",
            f"{count} {of_en} key(s), signing with {current}.",
        )
    ]


def _foreign_trust(folder: Path) -> list[Finding]:
    check = "foreign-trust"
    try:
        ForeignTrust(folder)
    except KeyRingProblem as problem:
        return [
            _error(
                check,
                f"外地证明的信任目录不可用：{problem.zh}。",
                f"The trust in other places' certificates cannot be used: {problem.en}.",
                "更正或移走所述文件。",
                "Mend what is named, or take it away.",
            )
        ]
    return [_ok(check, "外地证明的信任目录可用。", "The trust in other places' certificates can be used.")]


# --- MongoDB -----------------------------------------------------------------------------------------

_OLDEST_MONGO: Final = (6, 0)
_SLOW_WRITE_MS: Final = 100


async def _mongo(settings: Settings) -> AsyncIterator[Finding]:
    client = open_mongo(settings.platform.mongo_url)
    try:
        store = database(client, settings.platform.mongo_database)
        before = datetime.now(UTC)
        hello = await store.command("hello")
        after = datetime.now(UTC)
        yield _mongo_shape(hello)
        yield _mongo_version(await store.command("buildInfo"))
        yield await _mongo_write(store)
        yield _clock("clock-mongo", "MongoDB", hello["localTime"], before, after)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        yield _error(
            "mongo",
            f"MongoDB 无法使用（{type(error).__name__}）。",
            f"MongoDB cannot be used ({type(error).__name__}).",
            "检查 SUISHEN_MONGO_URL、网络、账号权限和证书。",
            "Check SUISHEN_MONGO_URL, the network, the account's rights and the certificates.",
        )
    finally:
        client.close()


def _mongo_shape(hello: Mapping[str, Any]) -> Finding:
    if hello.get("msg") == "isdbgrid":
        return _ok("mongo", "MongoDB 是分片集群。", "MongoDB is a sharded cluster.")
    if "setName" in hello:
        hosts = len(hello.get("hosts", ()))
        return _ok("mongo", f"MongoDB 是 {hosts} 节点副本集。", f"MongoDB is a replica set of {hosts}.")
    return _error(
        "mongo",
        "MongoDB 不是副本集，无法多数确认写入，也没有事务。",
        "MongoDB is no replica set: no majority writes, no transactions.",
        "以副本集方式启动（单节点亦可）并执行 rs.initiate()。",
        "Start it as a replica set, of one node if need be, and run rs.initiate().",
    )


def _mongo_version(build: Mapping[str, Any]) -> Finding:
    version = str(build.get("version", "0"))
    if _numbers(version) < _OLDEST_MONGO:
        return _error(
            "mongo-version",
            f"MongoDB {version} 过旧。",
            f"MongoDB {version} is too old.",
            "升级到 6.0 或更高版本。",
            "Use 6.0 or later.",
        )
    return _ok("mongo-version", f"MongoDB {version}。", f"MongoDB {version}.")


async def _mongo_write(store: Database) -> Finding:
    start = perf_counter()
    await store["doctor"].replace_one({"_id": "write"}, {"at": datetime.now(UTC)}, upsert=True)
    took = round((perf_counter() - start) * 1000, 1)
    await store["doctor"].drop()
    if took > _SLOW_WRITE_MS:
        return _warning(
            "mongo-write",
            f"多数确认写入用时 {took} 毫秒。",
            f"A majority write took {took} ms.",
            "检查副本延迟和磁盘。",
            "Look at replication lag and disks.",
        )
    return _ok("mongo-write", f"多数确认写入用时 {took} 毫秒。", f"A majority write took {took} ms.")


# --- Redis -------------------------------------------------------------------------------------------

_OLDEST_REDIS: Final = (7, 2)


async def _redis(settings: Settings) -> AsyncIterator[Finding]:
    redis = open_redis(settings.platform.redis_url)
    try:
        info: dict[str, Any] = await redis.info()
        yield _redis_version(info)
        yield _redis_role(info)
        for finding in _redis_durability(info, await _redis_fsync(redis)):
            yield finding
        before = datetime.now(UTC)
        seconds, micros = await redis.time()
        yield _clock(
            "clock-redis",
            "Redis",
            datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC),
            before,
            datetime.now(UTC),
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        yield _error(
            "redis",
            f"Redis 无法使用（{type(error).__name__}）。",
            f"Redis cannot be used ({type(error).__name__}).",
            "检查 SUISHEN_REDIS_URL、网络、口令和证书。",
            "Check SUISHEN_REDIS_URL, the network, the password and the certificates.",
        )
    finally:
        await redis.aclose()


async def _redis_fsync(redis: Any) -> str | None:  # noqa: ANN401 - the client's own type is generic
    """``appendfsync``, or None where the provider does not let us ask."""
    try:
        found: dict[str, str] = await redis.config_get("appendfsync")
    except Exception:  # noqa: BLE001 - a managed server refuses CONFIG in its own words
        return None
    return next((str(value) for value in _text(found).values()), None)


def _text(found: Mapping[Any, Any]) -> dict[str, str]:
    return {_word(key): _word(value) for key, value in found.items()}


def _word(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _redis_version(info: Mapping[str, Any]) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version", info.get("redis_version", "0")))
    if _numbers(version) < _OLDEST_REDIS:
        return _error(
            "redis-version",
            f"{name} {version} 过旧。",
            f"{name} {version} is too old.",
            "升级到 Redis 7.2 或 Valkey 8 以上。",
            "Use Redis 7.2 or Valkey 8 or later.",
        )
    return _ok("redis-version", f"{name} {version}。", f"{name} {version}.")


def _redis_role(info: Mapping[str, Any]) -> Finding:
    if info.get("role") != "master":
        return _error(
            "redis",
            "该地址指向 Redis 只读副本。",
            "The address leads to a read-only replica of Redis.",
            "将 SUISHEN_REDIS_URL 指向主节点。",
            "Point SUISHEN_REDIS_URL at the primary.",
        )
    return _ok("redis", "Redis 可读写。", "Redis reads and writes.")


def _redis_durability(info: Mapping[str, Any], fsync: str | None) -> list[Finding]:
    """A used code that is forgotten can be used again: Redis must keep what it acknowledged."""
    findings = []
    if not int(info.get("aof_enabled", 0)):
        findings.append(
            _error(
                "redis-aof",
                "Redis 未开启 AOF，重启会丢失已确认的用证记录。",
                "Redis has no append-only file: a restart loses acknowledged usage records.",
                "设置 appendonly yes 和 appendfsync always。",
                "Set appendonly yes and appendfsync always.",
            )
        )
    elif fsync is None:
        findings.append(
            _warning(
                "redis-aof",
                "AOF 已开启，但服务器不允许查看 appendfsync。",
                "The append-only file is on; the server does not tell its appendfsync.",
                "请与 Redis 服务方确认其为 always。",
                "Ask whoever runs Redis whether it is `always`.",
            )
        )
    elif fsync != "always":
        findings.append(
            _error(
                "redis-aof",
                f"appendfsync 为 {fsync}，断电可能丢失最后一秒已确认的记录。",
                f"appendfsync is {fsync}: a power cut loses the last second of what was acknowledged.",
                "设置 appendfsync always。",
                "Set appendfsync always.",
            )
        )
    else:
        findings.append(_ok("redis-aof", "AOF 每次写入落盘。", "Every write is on disk (AOF always)."))
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        findings.append(
            _error(
                "redis-eviction",
                f"Redis 内存满时会按 {policy} 删除数据，已用过的码可能被再次使用。",
                f"When full Redis deletes data ({policy}): a used code could be used again.",
                "设置 maxmemory-policy noeviction。",
                "Set maxmemory-policy noeviction.",
            )
        )
    else:
        findings.append(_ok("redis-eviction", "Redis 不会自行删除数据。", "Redis evicts nothing."))
    return findings


# --- clock -------------------------------------------------------------------------------------------

_SKEW_BORNE: Final = 0.5
_SKEW_REFUSED: Final = 2.0


def _clock(check: str, other: str, theirs: datetime, before: datetime, after: datetime) -> Finding:
    """Our clock against theirs, the way there and back counted in our favour."""
    aware = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    skew = max((before - aware).total_seconds(), (aware - after).total_seconds(), 0.0)
    shown = round(skew, 2)
    mend = (
        "启用 NTP 校时（chrony 或 systemd-timesyncd）。",
        "Keep time with NTP (chrony, systemd-timesyncd).",
    )
    if skew >= _SKEW_REFUSED:
        return _error(
            check,
            f"本机时钟与 {other} 相差 {shown} 秒，二维码会被误判过期。",
            f"This clock and {other}'s differ by {shown} s: codes will be taken for expired.",
            *mend,
        )
    if skew >= _SKEW_BORNE:
        return _warning(
            check,
            f"本机时钟与 {other} 相差 {shown} 秒。",
            f"This clock and {other}'s differ by {shown} s.",
            *mend,
        )
    return _ok(check, f"本机时钟与 {other} 一致。", f"This clock and {other}'s agree.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
