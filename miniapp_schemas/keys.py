"""Public keys as they are published (RFC 7517)."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Response


class JsonWebKey(Response, frozen=True, kw_only=True):
    """A public P-256 key that verifies ES256 signatures."""

    kty: Annotated[Literal["EC"], Meta(description="Elliptic curve.")] = "EC"
    crv: Annotated[Literal["P-256"], Meta(description="The curve.")] = "P-256"
    x: Annotated[str, Meta(description="Base64url, 32 bytes.")]
    y: Annotated[str, Meta(description="Base64url, 32 bytes.")]
    kid: Annotated[str, Meta(description="RFC 7638 thumbprint.")]
    use: Annotated[Literal["sig"], Meta(description="For signatures only.")] = "sig"
    alg: Annotated[Literal["ES256"], Meta(description="ECDSA with SHA-256.")] = "ES256"


class JsonWebKeySet(Response, frozen=True, kw_only=True):
    """Every key still accepted, the one signing now first."""

    keys: Annotated[list[JsonWebKey], Meta(description="One of them has the `kid` of a token.")]
