"""``/mp/v1/push/subscriptions``: what a resident allows of WeChat's and Alipay's message templates."""

from typing import Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.routes.parameters import IdempotencyKey
from miniapp_schemas.push_subscriptions import (
    ReportSubscriptions,
    SubscriptionAnswer,
    SubscriptionInfo,
    SubscriptionProvider,
)
from push.credits import Allowance, CreditService, Said

_YES: Final = frozenset(
    {
        SubscriptionAnswer.ACCEPT,
        SubscriptionAnswer.ACCEPT_WITH_AUDIO,
        SubscriptionAnswer.ACCEPT_WITH_FORCE_PUSH,
    }
)
_SAID: Final = _YES | {SubscriptionAnswer.REJECT}
"""Answers a person gave; of the others nobody was asked."""


class SubscriptionController(Controller):
    """Subscriptions to message templates (订阅消息)."""

    path = "/mp/v1/push/subscriptions"
    tags = ("push",)
    opt = {"audience": "resident", "assurance": None, "scope": None}

    @get(operation_id="ListSubscriptions", summary="What I allow of each message template")
    async def list_subscriptions(
        self, principal: NamedDependency[Principal], push_credits: NamedDependency[CreditService]
    ) -> list[SubscriptionInfo]:
        """Every provider's template that notices go out by, and how many messages of it are allowed."""
        return [_info(each) for each in await push_credits.allowances(principal.subject)]

    @post(operation_id="ReportSubscriptions", summary="Tell what was answered in a pop-up", status_code=200)
    async def report(
        self,
        data: JSONBody[ReportSubscriptions],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        push_credits: NamedDependency[CreditService],
    ) -> list[SubscriptionInfo]:
        """Count what a pop-up allowed; told again with the same key, and by the provider, it counts once."""
        said = [
            Said(template_id=each.template_id, accepted=each.answer in _YES)
            for each in data.results
            if each.answer in _SAID
        ]
        await push_credits.answered(principal.subject, data.provider, said, once=idempotency_key)
        return [_info(each) for each in await push_credits.allowances(principal.subject)]


def _info(allowance: Allowance) -> SubscriptionInfo:
    return SubscriptionInfo(
        provider=SubscriptionProvider(allowance.channel),
        template_id=allowance.template_id,
        templates=list(allowance.templates),
        standing=allowance.standing,
        left=allowance.left,
        agreed=allowance.agreed,
        refused=allowance.refused,
    )
