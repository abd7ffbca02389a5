"""From ``SUISHEN_*`` variables to frozen structs, or a list of everything that is wrong.

Each package states its own struct; this module only knows their prefixes. A variable we do not know
is refused with the nearest name we do, so that a typo cannot silently mean "the default". Values are
never repeated in a message: what is malformed may be half a secret.
"""

import ipaddress
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct
from msgspec import inspect as shapes

from auth_bridges.settings import AuthSettings, alipay_problems
from health_code.settings import HealthSettings
from push.settings import APNS_GROUP, JPUSH_GROUP, SMS_GROUP, WEBPUSH_GROUP, PushSettings
from wallet.settings import WalletSettings

__all__ = [
    "Environment",
    "PlatformSettings",
    "Setting",
    "SettingProblem",
    "Settings",
    "SettingsError",
    "catalogue",
    "load_settings",
]

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(:[1-9][0-9]{0,4})?")
MASK: Final = "••••"


class Environment(StrEnum):
    """What the addresses may be. No code branches on it but the refusal of simulators in production."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    TEST = "test"

    @property
    def in_tokens(self) -> str:
        """How tokens name it (``env``): whoever reads one of a made-up city's sees that it is simulated."""
        return _IN_TOKENS[self]


_IN_TOKENS: Final = {
    Environment.PRODUCTION: "production",
    Environment.SANDBOX: "sim",
    Environment.TEST: "test",
}

Port = Annotated[int, Meta(ge=1, le=65535)]
HexKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class PlatformSettings(Struct, frozen=True, kw_only=True):
    """What every process needs, whatever it does."""

    env: Annotated[
        Environment,
        Meta(
            description="`production` refuses simulators and weak secrets; tokens of a `sandbox` say `sim`.",
            extra={"zh": "运行环境；`production` 拒绝模拟器地址和弱密钥；`sandbox` 的令牌标明 `sim`。"},
        ),
    ] = Environment.PRODUCTION
    mongo_url: Annotated[
        str,
        Meta(
            description="MongoDB replica set or sharded cluster.",
            pattern=r"^mongodb(\+srv)?://\S+\Z",
            extra={"zh": "MongoDB 副本集或分片集群的地址。", "secret": True},
        ),
    ]
    mongo_database: Annotated[
        str,
        Meta(
            description="Its database.",
            pattern=r"^[A-Za-z0-9_-]{1,63}\Z",
            extra={"zh": "MongoDB 数据库名。"},
        ),
    ] = "suishen"
    redis_url: Annotated[
        str,
        Meta(
            description="Redis 7.2 or Valkey 9, AOF on.",
            pattern=r"^(rediss?|unix)://\S+\Z",
            extra={"zh": "Redis 7.2 或 Valkey 9 的地址，须开启 AOF。", "secret": True},
        ),
    ]
    redis_replicas: Annotated[
        int,
        Meta(
            description="Replicas that must have a write before it is answered; 1 or more with fail-over.",
            ge=0,
            le=9,
            extra={"zh": "写入应答前须已同步的 Redis 副本数；启用故障切换时至少为 1。"},
        ),
    ] = 0
    id_hash_key: Annotated[
        HexKey,
        Meta(
            description="Key under which ID numbers are found: 32 random bytes in hex. It can never change.",
            extra={"zh": "身份号码检索用散列密钥：32 字节随机数的十六进制，永不可更换。", "secret": True},
        ),
    ]
    id_seal_keys: Annotated[
        Annotated[tuple[HexKey, ...], Meta(min_length=1)],
        Meta(
            description="Keys that seal ID numbers, like the one above; the first seals, all of them open.",
            extra={"zh": "身份号码加密密钥，格式同上；第一把用于加密，全部可解密。", "secret": True},
        ),
    ]
    web_host: Annotated[
        str,
        Meta(
            description="Address the web process listens on.",
            min_length=1,
            extra={"zh": "Web 进程监听的地址。"},
        ),
    ] = "127.0.0.1"
    web_port: Annotated[
        Port,
        Meta(description="Port the web process listens on.", extra={"zh": "Web 进程监听的端口。"}),
    ] = 8000
    web_workers: Annotated[
        int,
        Meta(
            description="Web worker processes behind that port.",
            ge=1,
            le=256,
            extra={"zh": "该端口后的 Web 工作进程数。"},
        ),
    ] = 1
    web_backlog: Annotated[
        int,
        Meta(
            description="Connections the kernel may hold for us.",
            ge=128,
            le=65535,
            extra={"zh": "内核可排队的连接数。"},
        ),
    ] = 2048
    proxies: Annotated[
        int,
        Meta(
            description="Reverse proxies of ours in front; each appends to `X-Forwarded-For`.",
            ge=0,
            le=8,
            extra={"zh": "前置的本方反向代理层数；每层会追加 `X-Forwarded-For`。"},
        ),
    ] = 0
    resident_sign_in_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://\S+\Z")] | None,
        Meta(
            description="Where residents sign in from an ordinary browser; none: only inside WeChat.",
            extra={"zh": "居民在普通浏览器中用微信登录的地址；不设则仅限微信内使用。", "provider": True},
        ),
    ] = None
    resident_alipay_sign_in_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://\S+\Z")] | None,
        Meta(
            description="Where residents sign in with Alipay from an ordinary browser; none: not there.",
            extra={"zh": "居民在普通浏览器中用支付宝登录的地址；不设则网页不提供。", "provider": True},
        ),
    ] = None
    metrics_port: Annotated[
        Port | None,
        Meta(
            description="A port of its own for `/metrics`; keep it off the internet.",
            extra={"zh": "`/metrics` 的独立端口，勿暴露到公网。"},
        ),
    ] = None
    metrics_token: Annotated[
        Annotated[str, Meta(min_length=16)] | None,
        Meta(
            description="Bearer token that opens `/metrics` on the web port.",
            extra={"zh": "在 Web 端口读取 `/metrics` 所用的令牌。", "secret": True},
        ),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description="`debug` adds successful requests and the messages of exceptions.",
            extra={"zh": "日志级别；`debug` 还记录成功的请求和异常信息。"},
        ),
    ] = "info"
    slow_request_ms: Annotated[
        int,
        Meta(
            description="A request slower than this is logged even when it succeeds.",
            ge=1,
            extra={"zh": "慢于此毫秒数的请求即使成功也记日志。"},
        ),
    ] = 500
    deadline_ms: Annotated[
        int,
        Meta(
            description="A request that hangs on a store is answered 503 after as long.",
            ge=100,
            le=60_000,
            extra={"zh": "请求等待存储超过此毫秒数即答 503。"},
        ),
    ] = 2_000

    def __repr__(self) -> str:
        return _masked(self)


