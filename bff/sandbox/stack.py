"""A whole city on one machine: servers, simulator, the product's processes, and everybody in it.

``private_stack`` is what ``suishen up``, ``suishen demo``, the fault tests and the benches all stand on. The
product's processes are the real ones, started by the real command line; they learn what is simulated by
their base URLs and in no other way.

A start is quick because nobody waits for anybody: databases and web process are launched first, with
addresses at which nobody answers yet, and what this process needs is imported meanwhile, at the place where
it is needed.
"""

import asyncio
import http.client
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from bff.platform.variables import forget_variables, keep_variables
from bff.sandbox.city import (
    ALIPAY_APP,
    APP,
    CITIZEN_CLIENT,
    CITIZENS,
    CLERKS,
    FAMILY_KEY,
    GUARDIANS,
    MACAO_KEY,
    PEOPLE,
    POPULATION_KEY,
    PUSH_KEY,
    PUSH_TOKEN,
    SMS_KEY,
    SMS_RECEIPTS_KEY,
    fingerprint,
    person,
)
from bff.sandbox.engines import free_port, port_is_free
from bff.sandbox.errors import EngineFailed, PortTaken
from bff.sandbox.kept import Kept
from bff.sandbox.servers import EmbeddedServers

if TYPE_CHECKING:
    from bff.sandbox.push_city import PhonePorts
    from bff.sandbox.seed import Key
    from bff.sandbox.simulator import Simulator

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_READY_SECONDS: Final = 180.0
# Longer than the web server's own patience with its workers, so that it is never killed while it is stopping.
_GRACE_SECONDS: Final = 20.0
# Told to every process, whoever comes first would have it and the others could not start.
_METRICS_PORT: Final = "SUISHEN_METRICS_PORT"
_LAST_PORT: Final = 65535

Say = Callable[[str], None]


def _say_nothing(_: str) -> None: ...


def _do_nothing() -> None: ...


class Program:
    """One process of the product: ``suishen <command>``, with its log beside the data."""

    def __init__(self, name: str, command: str, env: Mapping[str, str], data: Path, **own: str) -> None:
        """``env`` is read at each start; ``own`` is what only this process is told."""
        self.name = name
        self._own = own
        self.log = data / f"{name}.log"
        self._command = [sys.executable, "-m", "bff.cli", command]
        self._env = env
        self._kept: Kept | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives; not whether it answers."""
        return self._kept is not None and self._kept.running

    @property
    def process(self) -> Kept:
        """The process as it runs now, or as it ended."""
        if self._kept is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._kept

    def start(self) -> None:
        """Start it; do not wait until it is ready. If it ended by itself, nothing of it is left before."""
        self.stop()
        self._kept = Kept(self._command, log=self.log, grace=_GRACE_SECONDS, env={**self._env, **self._own})

    def let_go(self) -> None:
        """Ask it to finish what it has begun and end; do not wait for it."""
        if self._kept is not None:
            self._kept.let_go()

    def await_end(self) -> None:
        """Wait until it has ended."""
        if self._kept is not None:
            self._kept.await_end()

    def stop(self) -> None:
        """Let it finish what it has begun, and wait."""
        self.let_go()
        self.await_end()

    def kill(self) -> None:
        """End it, and what it forked, at whatever instruction it is."""
        self.process.kill()

    def failure(self) -> EngineFailed:
        """Why it ended, or does not become ready, from the end of its log."""
        tail = "\n".join(self.process.output().decode(errors="replace").strip().splitlines()[-12:])
        status = self.process.exit_status
        zh, en = (
            ("未能就绪", "did not become ready")
            if status is None
            else (f"意外退出（状态 {status}）", f"ended unexpectedly (status {status})")
        )
        return EngineFailed(
            zh=f"{self.name} {zh}，日志 {self.log} 的结尾：\n{tail}",
            en=f"{self.name} {en}; its log ends as above.",
        )


class Web(Program):
    """A web process on a port of its own."""

    def __init__(self, name: str, port: int, env: Mapping[str, str], data: Path, **own: str) -> None:
        super().__init__(name, "web", env, data, SUISHEN_WEB_PORT=str(port), **own)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def await_ready(self) -> None:
        """Wait until ``/readyz`` says so."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                raise self.failure()
            if _answers(self.port, "/readyz"):
                return
            time.sleep(0.02)
        raise self.failure()


