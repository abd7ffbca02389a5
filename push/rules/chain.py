"""Which channel comes next (渠道链): the inbox has the notice already; what is left is whether a phone rings.

A resident's channels are tried in their order. What cannot be used now but may be later is passed over and
remembered: if nothing else takes the notice, it waits for that. What another worker is at right now, and
what a provider only just put off, is waited for without trying further.

| found                          | what is done                                                    |
|--------------------------------|-----------------------------------------------------------------|
| no consent, topic off, capped  | the inbox alone                                                 |
| quiet hours                    | wait for their end; the inbox alone if that is too late          |
| breaker open, vendor's night   | the next channel; wait where there is none                       |
| another worker at it, paced    | wait                                                            |
| put off by the provider        | wait, ``PATIENCE`` times; then the next channel first            |
| unknown                        | again where sending twice shows one, else never again here       |
| refused for what lay with us   | the next channel; again once an operator has sent it off again   |
| any other refusal              | the next channel                                                |
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from push.channels.base import OURS, FailureClass
from push.delivery_models import Attempt, AttemptState, Tried
from push.models import Lane
from push.rules.quiet import VENDOR_HOURS, QuietHours, quiet_until

LEASE: Final = timedelta(seconds=30)
"""Longer than any call is let take: whose attempt is older than this is dead, or writes nothing any more.

Half as long again as the city's twenty seconds for a call; a city that gives calls another time has another.
"""
PATIENCE: Final = 3
"""How often a channel that puts a notice off is waited for before others are asked."""
MOST_UNKNOWN: Final = 3
"""How often a channel that shows one of several is asked when it does not say what it did."""


class Place(Struct, frozen=True, kw_only=True):
    """One address on one channel, and what was tried there; ``id`` is that of the attempt without the key."""

    id: str
    channel: str
    vendor: str
    idempotent: bool
    attempt: Attempt | None


class Closed(Struct, frozen=True, kw_only=True):
    """Why a channel or one place on it is not used now; ``hold`` where it is worth waiting ``until`` then."""

    reason: str
    until: datetime | None = None
    hold: bool = False


class Situation(Struct, frozen=True, kw_only=True):
    """All that decides where a notice goes.

    ``places`` are by channel; a channel that is not in them is one the resident cannot be reached on, or that
    cannot carry this notice. ``closed`` is by channel or by place. ``redriven`` is how often an operator has
    sent it off again.
    """

    lane: Lane
    useful_until: datetime
    refused: str
    order: Sequence[str]
    quiet: QuietHours
    places: Mapping[str, Sequence[Place]]
    closed: Mapping[str, Closed] = {}
    lease: timedelta = LEASE
    redriven: int = 0


class Go(Struct, frozen=True, kw_only=True):
    """To ``channel`` now, at each of ``places``."""

    channel: str
    places: Sequence[Place]
    passed: dict[str, str]


class Wait(Struct, frozen=True, kw_only=True):
    """Not before ``until``."""

    until: datetime
    reason: str
    passed: dict[str, str]


class Stay(Struct, frozen=True, kw_only=True):
    """The inbox alone."""

    reason: str
    passed: dict[str, str]


Step = Go | Wait | Stay


def next_step(situation: Situation, now: datetime) -> Step:
    """What is to be done with a notice that nobody has taken yet."""
    passed: dict[str, str] = {}
    if situation.refused:
        return Stay(reason=situation.refused, passed=passed)
    by_day = situation.lane is not Lane.URGENT
    if by_day and (morning := quiet_until(situation.quiet, now)) is not None:
        if morning >= situation.useful_until:
            return Stay(reason="quiet", passed=passed)
        return Wait(until=morning, reason="quiet", passed=passed)
    later: list[tuple[datetime, str]] = []
    for channel in situation.order:
        ready: list[Place] = []
        why: list[Closed] = []
        for place in situation.places.get(channel, ()):
            closed = (
                situation.closed.get(channel)
                or situation.closed.get(place.id)
                or _of_attempt(place, now, situation)
                or (_of_vendor(place, now) if by_day else None)
            )
            if closed is None:
                ready.append(place)
            else:
                why.append(closed)
        if ready:
            return Go(channel=channel, places=ready, passed=passed)
        passed[channel] = why[0].reason if why else "unreachable"
        in_time = [
            (each.until, each.reason, each.hold)
            for each in why
            if each.until is not None and each.until < situation.useful_until
        ]
        if held := [(until, reason) for until, reason, hold in in_time if hold]:
            until, reason = min(held)
            return Wait(until=until, reason=reason, passed=passed)
        later += [(until, reason) for until, reason, _ in in_time]
    if later:
        until, reason = min(later)
        return Wait(until=until, reason=reason, passed=passed)
    return Stay(reason="nothing_left", passed=passed)


def lost(attempt: Attempt, now: datetime, lease: timedelta = LEASE) -> bool:
    """Whether whoever was calling is dead: what they would know nobody does."""
    return attempt.state is AttemptState.CALLING and now >= attempt.at + lease


def reopened(attempt: Attempt, redriven: int) -> bool:
    """Whether an operator, who may have mended what it was refused for, sent its notice off again since.

    Only what the provider certainly refused for a reason that lay with us: an unknown stays one.
    """
    refused = attempt.state is AttemptState.FAILED and attempt.failure in OURS
    return refused and attempt.redriven < redriven


def carried_on(attempt: Attempt | None, redriven: int) -> tuple[tuple[Tried, ...], int]:
    """What had come of ``attempt`` when its notice was sent off again, and how often was called since."""
    if attempt is None:
        return (), 0
    if not reopened(attempt, redriven):
        return attempt.earlier, attempt.calls
    tried = Tried(at=attempt.at, failure=attempt.failure, code=attempt.code, calls=attempt.calls)
    return (*attempt.earlier, tried), 0


def _of_attempt(place: Place, now: datetime, situation: Situation) -> Closed | None:
    """Why ``place`` is not tried now; None where it may be."""
    attempt, lease = place.attempt, situation.lease
    if attempt is None or reopened(attempt, situation.redriven):
        return None
    match attempt.state:
        case AttemptState.RESERVED | AttemptState.CALLING if now < attempt.at + lease:
            return Closed(reason="busy", until=attempt.at + lease, hold=True)
        case AttemptState.RESERVED:
            # Never called: whoever meant to is gone.
            return None
        case AttemptState.CALLING | AttemptState.UNKNOWN:
            if not place.idempotent or attempt.calls >= MOST_UNKNOWN:
                return Closed(reason="unknown")
            return _not_before(attempt.again_at, now, hold=True)
        case AttemptState.FAILED if attempt.failure is FailureClass.RETRY:
            return _not_before(attempt.again_at, now, hold=attempt.calls < PATIENCE)
        case AttemptState.FAILED:
            return Closed(reason=attempt.code or "failed")
        case AttemptState.ACCEPTED:
            return Closed(reason="accepted")


def _of_vendor(place: Place, now: datetime) -> Closed | None:
    hours = VENDOR_HOURS.get(place.vendor)
    morning = None if hours is None else quiet_until(hours, now)
    return None if morning is None else Closed(reason="vendor_quiet", until=morning)


def _not_before(again: datetime | None, now: datetime, *, hold: bool) -> Closed | None:
    return None if again is None or now >= again else Closed(reason="put_off", until=again, hold=hold)
