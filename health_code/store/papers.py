"""Paper codes. MongoDB, majority and journal, knows which one of a person is in force; Redis answers guards.

A key of Redis holds the subject while a code is in force and nothing at all once it is not. What ends is said
there first and in MongoDB after, and a subject is put only where there is no key: so a code that was ended
never comes back, whoever dies in between, and who got no answer reports it again.
"""

from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from health_code.models import StoredPaper
from health_code.ports import RunScript
from health_code.store.documents import Collection, document_of

_PUT: Final = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])"
_END: Final = "return redis.call('SET', KEYS[1], '', 'PX', ARGV[1])"
_WHOSE: Final = "return redis.call('GET', KEYS[1])"
_ENDED: Final = ""


class PaperStore:
    """Paper codes by person and by rid."""

    def __init__(self, papers: Collection, run: RunScript) -> None:
        self._papers = papers
        self._run = run

    async def ensure_indexes(self) -> None:
        """One in force a person; gone once none could be shown any more."""
        await self._papers.create_indexes(
            [
                IndexModel([("subject", ASCENDING)], unique=True, partialFilterExpression={"in_force": True}),
                IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
            ]
        )

    async def of(self, subject: str, *, now: datetime) -> StoredPaper | None:
        """The one of ``subject`` that is in force."""
        document = await self._papers.find_one(
            {"subject": subject, "in_force": True, "expires_at": {"$gt": now}}
        )
        return None if document is None else msgspec.convert(document, StoredPaper)

    async def issue(self, paper: StoredPaper) -> None:
        """Keep ``paper`` and end the one before. Of two issued at once the last one kept is in force."""
        while True:
            await self.end(paper.subject, now=paper.issued_at)
            try:
                await self._papers.insert_one(document_of(paper))
            except DuplicateKeyError:
                continue
            break
        await self._remember(paper, now=paper.issued_at)

    async def end(self, subject: str, *, now: datetime) -> bool:
        """End the one of ``subject`` for good; whether there was one."""
        found = [
            msgspec.convert(document, StoredPaper)
            async for document in self._papers.find({"subject": subject, "in_force": True})
        ]
        for paper in found:
            await self._run(_END, [_key(paper.id)], [_left(paper, now)])
            await self._papers.update_one(
                {"_id": paper.id, "in_force": True}, {"$set": {"in_force": False, "ended_at": now}}
            )
        return bool(found)

    async def remembered(self, rid: str) -> str | None:
        """Whose code ``rid`` is, as Redis knows: a subject, empty if it was ended, None if it cannot tell."""
        found: bytes | None = await self._run(_WHOSE, [_key(rid)])
        return None if found is None else found.decode()

    async def whose(self, rid: str, *, now: datetime) -> str | None:
        """The same as the register knows; None for no code that we ever gave."""
        document = await self._papers.find_one({"_id": rid})
        if document is None:
            return None
        paper = msgspec.convert(document, StoredPaper)
        if not paper.in_force:
            return _ENDED
        await self._remember(paper, now=now)
        # Ended between the two looks, it is Redis that knows.
        return await self.remembered(rid)

    async def _remember(self, paper: StoredPaper, *, now: datetime) -> None:
        await self._run(_PUT, [_key(paper.id)], [paper.subject, _left(paper, now)])


def _left(paper: StoredPaper, now: datetime) -> int:
    # A day more: what was ended must be known to be for as long as a slow clock takes it for good.
    return max(0, int((paper.expires_at - now).total_seconds() * 1000)) + 86_400_000


def _key(rid: str) -> str:
    return f"health:paper:{rid}"
