"""How structs become documents and come back."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
from msgspec import Struct

Document = dict[str, Any]
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
