"""What residents have allowed (订阅次数): told by pages and by providers, set aside, spent, given back.

A ledger belongs to a provider's template and not to ours: two notices that go out by one template use up
the same credits. Every change may be made again. What an account was allowed before it was merged stays its
own, for a merge can be undone, and serves whom it became once their own is used up.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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


Below = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Several accounts and all that were merged into them, each with the one of them it is below."""


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
        below: Below,
        together: Together,
        meter: CreditMeter,
        clock: Clock,
    ) -> None:
        """``apps`` are our names at each provider whose templates need a resident's yes."""
        self._absorbed_by = together(partial(_absorbed, below))
        self._store = store
        self._bindings = bindings
        self._apps = apps
        self._change = together(store.change)
        self._kept = together(partial(_kept, store))
        self._meter = meter
        self._clock = clock

    async def available(self, resident: str, template: str, key: str, *, at: datetime, channel: str) -> bool:
        """Whether ``reserve`` would find one now; nothing is set aside."""
        empty = self._ledger(channel, resident, template)
        if empty is None:
            return False
        if await self._open(empty, key, at):
            return True
        for each in await self._absorbed(channel, resident, template):
            if await self._open(each, key, at):
                return True
        self._meter(channel, "none")
        return False

    async def reserve(
        self, resident: str, template: str, key: str, *, at: datetime, channel: str, attempt: int = 0
    ) -> bool:
        """Set one aside for the intent ``key``; False where there is none. The same key twice is one."""
        empty = self._ledger(channel, resident, template)
        if empty is None:
            return False
        change = partial(rules.reserved, key=key, at=at, attempt=attempt)
        held = rules.holds(await self._made(empty, change), key)
        if not held:
            for each in await self._absorbed(channel, resident, template):
                held = rules.holds(await self._made(each, change), key)
                if held:
                    break
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
        attempt: int = 0,
        unsure: bool = False,
    ) -> None:
        """Spend what ``key`` set aside, or give it back; with ``none_left`` nothing is left at all."""
        empty = self._ledger(channel, resident, template)
        if empty is not None:
            change = partial(
                rules.settled,
                key=key,
                spent=spent,
                none_left=none_left,
                at=at,
                attempt=attempt,
                unsure=unsure,
            )
            ledger = await self._made(empty, change)
            if none_left or not rules.holds(ledger, key):
                # It may have been set aside of what an absorbed account was allowed.
                for each in await self._absorbed(channel, resident, template):
                    await self._made(each, change)
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
        everybody = [resident, *await self._absorbed_by(resident)]
        names_of = {each: [self._empty(each[0], who, each[1]).id for who in everybody] for each in groups}
        kept = await self._store.of([name for names in names_of.values() for name in names])
        found = []
        for (channel, template_id), names in groups.items():
            own, *_ = ids = names_of[channel, template_id]
            ledgers = [kept[name] for name in ids if name in kept]
            found.append(
                Allowance(
                    channel=channel,
                    app=self._apps[channel],
                    template_id=template_id,
                    templates=names,
                    standing=standing[channel, template_id],
                    left=sum(ledger.left for ledger in ledgers),
                    agreed=any(ledger.open_at(now) for ledger in ledgers),
                    refused=own in kept and kept[own].refused,
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

    async def _open(self, empty: Ledger, key: str, at: datetime) -> bool:
        ledger: Ledger | None = await self._kept(empty.id)
        return ledger is not None and rules.available(ledger, key, at=at)

    async def _absorbed(self, channel: str, resident: str, template: str) -> list[Ledger]:
        """The ledgers of the accounts that were merged into ``resident``'s; most have none."""
        found = [self._ledger(channel, each, template) for each in await self._absorbed_by(resident)]
        return [ledger for ledger in found if ledger is not None]

    def _ledger(self, channel: str, resident: str, template: str) -> Ledger | None:
        binding = self._bindings.binding(channel, template) if channel in self._apps else None
        return None if binding is None else self._empty(channel, resident, binding.template_id)

    def _empty(self, channel: str, resident: str, template_id: str) -> Ledger:
        name = f"{channel}:{self._apps[channel]}:{template_id}:{resident}"
        return Ledger(id=name, resident=resident)


async def _absorbed(below: Below, residents: Sequence[str]) -> Sequence[Sequence[str]]:
    """Of each of ``residents`` the accounts merged into theirs, in one and the same order each time."""
    found: dict[str, list[str]] = {resident: [] for resident in residents}
    for account, root in sorted((await below(list(found))).items()):
        if account != root:
            found[root].append(account)
    return [found[resident] for resident in residents]


async def _kept(store: CreditStore, ids: Sequence[str]) -> Sequence[Ledger | None]:
    """Of each of ``ids`` the ledger as it is now, if there is one."""
    kept = await store.of(list(set(ids)))
    return [kept.get(each) for each in ids]
