"""Signing in and out, for residents, clerks and departments, and the keys their tokens are signed with."""

from typing import Final

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges.federation import Federation
from auth_bridges.models import Begun, ClerkSignedIn, ClientFacts, ResidentSignedIn
from auth_bridges.refusals import (
    AccountDisabled,
    AssertionRefused,
    ClerkNotRecognised,
    CodeAlreadyUsed,
    CodeRejected,
    CodeReplayed,
    FlowElsewhere,
    FlowEnded,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderMixedUp,
    ProviderNotOffered,
    ProviderTokenAlgorithm,
    ProviderTokenAudience,
    ProviderTokenForged,
    ProviderTokenIssuer,
    ProviderTokenKey,
    ProviderTokenKind,
    ProviderTokenNonce,
    ProviderTokenTime,
    ProviderTokenUnreadable,
    ProviderTokenWeak,
    ProviderUnavailable,
    ReplyAmbiguous,
    ReplyForeign,
    ReplyOfUnknownSerial,
    ReplyStale,
    ReplyUnreadable,
    ReplyUnsigned,
    ReplyWeaklyHashed,
    ReplyWronglySigned,
    SecondFactorClosed,
    SecondFactorNeeded,
    SessionEnded,
    SigningInBusy,
)
from auth_bridges.service import AuthService
from bff.platform.identity import Principal
from bff.platform.keys import KeyRing
from bff.platform.limits import TooManyRequests
from bff.routes.parameters import BoundDevice, DeviceId
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.keys import JsonWebKeySet
from miniapp_schemas.session import (
    AlipaySignIn,
    ClerkSession,
    ClerkSignIn,
    ClerkSsoBegin,
    IssuerSession,
    IssuerSignIn,
    OidcSignIn,
    SceneGrant,
    SecondFactorBegin,
    SecondFactorSecret,
    Session,
    SessionRefresh,
    SignInBegun,
    WechatSignIn,
)
from wallet.issuers.base import Registry

_PUBLIC: Final = {"audience": "public", "assurance": None, "scope": None}
_NO_WECHAT: Final = (
    AccountDisabled,
    CodeAlreadyUsed,
    CodeReplayed,
    CodeRejected,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderUnavailable,
    TooManyRequests,
    SessionEnded,
)
# Alipay does not say that an account is risky. What it says is signed, or it is not Alipay.
_NO_ALIPAY: Final = (
    AccountDisabled,
    CodeAlreadyUsed,
    CodeReplayed,
    CodeRejected,
    ProviderBusy,
    ProviderNotOffered,
    ProviderUnavailable,
    ReplyAmbiguous,
    ReplyForeign,
    ReplyOfUnknownSerial,
    ReplyStale,
    ReplyUnreadable,
    ReplyUnsigned,
    ReplyWeaklyHashed,
    ReplyWronglySigned,
    TooManyRequests,
    SessionEnded,
)
_NO_RENEWAL: Final = (SessionEnded, TooManyRequests)
_NO_PASSPHRASE: Final = (ClerkNotRecognised, SigningInBusy, TooManyRequests)
_NO_CLERK: Final = (*_NO_PASSPHRASE, SecondFactorNeeded)
_NO_SETTING_UP: Final = (*_NO_PASSPHRASE, SecondFactorClosed)
# Shared with what residents prove elsewhere for an account they have: account_elsewhere.py.
NO_BEGINNING: Final = (ProviderBusy, ProviderNotOffered, ProviderUnavailable, TooManyRequests)
NO_ANSWER: Final = (
    CodeRejected,
    CodeReplayed,
    FlowElsewhere,
    FlowEnded,
    ProviderBusy,
    ProviderMixedUp,
    ProviderNotOffered,
    ProviderTokenAlgorithm,
    ProviderTokenAudience,
    ProviderTokenForged,
    ProviderTokenIssuer,
    ProviderTokenKey,
    ProviderTokenKind,
    ProviderTokenNonce,
    ProviderTokenTime,
    ProviderTokenUnreadable,
    ProviderUnavailable,
    TooManyRequests,
)
_NO_DEPARTMENT: Final = (AssertionRefused, TooManyRequests)


