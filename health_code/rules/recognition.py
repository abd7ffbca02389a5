"""Recognition (互认): what other places say becomes evidence, and is judged by the rules here.

Another province's health code is reported by that province, or is carried by its holder: one piece of
evidence, as of when it speaks, with the colour shown there (``certificate`` HEALTH_CODE, ``area``,
``issuer``, ``shown``). That is four hours fresh, as provinces exchange them every two to four; a certificate
is fresh for forty-eight. What is older is still shown, and shown to be stale.

A certificate that is not good makes no evidence: it is told with its verdict and nothing follows from it. One
that is good makes one piece of evidence for each thing it says happened, with these facts:

    certificate     TEST, VACCINATION, RECOVERY or PASS (somebody else judged, and no more is known)
    format, issuer  hc1, shc or nzcp, and who vouches for it
    asOf, stale     when it was issued, or a test taken, and whether that was too long ago when it was shown
    on              the day it happened, where it says so
    country, outcome, method, product, dose, doses, validFrom, validUntil       likewise

None of them is a colour. The evidence is of the day it tells of, so ``daysSince`` and ``hoursSince`` count
from there, and it ends when the certificate does.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from health_code.codec.carried import CarriedCode
from health_code.codec.certificates import Checked, Kind, Statement
from health_code.rules.evidence import Evidence, Fact, Key, effective
from health_code.rules.evidence import Kind as EvidenceKind

CARRIED: Final = "foreign:"
"""Before the name of a source that is the holder's own hand."""
CODE: Final = "HEALTH_CODE"
_TEST: Final = Kind.TEST.name
FRESH_CODE: Final = timedelta(hours=4)
"""How old another place's health code may be to be taken as it is."""
FRESH_CERTIFICATE: Final = timedelta(hours=48)
"""The same for a certificate."""
_MOST: Final = 10
_COVID: Final = "840539006"


def fresh_limit(certificate: object) -> timedelta:
    """How long what other places say is to be taken as it is, by what it is."""
    return FRESH_CODE if certificate == CODE else FRESH_CERTIFICATE


def as_of(foreign: Evidence) -> datetime:
    """As of when a piece of foreign evidence speaks: its issue, where it says so.

    A test speaks of when it was taken: certified anew it is none the younger.
    """
    said = None if foreign.facts.get("certificate") == _TEST else foreign.facts.get("asOf")
    return datetime.fromisoformat(said) if isinstance(said, str) else foreign.occurred_at


def elsewhere(evidence: Iterable[Evidence], *, at: datetime, known_at: datetime) -> list[Evidence]:
    """What other places say ``at`` an instant, the latest first; of one place's health codes the latest."""
    found: dict[object, Evidence] = {}
    for each in effective(evidence, known_at=known_at):
        if each.kind is not EvidenceKind.FOREIGN_CERT or each.occurred_at > at:
            continue
        if each.expires_at is not None and each.expires_at <= at:
            continue
        code = each.facts.get("certificate") == CODE
        place = ("code", each.facts.get("area")) if code else each.key
        before = found.get(place)
        if before is None or as_of(before) <= as_of(each):
            found[place] = each
    return sorted(found.values(), key=lambda each: (as_of(each), each.key), reverse=True)[:_MOST]


def evidence_of(
    checked: Checked,
    *,
    jurisdiction: str,
    zone: tzinfo,
    recorded_at: datetime,
    fresh_for: timedelta,
) -> tuple[Evidence, ...]:
    """What ``checked`` proves, none if it is not good. Days without an hour begin in ``zone``.

    The same certificate, however it is written and whenever it is shown, has the same keys.
    """
    if not checked.valid or checked.content is None or checked.format is None:
        return ()
    issued_at = checked.issued_at or recorded_at
    shared: dict[str, Fact] = {"format": checked.format.value, "issuer": checked.issuer or ""}
    found = []
    for number, statement in enumerate(checked.content.statements, 1):
        occurred_at = _instant(statement.on, zone) or issued_at
        # What has not happened yet proves nothing, whoever signed it; nor does what is about another disease.
        if occurred_at > recorded_at or statement.about not in {None, _COVID}:
            continue
        speaks_at = occurred_at if statement.kind is Kind.TEST else issued_at
        found.append(
            Evidence(
                key=Key(f"{CARRIED}{checked.format}", f"{checked.id}.{number}"),
                kind=EvidenceKind.FOREIGN_CERT,
                jurisdiction=jurisdiction,
                occurred_at=occurred_at,
                recorded_at=recorded_at,
                expires_at=checked.expires_at,
                facts=shared
                | {"asOf": speaks_at.isoformat(), "stale": recorded_at - speaks_at > fresh_for}
                | _facts(statement),
            )
        )
    return tuple(found)


def evidence_of_carried(
    code: CarriedCode, *, issuer: str, area: str, jurisdiction: str, recorded_at: datetime
) -> Evidence:
    """What a carried code proves that its issuer vouched for; a health code is of when it was issued."""
    said = code.content
    # What has not happened yet when it is issued did not happen.
    occurred_at = said.issued_at if said.on is None else min(said.on, said.issued_at)
    speaks_at = occurred_at if said.certificate == _TEST else said.issued_at
    facts: dict[str, Fact | None] = {
        "certificate": said.certificate,
        "format": "hz1",
        "issuer": issuer,
        "area": area,
        "asOf": speaks_at.isoformat(),
        "stale": recorded_at - speaks_at > fresh_limit(said.certificate),
        "shown": said.shown,
        "outcome": said.outcome,
    }
    return Evidence(
        key=Key(f"{CARRIED}{code.issuer}", code.digest),
        kind=EvidenceKind.FOREIGN_CERT,
        jurisdiction=jurisdiction,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        expires_at=said.expires_at,
        facts={name: value for name, value in facts.items() if value is not None},
    )


def _facts(statement: Statement) -> dict[str, Fact]:
    facts: dict[str, Fact | None] = {
        "certificate": _NAMES[statement.kind],
        "on": None if statement.on is None else statement.on[:10],
        "country": statement.country,
        "outcome": statement.outcome,
        "method": statement.method,
        "product": statement.product,
        "dose": statement.dose,
        "doses": statement.doses,
        "validFrom": statement.valid_from,
        "validUntil": statement.valid_until,
    }
    return {name: value for name, value in facts.items() if value is not None}


_NAMES: Final[Mapping[Kind, str]] = {kind: kind.name for kind in Kind}


def _instant(written: str | None, zone: tzinfo) -> datetime | None:
    """The instant ``written``; the beginning of its day if no clock has its hour; None if it is less."""
    if written is None or len(written) < len("2021-01-01"):
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        try:
            at = datetime.combine(date.fromisoformat(written[: len("2021-01-01")]), time())
        except ValueError:
            return None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)