class City:
    """A running city. Everything in it can be killed and started again."""

    def __init__(
        self,
        *,
        data: Path,
        servers: EmbeddedServers,
        simulator_url: str,
        alipay_url: str,
        openid_url: str,
        sms_url: str,
        family_url: str,
        authority_url: str,
        phone_ports: "PhonePorts",
        macao_url: str,
        env: dict[str, str],
        web: list[Web],
        workers: list[Program],
        scheduler: Program | None,
    ) -> None:
        self.data = data
        self.servers = servers
        self.simulator_url = simulator_url
        self.alipay_url = alipay_url
        self.openid_url = openid_url
        self.sms_url = sms_url
        self.family_url = family_url
        self.authority_url = authority_url
        self.phone_ports = phone_ports
        """Where the simulated makers of phones are."""
        self.macao_url = macao_url
        self.env = env
        """What a further process of the product has to be started with."""
        self.web = web
        self.workers = workers
        self.scheduler = scheduler

    @property
    def base_url(self) -> str:
        """Of the first web process."""
        return self.web[0].url

    @property
    def base_urls(self) -> list[str]:
        """Of every web process."""
        return [web.url for web in self.web]

    @property
    def programs(self) -> list[Program]:
        """Every process of the product, in the order in which they are stopped."""
        return [*self.web, *self.background]

    @property
    def background(self) -> list[Program]:
        """The processes nobody talks to."""
        return [*self.workers, *([self.scheduler] if self.scheduler else [])]

    def sign_in_link(self, resident: str, *, provider: str = "wechat") -> str:
        """Where ``resident`` opens the page already signed in by the simulated ``provider``."""
        url = self.alipay_url if provider == "alipay" else self.simulator_url
        return f"{url}/_sim/{provider}/sign-in?resident={resident}"

    def department_keys(self) -> "dict[str, Key]":
        """What the departments sign in with."""
        from bff.sandbox.seed import department_keys

        return department_keys(self.data / "keys" / "departments")

    def follow_servers(self) -> None:
        """Start again whoever was told an address at which the servers no longer are.

        They keep their ports through restarts, unless somebody else takes one in between.
        """
        now = {"SUISHEN_MONGO_URL": self.servers.mongo_url, "SUISHEN_REDIS_URL": self.servers.redis_url}
        if now.items() <= self.env.items():
            return
        self.env.update(now)
        keep_variables(self.data, self.env)
        for each in self.programs:
            if each.running:
                each.stop()
                each.start()

    def stop(self) -> None:
        """First whoever takes requests, then whoever works off what they left."""
        for group in (self.web, self.background):
            for each in group:
                each.let_go()
            for each in group:
                each.await_end()


