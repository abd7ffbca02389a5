"""Paper codes (纸质码): issued for 180 days, reported lost (挂失), issued anew.

A paper says who somebody is and nothing of their health. Of one person one is in force: a new one ends the
one before, and a lost one is dead from the answer on.
"""

from datetime import datetime, timedelta
from typing import Final

from health_code.codec.signed import RID, PaperContent, SignedCode, mint
from health_code.models import StoredPaper
from health_code.ports import Admit, Audit, Chance, Clock, People, SigningKeys
from health_code.refusals import PaperCodeUnknown
from health_code.store import PaperStore
from miniapp_schemas.health_carried import PaperHealthCode

LIFETIME: Final = timedelta(days=180)
_A_MINUTE: Final = 6


class PaperCodes:
    """Issues, reads and ends paper codes, for oneself or whom one acts for; ``by`` is who holds the phone."""

    def __init__(
        self,
        *,
        papers: PaperStore,
        people: People,
        keys: SigningKeys,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        chance: Chance,
        jurisdiction: str,
    ) -> None:
        self._papers = papers
        self._people = people
        self._keys = keys
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self._jurisdiction = jurisdiction

    async def issue(self, subject: str, *, by: str) -> PaperHealthCode:
        """A new paper code; the one before is dead."""
        await self._admit("health-paper", subject, per_minute=_A_MINUTE, burst=_A_MINUTE)
        now = self._clock().replace(microsecond=0)
        paper = StoredPaper(
            id=self._chance(RID).hex(),
            subject=subject,
            issued_by=by,
            issued_at=now,
            expires_at=now + LIFETIME,
        )
        await self._papers.issue(paper)
        await self._record("paper.issued", paper, by=by, now=now)
        return await self._told(paper)

    async def read(self, subject: str) -> PaperHealthCode:
        """The one in force, signed anew: the paper may be printed again."""
        paper = await self._papers.of(subject, now=self._clock())
        if paper is None:
            raise PaperCodeUnknown
        return await self._told(paper)

    async def report_lost(self, subject: str, *, by: str) -> None:
        """End the one in force; no-op if there is none."""
        now = self._clock()
        paper = await self._papers.of(subject, now=now)
        if await self._papers.end(subject, now=now) and paper is not None:
            await self._record("paper.lost", paper, by=by, now=now)

    async def _told(self, paper: StoredPaper) -> PaperHealthCode:
        name = await self._people.masked_name(paper.subject) or ""
        code = SignedCode(
            issuer=self._jurisdiction,
            issued_at=int(paper.issued_at.timestamp()),
            expires_at=int(paper.expires_at.timestamp()),
            content=PaperContent(rid=bytes.fromhex(paper.id), name=name),
        )
        return PaperHealthCode(
            id=paper.id,
            code=mint(code, key=self._keys.signing()),
            name=name,
            issued_at=paper.issued_at,
            expires_at=paper.expires_at,
        )

    async def _record(self, kind: str, paper: StoredPaper, *, by: str, now: datetime) -> None:
        await self._audit(
            kind, at=now, actor=by, subject=paper.subject, outcome="ok", facts={"paper": paper.id}
        )
