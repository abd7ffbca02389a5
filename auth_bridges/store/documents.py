"""How structs become documents and come back."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
from msgspec import Struct
from pymongo.errors import AutoReconnect, BulkWriteError, WriteConcernError

from auth_bridges.ports import Together

Document = dict[str, Any]
Update = tuple[Document, Document]
"""Which document, and what becomes of it."""
Collection = AsyncIOMotorCollection[Document]
Database = AsyncIOMotorDatabase[Document]
Stored = TypeVar("Stored", bound=Struct)


def document_of(stored: Struct) -> Document:
    """``stored`` as the driver takes it; instants and bytes go as they are."""
    document: Document = msgspec.to_builtins(stored, builtin_types=(datetime, bytes))
    return document


def struct_of(document: Document | None, kind: type[Stored]) -> Stored | None:
    """A found document as its struct; None for none."""
    return None if document is None else msgspec.convert(document, kind)


def reader_by_id(collection: Collection, together: Together) -> Callable[[str], Awaitable[Document | None]]:
    """Reads documents by their ``_id``, those asked for at once by one ``$in``.

    Two who ask for the same at once share one document: treat it as read-only.
    """

    async def read(ids: Sequence[str]) -> list[Document | None]:
        wanted = list(set(ids))
        found = await collection.find({"_id": {"$in": wanted}}).to_list(length=len(wanted))
        by_id = {document["_id"]: document for document in found}
        return [by_id.get(each) for each in ids]

    return together(read)


async def update_each(collection: Collection, updates: Sequence[Update]) -> int:
    """Make ``updates``, each whether or not the others find theirs; how many documents changed.

    One command, and not the driver's retryable one: for that MongoDB notes every single update in a
    transaction table, which is half of what they cost it. Asked again once if the reply was lost, so each
    must find nothing where it was already made.
    """
    command = {
        "update": collection.name,
        "updates": [{"q": which, "u": change} for which, change in updates],
        "ordered": False,
        "writeConcern": collection.write_concern.document,
    }
    try:
        reply = await collection.database.command(command)
    except AutoReconnect:
        reply = await collection.database.command(command)
    if reply.get("writeErrors"):
        raise BulkWriteError(reply)
    if unsure := reply.get("writeConcernError"):
        raise WriteConcernError(unsure["errmsg"], unsure["code"], unsure)
    changed: int = reply["nModified"]
    return changed
