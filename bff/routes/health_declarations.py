"""What residents declare: how they are, and where they have been."""

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.callers import keeper
from bff.routes.parameters import IdempotencyKey
from health_code.declaring import Declaring
from health_code.refusals import DivisionUnknown, EvidenceInvalid
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.health_carried import Declaration, DeclareHealth, DeclareTravel

_AGAIN = (IdempotencyKeyReused, RequestUnderWay, TooManyRequests)


class DeclarationController(Controller):
    """Declarations (申报); evidence that the rules weigh as they say."""

    path = "/mp/v1/health-code/declarations"
    tags = ("health-code",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show", "acting": True}

    @post(
        "/health",
        opt={"refusals": _AGAIN},
        operation_id="DeclareHealth",
        summary="Say how I am (健康信息申报)",
    )
    async def health(
        self,
        data: JSONBody[DeclareHealth],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_declaring: NamedDependency[Declaring],
        idempotency: NamedDependency[Idempotency],
    ) -> Declaration:
        """Temperature and symptoms now. Only whether it is a fever is kept of the temperature."""
        subject, by = keeper(principal), principal.subject
        return await idempotency.run(
            f"health-declarations:{by}",
            idempotency_key,
            f"health {subject} ".encode() + msgspec.json.encode(data),
            lambda: health_declaring.health(subject, data, by=by, key=idempotency_key),
            Declaration,
        )

    @post(
        "/travel",
        opt={"refusals": (*_AGAIN, DivisionUnknown, EvidenceInvalid)},
        operation_id="DeclareTravel",
        summary="Say where I have been (行程申报)",
    )
    async def travel(
        self,
        data: JSONBody[DeclareTravel],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_declaring: NamedDependency[Declaring],
        idempotency: NamedDependency[Idempotency],
    ) -> Declaration:
        """An area and the last day there."""
        subject, by = keeper(principal), principal.subject
        return await idempotency.run(
            f"health-declarations:{by}",
            idempotency_key,
            f"travel {subject} ".encode() + msgspec.json.encode(data),
            lambda: health_declaring.travel(subject, data, by=by, key=idempotency_key),
            Declaration,
        )
