"""Appeals and their files. MongoDB, majority and journal. Nothing here removes either."""

from datetime import datetime
from typing import Any

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from health_code.models import Appeal, AppealFile, Attached
from health_code.rules.appeals import MOST_ATTACHMENTS
from health_code.store.documents import Collection, Document, document_of


class AppealStore:
    """Appeals, and the content of their files."""

    def __init__(self, appeals: Collection, files: Collection) -> None:
        self._appeals = appeals
        self._files = files

    async def ensure_indexes(self) -> None:
        """One open appeal for a person and a piece of evidence; what is due, overdue, and whose it is."""
        await self._appeals.create_indexes(
            [
                IndexModel(
                    [("subject", ASCENDING), ("disputed", ASCENDING)],
                    unique=True,
                    name="one",
                    partialFilterExpression={"open": True},
                ),
                IndexModel([("deadline", ASCENDING)], partialFilterExpression={"open": True}),
                IndexModel([("since", ASCENDING)], name="due", partialFilterExpression={"due": True}),
                IndexModel([("state", ASCENDING), ("_id", DESCENDING)]),
                IndexModel([("subject", ASCENDING), ("_id", DESCENDING)]),
            ]
        )
        await self._files.create_index([("appeal", ASCENDING)])

    async def file(self, appeal: Appeal) -> Appeal:
        """Keep a new appeal; if there is an open one about the same evidence, that one is it."""
        while True:
            try:
                await self._appeals.insert_one(document_of(appeal))
            except DuplicateKeyError:
                same = {"subject": appeal.subject, "disputed": appeal.disputed, "open": True}
                document = await self._appeals.find_one(same)
                if document is None:
                    continue  # it was decided in this very moment
                return msgspec.convert(document, Appeal)
            return appeal

    async def get(self, appeal_id: str) -> Appeal | None:
        """One appeal."""
        document = await self._appeals.find_one({"_id": appeal_id})
        return None if document is None else msgspec.convert(document, Appeal)

    async def advance(self, appeal: Appeal) -> bool:
        """Keep ``appeal`` in place of the version before it; False if somebody else was faster."""
        document = document_of(appeal)
        # What was attached, recorded or escalated meanwhile is another's to write.
        for name in ("_id", "attached", "outcome", "escalated_at"):
            del document[name]
        result = await self._appeals.update_one(
            {"_id": appeal.id, "version": appeal.version - 1}, {"$set": document}
        )
        return result.modified_count == 1

    async def recorded(self, appeal: Appeal, *, outcome: str) -> None:
        """Note what evidence followed from ``appeal``."""
        await self._appeals.update_one({"_id": appeal.id}, {"$set": {"outcome": outcome, "due": False}})

    async def attach(self, appeal: Appeal, attached: Attached, content: bytes) -> bool:
        """Keep a file and name it in its appeal; False if that is closed or has enough of them.

        The content first: who dies in between leaves a file that no appeal names and nobody can read.
        """
        await self._files.insert_one(
            document_of(AppealFile(id=attached.id, appeal=appeal.id, content=content))
        )
        result = await self._appeals.update_one(
            {"_id": appeal.id, "open": True, f"attached.{MOST_ATTACHMENTS - 1}": {"$exists": False}},
            {"$push": {"attached": document_of(attached)}},
        )
        if result.modified_count == 1:
            return True
        await self._files.delete_one({"_id": attached.id})
        return False

    async def content(self, appeal: Appeal, file_id: str) -> bytes | None:
        """The sealed content of a file of ``appeal``."""
        document = await self._files.find_one({"_id": file_id, "appeal": appeal.id})
        return None if document is None else bytes(document["content"])

    async def due(self, *, before: datetime, limit: int) -> list[Appeal]:
        """Appeals whose correction should have been recorded ``before``."""
        cursor = self._appeals.find({"due": True, "since": {"$lt": before}}).limit(limit)
        return [msgspec.convert(document, Appeal) async for document in cursor]

    async def overdue(self, *, at: datetime, limit: int) -> list[Appeal]:
        """Open appeals past their deadline that were not escalated yet."""
        wanted = {"open": True, "deadline": {"$lte": at}, "escalated_at": None}
        cursor = self._appeals.find(wanted).sort("deadline", ASCENDING).limit(limit)
        return [msgspec.convert(document, Appeal) async for document in cursor]

    async def escalate(self, appeal: Appeal, *, at: datetime) -> bool:
        """Note that ``appeal`` is overdue; False if that is noted already."""
        result = await self._appeals.update_one(
            {"_id": appeal.id, "escalated_at": None}, {"$set": {"escalated_at": at}}
        )
        return result.modified_count == 1

    async def count_overdue(self, *, at: datetime) -> int:
        """How many open appeals are past their deadline."""
        return int(await self._appeals.count_documents({"open": True, "deadline": {"$lte": at}}))

    async def listed(
        self, state: str | None, *, overdue_at: datetime | None, before: str | None, limit: int
    ) -> list[Appeal]:
        """Appeals, newest first; of one state, or open ones that are overdue, if asked for."""
        wanted: dict[str, Any] = {} if state is None else {"state": state}
        if overdue_at is not None:
            wanted |= {"open": True, "deadline": {"$lte": overdue_at}}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._appeals.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Appeal) async for document in cursor]

    async def of(self, subject: str, *, before: str | None, limit: int) -> list[Appeal]:
        """One person's appeals, newest first."""
        wanted: dict[str, Any] = {"subject": subject}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._appeals.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Appeal) async for document in cursor]

    async def people(self) -> dict[str, int]:
        """How many people there are by the state of their appeals."""
        pipeline: list[Document] = [
            {"$group": {"_id": {"state": "$state", "subject": "$subject"}}},
            {"$group": {"_id": "$_id.state", "people": {"$sum": 1}}},
        ]
        return {each["_id"]: each["people"] async for each in self._appeals.aggregate(pipeline)}
