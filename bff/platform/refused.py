"""Every no to signing in, to an account or to acting for others, in the audit trail.

One place instead of one for each refusal: as it becomes an answer it is recorded with who asked, what for,
and the request's id. What a service has recorded itself, in more detail, is not recorded again.

A refusal costs whoever asks for it nothing, and a record lasts for ever. So of one caller and one code a
minute leaves the first eight, and then each time their number has doubled, which the record tells: a million
in a minute are twenty-five records, and none of them hides another caller's or another code.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from auth_bridges.refusals import ChallengeRefused, SignInRequired, StepUpNotProved, StepUpRequired
from auth_bridges.refusals.providers import told_by_provider
from bff.platform.audit import AuditRecorder
from bff.platform.identity import Principal
from bff.platform.idnumbers import IdNumbers
from bff.platform.redis import REDIS_OUTAGES, ScriptRunner
from bff.platform.telemetry import current_trace
from miniapp_schemas.refusals import Refusal

RECORDED: Final = frozenset({"session", "account", "acting"})
"""The tags of the operations whose refusals are recorded."""
_EACH: Final = 8
# What the step-up calls these in its own records is not their code.
_STEP_UPS: Final = (ChallengeRefused, StepUpNotProved, StepUpRequired)
# KEYS: who and what for. Counted from the first of them; a minute later it is the first again.
_COUNT: Final = """
local times = redis.call('INCR', KEYS[1])
if times == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end
return times
"""
_log: Final = structlog.get_logger("audit")


class RefusalRecorder:
    """Records what was refused, once, and no more of one caller than tells what they did."""

    def __init__(
        self,
        run: ScriptRunner,
        recorder: AuditRecorder,
        personal: IdNumbers,
        clock: Callable[[], datetime],
    ) -> None:
        self._run = run
        self._record = recorder.record
        self._personal = personal
        self._clock = clock

    async def note(self, refusal: Refusal, operation: str, principal: Principal | None, address: str) -> None:
        """Record that ``operation`` was refused to ``principal``, or to whoever has this ``address``.

        With Redis away it stays a refusal, and the log says so.
        """
        # Without a token, or with one that ended, nothing was asked yet: every client's ends all the time.
        if isinstance(refusal, SignInRequired) or _stands(refusal):
            return
        try:
            await self._note(refusal, operation, principal, address)
        except REDIS_OUTAGES:
            _log.warning("a refusal is not in the trail", refusal=refusal.code)

    async def _note(
        self, refusal: Refusal, operation: str, principal: Principal | None, address: str
    ) -> None:
        actor = (
            f"address:{self._personal.pseudonym('address', address)}"
            if principal is None
            else principal.subject
        )
        times = await self._run(_COUNT, [f"refused:{{{actor}}}:{refusal.code}"])
        if times > _EACH and times & (times - 1):
            return
        facts = {"operation": operation, **told_by_provider(refusal)}
        trace = current_trace.get()
        if trace is not None:
            facts["request"] = trace.id
        if times > _EACH:
            facts["times"] = str(times)
        await self._record(
            "operation.refused",
            at=self._clock(),
            actor=actor,
            subject=None if principal is None else principal.session,
            outcome=refusal.code,
            facts=facts,
        )


def _stands(refusal: Refusal) -> bool:
    """Whether a service has recorded it in this request."""
    trace = current_trace.get()
    if trace is None:
        return False
    return refusal.code in trace.recorded or (isinstance(refusal, _STEP_UPS) and "step_up" in trace.recorded)
