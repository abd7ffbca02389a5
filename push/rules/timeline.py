"""What a new plan changes: which items are settled, which moved, and which milestones wait from now on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from zlib import crc32

from msgspec import Struct

from push.models import Lane
from push.rules.due import DueItem
from push.rules.milestones import Milestone
from push.timeline_models import (
    Difference,
    Example,
    Mark,
    MarkState,
    MilestoneState,
    StoredMilestone,
)

SHARDS: Final = 256
_SPREAD_SECONDS: Final = 1_800
_ID_DIGITS: Final = 32


def shard_of(subject: str) -> int:
    """In which part of the city somebody is; the same for ever."""
    return crc32(subject.encode()) % SHARDS


def item_id(subject: str, due: str) -> str:
    """What an item is called in lists and paths; the same in every plan."""
    return _digest(subject, due)


def milestone_id(item: str, name: str) -> str:
    """What a milestone of ``item`` is called; the same in every plan that has it."""
    return _digest(item, name)


def context(item: str) -> bytes:
    """What the sealed text of an item belongs to."""
    return f"push:{item}".encode()


class Change(Struct, frozen=True, kw_only=True):
    """What is to be written: ids of items and milestones that go, and what there is instead."""

    settled: tuple[str, ...]
    added: dict[str, DueItem]
    changed: dict[str, DueItem]
    unmarked: tuple[str, ...]
    withdrawn: tuple[str, ...]
    milestones: tuple[StoredMilestone, ...]
    difference: Difference


def change_of(
    subject: str,
    *,
    before: Mapping[str, DueItem],
    marks: Mapping[str, Mark],
    kept: Mapping[str, Sequence[StoredMilestone]],
    after: Sequence[tuple[DueItem, Sequence[Milestone]]],
    now: datetime,
) -> Change:
    """The step from the items ``before``, by their ids, with the milestones ``kept``, to the plan ``after``.

    A milestone that fired stays as it is, so that no plan says it again; what a resident asked for stays as
    well. Of an item they want to hear nothing of, new milestones are held; but what is done for one term is
    not done for the next.
    """
    planned = {item_id(subject, item.id): (item, told) for item, told in after}
    settled = tuple(name for name in before if name not in planned)
    added: dict[str, DueItem] = {}
    changed: dict[str, DueItem] = {}
    unmarked: list[str] = []
    withdrawn: list[str] = []
    new: list[StoredMilestone] = []
    examples: list[Example] = [
        Example(change="removed", item=before[name].id, before=_days(before[name])) for name in settled
    ]
    moved = 0
    for name, (item, told) in planned.items():
        old = before.get(name)
        if old is None:
            added[name] = item
            examples.append(Example(change="added", item=item.id, after=_days(item)))
        elif old != item:
            changed[name] = item
            if _days(old) != _days(item):
                moved += 1
                examples.append(Example(change="moved", item=item.id, before=_days(old), after=_days(item)))
        mark = marks.get(name)
        if mark is not None and old is not None and _is_another_term(old, item):
            unmarked.append(name)
            mark = None
        wanted = {each.id: each for each in _milestones(subject, name, told, mark)}
        there = {each.id: each for each in kept.get(name, ())}
        new += [each for key, each in wanted.items() if key not in there and each.useful_until > now]
        withdrawn += [
            key for key, each in there.items() if key not in wanted and not each.asked and _is_open(each)
        ]
    return Change(
        settled=settled,
        added=added,
        changed=changed,
        unmarked=tuple(unmarked),
        withdrawn=tuple(withdrawn),
        milestones=tuple(new),
        difference=Difference(
            people=1,
            added=len(added),
            removed=len(settled),
            moved=moved,
            unchanged=len(planned) - len(added) - moved,
            examples=tuple(examples),
        ),
    )


def asked_for(subject: str, item: str, mark: Mark, template: str) -> StoredMilestone | None:
    """The milestone a snooze asks for; None for what asks for none."""
    if mark.state is not MarkState.SNOOZED or mark.until is None:
        return None
    name = f"again@{mark.until.isoformat()}"
    return StoredMilestone(
        id=milestone_id(item, name),
        item=item,
        subject=subject,
        shard=shard_of(subject),
        name=name,
        template=template,
        lane=Lane.NORMAL,
        due_at=mark.until,
        useful_until=mark.until + timedelta(days=14),
        asked=True,
    )


def is_held(due_at: datetime, mark: Mark | None) -> bool:
    """Whether the resident wants nothing said that is due then."""
    if mark is None:
        return False
    return mark.state is not MarkState.SNOOZED or (mark.until is not None and due_at < mark.until)


def _milestones(
    subject: str, item: str, told: Iterable[Milestone], mark: Mark | None
) -> Iterable[StoredMilestone]:
    """As they are kept: spread over half an hour, or a city's children would all be due at nine."""
    late = timedelta(seconds=crc32(subject.encode()) // SHARDS % _SPREAD_SECONDS)
    for each in told:
        due_at = each.due_at + late
        yield StoredMilestone(
            id=milestone_id(item, each.name),
            item=item,
            subject=subject,
            shard=shard_of(subject),
            name=each.name,
            template=each.template,
            lane=each.lane,
            due_at=due_at,
            useful_until=each.useful_until,
            state=MilestoneState.HELD if is_held(due_at, mark) else MilestoneState.WAITING,
        )


def _is_open(milestone: StoredMilestone) -> bool:
    return milestone.state in {MilestoneState.WAITING, MilestoneState.HELD}


def _is_another_term(old: DueItem, new: DueItem) -> bool:
    """Whether ``new`` begins after ``old`` ended: the next year's confirmation, the renewed card's expiry.

    What has no end has one term.
    """
    end = old.window_to or old.recommended_before
    begin = new.earliest or new.window_to
    return end is not None and begin is not None and begin > end


def _days(item: DueItem) -> str:
    return "/".join(
        "" if day is None else day.isoformat()
        for day in (item.earliest, item.recommended_before, item.window_to)
    )


def _digest(one: str, other: str) -> str:
    return sha256(f"{one}\n{other}".encode()).hexdigest()[:_ID_DIGITS]
