"""How often somebody may try a clerk's passphrase, without a stranger keeping the clerk out by trying.

    a device that signed the clerk in before   a bucket of its own, which nobody else can empty
    any other, from one address                as few; a name for a device costs nothing, an address does
    all the others together                    ten times as many, so that guessing from everywhere is slow too

Nobody learns from it who exists: it is counted before anybody is looked up, and no device is known for a
clerk there is not, as none is for a stranger.
"""

from datetime import timedelta
from typing import Final

from auth_bridges.models import ClientFacts
from auth_bridges.ports import Admit, PersonalData
from auth_bridges.store import KnownDevices

_EVERYWHERE: Final = 10
_KNOWN: Final = timedelta(days=90)


class Guesses:
    """Counts tries, and knows the devices that need not share a count."""

    def __init__(self, known: KnownDevices, *, admit: Admit, personal: PersonalData, per_minute: int) -> None:
        self._known = known
        self._admit = admit
        self._personal = personal
        self._per_minute = per_minute

    async def count(self, organisation: str, number: str, client: ClientFacts) -> None:
        """Count one try of ``client`` at a clerk's passphrase, or refuse."""
        clerk = f"{organisation}/{number}"
        if client.device is not None:
            name = self._personal.pseudonym("clerk-device", f"{clerk} {client.device}")
            if await self._known.is_known(name):
                await self._admit("clerk-device", name, per_minute=self._per_minute, burst=self._per_minute)
                return
        await self._admit_tries("clerk-address", f"{clerk} {client.address}", self._per_minute)
        await self._admit_tries("clerk", clerk, _EVERYWHERE * self._per_minute)

    async def succeeded(self, organisation: str, number: str, client: ClientFacts) -> None:
        """Know the device of who has just proved to be the clerk, for three months."""
        if client.device is not None:
            name = self._personal.pseudonym("clerk-device", f"{organisation}/{number} {client.device}")
            await self._known.note(name, keep=_KNOWN)

    async def _admit_tries(self, bucket: str, name: str, per_minute: int) -> None:
        caller = self._personal.pseudonym(bucket, name)
        await self._admit(bucket, caller, per_minute=per_minute, burst=per_minute)
