"""Evidence entered by hand (人工录入): the way of an entry, as a table.

    PROPOSED --confirm--> CONFIRMED
    PROPOSED --hold--> HELD
    PROPOSED --decline--> DECLINED
    PROPOSED --lapse--> LAPSED
    HELD --release--> CONFIRMED
    HELD --decline--> DECLINED
    HELD --lapse--> LAPSED
    CONFIRMED --ask withdrawal--> WITHDRAWING
    WITHDRAWING --keep--> CONFIRMED
    WITHDRAWING --withdraw--> WITHDRAWN

Only confirm, release and withdraw touch evidence, and each needs two people of two organisations: one for
the step before it, one for the step itself. An entry is held, instead of confirmed, once its reason was
used for a whole cohort of people; then a third person has to let it through.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from health_code.reasons import ManualReason
from health_code.refusals import ManualEntryInvalid, ManualEntryNotOpen


class ManualState(StrEnum):
    """How far an entry has come."""

    PROPOSED = "PROPOSED"
    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    LAPSED = "LAPSED"
    WITHDRAWING = "WITHDRAWING"
    WITHDRAWN = "WITHDRAWN"


class ManualStep(StrEnum):
    """What can be done to an entry."""

    CONFIRM = "confirm"
    HOLD = "hold"
    RELEASE = "release"
    DECLINE = "decline"
    LAPSE = "lapse"
    ASK_WITHDRAWAL = "ask withdrawal"
    KEEP = "keep"
    WITHDRAW = "withdraw"


_S: Final = ManualState
TRANSITIONS: Final[Mapping[tuple[ManualState, ManualStep], ManualState]] = {
    (_S.PROPOSED, ManualStep.CONFIRM): _S.CONFIRMED,
    (_S.PROPOSED, ManualStep.HOLD): _S.HELD,
    (_S.PROPOSED, ManualStep.DECLINE): _S.DECLINED,
    (_S.PROPOSED, ManualStep.LAPSE): _S.LAPSED,
    (_S.HELD, ManualStep.RELEASE): _S.CONFIRMED,
    (_S.HELD, ManualStep.DECLINE): _S.DECLINED,
    (_S.HELD, ManualStep.LAPSE): _S.LAPSED,
    (_S.CONFIRMED, ManualStep.ASK_WITHDRAWAL): _S.WITHDRAWING,
    (_S.WITHDRAWING, ManualStep.KEEP): _S.CONFIRMED,
    (_S.WITHDRAWING, ManualStep.WITHDRAW): _S.WITHDRAWN,
}
WAITING: Final = frozenset(state for state, step in TRANSITIONS if step is ManualStep.LAPSE)
"""The states that do not wait for ever."""


def after(state: ManualState, step: ManualStep, *, lapses_at: datetime, now: datetime) -> ManualState:
    """The state ``step`` leads to, or ``ManualEntryNotOpen``. What has lapsed only lapses."""
    if state in WAITING and now >= lapses_at and step is not ManualStep.LAPSE:
        state = _S.LAPSED
    found = TRANSITIONS.get((state, step))
    if found is None:
        raise ManualEntryNotOpen(state=state.value)
    return found


def check_expiry(reason: ManualReason, *, expires_at: datetime, now: datetime) -> None:
    """Return if evidence for ``reason`` may count until ``expires_at``."""
    if expires_at <= now:
        raise ManualEntryInvalid(why_zh="失效时间已过", why_en="it expires in the past")
    if expires_at > now + timedelta(days=reason.max_days):
        raise ManualEntryInvalid(
            why_zh=f"该原因的证据最长有效 {reason.max_days} 天",
            why_en=f"evidence for this reason counts {reason.max_days} days at most",
        )
