"""``/verifier/v1/health-manual``: evidence no source reports, entered by one and confirmed by another."""

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.routes.callers import keeper, person
from bff.routes.parameters import (
    CursorInQuery,
    IdempotencyKey,
    ManualIdInPath,
    ManualStateInQuery,
    PageSize,
)
from health_code.manual import ManualEvidence
from health_code.refusals import (
    DivisionUnknown,
    ManualEntryInvalid,
    ManualEntryNotOpen,
    ManualEntryUnknown,
    SecondPersonNeeded,
)
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Page
from miniapp_schemas.health_manual import (
    CohortAlarmInfo,
    ManualAbout,
    ManualInfo,
    ManualReasonInfo,
    ProposeManual,
)

_STEP = {"refusals": (ManualEntryNotOpen, ManualEntryUnknown)}
_AGREED = {"refusals": (ManualEntryNotOpen, ManualEntryUnknown, SecondPersonNeeded)}


class HealthManualController(Controller):
    """Evidence entered by hand (人工录入). No operation takes or gives a colour."""

    path = "/verifier/v1/health-manual"
    tags = ("health-manual",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:manual"}

    @get("/reasons", operation_id="ListManualReasons", summary="Why evidence may be entered by hand")
    async def list_reasons(self, health_manual: NamedDependency[ManualEvidence]) -> list[ManualReasonInfo]:
        """The registered reasons, and how long evidence for each may count."""
        return health_manual.reasons()

    @post(
        opt={"refusals": (DivisionUnknown, IdempotencyKeyReused, ManualEntryInvalid, RequestUnderWay)},
        operation_id="ProposeManual",
        summary="Propose evidence",
    )
    async def propose(
        self,
        data: JSONBody[ProposeManual],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
        idempotency: NamedDependency[Idempotency],
    ) -> ManualInfo:
        """Propose evidence; it counts for nothing until somebody of another organisation confirms it."""
        clerk = person(principal)
        return await idempotency.run(
            f"health-manual:{clerk.id}",
            idempotency_key,
            msgspec.json.encode(data),
            lambda: health_manual.propose(clerk, data),
            ManualInfo,
        )

    @get(operation_id="ListManual", summary="What was entered by hand")
    async def list_entries(
        self,
        health_manual: NamedDependency[ManualEvidence],
        in_state: ManualStateInQuery = None,
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[ManualInfo]:
        """Entries, of one state if asked for."""
        return await health_manual.listed(in_state, before=cursor, limit=limit)

    @get(
        "/{entry_id:str}",
        opt={"refusals": (ManualEntryUnknown,)},
        operation_id="ReadManual",
        summary="One entry",
    )
    async def read(
        self, entry_id: ManualIdInPath, health_manual: NamedDependency[ManualEvidence]
    ) -> ManualInfo:
        """One entry, and which organisations put their names to it."""
        return await health_manual.read(entry_id)

    @post(
        "/{entry_id:str}/confirm",
        opt=_AGREED,
        operation_id="ConfirmManual",
        summary="Confirm what another organisation proposed",
        status_code=200,
    )
    async def confirm(
        self,
        entry_id: ManualIdInPath,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
    ) -> ManualInfo:
        """The evidence is recorded and its holder told; where its reason hit a cohort it is held instead."""
        return await health_manual.confirm(person(principal), entry_id)

    @post(
        "/{entry_id:str}/decline",
        opt=_STEP,
        operation_id="DeclineManual",
        summary="End what was proposed",
        status_code=200,
    )
    async def decline(
        self,
        entry_id: ManualIdInPath,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
    ) -> ManualInfo:
        """End an entry that is proposed or held."""
        return await health_manual.decline(person(principal), entry_id)

    @post(
        "/{entry_id:str}/ask-withdrawal",
        opt=_STEP,
        operation_id="AskManualWithdrawal",
        summary="Want evidence taken back",
        status_code=200,
    )
    async def ask_withdrawal(
        self,
        entry_id: ManualIdInPath,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
    ) -> ManualInfo:
        """Want confirmed evidence taken back; somebody of another organisation has to agree."""
        return await health_manual.ask_withdrawal(person(principal), entry_id)

    @post(
        "/{entry_id:str}/withdraw",
        opt=_AGREED,
        operation_id="WithdrawManual",
        summary="Agree that evidence is taken back",
        status_code=200,
    )
    async def withdraw(
        self,
        entry_id: ManualIdInPath,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
    ) -> ManualInfo:
        """The evidence is superseded and counts no more."""
        return await health_manual.withdraw(person(principal), entry_id)

    @post(
        "/{entry_id:str}/keep",
        opt=_STEP,
        operation_id="KeepManual",
        summary="Do not agree that evidence is taken back",
        status_code=200,
    )
    async def keep(
        self,
        entry_id: ManualIdInPath,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
    ) -> ManualInfo:
        """The evidence goes on counting."""
        return await health_manual.keep(person(principal), entry_id)


class HealthManualReleaseController(Controller):
    """Cohorts (批量赋码): who is asked when one reason hits a whole crowd."""

    path = "/verifier/v1/health-manual-release"
    tags = ("health-manual",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:manual-release"}

    @get("/alarms", operation_id="ListCohortAlarms", summary="Reasons that hit a cohort")
    async def list_alarms(
        self,
        health_manual: NamedDependency[ManualEvidence],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[CohortAlarmInfo]:
        """Every alarm, one a reason and day."""
        return await health_manual.alarms(before=cursor, limit=limit)

    @get("/held", operation_id="ListHeldManual", summary="Entries that wait for a third person")
    async def list_held(
        self,
        health_manual: NamedDependency[ManualEvidence],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[ManualInfo]:
        """Entries that are held."""
        return await health_manual.listed("HELD", before=cursor, limit=limit)

    @post(
        "/{entry_id:str}/release",
        opt=_AGREED,
        operation_id="ReleaseManual",
        summary="Let through what was held",
        status_code=200,
    )
    async def release(
        self,
        entry_id: ManualIdInPath,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
    ) -> ManualInfo:
        """Let one entry through, as a third person and not of the side that proposed it."""
        return await health_manual.release(person(principal), entry_id)


class HealthManualAboutController(Controller):
    """What was entered by hand about a resident, as they see it."""

    path = "/mp/v1/health-code/manual"
    tags = ("health-code",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show", "acting": True}

    @get(operation_id="ListManualAboutMe", summary="What was entered by hand about me")
    async def list_about(
        self,
        principal: NamedDependency[Principal],
        health_manual: NamedDependency[ManualEvidence],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[ManualAbout]:
        """Each entry with its reason, both organisations, and until when it counts."""
        return await health_manual.about(keeper(principal), before=cursor, limit=limit)
