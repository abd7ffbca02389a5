"""How a request is read: strictly, and in one pass.

The framework would decode a body to plain objects and convert them leniently (``"1"`` would do for 1); here
the bytes are decoded once, straight into the struct the handler declared, by msgspec's own rules. It would
take the last of a parameter given twice, and ``1_0`` in a path for 10; both are refused. A query parameter
nobody declared is passed over: browsers in apps and caches on the way append some of their own.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.params import QueryParameter
from litestar.types import ASGIApp, Empty, Receive, Scope, Send

from bff.platform.problems import sent_name

__all__ = ["AddressMiddleware", "WireRequest", "decode_body"]

_decoders: Final[dict[object, msgspec.json.Decoder[Any]]] = {}


class WireRequest(Request[Any, Any, State]):
    """A request whose ``data`` is what the contract says, or is refused naming the field."""

    async def json(self) -> Any:  # noqa: ANN401 - as the framework declares it
        """The body as the struct the handler declared."""
        if self._json is Empty:
            self._json = decode_body(await self._json_bytes(), self._declared())
        return self._json

    async def _json_bytes(self) -> bytes:
        kind, _ = self.content_type
        if kind != "application/json" and not kind.endswith("+json"):
            raise HTTPException(status_code=415)
        return await self.body()

    def _declared(self) -> object:
        field = self.route_handler.parsed_data_field
        # The bare type: hashing an `Annotated` walks all that it is annotated with.
        return Any if field is None else field.annotation


def decode_body(body: bytes, kind: object) -> Any:  # noqa: ANN401 - it is whatever was declared
    """``body`` as ``kind``, or a refusal naming the field."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    if not body:
        raise _refused("body", "", "Required")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise _refused("body", path.rstrip("`").lstrip("."), message) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _refused("body", "", "Not JSON") from None


class AddressMiddleware(ASGIMiddleware):
    """Refuses an address that can be read in two ways."""

    def __init__(self) -> None:
        self._declared: dict[BaseRouteHandler, frozenset[str]] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request through, or raise."""
        in_path: Mapping[str, object] = scope["path_params"]  # converted by now
        for value in in_path.values():
            if isinstance(value, int) and str(value) not in scope["path"].split("/"):
                raise NotFoundException
        if query := scope["query_string"]:
            declared = self._parameters(scope["route_handler"])
            # None of ours is a list.
            seen: set[str] = set()
            for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
                if name in seen and name in declared:
                    raise _refused("query", name, "Given more than once")
                seen.add(name)
        await next_app(scope, receive, send)

    def _parameters(self, handler: BaseRouteHandler) -> frozenset[str]:
        declared = self._declared.get(handler)
        if declared is None:
            declared = self._declared[handler] = frozenset(
                sent_name(name, field.kwarg_definition)
                for name, field in handler.parsed_fn_signature.parameters.items()
                if isinstance(field.kwarg_definition, QueryParameter)
            )
        return declared


def _refused(source: str, key: str, message: str) -> ValidationException:
    return ValidationException(extra=[{"source": source, "key": key, "message": message}])
