"""Recognition (互认): what a certificate of others says becomes evidence, and is judged by the rules here.

A certificate that is not good makes no evidence: it is told with its verdict and nothing follows from it. One
that is good makes one piece of evidence for each thing it says happened, with these facts:

    certificate     TEST, VACCINATION, RECOVERY or PASS (somebody else judged, and no more is known)
    format, issuer  hc1, shc or nzcp, and who vouches for it
    asOf, stale     when it was issued, and whether that was too long ago when it was shown
    on              the day it happened, where it says so
    country, outcome, method, product, dose, doses, validFrom, validUntil       likewise

None of them is a colour. The evidence is of the day it tells of, so ``daysSince`` and ``hoursSince`` count
from there, and it ends when the certificate does.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from health_code.codec.certificates import Checked, Kind, Statement
from health_code.rules import evidence
from health_code.rules.evidence import Evidence, Fact, Key


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
    as_of = checked.issued_at or recorded_at
    shared: dict[str, Fact] = {
        "format": checked.format.value,
        "issuer": checked.issuer or "",
        "asOf": as_of.isoformat(),
        "stale": recorded_at - as_of > fresh_for,
    }
    found = []
    for number, statement in enumerate(checked.content.statements, 1):
        occurred_at = _instant(statement.on, zone) or as_of
        # What has not happened yet proves nothing, whoever signed it.
        if occurred_at > recorded_at:
            continue
        found.append(
            Evidence(
                key=Key(f"foreign:{checked.format}", f"{checked.id}.{number}"),
                kind=evidence.Kind.FOREIGN_CERT,
                jurisdiction=jurisdiction,
                occurred_at=occurred_at,
                recorded_at=recorded_at,
                expires_at=checked.expires_at,
                facts=shared | _facts(statement),
            )
        )
    return tuple(found)


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
    """The instant ``written``, the beginning of the day if it is only that; None if it is less."""
    if written is None or len(written) < len("2021-01-01"):
        return None
    try:
        if len(written) == len("2021-01-01"):
            return datetime.combine(date.fromisoformat(written), time(), zone)
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)