@contextmanager
def private_stack(
    data: Path,
    *,
    web_processes: int = 1,
    workers: int = 1,
    scheduler: bool = False,
    web_port: int | None = None,
    simulator_port: int | None = None,
    alipay_port: int | None = None,
    settings: Mapping[str, str] = _NOTHING,
    mongo_url: str | None = None,
    redis_url: str | None = None,
    say: Say = _say_nothing,
    meanwhile: Callable[[], None] = _do_nothing,
) -> Iterator[City]:
    """Start a city with its data in ``data``, seeded; stop it at the end of the block.

    ``settings`` are further ``SUISHEN_…`` variables for the product's processes; nothing else of that name
    is taken from this process's environment. A port for metrics is the first web process's alone.
    ``meanwhile`` is called while the web processes start.
    """
    from bff.sandbox.push_city import PhonePorts, push_environment, simulated_phones

    data = data.absolute()
    simulator_port = simulator_port or free_port()
    simulator_url = f"http://127.0.0.1:{simulator_port}"
    alipay_port = alipay_port or free_port()
    alipay_url = f"http://127.0.0.1:{alipay_port}"
    openid_port = _kept_port(data / "openid-port")
    openid_url = f"http://127.0.0.1:{openid_port}"
    with ExitStack() as running:
        servers = EmbeddedServers(data, mongo_url=mongo_url, redis_url=redis_url)
        running.callback(servers.stop)
        sms_port, population_port, family_port = free_port(), free_port(), free_port()
        sms_url = f"http://127.0.0.1:{sms_port}"
        phone_ports = PhonePorts.free()
        authority_port, macao_port = free_port(), free_port()
        family_url = f"http://127.0.0.1:{family_port}"
        first = web_port or free_port()
        env = (
            _environment(data, servers, simulator_url, alipay_url)
            | _openid_environment(data, openid_url, f"http://127.0.0.1:{first}")
            | _offices(sms_url, population_port)
            | push_environment(phone_ports, data / "keys" / "push", sms_url)
            | {"SUISHEN_AUTH_FAMILY_BASE_URL": family_url, "SUISHEN_AUTH_FAMILY_KEY": FAMILY_KEY}
            | {"SUISHEN_HEALTH_VOUCHERS_FILE": str(_vouchers(data, macao_port))}
            | {"SUISHEN_AUTH_CLERK_SECOND_FACTOR": "offered"}
            | {"SUISHEN_AUTH_FACE_RETURN_URL": f"http://127.0.0.1:{first}/resident/?face"}
            | {name: value for name, value in settings.items() if name != _METRICS_PORT}
        )
        alone = {name: value for name, value in settings.items() if name == _METRICS_PORT}
        city = City(
            data=data,
            servers=servers,
            simulator_url=simulator_url,
            alipay_url=alipay_url,
            openid_url=openid_url,
            sms_url=sms_url,
            family_url=family_url,
            authority_url=f"http://127.0.0.1:{authority_port}",
            phone_ports=phone_ports,
            macao_url=f"http://127.0.0.1:{macao_port}",
            env=env,
            web=[
                Web(f"web-{number}", port, env, data, **(alone if number == 1 else {}))
                for number, port in enumerate([first, *(free_port() for _ in range(web_processes - 1))], 1)
            ],
            workers=[Program(f"worker-{number}", "worker", env, data) for number in range(1, workers + 1)],
            scheduler=Program("scheduler", "scheduler", env, data) if scheduler else None,
        )
        running.callback(city.stop)
        running.callback(forget_variables, data)
        for web in city.web:
            web.start()
        home = f"{city.base_url}/resident/"
        running.enter_context(_simulated_wechat(simulator_port, city.base_url))
        running.enter_context(_simulated_alipay(alipay_port, home, data / "keys" / "alipay"))
        running.enter_context(_simulated_openid(openid_port, city.base_url))
        say("模拟微信、支付宝、市民云 · simulated WeChat, Alipay, Citizen Cloud")
        for simulator in (
            _simulated_sms(sms_port, city.base_url),
            _simulated_population(population_port),
            _simulated_family(family_port),
            _simulated_authority(authority_port, data / "keys" / "legal-person"),
            simulated_phones(phone_ports, data / "keys" / "push"),
            _simulated_macao(macao_port),
        ):
            running.enter_context(simulator)
        servers.await_ready()
        keep_variables(data, env)
        city.follow_servers()
        say("MongoDB、Valkey · databases")
        # A note beside the data can only speak for data that lies beside it.
        note = data / "seeded"
        state = f"{fingerprint()} {openid_url}"
        seeded = mongo_url is None and note.exists() and note.read_text() == state
        # In a thread of its own: the caller's may have a running loop (Playwright leaves one there).
        with ThreadPoolExecutor(1) as beside:
            registering = None if seeded else beside.submit(_register, city)
            meanwhile()
            for web in city.web:
                web.await_ready()
            say("Web · web")
            # They take a second of a processor each, and nobody misses them in the first.
            for worker in city.workers:
                worker.start()
            if registering is not None:
                registering.result()
                _bring_all(city, beside, say)
                note.write_text(state)
        if city.scheduler is not None:
            # What it does at once, as signing the lists of withdrawn certificates, it does with all of them.
            city.scheduler.start()
        yield city


