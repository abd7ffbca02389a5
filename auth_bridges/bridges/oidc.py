"""OpenID Connect: code flow with PKCE, as a confidential client (市民云, and organisations' own sign-in).

    begin     the address to send somebody to; what is asked is in the address, or pushed before (RFC 9126)
    redeem    the code for an ID token, asked once, with ``private_key_jwt`` (RFC 7523)
    key       a published key by name

A provider describes itself; the description is asked for once an hour, the keys too, and sooner if a token
names a key we do not know: a few times at once, and then once in a while, for strangers may choose the name.
Where the provider itself handed us the token nobody else did, so those looks are counted apart: no stranger
keeps us from the key of a sign-in.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import jwt
import msgspec
from msgspec import Struct

from auth_bridges.codec.openid import (
    ID_TOKEN,
    Metadata,
    NotAProvider,
    PublicKey,
    challenge_of,
    metadata_address,
    open_token,
    read_id_token,
    read_keys,
    read_metadata,
)
from auth_bridges.jws import NOT_JSON
from auth_bridges.models import Authentication, SignInFlow
from auth_bridges.ports import Chance, Clock, Http, Reply, TokenKeys
from auth_bridges.refusals import (
    CodeRejected,
    ProviderBusy,
    ProviderTokenKey,
    ProviderTokenUnreadable,
    ProviderUnavailable,
    ProviderUnreached,
)

_log: Final = logging.getLogger(__name__)
_FRESH: Final = timedelta(hours=1)
_LOOKS: Final = 4
_LOOK_EACH: Final = timedelta(seconds=15)
_ASSERTION: Final = timedelta(minutes=1)
_LARGEST: Final = 64 * 1024
_BY_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

T = TypeVar("T")


class _Tokens(Struct, frozen=True, kw_only=True):
    id_token: str | None = None


class _Pushed(Struct, frozen=True, kw_only=True):
    request_uri: str


class _Error(Struct, frozen=True, kw_only=True):
    error: str = ""


_decode_tokens: Final = msgspec.json.Decoder(_Tokens).decode
_decode_pushed: Final = msgspec.json.Decoder(_Pushed).decode
_decode_error: Final = msgspec.json.Decoder(_Error).decode
_encode: Final = msgspec.json.Encoder().encode
_jws: Final = jwt.PyJWS(algorithms=["ES256"])


class _Held(Struct, frozen=True, kw_only=True):
    """What a provider published, and when we asked."""

    metadata: Metadata
    keys: Mapping[str, PublicKey]
    asked_at: datetime


class _Looks:
    """So many looks at once, and then one each so often."""

    def __init__(self) -> None:
        self._due: datetime | None = None

    def take(self, now: datetime) -> int:
        """Take one: 0, or in how many seconds there is one again."""
        due = (now if self._due is None else max(self._due, now)) + _LOOK_EACH
        wait = (due - now - _LOOKS * _LOOK_EACH).total_seconds()
        if wait > 0:
            return math.ceil(wait)
        self._due = due
        return 0


class OpenIdProvider:
    """One issuer, to which we are one client."""

    def __init__(
        self,
        http: Http,
        *,
        issuer: str,
        client_id: str,
        redirect_uri: str,
        pushed: bool,
        keys: TokenKeys,
        clock: Clock,
        chance: Chance,
    ) -> None:
        """``pushed`` demands that what is asked travels behind the browser's back."""
        self.issuer = issuer
        self.client_id = client_id
        self._http = http
        self._redirect_uri = redirect_uri
        self._pushed = pushed
        self._keys = keys
        self._clock = clock
        self._chance = chance
        self._held: _Held | None = None
        self._asking: asyncio.Task[_Held] | None = None
        self._own_looks = _Looks()
        self._looks_for_others = _Looks()

    async def begin(self, flow: SignInFlow, state: str) -> str:
        """Where somebody signs in so that it fits ``flow``."""
        metadata = (await self._published(within=_FRESH)).metadata
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid",
            "state": state,
            "nonce": flow.nonce,
            "code_challenge": challenge_of(flow.verifier),
            "code_challenge_method": "S256",
        }
        if flow.acr:
            asked["acr_values"] = " ".join(flow.acr)
        if self._pushed:
            asked = {"client_id": self.client_id, "request_uri": await self._push(metadata, asked)}
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{separator}{urlencode(asked)}"

    async def redeem(self, code: str, flow: SignInFlow) -> Authentication:
        """Trade ``code``, once and without retry, for who the provider says signed in."""
        metadata = (await self._published(within=_FRESH)).metadata
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": flow.verifier,
        }
        tokens = await self._posted(metadata.token_endpoint, form, _decode_tokens)
        if tokens.id_token is None:
            raise ProviderTokenUnreadable
        token = open_token(tokens.id_token, types=ID_TOKEN)
        return read_id_token(
            token,
            await self._key(token.key_name, self._own_looks),
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=flow.nonce,
            now=self._clock(),
        )

    def knows(self, name: str) -> bool:
        """Whether the provider published a key called ``name`` when it was last asked."""
        return self._held is not None and name in self._held.keys

    async def key(self, name: str) -> PublicKey:
        """The provider's key called ``name``, which anybody may have named, or a refusal.

        ``ProviderUnavailable`` with how long to wait where we looked too often just now: it may be there.
        """
        return await self._key(name, self._looks_for_others)

    # --- how ------------------------------------------------------------------------------------------

    async def _key(self, name: str, looks: _Looks) -> PublicKey:
        before = self._held
        held = await self._published(within=_FRESH)
        if name not in held.keys and held is before:
            held = await self._looked_anew(looks)
        found = held.keys.get(name)
        if found is None:
            raise ProviderTokenKey
        return found

    async def _looked_anew(self, looks: _Looks) -> _Held:
        if self._asking is None or self._asking.done():
            wait = looks.take(self._clock())
            if wait:
                raise ProviderUnavailable(retry_after=wait)
        return await self._asked_for()

    async def _published(self, *, within: timedelta) -> _Held:
        """What the provider published, as it was ``within`` this time."""
        held = self._held
        if held is not None and self._clock() < held.asked_at + within:
            return held
        return await self._asked_for()

    async def _asked_for(self) -> _Held:
        # Everybody who comes meanwhile gets what the one who asks gets, a refusal too: queueing up to ask a
        # dead provider one after the other would keep the last one waiting for minutes.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> _Held:
        asked_at = self._clock()
        reply = await self._asked("GET", metadata_address(self.issuer))
        metadata = self._read(lambda: read_metadata(_body(reply), issuer=self.issuer))
        if self._pushed and metadata.pushed_authorization_request_endpoint is None:
            _log.error("%s takes no pushed authorization requests", self.issuer)
            raise ProviderUnavailable
        keys = await self._published_keys(metadata)
        self._held = _Held(metadata=metadata, keys=keys, asked_at=asked_at)
        return self._held

    async def _published_keys(self, metadata: Metadata) -> Mapping[str, PublicKey]:
        reply = await self._asked("GET", metadata.jwks_uri)
        return self._read(lambda: read_keys(_body(reply)))

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except NotAProvider as why:
            _log.error("%s is no provider: %s", self.issuer, why)
            raise ProviderUnavailable from None

    async def _push(self, metadata: Metadata, asked: Mapping[str, str]) -> str:
        endpoint = metadata.pushed_authorization_request_endpoint
        if endpoint is None:
            raise ProviderUnavailable
        return (await self._posted(endpoint, asked, _decode_pushed)).request_uri

    async def _posted(self, url: str, form: Mapping[str, str], decode: Callable[[bytes], T]) -> T:
        proof = {
            "client_id": self.client_id,
            "client_assertion_type": _BY_ASSERTION,
            "client_assertion": self._assertion(),
        }
        body = urlencode({**form, **proof}).encode()
        reply = await self._asked("POST", url, headers=_FORM, body=body)
        if not 200 <= reply.status < 300:
            raise self._refusal(reply)
        try:
            return decode(reply.body)
        except NOT_JSON:
            _log.warning("%s answered, but not in JSON as documented", self.issuer)
            raise ProviderUnavailable from None

    async def _asked(self, method: str, url: str, **how: Any) -> Reply:  # noqa: ANN401 - `Http` says what
        # Nothing is chained: the client's exceptions may hold the code and our assertion.
        try:
            return await self._http(method, url, largest=_LARGEST, **how)
        except ConnectionRefusedError:
            raise ProviderUnreached from None
        except (TimeoutError, ConnectionAbortedError):
            raise ProviderUnavailable from None

    def _refusal(self, reply: Reply) -> Exception:
        """RFC 6749 §5.2: what the provider's error means to whoever is signing in."""
        try:
            error = _decode_error(reply.body).error
        except NOT_JSON:
            error = ""
        if error == "invalid_grant":
            return CodeRejected()
        if reply.status == 429:
            return ProviderBusy(retry_after=60)
        if error in ("invalid_client", "unauthorized_client", "invalid_request"):
            _log.error("%s refuses us as a client: %s", self.issuer, error)
        else:
            _log.warning("%s answered with status %d", self.issuer, reply.status)
        return ProviderUnavailable()

    def _assertion(self) -> str:
        """Who we are, for a minute and once; ``aud`` is the issuer alone (RFC 7523 §3, FAPI 2.0 §5.3.3)."""
        now = self._clock()
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": self._chance(16).hex(),
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION).timestamp()),
        }
        key = self._keys.signing()
        return _jws.encode(_encode(claims), key.private, "ES256", headers={"kid": key.kid})


def _body(reply: Reply) -> bytes:
    """The body of a 200; whatever else came is none of what was asked for."""
    return reply.body if reply.status == 200 else b""
