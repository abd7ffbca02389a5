"""From what was measured to what is told. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import Final

from msgspec import Struct

MODES: Final = ("opaque", "signed")
CODE_ROWS: Final = tuple(f"{what}.{mode}" for what in ("show", "verify") for mode in MODES)
"""One-time codes, over HTTP."""
SESSION_ROWS: Final = ("auth.login", "auth.refresh")
"""Sessions, over HTTP."""
STORM_ROW: Final = "health.storm"
"""Health codes shown by ten times as many at once, while MongoDB hangs; beside the same on a calm day."""
SHOWING_ROWS: Final = ("health.show", "health.check", STORM_ROW)
"""Health codes, over HTTP."""
PAGE_ROW: Final = "health.page"
"""Evidence reported over HTTP, until an open page shows what follows."""
RECOLOUR_ROW: Final = "health.recolour"
"""Residents judged anew, without a server."""
OUTBOX_ROW: Final = "push.outbox"
"""Notices from the outbox to the inbox, on servers of their own."""
DELIVER_ROW: Final = "push.deliver"
"""Notices from due to taken by a simulated provider, one worker, one call each."""
BESIDE_ROW: Final = "push.beside"
"""The same of a few, while a campaign goes out on another lane."""
PLAN_ROW: Final = "push.plan"
"""Children planned anew, without a server."""
HTTP_ROWS: Final = (*CODE_ROWS, *SESSION_ROWS, *SHOWING_ROWS)
CODEC_ROWS: Final = ("codec.mint", "codec.verify")
TOKEN_ROWS: Final = ("auth.known", "auth.new", "auth.keeper")
"""Access tokens, without a server: ours seen before, ours for the first time, and a provider's."""
HEALTH_ROWS: Final = ("health.hc1", "health.hc1.seen", "health.certlogic")
"""Health certificates of others, for the first time and again, and rules; without a server."""
ALONE_ROWS: Final = (*CODEC_ROWS, *TOKEN_ROWS, *HEALTH_ROWS, RECOLOUR_ROW, PLAN_ROW)
DELIVERY_ROWS: Final = (DELIVER_ROW, BESIDE_ROW)
ROWS: Final = (*HTTP_ROWS, PAGE_ROW, OUTBOX_ROW, *DELIVERY_ROWS, *ALONE_ROWS)

_OWN_UNITS: Final = {
    PAGE_ROW: "events/s",
    RECOLOUR_ROW: "residents/s",
    OUTBOX_ROW: "notices/s",
    DELIVER_ROW: "notices/s",
    BESIDE_ROW: "notices/s",
    PLAN_ROW: "children/s",
    "health.certlogic": "evaluations/s",
}
PATHWAYS: Final = ("web", "worker", "redis", "mongo")
"""Whose processor time a request costs."""


class Who(StrEnum):
    """Whose figure it is."""

    OURS = "ours"
    UNCACHED = "uncached"
    """Ours, and every request brings a token no server has seen."""
    FLOOR = "floor"
    PEER = "peer"


class Sample(Struct, frozen=True, kw_only=True):
    """One measurement: one server, one kind of request, one round."""

    rate: float
    milliseconds: Mapping[str, float] = {}
    answered: int = 0
    errors: int = 0
    complaint: str = ""
    cpu: Mapping[str, float] = {}
    """Processor time by process, microseconds a request: the same as seconds a million."""
    load_cpu: float = 0.0
    """What the generator used, likewise."""
    drained_after: float = 0.0
    """Seconds until the worker had moved everything the phase left behind."""
    busy: float = 0.0
    """Share of one processor the server used while it was asked."""


Round = Mapping[tuple[Who, str], Sample]


