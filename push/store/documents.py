"""How structs become documents and come back."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorCollection
from msgspec import Struct

T = TypeVar("T")
Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
Session = AsyncIOMotorClientSession

DUPLICATE = 11000
"""What MongoDB calls a broken unique index."""


def document_of(stored: Struct) -> Document:
    """``stored`` as the driver takes it; instants and bytes go as they are."""
    document: Document = msgspec.to_builtins(stored, builtin_types=(datetime, bytes))
    return document


class Transactions:
    """Runs steps that happen together or not at all; begun again where another came in between."""

    def __init__(self, client: AsyncIOMotorClient[Document]) -> None:
        self._client = client

    async def __call__(self, steps: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """What ``steps`` answer; they may run several times, and count once."""
        async with await self._client.start_session() as session:
            answer: T = await session.with_transaction(steps)
            return answer
