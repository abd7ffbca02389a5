"""Which phone answers for somebody (绑定手机): another one only once the former had days to object.

Whoever is in an account for a minute can bind a phone of their own. So for three days what asks for a
deliberate proof still asks the former phone, which is told of everything meanwhile. Bound again, it is the
only one again.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from auth_bridges.models import Resident

FORMER_ANSWERS: Final = timedelta(days=3)
"""How long a phone that was replaced still answers; a weekend is not missed."""


def former_answers(resident: Resident, now: datetime) -> bool:
    """Whether the phone before the one that is bound still answers."""
    until = resident.former_phone_until
    return resident.former_phone is not None and until is not None and now < until


def with_former(before: Resident, after: Resident, *, back: bool, now: datetime) -> Resident:
    """``after``, whose phone was just bound in place of that of ``before``, with the phone that answers.

    ``back``: it is the one that answered before. The same phone again changes nothing; of several changes
    the first phone answers until the last is three days old.
    """
    if back:
        return msgspec.structs.replace(after, former_phone=None, former_phone_until=None)
    if before.phone is None or after.phone_hash == before.phone_hash:
        return after
    former = before.former_phone if former_answers(before, now) else before.phone
    return msgspec.structs.replace(after, former_phone=former, former_phone_until=now + FORMER_ANSWERS)
