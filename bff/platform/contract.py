"""The contract in the three forms others build on: OpenAPI 3.1, JSON Schema, TypeScript."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from litestar import Litestar
from msgspec import Struct

import miniapp_schemas
from bff.platform.openapi import components_of, openapi_document, operations_of
from bff.platform.typescript import typescript
from miniapp_schemas.examples import EXAMPLES

__all__ = ["COMMITTED", "VERSION", "Contract", "contract_of"]

VERSION: Final = "1.0"
"""Of the contract: the second number rises when something is added; the first is the one in ``/v1``."""
COMMITTED: Final = Path(miniapp_schemas.__file__).with_name("generated")
_NAMES: Final = {"openapi": "openapi.json", "json_schema": "schema.json", "typescript": "contract.d.ts"}


class Contract(Struct, frozen=True, kw_only=True):
    """What a client is generated from."""

    openapi: bytes
    json_schema: bytes
    typescript: bytes

    @property
    def files(self) -> Mapping[str, bytes]:
        """Each form under the name it is exported as."""
        return {name: getattr(self, field) for field, name in _NAMES.items()}

    @classmethod
    def committed(cls) -> "Contract":
        """The copy this release was built with; a test holds it to the routes."""
        return cls(**{field: (COMMITTED / name).read_bytes() for field, name in _NAMES.items()})

    def write(self, folder: Path) -> None:
        """Export into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def contract_of(app: Litestar) -> Contract:
    """The contract of the routes of ``app``; the same routes give the same bytes."""
    operations = operations_of(app)
    components = components_of(operations)
    definitions = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:suishen:contract:v1",
        "$defs": components,
    }
    return Contract(
        openapi=_pretty(openapi_document(app, version=VERSION, examples=EXAMPLES)),
        json_schema=_pretty(definitions).replace(b"#/components/schemas/", b"#/$defs/"),
        typescript=typescript(operations, components).encode(),
    )


def _pretty(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
