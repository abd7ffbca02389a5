"""Ledgers of credits. MongoDB, majority and journal: a credit lost is a reminder lost."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from pymongo import ASCENDING, InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError

from push.rules.credits import Ledger
from push.store.documents import DUPLICATE, Collection, Document, document_of

Change = Callable[[Ledger], Ledger]


class CreditStore:
    """One ledger a resident and template. Changes are made by comparing and replacing, and made once."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """What a resident has, to show it and to forget it."""
        await self._collection.create_index([("resident", ASCENDING)])

    async def of(self, ids: Sequence[str]) -> Mapping[str, Ledger]:
        """The ledgers there are of ``ids``."""
        found = self._collection.find({"_id": {"$in": list(ids)}})
        return {document["_id"]: msgspec.convert(document, Ledger) async for document in found}

    async def change(self, changes: Sequence[tuple[Ledger, Change]]) -> Sequence[Ledger]:
        """Make each change to its ledger as it is now, or to the one given where there is none.

        All together in two round trips; those whose ledger somebody else replaced meanwhile are made again.
        A change that finds itself made must return its ledger as it is. Each answer is a ledger as kept.
        """
        answers: dict[int, Ledger] = {}
        while len(answers) < len(changes):
            waiting = [(at, *each) for at, each in enumerate(changes) if at not in answers]
            kept = await self.of(list({empty.id for _, empty, _ in waiting}))
            now = {empty.id: kept.get(empty.id, empty) for _, empty, _ in waiting}
            before = dict(now)
            told: dict[int, Ledger] = {}
            for at, empty, change in waiting:
                told[at] = now[empty.id] = change(now[empty.id])
            new = {name: ledger for name, ledger in now.items() if ledger != before[name]}
            lost = await self._replace(new, kept)
            answers |= {at: ledger for at, ledger in told.items() if ledger.id not in lost}
        return [answers[at] for at in range(len(changes))]

    async def forget(self, residents: Sequence[str]) -> None:
        """Keep nothing of ``residents``."""
        await self._collection.delete_many({"resident": {"$in": list(residents)}})

    async def _replace(self, new: Mapping[str, Ledger], kept: Mapping[str, Ledger]) -> set[str]:
        """Those somebody else was faster with; where that cannot be told, all of them."""
        writes: list[InsertOne[Document] | ReplaceOne[Document]] = []
        for name, ledger in new.items():
            document = document_of(msgspec.structs.replace(ledger, rev=ledger.rev + 1))
            known = {"_id": name, "rev": ledger.rev}
            writes.append(ReplaceOne(known, document) if name in kept else InsertOne(document))
        if not writes:
            return set()
        try:
            result = await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as failure:
            if any(error["code"] != DUPLICATE for error in (failure.details or {}).get("writeErrors", ())):
                raise
            return set(new)
        return set() if result.inserted_count + result.matched_count == len(writes) else set(new)
