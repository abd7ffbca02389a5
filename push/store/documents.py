"""How structs become documents and come back."""

from datetime import datetime
from typing import Any

import msgspec
from motor.motor_asyncio import AsyncIOMotorCollection
from msgspec import Struct

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]

DUPLICATE = 11000
"""What MongoDB calls a broken unique index."""


def document_of(stored: Struct) -> Document:
    """``stored`` as the driver takes it; instants and bytes go as they are."""
    document: Document = msgspec.to_builtins(stored, builtin_types=(datetime, bytes))
    return document
