"""One thing that is due to somebody, whichever programme says so."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from push.models import Topic


class Status(StrEnum):
    """What is to be done about something now.

    ``not_announced`` is for a window nobody has published yet, ``passed`` for one that is over.
    """

    DUE = "due"
    NOT_YET_DUE = "not_yet_due"
    OVERDUE = "overdue"
    COMPLETE = "complete"
    DO_NOT_GIVE = "do_not_give"
    NOT_IN_PROGRAMME = "not_in_programme"
    NOT_ANNOUNCED = "not_announced"
    PASSED = "passed"


OPEN = frozenset({Status.DUE, Status.NOT_YET_DUE, Status.OVERDUE})
"""What there is still something to do about."""


class DueItem(Struct, frozen=True, kw_only=True):
    """One item of somebody's timeline (待办提醒).

    ``id`` is the same in every edition of ``programme``, and one person has it once. It is meant from
    ``earliest`` on, best before ``recommended_before``, and ``window_to`` is the last day there is.
    ``clause`` names what says so: `push.programmes.clause_text` has its words. ``template`` is what the first
    notice of it is written with, and ``schedule`` the row of the table of milestones, where it is not that.
    """

    id: str
    programme: str
    topic: Topic
    title_zh: str
    title_en: str
    earliest: date | None
    recommended_before: date | None
    window_to: date | None
    status: Status
    clause: tuple[str, ...]
    template: str
    schedule: str = ""
