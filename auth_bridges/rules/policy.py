"""What an operation on one's own account asks for: a level, a fresh authentication, a way to have done it.

The table is the policy (ASVS 7.5.1, 7.5.3); what is not in it cannot be asked for. Changing who acts for
whom asks for more than a provider's silent word. So do ways in, a copy of everything and leaving, of who has
a phone to be asked by: who has none could do nothing more, and must be able to leave all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from miniapp_schemas.assurance import AssuranceLevel


class Method(StrEnum):
    """How somebody authenticated, as ``amr`` tells it."""

    PROVIDER = "provider"
    SMS = "sms"
    FACE = "face"
    CERTIFICATE = "certificate"


class Operation(StrEnum):
    """What a policy is for."""

    LINK = "link"
    UNLINK = "unlink"
    UNDO_MERGE = "undo_merge"
    END_SESSION = "end_session"
    BIND_PHONE = "bind_phone"
    REAL_NAME = "real_name"
    FACE_CHECK = "face_check"
    GUARDIAN = "guardian"
    AGENT = "agent"
    WITHDRAW_CONSENT = "withdraw_consent"
    EXPORT = "export"
    DELETE = "delete"


class Requirement(Struct, frozen=True, kw_only=True):
    """The least an operation asks for."""

    level: AssuranceLevel = AssuranceLevel.L0
    max_age: timedelta = timedelta(minutes=5)
    methods: frozenset[Method] = frozenset(Method)
    with_phone: frozenset[Method] = frozenset(Method)
    """Those of the methods that count for who has a phone we can ask."""

    def of(self, *, phone: bool) -> "Requirement":
        """What is asked for of who has a phone, or has none."""
        return structs.replace(self, methods=self.methods & self.with_phone) if phone else self


class Shortfall(StrEnum):
    """What an actor lacks."""

    LEVEL = "level"
    AGE = "age"
    METHOD = "method"


_DELIBERATE: Final = frozenset({Method.SMS, Method.FACE, Method.CERTIFICATE})
"""What nobody does without meaning to: ``wx.login`` asks the person nothing."""

POLICY: Final[Mapping[Operation, Requirement]] = {
    Operation.LINK: Requirement(with_phone=_DELIBERATE),
    Operation.UNLINK: Requirement(with_phone=_DELIBERATE),
    Operation.UNDO_MERGE: Requirement(),
    # Somebody who has lost a phone has just signed in on another (ASVS 7.5.2).
    Operation.END_SESSION: Requirement(max_age=timedelta(minutes=30)),
    Operation.BIND_PHONE: Requirement(),
    Operation.REAL_NAME: Requirement(level=AssuranceLevel.L1),
    Operation.FACE_CHECK: Requirement(level=AssuranceLevel.L2),
    Operation.GUARDIAN: Requirement(level=AssuranceLevel.L2, methods=_DELIBERATE),
    # Whoever names agents shows the legal person's certificate for it, and may name several.
    Operation.AGENT: Requirement(
        level=AssuranceLevel.L2, max_age=timedelta(minutes=30), methods=frozenset({Method.CERTIFICATE})
    ),
    Operation.WITHDRAW_CONSENT: Requirement(),
    Operation.EXPORT: Requirement(with_phone=_DELIBERATE),
    Operation.DELETE: Requirement(with_phone=_DELIBERATE),
}


def shortfall(
    needed: Requirement,
    *,
    level: AssuranceLevel,
    auth_time: datetime,
    methods: frozenset[str],
    now: datetime,
) -> Shortfall | None:
    """What is lacking of ``needed``, the hardest to mend first; None if nothing is."""
    if not level.satisfies(needed.level):
        return Shortfall.LEVEL
    if not methods & needed.methods:
        return Shortfall.METHOD
    if now - auth_time > needed.max_age:
        return Shortfall.AGE
    return None
