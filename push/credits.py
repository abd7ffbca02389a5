"""What residents have allowed (订阅次数): told by pages and by providers, set aside, spent, given back.

A ledger belongs to a provider's template and not to ours: two notices that go out by one template use up
the same credits. Every change may be made again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from msgspec import Struct

from push.ports import Clock, Together
from push.rules import credits as rules
from push.rules.credits import Ledger
from push.rules.templates import Binding
from push.store.credits import Change, CreditStore


class Bindings(Protocol):
    """By which templates of providers' notices go out now."""

    def binding(self, channel: str, name: str) -> Binding | None:
        """By which one the notice ``name`` does, if by any."""

    def bindings(self, channel: str) -> Mapping[str, Binding]:
        """All of one provider's, by notice."""


class CreditMeter(Protocol):
    """Counts for the operators' metrics."""

    def __call__(self, channel: str, what: str, /) -> None:
        """Granted, refused, reserved, none, spent or returned; what is said again counts again."""


class Said(Struct, frozen=True, kw_only=True):
    """What somebody answered when they were asked for one of a provider's templates."""

    template_id: str
    accepted: bool


class Allowance(Struct, frozen=True, kw_only=True):
    """What a resident allows of one provider's template, and the notices that go out by it."""

    channel: str
    app: str
    template_id: str
    templates: Sequence[str]
    standing: bool
    left: int
    agreed: bool
    refused: bool


class CreditService:
    """The ledgers, by notice and by provider's template."""

    def __init__(
        self,
        store: CreditStore,
        *,
        bindings: Bindings,
        apps: Mapping[str, str],
        together: Together,
        meter: CreditMeter,
        clock: Clock,
    ) -> None:
        """``apps`` are our names at each provider whose templates need a resident's yes."""
        self._store = store
        self._bindings = bindings
        self._apps = apps
        self._change = together(store.change)
        self._meter = meter
        self._clock = clock

    async def reserve(self, resident: str, template: str, key: str, *, at: datetime, channel: str) -> bool:
        """Set one aside for the intent ``key``; False where there is none. The same key twice is one."""
        empty = self._ledger(channel, resident, template)
        if empty is None:
            return False
        ledger = await self._made(empty, partial(rules.reserved, key=key, at=at))
        held = rules.holds(ledger, key)
        self._meter(channel, "reserved" if held else "none")
        return held

    async def settle(
        self,
        resident: str,
        template: str,
        key: str,
        *,
        spent: bool,
        none_left: bool,
        at: datetime,
        channel: str,
    ) -> None:
        """Spend what ``key`` set aside, or give it back; with ``none_left`` nothing is left at all."""
        empty = self._ledger(channel, resident, template)
        if empty is not None:
            await self._made(empty, partial(rules.settled, key=key, spent=spent, none_left=none_left, at=at))
            self._meter(channel, "spent" if spent else "returned")

    async def answered(self, resident: str, channel: str, said: Sequence[Said], *, once: str) -> None:
        """Count what a page says that ``resident`` just answered; ``once`` names the occasion."""
        await self._count(resident, channel, said, once=once, source="page", at=self._clock())

    async def heard(
        self, resident: str, channel: str, said: Sequence[Said], *, once: str, at: datetime
    ) -> None:
        """Count what the provider says that ``resident`` answered ``at`` a time."""
        await self._count(resident, channel, said, once=once, source="provider", at=at)

    async def allowances(self, resident: str) -> Sequence[Allowance]:
        """What ``resident`` allows of every template there is, by channel."""
        now = self._clock()
        groups: dict[tuple[str, str], list[str]] = {}
        standing: dict[tuple[str, str], bool] = {}
        for channel in self._apps:
            for name, binding in self._bindings.bindings(channel).items():
                groups.setdefault((channel, binding.template_id), []).append(name)
                standing[channel, binding.template_id] = binding.standing
        empty = {each: self._empty(each[0], resident, each[1]) for each in groups}
        kept = await self._store.of([ledger.id for ledger in empty.values()])
        found = []
        for (channel, template_id), names in groups.items():
            ledger = kept.get(empty[channel, template_id].id, empty[channel, template_id])
            found.append(
                Allowance(
                    channel=channel,
                    app=self._apps[channel],
                    template_id=template_id,
                    templates=names,
                    standing=standing[channel, template_id],
                    left=ledger.left,
                    agreed=ledger.open_at(now),
                    refused=ledger.refused,
                )
            )
        return found

    async def _count(
        self,
        resident: str,
        channel: str,
        said: Sequence[Said],
        *,
        once: str,
        source: rules.Source,
        at: datetime,
    ) -> None:
        """A template that is none of ours any more is passed over: released pages ask for it for months."""
        standing = {each.template_id: each.standing for each in self._bindings.bindings(channel).values()}
        for each in said:
            if channel not in self._apps or each.template_id not in standing:
                continue
            change = (
                partial(rules.granted, grant=once, source=source, standing=standing[each.template_id], at=at)
                if each.accepted
                else partial(rules.ended, at=at)
            )
            await self._made(self._empty(channel, resident, each.template_id), change)
            self._meter(channel, "granted" if each.accepted else "refused")

    async def _made(self, empty: Ledger, change: Change) -> Ledger:
        ledger: Ledger = await self._change((empty, change))
        return ledger

    def _ledger(self, channel: str, resident: str, template: str) -> Ledger | None:
        binding = self._bindings.binding(channel, template) if channel in self._apps else None
        return None if binding is None else self._empty(channel, resident, binding.template_id)

    def _empty(self, channel: str, resident: str, template_id: str) -> Ledger:
        name = f"{channel}:{self._apps[channel]}:{template_id}:{resident}"
        return Ledger(id=name, resident=resident)
