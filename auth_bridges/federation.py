"""Signing in at an OpenID provider: residents at 市民云, clerks at their own organisation's.

A sign-in has two halves. ``begin`` keeps what the other half must fit (nonce, PKCE verifier, device) under
a state nobody can guess; ``finish`` takes that away before anybody is asked, so that of two who finish one
does, and the other, on the same device, gets what the first one got. What is wrong is refused in the order
in which it can be known without asking anybody: state, device, ``iss`` (RFC 9207), and only then is the
code sent to the provider that was asked for it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Final, Protocol

from auth_bridges.bridges.oidc import OpenIdProvider
from auth_bridges.codec.openid import (
    LOGOUT_TOKEN,
    OLDEST,
    SKEW,
    claimed_logout,
    claimed_origin,
    is_strong_enough,
    open_token,
    read_logout_token,
)
from auth_bridges.models import (
    Actor,
    Authentication,
    Begun,
    CameBack,
    Clerk,
    ClerkSignedIn,
    ClientFacts,
    Ending,
    Organisation,
    ProviderLogout,
    ProviderSession,
    ProviderSubject,
    ResidentSignedIn,
    SignInFlow,
    Standing,
)
from auth_bridges.ports import Admit, Audit, Chance, Clock, PersonalData
from auth_bridges.refusals import (
    ClerkNotRecognised,
    FlowElsewhere,
    FlowEnded,
    ProviderMixedUp,
    ProviderNotOffered,
    ProviderTokenAudience,
    ProviderTokenIssuer,
    ProviderTokenReplayed,
    ProviderTokenWeak,
    ProviderUnavailable,
    ProviderUnreached,
    SessionEnded,
)
from auth_bridges.refusals.providers import told_by_provider
from auth_bridges.replies import SignedIn, code_name, read_clerk, read_resident
from auth_bridges.rules.directory import in_service
from auth_bridges.service import AuthService
from auth_bridges.sessions import Sessions
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores
from miniapp_schemas.refusals import Refusal

CITIZEN_CLOUD: Final = "citizen-cloud"
"""市民云, as links carry it."""
_FLOW: Final = timedelta(minutes=10)
_LOGOUT_KEPT: Final = OLDEST + 2 * SKEW
_MOST_PROVIDERS: Final = 1000
# From one address a minute, for a key that nobody published yet: fewer than a provider has of them.
_LOOKS: Final = 2


class MakeProvider(Protocol):
    """Makes the client of one issuer."""

    def __call__(self, *, issuer: str, client_id: str, redirect_uri: str, pushed: bool) -> OpenIdProvider:
        """The client; nobody is asked yet."""


class Federation:
    """Who may come in because somebody else says who they are. One object a process."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        stores: AuthStores,
        auth: AuthService,
        provider: MakeProvider,
        personal: PersonalData,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._auth = auth
        self._make = provider
        self._personal = personal
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self._sessions = Sessions(stores.sessions, stores.ended, audit=audit, chance=chance)
        self._replies = auth.replies
        self._providers: dict[tuple[str, str], OpenIdProvider] = {}

    # --- residents ------------------------------------------------------------------------------------

    async def begin_resident(self, device: str, client: ClientFacts) -> Begun:
        """Begin a resident's sign-in at 市民云, on ``device`` and no other."""
        await self._admit_beginning(client, device)
        return await self._begin(self._citizen_cloud(), device)

    async def finish_resident(
        self, code: str, state: str, issuer: str | None, client: ClientFacts
    ) -> ResidentSignedIn:
        """Finish it: with the code, the state and the ``iss`` the resident came back with.

        The same again within a minute, from the device that lost the reply, is answered the same.
        """
        await self._admit_address(client)
        provider = self._citizen_cloud()
        name = code_name("citizen", state, code)
        flow = await self._fitting(name, state, issuer, client, clerk=False)
        if flow is None:
            return await self._again(name, code, client, read_resident)
        said = await self._redeemed(name, provider, code, flow)
        subject = ProviderSubject(provider=CITIZEN_CLOUD, appid=provider.client_id, subject=said.subject)
        async with self._or_none(name):
            signed_in = await self._auth.open_for(subject, client)
        await self._replies.keep(name, code, client.device, signed_in)
        return signed_in

    # --- for an account -------------------------------------------------------------------------------

    async def begin_for(self, actor: Actor, purpose: str, device: str, client: ClientFacts) -> Begun:
        """Begin at 市民云 what is for this account, session, device and ``purpose``, and for no other."""
        await self._admit_beginning(client, device)
        return await self._begin(self._citizen_cloud(), device, bound=_bound(actor, purpose))

    async def subject_for(
        self, actor: Actor, purpose: str, back: CameBack, client: ClientFacts
    ) -> ProviderSubject:
        """Whom 市民云 says they are who came back to what ``begin_for`` began; once, whatever is wrong."""
        await self._admit_address(client)
        await self._admit_tries("exchange", actor.resident, self._settings.sign_ins_per_subject)
        provider = self._citizen_cloud()
        flow = await self._stores.flows.take(back.state)
        if flow is None:
            raise await self._refused(actor.resident, FlowEnded())
        refusal = _unfit(flow, back.issuer, client, clerk=False, bound=_bound(actor, purpose))
        if refusal is not None:
            raise await self._refused(actor.resident, refusal)
        said = await self._said(provider, back.code, flow)
        await self._admit_tries(
            "subject", f"{CITIZEN_CLOUD} {said.subject}", self._settings.sign_ins_per_subject
        )
        return ProviderSubject(provider=CITIZEN_CLOUD, appid=provider.client_id, subject=said.subject)

    # --- clerks ---------------------------------------------------------------------------------------

    async def begin_clerk(self, organisation: str, device: str, client: ClientFacts) -> Begun:
        """Begin a clerk's sign-in at their organisation's own provider, on ``device`` and no other."""
        await self._admit_beginning(client, device)
        employer = await self._stores.directory.organisation(organisation)
        acr = () if employer is None or employer.sso is None else employer.sso.acr
        return await self._begin(self._of_organisation(employer), device, organisation=organisation, acr=acr)

    async def finish_clerk(
        self, code: str, state: str, issuer: str | None, client: ClientFacts
    ) -> ClerkSignedIn:
        """Finish it: a provider speaks for the clerks of its own organisation and for nobody else.

        The same again within a minute, from the device that lost the reply, is answered the same.
        """
        await self._admit_address(client)
        name = code_name("clerk", state, code)
        flow = await self._fitting(name, state, issuer, client, clerk=True)
        if flow is None:
            return await self._again(name, code, client, read_clerk)
        employer = await self._stores.directory.organisation(flow.organisation or "")
        said = await self._redeemed(name, self._of_organisation(employer), code, flow)
        # Whether it is a clerk of ours is asked afterwards: the limit tells nobody.
        async with self._or_none(name):
            await self._admit_tries(
                "subject", f"{said.issuer} {said.subject}", self._settings.sign_ins_per_subject
            )
        sso = None if employer is None else employer.sso
        if sso is not None and not is_strong_enough(said, acr=sso.acr, amr=sso.amr):
            await self._replies.none(name)
            raise await self._refused(f"provider:{said.issuer}", ProviderTokenWeak())
        clerk = None if employer is None else await self._clerk(employer, said)
        if clerk is None or employer is None or not in_service(clerk, employer):
            await self._replies.none(name)
            raise await self._refused("unknown" if clerk is None else clerk.id, ClerkNotRecognised())
        origin = ProviderSession(
            issuer=said.issuer,
            client_id=said.client_id,
            subject=said.subject,
            session=said.session,
            vouched_at=said.issued_at,
        )
        async with self._or_none(name):
            signed_in = await self._auth.open_shift(clerk, employer, client, origin=origin)
        if await self._stores.provider_sessions.is_logged_out(said):
            await self._sessions.end(signed_in.session, Ending.PROVIDER_SIGNED_OUT, now=self._clock())
            raise SessionEnded
        await self._replies.keep(name, code, client.device, signed_in)
        return signed_in

    async def logged_out(self, logout_token: str, client: ClientFacts) -> None:
        """End, in every process within a second, the sessions a provider says have ended there.

        Ending comes first and noting the ``jti`` last: a process that dies in between leaves a token that
        can be sent again, and one that is sent again ends nothing that began after it was made.
        """
        await self._admit_address(client)
        logout = await self._believed(logout_token, client)
        for session in await self._stores.provider_sessions.logged_out(logout, keep=_LOGOUT_KEPT):
            await self._sessions.end(session, Ending.PROVIDER_SIGNED_OUT, now=self._clock())
        name = _digest("logout", logout.issuer, logout.client_id, logout.token_id)
        if not await self._stores.one_time.claim(name, owner=self._random(16), keep=_LOGOUT_KEPT):
            raise ProviderTokenReplayed

    # --- how ------------------------------------------------------------------------------------------

    async def _begin(
        self,
        provider: OpenIdProvider,
        device: str,
        organisation: str | None = None,
        acr: tuple[str, ...] = (),
        bound: str | None = None,
    ) -> Begun:
        flow = SignInFlow(
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=self._random(16),
            verifier=self._random(32),
            device=device,
            organisation=organisation,
            acr=acr,
            bound=bound,
        )
        state = self._random(16)
        url = await provider.begin(flow, state)
        await self._stores.flows.begin(state, flow, keep=_FLOW)
        return Begun(url=url, state=state, expires_at=self._clock() + _FLOW)

    async def _fitting(
        self, name: str, state: str, issuer: str | None, client: ClientFacts, *, clerk: bool
    ) -> SignInFlow | None:
        """The flow of ``state``, taken away, if what came back fits it; None if it was finished before.

        Claimed before the flow is taken, so that whoever finds no flow finds who finished it.
        """
        flow = await self._stores.flows.get(state)
        if flow is None:
            if await self._replies.is_claimed(name):
                return None
            raise await self._refused("unknown", FlowEnded())
        refusal = _unfit(flow, issuer, client, clerk=clerk)
        if refusal is not None:
            await self._stores.flows.take(state)
            raise await self._refused(f"provider:{flow.issuer}", refusal)
        if not await self._replies.claim(name, client.device):
            return None
        if await self._stores.flows.take(state) is None:
            await self._replies.none(name)
            raise await self._refused("unknown", FlowEnded())
        return flow

    async def _again(
        self, name: str, code: str, client: ClientFacts, read: Callable[[bytes], SignedIn]
    ) -> SignedIn:
        """The answer this device lost."""
        try:
            signed_in = await self._replies.again(name, code, client.device, read)
        except Refusal as refusal:
            raise await self._refused("unknown", refusal) from None
        if signed_in is None:
            raise await self._refused("unknown", FlowEnded())
        return signed_in

    @asynccontextmanager
    async def _or_none(self, name: str) -> AsyncIterator[None]:
        """Where there will be no answer, whoever asks again is told so and does not wait for one."""
        try:
            yield
        except Refusal:
            await self._replies.none(name)
            raise

    async def _redeemed(
        self, name: str, provider: OpenIdProvider, code: str, flow: SignInFlow
    ) -> Authentication:
        async with self._or_none(name):
            return await self._said(provider, code, flow)

    async def _said(self, provider: OpenIdProvider, code: str, flow: SignInFlow) -> Authentication:
        """What ``provider`` says of whoever brought ``code``; its no, or ours, is on record."""
        try:
            if (provider.issuer, provider.client_id) != (flow.issuer, flow.client_id):
                # The settings changed while somebody was signing in: the code is for whom it was asked for.
                raise FlowEnded
            return await provider.redeem(code, flow)
        except Refusal as refusal:
            # Unreached, the code is unspent, but the flow is spent: only beginning anew helps.
            told = ProviderUnavailable() if isinstance(refusal, ProviderUnreached) else refusal
            raise await self._refused(f"provider:{flow.issuer}", told) from None

    async def _clerk(self, employer: Organisation, said: Authentication) -> Clerk | None:
        if employer.sso is None:
            return None
        if employer.sso.claim == "sub":
            return await self._stores.directory.clerk_by_subject(employer.id, said.subject)
        number = said.claims.get(employer.sso.claim)
        return None if number is None else await self._stores.directory.clerk(employer.id, number)

    async def _believed(self, logout_token: str, client: ClientFacts) -> ProviderLogout:
        """What a logout token says, if it is of a provider an organisation registered.

        Whom it claims to be from decides which registered provider's keys are tried; nobody else is asked.
        One that names a key we do not know must be right in all but its signature before it is looked for,
        and who sends many such is told to come back: a provider that changed its keys does.
        """
        token = open_token(logout_token, types=LOGOUT_TOKEN)
        issuer, audience = claimed_origin(token)
        employers = await self._stores.directory.signing_on_at(issuer)
        if not employers:
            raise ProviderTokenIssuer
        for employer in employers:
            if employer.sso is not None and (employer.sso.client_id,) == audience:
                provider = self._of_organisation(employer)
                if not provider.knows(token.key_name):
                    claimed_logout(token, issuer=issuer, client_id=provider.client_id, now=self._clock())
                    await self._admit_look(client)
                key = await provider.key(token.key_name)
                return read_logout_token(
                    token, key, issuer=issuer, client_id=provider.client_id, now=self._clock()
                )
        raise ProviderTokenAudience

    def _citizen_cloud(self) -> OpenIdProvider:
        told = self._settings
        if told.citizen_issuer is None or told.citizen_client_id is None or told.citizen_redirect_uri is None:
            raise ProviderNotOffered
        return self._provider(
            told.citizen_issuer, told.citizen_client_id, told.citizen_redirect_uri, pushed=False
        )

    def _of_organisation(self, employer: Organisation | None) -> OpenIdProvider:
        """The client of an organisation's own provider; who has none is told as little as who is nobody."""
        redirect_uri = self._settings.clerk_sso_redirect_uri
        if employer is None or employer.sso is None or redirect_uri is None:
            raise ProviderNotOffered
        if employer.standing is not Standing.ACTIVE:
            raise ProviderNotOffered
        return self._provider(employer.sso.issuer, employer.sso.client_id, redirect_uri, pushed=True)

    def _provider(self, issuer: str, client_id: str, redirect_uri: str, *, pushed: bool) -> OpenIdProvider:
        """The same object each time: it remembers what the provider published."""
        known = self._providers.get((issuer, client_id))
        if known is None:
            if len(self._providers) >= _MOST_PROVIDERS:
                self._providers.clear()
            known = self._providers[issuer, client_id] = self._make(
                issuer=issuer, client_id=client_id, redirect_uri=redirect_uri, pushed=pushed
            )
        return known

    async def _admit_look(self, client: ClientFacts) -> None:
        caller = self._personal.pseudonym("address", client.address)
        try:
            await self._admit("provider-key", caller, per_minute=_LOOKS, burst=_LOOKS)
        except Refusal as refusal:
            raise ProviderUnavailable(retry_after=refusal.retry_after or 1) from None

    async def _admit_beginning(self, client: ClientFacts, device: str) -> None:
        """What is not begun on a device is not finished there: the device is counted once."""
        await self._admit_address(client)
        await self._admit_tries("device", device, self._settings.sign_ins_per_device)

    async def _admit_tries(self, bucket: str, name: str, per_minute: int) -> None:
        caller = self._personal.pseudonym(bucket, name)
        await self._admit(bucket, caller, per_minute=per_minute, burst=per_minute)

    async def _admit_address(self, client: ClientFacts) -> None:
        caller = self._personal.pseudonym("address", client.address)
        per_minute = self._settings.sign_ins_per_address
        await self._admit("sign-in", caller, per_minute=per_minute, burst=max(1, per_minute // 4))

    async def _refused(self, actor: str, refusal: Refusal) -> Refusal:
        told = told_by_provider(refusal)
        await self._audit("session.refused", at=self._clock(), actor=actor, outcome=refusal.code, facts=told)
        return refusal

    def _random(self, size: int) -> str:
        return self._chance(size).hex()


def _unfit(
    flow: SignInFlow, issuer: str | None, client: ClientFacts, *, clerk: bool, bound: str | None = None
) -> Refusal | None:
    """Why what came back is not what ``flow`` waits for, if it is not."""
    if (flow.organisation is not None) is not clerk or (flow.bound is None) is not (bound is None):
        return FlowEnded()
    if (client.device, bound) != (flow.device, flow.bound):
        return FlowElsewhere()
    if issuer != flow.issuer:
        return ProviderMixedUp()
    return None


def _bound(actor: Actor, purpose: str) -> str:
    """What ties a flow to one account, in one session, and to what it was begun for."""
    return _digest("bound", actor.resident, actor.session, purpose)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
