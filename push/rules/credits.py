"""How many messages of a provider's template a resident has allowed: a ledger that is only ever replaced.

No provider tells a balance, so it is counted here. Each change has a name of its own, and made twice is made
once: who is interrupted does it again. One pop-up is told of twice, by the page it was on and by the
provider; the two are counted as one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from msgspec import Struct

Source = Literal["page", "provider"]

_SAME_POPUP: Final = timedelta(minutes=10)
"""The provider's word of a pop-up comes within seconds, or within minutes if we were away."""
_STALE: Final = timedelta(days=1)
"""An intent is seen to long before; if what was set aside is given back by mistake, 43101 sets it right."""
_KEPT: Final = 100


class Grant(Struct, frozen=True, kw_only=True):
    """One time that somebody allowed a message; ``paired`` once both who tell of it have."""

    id: str
    source: Source
    at: datetime
    paired: bool = False


class Hold(Struct, frozen=True, kw_only=True):
    """What is set aside for an intent, or was spent on it.

    ``attempt`` says for which one at the provider; a word on an earlier one comes too late. ``unsure``: spent
    because nobody could tell, until who called comes back and can.
    """

    key: str
    at: datetime
    spent: bool = False
    standing: bool = False
    attempt: int = 0
    unsure: bool = False


class Ledger(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One resident's credits (订阅次数) for one provider's template in one app.

    ``left`` never goes below zero. ``standing``: allowed for all times to come (长期订阅). ``refused``: the
    resident said no, by a setting or a pop-up, after they last said yes. ``rev`` counts the replacements.
    """

    id: str
    resident: str
    rev: int = 0
    left: int = 0
    standing: bool = False
    refused: bool = False
    grants: tuple[Grant, ...] = ()
    holds: tuple[Hold, ...] = ()
    ended_at: datetime | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether a message would find a credit at ``now``."""
        return self.standing or self.left > 0 or any(_stale(hold, now) for hold in self.holds)


def granted(ledger: Ledger, grant: str, *, source: Source, standing: bool, at: datetime) -> Ledger:
    """Somebody allowed one message more, or with ``standing`` all of them."""
    if any(each.id == grant for each in ledger.grants):
        return ledger
    if ledger.ended_at is not None and at <= ledger.ended_at and source == "provider":
        # Told late of what was since used up or taken back.
        return ledger
    counterpart = _counterpart(ledger.grants, source, at)
    new = Grant(id=grant, source=source, at=at, paired=counterpart is not None)
    grants = (*(_paired(each) if each is counterpart else each for each in ledger.grants), new)[-_KEPT:]
    if counterpart is not None:
        return _next(ledger, grants=grants)
    return _next(
        ledger,
        grants=grants,
        refused=False,
        standing=ledger.standing or standing,
        left=ledger.left if standing else ledger.left + 1,
    )


def ended(ledger: Ledger, *, at: datetime) -> Ledger:
    """Nothing is allowed any more: the resident refused, or the provider says so; unless allowed since."""
    if any(each.at > at for each in ledger.grants):
        return ledger
    if ledger.ended_at is not None and at <= ledger.ended_at:
        return ledger
    return _next(ledger, left=0, standing=False, refused=True, ended_at=at)


def reserved(ledger: Ledger, key: str, *, at: datetime, attempt: int = 0) -> Ledger:
    """Set one aside for ``key``; the same ledger where there is none, and where it was done before.

    Where one lies there for an ``attempt`` before, it is for this one now: there is another only where that
    one certainly failed.
    """
    held = _held(ledger, key)
    if held is not None:
        if held.attempt >= attempt:
            return ledger
        ours = msgspec.structs.replace(held, attempt=attempt, spent=False, unsure=False)
        return _next(ledger, holds=tuple(ours if each is held else each for each in ledger.holds))
    if not ledger.standing and ledger.left == 0:
        ledger = _without_stale(ledger, at)
    if not ledger.standing and ledger.left == 0:
        return ledger
    hold = Hold(key=key, at=at, standing=ledger.standing, attempt=attempt)
    left = ledger.left if ledger.standing else ledger.left - 1
    return _next(ledger, left=left, holds=_shortened((*ledger.holds, hold)))


def holds(ledger: Ledger, key: str) -> bool:
    """Whether one is set aside for ``key``, or was spent on it."""
    return _held(ledger, key) is not None


def available(ledger: Ledger, key: str, *, at: datetime) -> bool:
    """Whether ``reserved`` would leave one set aside for ``key``."""
    return holds(ledger, key) or ledger.open_at(at)


def settled(
    ledger: Ledger,
    key: str,
    *,
    spent: bool,
    none_left: bool,
    at: datetime,
    attempt: int = 0,
    unsure: bool = False,
) -> Ledger:
    """Spend what ``key`` set aside, or give it back; with ``none_left`` nothing is left.

    What was spent for sure stays spent. What was spent ``unsure``, because who called seemed dead, who comes
    back and knows gives back; and nobody gives back what lies there for a later ``attempt``.
    """
    hold = _held(ledger, key)
    if hold is not None and hold.attempt <= attempt and (not hold.spent or (hold.unsure and not unsure)):
        others = tuple(each for each in ledger.holds if each is not hold)
        if spent:
            kept = (*others, msgspec.structs.replace(hold, spent=True, unsure=unsure))
            ledger = _next(ledger, holds=kept)
        else:
            back = 0 if hold.standing else 1
            ledger = _next(ledger, holds=others, left=ledger.left + back)
    if none_left:
        # What was allowed after this message was asked for is another matter.
        ledger = ended(ledger, at=at if hold is None else hold.at)
    return ledger


def _held(ledger: Ledger, key: str) -> Hold | None:
    return next((each for each in ledger.holds if each.key == key), None)


def _next(ledger: Ledger, **changed: object) -> Ledger:
    return msgspec.structs.replace(ledger, **changed)


def _counterpart(grants: Sequence[Grant], source: Source, at: datetime) -> Grant | None:
    """The other's word of the same pop-up: the oldest nobody has paired yet, near in time."""
    for each in grants:
        if each.source != source and not each.paired and abs(each.at - at) <= _SAME_POPUP:
            return each
    return None


def _paired(grant: Grant) -> Grant:
    return msgspec.structs.replace(grant, paired=True)


def _stale(hold: Hold, now: datetime) -> bool:
    return not hold.spent and not hold.standing and now - hold.at > _STALE


def _without_stale(ledger: Ledger, now: datetime) -> Ledger:
    kept = tuple(each for each in ledger.holds if not _stale(each, now))
    return _next(ledger, holds=kept, left=ledger.left + len(ledger.holds) - len(kept))


def _shortened(held: tuple[Hold, ...]) -> tuple[Hold, ...]:
    """At most so many of those spent are remembered; nobody asks again for what was sent long ago."""
    spent = [each for each in held if each.spent]
    gone = {each.key for each in spent[: max(0, len(spent) - _KEPT)]}
    return tuple(each for each in held if each.key not in gone)
