"""Devices that can be sent to. MongoDB, majority and journal.

A token is one document under its keyed hash: registered by somebody else it moves, in the same write.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel

from push.models import Device
from push.store.documents import Collection, document_of

_REMEMBERED: Final = timedelta(days=90)
"""How long a dead device is: a provider's late word about it must find that it is known to be dead."""


class DeviceStore:
    """Devices, each of one resident."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Whose they are, newest first; the dead go by themselves."""
        await self._collection.create_indexes(
            [
                IndexModel([("resident", ASCENDING), ("registered_at", DESCENDING)]),
                IndexModel([("dead_since", ASCENDING)], expireAfterSeconds=int(_REMEMBERED.total_seconds())),
            ]
        )

    async def get(self, device_id: str) -> Device | None:
        """One device, dead or alive."""
        document = await self._collection.find_one({"_id": device_id})
        return None if document is None else msgspec.convert(document, Device)

    async def put(self, device: Device) -> None:
        """Keep ``device``, whoever's it was and whatever was said of it before."""
        await self._collection.replace_one({"_id": device.id}, document_of(device), upsert=True)

    async def prune(self, newest: Device, *, most: int) -> None:
        """Forget older tokens of the machine of ``newest``, and what its resident has over ``most``."""
        if newest.device:
            await self._collection.delete_many(
                {
                    "resident": newest.resident,
                    "kind": newest.kind.value,
                    "device": newest.device,
                    "_id": {"$ne": newest.id},
                    "registered_at": {"$lte": newest.registered_at},
                }
            )
        over = self._collection.find({"resident": newest.resident}, {"_id": 1})
        over = over.sort("registered_at", DESCENDING).skip(most)
        if ids := [document["_id"] async for document in over]:
            await self._collection.delete_many({"_id": {"$in": ids}, "resident": newest.resident})

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Device]]:
        """The living devices of each of ``residents``, newest first."""
        found: dict[str, list[Device]] = {}
        cursor = self._collection.find({"resident": {"$in": list(residents)}, "dead_since": None})
        async for document in cursor.sort("registered_at", DESCENDING):
            device = msgspec.convert(document, Device)
            found.setdefault(device.resident, []).append(device)
        return found

    async def remove(self, resident: str, device_id: str) -> bool:
        """Forget a device; False if it is not ``resident``'s."""
        result = await self._collection.delete_one({"_id": device_id, "resident": resident})
        return result.deleted_count == 1

    async def remove_all(self, residents: Iterable[str]) -> None:
        """Forget every device of ``residents``."""
        await self._collection.delete_many({"resident": {"$in": list(residents)}})

    async def bury(self, device_id: str, *, unless_after: datetime, at: datetime) -> bool:
        """Note since when nobody is there; False if it was registered again after ``unless_after``."""
        result = await self._collection.update_one(
            {"_id": device_id, "registered_at": {"$lte": unless_after}, "dead_since": None},
            {"$set": {"dead_since": at}},
        )
        return result.modified_count == 1
