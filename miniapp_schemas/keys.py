"""Public keys as they are published (RFC 7517)."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Response


class JsonWebKey(Response, frozen=True, kw_only=True):
    """A public P-256 key that verifies ES256 signatures."""

    kty: Literal["EC"] = "EC"
    crv: Literal["P-256"] = "P-256"
    x: Annotated[str, Meta(description="Base64url, 32 bytes.")]
    y: Annotated[str, Meta(description="Base64url, 32 bytes.")]
    kid: Annotated[str, Meta(description="RFC 7638 thumbprint.")]
    use: Literal["sig"] = "sig"
    alg: Literal["ES256"] = "ES256"


class JsonWebKeySet(Response, frozen=True, kw_only=True):
    """Every key still accepted, the one signing now first."""

    keys: list[JsonWebKey]