def _bring_all(city: City, beside: Executor, say: Say) -> None:
    say("居民、机构、核验员 · residents, organisations, clerks")
    for bring, brought in _BROUGHT:
        beside.submit(bring, city).result()
        say(brought)


def _environment(data: Path, servers: EmbeddedServers, simulator_url: str, alipay_url: str) -> dict[str, str]:
    """What the product's processes are told: the addresses, and keys made at the first start."""
    keys = data / "keys"
    if not all(
        (keys / name).exists()
        for name in ("id-seal", "alipay", "oidc", "legal-person", "health", "push/browsers.pem")
    ):
        _make_keys(keys)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUISHEN_")}
    return inherited | {
        "SUISHEN_ENV": "sandbox",
        "SUISHEN_MONGO_URL": servers.mongo_url,
        "SUISHEN_REDIS_URL": servers.redis_url,
        "SUISHEN_ID_HASH_KEY_FILE": str(keys / "id-hash"),
        "SUISHEN_ID_SEAL_KEYS_FILE": str(keys / "id-seal"),
        "SUISHEN_RESIDENT_SIGN_IN_URL": f"{simulator_url}/_sim/wechat/sign-in",
        "SUISHEN_AUTH_TOKEN_ISSUER": "urn:suishen:haiyu",
        "SUISHEN_AUTH_TOKEN_KEYS_DIR": str(keys / "tokens"),
        "SUISHEN_AUTH_WECHAT_APPID": APP.appid,
        "SUISHEN_AUTH_WECHAT_SECRET": APP.secret,
        "SUISHEN_AUTH_WECHAT_BASE_URL": simulator_url,
        "SUISHEN_RESIDENT_ALIPAY_SIGN_IN_URL": f"{alipay_url}/_sim/alipay/sign-in",
        "SUISHEN_AUTH_ALIPAY_APPID": ALIPAY_APP.appid,
        "SUISHEN_AUTH_ALIPAY_BASE_URL": alipay_url,
        "SUISHEN_AUTH_ALIPAY_PRIVATE_KEY_FILE": str(keys / "alipay" / "app_private"),
        "SUISHEN_AUTH_ALIPAY_APP_CERTIFICATE_FILE": str(keys / "alipay" / "app_certificate"),
        "SUISHEN_AUTH_ALIPAY_CERTIFICATES_FILE": str(keys / "alipay" / "alipay_certificate"),
        "SUISHEN_AUTH_ALIPAY_ROOT_CERTIFICATES_FILE": str(keys / "alipay" / "roots"),
        "SUISHEN_AUTH_ALIPAY_AES_KEY_FILE": str(keys / "alipay" / "aes"),
        "SUISHEN_AUTH_LEGAL_PERSON_ROOTS_FILE": str(keys / "legal-person" / "roots.pem"),
        "SUISHEN_PUSH_WECHAT_CALLBACK_TOKEN": PUSH_TOKEN,
        "SUISHEN_PUSH_WECHAT_CALLBACK_KEY": PUSH_KEY,
        "SUISHEN_PUSH_ALIPAY_FAILURES": "USER_NOT_SUBSCRIBED=no_credit",
        "SUISHEN_WALLET_KEYS_DIR": str(keys / "wallet"),
        "SUISHEN_HEALTH_KEYS_DIR": str(keys / "health"),
    }


def _openid_environment(data: Path, openid_url: str, web_url: str) -> dict[str, str]:
    """What they are told of the OpenID providers; people come back to the first web process."""
    return {
        "SUISHEN_AUTH_OIDC_KEYS_DIR": str(data / "keys" / "oidc"),
        "SUISHEN_AUTH_CITIZEN_ISSUER": f"{openid_url}/{CITIZENS}",
        "SUISHEN_AUTH_CITIZEN_CLIENT_ID": CITIZEN_CLIENT,
        "SUISHEN_AUTH_CITIZEN_REDIRECT_URI": f"{web_url}/resident/",
        "SUISHEN_AUTH_CLERK_SSO_REDIRECT_URI": f"{web_url}/clerk/",
    }


