"""Appeals (赋码申诉, 信息纠错): the way of an appeal, as a table.

    FILED --take--> IN_REVIEW
    FILED --withdraw--> WITHDRAWN
    IN_REVIEW --propose--> PROPOSED
    IN_REVIEW --reject--> REJECTED
    IN_REVIEW --withdraw--> WITHDRAWN
    PROPOSED --return--> IN_REVIEW
    PROPOSED --uphold--> UPHELD
    PROPOSED --withdraw--> WITHDRAWN

An appeal that is upheld ends in evidence that corrects the disputed piece, and in nothing else: one reviewer
proposes the correction, another one, of another organisation, upholds it. No appeal is ever removed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from health_code.refusals import AppealNotOpen, AttachmentUnfit


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


def check_attachment(media_type: str, content: bytes, *, already: int) -> None:
    """Return if ``content`` may be added to an appeal that has ``already`` so many."""
    if already >= MOST_ATTACHMENTS:
        raise AttachmentUnfit(why_zh="附件已满四份", why_en="there are four already")
    if len(content) > MOST_BYTES:
        raise AttachmentUnfit(why_zh="超过 1 MiB", why_en="it is larger than 1 MiB")
    if not content.startswith(_BEGINS[media_type]):
        raise AttachmentUnfit(why_zh="内容与所称类型不符", why_en="it is not what its type says")
