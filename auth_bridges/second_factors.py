"""A clerk's second factor (动态口令), from being let to set one up to the last code that counted.

The passphrase comes first and costs the most. Whoever fails, at whatever, is answered after the same work:
one look at what is kept, three codes computed, one miss counted. What it was is for the audit alone.
"""

import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from enum import StrEnum
from typing import Final

from auth_bridges.models import (
    Audience,
    Clerk,
    Ending,
    SecondFactor,
    SecondFactorBegun,
    Standing,
    second_factor_context,
)
from auth_bridges.passphrases import UNUSABLE
from auth_bridges.ports import Audit, Chance, Clock, PersonalData
from auth_bridges.refusals import SecondFactorClosed, SecondFactorNeeded
from auth_bridges.rules.second_factor import SECRET_BYTES, Misses, address, locked_until, step_of, written
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores

PASSPHRASE: Final = "pwd"  # noqa: S105 - its name in `amr` (RFC 8176)
ONE_TIME_CODE: Final = "otp"
_NOBODY: Final = "nobody"
# A miss that is counted for its time and for nothing else.
_NOT_KEPT: Final = timedelta(seconds=1)


class Wrong(StrEnum):
    """What was wrong with a sign-in, for the audit and never for who tried."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a word
    CODE = "code"
    USED = "used"
    LOCKED = "locked"
    SET_UP = "set-up"


class NotProved(Exception):
    """Who tried is not told what was wrong."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong.value)
        self.wrong = wrong


class SecondFactors:
    """Decides what beside a passphrase a sign-in takes; ``demanded`` says whether it must be something."""

    def __init__(
        self,
        stores: AuthStores,
        *,
        demanded: bool,
        personal: PersonalData,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._store = stores.second_factors
        self._directory = stores.directory
        self._sessions = Sessions(stores.sessions, stores.ended, audit=audit, chance=chance)
        self._demanded = demanded
        self._personal = personal
        self._audit = audit
        self._clock = clock
        self._chance = chance
        # What nobody's code fits, so that whoever has no second factor takes as long as who has.
        self._nobody = SecondFactor(clerk=_NOBODY, sealed=self._seal(_NOBODY, chance(SECRET_BYTES)))

    async def proved(self, clerk: Clerk, code: str | None) -> tuple[str, ...]:
        """By what ``clerk``, whose passphrase was right, has proved to be it, or `NotProved`."""
        now = self._clock()
        held, misses, step = await self._looked(clerk.id, code)
        if held is self._nobody or (held.confirmed_at is None and code is None):
            if self._demanded:
                raise SecondFactorNeeded
            return (PASSPHRASE,)
        if now < locked_until(misses):
            raise await self._not_proved(Wrong.LOCKED)
        if step is None:
            raise await self._not_proved(Wrong.CODE, clerk.id)
        if step <= held.last_step or not await self._store.use(held, step, now=now):
            raise await self._not_proved(Wrong.USED)
        await self._store.forgive(clerk.id)
        if held.confirmed_at is None:
            await self._note("second_factor.confirmed", clerk.id)
        return (PASSPHRASE, ONE_TIME_CODE)

    async def begin(self, clerk: Clerk) -> SecondFactorBegun:
        """A fresh secret for ``clerk``, whose passphrase was right; the one before it is worthless."""
        held, _, _ = await self._looked(clerk.id, None)
        if held.confirmed_at is not None:
            raise await self._not_proved(Wrong.SET_UP)
        secret = self._chance(SECRET_BYTES)
        if not await self._store.begin(clerk.id, self._seal(clerk.id, secret), now=self._clock()):
            raise SecondFactorClosed
        await self._note("second_factor.begun", clerk.id)
        return SecondFactorBegun(
            secret=written(secret), url=address(secret, f"{clerk.organisation}/{clerk.number}")
        )

    async def in_vain(self, code: str | None) -> NotProved:
        """For whose passphrase was wrong: the work of a wrong code, so that neither is told by its time."""
        await self._looked(_NOBODY, code)
        return await self._not_proved(Wrong.PASSPHRASE)

    # --- operators ------------------------------------------------------------------------------------

    async def hand_over(self, clerk: str, secret: bytes) -> bool:
        """Let ``secret``, which the clerk was given, count; False if it did.

        Whoever came in by another one is out.
        """
        held = await self._store.get(clerk)
        counts = held is not None and held.confirmed_at is not None
        if held is not None and counts and hmac.compare_digest(self._open(held), secret):
            return False
        await self._store.put(
            SecondFactor(clerk=clerk, sealed=self._seal(clerk, secret), confirmed_at=self._clock())
        )
        if counts:
            why = Ending.SECOND_FACTOR_RESET
            await self._sessions.end_all(Audience.VERIFIER, clerk, why, now=self._clock())
        await self._note("second_factor.handed_over", clerk, by="operator")
        return True

    async def allow(self, clerk: str, lasts: timedelta) -> bool:
        """Let ``clerk`` set one up with the passphrase for so long; False for who has one that counts."""
        if not await self._store.allow(clerk, until=self._clock() + lasts):
            return False
        await self._note("second_factor.allowed", clerk, by="operator")
        return True

    async def reset(self, clerk: str, lasts: timedelta) -> None:
        """Take away what ``clerk`` lost, end their sessions, and let them set one up again for so long."""
        now = self._clock()
        await self._store.put(SecondFactor(clerk=clerk, allowed_until=now + lasts))
        await self._sessions.end_all(Audience.VERIFIER, clerk, Ending.SECOND_FACTOR_RESET, now=now)
        await self._note("second_factor.reset", clerk, by="operator")

    async def without(self, organisation: str | None = None) -> AsyncIterator[Clerk]:
        """Who signs in with a passphrase and has none that counts."""
        async for clerks in self._directory.clerks(organisation):
            asked = [
                each for each in clerks if each.standing is Standing.ACTIVE and each.passphrase != UNUSABLE
            ]
            having = await self._store.having([each.id for each in asked])
            for each in asked:
                if each.id not in having:
                    yield each

    # --- how ------------------------------------------------------------------------------------------

    async def _looked(self, clerk: str, code: str | None) -> tuple[SecondFactor, Misses, int | None]:
        """What ``clerk`` has, or nobody; how often they missed; and of which time step ``code`` is."""
        found = await self._store.get(clerk)
        held = self._nobody if found is None or found.sealed is None else found
        misses = await self._store.misses(clerk)
        return held, misses, step_of(self._open(held), code or "", self._clock())

    async def _not_proved(self, wrong: Wrong, clerk: str | None = None) -> NotProved:
        """A miss of ``clerk``; for nobody the same work."""
        now = self._clock()
        if clerk is None:
            await self._store.missed(self._chance(16).hex(), now=now, keep=_NOT_KEPT)
        elif locked_until(await self._store.missed(clerk, now=now)) > now:
            await self._note("second_factor.locked", clerk)
        return NotProved(wrong)

    def _seal(self, clerk: str, secret: bytes) -> bytes:
        return self._personal.seal(secret, second_factor_context(clerk))

    def _open(self, held: SecondFactor) -> bytes:
        return self._personal.open(held.sealed or b"", second_factor_context(held.clerk))

    async def _note(self, kind: str, clerk: str, *, by: str | None = None) -> None:
        await self._audit(kind, at=self._clock(), actor=by or clerk, subject=clerk, outcome="ok")
