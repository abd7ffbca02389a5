"""The rows as a table, with what one has to know to read them."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bff.sandbox.bench.figures import GOALS, HTTP_ROWS, PATHWAYS, Row, round_trips
from bff.sandbox.bench.machine import description
from bff.sandbox.bench.rounds import Facts
from bff.sandbox.bench.stage import CONNECTIONS, missing_packages

_NONE: Final = "—"


def show(rows: Sequence[Row], facts: Facts, console: Console) -> None:
    """Print everything."""
    http = [row for row in rows if row.name in HTTP_ROWS]
    console.print(_speeds(rows))
    if http:
        console.print(_details(http))
        console.print(_costs(http))
    for line in (*readings(rows), *notes(facts)):
        console.print(line, style="dim", highlight=False)
    for line in complaints(facts):
        console.print(line, style="bold red", highlight=False, markup=False)


def _speeds(rows: Sequence[Row]) -> Table:
    table = _table("Speed: medians of the rounds, ratios taken within each")
    for heading in (
        "a second",
        "floor",
        "× floor",
        "goal",
        "peer",
        "× peer",
        "goal",
        "p99 ms (≤ 10)",
        "errors",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        goal = GOALS[row.name]
        table.add_row(
            row.name,
            _judged(f"{row.value:,.0f}", row.value, goal.value),
            f"{row.floor:,.0f}",
            _judged(f"{row.ratio:.2f}", row.ratio, goal.ratio),
            f"≥ {goal.value:,.0f}/s" if goal.value is not None else _least(goal.ratio),
            _figure(row.peer, 0),
            _judged(_figure(row.peer_ratio, 1), row.peer_ratio, goal.peer_ratio),
            _least(goal.peer_ratio),
            _judged(_figure(row.p99, 1), goal.p99, row.p99),
            f"{row.errors}",
        )
    return table


def _details(rows: Sequence[Row]) -> Table:
    table = _table("The same, closer")
    for heading in (
        *("× floor,\nrange", "by processor\ntime", "new\ntokens", "p50\nms", "p99.9\nms"),
        *("floor\np99", "peer\np99", "server\nbusy", "drained\nafter s"),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.name,
            "{:.2f}–{:.2f}".format(*row.ratio_range),
            _figure(row.cpu_ratio, 2),
            _figure(row.uncached_ratio, 2),
            _figure(row.p50, 1),
            _figure(row.p999, 1),
            _figure(row.floor_p99, 1),
            _figure(row.peer_p99, 1),
            _NONE if row.busy is None else f"{row.busy:.0%}",
            _figure(row.drained_after, 1),
        )
    return table


def _costs(rows: Sequence[Row]) -> Table:
    """Where the processor's time goes: every server a request keeps busy, also those it does not wait for."""
    table = _table("Processor time, µs a request, which is seconds a million")
    for heading in (*PATHWAYS, "all", "peer's all", "generator"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row.name, *_split(row.cpu), _figure(_total(row.peer_cpu), 0), _figure(row.load_cpu, 0))
    table.add_section()
    for mode, (ours, theirs) in round_trips(rows).items():
        table.add_row(f"round trip, {mode}", *_split(ours), _figure(_total(theirs), 0), "")
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    return table


def readings(rows: Sequence[Row]) -> list[str]:
    """What one token costs: the rates of the table the other way round, as the goals are asked."""
    by_name = {row.name: row for row in rows}
    lines = []
    if (known := by_name.get("auth.known")) is not None and known.value:
        lines.append(f"auth.known: {1e6 / known.value:.2f} µs over an open route (≤ 3.00).")
    if (new := by_name.get("auth.new")) is not None and new.ratio:
        lines.append(f"auth.new: {1 / new.ratio:.2f} × a bare ES256 verification (≤ 1.20).")
    return lines


def notes(facts: Facts) -> list[str]:
    """What the tables do not say."""
    lines = [f"{description()}; {len(facts.rounds)} rounds."]
    if facts.requests:
        lines.append(
            f"{CONNECTIONS} connections; a small write is on disk after {facts.sync_milliseconds:.2f} ms."
        )
    processors = facts.processors
    if processors.server is None:
        lines.append("Nothing is pinned: there is one processor, or no way to ask for one.")
    else:
        lines.append(
            f"The server under test is pinned to processor {processors.server}, the generator to "
            f"{processors.generator}; databases and worker run where the system puts them."
        )
    if facts.requests:
        lines.append(
            f"Access tokens: {facts.tokens} in a round of {facts.requests:,} requests, so {facts.tokens} "
            "signature checks; “new tokens” is the same with a check for every request."
        )
    if missing := missing_packages():
        lines.append(f"No peer: install {', '.join(missing)} (the dev group has them).")
    return lines


def complaints(facts: Facts) -> list[str]:
    """The first wrong answer of each measurement that had one."""
    return [
        f"{who} {name}: {sample.errors} errors, the first: {sample.complaint}"
        for each in facts.rounds
        for (who, name), sample in each.items()
        if sample.errors
    ]


def _split(cpu: Mapping[str, float] | None) -> list[str]:
    return [*(_figure((cpu or {}).get(name), 0) for name in PATHWAYS), _figure(_total(cpu), 0)]


def _total(cpu: Mapping[str, float] | None) -> float | None:
    return sum(cpu.values()) if cpu else None


def _figure(value: float | None, digits: int) -> str:
    return _NONE if value is None else f"{value:,.{digits}f}"


def _least(goal: float | None) -> str:
    return "" if goal is None else f"≥ {goal:g}"


def _judged(text: str, value: float | None, goal: float | None) -> str:
    if goal is None or value is None:
        return text
    return f"[green]{text}[/]" if value >= goal else f"[yellow]{text}[/]"