class Settings(Struct, frozen=True, kw_only=True):
    """Everything a process is told from outside."""

    platform: PlatformSettings
    auth: AuthSettings
    wallet: WalletSettings
    health: HealthSettings
    push: PushSettings

    def __repr__(self) -> str:
        return f"Settings({', '.join(_masked(getattr(self, part)) for part in _PREFIXES)})"


_PREFIXES: Final = {
    "platform": "SUISHEN_",
    "auth": "SUISHEN_AUTH_",
    "wallet": "SUISHEN_WALLET_",
    "health": "SUISHEN_HEALTH_",
    "push": "SUISHEN_PUSH_",
}
_PARTS: Final[dict[str, type[Struct]]] = {
    "platform": PlatformSettings,
    "auth": AuthSettings,
    "wallet": WalletSettings,
    "health": HealthSettings,
    "push": PushSettings,
}


class SettingProblem(Struct, frozen=True, kw_only=True):
    """One thing wrong with the environment, and how to mend it."""

    name: str
    zh: str
    en: str


class SettingsError(Exception):
    """The process cannot start on these settings; ``problems`` holds all of them, not the first."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(f"{each.name}: {each.en} / {each.zh}" for each in problems))
        self.problems = problems


class Setting(Struct, frozen=True, kw_only=True):
    """One variable we read, for the loader, the doctor and the documentation."""

    name: str
    part: str
    field: str
    type: object
    required: bool
    default: object
    secret: bool
    provider: bool
    zh: str
    en: str

    def shown(self, value: object) -> str:
        """``value`` as it may be printed."""
        if value is None:
            return "—"
        if self.secret:
            scheme, is_address, rest = str(value).partition("://")
            return f"{scheme}://{MASK}@{rest.rpartition('@')[2].partition('/')[0]}" if is_address else MASK
        if isinstance(value, (list, tuple, set, frozenset)):
            return ", ".join(str(item) for item in value)
        return str(value)


def catalogue() -> tuple[Setting, ...]:
    """Every variable, in the order of the parts and of their fields."""
    return tuple(_settings())


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from ``environ``, or a `SettingsError` naming everything that is wrong."""
    problems: list[SettingProblem] = []
    known = {setting.name: setting for setting in _settings()}
    problems.extend(_unknown(environ, known))
    values: dict[str, dict[str, object]] = {part: {} for part in _PREFIXES}
    for setting in known.values():
        try:
            if (raw := _raw(setting, environ)) is not None:
                values[setting.part][setting.field] = _convert(raw, setting)
        except _Wrong as wrong:
            problems.append(SettingProblem(name=setting.name, zh=wrong.zh, en=wrong.en))
    problems.extend(_unaddressed(values["platform"]))
    problems.extend(_at_odds(values["platform"]))
    problems.extend(
        SettingProblem(name=f"{_PREFIXES['auth']}{each.field.upper()}", zh=each.zh, en=each.en)
        for each in alipay_problems(values["auth"])
    )
    problems.extend(_in_part(values))
    if values["platform"].get("env", Environment.PRODUCTION) is Environment.PRODUCTION:
        problems.extend(_unfit_for_production(values, known.values()))
    if problems:
        raise SettingsError(problems)
    return Settings(**{part: struct(**values[part]) for part, struct in _PARTS.items()})  # type: ignore[arg-type]


