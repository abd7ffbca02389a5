"""NZCP: the New Zealand COVID Pass (minhealthnz/nzcovidpass-spec 1.0).

    NZCP:/1/ base32( COSE_Sign1 over a CWT: {1: did:web, 5: not before, 4: expires, 7: id, "vc": {…}} )

The key is the one its issuer's did.json names under the kid, for assertions.
"""

from base64 import b32decode, b32encode
from typing import Any, Final

from health_code.codec.certificates import (
    Checked,
    Content,
    Format,
    Kind,
    Malformed,
    Statement,
    Subject,
    Term,
    Unreadable,
    Verdict,
    in_term,
    instant,
    seconds,
)
from health_code.codec.cose import ALG, KID, loads, open_sign1
from health_code.codec.signatures import ES256
from health_code.codec.trust import Trust

PREFIX: Final = "NZCP:/"

_VERSION: Final = "1/"
_LONGEST: Final = 4_296
_ISSUER, _EXPIRES, _NOT_BEFORE, _ID = 1, 4, 5, 7
_CONTEXTS: Final = ["https://www.w3.org/2018/credentials/v1", "https://nzcp.covid19.health.nz/contexts/v1"]
_TYPES: Final = ["VerifiableCredential", "PublicCovidPass"]


def check(text: str, *, trust: Trust, at: float) -> Checked:
    """What is to be said of ``text`` at that time; `Unreadable` if it is no pass."""
    sign1 = open_sign1(_unbase32(text))
    claims = loads(sign1.payload)
    kid = sign1.headers.get(KID)
    if not isinstance(claims, dict) or not isinstance(kid, bytes):
        raise Unreadable("not a pass")
    issuer = claims.get(_ISSUER)
    begins, ends = seconds(claims.get(_NOT_BEFORE)), seconds(claims.get(_EXPIRES))

    def told(verdict: Verdict, content: Content | None = None, term: Term = Term()) -> Checked:  # noqa: B008
        return Checked(
            verdict=verdict,
            format=Format.NZCP,
            issuer=issuer if isinstance(issuer, str) else None,
            issued_at=instant(begins),
            expires_at=instant(ends),
            content=content,
            signed=sign1.signed,
            holds_from=term.begins,
            holds_until=term.ends,
        )

    if not isinstance(issuer, str) or issuer not in trust.controllers:
        return told(Verdict.WRONG_ISSUER)
    key = trust.controllers[issuer].get(kid.decode("latin-1"))
    if key is None:
        return told(Verdict.UNKNOWN_KEY)
    if (
        key.algorithm != ES256
        or sign1.headers.get(ALG) != ES256
        or not key.verify(sign1.signed, sign1.signature)
    ):
        return told(Verdict.BAD_SIGNATURE)
    try:
        content = read(claims)
    except Malformed:
        return told(Verdict.MALFORMED)
    if begins is None or ends is None:
        return told(Verdict.MALFORMED)
    verdict, term = in_term(Term(begins, ends), key.term, at)
    return told(verdict, content, term)


def read(claims: dict[Any, Any]) -> Content:
    """What a pass says; `Malformed` unless it is a pass of version 1 (§2)."""
    pass_, identifier = claims.get("vc"), claims.get(_ID)
    if not isinstance(pass_, dict) or not isinstance(identifier, bytes) or len(identifier) != 16:
        raise Malformed("not a pass")
    person = pass_.get("credentialSubject")
    if (
        not _holds(pass_.get("@context"), _CONTEXTS)
        or not _holds(pass_.get("type"), _TYPES)
        or not str(pass_.get("version")).startswith("1.")
        or not isinstance(person, dict)
    ):
        raise Malformed("not a pass of version 1")
    given, family, birth = person.get("givenName"), person.get("familyName", ""), person.get("dob")
    if not (isinstance(given, str) and isinstance(family, str) and isinstance(birth, str) and given):
        raise Malformed("nobody's pass")
    return Content(
        subject=Subject(name=f"{given} {family}".strip(), birth_date=birth),
        statements=(Statement(kind=Kind.PASS, country="NZ"),),
        document={"jti": _urn(identifier.hex()), "vc": pass_},
    )


def _urn(digits: str) -> str:
    parts = digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]
    return "urn:uuid:" + "-".join(parts)


def _holds(values: object, wanted: list[str]) -> bool:
    return isinstance(values, list) and all(each in values for each in wanted)


def _unbase32(text: str) -> bytes:
    if len(text) > _LONGEST or not text.startswith(PREFIX + _VERSION) or not text.isascii():
        raise Unreadable("not a pass of version 1")
    body = text[len(PREFIX) + len(_VERSION) :]
    try:
        data = b32decode(body + "=" * (-len(body) % 8))
    except ValueError:
        raise Unreadable("not base32") from None
    if b32encode(data).rstrip(b"=").decode() != body:
        raise Unreadable("not base32 in its one form")
    return data
