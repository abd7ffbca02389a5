"""Acting for others (代办): what may be granted, how long, who confirms, and what a token then says.

kind         who asks              who confirms                              ends by itself
guardian     the guardian          the family register, at once              on the 18th birthday
family       the relative          the elder; or the relative, with the code  as granted, a year at most
enterprise   the legal rep.        the agent                                 as granted, a year at most
clerk        the clerk, for a case the resident; or the clerk, with the code  after half an hour

offered ──confirmed──▶ active ──ended by either side, expired──▶ ended
   └──declined, withdrawn, lapsed, five wrong codes──▶ ended
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from auth_bridges.models import Acting, ActingGrant, Audience, Grant, StoredSession
from auth_bridges.refusals import ScopeNotGrantable, TermNotGrantable
from auth_bridges.rules.sessions import lifetime
from miniapp_schemas.acting import ActingKind, GrantSide, GrantState
from miniapp_schemas.assurance import AssuranceLevel

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
MOST_GUARDIANS: Final = 3
MOST_TRIES: Final = 5
"""Of a code of six digits: one chance in two hundred thousand an offer."""
REGISTER_TRUSTED: Final = timedelta(hours=24)
"""How long the family register's word holds before it is asked again; a court may have spoken."""
BELIEVED_LONGER: Final = timedelta(seconds=5)
"""Tokens are believed so much longer than they say, for clocks that differ; grants are not."""
_COMES_OF_AGE: Final = 18
_CONSENTS: Final = 14
"""From when on somebody consents for themselves; before, a guardian does (PIPL Art. 31)."""


class Terms(Struct, frozen=True):
    """What one kind of grant allows."""

    scopes: frozenset[str]
    longest: timedelta
    stands: timedelta
    """How long an offer waits to be confirmed."""
    confirms: frozenset[GrantSide]
    """Who may confirm as it is."""
    coded: bool = False
    """Whether the agent may confirm with the other side's code."""


_WALLET: Final = frozenset({"wallet:read", "wallet:show"})
_PERSON: Final = _WALLET | {"health:show"}
_YEAR: Final = timedelta(days=366)
TERMS: Final[Mapping[ActingKind, Terms]] = MappingProxyType(
    {
        ActingKind.GUARDIAN: Terms(_PERSON, timedelta(days=19 * 366), timedelta(0), frozenset()),
        ActingKind.FAMILY: Terms(
            _PERSON, _YEAR, timedelta(minutes=10), frozenset({GrantSide.PRINCIPAL}), coded=True
        ),
        ActingKind.ENTERPRISE: Terms(_WALLET, _YEAR, timedelta(days=7), frozenset({GrantSide.AGENT})),
        ActingKind.CLERK: Terms(
            _WALLET,
            timedelta(minutes=30),
            timedelta(minutes=10),
            frozenset({GrantSide.PRINCIPAL}),
            coded=True,
        ),
    }
)


def comes_of_age(born: date) -> datetime:
    """The first instant of somebody's 18th birthday in Shanghai; born on 29 February, on the 28th."""
    return _birthday(born, _COMES_OF_AGE)


def needs_guardian(number: str, now: datetime) -> bool:
    """Whether a guardian consents for who has ID ``number``: until the 14th birthday."""
    try:
        born = date.fromisoformat(number[6:14])
    except ValueError:
        return False  # Nobody's number, which the register will say.
    return now < _birthday(born, _CONSENTS)


def _birthday(born: date, years: int) -> datetime:
    year = born.year + years
    # Fourteen or eighteen years after a leap year there is none, so only the clamped day can be right.
    day = 28 if (born.month, born.day) == (2, 29) else born.day
    return datetime.combine(date(year, born.month, day), time.min, SHANGHAI)


def settle(kind: ActingKind, scopes: Iterable[str], until: datetime, *, now: datetime) -> tuple[str, ...]:
    """The scopes to grant, in order, or a refusal: none outside the kind's, none for longer than it lasts."""
    terms = TERMS[kind]
    wanted = frozenset(scopes)
    if outside := wanted - terms.scopes:
        raise ScopeNotGrantable(scope=min(outside))
    if not now < until <= now + terms.longest:
        raise TermNotGrantable(days=max(1, terms.longest.days))
    return tuple(sorted(wanted))


def state_of(grant: ActingGrant, now: datetime) -> GrantState:
    """Where ``grant`` stands; what is past its time has ended, whatever is stored."""
    if grant.ended_at is not None or now >= grant.expires_at:
        return GrantState.ENDED
    if grant.confirmed_at is not None:
        return GrantState.ACTIVE
    return GrantState.OFFERED if now < grant.lapses_at else GrantState.ENDED


def side_of(grant: ActingGrant, key: str) -> GrantSide | None:
    """The side ``key`` is on, if on any. Who granted for an organisation is on the organisation's side."""
    if key == grant.agent:
        return GrantSide.AGENT
    return GrantSide.PRINCIPAL if key in (grant.whom, grant.granted_by) else None


def is_code(code: str, given: str) -> bool:
    """Whether ``given`` is the code, in the same time whatever differs."""
    return hmac.compare_digest(code.encode(), given.encode())


def token_ends(grant: ActingGrant, session: StoredSession, assurance: AssuranceLevel) -> datetime:
    """When a token minted now must have ended: before its grant, and with its session."""
    own = session.started_at + lifetime(session.audience, assurance).absolute
    return min(grant.expires_at - BELIEVED_LONGER, session.expires_at, own)


def acting_as(
    grant: ActingGrant,
    *,
    subject: str,
    name: str,
    session: StoredSession,
    assurance: AssuranceLevel,
    scopes: frozenset[str],
) -> Grant:
    """What a token says of ``subject`` while acting by ``grant``.

    No more scopes than both have, and never above L2: whose face or certificate it would take is not
    there. A clerk counts as L2, because the resident of that level confirmed the case.
    """
    level = AssuranceLevel.L2 if assurance.satisfies(AssuranceLevel.L2) else assurance
    if grant.kind is ActingKind.CLERK:
        level = AssuranceLevel.L2
    return Grant(
        audience=Audience.RESIDENT,
        subject=subject,
        session=session.sid,
        client=session.client,
        assurance=level,
        scopes=scopes & frozenset(grant.scopes),
        holder=grant.whom,
        acting=Acting(kind=grant.kind, whom=grant.whom, grant=grant.id, name=name, case=grant.case),
    )