def _unaddressed(values: Mapping[str, object]) -> Iterator[SettingProblem]:
    """Store addresses that no client can take apart; a client's own message would repeat the password."""
    for field in ("mongo_url", "redis_url"):
        url = values.get(field)
        if isinstance(url, str) and not _is_address(url):
            yield SettingProblem(
                name=f"{_PREFIXES['platform']}{field.upper()}",
                zh="地址格式有误：口令中的 / : @ 等须转写为 %2F %3A %40，端口须为 1…65535",
                en="malformed address: write / : @ in a password as %2F %3A %40; a port is 1…65535",
            )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "unix":
        return bool(parts.path)
    user, _, hosts = parts.netloc.rpartition("@")
    if user.count(":") > 1 or any(mark in user for mark in "@[]"):
        return False
    return all(_HOST.fullmatch(host) is not None and _port_of(host) <= 65535 for host in hosts.split(","))


def _port_of(host: str) -> int:
    port = host.rpartition(":")[2]
    return int(port) if port.isdigit() else 1


class _Wrong(Exception):
    """What is wrong with one variable."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def _settings() -> Iterator[Setting]:
    for part, struct in _PARTS.items():
        for field in msgspec.structs.fields(struct):
            meta = _meta(field.type)
            yield Setting(
                name=f"{_PREFIXES[part]}{field.name.upper()}",
                part=part,
                field=field.name,
                type=field.type,
                required=field.required,
                default=None if field.default is msgspec.NODEFAULT else field.default,
                secret=bool((meta.extra or {}).get("secret")),
                # Every address in a domain's settings is a provider's; ours may be on a private network.
                provider=part != "platform" or bool((meta.extra or {}).get("provider")),
                zh=str((meta.extra or {}).get("zh", "")),
                en=meta.description or "",
            )


def _meta(annotation: object) -> Meta:
    """The `Meta` that describes a field: nested ones are flattened, the outermost comes last."""
    for item in reversed(getattr(annotation, "__metadata__", ())):
        if isinstance(item, Meta) and item.description is not None:
            return item
    for member in typing.get_args(annotation):
        if hasattr(member, "__metadata__"):
            return _meta(member)
    return Meta()


def _unknown(environ: Mapping[str, str], known: Mapping[str, Setting]) -> Iterator[SettingProblem]:
    names = {*known, *(f"{name}_FILE" for name in known)}
    for name in sorted(environ):
        if not name.startswith("SUISHEN_") or name in names:
            continue
        near = get_close_matches(name, names, n=1, cutoff=0.6)
        zh, en = (f"；是否想写 {near[0]}？", f"; did you mean {near[0]}?") if near else ("", "")
        yield SettingProblem(name=name, zh=f"没有这个设置{zh}", en=f"there is no such setting{en}")


def _raw(setting: Setting, environ: Mapping[str, str]) -> str | None:
    """The text of a variable, from itself or from its file; empty counts as not set."""
    name = setting.name
    direct, file = environ.get(name) or None, environ.get(f"{name}_FILE") or None
    if direct is not None and file is not None:
        raise _Wrong(f"与 {name}_FILE 只能设置一个", f"set either this or {name}_FILE, not both")
    if direct is None and file is None and setting.required:
        raise _Wrong(f"必须设置：{setting.zh}", f"must be set: {setting.en}")
    if file is None:
        return direct
    try:
        return Path(file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
        raise _Wrong(
            f"{name}_FILE 指向的文件读不出（{reason}）", f"the file in {name}_FILE cannot be read ({reason})"
        ) from None


def _convert(raw: str, setting: Setting) -> object:
    shape = shapes.type_info(setting.type)
    try:
        if _is(shape, shapes.CollectionType):
            items = [item for part in raw.split(",") if (item := part.strip())]
            return msgspec.convert(items, setting.type, strict=False, dec_hook=_decode)
        if _is(shape, (shapes.DictType, shapes.StructType)):
            return msgspec.json.decode(raw, type=setting.type, strict=False, dec_hook=_decode)
        return msgspec.convert(raw, setting.type, strict=False, dec_hook=_decode)
    except (msgspec.ValidationError, msgspec.DecodeError):
        zh, en = _expected(shape)
        raise _Wrong(f"值不合要求：应为 {zh}", f"malformed: it must be {en}") from None


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


def _is(shape: shapes.Type, kinds: type | tuple[type, ...]) -> bool:
    return any(isinstance(member, kinds) for member in _members(shape))


def _members(shape: shapes.Type) -> Iterator[shapes.Type]:
    if isinstance(shape, shapes.Metadata):
        yield from _members(shape.type)
    elif isinstance(shape, shapes.UnionType):
        for member in shape.types:
            yield from _members(member)
    elif not isinstance(shape, shapes.NoneType):
        yield shape


def _expected(shape: shapes.Type) -> tuple[str, str]:
    """What a value must look like, in Chinese and English."""
    described = [_expected_one(member) for member in _members(shape)]
    return "或".join(zh for zh, _ in described), " or ".join(en for _, en in described)


def _expected_one(shape: shapes.Type) -> tuple[str, str]:
    match shape:
        case shapes.IntType(ge=low, le=high) | shapes.FloatType(ge=low, le=high):
            zh, en = ("整数", "a whole number") if isinstance(shape, shapes.IntType) else ("数", "a number")
            bounds = f"{'' if low is None else low}…{'' if high is None else high}"
            return (zh, en) if bounds == "…" else (f"{bounds} 的{zh}", f"{en} in {bounds}")
        case shapes.BoolType():
            return "true 或 false", "true or false"
        case shapes.EnumType(cls=members):
            return _one_of(member.value for member in members)
        case shapes.LiteralType(values=values):
            return _one_of(values)
        case shapes.TimeDeltaType():
            return "秒数或 ISO 8601 时长", "seconds, or an ISO 8601 duration"
        case shapes.StrType(pattern=str(pattern)):
            shown = pattern.replace(r"\Z", "$")
            return f"符合 {shown} 的文字", f"text matching {shown}"
        case shapes.StrType(min_length=int(length)):
            return f"不少于 {length} 个字符", f"at least {length} characters"
        case shapes.CollectionType(item_type=item):
            zh, en = _expected(item)
            return f"逗号分隔的列表，每项为{zh}", f"a comma-separated list, each {en}"
        case shapes.DictType() | shapes.StructType():
            return "JSON 对象", "a JSON object"
        case _:
            return "文字", "text"


def _one_of(values: Iterable[object]) -> tuple[str, str]:
    listed = [str(value) for value in values]
    return f"{'、'.join(listed)} 之一", f"one of {', '.join(listed)}"


def _at_odds(platform: Mapping[str, object]) -> Iterator[SettingProblem]:
    """Values that are right one by one and wrong together."""
    if platform.get("metrics_port") is not None and platform.get("web_workers", 1) != 1:
        yield SettingProblem(
            name="SUISHEN_METRICS_PORT",
            zh="各工作进程不能共用指标端口：SUISHEN_WEB_WORKERS 设为 1，或改用 SUISHEN_METRICS_TOKEN",
            en="workers cannot share one port: set SUISHEN_WEB_WORKERS to 1, or use SUISHEN_METRICS_TOKEN",
        )


# Set together or not at all: what the one is for cannot be done without the others.
_GROUPS: Final = (
    (
        "SUISHEN_AUTH_CITIZEN_ISSUER",
        "SUISHEN_AUTH_CITIZEN_CLIENT_ID",
        "SUISHEN_AUTH_CITIZEN_REDIRECT_URI",
    ),
    ("SUISHEN_AUTH_FAMILY_BASE_URL", "SUISHEN_AUTH_FAMILY_KEY"),
    *(
        tuple(f"SUISHEN_PUSH_{field.upper()}" for field in group)
        for group in (APNS_GROUP, JPUSH_GROUP, WEBPUSH_GROUP, SMS_GROUP)
    ),
)
_NEEDS: Final = (
    ("SUISHEN_AUTH_CITIZEN_ISSUER", "SUISHEN_AUTH_OIDC_KEYS_DIR"),
    ("SUISHEN_AUTH_CLERK_SSO_REDIRECT_URI", "SUISHEN_AUTH_OIDC_KEYS_DIR"),
    ("SUISHEN_PUSH_WECHAT_CALLBACK_KEY", "SUISHEN_PUSH_WECHAT_CALLBACK_TOKEN"),
)


def _in_part(values: Mapping[str, Mapping[str, object]]) -> Iterator[SettingProblem]:
    """What has been set up by half."""
    told = {f"{_PREFIXES[part]}{field.upper()}" for part, fields in values.items() for field in fields}
    needed = {(name, other) for group in _GROUPS for name in group for other in group if name != other}
    for name, other in sorted({*needed, *_NEEDS}):
        if name in told and other not in told:
            yield SettingProblem(
                name=other, zh=f"设置了 {name} 就必须设置", en=f"must be set together with {name}"
            )


# --- what production refuses -------------------------------------------------------------------------

_STAND_IN: Final = re.compile(
    r"sandbox|simulat|change-?me|insecure|placeholder|example\.(com|org|net)|(?:^|://)(.)\2{7,}$",
    re.IGNORECASE,
)
_SHORTEST_SECRET: Final = 16
_DIRECT: Final = re.compile(r"[?&]directConnection=true\b", re.IGNORECASE)


def _unfit_for_production(
    values: Mapping[str, Mapping[str, object]], known: Iterable[Setting]
) -> Iterator[SettingProblem]:
    """Simulators' addresses, plain HTTP, stand-in values, short secrets, a store's one node for its set.

    A provider's address must be https on a public host; anything is searched for stand-ins.
    """
    if _DIRECT.search(str(values["platform"].get("mongo_url"))):
        yield SettingProblem(
            name="SUISHEN_MONGO_URL",
            zh="生产环境不接受 directConnection：须以 replicaSet 连接整个副本集，否则主节点切换后无法写入",
            en="in production directConnection is refused: connect to the whole set by replicaSet, "
            "or nothing is written after a fail-over",
        )
    for setting in known:
        if setting.field == "env":
            continue
        for text in _texts(values[setting.part].get(setting.field, setting.default)):
            for zh, en in _unfit(setting, text):
                yield SettingProblem(name=setting.name, zh=f"生产环境{zh}", en=f"in production {en}")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, (str, Path)):
        yield str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _texts(item)


def is_unfit(environment: Environment, address: str) -> bool:
    """Whether ``address``, told by an operator and not by the environment, is none a provider may have."""
    if environment is not Environment.PRODUCTION:
        return False
    return bool(_STAND_IN.search(address)) or not (
        address.lower().startswith("https://") and _is_public(_host(address))
    )


def _unfit(setting: Setting, text: str) -> Iterator[tuple[str, str]]:
    if _STAND_IN.search(text):
        yield "不接受占位或模拟的值", "a stand-in or a simulator's value is refused"
    if re.match(r"https?://", text, re.IGNORECASE) and setting.provider:
        if not text.lower().startswith("https"):
            yield "必须使用 https", "the address must be https"
        if not _is_public(_host(text)):
            yield "不接受本机或内网地址（模拟器）", "a loopback or private address (a simulator's) is refused"
    elif setting.secret and "://" not in text and len(text) < _SHORTEST_SECRET:
        yield f"密钥至少 {_SHORTEST_SECRET} 个字符", f"a secret has at least {_SHORTEST_SECRET} characters"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.rstrip(".").lower()
        return "." in name and not name.endswith((".local", ".localhost", ".internal", ".test", ".invalid"))


def _masked(part: Struct) -> str:
    shown = ", ".join(
        f"{setting.field}={setting.shown(getattr(part, setting.field))}"
        for setting in _settings()
        if isinstance(part, _PARTS[setting.part])
    )
    return f"{type(part).__name__}({shown})"
