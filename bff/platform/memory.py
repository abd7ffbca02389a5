"""How often a process looks for garbage.

Collections of the youngest generation cost little; full ones stop everything for as long as there are
objects. What was loaded before the work begins never becomes garbage, so it is not looked at.
"""

import gc
from typing import Final

_THRESHOLDS: Final = (50_000, 50, 50)


def settle_memory() -> None:
    """Keep the collector from what lives as long as the process; called once it is ready.

    Nothing is collected first: of two hundred thousand objects one in a hundred is garbage by then, and to
    find it takes a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
