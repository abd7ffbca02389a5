"""Appeals (赋码申诉, 信息纠错): the way of an appeal, as a table.

    FILED --take--> IN_REVIEW
    FILED --withdraw--> WITHDRAWN
    IN_REVIEW --propose--> PROPOSED
    IN_REVIEW --reject--> REJECTED
    IN_REVIEW --withdraw--> WITHDRAWN
    PROPOSED --return--> IN_REVIEW
    PROPOSED --uphold--> UPHELD
    PROPOSED --withdraw--> WITHDRAWN

An appeal that is upheld ends in evidence that corrects what is wrong or adds what was missing, and in nothing
else: one reviewer proposes it, another one, of another organisation, upholds it. No appeal is ever removed.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from health_code.refusals import AppealNotOpen, AttachmentUnfit, CorrectionInvalid
from health_code.rules.evidence import OLDEST, Fact, Kind


class AppealState(StrEnum):
    """How far an appeal has come."""

    FILED = "FILED"
    IN_REVIEW = "IN_REVIEW"
    PROPOSED = "PROPOSED"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class AppealStep(StrEnum):
    """What can be done to an appeal."""

    TAKE = "take"
    PROPOSE = "propose"
    RETURN = "return"
    UPHOLD = "uphold"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_S: Final = AppealState
TRANSITIONS: Final[Mapping[tuple[AppealState, AppealStep], AppealState]] = {
    (_S.FILED, AppealStep.TAKE): _S.IN_REVIEW,
    (_S.FILED, AppealStep.WITHDRAW): _S.WITHDRAWN,
    (_S.IN_REVIEW, AppealStep.PROPOSE): _S.PROPOSED,
    (_S.IN_REVIEW, AppealStep.REJECT): _S.REJECTED,
    (_S.IN_REVIEW, AppealStep.WITHDRAW): _S.WITHDRAWN,
    (_S.PROPOSED, AppealStep.RETURN): _S.IN_REVIEW,
    (_S.PROPOSED, AppealStep.UPHOLD): _S.UPHELD,
    (_S.PROPOSED, AppealStep.WITHDRAW): _S.WITHDRAWN,
}
OPEN: Final = frozenset(state for state, _ in TRANSITIONS)
"""The states from which something can still follow."""

GREY: Final = "GREY"
"""What stands in the place of a rule where the code is grey."""
MISSING: Final = frozenset({Kind.SAMPLED, Kind.RESULT, Kind.VACCINATED, Kind.ISOLATION_RELEASED})
"""Kinds of evidence that clear: only such may be added for an appeal."""

MOST_ATTACHMENTS: Final = 4
MOST_BYTES: Final = 1024 * 1024
_BEGINS: Final[Mapping[str, bytes]] = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}


def after(state: AppealState, step: AppealStep) -> AppealState:
    """The state ``step`` leads to, or ``AppealNotOpen``."""
    found = TRANSITIONS.get((state, step))
    if found is None:
        raise AppealNotOpen(state=state.value)
    return found


def check_missing(kind: Kind, facts: Mapping[str, Fact], *, occurred_at: datetime, now: datetime) -> None:
    """Return if an appeal may add evidence that there should have been: only what speaks for who filed it."""
    negative = kind is not Kind.RESULT or (facts["outcome"] == "NEGATIVE" and "diagnosis" not in facts)
    if kind not in MISSING or not negative:
        raise CorrectionInvalid(
            why_zh="申诉只能补充采样、阴性结果、接种或解除隔离的证据",
            why_en="an appeal adds a sample, a negative result, a vaccination or a release, and nothing else",
        )
    if not now - OLDEST <= occurred_at <= now:
        raise CorrectionInvalid(
            why_zh="发生时间在将来或过于久远",
            why_en="it has not happened yet, or is more than three years old",
        )


def check_attachment(media_type: str, content: bytes, *, already: int) -> None:
    """Return if ``content`` may be added to an appeal that has ``already`` so many."""
    if already >= MOST_ATTACHMENTS:
        raise AttachmentUnfit(why_zh="附件已满四份", why_en="there are four already")
    if len(content) > MOST_BYTES:
        raise AttachmentUnfit(why_zh="超过 1 MiB", why_en="it is larger than 1 MiB")
    if not content.startswith(_BEGINS[media_type]):
        raise AttachmentUnfit(why_zh="内容与所称类型不符", why_en="it is not what its type says")
