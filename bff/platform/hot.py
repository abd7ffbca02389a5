"""The routes a whole city calls in the same minute, without the framework's detour.

A handler that says ``opt={"hot": True}`` takes nothing but a JSON body, who calls (the principal; on a
public route the client and its device) and parts of the platform, and answers with a struct. For it the
framework's parsing, injecting and encoding cost more than the work; here the same function is called with
the same things, resolved by hand. Everything it declares still holds: access, status, the body's type, the
limits of a body, the header's rule, the deadline, the refusals. It stays a Litestar handler as well, so it
is in the contract and in every test that walks the routes, and a test asks both ways the same questions.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from litestar.typing import FieldDefinition

from auth_bridges.refusals import SignInRequired
from bff.platform.caller import client_of
from bff.platform.deadlines import allowed_seconds
from bff.platform.guards import ACCESS, PUBLIC, Access, Identifies, routes_of
from bff.platform.identity import Principal, bearer_of
from bff.platform.problems import ENVELOPE, MAX_BODY, MEDIA_TYPE, answer, sent_name
from bff.platform.wire import decode_body

_encode: Final = msgspec.json.Encoder().encode
_BODY: Final = "data"
_CALLER: Final = "principal"
_CLIENT: Final = "client"
_DEVICE: Final = "device"
_ENVELOPE: Final = ENVELOPE.lower().encode()
_JSON: Final = (b"content-type", b"application/json")


class _Header:
    """An optional header and the rule it keeps."""

    __slots__ = ("_name", "_pattern", "_rule", "_told")

    def __init__(self, parameter: str, field: FieldDefinition) -> None:
        declared = field.kwarg_definition
        if not isinstance(declared, HeaderParameter) or not declared.pattern or field.default is not None:
            raise TypeError(
                f"{parameter}: only an optional header with a pattern can be asked of a hot route"
            )
        self._told = sent_name(parameter, declared)
        self._name = self._told.lower().encode()
        self._pattern = declared.pattern
        self._rule = re.compile(declared.pattern)

    def of(self, scope: HTTPScope) -> str | None:
        """What the request says, None if nothing; refused as the framework refuses it."""
        for name, value in scope["headers"]:
            if name == self._name:
                said: str = value.decode("latin-1")
                if self._rule.search(said) is None:
                    told = f"Expected `str` matching regex {self._pattern!r}"
                    raise ValidationException(
                        extra=[{"source": "header", "key": self._told, "message": told}]
                    )
                return said
        return None


class _Hot:
    """A handler taken apart once."""

    __slots__ = (
        *("access", "body", "call", "client", "device", "handler", "parts", "patience", "status"),
        "template",
    )

    def __init__(self, handler: HTTPRouteHandler, template: str, patience: float) -> None:
        access = handler.opt[ACCESS]
        body = handler.parsed_data_field
        wanted = handler.parsed_fn_signature.parameters
        if (
            not isinstance(access, Access)
            or body is None
            or (access.audience == PUBLIC) == (_CALLER in wanted)
        ):
            raise TypeError(
                f"{template}: only a route with a body can be hot, and a caller unless it is public"
            )
        self.call: Callable[..., Awaitable[Any]] = handler.fn
        self.handler = handler
        self.access = access
        self.body = body.annotation
        self.client = _CLIENT in wanted
        self.device = None if _DEVICE not in wanted else _Header(_DEVICE, wanted[_DEVICE])
        self.parts = frozenset(wanted) - {"self", _BODY, _CALLER, _CLIENT, _DEVICE}
        self.patience = allowed_seconds(handler, patience)
        self.status = handler.status_code
        self.template = template


class HotRoutes:
    """Answers the hot routes of ``app`` itself and hands everything else on to it."""

    def __init__(
        self,
        app: Litestar,
        *,
        authenticator: Identifies,
        part: Callable[[str], object],
        refused: Callable[[Exception, HTTPScope], Awaitable[None]],
        patience: float,
        proxies: int = 0,
    ) -> None:
        self._app: ASGIApp = app
        self._authenticator = authenticator
        self._part = part
        self._refused = refused
        self._proxies = proxies
        self._hot = {
            tuple(name.split(" ", 1)): _Hot(handler, name.split(" ", 1)[1], patience)
            for name, handler in routes_of(app)
            if handler.opt.get("hot") and isinstance(handler, HTTPRouteHandler)
        }
        self._parts: dict[str, Mapping[str, object]] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection."""
        if scope["type"] == ScopeType.HTTP:
            hot = self._hot.get((scope["method"], scope["path"]))
            if hot is not None:
                return self._serve(hot, scope, receive, send)
        return self._app(scope, receive, send)

    async def _serve(self, hot: _Hot, scope: HTTPScope, receive: Receive, send: Send) -> None:
        # What the edge measures and logs by, as the router would have left it.
        scope["path_template"] = hot.template
        scope["route_handler"] = hot.handler
        try:
            caller: dict[str, object] = {}
            # Public: a token is not looked at, for an expired one must keep nobody from signing in.
            if hot.access.audience != PUBLIC:
                caller[_CALLER] = self._admitted(hot, scope)
            data = decode_body(await _read(scope, receive), hot.body)
            if hot.device is not None:
                caller[_DEVICE] = hot.device.of(scope)
            if hot.client:
                caller[_CLIENT] = client_of(scope, self._proxies)
            status, headers = hot.status, [_JSON]
            async with asyncio.timeout(hot.patience):
                answered = await hot.call(data=data, **caller, **self._resolved(hot))
            body = _encode(answered)
        except Exception as error:  # noqa: BLE001 - every one becomes a problem, as on any other route
            await self._refused(error, scope)
            wants_envelope = any(name == _ENVELOPE and value == b"1" for name, value in scope["headers"])
            made = answer(error, envelope=wants_envelope)
            status, body = made.status, made.body
            headers = [(name.lower().encode(), value.encode()) for name, value in made.headers.items()]
            headers.append((b"content-type", MEDIA_TYPE.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _admitted(self, hot: _Hot, scope: HTTPScope) -> Principal:
        authorization = bearer_of(scope)
        if authorization is None:
            raise SignInRequired
        principal = self._authenticator.identify(authorization)
        hot.access.admit(principal, endings_heard=self._authenticator.endings_heard)
        return principal

    def _resolved(self, hot: _Hot) -> Mapping[str, object]:
        parts = self._parts.get(hot.template)
        if parts is None:
            parts = self._parts[hot.template] = {name: self._part(name) for name in hot.parts}
        return parts


async def _read(scope: HTTPScope, receive: Receive) -> bytes:
    """The body of a JSON request, whole; refused before it is read if it is something else."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value.partition(b";")[0].strip().lower()
            if kind != b"application/json" and not kind.endswith(b"+json"):
                raise HTTPException(status_code=415)
        elif name == b"content-length" and value.isdigit() and int(value) > MAX_BODY:
            raise HTTPException(status_code=413)
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise HTTPException(status_code=400)  # gone before the request was whole
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise HTTPException(status_code=413)
        if not message.get("more_body", False):
            return body
