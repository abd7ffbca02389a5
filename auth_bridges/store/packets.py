"""Which of a provider's signed packets were taken. MongoDB, majority and journal, for good."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from auth_bridges.store.documents import Collection


class Packets:
    """Signed packets have no end of their own: one taken years ago still verifies. None is forgotten."""

    def __init__(self, packets: Collection) -> None:
        self._packets = packets

    async def take(self, digest: bytes, *, session: str, now: datetime) -> bool:
        """Take the packet of this digest for ``session``; False if another session has it.

        One insert under a unique key: of two sessions at once, one has it.
        """
        try:
            await self._packets.insert_one({"_id": digest, "session": session, "at": now})
        except DuplicateKeyError:
            found = await self._packets.find_one({"_id": digest})
            return found is not None and found["session"] == session
        return True