class Row(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is told of one kind of request: medians over the rounds, ratios taken within each."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float
    peer: float | None
    peer_ratio: float | None
    ratio_range: tuple[float, float]
    """The lowest and the highest of the rounds."""
    cpu_ratio: float | None = None
    """The ratio by the server's processor time: what it would be on a machine with nothing else to do."""
    uncached: float | None = None
    uncached_ratio: float | None = None
    p50: float | None = None
    p99: float | None = None
    p999: float | None = None
    floor_p99: float | None = None
    peer_p99: float | None = None
    cpu: Mapping[str, float] | None = None
    peer_cpu: Mapping[str, float] | None = None
    load_cpu: float | None = None
    busy: float | None = None
    drained_after: float | None = None
    answered: int = 0
    errors: int = 0


class Goal(Struct, frozen=True, kw_only=True):
    """What a row has to reach."""

    ratio: float | None = None
    peer_ratio: float | None = None
    p99: float | None = None
    value: float | None = None


GOALS: Final = {
    "show.opaque": Goal(ratio=0.40, peer_ratio=4, p99=10),
    "show.signed": Goal(ratio=0.28, peer_ratio=4, p99=10),
    "verify.opaque": Goal(ratio=0.30, peer_ratio=4, p99=10),
    "verify.signed": Goal(ratio=0.22, peer_ratio=4, p99=10),
    "auth.login": Goal(ratio=0.10),
    "auth.refresh": Goal(ratio=0.30),
    "auth.known": Goal(value=333_000),
    "auth.new": Goal(ratio=0.83),
    "auth.keeper": Goal(value=10_000),
    "health.show": Goal(ratio=0.50, peer_ratio=4),
    "health.check": Goal(ratio=0.30, peer_ratio=4),
    STORM_ROW: Goal(),
    "health.page": Goal(value=200, p99=1_000),
    "health.recolour": Goal(value=5_000),
    OUTBOX_ROW: Goal(value=10_000),
    DELIVER_ROW: Goal(value=5_000),
    BESIDE_ROW: Goal(p99=10_000),
    PLAN_ROW: Goal(value=5_000),
    "codec.mint": Goal(value=15_000),
    "codec.verify": Goal(ratio=0.75),
    "health.hc1": Goal(ratio=0.55),
    "health.hc1.seen": Goal(value=500_000),
    "health.certlogic": Goal(value=190_000),
}


def chosen(name: str | None) -> tuple[str, ...]:
    """The rows ``name`` means: one, all that begin with it, or all; none if it is no row's."""
    if name is None:
        return ROWS
    return tuple(row for row in ROWS if name in (row, *row.split(".")))


def row(name: str, rounds: Sequence[Round]) -> Row:
    """What ``rounds`` say of ``name``."""
    ours = _of(rounds, Who.OURS, name)
    floors = _of(rounds, Who.FLOOR, name)
    peers = _of(rounds, Who.PEER, name)
    uncached = _of(rounds, Who.UNCACHED, name)
    ratios = _ratios(ours, floors)
    everything = [*ours, *floors, *peers, *uncached]
    is_http = name in HTTP_ROWS
    return Row(
        name=name,
        value=_rate(ours) or 0.0,
        unit=_unit(name),
        floor=_rate(floors) or 0.0,
        ratio=median(ratios),
        ratio_range=(min(ratios), max(ratios)),
        peer=_rate(peers),
        peer_ratio=median(_ratios(ours, peers)) if peers else None,
        cpu_ratio=_cpu_ratio(ours, floors),
        uncached=_rate(uncached),
        uncached_ratio=median(_ratios(uncached, floors)) if uncached else None,
        p50=_latency(ours, "p50"),
        p99=_latency(ours, "p99"),
        p999=_latency(ours, "p999"),
        floor_p99=_latency(floors, "p99"),
        peer_p99=_latency(peers, "p99"),
        cpu=_cpu(ours),
        peer_cpu=_cpu(peers),
        load_cpu=median(sample.load_cpu for sample in ours) if is_http else None,
        busy=median(sample.busy for sample in ours) if is_http else None,
        drained_after=median(sample.drained_after for sample in ours) if is_http else None,
        answered=sum(sample.answered for sample in everything),
        errors=sum(sample.errors for sample in everything),
    )


def _unit(name: str) -> str:
    if name in HTTP_ROWS:
        return "requests/s"
    found = _OWN_UNITS.get(name)
    if found is not None:
        return found
    return "tokens/s" if name in TOKEN_ROWS else "codes/s"


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which ``share`` of ``ordered`` lies; 0 if there is none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def round_trips(rows: Iterable[Row]) -> dict[str, tuple[Mapping[str, float], Mapping[str, float]]]:
    """Processor seconds a million round trips (one show and its verify), by mode: ours and the peer's."""
    by_name = {each.name: each for each in rows}
    found: dict[str, tuple[Mapping[str, float], Mapping[str, float]]] = {}
    for mode in MODES:
        legs = [by_name.get(f"show.{mode}"), by_name.get(f"verify.{mode}")]
        if all(leg is not None and leg.cpu for leg in legs):
            found[mode] = (
                _sum([leg.cpu or {} for leg in legs if leg]),
                _sum([leg.peer_cpu or {} for leg in legs if leg]),
            )
    return found


def _sum(costs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(cost.get(name, 0.0) for cost in costs) for cost in costs for name in cost}


def _of(rounds: Sequence[Round], who: Who, name: str) -> list[Sample]:
    return [found for each in rounds if (found := each.get((who, name))) is not None]


def _rate(samples: Sequence[Sample]) -> float | None:
    return median(sample.rate for sample in samples) if samples else None


def _ratios(ours: Sequence[Sample], theirs: Sequence[Sample]) -> list[float]:
    return [a.rate / b.rate if b.rate else 0.0 for a, b in zip(ours, theirs, strict=True)]


def _cpu_ratio(ours: Sequence[Sample], floors: Sequence[Sample]) -> float | None:
    costs = [(each.cpu.get("web"), floor.cpu.get("web")) for each, floor in zip(ours, floors, strict=True)]
    ratios = [floor / each for each, floor in costs if each and floor]
    return median(ratios) if ratios else None


def _latency(samples: Sequence[Sample], name: str) -> float | None:
    found = [sample.milliseconds[name] for sample in samples if name in sample.milliseconds]
    return median(found) if found else None


def _cpu(samples: Sequence[Sample]) -> dict[str, float] | None:
    if not samples or not all(sample.cpu for sample in samples):
        return None
    return {name: median(sample.cpu[name] for sample in samples) for name in samples[0].cpu}
