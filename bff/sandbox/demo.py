"""``suishen demo``: the story, over real HTTP, in a city of its own."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.markup import escape

from bff.sandbox.engines import free_port
from bff.sandbox.errors import SandboxError
from bff.sandbox.stack import City, Web, private_stack
from bff.sandbox.story import SHORT_SECONDS, SKEW_SECONDS, STEPS, NotSo, Story
from bff.sandbox.up import refuse_production

_PATIENCE: Final = aiohttp.ClientTimeout(total=15)


class Told(Struct, frozen=True, kw_only=True):
    """One step and whether it held."""

    step: int
    ok: bool
    title: str
    detail: str
    ms: float


def run(*, as_json: bool, environ: Mapping[str, str]) -> bool:
    """Tell the story in a city of its own; whether every step held."""
    refuse_production(environ)
    tell = _tell_json if as_json else _Narrator().tell
    with (
        tempfile.TemporaryDirectory(prefix="suishen-demo-") as folder,
        _city(Path(folder), as_json=as_json) as (city, short),
    ):
        told = asyncio.run(_told(city, short, tell))
    held = all(each.ok for each in told)
    if not as_json:
        _conclude(told)
    return held and len(told) == len(STEPS)


@contextmanager
def _city(folder: Path, *, as_json: bool) -> Iterator[tuple[City, Web]]:
    """A private city, and a second web process whose codes live for two seconds."""
    console = Console(stderr=as_json, highlight=False)
    began = time.monotonic()

    def say(what: str) -> None:
        if not as_json:
            console.print(f"  [dim]{time.monotonic() - began:5.1f} s  {what}[/]")

    settings = {"SUISHEN_WALLET_SKEW_SECONDS": str(SKEW_SECONDS)}
    with ExitStack() as running:
        with console.status("正在建一座城 · building a city …"):
            city = running.enter_context(private_stack(folder, settings=settings, say=say))
            env = {**city.env, "SUISHEN_WALLET_WINDOW_SECONDS": str(SHORT_SECONDS)}
            short = Web("web-short", free_port(), env, folder)
            city.web.append(short)
            short.start()
            short.await_ready()
        yield city, short


async def _told(city: City, short: Web, tell: Callable[[Told], None]) -> list[Told]:
    told = []
    async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
        story = Story(city, http, short)
        for number, method in enumerate(STEPS, 1):
            title = (method.__doc__ or "").rstrip(".")
            began = time.perf_counter()
            try:
                ok, detail = True, await method(story)
            except (NotSo, SandboxError) as broken:
                ok, detail = False, str(broken)
            except (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError) as broken:
                # An answer of another shape than the contract's is a promise that did not hold.
                ok, detail = False, repr(broken)
            ms = round((time.perf_counter() - began) * 1000, 1)
            told.append(Told(step=number, ok=ok, title=title, detail=detail, ms=ms))
            tell(told[-1])
    return told


def _tell_json(told: Told) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()


class _Narrator:
    """Tells it to a person."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def tell(self, told: Told) -> None:
        mark, colour = ("✓", "green") if told.ok else ("✗", "red")
        self._console.print(
            f"[{colour}]{mark}[/] [bold]{told.step:2}. {told.title}[/] [dim]{told.ms:.0f} ms[/]"
        )
        self._console.print(f"      [{'dim' if told.ok else 'red'}]{escape(told.detail)}[/]")


def _conclude(told: list[Told]) -> None:
    console = Console(highlight=False)
    broken = [each.step for each in told if not each.ok]
    if broken:
        numbers = ", ".join(map(str, broken))
        console.print(f"[bold red]✗ 第 {numbers} 步未通过 · steps {numbers} did not hold[/]")
    else:
        console.print(f"[bold green]✓ {len(told)} 步全部通过 · every step held[/]")
