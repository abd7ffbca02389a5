"""Evidence from a file, for who tries rules out: as sources report it, without saying whose it is.

What no source could report is refused as it would be from one: a mistyped value would tell nothing to every
rule, and leave green whom it makes red. Beside what departments report there is what residents declare and
carry (``resident``, ``foreign:…``), and what two people enter by hand.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType, ValidationError

from health_code.reasons import manual_reasons
from health_code.rules.divisions import NATION, is_division
from health_code.rules.evidence import Evidence, Fact, Key, Kind, cleared_by_rules_alone
from miniapp_schemas.health_code import (
    Declared,
    Entered,
    Exposed,
    IsolationReleased,
    IsolationStart,
    Outcome,
    Result,
    Sampled,
    Vaccinated,
)

_RESIDENT: Final = "resident"
_CODE: Final = "HEALTH_CODE"


class _Stay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="AREA_STAY"):
    area: str
    risk: Literal["HIGH", "MEDIUM", "LOW"] | UnsetType = UNSET
    """Who declares a stay need not know it."""


class _Foreign(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="FOREIGN_CERT",
):
    certificate: Literal["HEALTH_CODE", "TEST", "VACCINATION", "RECOVERY", "PASS"] = "HEALTH_CODE"
    issuer: str
    area: str | UnsetType = UNSET
    shown: Literal["GREEN", "YELLOW", "RED"] | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    method: Literal["NAT", "ANTIGEN"] | UnsetType = UNSET
    format: str | UnsetType = UNSET
    as_of: datetime | UnsetType = UNSET
    stale: bool | UnsetType = UNSET
    matched: str | UnsetType = UNSET
    on: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    product: str | UnsetType = UNSET
    dose: int | UnsetType = UNSET
    doses: int | UnsetType = UNSET
    valid_from: str | UnsetType = UNSET
    valid_until: str | UnsetType = UNSET


class _Manual(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="MANUAL"):
    reason: str


class _Item(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    occurred_at: datetime
    facts: (
        Sampled
        | Result
        | Vaccinated
        | Exposed
        | _Stay
        | Entered
        | IsolationStart
        | IsolationReleased
        | Declared
        | _Foreign
        | _Manual
    )
    source: str = "file"
    source_id: str | None = None
    jurisdiction: str = NATION
    recorded_at: datetime | None = None
    expires_at: datetime | None = None
    supersedes: str | None = None
    void: bool = False
    id_number: str | None = None


_read: Final = msgspec.json.Decoder(list[_Item]).decode


def read_evidence(content: bytes, *, zone: tzinfo) -> list[Evidence]:
    """Evidence from a JSON list; instants without an offset are of ``zone``. Raises msgspec's errors."""
    return [_evidence(item, place, zone) for place, item in enumerate(_read(content))]


def _evidence(item: _Item, place: int, zone: tzinfo) -> Evidence:
    tagged = msgspec.to_builtins(item.facts)
    kind = Kind(tagged.pop("kind"))
    facts: dict[str, Fact] = {name: value for name, value in tagged.items() if value is not None}
    occurred_at = _aware(item.occurred_at, zone)
    evidence = Evidence(
        key=Key(item.source, item.source_id or str(place + 1)),
        kind=kind,
        jurisdiction=item.jurisdiction,
        occurred_at=occurred_at,
        recorded_at=occurred_at if item.recorded_at is None else _aware(item.recorded_at, zone),
        expires_at=None if item.expires_at is None else _aware(item.expires_at, zone),
        supersedes=None if item.supersedes is None else Key(item.source, item.supersedes),
        void=item.void,
        facts=facts,
    )
    for why, field in _unreportable(evidence):
        raise ValidationError(f"{why} - at `$[{place}].{field}`")
    return evidence


def _unreportable(said: Evidence) -> Iterator[tuple[str, str]]:
    """What a source would be refused for, beside the shape of it."""
    if said.jurisdiction != NATION and not is_division(said.jurisdiction):
        yield "Not a division code of GB/T 2260", "jurisdiction"
    if said.expires_at is not None and said.expires_at <= said.occurred_at:
        yield "It expires before it happens", "expiresAt"
    if said.expires_at is not None and cleared_by_rules_alone(said.kind, said.facts):
        yield "Until when this counts is for the rules to say", "expiresAt"
    if said.void and said.supersedes is None:
        yield "`void` needs `supersedes`", "void"
    if said.supersedes == said.key:
        yield "It supersedes itself", "supersedes"
    match said.kind:
        case Kind.AREA_STAY:
            needed = ["area"] if said.key.source == _RESIDENT else ["area", "risk"]
        case Kind.FOREIGN_CERT if said.facts["certificate"] == _CODE:
            needed = ["area", "shown"]
        case _:
            needed = []
    for name in needed:
        if name not in said.facts:
            yield f"Object missing required field `{name}`", "facts"
    if "area" in said.facts and not is_division(str(said.facts["area"])):
        yield "Not a division code of GB/T 2260", "facts.area"
    if said.kind is Kind.MANUAL and said.facts["reason"] not in manual_reasons():
        yield "No registered reason", "facts.reason"


def _aware(instant: datetime, zone: tzinfo) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
