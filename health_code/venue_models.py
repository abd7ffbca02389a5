"""What venue codes keep: places, the log of check-ins, its keys, and who asked to read it."""

from datetime import datetime

from msgspec import Struct

from health_code.codec.venue_code import CodeKind
from health_code.rules.documents import Colour
from health_code.rules.exposure import Approval, QueryState


class Venue(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A place (场所) as its organisation registered it.

    ``prints`` counts the printings of its code, of which the last one is good; nothing else ever changes.
    """

    id: str
    organisation: str
    name_zh: str
    name_en: str
    division: str
    kind: str
    admits: tuple[Colour, ...]
    printed_codes: bool
    registered_by: str
    registered_at: datetime
    prints: int = 0


class CheckedIn(Struct, frozen=True, kw_only=True, array_like=True):
    """Somebody scanned the code of a venue. ``by`` is who did it in their name, if it was another."""

    id: str
    venue: str
    division: str
    subject: str
    by: str | None
    at: datetime
    kind: CodeKind
    admitted: bool


class Who(Struct, frozen=True, kw_only=True, array_like=True):
    """The part of a check-in that is sealed."""

    subject: str
    by: str | None
    kind: CodeKind
    admitted: bool


class LoggedCheckIn(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A check-in as the log has it.

    ``place`` is the keyed hash of venue and day, so that what is in the clear tells how many and when, and
    neither who nor where. ``id`` begins with the millisecond of ``at``.
    """

    id: str
    place: str
    division: str
    day: str
    at: datetime
    kept_at: datetime
    sealed: bytes


class Purge(Struct, frozen=True, kw_only=True):
    """What was destroyed with a day's key: how many check-ins, and the hash of their sorted ids."""

    count: int
    hash: str
    at: datetime
    days_kept: int


class DayKey(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """The key of one division's day, wrapped; None once it is destroyed, and ``purge`` says what with it."""

    id: str
    division: str
    day: str
    wrapped: bytes | None
    made_at: datetime
    purge: Purge | None = None
    proved: bool = False


class PurgeRecord(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A signed proof of purge, kept for good."""

    id: str
    division: str
    day: str
    purge: Purge
    proof: str


class ExposureRequest(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """An exposure query (流调查询). ``revision`` counts its changes, so that none made at once is lost."""

    id: str
    department: str
    department_name: str
    case: str
    venue: str
    since: datetime
    until: datetime
    state: QueryState
    approvals: tuple[Approval, ...]
    proposed_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None
    revision: int = 0
