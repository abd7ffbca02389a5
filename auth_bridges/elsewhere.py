"""What a resident proves at 市民云 for their account: another way in, or the answer to a challenge.

Either has two halves, as a sign-in there has. Besides the device, account, session and purpose tie them: who
is lured into the one half has begun nothing that the other would fit. A link is let through by the policy
where it begins, since the code that comes back lives shorter than it may take to prove anything anew.
"""

from datetime import datetime

from auth_bridges.accounts import Accounts
from auth_bridges.accounts.linking import Linked
from auth_bridges.federation import CITIZEN_CLOUD, Federation
from auth_bridges.models import Actor, Begun, CameBack, ClientFacts

_LINK = "link"


class Elsewhere:
    """Sends residents to 市民云 for their account, and takes what they come back with."""

    def __init__(self, federation: Federation, accounts: Accounts) -> None:
        self._federation = federation
        self._linking = accounts.linking
        self._step_ups = accounts.step_ups

    async def begin_link(self, actor: Actor, device: str, client: ClientFacts) -> Begun:
        """Begin to link 市民云 to the actor's account."""
        await self._linking.may_link(actor, CITIZEN_CLOUD)
        return await self._federation.begin_for(actor, _LINK, device, client)

    async def link(self, actor: Actor, back: CameBack, client: ClientFacts) -> Linked:
        """Let whoever 市民云 says they are in as ``actor``, who began it; or open a merge."""
        subject = await self._federation.subject_for(actor, _LINK, back, client)
        return await self._linking.link_proved(actor, subject)

    async def begin_answer(self, actor: Actor, challenge: str, device: str, client: ClientFacts) -> Begun:
        """Begin to answer ``challenge`` by 市民云."""
        name = await self._step_ups.may_answer_by_provider(actor, challenge)
        return await self._federation.begin_for(actor, name, device, client)

    async def answer(self, actor: Actor, challenge: str, back: CameBack, client: ClientFacts) -> datetime:
        """Answer ``challenge`` if 市民云 leads to the actor's account; until when it may be used."""
        name = await self._step_ups.may_answer_by_provider(actor, challenge)
        subject = await self._federation.subject_for(actor, name, back, client)
        return await self._step_ups.answer_by_subject(actor, challenge, subject)
