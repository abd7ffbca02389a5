"""``/mp/v1/timeline``: what is next for a resident and those they act for, and what they say of it."""

from typing import Annotated, Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from bff.platform.identity import Principal
from bff.routes.callers import viewer
from bff.routes.parameters import CursorInQuery, PageSize, path, query
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Page
from miniapp_schemas.timeline import SnoozeItem, TimelineEntry, TimelineItemId
from push.refusals import NotYoursToDecide, SnoozeInvalid, TimelineItemUnknown
from push.timeline import Timeline

_NOT_SAID: Final = (NotYoursToDecide, TimelineItemUnknown)
_ItemIdInPath = Annotated[str, path(TimelineItemId)]
_ClosedInQuery = Annotated[
    bool, query(Annotated[bool, Meta(description="Those somebody said are done, or not for them.")], "closed")
]


class TimelineController(Controller):
    """What is due (待办提醒)."""

    path = "/mp/v1/timeline"
    tags = ("timeline",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": None, "acting": True}

    @get(operation_id="ReadTimeline", summary="What is next for me and those I act for (待办提醒)")
    async def read(
        self,
        principal: NamedDependency[Principal],
        timeline: NamedDependency[Timeline],
        *,
        closed: _ClosedInQuery = False,
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[TimelineEntry]:
        """What is next first, each with the clause that says so; while acting, of that person alone."""
        return await timeline.page(viewer(principal), closed=closed, cursor=cursor, limit=limit)

    @post(
        "/{item_id:str}/snooze",
        opt={"refusals": (*_NOT_SAID, SnoozeInvalid)},
        operation_id="SnoozeItem",
        summary="Remind me another time (稍后提醒)",
        status_code=200,
    )
    async def snooze(
        self,
        item_id: _ItemIdInPath,
        data: JSONBody[SnoozeItem],
        principal: NamedDependency[Principal],
        timeline: NamedDependency[Timeline],
    ) -> TimelineEntry:
        """Nothing is said of it until then. Said again it is the same."""
        return await timeline.snooze(viewer(principal), item_id, data.until)

    @post(
        "/{item_id:str}/done",
        opt={"refusals": _NOT_SAID},
        operation_id="FinishItem",
        summary="It is done (已办)",
        status_code=200,
    )
    async def done(
        self,
        item_id: _ItemIdInPath,
        principal: NamedDependency[Principal],
        timeline: NamedDependency[Timeline],
    ) -> TimelineEntry:
        """Nothing more is said of it; what the department records stays what it is."""
        return await timeline.done(viewer(principal), item_id)

    @post(
        "/{item_id:str}/not-applicable",
        opt={"refusals": _NOT_SAID},
        operation_id="DismissItem",
        summary="It is not for us (不适用)",
        status_code=200,
    )
    async def not_applicable(
        self,
        item_id: _ItemIdInPath,
        principal: NamedDependency[Principal],
        timeline: NamedDependency[Timeline],
    ) -> TimelineEntry:
        """Nothing more is said of it."""
        return await timeline.not_applicable(viewer(principal), item_id)

    @post(
        "/{item_id:str}/reopen",
        opt={"refusals": _NOT_SAID},
        operation_id="ReopenItem",
        summary="Take back what I said of it",
        status_code=200,
    )
    async def reopen(
        self,
        item_id: _ItemIdInPath,
        principal: NamedDependency[Principal],
        timeline: NamedDependency[Timeline],
    ) -> TimelineEntry:
        """It is as if nothing had been said; what was held back and is still of use is said."""
        return await timeline.reopen(viewer(principal), item_id)
