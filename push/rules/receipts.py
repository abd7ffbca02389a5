"""What a receipt (送达回执) says of whoever brings messages, and not only of whom one was for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

TELL_LATER: Final = ("sms", "wechat")
"""Who tells later what became of a message."""
HEARD_WITHIN: Final = timedelta(hours=24)
"""After how long nobody counts on hearing of a message: a phone that was off for the night is on again."""
LOOKED_AT: Final = timedelta(days=1)
"""Of how long a time before that the figure is."""
LATE: Final = timedelta(minutes=10)
"""After how long a message that did arrive came too late to be a good sign."""

# No such number, one that is suspended or barred, a phone that is off until the message lapses, in the words
# of China Mobile's centres. Other networks' and unclear ones (UNDELIV is said of everything) count.
_NUMBER: Final = frozenset(
    {
        *("EXPIRED", "MK:0001", "MK:0005", "MK:0010", "MK:0013", "MK:0023"),
        *("MI:0024", "MI:0042", "MI:0054", "MI:0059", "MI:0072", "MI:0073", "MI:0076", "MI:0082", "MI:0210"),
        *("CB:0001", "CB:0053", "DB:0101", "DB:0102"),
    }
)
_REFUSED_BY_THE_RESIDENT: Final = frozenset({"43101"})
_OF_THE_ADDRESSEE: Final[Mapping[str, frozenset[str]]] = {"sms": _NUMBER, "wechat": _REFUSED_BY_THE_RESIDENT}


def of_the_addressee(channel: str, code: str) -> bool:
    """Whether ``channel`` says by ``code`` that it is for the number or the person that nothing arrived."""
    return code in _OF_THE_ADDRESSEE.get(channel, ())


def came_late(sent_at: datetime, arrived_at: datetime) -> bool:
    """Whether a message taken at ``sent_at`` was too long on its way."""
    return arrived_at - sent_at >= LATE
