"""``/mp/v1/account``: what residents prove at Citizen Cloud (市民云), for the account they have."""

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges.accounts import Accounts
from auth_bridges.elsewhere import Elsewhere
from auth_bridges.models import CameBack, ClientFacts
from auth_bridges.refusals import ChallengeRefused, CodeReplayed, LinkTaken, SessionEnded, StepUpNotProved
from bff.platform.idempotency import Idempotency
from bff.platform.identity import Principal
from bff.routes.account import GATE, MINE, ONCE, linked_of
from bff.routes.callers import actor
from bff.routes.parameters import BoundDevice, IdempotencyKey, StepUpChallenge
from bff.routes.session import NO_ANSWER, NO_BEGINNING, begun_of
from miniapp_schemas.account import AnswerElsewhere, BeginAnswerElsewhere, LinkResult, StepUpAnswered
from miniapp_schemas.session import OidcSignIn, SignInBegun

# Nobody is given a session here that could be given again.
_NO_PROOF = tuple(each for each in NO_ANSWER if each is not CodeReplayed)


class ElsewhereController(Controller):
    """Citizen Cloud as another way in, and as the answer to a challenge."""

    path = "/mp/v1/account"
    tags = ("account",)
    opt = MINE

    @post(
        "/links/oidc/begin",
        opt={"refusals": (*GATE, *NO_BEGINNING)},
        operation_id="BeginCitizenCloudLink",
        summary="Begin to link Citizen Cloud (市民云)",
    )
    async def begin_link(
        self,
        *,
        principal: NamedDependency[Principal],
        client: NamedDependency[ClientFacts],
        elsewhere: NamedDependency[Elsewhere],
        device: BoundDevice,
        challenge: StepUpChallenge = None,
    ) -> SignInBegun:
        """Where to send the resident; finish within ten minutes in the same session on the same device."""
        return begun_of(await elsewhere.begin_link(actor(principal, challenge), device, client))

    @post(
        "/links/oidc",
        opt={"refusals": (*ONCE, *_NO_PROOF, LinkTaken, SessionEnded)},
        operation_id="LinkCitizenCloud",
        summary="Link Citizen Cloud (市民云)",
    )
    async def link(
        self,
        *,
        data: JSONBody[OidcSignIn],
        key: IdempotencyKey,
        principal: NamedDependency[Principal],
        client: NamedDependency[ClientFacts],
        elsewhere: NamedDependency[Elsewhere],
        accounts: NamedDependency[Accounts],
        idempotency: NamedDependency[Idempotency],
        device: BoundDevice,
    ) -> LinkResult:
        """Link whom the resident came back as; after any refusal begin again. It may open a merge."""
        back = CameBack(code=data.code, state=data.state, issuer=data.iss)
        facts = msgspec.structs.replace(client, device=device)

        async def linked() -> LinkResult:
            done = await elsewhere.link(actor(principal), back, facts)
            return linked_of(done, principal, accounts)

        return await idempotency.run(principal.subject, key, msgspec.json.encode(data), linked, LinkResult)

    @post(
        "/step-up/oidc/begin",
        opt={"refusals": (ChallengeRefused, StepUpNotProved, *NO_BEGINNING)},
        operation_id="BeginCitizenCloudAnswer",
        summary="Begin to answer by Citizen Cloud (市民云)",
    )
    async def begin_answer(
        self,
        data: JSONBody[BeginAnswerElsewhere],
        principal: NamedDependency[Principal],
        client: NamedDependency[ClientFacts],
        elsewhere: NamedDependency[Elsewhere],
        device: BoundDevice,
    ) -> SignInBegun:
        """Where to send the resident; finish while the challenge lives, on the same device."""
        return begun_of(await elsewhere.begin_answer(actor(principal), data.challenge, device, client))

    @post(
        "/step-up/oidc",
        opt={"refusals": (ChallengeRefused, StepUpNotProved, *_NO_PROOF)},
        operation_id="AnswerByCitizenCloud",
        summary="Answer by Citizen Cloud (市民云)",
        status_code=200,
    )
    async def answer(
        self,
        data: JSONBody[AnswerElsewhere],
        principal: NamedDependency[Principal],
        client: NamedDependency[ClientFacts],
        elsewhere: NamedDependency[Elsewhere],
        device: BoundDevice,
    ) -> StepUpAnswered:
        """What the resident came back with, if it leads to this account; after any refusal begin again."""
        back = CameBack(code=data.code, state=data.state, issuer=data.iss)
        facts = msgspec.structs.replace(client, device=device)
        until = await elsewhere.answer(actor(principal), data.challenge, back, facts)
        return StepUpAnswered(expires_at=until)