def _kept_port(file: Path) -> int:
    """The port of last time if it is free: an issuer's address stands in the directory."""
    if file.exists() and file.read_text().isdecimal() and port_is_free(int(file.read_text())):
        return int(file.read_text())
    port = free_port()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(port))
    return port


def _offices(sms_url: str, population_port: int) -> dict[str, str]:
    """What the product's processes are told of the text message gateway and the population registry."""
    return {
        "SUISHEN_AUTH_SMS_BASE_URL": sms_url,
        "SUISHEN_AUTH_SMS_KEY": SMS_KEY,
        "SUISHEN_AUTH_POPULATION_BASE_URL": f"http://127.0.0.1:{population_port}",
        "SUISHEN_AUTH_POPULATION_KEY": POPULATION_KEY,
    }


def _make_keys(folder: Path) -> None:
    """Make every key the city needs; done again after a power cut, it makes the missing ones."""
    from bff.platform import keys
    from bff.sandbox import alipay_keys
    from bff.sandbox.authority_city import kept_roots
    from bff.sandbox.push_city import make_push_keys

    alipay_keys.kept(folder / "alipay")
    kept_roots(folder / "legal-person")
    make_push_keys(folder / "push")
    for ring in ("tokens", "wallet", "health", "oidc"):
        if not (folder / ring / "current").exists():
            shutil.rmtree(folder / ring, ignore_errors=True)
            keys.create(folder / ring, "first")
    for name in ("id-hash", "id-seal"):
        if not (folder / name).exists():
            aside = folder / f".{name}"
            aside.touch(mode=0o600)
            aside.write_text(secrets.token_hex(32))
            aside.replace(folder / name)


def _simulated_wechat(port: int, base_url: str) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.simulator import simulated_in_thread
    from bff.sandbox.wechat import Wechat
    from bff.sandbox.wechat_subscribe import PushAddress

    phones = {each.key: each.phone for each in PEOPLE if each.has_phone}
    wechat = Wechat([APP], people=_with_phones(), phones=phones, home=f"{base_url}/resident/")
    wechat.subscriptions.set_address(
        PushAddress(
            appid=APP.appid,
            url=f"{base_url}/callbacks/wechat/{APP.appid}",
            token=PUSH_TOKEN,
            aes_key=PUSH_KEY,
        )
    )
    return simulated_in_thread(wechat, port=port)


def _simulated_openid(port: int, web_url: str) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.openid_city import openid_of_city
    from bff.sandbox.simulator import simulated_in_thread

    return simulated_in_thread(openid_of_city(web_url), port=port)


def _simulated_alipay(port: int, home: str, keys: Path) -> "AbstractContextManager[Simulator]":
    from bff.sandbox import alipay_keys
    from bff.sandbox.alipay_gateway import Alipay
    from bff.sandbox.simulator import simulated_in_thread

    alipay = Alipay([ALIPAY_APP], alipay_keys.kept(keys), people=_with_phones(), home=home)
    return simulated_in_thread(alipay, port=port)


def _with_phones() -> dict[str, str]:
    return {each.key: f"{each.name} — {each.story_zh}" for each in PEOPLE if each.has_phone}


def _simulated_sms(port: int, base_url: str) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.authenticator import authenticator
    from bff.sandbox.simulator import simulated_in_thread
    from bff.sandbox.sms import ReceiptAddress, Sms

    address = ReceiptAddress(url=f"{base_url}/callbacks/sms", key=SMS_RECEIPTS_KEY)
    phones = Sms(key=SMS_KEY, receipts=address, apps=[authenticator(CLERKS)])
    return simulated_in_thread(phones, port=port)


def _simulated_population(port: int) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.population import Population
    from bff.sandbox.simulator import simulated_in_thread

    books = Population({each.id_number: each.name for each in PEOPLE}, key=POPULATION_KEY)
    return simulated_in_thread(books, port=port)


