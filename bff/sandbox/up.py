"""``suishen up``: a city, until somebody stops it.

What dies is reported and started again; what dies three times in a minute ends everything, because whoever
reads the screen should see the reason and not a screen full of restarts. What draws tables is imported
while the web process starts.
"""

import shlex
import signal
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import click

from bff.sandbox.city import CLERKS, NAME, ORGANISATIONS, PEOPLE
from bff.sandbox.errors import EngineFailed, SandboxError
from bff.sandbox.orphans import end_orphans
from bff.sandbox.servers import empty_folder
from bff.sandbox.stack import City, choose_ports, private_stack

if TYPE_CHECKING:
    from rich.table import Table

_LOOK_EVERY: Final = 0.3
_DEATHS: Final = 3
_MINUTE: Final = 60.0


class NotForProduction(SandboxError):
    """Somebody is about to start a made-up city where a real one is configured."""


def refuse_production(environ: Mapping[str, str]) -> None:
    """A machine set up for production is no place for a simulator."""
    if environ.get("SUISHEN_ENV") == "production":
        raise NotForProduction(
            zh="SUISHEN_ENV=production：此命令启动的是模拟城市，不能在生产环境运行。",
            en="SUISHEN_ENV=production: this command starts a made-up city, and not in production.",
        )


def run(
    data: Path,
    *,
    port: int | None,
    fresh: bool,
    environ: Mapping[str, str],
    may_empty: Callable[[Path], bool],
) -> None:
    """Start everything, say where it is, and watch it until a signal."""
    refuse_production(environ)
    if fresh and data.exists() and any(data.iterdir()):
        if not may_empty(data):
            click.echo("未清空，未启动。· Nothing was emptied, nothing was started.")
            return
        empty_folder(data)
    # One of them may have our port.
    end_orphans(data)
    web_port, simulator_port, alipay_port = choose_ports(port)
    # Everything else a person may want to try out, such as SUISHEN_WALLET_WINDOW_SECONDS.
    own = {name: value for name, value in environ.items() if name.startswith("SUISHEN_")}
    mongo_url, redis_url = own.pop("SUISHEN_MONGO_URL", None), own.pop("SUISHEN_REDIS_URL", None)
    began = time.monotonic()

    def say(what: str) -> None:
        took = click.style(f"{time.monotonic() - began:5.1f} s", dim=True)
        click.echo(f"  {click.style('✓', fg='green')} {took}  {what}")

    with _signals_interrupt():
        try:
            with private_stack(
                data,
                scheduler=True,
                web_port=web_port,
                simulator_port=simulator_port,
                alipay_port=alipay_port,
                settings=own,
                mongo_url=mongo_url,
                redis_url=redis_url,
                say=say,
                meanwhile=_fetch_pencils,
            ) as city:
                _introduce(city)
                say("就绪，按 Ctrl-C 停止 · ready; Ctrl-C stops everything")
                try:
                    _watch(city)
                finally:
                    click.echo("正在停止 · stopping …")
        except KeyboardInterrupt:
            click.echo(f"已停止，数据保留在 · stopped; the data stays in {data}")


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM, and a terminal that goes away, end us as Ctrl-C does: in order.

    SIGINT is named as well: whoever is started in the background by a script was told to pass over it.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class _Watched(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def running(self) -> bool: ...
    def start(self) -> None: ...


def _watch(city: City) -> None:
    """Start again what dies; give up on what keeps dying."""
    deaths: defaultdict[str, deque[float]] = defaultdict(deque)
    watched: list[_Watched] = [*city.servers.ours, *city.programs]
    while True:
        for each in watched:
            if each.running:
                continue
            now = time.monotonic()
            recent = deaths[each.name]
            while recent and recent[0] < now - _MINUTE:
                recent.popleft()
            recent.append(now)
            if len(recent) >= _DEATHS:
                raise EngineFailed(
                    zh=f"{each.name} 一分钟内退出 {_DEATHS} 次，已停止。日志：{city.data / each.name}.log",
                    en=f"{each.name} ended {_DEATHS} times within a minute; giving up. "
                    f"Its log: {city.data / each.name}.log",
                )
            told = f"! {each.name} 意外退出，重新启动 · ended unexpectedly, starting it again"
            click.secho(told, fg="yellow")
            each.start()
            city.follow_servers()
        time.sleep(_LOOK_EVERY)


def _fetch_pencils() -> None:
    """Import what the introduction is drawn with."""
    for module in ("qrcode.main", "rich.console", "rich.panel", "rich.table"):
        import_module(module)


def _introduce(city: City) -> None:
    """Say where everything is and who is there."""
    from rich.console import Console
    from rich.markup import escape
    from rich.panel import Panel

    console = Console(highlight=False)
    console.print()
    console.print(_residents(city))
    console.print(_clerks(city))
    resident, clerk = f"{city.base_url}/resident/", f"{city.base_url}/clerk/"
    console.print(
        Panel(
            f"[bold]居民 · residents[/]   {resident}\n"
            f"[bold]核验 · clerks[/]      {clerk}\n"
            f"[bold]运维 · operators[/]   {city.base_url}/console/\n"
            f"[dim]接口 · API[/]         {city.base_url}/schema\n"
            f"[dim]直接登录 · as[/]      {city.sign_in_link('lin')}\n"
            f"[dim]健康码 · codes[/]     {_colours()}\n"
            f"[dim]短信 · messages[/]    {city.sms_url}/_sim/sms/outbox\n"
            f"[dim]动态口令 · codes[/]   {city.sms_url}/_sim/authenticator\n"
            f"[dim]法人证书 · card[/]    {city.authority_url}/_sim/authority/sign\n"
            f"[dim]澳门 · Macao[/]        {city.macao_url}/_sim/macao/code\n"
            f"[dim]数据与日志 · data[/]  {city.data}",
            title=f"[bold green]{NAME} · Haiyu[/]",
            subtitle="[bold red]全部为模拟：人、机构、微信、支付宝都不存在 · nobody here is real[/]",
            border_style="green",
        )
    )
    _draw_qr(resident, on_terminal=console.is_terminal)
    where = shlex.quote(str(_from_here(city.data)))
    # To be copied: never broken to the terminal's width.
    console.print(
        f"[dim]自检与审计 · look into it:[/] suishen doctor --data {escape(where)}; "
        f"suishen audit verify --data {escape(where)}",
        soft_wrap=True,
    )
    simulators = (city.simulator_url, city.alipay_url, city.openid_url)
    ports = (city.web[0].port, *(urlsplit(url).port for url in simulators))
    console.print(
        "[dim]只监听本机；手机连线后先执行下列命令再扫码 · "
        "only this machine is listening; for a phone on a cable, first:\n"
        f"{'; '.join(f'adb reverse tcp:{port} tcp:{port}' for port in ports)}[/]",
    )


def _from_here(data: Path) -> Path:
    """As it would be typed in the folder we were started in."""
    here = Path.cwd()
    return data.relative_to(here) if data.is_relative_to(here) else data


def _colours() -> str:
    from bff.sandbox.health import COLOURS

    return ", ".join(f"{each.resident} {each.colour.lower()} ({each.why_zh})" for each in COLOURS)


def _residents(city: City) -> "Table":
    table = _table("居民 · residents", "", "姓名 name", "等级", "")
    table.columns[1].no_wrap, table.columns[1].max_width = False, 18
    for each in PEOPLE:
        if each.has_phone:
            key = f"[link={city.sign_in_link(each.key)}]{each.key}[/link]"
            story = f"{each.story_zh}\n[dim]{each.story_en}[/]"
            table.add_row(key, each.name, each.assurance or "—", story)
    return table


def _clerks(city: City) -> "Table":
    names = {organisation.id: organisation.name for organisation in ORGANISATIONS}
    table = _table("核验员 · clerks", "机构 organisation", "工号", "口令 passphrase", "场景 scenes")
    for each in CLERKS:
        organisation = f"{each.organisation}\n[dim]{names[each.organisation]}[/]"
        scenes = f"{', '.join(each.scenes)}\n[dim]{each.story_zh}[/]"
        # A code lives half a minute: it is shown where it is made.
        code = f"\n[link={city.sms_url}/_sim/authenticator]+ 动态口令 code[/link]"
        passphrase = f"{each.passphrase}{code if each.second_factor else ''}"
        table.add_row(organisation, each.number, passphrase, scenes)
    return table


def _table(title: str, *columns: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns, 1):
        # The last one gives way to a narrow terminal; what is to be typed in is never broken.
        table.add_column(column, no_wrap=number < len(columns), overflow="fold")
    return table


def _draw_qr(text: str, *, on_terminal: bool) -> None:
    from qrcode.main import QRCode

    qr = QRCode(border=2)
    qr.add_data(text)
    # A terminal's own colours may be light on dark, and a code with its colours swapped is not read.
    qr.print_ascii(out=sys.stdout, tty=on_terminal)
