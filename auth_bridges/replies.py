"""Answers to one-time codes: one each, and the same again for a minute to the device that lost it.

claim    of all who present a code at once one goes on and asks the provider
keep     its answer, sealed so that only the code and the device together open it
again    the others of that device wait a little for the answer; another device, and one that has no name,
         is refused
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from auth_bridges.models import ClerkSignedIn, ResidentSignedIn
from auth_bridges.ports import Chance, Clock
from auth_bridges.refusals import CodeReplayed
from auth_bridges.rules.sessions import open_reply, seal_reply
from auth_bridges.sessions import Sessions
from auth_bridges.store import OneTime, SignInReplies

_CODE_KEPT: Final = timedelta(minutes=10)
_REPLY_KEPT: Final = timedelta(seconds=60)
_NO_ANSWER: Final = b""
_LOOKS: Final = 40
_BETWEEN_LOOKS: Final = 0.1
_pack: Final = msgspec.msgpack.Encoder().encode
read_resident: Final = msgspec.msgpack.Decoder(ResidentSignedIn).decode
read_clerk: Final = msgspec.msgpack.Decoder(ClerkSignedIn).decode

SignedIn = TypeVar("SignedIn", ResidentSignedIn, ClerkSignedIn)


class Replies:
    """What became of one-time codes. One object a process."""

    def __init__(
        self, claims: OneTime, replies: SignInReplies, sessions: Sessions, *, clock: Clock, chance: Chance
    ) -> None:
        self._claims = claims
        self._replies = replies
        self._sessions = sessions
        self._clock = clock
        self._chance = chance

    async def claim(self, name: str, device: str | None) -> bool:
        """Take the code called ``name`` for ``device``; False if somebody has."""
        owner = f"{_mark(device) or 'unknown'} {self._chance(16).hex()}"
        return await self._claims.claim(name, owner=owner, keep=_CODE_KEPT)

    async def release(self, name: str) -> None:
        """Give the code back: it was not used after all."""
        await self._claims.release(name)

    async def none(self, name: str) -> None:
        """Whoever asks again need not wait for an answer that will not come."""
        await self._replies.keep(name, _NO_ANSWER, keep=_REPLY_KEPT)

    async def keep(
        self, name: str, code: str, device: str | None, signed_in: ResidentSignedIn | ClerkSignedIn
    ) -> None:
        """Keep the answer for ``device``; for one that is not known there is nothing to give again."""
        if device is not None:
            sealed = seal_reply(code, device, _pack(signed_in), self._chance(12))
            await self._replies.keep(name, sealed, keep=_REPLY_KEPT)

    async def is_claimed(self, name: str) -> bool:
        """Whether somebody has presented the code."""
        return await self._claims.owner(name) is not None

    async def again(
        self, name: str, code: str, device: str | None, read: Callable[[bytes], SignedIn]
    ) -> SignedIn | None:
        """What this device was answered, waiting a little if it is still being made; None for nothing.

        A device without a name cannot show that it is the one, so it is another: it loses nothing but a code,
        which costs it nothing. Where nobody was let in, there is nothing to warn of.
        """
        if device is None:
            if await self._replies.get(name) == _NO_ANSWER:
                return None
            raise CodeReplayed
        owner = await self._claims.owner(name) or ""
        if owner.partition(" ")[0] != _mark(device):
            raise CodeReplayed
        for _ in range(_LOOKS):
            sealed = await self._replies.get(name)
            if sealed == _NO_ANSWER:
                return None
            if sealed is not None:
                signed_in = read(open_reply(code, device, sealed))
                alive = await self._sessions.is_open(signed_in.refresh.text, now=self._clock())
                return signed_in if alive else None
            await asyncio.sleep(_BETWEEN_LOOKS)
        return None


def code_name(kind: str, *parts: str) -> str:
    """A name for what may not be kept in the clear."""
    return f"{kind}:{sha256('|'.join(parts).encode()).hexdigest()}"


def _mark(device: str | None) -> str | None:
    return None if device is None else code_name("device", device)
