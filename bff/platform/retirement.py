"""Signed statements that data was destroyed: a compact JWS (ES256) by the ring of access tokens.

Its ``typ`` is one that no token and no checkpoint has (RFC 8725 §3.11). The file an operator keeps holds the
statement to be read and the JWS to be checked; they must say the same.
"""

from typing import Final, Literal

import jwt
import msgspec
from msgspec import Struct

from auth_bridges.jws import NOT_JSON, NotReadable, take_apart
from bff.platform.checkpoints import Believed
from bff.platform.keys import RingKey
from health_code.models import RetirementStatement

__all__ = ["NotProved", "Proof", "prove", "read_proof"]

_TYPE: Final = "health-retirement+jwt"
_LONGEST: Final = 262_144
_jws: Final = jwt.PyJWS(algorithms=["ES256"])
_encode: Final = msgspec.json.Encoder().encode


class _Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: Literal["ES256"]
    typ: Literal["health-retirement+jwt"]
    kid: str


class Proof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator keeps: the statement, and the same signed."""

    statement: RetirementStatement
    jws: str


_decode_header: Final = msgspec.json.Decoder(_Header).decode
_decode_statement: Final = msgspec.json.Decoder(RetirementStatement).decode
_decode_proof: Final = msgspec.json.Decoder(Proof).decode


class NotProved(Exception):
    """A proof that proves nothing, and why; ``unreadable`` if it is none at all."""

    def __init__(self, zh: str, en: str, *, unreadable: bool = False) -> None:
        super().__init__(en)
        self.zh, self.en, self.unreadable = zh, en, unreadable


def prove(statement: RetirementStatement, key: RingKey) -> Proof:
    """``statement``, signed by ``key``."""
    headers = {"typ": _TYPE, "kid": key.kid}
    return Proof(statement=statement, jws=_jws.encode(_encode(statement), key.private, "ES256", headers))


def read_proof(raw: bytes, believed: Believed) -> RetirementStatement:
    """What ``raw`` states, signed by a believed key and saying that nothing is left; or ``NotProved``."""
    try:
        proof = _decode_proof(raw)
        parts = take_apart(proof.jws, longest=_LONGEST)
        kid = _decode_header(parts.header).kid
        statement = _decode_statement(parts.payload)
    except (NotReadable, *NOT_JSON) as cause:
        raise NotProved("不是销毁证明", "this is no proof of a retirement", unreadable=True) from cause
    key = believed(kid)
    if key is None:
        raise NotProved(f"签名密钥 {kid} 不可信", f"it is signed by a key that is not believed, {kid}")
    if not parts.is_signed_by(key):
        raise NotProved("签名不符", "it is not as it was signed")
    if proof.statement != statement:
        raise NotProved("明文与签名内容不同", "what is written is not what was signed")
    if left := [each.place for each in statement.destroyed if each.left != 0]:
        raise NotProved(f"仍有数据：{'、'.join(left)}", f"something was left: {', '.join(left)}")
    return statement
