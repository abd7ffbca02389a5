"""How old a colour may be and still be shown."""

from datetime import datetime, timedelta

from msgspec import Struct

from health_code.rules.documents import Colour


class Limits(Struct, frozen=True, kw_only=True):
    """The age up to which a colour that nothing confirmed is still shown. Red has none."""

    green: timedelta
    yellow: timedelta


def shown_colour(colour: Colour, *, age: timedelta, turned: bool, silent: bool, limits: Limits) -> Colour:
    """What is shown of ``colour``, judged ``age`` ago; ``turned`` says it should have changed by now.

    ``silent`` says that a source which green rests on is not heard of now. Missing data ends in grey and
    never in a better colour: red stays red.
    """
    if colour is Colour.RED:
        return colour
    if silent and colour is Colour.GREEN:
        return Colour.GREY
    if turned or age > (limits.yellow if colour is Colour.YELLOW else limits.green):
        return Colour.GREY
    return colour


def good_until(
    colour: Colour, *, judged_at: datetime, next_change_at: datetime | None, limits: Limits
) -> datetime | None:
    """Until when ``colour`` is shown if nothing more is heard; None for red that nothing ends by itself."""
    ends = [] if next_change_at is None else [next_change_at]
    if colour is not Colour.RED:
        ends.append(judged_at + (limits.yellow if colour is Colour.YELLOW else limits.green))
    return min(ends, default=None)
