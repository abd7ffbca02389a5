"""How a JSON body is read: strictly, and in one pass.

The framework would decode to plain objects and convert them leniently (``"1"`` would do for 1); here
the bytes are decoded once, straight into the struct the handler declared, by msgspec's own rules.
"""

from typing import Any, Final

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Empty

__all__ = ["WireRequest", "decode_body"]

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
        raise _refused("", "Required")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise _refused(path.rstrip("`").lstrip("."), message) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _refused("", "Not JSON") from None


def _refused(key: str, message: str) -> ValidationException:
    return ValidationException(extra=[{"source": "body", "key": key, "message": message}])
