"""HC1: the EU Digital COVID Certificate (ehn-dcc-development/hcert-spec 1.0.5), and WHO's after it.

    HC1: base45( zlib( COSE_Sign1 over a CWT: {1: issuer, 4: expires, 6: issued, -260: {1: certificate}} ) )

A code names its key by a kid of eight bytes; the kid among the signed headers beats one that is not. Not a
byte of the payload is looked at before the signature holds.
"""

from collections.abc import Sequence
from datetime import date, datetime
from math import inf, nextafter
from typing import Annotated, Final

from msgspec import Meta, Struct, ValidationError, convert, field

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
from health_code.codec.cose import ALG, KID, Sign1, loads, open_sign1
from health_code.codec.inflate import inflate_checked
from health_code.codec.revocation import Revocations, hashes_of
from health_code.codec.trust import Trust, TrustedKey
from miniapp_schemas import base45

PREFIX: Final = "HC1:"

# A QR code holds 4,296 of base45's characters, and the largest certificates have 1,500 bytes.
_LONGEST: Final = 4_296
_LARGEST: Final = 16_384
_ISSUER, _EXPIRES, _ISSUED, _HCERT = 1, 4, 6, -260

_OUTCOMES: Final = {"260415000": "NEGATIVE", "260373001": "POSITIVE"}
_METHODS: Final = {"LP6464-4": "NAT", "LP217198-3": "ANTIGEN"}

# What DCC schemas 1.0.0 to 1.3.0 require, but for the version, which a member state left out. Which vaccines
# and tests there are is a matter of value sets, which change every month, and of rules.
_Birth = Annotated[str, Meta(pattern=r"^((19|20)\d\d(-\d\d(-\d\d(T[0-9:.]+Z?)?)?)?)?\Z")]
_Date = Annotated[str, Meta(pattern=r"^\d{4}(-\d\d(-\d\d([T ].{1,40})?)?)?\Z")]
# Of a date of birth they give a pattern alone; what happened has the format of a date, one of a calendar.
# Digits and spaces are none of the schema's, and stand in names that are signed all the same.
_Standard = Annotated[str, Meta(pattern=r"^[A-Z0-9< ]*\Z", max_length=80)]
# An integer of JSON, which some write as CBOR's float.
_Count = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0, multiple_of=1)]


class _Name(Struct, frozen=True, gc=False):
    fnt: _Standard
    gnt: _Standard | None = None
    fn: str | None = None
    gn: str | None = None


class _Test(Struct, frozen=True, gc=False):
    tg: str
    tt: str
    sc: _Date
    tr: str
    co: str
    ci: str
    by: str = field(name="is")

    def __post_init__(self) -> None:
        _of_a_calendar(self.sc)

    def statement(self) -> Statement:
        return Statement(
            kind=Kind.TEST,
            about=self.tg,
            on=self.sc,
            country=self.co,
            outcome=_OUTCOMES.get(self.tr, "INVALID"),
            method=_METHODS.get(self.tt),
        )


class _Vaccination(Struct, frozen=True, gc=False):
    tg: str
    vp: str
    mp: str
    ma: str
    dn: _Count
    sd: _Count
    dt: _Date
    co: str
    ci: str
    by: str = field(name="is")

    def __post_init__(self) -> None:
        _of_a_calendar(self.dt)

    def statement(self) -> Statement:
        return Statement(
            kind=Kind.VACCINATION,
            about=self.tg,
            on=self.dt,
            country=self.co,
            product=self.mp,
            dose=int(self.dn),
            doses=int(self.sd),
        )


class _Recovery(Struct, frozen=True, gc=False):
    tg: str
    fr: _Date
    df: _Date
    du: _Date
    co: str
    ci: str
    by: str = field(name="is")

    def __post_init__(self) -> None:
        _of_a_calendar(self.fr, self.df, self.du)

    def statement(self) -> Statement:
        return Statement(
            kind=Kind.RECOVERY,
            about=self.tg,
            on=self.fr,
            country=self.co,
            outcome="POSITIVE",
            valid_from=self.df,
            valid_until=self.du,
        )


def _of_a_calendar(*written: str) -> None:
    """ValueError, which msgspec tells as its own, if there was no such day, month or year."""
    for each in written:
        date.fromisoformat(f"{each[:10]}-01-01"[:10])


class _Certificate(Struct, frozen=True):
    nam: _Name
    dob: _Birth
    ver: str = ""
    t: list[_Test] | None = None
    v: list[_Vaccination] | None = None
    r: list[_Recovery] | None = None


def check(text: str, *, trust: Trust, revoked: Revocations, at: float) -> Checked:
    """What is to be said of ``text`` at that time; `Unreadable` if it is no HC1 code."""
    return check_cose(open_text(text), trust=trust, revoked=revoked, at=at)


