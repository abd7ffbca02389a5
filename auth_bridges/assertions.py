"""A department proves who it is by an assertion it signs (``private_key_jwt``, RFC 7523 §3).

    iss = sub    the department's id
    aud          ``suishen:issuer``, alone
    iat, exp     five minutes apart at most
    jti          new each time

Whose key it must be, and that the jti is new, is for the service to say. A department's id is public,
so that it may be told from the time an answer takes is no loss.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from msgspec import Meta, Struct

from auth_bridges.jws import NOT_JSON, Jws, NotReadable, decode_part, take_apart
from auth_bridges.models import DepartmentKey
from auth_bridges.refusals import AssertionRefused
from auth_bridges.tokens import Moment

LONGEST: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(seconds=5)


class _Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department may name its key; it may not bring one along (``jwk``, ``jku``, ``x5c``)."""

    alg: Literal["ES256"]
    typ: Literal["JWT"] = "JWT"
    kid: str | None = None


class _Claims(Struct, frozen=True, kw_only=True):
    iss: Annotated[str, Meta(min_length=1, max_length=64)]
    sub: str
    aud: Literal["suishen:issuer"]
    iat: Moment
    exp: Moment
    jti: Annotated[str, Meta(min_length=8, max_length=128)]


_decode_header: Final = msgspec.json.Decoder(_Header).decode
_decode_claims: Final = msgspec.json.Decoder(_Claims).decode


class Assertion(Struct, frozen=True, kw_only=True):
    """An assertion as it was read; nothing in it is to be believed before ``is_by`` said yes."""

    department: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    jws: Jws

    def is_by(self, keys: Iterable[EllipticCurvePublicKey], *, now: datetime) -> bool:
        """Whether the holder of one of ``keys`` made this, for now."""
        in_time = self.issued_at <= now + LEEWAY and now < self.expires_at + LEEWAY
        short = self.expires_at - self.issued_at <= LONGEST
        return in_time and short and any(self.jws.is_signed_by(key) for key in keys)


def read_assertion(text: str) -> Assertion:
    """What ``text`` claims, or ``AssertionRefused`` if it has not the one accepted form."""
    try:
        jws = take_apart(text)
        _decode_header(jws.header)
        claims = _decode_claims(jws.payload)
        if claims.sub != claims.iss:
            raise AssertionRefused
        return Assertion(
            department=claims.iss,
            token_id=claims.jti,
            issued_at=datetime.fromtimestamp(claims.iat, UTC),
            expires_at=datetime.fromtimestamp(claims.exp, UTC),
            jws=jws,
        )
    except (NotReadable, *NOT_JSON) as error:
        raise AssertionRefused from error


def public_key(key: DepartmentKey) -> EllipticCurvePublicKey:
    """The key a registered JWK means; ``ValueError`` for what is not a point of P-256."""
    x, y = (int.from_bytes(decode_part(part.encode("ascii"))) for part in (key.x, key.y))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
