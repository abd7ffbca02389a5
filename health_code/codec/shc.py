"""SHC: SMART Health Cards (spec.smarthealth.cards 1.4).

    shc:/ two digits a character, 45 below its code( JWS, ES256, of a deflated {"iss", "nbf", "vc": {…}} )

A key is looked up by its kid among the keys of the issuer the card names, and nowhere else. Cards come as a
QR, as the JWS itself, in a file or in a FHIR answer; the last two may hold several, and are as good as the
worst of them.

A QR of several chunks, which the specification has since given up, is read if all of them are given, a line
each, and told with a warning.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from health_code.codec.base64url import unbase64
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
from health_code.codec.inflate import RAW, inflate
from health_code.codec.revocation import Revocations, is_rid
from health_code.codec.signatures import ES256
from health_code.codec.trust import Trust, TrustedKey

PREFIX: Final = "shc:/"

JWS_TOO_LONG: Final = "JWS_TOO_LONG"
"""It does not fit into one QR."""
CHUNKS_DEPRECATED: Final = "CHUNKS_DEPRECATED"
"""It came in chunks, as cards were once written."""

_LONGEST: Final = 1 << 16
_LARGEST: Final = 1 << 17
_ONE_QR: Final = 1195
_ONE_CHUNK: Final = 1191
_MOST_CHUNKS: Final = 99
_MOST_CARDS: Final = 16
_CHUNK: Final = re.compile(r"shc:/(?:([1-9][0-9]?)/([1-9][0-9]?)/)?((?:[0-9]{2})+)")
_DIGITS: Final = {f"{value:02}": chr(value + 45) for value in range(78)}
_HEALTH_CARD: Final = "https://smarthealth.cards#health-card"
_ISSUER: Final = re.compile(r"https://[^\s?#]*[^\s?#/]")
_FHIR_CARD: Final = "verifiableCredential"

_OUTCOMES: Final = {
    "260415000": "NEGATIVE",
    "260385009": "NEGATIVE",
    "260373001": "POSITIVE",
    "10828004": "POSITIVE",
}


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    zip: str
    kid: str


class _Credential(Struct, frozen=True):
    credential_subject: dict[str, Any] = msgspec.field(name="credentialSubject")
    type: list[str] = []
    rid: Any = None


class _Card(Struct, frozen=True):
    iss: str
    nbf: float
    vc: _Credential
    exp: float | None = None


_read_header: Final = msgspec.json.Decoder(_Header).decode
_read_card: Final = msgspec.json.Decoder(_Card).decode


def check(text: str, *, trust: Trust, revoked: Revocations, at: float) -> Checked:
    """What is to be said of ``text`` at that time; `Unreadable` if it is no card.

    Of several cards the first that is not good is told, or else the first.
    """
    cards, warnings = _cards(text)
    checked = [_check(jws, warnings, trust, revoked, at) for jws in cards]
    return next((each for each in checked if not each.valid), checked[0])


def is_card(text: str) -> bool:
    """Whether ``text`` may be one: by its beginning."""
    return text.startswith((PREFIX, "eyJ", "{"))


def _cards(text: str) -> tuple[Sequence[str], tuple[str, ...]]:
    if len(text) > _LONGEST or text != text.strip():
        raise Unreadable("not a card, or something around it")
    if text.startswith(PREFIX):
        jws, in_chunks = _from_digits(text.split())
        warnings = (CHUNKS_DEPRECATED,) if in_chunks else ()
        return [jws], warnings if in_chunks or len(jws) <= _ONE_QR else (JWS_TOO_LONG,)
    if text.startswith("{"):
        cards = list(_from_document(text))
        if not 0 < len(cards) <= _MOST_CARDS:
            raise Unreadable("no card in it")
        return cards, ()
    return [text], ()


def _from_digits(codes: Sequence[str]) -> tuple[str, bool]:
    """The JWS of one code, or of all chunks of one; and whether it came in chunks."""
    chunks: dict[int, str] = {}
    total = 0
    for code in codes[: _MOST_CHUNKS + 1]:
        match = _CHUNK.fullmatch(code)
        if match is None:
            raise Unreadable("not digits in pairs")
        index, of, digits = match.groups(default="1")
        if int(index) in chunks or int(index) > int(of) or total not in {0, int(of)}:
            raise Unreadable("chunks that do not belong together")
        total = int(of)
        if total > 1 and len(digits) > 2 * _ONE_CHUNK:
            raise Unreadable("a chunk larger than a code")
        chunks[int(index)] = digits
    if len(chunks) != total:
        raise Unreadable("a chunk is missing")
    digits = "".join(chunks[index] for index in range(1, total + 1))
    try:
        jws = "".join([_DIGITS[digits[at : at + 2]] for at in range(0, len(digits), 2)])
    except KeyError:
        raise Unreadable("a pair of digits that stands for nothing") from None
    return jws, codes[0].count("/") > 1


def _from_document(text: str) -> Iterator[str]:
    """The cards of a ``.smart-health-card`` file or of the answer to ``$health-cards-issue``."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    listed = document.get(_FHIR_CARD)
    if isinstance(listed, list):
        yield from (each for each in listed if isinstance(each, str))
    elif document.get("resourceType") == "Parameters" and isinstance(document.get("parameter"), list):
        for each in document["parameter"]:
            if isinstance(each, dict) and each.get("name") == _FHIR_CARD:
                yield str(each.get("valueString"))


