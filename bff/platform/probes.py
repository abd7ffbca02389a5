"""Whether the things we need answer now. A reason names no address and no secret."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import Final

from msgspec import Struct

from miniapp_schemas.ops import Dependency, Readiness

__all__ = ["Probe", "ask_all"]

PATIENCE: Final = 1.0


class Probe(Struct, frozen=True, kw_only=True):
    """One thing we need: ``check`` returns what is wrong with it, or None, or raises."""

    name: str
    required: bool = True
    check: Callable[[], Awaitable[str | None]]


async def ask_all(probes: Iterable[Probe], *, patience: float = PATIENCE) -> Readiness:
    """Ask every probe at once; none holds up the answer longer than ``patience`` seconds."""
    found = await asyncio.gather(*(_ask(probe, patience) for probe in probes))
    fails = any(each.required and each.status == "failing" for each in found)
    return Readiness(status="not_ready" if fails else "ready", dependencies=list(found))


async def _ask(probe: Probe, patience: float) -> Dependency:
    start = perf_counter()
    try:
        async with asyncio.timeout(patience):
            reason = await probe.check()
    except TimeoutError:
        reason = f"no answer within {patience:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is why we are not ready
        reason = type(error).__name__
    return Dependency(
        name=probe.name,
        status="ok" if reason is None else "failing",
        required=probe.required,
        latency_ms=round((perf_counter() - start) * 1000, 2),
        reason=reason,
    )
