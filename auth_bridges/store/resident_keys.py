"""Each resident's own key, wrapped. MongoDB, majority and journal.

A collection of its own: destroying one document here makes everything sealed under it unreadable,
wherever copies of the rest may lie, and backups of this collection can be kept shorter than the rest.
"""

from auth_bridges.ports import Together
from auth_bridges.store.documents import Collection, reader_by_id


class ResidentKeys:
    """Wrapped keys by resident."""

    def __init__(self, keys: Collection, together: Together) -> None:
        self._keys = keys
        self._read = reader_by_id(keys, together)

    async def get(self, resident: str) -> bytes | None:
        """The wrapped key of ``resident``."""
        found = await self._read(resident)
        return None if found is None else found["wrapped"]

    async def keep(self, resident: str, wrapped: bytes) -> bytes:
        """``wrapped``, or what was kept before it: of two first writers one makes the key."""
        await self._keys.update_one({"_id": resident}, {"$setOnInsert": {"wrapped": wrapped}}, upsert=True)
        kept = await self.get(resident)
        return wrapped if kept is None else kept

    async def destroy(self, resident: str) -> None:
        """Destroy the key; done again it does nothing."""
        await self._keys.delete_one({"_id": resident})