def _check(jws: str, warnings: tuple[str, ...], trust: Trust, revoked: Revocations, at: float) -> Checked:
    signed, _, last = jws.rpartition(".")
    first, _, body = signed.partition(".")
    try:
        header = _read_header(unbase64(first))
        packed, signature = unbase64(body), unbase64(last)
    except (ValueError, msgspec.MsgspecError):
        raise Unreadable("not the JWS of a card") from None
    if header.alg != "ES256" or header.zip != "DEF":
        raise Unreadable("not an ES256 signature over something deflated")
    try:
        card = _read_card(inflate(packed, form=RAW, most=_LARGEST))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise Unreadable("no card in the JWS") from None
    if len(jws) > _ONE_QR and not warnings:
        warnings = (JWS_TOO_LONG,)

    def told(verdict: Verdict, content: Content | None = None, term: Term = Term()) -> Checked:  # noqa: B008
        return Checked(
            verdict=verdict,
            format=Format.SHC,
            issuer=card.iss,
            issued_at=instant(card.nbf),
            expires_at=instant(card.exp),
            content=content,
            signed=signed.encode(),
            warnings=warnings,
            holds_from=term.begins,
            holds_until=term.ends,
        )

    key = _key(header.kid, card.iss, trust)
    if isinstance(key, Verdict):
        return told(key)
    if not key.verify(signed.encode(), signature):
        return told(Verdict.BAD_SIGNATURE)
    try:
        content = read(card.vc.type, card.vc.credential_subject)
    except Malformed:
        return told(Verdict.MALFORMED)
    if (against := _revocation(card, header.kid, key, revoked)) is not None:
        return told(against, content)
    begins, ends = seconds(card.nbf), seconds(card.exp)
    if ends is not None and instant(ends) is None:
        # Milliseconds taken for seconds: an end that nobody lives to see is none (`exp in milliseconds`,
        # EXPIRATION_ERROR of the cards' own developer tools).
        ends = float("-inf")
    own = Term(float("inf") if begins is None else begins, float("inf") if ends is None else ends)
    verdict, term = in_term(own, key.term, at)
    return told(verdict, content, term)


def _key(kid: str, issuer: str, trust: Trust) -> TrustedKey | Verdict:
    # One URL, one issuer: with a slash at its end it would be another's.
    if not _ISSUER.fullmatch(issuer):
        return Verdict.WRONG_ISSUER
    keys = trust.issuers.get(issuer, trust.issuers.get(None))
    if keys is None:
        return Verdict.WRONG_ISSUER
    key = keys.get(kid)
    return key if key is not None and key.algorithm == ES256 else Verdict.UNKNOWN_KEY


def _revocation(card: _Card, kid: str, key: TrustedKey, revoked: Revocations) -> Verdict | None:
    """What the list of the card's key says; None for nothing against it."""
    rid = card.vc.rid
    if rid is not None and not is_rid(rid):
        return Verdict.MALFORMED
    if revoked.is_broken(card.iss, kid):
        return Verdict.REVOCATION_UNKNOWN
    cards = revoked.cards(card.iss, kid)
    if cards is not None and rid is not None and cards.revokes(rid, card.nbf):
        return Verdict.REVOKED
    if key.list_version is None:
        return None
    if cards is None:
        # Only a card with a rid can be on the list we lack.
        return None if rid is None else Verdict.REVOCATION_UNKNOWN
    return None if cards.version == key.list_version else Verdict.REVOCATION_UNKNOWN


def read(types: Sequence[str], subject: Mapping[str, Any]) -> Content:
    """What a card says; `Malformed` if it is none, or nobody's."""
    bundle = subject.get("fhirBundle")
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    if _HEALTH_CARD not in types or not isinstance(entries, list):
        raise Malformed("not a health card")
    resources = [
        each["resource"]
        for each in entries
        if isinstance(each, dict) and isinstance(each.get("resource"), dict)
    ]
    patients = [each for each in resources if each.get("resourceType") == "Patient"]
    if len(patients) != 1:
        raise Malformed("not one person's")
    statements: list[Statement] = []
    doses = 0
    for each in resources:
        match each.get("resourceType"):
            case "Immunization" if each.get("status") == "completed":
                doses += 1
                statements.append(_vaccination(each, doses))
            case "Observation" if each.get("status") in {"final", "amended", "corrected"}:
                statements.append(_test(each))
            case _:
                pass
    return Content(subject=_person(patients[0]), statements=tuple(statements), document=dict(subject))


def _person(patient: Mapping[str, Any]) -> Subject:
    names, birth = patient.get("name"), patient.get("birthDate")
    name = names[0] if isinstance(names, list) and names else None
    if not isinstance(name, dict) or not isinstance(birth, str):
        raise Malformed("nobody's card")
    given, family, text = name.get("given"), name.get("family"), name.get("text")
    parts = [*(given if isinstance(given, list) else ()), family]
    said = " ".join(part for part in parts if isinstance(part, str)) or text
    if not isinstance(said, str) or not said:
        raise Malformed("nobody's card")
    return Subject(name=said, birth_date=birth)


def _vaccination(immunization: Mapping[str, Any], dose: int) -> Statement:
    return Statement(
        kind=Kind.VACCINATION,
        on=_text(immunization.get("occurrenceDateTime")),
        product=_code(immunization.get("vaccineCode")),
        dose=dose,
    )


def _test(observation: Mapping[str, Any]) -> Statement:
    return Statement(
        kind=Kind.TEST,
        on=_text(observation.get("effectiveDateTime")),
        outcome=_OUTCOMES.get(_code(observation.get("valueCodeableConcept")) or "", "INVALID"),
        product=_code(observation.get("code")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _code(concept: object) -> str | None:
    coding = concept.get("coding") if isinstance(concept, dict) else None
    first = coding[0] if isinstance(coding, list) and coding else None
    return _text(first.get("code")) if isinstance(first, dict) else None