def open_text(text: str) -> Sign1:
    """The COSE_Sign1 a code carries."""
    if len(text) > _LONGEST or not text.startswith(PREFIX):
        raise Unreadable("not an HC1 code")
    try:
        packed = base45.decode(text[len(PREFIX) :])
    except base45.NotBase45 as no:
        raise Unreadable(str(no)) from None
    if len(packed) < 8:
        raise Unreadable("too short for an HC1 code")
    return open_sign1(inflate_checked(packed, most=_LARGEST))


def check_cose(sign1: Sign1, *, trust: Trust, revoked: Revocations, at: float) -> Checked:
    """What is to be said of a certificate taken out of its code."""
    kid, algorithm = sign1.headers.get(KID), sign1.headers.get(ALG)
    if not isinstance(kid, bytes | None):
        raise Unreadable("a kid is bytes")
    # An empty name names nobody.
    kid = kid or None
    candidates = trust.signers_named(kid)
    if not candidates:
        return Checked(verdict=Verdict.UNKNOWN_KEY, format=Format.HC1)
    signers = [
        key for key in candidates if key.algorithm == algorithm and key.verify(sign1.signed, sign1.signature)
    ]
    if not signers:
        # Of a code that names nobody it cannot be told whether it was changed.
        return Checked(
            verdict=Verdict.UNKNOWN_KEY if kid is None else Verdict.BAD_SIGNATURE, format=Format.HC1
        )
    return _judge(sign1, kid, signers, revoked, at)


def _judge(
    sign1: Sign1, kid: bytes | None, signers: list[TrustedKey], revoked: Revocations, at: float
) -> Checked:
    try:
        claims = loads(sign1.payload)
    except Unreadable:
        return Checked(verdict=Verdict.MALFORMED, format=Format.HC1, signed=sign1.signed)
    if not isinstance(claims, dict):
        return Checked(verdict=Verdict.MALFORMED, format=Format.HC1, signed=sign1.signed)
    issuer = claims.get(_ISSUER)
    issued, expires = seconds(claims.get(_ISSUED)), seconds(claims.get(_EXPIRES))
    issued_at = instant(issued)

    def told(verdict: Verdict, content: Content | None = None, term: Term = Term()) -> Checked:  # noqa: B008
        return Checked(
            verdict=verdict,
            format=Format.HC1,
            issuer=issuer if isinstance(issuer, str) else None,
            issued_at=issued_at,
            expires_at=instant(expires),
            content=content,
            signed=sign1.signed,
            holds_from=term.begins,
            holds_until=term.ends,
        )

    if issued is None or expires is None or not isinstance(issuer, str):
        return told(Verdict.MALFORMED)
    signers = [key for key in signers if key.signs_for(issuer)]
    if not signers:
        return told(Verdict.WRONG_COUNTRY)
    try:
        content, identifiers = read(claims.get(_HCERT), issued_at=issued_at)
    except Malformed:
        return told(Verdict.MALFORMED)
    kind = content.statements[0].kind
    if revoked.has_hashes():
        algorithm = sign1.headers[ALG]
        names = (hashes_of(issuer, each, sign1.signature, algorithm) for each in identifiers)
        if any(revoked.revokes(each, kid) for each in names):
            return told(Verdict.REVOKED, content)
    # The EU's verifiers count the last second in.
    own = Term(issued, nextafter(expires, inf))
    verdict, term = Verdict.KEY_NOT_ALLOWED, Term()
    for key in signers:
        if kind in key.kinds:
            verdict, term = in_term(own, key.term, at)
            if verdict is not Verdict.KEY_EXPIRED:
                break
    return told(verdict, content, term)


def read(hcert: object, *, issued_at: datetime | None) -> tuple[Content, Sequence[str]]:
    """What an hcert claim says, and its identifiers; `Malformed` unless a schema of the DCC has it so."""
    document = hcert.get(1) if isinstance(hcert, dict) else None
    try:
        if isinstance(document, bytes):  # as one member state packed it
            document = loads(document)
        certificate = convert(document, _Certificate)
    except (Unreadable, ValidationError) as no:
        raise Malformed(str(no)) from None
    kinds = [entries for entries in (certificate.t, certificate.v, certificate.r) if entries]
    # Of one kind there may be several, as dose and dose. Of two, a key for tests could sign vaccinations.
    if document is None or len(kinds) != 1:
        raise Malformed("not one kind of statement")
    birth = certificate.dob[:10]
    if issued_at is not None and birth > issued_at.date().isoformat():
        raise Malformed("born after it was issued")
    (entries,) = kinds
    content = Content(
        subject=Subject(name=_written(certificate.nam), birth_date=birth or None),
        statements=tuple(entry.statement() for entry in entries),
        document=document,
    )
    return content, [entry.ci for entry in entries]


def _written(name: _Name) -> str:
    given, family = name.gn or (name.gnt or "").replace("<", " "), name.fn or name.fnt.replace("<", " ")
    said = f"{given} {family}".strip()
    # The standardised name is what a passport has: without one nobody can be held against it.
    bare = (name.gn and name.gnt == "") or (name.fn and not name.fnt) or not (name.fnt or name.gnt)
    if bare or not said:
        raise Malformed("a name without its standardised form")
    return said
