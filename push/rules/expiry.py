"""Certificates that expire (证照到期): from when one can be renewed, and its last day, by kind as data."""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec
from msgspec import Struct

from push.models import Topic
from push.rules.calendar import add_months, earlier
from push.rules.due import DueItem, term_status
from push.rules.programme import Offset

_AS_WRITTEN = "valid-until"


class Holding(Struct, frozen=True, kw_only=True):
    """A certificate somebody holds, as far as its expiry asks.

    ``endorsed_until`` is up to when a permit that is endorsed every year (签注) is, where that is known.
    """

    id: str
    type: str
    title_zh: str
    title_en: str
    issued: date
    valid_until: date | None
    endorsed_until: date | None = None


class Kind(Struct, frozen=True, kw_only=True):
    """What the law says of a kind: how long before its last day it can be renewed, or endorsed."""

    clause: str
    opens: Offset | None = None
    endorsed_every_months: int | None = None
    endorsing_opens: Offset | None = None


class Expiry(Struct, frozen=True, kw_only=True):
    """The kinds of certificates of which more is known than the day written on them."""

    id: str
    kinds: Mapping[str, Kind]


class _File(Struct, frozen=True, kw_only=True):
    id: str
    kinds: dict[str, Kind]


def read_expiry(content: bytes) -> Expiry:
    """The kinds in a file."""
    file = msgspec.json.decode(content, type=_File)
    return Expiry(id=file.id, kinds=file.kinds)


def expiry_items(expiry: Expiry, holding: Holding, as_of: date) -> list[DueItem]:
    """What of ``holding`` will lapse; nothing of what is valid for good (长期)."""
    return list(_items(expiry, holding, as_of))


def _items(expiry: Expiry, holding: Holding, as_of: date) -> Iterator[DueItem]:
    kind = expiry.kinds.get(holding.type, Kind(clause=_AS_WRITTEN))
    last = holding.valid_until
    if kind.endorsed_every_months is not None:
        due = holding.endorsed_until or _next(holding.issued, kind.endorsed_every_months, as_of)
        if last is None or due < last:
            yield _item(expiry, holding, due, kind.endorsing_opens, kind.clause, as_of=as_of, endorse=True)
    if last is not None:
        clause = _AS_WRITTEN if kind.opens is None else kind.clause
        yield _item(expiry, holding, last, kind.opens, clause, as_of=as_of, endorse=False)


def _next(issued: date, months: int, as_of: date) -> date:
    """The first full term since ``issued`` that is not over; each is counted from the first day."""
    terms = max(1, ((as_of.year - issued.year) * 12 + as_of.month - issued.month) // months)
    day = add_months(issued, terms * months)
    return day if day >= as_of else add_months(issued, (terms + 1) * months)


def _item(
    expiry: Expiry,
    holding: Holding,
    last: date,
    opens: Offset | None,
    clause: str,
    *,
    as_of: date,
    endorse: bool,
) -> DueItem:
    earliest = None if opens is None else earlier(last, months=opens.months, days=opens.days)
    what_zh, what_en = ("签注", "yearly endorsement") if endorse else ("到期换领", "renewal")
    return DueItem(
        id=f"expiry/{holding.id}/endorsement" if endorse else f"expiry/{holding.id}",
        programme=expiry.id,
        topic=Topic.EXPIRY,
        title_zh=f"{holding.title_zh} {what_zh}",
        title_en=f"{holding.title_en}: {what_en}",
        earliest=earliest,
        recommended_before=None,
        window_to=last,
        status=term_status(earliest, last, as_of),
        clause=(clause,),
        template="credential-expiry",
    )