def _simulated_family(port: int) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.family import Entry, FamilyRegister
    from bff.sandbox.simulator import simulated_in_thread

    entries = [
        Entry(
            guardian=person(guardian).id_number,
            child=person(child).id_number,
            child_name=person(child).name,
        )
        for guardian, child in GUARDIANS
    ]
    return simulated_in_thread(FamilyRegister(entries, key=FAMILY_KEY), port=port)


def _simulated_macao(port: int) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.macao import MacaoHealth
    from bff.sandbox.simulator import simulated_in_thread

    return simulated_in_thread(MacaoHealth(key=MACAO_KEY), port=port)


def _vouchers(data: Path, port: int) -> Path:
    """The file of places that are asked about what residents carry."""
    from bff.sandbox.macao import AREA, ISSUER, NAME

    url = f"http://127.0.0.1:{port}/v1/standing"
    file = data / "keys" / "vouchers.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(
        msgspec.json.encode([{"id": ISSUER, "name": NAME, "area": AREA, "url": url, "key": MACAO_KEY}])
    )
    return file


def _simulated_authority(port: int, keys: Path) -> "AbstractContextManager[Simulator]":
    from bff.sandbox.authority_city import CityAuthority, kept_roots
    from bff.sandbox.simulator import simulated_in_thread

    return simulated_in_thread(CityAuthority(f"http://127.0.0.1:{port}", kept_roots(keys)), port=port)


def _register(city: City) -> None:
    """Register everybody, by the command an operator would use."""
    from bff.sandbox.seed import SeedingFailed, registrations

    done = subprocess.run(
        [sys.executable, "-m", "bff.cli", "directory", "import", "-", "--json"],
        input=registrations(city.department_keys(), city.openid_url),
        env=dict(city.env),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        refused = [line for line in done.stdout.decode().splitlines() if '"problem"' in line]
        told = "\n".join(refused or done.stderr.decode(errors="replace").splitlines()[-8:])
        raise SeedingFailed(
            zh=f"登记居民与机构失败：\n{told}", en="Registering the city's people failed; see above."
        )


def _issue(city: City) -> None:
    """Issue every certificate, over HTTP, as the departments do."""
    from bff.sandbox.seed import issue_certificates

    asyncio.run(issue_certificates(city.base_url, city.department_keys()))


def _bring_health(city: City) -> None:
    """Publish the city's rules for health codes, and report what they are asked about."""
    from bff.sandbox.health import bring_health

    asyncio.run(bring_health(city.base_url, city.department_keys(), now=datetime.now(UTC)))


def _bring_reminders(city: City) -> None:
    """Report what reminders follow from."""
    from bff.sandbox.reminders import bring_reminders

    asyncio.run(bring_reminders(city.base_url, city.department_keys(), now=datetime.now(UTC)))


def _bring_templates(city: City) -> None:
    """Have the operator say by which templates reminders go out."""
    from bff.sandbox.templates import bring_templates

    asyncio.run(bring_templates(city.base_url))


_BROUGHT: Final[tuple[tuple[Callable[[City], None], str], ...]] = (
    (_issue, "电子证照 · certificates"),
    (_bring_health, "健康码规则与证据 · health code rules and evidence"),
    (_bring_templates, "提醒模板 · templates of reminders"),
    (_bring_reminders, "接种、参保与家庭信息 · vaccinations, payments, homes"),
)
"""What comes over HTTP once everybody is registered, in order, and what is said when it has come."""


def _answers(port: int, path: str) -> bool:
    """Whether ``path`` is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def choose_ports(wanted: int | None) -> tuple[int, int, int]:
    """A port for the pages and one a simulator: the same ones at each start, if they are free."""
    if wanted is not None and not port_is_free(wanted):
        raise PortTaken(
            zh=f"端口 {wanted} 已被占用，请用 --port 另选一个。",
            en=f"Port {wanted} is taken; choose another with --port.",
        )
    pages = wanted or next(port for port in range(8000, 9000, 10) if port_is_free(port))
    # The ports above come first; near the last port there are not enough of them.
    near = chain(range(pages + 1, min(pages + 1000, _LAST_PORT + 1)), range(pages - 1, pages - 1000, -1))
    free = (port for port in near if port_is_free(port))
    return pages, next(free), next(free)
