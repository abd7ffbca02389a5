"""``/issuer/v1/reminders``: departments report what reminders follow from."""

from typing import Final

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.routes.callers import source
from miniapp_schemas.push_facts import FactReceipt, ReportFacts
from push.facts import FactIntake

MAX_FACTS_BODY: Final = 512 * 1024
"""Five hundred facts, each as long as one can be."""


class FactController(Controller):
    """Facts from registered departments."""

    path = "/issuer/v1/reminders/facts"
    tags = ("issuer",)
    opt = {"audience": "issuer", "assurance": None, "scope": "push:report"}

    @post(
        operation_id="ReportFacts",
        summary="Report facts (事项数据报送)",
        status_code=200,
        request_max_body_size=MAX_FACTS_BODY,
    )
    async def report(
        self,
        data: JSONBody[ReportFacts],
        principal: NamedDependency[Principal],
        push_facts: NamedDependency[FactIntake],
    ) -> FactReceipt:
        """Record facts, one by one; repeating one is the same one. What follows from them is planned anew.

        Five hundred take about a second. Where it takes too long and the answer is 503, some may be recorded:
        send all of them again, those come back as `REPEATED`.
        """
        return await push_facts.report(source(principal), data.items)
