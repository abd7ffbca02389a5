"""Clerks' passphrases: scrypt (RFC 7914), in threads, a few at a time.

A check is made expensive on purpose (32 MiB, about a quarter of a second), so it is the cheapest way
to bring us down: at most ``at_once`` run, ``waiting`` queue, and who comes after is sent away.
"""

import asyncio
import hashlib
import hmac
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec import Struct

from auth_bridges.ports import Chance
from auth_bridges.refusals import SigningInBusy

_SALT: Final = 16
_LENGTH: Final = 32
UNUSABLE: Final = ""
"""Stored for somebody who has no passphrase: nothing matches it."""


class ScryptCost(Struct, frozen=True, kw_only=True):
    """What one check costs; kept with every hash, so that it can be raised later (OWASP: n=2¹⁵, p=3)."""

    n: int = 1 << 15
    r: int = 8
    p: int = 3


class Passphrases:
    """Hashes and checks passphrases without blocking the loop."""

    def __init__(
        self, chance: Chance, *, cost: ScryptCost | None = None, at_once: int = 2, waiting: int = 64
    ) -> None:
        self._chance = chance
        self._cost = cost or ScryptCost()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passphrase")
        self._room = at_once + waiting
        # The form of a hash that no passphrase has, so that an unknown clerk takes as long.
        self._nobody = _stored(self._cost, chance(_SALT), chance(_LENGTH))

    async def hash(self, passphrase: str) -> str:
        """``passphrase`` as it may be stored."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash_now, passphrase)

    async def matches(self, passphrase: str, stored: str | None) -> bool:
        """Whether ``stored`` is the hash of ``passphrase``; False for none, after the same work."""
        if self._room == 0:
            raise SigningInBusy(retry_after=5)
        self._room -= 1
        try:
            same = await asyncio.get_running_loop().run_in_executor(
                self._threads, _matches, passphrase, stored or self._nobody
            )
        finally:
            self._room += 1
        return same and bool(stored)

    def _hash_now(self, passphrase: str) -> str:
        salt, cost = self._chance(_SALT), self._cost
        return _stored(cost, salt, _scrypt(passphrase, salt, cost))


def _stored(cost: ScryptCost, salt: bytes, digest: bytes) -> str:
    return f"scrypt${cost.n}${cost.r}${cost.p}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def _matches(passphrase: str, stored: str) -> bool:
    _, n, r, p, salt, digest = stored.split("$")
    cost = ScryptCost(n=int(n), r=int(r), p=int(p))
    return hmac.compare_digest(_scrypt(passphrase, b64decode(salt), cost), b64decode(digest))


def _scrypt(passphrase: str, salt: bytes, cost: ScryptCost) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(),
        salt=salt,
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=256 * cost.n * cost.r,
        dklen=_LENGTH,
    )
