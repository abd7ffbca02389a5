"""Exposure queries (流调查询): a department asks who was at a venue, and two people have to agree.

What it is told are references, which only it can use, only in evidence of kind EXPOSED, and only for a week.
Who is behind them it never learns; whose colour may follow from that evidence, the rules decide.
"""

from datetime import datetime

import msgspec

from health_code.checkin_log import CheckInBook
from health_code.codec.subject_ref import NotARef, SubjectRefs
from health_code.models import Department, Person, Traced
from health_code.ports import Audit, Chance, Clock
from health_code.refusals import ExposureQueryUnknown, VenueUnknown
from health_code.rules.exposure import (
    LIFE,
    REPORTING,
    Approval,
    QueryState,
    Step,
    after,
    check_approval,
    check_range,
)
from health_code.rules.instants import whole
from health_code.rules.venues import Retention
from health_code.store.exposures import ExposureStore
from health_code.store.venues import VenueStore
from health_code.venue_models import ExposureRequest, Venue
from miniapp_schemas import health_venues as wire
from miniapp_schemas.base import Page


class Tracing:
    """Queries, the two who agree to each, and the one answer."""

    def __init__(
        self,
        *,
        queries: ExposureStore,
        venues: VenueStore,
        book: CheckInBook,
        refs: SubjectRefs,
        retention: Retention,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._queries = queries
        self._venues = venues
        self._book = book
        self._refs = refs
        self._retention = retention
        self._audit = audit
        self._clock = clock
        self._chance = chance

    async def propose(self, department: Department, asked: wire.ProposeExposureQuery) -> wire.ExposureQuery:
        """Ask who was at a venue; nobody is told yet."""
        venue = await self._venue(asked.venue_id)
        now = whole(self._clock())
        check_range(asked.since, asked.until, now=now, kept_days=self._retention.days(venue.division))
        query = ExposureRequest(
            id=self._chance(16).hex(),
            department=department.id,
            department_name=department.name,
            case=asked.case_id,
            venue=venue.id,
            since=whole(asked.since),
            until=whole(asked.until),
            state=QueryState.PROPOSED,
            approvals=(),
            proposed_at=now,
            expires_at=now + LIFE,
        )
        await self._record("exposure.proposed", department.id, query, now)
        await self._queries.add(query)
        return _as_query(query, now)

    async def waiting(self) -> list[wire.ExposureQuery]:
        """Queries that wait for somebody to agree, newest first."""
        now = self._clock()
        return [_as_query(each, now) for each in await self._queries.waiting(now=now)]

    async def approve(self, person: Person, query_id: str) -> wire.ExposureQuery:
        """Agree to a query: the second one of another organisation lets it be answered."""
        while True:
            query = await self._queries.get(query_id)
            if query is None:
                raise ExposureQueryUnknown
            now = whole(self._clock())
            state = after(query.state, Step.APPROVE, now=now, expires_at=query.expires_at)
            approval = Approval(
                person=person.id,
                organisation=person.organisation,
                organisation_name=person.organisation_name,
                at=now,
            )
            if state is query.state:
                return _as_query(query, now)
            check_approval(query.approvals, approval)
            approved = msgspec.structs.replace(
                query, state=state, approvals=(*query.approvals, approval), revision=query.revision + 1
            )
            if await self._queries.replace(approved):
                await self._record(
                    "exposure.approved", person.id, approved, now, organisation=person.organisation
                )
                return _as_query(approved, now)

    async def read(self, department: Department, query_id: str) -> wire.ExposureQuery:
        """A query of the department's own."""
        return _as_query(await self._own(department, query_id), self._clock())

    async def answer(
        self, department: Department, query_id: str, *, before: str | None, limit: int
    ) -> Page[wire.ExposedCheckIn]:
        """A page of the answer, newest first.

        The answer is made once: what the log knew when it was first asked for. Read again until the query is
        over, for a lost reply, it is the same.
        """
        query = await self._answered(department, query_id)
        kept_by = query.answered_at or query.expires_at
        venue = await self._venue(query.venue)
        found = await self._book.at(
            query.venue,
            venue.division,
            since=query.since,
            until=query.until,
            kept_by=kept_by,
            before=before,
            limit=limit + 1,
        )
        page = found[:limit]
        # Before anything is told, and with both who agreed: that line is there whoever died before it.
        await self._record(
            "exposure.answered",
            department.id,
            query,
            self._clock(),
            people=str(len(page)),
            approvedBy=" ".join(each.person for each in query.approvals),
        )
        return Page(
            items=[
                wire.ExposedCheckIn(
                    subject_ref=self._refs.make(query.id, each.who.subject),
                    at=each.at,
                    code_kind=each.who.kind.value,
                    admitted=each.who.admitted,
                )
                for each in page
            ],
            next_cursor=page[-1].id if len(found) > limit else None,
        )

    async def traced(self, source: str, ref: str, *, now: datetime) -> Traced | None:
        """Whom ``ref`` names in evidence by ``source``; None unless it was answered to that department."""
        try:
            query_id, subject = self._refs.read(ref)
        except NotARef:
            return None
        query = await self._queries.get(query_id)
        if query is None or query.department != source or query.answered_at is None:
            return None
        if now >= query.answered_at + REPORTING:
            return None
        return Traced(subject=subject, since=query.since, until=query.until)

    async def _answered(self, department: Department, query_id: str) -> ExposureRequest:
        while True:
            query = await self._own(department, query_id)
            now = whole(self._clock())
            state = after(query.state, Step.ANSWER, now=now, expires_at=query.expires_at)
            if state is query.state:
                return query
            answered = msgspec.structs.replace(
                query, state=state, answered_at=now, revision=query.revision + 1
            )
            if await self._queries.replace(answered):
                return answered

    async def _own(self, department: Department, query_id: str) -> ExposureRequest:
        query = await self._queries.get(query_id)
        if query is None or query.department != department.id:
            raise ExposureQueryUnknown
        return query

    async def _venue(self, venue_id: str) -> Venue:
        venue = await self._venues.get(venue_id)
        if venue is None:
            raise VenueUnknown
        return venue

    async def _record(
        self, kind: str, actor: str, query: ExposureRequest, now: datetime, **facts: str
    ) -> None:
        await self._audit(
            kind,
            at=now,
            actor=actor,
            subject=query.id,
            outcome=query.state.value,
            facts={"case": query.case, "venue": query.venue, "department": query.department, **facts},
        )


def _as_query(query: ExposureRequest, now: datetime) -> wire.ExposureQuery:
    return wire.ExposureQuery(
        id=query.id,
        case_id=query.case,
        venue_id=query.venue,
        since=query.since,
        until=query.until,
        department=query.department_name,
        state="EXPIRED" if now >= query.expires_at else query.state.value,
        approvals=[
            wire.ExposureApproval(organisation_name=each.organisation_name, at=each.at)
            for each in query.approvals
        ],
        proposed_at=query.proposed_at,
        expires_at=query.expires_at,
    )
