"""Plans of children who exist only in tests."""

from datetime import date
from typing import Any, Final

from push.programmes import edition
from push.rules.vaccination import Child, Given, Item, due_items

BORN: Final = date(2023, 3, 15)
_TASKS: Final = frozenset({"hepb-test"})


def gave(*doses: str) -> list[Given]:
    """Each dose as ``vaccine date``."""
    parts = [dose.rsplit(" ", 1) for dose in doses]
    return [Given(vaccine=vaccine, date=date.fromisoformat(day)) for vaccine, day in parts]


def plan_of(
    as_of: str,
    *doses: str,
    name: str = "cn-nip-2021",
    child: Child | None = None,
    region: str | None = None,
    **more: Any,  # noqa: ANN401 - an argument of the engine's own
) -> list[Item]:
    """The whole plan."""
    return due_items(
        edition(name, region), child or Child(birth=BORN), gave(*doses), date.fromisoformat(as_of), **more
    )


def item_of(
    group: str,
    as_of: str,
    *doses: str,
    **more: Any,  # noqa: ANN401 - as ``plan_of`` takes them
) -> Item:
    """The one item of a series."""
    (found,) = [
        item for item in plan_of(as_of, *doses, **more) if item.group == group and item.id not in _TASKS
    ]
    return found
