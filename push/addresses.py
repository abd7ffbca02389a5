"""Where residents are reached, from everybody who knows some of it."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from push.channels.base import Address
from push.ports import Addresses


class JoinedAddresses:
    """The addresses of several; each buries its own and lets the others' be."""

    def __init__(self, parts: Sequence[Addresses]) -> None:
        self._parts = parts

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        """Every address of each of ``residents``."""
        joined: dict[str, list[Address]] = defaultdict(list)
        for found in await asyncio.gather(*(part.of(residents) for part in self._parts)):
            for resident, addresses in found.items():
                joined[resident].extend(addresses)
        return joined

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        """Nobody is there any more; whose address it is knows whether to believe it."""
        for part in self._parts:
            await part.bury(address, dead_since=dead_since)
