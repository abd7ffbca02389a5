"""When something is tried again: with full jitter, so that what failed together does not come back together.

Nobody sleeps over it: the instant is written down and whoever is there then tries.
"""

from datetime import datetime, timedelta
from typing import Final

BASE: Final = timedelta(seconds=2)
CAP: Final = timedelta(minutes=15)
_DOUBLINGS: Final = 10
"""By then the cap is long reached, and powers of two stay small."""


def again_at(calls: int, now: datetime, *, fraction: float, after: timedelta | None = None) -> datetime:
    """When to try again after ``calls`` tries; ``fraction`` is chance in [0, 1).

    What a provider asks for (``after``) is waited in full, and the jitter comes on top of it.
    """
    longest = min(CAP, BASE * (1 << min(calls - 1, _DOUBLINGS)))
    return now + (after or timedelta()) + longest * fraction
