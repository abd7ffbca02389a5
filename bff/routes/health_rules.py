"""``/verifier/v1/health-rule-sets``: one whom a city trusts with its rules proposes, another publishes."""

from typing import Any, Final

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.routes.callers import person
from bff.routes.parameters import RuleSetIdInPath
from health_code.publishing import Publishing
from health_code.refusals import RuleSetInvalid, RuleSetUnknown, SecondPersonNeeded
from health_code.rules.documents import RuleSetDocument
from miniapp_schemas.health_rules import ProposeRuleSet, RuleSetInfo, RuleSetText

_read: Final = msgspec.json.Decoder(RuleSetDocument).decode


class HealthRuleController(Controller):
    """Rule sets of the health code (赋码规则)."""

    path = "/verifier/v1/health-rule-sets"
    tags = ("health-rules",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:rules"}

    @post(
        opt={"refusals": (RuleSetInvalid,)},
        operation_id="ProposeRuleSet",
        summary="Propose a rule set",
    )
    async def propose(
        self,
        data: JSONBody[ProposeRuleSet],
        principal: NamedDependency[Principal],
        health_publishing: NamedDependency[Publishing],
    ) -> RuleSetInfo:
        """Propose a rule set that passes the linter; the same content again is the same proposal."""
        return await health_publishing.propose(person(principal), _document(data.document))

    @get(operation_id="ListRuleSets", summary="Rule sets that are law")
    async def list_published(self, health_publishing: NamedDependency[Publishing]) -> list[RuleSetInfo]:
        """Every rule set this city published, newest first."""
        return await health_publishing.listed(published=True)

    @get("/proposals", operation_id="ListRuleSetProposals", summary="Rule sets that wait for a second person")
    async def list_proposed(self, health_publishing: NamedDependency[Publishing]) -> list[RuleSetInfo]:
        """Every proposal nobody has published yet."""
        return await health_publishing.listed(published=False)

    @get(
        "/{rule_set_id:str}",
        opt={"refusals": (RuleSetUnknown,)},
        operation_id="ReadRuleSet",
        summary="One rule set, whole",
    )
    async def read(
        self, rule_set_id: RuleSetIdInPath, health_publishing: NamedDependency[Publishing]
    ) -> RuleSetText:
        """A rule set as it was proposed, published or shipped."""
        document = await health_publishing.document(rule_set_id)
        return RuleSetText(id=rule_set_id, document=msgspec.to_builtins(document))

    @post(
        "/{rule_set_id:str}/publish",
        opt={"refusals": (RuleSetUnknown, RuleSetInvalid, SecondPersonNeeded)},
        operation_id="PublishRuleSet",
        summary="Make a proposal law",
        status_code=200,
    )
    async def publish(
        self,
        rule_set_id: RuleSetIdInPath,
        principal: NamedDependency[Principal],
        health_publishing: NamedDependency[Publishing],
    ) -> RuleSetInfo:
        """Publish what somebody else proposed; in force in every process within a second."""
        return await health_publishing.publish(person(principal), rule_set_id)


def _document(said: dict[str, Any]) -> RuleSetDocument:
    try:
        return _read(msgspec.json.encode(said))
    except msgspec.ValidationError as cause:
        name = str(said.get("Identifier", "?"))[:64]
        raise RuleSetInvalid(
            count=1, issues_zh=f"{name} 格式有误（{cause}）", issues_en=f"{name}: {cause}"
        ) from None
