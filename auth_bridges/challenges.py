"""Step-up challenges: ES256 ``step-up+jwt``, ten minutes, for one request of one session.

    sub, sid    who was asked, and in which session
    opn, pld    the operation, and SHA-256 of what it was to do
    jti         so that it counts once

Not an access token: the type in its header is another, and the verifier of those refuses it unread.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

import jwt
import msgspec
from msgspec import Struct

from auth_bridges.jws import NOT_JSON, NotReadable, take_apart
from auth_bridges.models import Actor
from auth_bridges.ports import TokenKeys
from auth_bridges.refusals import ChallengeRefused
from auth_bridges.rules.policy import Operation
from auth_bridges.tokens import Moment

LIVES: Final = timedelta(minutes=10)


class _Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: Literal["ES256"]
    typ: Literal["step-up+jwt"]
    kid: str


class Challenge(Struct, frozen=True, kw_only=True):
    """What a challenge says."""

    iss: str
    env: str
    sub: str
    sid: str
    opn: Operation
    pld: str
    jti: str
    exp: Moment


_jws: Final = jwt.PyJWS(algorithms=["ES256"])
_encode: Final = msgspec.json.Encoder().encode
_decode_header: Final = msgspec.json.Decoder(_Header).decode
_decode: Final = msgspec.json.Decoder(Challenge).decode


class Challenges:
    """Gives challenges, and knows its own."""

    def __init__(self, keys: TokenKeys, *, issuer: str, environment: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._environment = environment

    def give(
        self, actor: Actor, operation: Operation, payload: bytes, *, name: str, now: datetime
    ) -> tuple[str, datetime]:
        """A challenge called ``name`` for ``actor`` to do ``operation`` with ``payload``, and its end."""
        ends = (now + LIVES).replace(microsecond=0)
        claims = Challenge(
            iss=self._issuer,
            env=self._environment,
            sub=actor.resident,
            sid=actor.session,
            opn=operation,
            pld=digest(payload),
            jti=name,
            exp=int(ends.timestamp()),
        )
        key = self._keys.signing()
        headers = {"typ": "step-up+jwt", "kid": key.kid}
        return _jws.encode(_encode(claims), key.private, "ES256", headers=headers), ends

    def read(self, text: str, actor: Actor, *, now: datetime) -> Challenge:
        """What ``text`` says if we gave it to ``actor`` in this session and it has not ended, or refuse."""
        try:
            parts = take_apart(text)
            key = self._keys.verifying(_decode_header(parts.header).kid)
            if key is None or not parts.is_signed_by(key):
                raise ChallengeRefused
            claims = _decode(parts.payload)
        except (NotReadable, *NOT_JSON) as error:
            raise ChallengeRefused from error
        ours = (claims.iss, claims.env) == (self._issuer, self._environment)
        theirs = (claims.sub, claims.sid) == (actor.resident, actor.session)
        if not (ours and theirs) or now >= datetime.fromtimestamp(claims.exp, UTC):
            raise ChallengeRefused
        return claims


def digest(payload: bytes) -> str:
    """How a payload stands in a challenge."""
    return sha256(payload).hexdigest()
