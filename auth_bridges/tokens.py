"""Access tokens: ES256 ``at+jwt`` (RFC 9068), ten minutes at most.

The law of this file: of all that JOSE allows, one form is accepted, the one minted here. A header
with any other algorithm, type or member (``jku``, ``x5u``, ``jwk``, ``crit``) is refused unread; keys
come from our own ring by ``kid`` and from nowhere else (RFC 8725 §3.1, §3.5, §3.11).
"""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from auth_bridges.jws import NOT_JSON, NotReadable, put_together, take_apart
from auth_bridges.models import AccessToken, Acting, Audience, Grant
from auth_bridges.ports import TokenKeys
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel

LEEWAY: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(minutes=10)
_LEEWAY: Final = LEEWAY.total_seconds()
_LONGEST: Final = LONGEST.total_seconds()
_AUDIENCES: Final = {audience.urn: audience for audience in Audience}


class TokenRefused(Exception):
    """Not a token to believe; the reason is for logs, the bearer is told nothing."""


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The only header there is; every member must be there."""

    alg: Literal["ES256"]
    typ: Literal["at+jwt"]
    kid: str


Moment = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970, before the year 10000."""


class Actor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ``act`` claim (RFC 8693 §4.1): who really holds the token, why they may, and in which case."""

    sub: str
    nam: str
    typ: ActingKind
    gid: str
    cas: str | None = None


class Claims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims set; what has no default must be there. Later claims are only added."""

    iss: str
    aud: str
    sub: str
    sid: str
    jti: str
    iat: Moment
    exp: Moment
    client_id: str
    env: str
    acr: AssuranceLevel
    scope: str
    hld: str | None = None
    org: str | None = None
    orn: str | None = None
    clk: str | None = None
    scn: list[str] = []
    act: Actor | None = None
    auth_time: Moment | None = None
    amr: list[str] = []
    tps: list[str] = []
    nbf: Moment | None = None
    """We never say it; who says it is held to it (RFC 7519 §4.1.5)."""


class VerifiedToken(Struct, frozen=True, kw_only=True):
    """What a good token says, and when it stops saying it."""

    grant: Grant
    token_id: str
    ends: int
    """Seconds since 1970."""

    @property
    def expires_at(self) -> datetime:
        """The same as an instant."""
        return datetime.fromtimestamp(self.ends, UTC)


_encode: Final = msgspec.json.Encoder().encode
_decode_header: Final = msgspec.json.Decoder(Header).decode
_decode_claims: Final = msgspec.json.Decoder(Claims).decode


@cache
def _header_of(kid: str) -> bytes:
    return _encode(Header(alg="ES256", typ="at+jwt", kid=kid))


@lru_cache(maxsize=16)
def _kid_of(header: bytes) -> str:
    return _decode_header(header).kid


class AccessTokens:
    """Mints and verifies. Which API a token opens is in it: ``aud`` is one service, never a list."""

    def __init__(self, keys: TokenKeys, *, issuer: str, environment: str, lifetime: timedelta) -> None:
        self._keys = keys
        self._issuer = issuer
        self._environment = environment
        self._lifetime = min(lifetime, LONGEST)

    def mint(
        self, grant: Grant, *, token_id: str, now: datetime, ends: datetime | None = None
    ) -> AccessToken:
        """A token for ``grant`` from ``now``; it never outlives ``ends``, its session's end."""
        expires_at = (now + self._lifetime).replace(microsecond=0)
        if ends is not None:
            expires_at = min(expires_at, ends.replace(microsecond=0))
        claims = Claims(
            iss=self._issuer,
            aud=grant.audience.urn,
            # RFC 8693: the token is about whom it acts for, and names who acts beside it.
            sub=grant.subject if grant.acting is None else grant.acting.whom,
            sid=grant.session,
            jti=token_id,
            iat=int(now.timestamp()),
            exp=int(expires_at.timestamp()),
            client_id=grant.client,
            env=self._environment,
            acr=grant.assurance,
            scope=" ".join(sorted(grant.scopes)),
            hld=grant.holder,
            org=grant.organisation,
            orn=grant.organisation_name,
            clk=grant.clerk_number,
            scn=sorted(grant.scenes),
            act=None if grant.acting is None else _actor(grant.subject, grant.acting),
            auth_time=None if grant.auth_time is None else int(grant.auth_time.timestamp()),
            amr=sorted(grant.methods),
            tps=sorted(grant.types),
        )
        key = self._keys.signing()
        text = put_together(_header_of(key.kid), _encode(claims), key.private)
        return AccessToken(text=text, expires_at=expires_at)

    def verify(self, text: str, *, now: datetime) -> VerifiedToken:
        """What ``text`` says if we minted it and it has not ended, else ``TokenRefused``."""
        return self.verify_at(text, now.timestamp())

    def verify_at(self, text: str | bytes, at: float) -> VerifiedToken:
        """The same, ``at`` so many seconds since 1970: who is asked about every request has them so."""
        claims = self._read(text)
        audience = _AUDIENCES.get(claims.aud)
        if claims.iss != self._issuer or audience is None or claims.env != self._environment:
            raise TokenRefused("made by or for somebody else")
        if at >= claims.exp + _LEEWAY:
            raise TokenRefused("ended")
        if claims.nbf is not None and claims.nbf > at + _LEEWAY:
            raise TokenRefused("not yet")
        if claims.iat > at + _LEEWAY or claims.exp - claims.iat > _LONGEST:
            raise TokenRefused("lives outside its time")
        return VerifiedToken(
            grant=Grant(
                audience=audience,
                subject=claims.sub if claims.act is None else claims.act.sub,
                session=claims.sid,
                client=claims.client_id,
                assurance=claims.acr,
                scopes=frozenset(claims.scope.split()),
                holder=claims.hld,
                organisation=claims.org,
                organisation_name=claims.orn,
                clerk_number=claims.clk,
                scenes=frozenset(claims.scn),
                acting=None if claims.act is None else _acting(claims.sub, claims.act),
                auth_time=None if claims.auth_time is None else datetime.fromtimestamp(claims.auth_time, UTC),
                methods=frozenset(claims.amr),
                types=frozenset(claims.tps),
            ),
            token_id=claims.jti,
            ends=claims.exp,
        )

    def _read(self, text: str | bytes) -> Claims:
        try:
            parts = take_apart(text)
            key = self._keys.verifying(_kid_of(parts.header))
            if key is None:
                raise TokenRefused("signed with a key we do not hold")
            if not parts.is_signed_by(key):
                raise TokenRefused("not as it was signed")
            return _decode_claims(parts.payload)
        except (NotReadable, *NOT_JSON) as error:
            raise TokenRefused("not a token of the one accepted form") from error


def _actor(subject: str, acting: Acting) -> Actor:
    return Actor(sub=subject, nam=acting.name, typ=acting.kind, gid=acting.grant, cas=acting.case)


def _acting(whom: str, actor: Actor) -> Acting:
    return Acting(kind=actor.typ, whom=whom, grant=actor.gid, name=actor.nam, case=actor.cas)
