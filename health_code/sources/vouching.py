"""Issuers that are asked about what somebody carries, over HTTPS, each behind a breaker of its own.

``POST url`` with a bearer key and ``{"hash": "…"}``, answered ``{"standing": "ISSUED"}``, ``UNKNOWN`` or
``REVOKED``. The hash is salted: nothing about a person crosses, and nothing comes back about one.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec
from msgspec import Struct

from health_code.ports import Clock, Standing
from health_code.sources.base import Breaker, SourceAway
from health_code.sources.http import Ask, answered

_SECONDS: Final = 4.0
_LARGEST: Final = 4_096


class Vouching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer that can be asked: ``id`` is what its codes call it, ``name`` and ``area`` what is shown."""

    id: str
    name: str
    area: str
    url: str
    key: str


class _Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    standing: Literal["ISSUED", "UNKNOWN", "REVOKED"]


_read: Final = msgspec.json.Decoder(_Answer).decode


class Vouchers:
    """The issuers that can be asked, by the names their codes call them."""

    def __init__(self, ask: Ask, issuers: Iterable[Vouching], *, clock: Clock) -> None:
        self._ask = ask
        self._issuers = {each.id: (each, Breaker()) for each in issuers}
        self._clock = clock

    def called(self, issuer: str) -> tuple[str, str] | None:
        """Name and division of ``issuer``; None for one that nobody here asks."""
        found = self._issuers.get(issuer)
        return None if found is None else (found[0].name, found[0].area)

    async def standing(self, issuer: str, digest: str) -> Standing:
        """What ``issuer`` says of the salted hash ``digest``, or ``SourceAway``."""
        asked, breaker = self._issuers[issuer]
        if not breaker.lets_ask(self._clock()):
            raise SourceAway("left alone for now")
        try:
            answer = await self._asked(asked, digest)
        except SourceAway:
            breaker.failed(self._clock())
            raise
        breaker.answered()
        return answer.standing

    async def _asked(self, issuer: Vouching, digest: str) -> _Answer:
        asked = self._ask(
            "POST",
            issuer.url,
            headers={"Authorization": f"Bearer {issuer.key}", "Content-Type": "application/json"},
            body=msgspec.json.encode({"hash": digest}),
            total=_SECONDS,
            largest=_LARGEST,
        )
        return await answered(asked, _read)