class ResidentSessionController(Controller):
    """A resident's session."""

    path = "/mp/v1/session"
    tags = ("session",)

    @post(
        "/wechat",
        opt={**_PUBLIC, "hot": True, "refusals": _NO_WECHAT},
        operation_id="SignInWithWechat",
        summary="Sign in through WeChat",
    )
    async def wechat(
        self,
        data: JSONBody[WechatSignIn],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
        device: DeviceId = None,
    ) -> Session:
        """Trade the code of `wx.login` for a session; after any refusal ask `wx.login` for a new one.

        Reply lost: the same code from the same device within a minute gets the same session.
        """
        return _session(await auth.sign_in("wechat", data.code, _on(device, client)))

    @post(
        "/alipay",
        opt={**_PUBLIC, "hot": True, "refusals": _NO_ALIPAY},
        operation_id="SignInWithAlipay",
        summary="Sign in through Alipay",
    )
    async def alipay(
        self,
        data: JSONBody[AlipaySignIn],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
        device: DeviceId = None,
    ) -> Session:
        """Trade the code of `my.getAuthCode` for a session; after any refusal ask it for a new one.

        Reply lost: the same code from the same device within a minute gets the same session.
        """
        return _session(await auth.sign_in("alipay", data.code, _on(device, client)))

    @post(
        "/oidc/begin",
        opt={**_PUBLIC, "refusals": NO_BEGINNING},
        operation_id="BeginCitizenCloud",
        summary="Begin a sign-in at Citizen Cloud (市民云)",
    )
    async def begin_citizen_cloud(
        self,
        client: NamedDependency[ClientFacts],
        federation: NamedDependency[Federation],
        device: BoundDevice,
    ) -> SignInBegun:
        """Where to send the resident; finish within ten minutes on the same device."""
        return begun_of(await federation.begin_resident(device, client))

    @post(
        "/oidc",
        opt={**_PUBLIC, "refusals": (AccountDisabled, SessionEnded, *NO_ANSWER)},
        operation_id="SignInWithCitizenCloud",
        summary="Sign in through Citizen Cloud (市民云)",
    )
    async def citizen_cloud(
        self,
        data: JSONBody[OidcSignIn],
        client: NamedDependency[ClientFacts],
        federation: NamedDependency[Federation],
        device: BoundDevice,
    ) -> Session:
        """Trade what the resident came back with for a session; after any refusal begin again.

        Reply lost: the same from the same device within a minute gets the same session.
        """
        signed_in = await federation.finish_resident(data.code, data.state, data.iss, _on(device, client))
        return _session(signed_in)

    @post(
        "/refresh",
        opt={**_PUBLIC, "hot": True, "refusals": _NO_RENEWAL},
        operation_id="RefreshSession",
        summary="Renew",
        status_code=200,
    )
    async def refresh(
        self,
        data: JSONBody[SessionRefresh],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
        device: DeviceId = None,
    ) -> Session:
        """Trade a refresh token for a new pair. Reply lost: the same again within 20 s gets the same."""
        return _session(await auth.refresh(data.refresh_token, _on(device, client)))

    @delete(
        # Whoever acts for somebody must be able to leave at once: their session ends, nobody else's.
        opt={"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None, "acting": True},
        operation_id="SignOut",
        summary="Sign out",
    )
    async def sign_out(
        self, principal: NamedDependency[Principal], auth: NamedDependency[AuthService]
    ) -> None:
        """End this session everywhere."""
        await auth.sign_out(principal.session)


class ClerkSessionController(Controller):
    """A clerk's session."""

    path = "/verifier/v1/session"
    tags = ("session",)

    @post(opt={**_PUBLIC, "refusals": _NO_CLERK}, operation_id="ClerkSignIn", summary="Begin a shift")
    async def sign_in(
        self,
        data: JSONBody[ClerkSignIn],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
        registry: NamedDependency[Registry],
        device: DeviceId = None,
    ) -> ClerkSession:
        """Sign in with organisation, clerk number, passphrase and one-time code; twelve hours at most.

        `SECOND_FACTOR_NEEDED`: the passphrase was right, and a second factor is to be set up first.
        """
        signed_in = await auth.sign_in_clerk(
            data.organisation,
            data.clerk_number,
            data.passphrase,
            _on(device, client),
            one_time_code=data.one_time_code,
        )
        return _clerk_session(signed_in, registry)

    @post(
        "/second-factor",
        opt={**_PUBLIC, "refusals": _NO_SETTING_UP},
        operation_id="BeginSecondFactor",
        summary="Set up a second factor (动态口令)",
    )
    async def begin_second_factor(
        self,
        data: JSONBody[SecondFactorBegin],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
        device: DeviceId = None,
    ) -> SecondFactorSecret:
        """A secret for the clerk's authenticator; sign in with a code of it and it counts from then on.

        Reply lost: ask again for another one; the one before it is worthless.
        """
        begun = await auth.begin_second_factor(
            data.organisation, data.clerk_number, data.passphrase, _on(device, client)
        )
        return SecondFactorSecret(secret=begun.secret, url=begun.url)

    @post(
        "/sso/begin",
        opt={**_PUBLIC, "refusals": NO_BEGINNING},
        operation_id="BeginClerkSso",
        summary="Begin a shift at the organisation's own sign-in",
    )
    async def begin_sso(
        self,
        data: JSONBody[ClerkSsoBegin],
        client: NamedDependency[ClientFacts],
        federation: NamedDependency[Federation],
        device: BoundDevice,
    ) -> SignInBegun:
        """Where to send the clerk; finish within ten minutes on the same device."""
        return begun_of(await federation.begin_clerk(data.organisation, device, client))

    @post(
        "/sso",
        opt={**_PUBLIC, "refusals": (ClerkNotRecognised, ProviderTokenWeak, SessionEnded, *NO_ANSWER)},
        operation_id="ClerkSsoSignIn",
        summary="Begin a shift with the organisation's word",
    )
    async def sso(
        self,
        data: JSONBody[OidcSignIn],
        client: NamedDependency[ClientFacts],
        federation: NamedDependency[Federation],
        registry: NamedDependency[Registry],
        device: BoundDevice,
    ) -> ClerkSession:
        """Trade what the clerk came back with for a session; it ends when the organisation's own does.

        Reply lost: the same from the same device within a minute gets the same session.
        """
        signed_in = await federation.finish_clerk(data.code, data.state, data.iss, _on(device, client))
        return _clerk_session(signed_in, registry)

    @post(
        "/refresh",
        opt={**_PUBLIC, "hot": True, "refusals": _NO_RENEWAL},
        operation_id="RefreshClerkSession",
        summary="Renew",
        status_code=200,
    )
    async def refresh(
        self,
        data: JSONBody[SessionRefresh],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
        registry: NamedDependency[Registry],
        device: DeviceId = None,
    ) -> ClerkSession:
        """Trade a refresh token for a new pair, with the scopes and scenes of now."""
        return _clerk_session(await auth.refresh_clerk(data.refresh_token, _on(device, client)), registry)

    @delete(
        opt={"audience": "verifier", "assurance": None, "scope": None},
        operation_id="ClerkSignOut",
        summary="End the shift",
    )
    async def sign_out(
        self, principal: NamedDependency[Principal], auth: NamedDependency[AuthService]
    ) -> None:
        """End this session everywhere."""
        await auth.sign_out(principal.session)


class IssuerSessionController(Controller):
    """A department's access."""

    path = "/issuer/v1/session"
    tags = ("session",)

    @post(
        opt={**_PUBLIC, "refusals": _NO_DEPARTMENT},
        operation_id="IssuerSignIn",
        summary="Access for a department",
    )
    async def sign_in(
        self,
        data: JSONBody[IssuerSignIn],
        client: NamedDependency[ClientFacts],
        auth: NamedDependency[AuthService],
    ) -> IssuerSession:
        """Trade a client assertion for an access token (RFC 7523, `private_key_jwt`)."""
        signed_in = await auth.sign_in_department(data.client_assertion, client)
        return IssuerSession(
            access_token=signed_in.access.text,
            expires_at=signed_in.access.expires_at,
            organisation=signed_in.organisation,
            scopes=list(signed_in.scopes),
        )


@get(
    "/.well-known/jwks.json",
    opt=_PUBLIC,
    tags=["trust"],
    operation_id="TokenKeys",
    summary="Keys of access tokens (JWKS)",
)
async def token_keys_document(token_keys: NamedDependency[KeyRing]) -> Response[JsonWebKeySet]:
    """The public keys our access tokens may be signed with (RFC 7517)."""
    return Response(token_keys.published(), headers={"Cache-Control": "public, max-age=300"})


def _on(device: str | None, client: ClientFacts) -> ClientFacts:
    return msgspec.structs.replace(client, device=device)


def begun_of(begun: Begun) -> SignInBegun:
    """A sign-in that goes on elsewhere, as whoever began it is told."""
    return SignInBegun(authorization_url=begun.url, state=begun.state, expires_at=begun.expires_at)


def _session(signed_in: ResidentSignedIn) -> Session:
    return Session(
        access_token=signed_in.access.text,
        expires_at=signed_in.access.expires_at,
        refresh_token=signed_in.refresh.text,
        refresh_expires_at=signed_in.refresh.expires_at,
        assurance=signed_in.assurance,
        display_name=signed_in.display_name,
    )


def _clerk_session(signed_in: ClerkSignedIn, registry: Registry) -> ClerkSession:
    # A scene that was taken out of the registry may still stand in a clerk's record: it grants nothing.
    known = [registry.scenes[code] for code in signed_in.scenes if code in registry.scenes]
    return ClerkSession(
        access_token=signed_in.access.text,
        expires_at=signed_in.access.expires_at,
        refresh_token=signed_in.refresh.text,
        refresh_expires_at=signed_in.refresh.expires_at,
        organisation=signed_in.organisation,
        organisation_name=signed_in.organisation_name,
        clerk_number=signed_in.clerk_number,
        scopes=list(signed_in.scopes),
        scenes=[SceneGrant(scene=scene.code, name=scene.name.zh, name_en=scene.name.en) for scene in known],
    )
