"""Japanese encephalitis (乙脑): two live doses or four inactivated ones, as the series was begun.

No clause says how doses of the two add up, so they do not: the series that was begun first is gone on with,
and either one that is complete is enough.
"""

from typing import Final

from push.rules.due import Status
from push.rules.vaccination.plan import Item, Plan, numbered, settled

_GROUP: Final = "japanese-encephalitis"


def encephalitis(plan: Plan) -> Item:
    """The next dose of the series that was begun; the live one where none was."""
    live, dead = plan.dates("JE-L"), plan.dates("JE-I")
    if len(live) >= 2:
        return settled(_GROUP, "JE-L", Status.COMPLETE)
    if len(dead) >= 4:
        return settled(_GROUP, "JE-I", Status.COMPLETE)
    if dead and (not live or dead[0] < live[0]):
        return plan.routine(_GROUP, f"jei-{len(dead) + 1}", numbered("jei", dead), clause=("JE-C2",))
    late = bool(live) or plan.reached(24)
    return plan.routine(
        _GROUP, f"jel-{len(live) + 1}", numbered("jel", live), clause=("JE-C1",) if late else ()
    )
