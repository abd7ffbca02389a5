"""Signing in: residents by a provider's one-time code, clerks and departments by their own means."""

from typing import Annotated

from msgspec import Meta

from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Instant, Request, Response

SessionId = Annotated[
    str, Meta(description="A session's id; opens nothing by itself.", pattern=r"^[0-9a-f]{32}\Z")
]
ProviderCode = Annotated[
    str,
    Meta(description="The code of `wx.login`: once, five minutes.", pattern=r"^[A-Za-z0-9_-]{1,128}\Z"),
]
RefreshToken = Annotated[str, Meta(description="Opaque; single use.", pattern=r"^[A-Za-z0-9_-]{43,128}\Z")]
OrganisationId = Annotated[str, Meta(description="The organisation's id.", min_length=1, max_length=64)]
ClerkNumber = Annotated[str, Meta(description="Number on the clerk's badge.", min_length=1, max_length=32)]
Passphrase = Annotated[str, Meta(description="The clerk's own.", min_length=8, max_length=128)]


class WechatSignIn(Request, frozen=True, kw_only=True):
    """Sign in with the code `wx.login` gave the mini-program."""

    code: ProviderCode


class AlipaySignIn(Request, frozen=True, kw_only=True):
    """Sign in with the code `my.getAuthCode` gave the mini-program."""

    code: Annotated[
        str,
        Meta(description="The code of `my.getAuthCode`: once.", pattern=r"^[A-Za-z0-9_-]{1,128}\Z"),
    ]


AuthorizationCode = Annotated[
    str,
    Meta(description="The `code` that came back: once, minutes.", pattern=r"^[\x20-\x7e]{1,1024}\Z"),
]
FlowState = Annotated[str, Meta(description="The `state` that came back.", pattern=r"^[0-9a-f]{32}\Z")]
ProviderIssuer = Annotated[
    str | None,
    Meta(description="The `iss` that came back (RFC 9207); an answer without it is refused."),
]


class SignInBegun(Response, frozen=True, kw_only=True):
    """A sign-in that goes on at an OpenID provider."""

    authorization_url: Annotated[str, Meta(description="Where to send the person, in this browser.")]
    state: Annotated[str, Meta(description="Finish only what comes back with this.")]
    expires_at: Annotated[Instant, Meta(description="Until when it can be finished.")]


class OidcSignIn(Request, frozen=True, kw_only=True):
    """Finish a sign-in with what the provider sent back in the address."""

    code: AuthorizationCode
    state: FlowState
    iss: ProviderIssuer = None


class ClerkSsoBegin(Request, frozen=True, kw_only=True):
    """Sign in where the organisation's people sign in."""

    organisation: OrganisationId


class SessionRefresh(Request, frozen=True, kw_only=True):
    """Trade a refresh token for a new pair."""

    refresh_token: RefreshToken


class Session(Response, frozen=True, kw_only=True):
    """A resident's session."""

    access_token: Annotated[str, Meta(description="ES256 `at+jwt`; send as `Authorization: Bearer`.")]
    expires_at: Annotated[Instant, Meta(description="When the access token ends.")]
    refresh_token: Annotated[str, Meta(description="Opaque; trade it once for a new pair.")]
    refresh_expires_at: Annotated[Instant, Meta(description="When the refresh token ends.")]
    assurance: Annotated[AssuranceLevel, Meta(description="Real-name level of this session.")]
    display_name: Annotated[str | None, Meta(description="Masked name, once real-name.")] = None


class ClerkSignIn(Request, frozen=True, kw_only=True):
    """Sign in at a counter, with two factors: a passphrase, and a code of the clerk's phone or token."""

    organisation: OrganisationId
    clerk_number: ClerkNumber
    passphrase: Passphrase
    one_time_code: Annotated[
        Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")] | None,
        Meta(description="Of half a minute (RFC 6238), each good once; none before one is set up."),
    ] = None


class SecondFactorBegin(Request, frozen=True, kw_only=True):
    """Set up a second factor: a clerk who is new, or whose phone was lost."""

    organisation: OrganisationId
    clerk_number: ClerkNumber
    passphrase: Passphrase


class SecondFactorSecret(Response, frozen=True, kw_only=True):
    """A secret for an authenticator app; it counts once a sign-in brings a code of it."""

    secret: Annotated[str, Meta(description="Base32, to be typed.")]
    url: Annotated[str, Meta(description="`otpauth://…`, to be drawn as a QR code and scanned.")]


class SceneGrant(Response, frozen=True, kw_only=True):
    """A scene the clerk may check in."""

    scene: Annotated[str, Meta(description="Scene code.")]
    name: Annotated[str, Meta(description="Chinese.")]
    name_en: Annotated[str, Meta(description="English.")]


class ClerkSession(Response, frozen=True, kw_only=True):
    """A clerk's session, for one shift at most."""

    access_token: Annotated[str, Meta(description="ES256 `at+jwt` for `/verifier/v1` only.")]
    expires_at: Annotated[Instant, Meta(description="When the access token ends.")]
    refresh_token: Annotated[str, Meta(description="Opaque; trade it once for a new pair.")]
    refresh_expires_at: Annotated[Instant, Meta(description="When the shift ends.")]
    organisation: Annotated[str, Meta(description="The organisation's id.")]
    organisation_name: Annotated[str, Meta(description="As the resident will see it.")]
    clerk_number: Annotated[str, Meta(description="As the resident will see it.")]
    scopes: Annotated[list[str], Meta(description="What the clerk may do.")]
    scenes: Annotated[list[SceneGrant], Meta(description="Where the clerk may do it.")]


class IssuerSignIn(Request, frozen=True, kw_only=True):
    """A department's client assertion (RFC 7523, `private_key_jwt`)."""

    client_assertion: Annotated[
        str,
        Meta(
            description="ES256 JWT: iss = sub = department's id, aud = `suishen:issuer`, jti, exp ≤ 5 min.",
            min_length=20,
            max_length=4096,
        ),
    ]


class IssuerSession(Response, frozen=True, kw_only=True):
    """A department's access token; no refresh, assert again."""

    access_token: Annotated[str, Meta(description="ES256 `at+jwt` for `/issuer/v1` only.")]
    expires_at: Annotated[Instant, Meta(description="When it ends.")]
    organisation: Annotated[str, Meta(description="The department's id.")]
    scopes: Annotated[list[str], Meta(description="What it may do.")]


class SignedInDevice(Response, frozen=True, kw_only=True):
    """One place where the caller is signed in (登录设备)."""

    id: SessionId
    current: Annotated[bool, Meta(description="Whether it is the session this was asked with.")]
    client: Annotated[str, Meta(description="By which way in: `wechat:APPID`, `suishen-clerk` …")]
    platform: Annotated[
        str | None,
        Meta(description="`iphone`, `ipad`, `android`, `harmony`, `windows`, `mac`, `linux`, if it told."),
    ]
    started_at: Annotated[Instant, Meta(description="When it began.")]
    renewed_at: Annotated[Instant, Meta(description="When it was last renewed; its start if never.")]
    expires_at: Annotated[Instant, Meta(description="When it ends however often it is renewed.")]


class SessionsEnded(Response, frozen=True, kw_only=True):
    """What ending the others did."""

    ended: Annotated[int, Meta(description="How many sessions were ended.", ge=0)]
