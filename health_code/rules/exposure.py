"""Exposure queries: who may learn who was somewhere. Every change of state is a line of ``NEXT``.

    PROPOSED ── approve ──▶ APPROVED_ONCE ── approve, by another of another organisation ──▶ APPROVED
    APPROVED ── answer ──▶ ANSWERED ── answer: the same again ──▶ ANSWERED

Whatever it has come to, a day after it was proposed it is over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from health_code.refusals import (
    ExposureQueryExpired,
    ExposureQueryInvalid,
    ExposureQueryNotApproved,
    SecondPersonNeeded,
)

LIFE: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=3)
REPORTING: Final = timedelta(days=7)
"""For how long after the answer evidence may name somebody in it."""


class QueryState(StrEnum):
    """How far a query has come."""

    PROPOSED = "PROPOSED"
    APPROVED_ONCE = "APPROVED_ONCE"
    APPROVED = "APPROVED"
    ANSWERED = "ANSWERED"


class Step(StrEnum):
    """What is done with a query."""

    APPROVE = "approve"
    ANSWER = "answer"


NEXT: Final[Mapping[tuple[QueryState, Step], QueryState]] = {
    (QueryState.PROPOSED, Step.APPROVE): QueryState.APPROVED_ONCE,
    (QueryState.APPROVED_ONCE, Step.APPROVE): QueryState.APPROVED,
    (QueryState.APPROVED, Step.ANSWER): QueryState.ANSWERED,
    (QueryState.ANSWERED, Step.ANSWER): QueryState.ANSWERED,
}


class Approval(Struct, frozen=True, kw_only=True):
    """Somebody agreed."""

    person: str
    organisation: str
    organisation_name: str
    at: datetime


def after(state: QueryState, step: Step, *, now: datetime, expires_at: datetime) -> QueryState:
    """The state after ``step``, or a refusal."""
    if now >= expires_at:
        raise ExposureQueryExpired
    following = NEXT.get((state, step))
    if following is None:
        if step is Step.ANSWER:
            raise ExposureQueryNotApproved
        # Two have agreed: there is nothing left to agree to.
        return state
    return following


def check_approval(approvals: Sequence[Approval], by: Approval) -> None:
    """Refuse one who agreed already, and another one of the same organisation or of none."""
    if not by.organisation or any(
        by.person == each.person or by.organisation == each.organisation for each in approvals
    ):
        raise SecondPersonNeeded


def check_range(since: datetime, until: datetime, *, now: datetime, kept_days: int) -> None:
    """Refuse a range that is empty, too long, not over yet or not remembered any more."""
    if since >= until:
        raise ExposureQueryInvalid(why_zh="起止时间有误", why_en="it ends before it begins")
    if until - since > LONGEST:
        raise ExposureQueryInvalid(why_zh="时间范围超过三天", why_en="it is longer than three days")
    if until > now:
        raise ExposureQueryInvalid(why_zh="时间范围尚未结束", why_en="it is not over yet")
    if until < now - timedelta(days=kept_days + 1):
        raise ExposureQueryInvalid(why_zh="登记已按期清除", why_en="what was logged then is purged")
