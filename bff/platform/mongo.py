"""The MongoDB client, batched reads, and the indexes of every store.

The driver is named here and in ``store.py`` files only, so that PyMongo's own asynchronous client
(motor is past its end of life) is a swap of these lines.
"""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC
from typing import Any, Final

import pymongo
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    InvalidOperation,
    WaitQueueTimeoutError,
    WriteConcernError,
)
from pymongo.write_concern import WriteConcern

from bff.platform.coalesce import Coalescer

MONGO_OUTAGES: Final = (ConnectionFailure, ExecutionTimeout, WaitQueueTimeoutError, WriteConcernError)
"""What the driver raises when MongoDB is away, between primaries, too slow or without its majority."""
MONGO_MISUSED: Final = InvalidOperation
"""What it raises when asked for what cannot be, such as to end a transaction that was ended."""

_LONG_WORK_SECONDS: Final = 600.0

Document = dict[str, Any]
Database = AsyncIOMotorDatabase[Document]
Collection = AsyncIOMotorCollection[Document]


def open_mongo(
    url: str, *, connections: int = 100, patience: float | None = None
) -> "AsyncIOMotorClient[Document]":
    """A client that acknowledges with majority and journal, and fails within seconds.

    With ``patience`` no operation takes longer than as many seconds, tries and all; ``at_leisure`` may.
    """
    return AsyncIOMotorClient(
        url,
        tz_aware=True,
        tzinfo=UTC,
        maxPoolSize=connections,
        serverSelectionTimeoutMS=3_000,
        connectTimeoutMS=3_000,
        socketTimeoutMS=10_000,
        w="majority",
        journal=True,
        retryWrites=True,
        retryReads=True,
        uuidRepresentation="standard",
        timeoutMS=None if patience is None else int(patience * 1000),
    )


def at_leisure() -> AbstractContextManager[None]:
    """A block whose operations may be long ones (building an index), whatever the client's patience."""
    return pymongo.timeout(_LONG_WORK_SECONDS)


def database(client: "AsyncIOMotorClient[Document]", name: str) -> Database:
    """The named database, with instants in UTC and writes that survive a fail-over."""
    return client.get_database(
        name,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=WriteConcern(w="majority", j=True),
    )


class ReaderById:
    """Reads ``fields`` of documents of one collection by ``_id``, concurrent reads in one ``$in``.

    Two callers asking for the same id at once share one document object: treat it as read-only.
    """

    def __init__(self, collection: Collection, fields: Sequence[str], *, lanes: int = 1) -> None:
        self._collection = collection
        self._fields = dict.fromkeys(fields, 1)
        self._reads: Coalescer[Any, Document | None] = Coalescer(self._perform, lanes=lanes)

    def __call__(self, key: object) -> Awaitable[Document | None]:
        """The document with ``_id`` ``key``, or None."""
        return self._reads.submit(key)

    async def _perform(self, keys: Sequence[Any]) -> list[Document | None]:
        wanted = list(set(keys))
        cursor = self._collection.find({"_id": {"$in": wanted}}, self._fields)
        found = {document["_id"]: document for document in await cursor.to_list(length=len(wanted))}
        return [found.get(key) for key in keys]
