"""The life of a campaign (群发), as a table; how large its canary is, when it goes on, and how fast.

    DRAFT --approve--> CANARY
    DRAFT --cancel--> CANCELLED
    CANARY --widen--> RUNNING
    CANARY --pause--> PAUSED
    CANARY --stop--> STOPPED
    CANARY --cancel--> CANCELLED
    CANARY --finish--> DONE
    RUNNING --pause--> PAUSED
    RUNNING --stop--> STOPPED
    RUNNING --cancel--> CANCELLED
    RUNNING --finish--> DONE
    PAUSED --resume canary--> CANARY
    PAUSED --resume--> RUNNING
    PAUSED --cancel--> CANCELLED
    STOPPED --resume--> RUNNING
    STOPPED --cancel--> CANCELLED

Whoever approves is not who drafted. Only stop, widen and finish are taken by the machine; a campaign that
was stopped goes on when a person has looked, and says why.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from push.models import Topic
from push.refusals import CampaignInvalid, CampaignNotOpen
from push.rules.consents import needs_consent


class CampaignState(StrEnum):
    """How far a campaign has come."""

    DRAFT = "DRAFT"
    CANARY = "CANARY"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    CANCELLED = "CANCELLED"
    DONE = "DONE"


class CampaignStep(StrEnum):
    """What can be done to a campaign."""

    APPROVE = "approve"
    WIDEN = "widen"
    PAUSE = "pause"
    STOP = "stop"
    RESUME_CANARY = "resume canary"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


_S: Final = CampaignState
TRANSITIONS: Final[Mapping[tuple[CampaignState, CampaignStep], CampaignState]] = {
    (_S.DRAFT, CampaignStep.APPROVE): _S.CANARY,
    (_S.DRAFT, CampaignStep.CANCEL): _S.CANCELLED,
    (_S.CANARY, CampaignStep.WIDEN): _S.RUNNING,
    (_S.CANARY, CampaignStep.PAUSE): _S.PAUSED,
    (_S.CANARY, CampaignStep.STOP): _S.STOPPED,
    (_S.CANARY, CampaignStep.CANCEL): _S.CANCELLED,
    (_S.CANARY, CampaignStep.FINISH): _S.DONE,
    (_S.RUNNING, CampaignStep.PAUSE): _S.PAUSED,
    (_S.RUNNING, CampaignStep.STOP): _S.STOPPED,
    (_S.RUNNING, CampaignStep.CANCEL): _S.CANCELLED,
    (_S.RUNNING, CampaignStep.FINISH): _S.DONE,
    (_S.PAUSED, CampaignStep.RESUME_CANARY): _S.CANARY,
    (_S.PAUSED, CampaignStep.RESUME): _S.RUNNING,
    (_S.PAUSED, CampaignStep.CANCEL): _S.CANCELLED,
    (_S.STOPPED, CampaignStep.RESUME): _S.RUNNING,
    (_S.STOPPED, CampaignStep.CANCEL): _S.CANCELLED,
}
PUSHING: Final = (_S.CANARY, _S.RUNNING)
"""The states in which intents are made."""

PARTS: Final = 64
_IDS: Final = 256
_LEAST: Final = 50
_MOST: Final = 1_000
_ONE_IN: Final = 1_000
_ENOUGH: Final = 20  # of fewer, one refusal would be a rate
_LEFT_OVER: Final = 0.1
_DEAD: Final = 0.02
_REFUSED: Final = 0.1


class Told(Struct, frozen=True, kw_only=True):
    """What became of a campaign's intents so far, and of the calls to providers they led to."""

    meant: int
    waiting: int = 0
    dead: int = 0
    calls: int = 0
    refused: int = 0
    unknown: int = 0

    @property
    def finished(self) -> int:
        """How many wait for nothing any more."""
        return self.meant - self.waiting


class Wrong(Struct, frozen=True, kw_only=True):
    """Why a campaign is stopped."""

    zh: str
    en: str


def after(state: CampaignState, step: CampaignStep) -> CampaignState:
    """The state ``step`` leads to, or ``CampaignNotOpen``."""
    found = TRANSITIONS.get((state, step))
    if found is None:
        raise CampaignNotOpen(state=state.value)
    return found


def check_topic(topic: Topic) -> None:
    """Refuse a topic that rests on law: what it is for happened to one person, and nobody could refuse it."""
    if not needs_consent(topic):
        raise CampaignInvalid(
            why_zh="账号和健康码主题只用于告知本人发生的事，群发须选用居民可以同意或拒绝的主题",
            why_en="account and health notices tell one person what happened to them; "
            "a campaign needs a topic that residents agree to or refuse",
        )


def leads_to(step: CampaignStep, state: CampaignState) -> bool:
    """Whether a campaign to which ``step`` was done may be in ``state`` right after."""
    return any(taken is step and there is state for (_, taken), there in TRANSITIONS.items())


def canary_of(estimate: int) -> int:
    """How many are told first: one in a thousand, not fewer than 50 and not more than 1,000."""
    return min(_MOST, max(_LEAST, estimate // _ONE_IN))


def bounds_of(number: int) -> tuple[str, str | None]:
    """The ids part ``number`` holds, from after the first up to before the second; None: no end.

    Residents' ids are random hexadecimal, so the parts are of a size, and the first is a fair sample.
    """
    step = _IDS // PARTS
    upper = (number + 1) * step
    return f"{number * step:02x}" if number else "", None if upper == _IDS else f"{upper:02x}"


def wrong_with(told: Told, *, excused: int = 0) -> Wrong | None:
    """Why a campaign must not go on; None if nothing speaks against it.

    ``excused`` are the dead letters somebody has looked at and let pass: only what came after them counts.
    """
    dead, lost = told.dead - excused, told.refused + told.unknown
    if told.finished >= _ENOUGH and dead > _DEAD * told.finished:
        return Wrong(
            zh=f"{told.finished} 条中有 {dead} 条成为死信", en=f"{dead} of {told.finished} are dead letters"
        )
    if told.calls >= _ENOUGH and lost > _REFUSED * told.calls:
        return Wrong(
            zh=f"{told.calls} 次发送中有 {lost} 次被拒或结果不明",
            en=f"{lost} of {told.calls} sendings were refused or their outcome is unknown",
        )
    return None


def canary_is_through(told: Told) -> bool:
    """Whether enough of the canary is over to judge it: a few that are tried again hold nobody up."""
    return told.waiting <= _LEFT_OVER * told.meant


def allowance(*, meant: int, before: int, since: datetime, per_minute: int, now: datetime) -> int:
    """How many more may be meant now, ``before`` having been meant by ``since``: a second's worth at once.

    Nothing until there is a second's worth again, or a thousand: a batch of one costs as much as one of
    hundreds. What was held up catches up.
    """
    a_second = max(1, per_minute // 60)
    due = before + a_second + int(per_minute * (now - since).total_seconds() / 60) - meant
    return due if due >= min(a_second, 1_000) else 0
