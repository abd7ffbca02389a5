"""Rule documents: the law as dated data, in the shape of the EU gateway's business rules, and a colour.

A rule says which evidence gives which colour, for how long, and what clears it, in CertLogic. A rule set is
all rules of one jurisdiction that are in force together; it is published whole, and never changed after.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from health_code.rules.divisions import divisions
from health_code.rules.evidence import Kind

T = TypeVar("T")
JURISDICTION: Final = r"^[0-9]{6}\Z"
VERSION: Final = r"^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\Z"


class Colour(StrEnum):
    """What a code shows (码色). GREY is no colour but the admission that there is none."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    GREY = "GREY"


SEVERITY: Final[Mapping[Colour, int]] = {Colour.GREEN: 0, Colour.YELLOW: 1, Colour.RED: 2}


class Scope(StrEnum):
    """What a rule is asked about: each piece of evidence of its kinds, or the person as a whole."""

    EVENT = "EVENT"
    PERSON = "PERSON"


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in one language, as the gateway spells it."""

    lang: Annotated[str, Meta(pattern=r"^[a-z]{2}\Z")]
    desc: Annotated[str, Meta(min_length=5, max_length=500)]


class Ttl(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a rule holds on to evidence. Days end at the jurisdiction's midnight; the day itself is 0."""

    amount: Annotated[int, Meta(ge=1, le=10_000)]
    unit: Literal["day", "hour"]


class RuleDocument(Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    """One rule. What the gateway's have keeps its name and meaning; ``Colour`` to ``Source`` are ours."""

    identifier: Annotated[str, Meta(pattern=r"^CR-CN[0-9]{0,6}-[0-9]{4}\Z")]
    type: Literal["Colour"]
    country: Literal["CN"]
    region: Annotated[str, Meta(pattern=JURISDICTION)]
    version: Annotated[str, Meta(pattern=VERSION)]
    schema_version: Literal["1.0.0"]
    engine: Literal["CERTLOGIC"]
    engine_version: Literal["1.3.3"]
    certificate_type: Literal["Evidence"]
    description: Annotated[tuple[Said, ...], Meta(min_length=2, max_length=8)]
    valid_from: datetime
    valid_to: datetime
    affected_fields: Annotated[tuple[str, ...], Meta(max_length=50)]
    logic: dict[str, Any]
    colour: Colour
    priority: Annotated[int, Meta(ge=0, le=1000)]
    scope: Scope
    kinds: Annotated[tuple[Kind, ...], Meta(max_length=11)] = ()
    ttl: Ttl | None = None
    clear_when: dict[str, Any] | None = None
    clear_text: Annotated[tuple[Said, ...], Meta(max_length=8)] = ()
    source: Annotated[str, Meta(min_length=3, max_length=500)]


class RuleSetDocument(Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    """A pack: all rules of a jurisdiction that are in force from ``ValidFrom`` until before ``ValidTo``.

    ``SilentAfterHours`` names the sources without which green cannot be known, and how long each may be
    silent.
    """

    identifier: Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=64)]
    version: Annotated[str, Meta(pattern=VERSION)]
    title: Annotated[tuple[Said, ...], Meta(min_length=2, max_length=8)]
    jurisdiction: Annotated[str, Meta(pattern=JURISDICTION)]
    zone: Annotated[str, Meta(pattern=r"^[A-Za-z_]+/[A-Za-z_]+\Z")] = "Asia/Shanghai"
    valid_from: datetime
    valid_to: datetime | None = None
    source: Annotated[str, Meta(min_length=3, max_length=500)]
    silent_after_hours: dict[str, Annotated[int, Meta(ge=1, le=10_000)]] = {}
    rules: Annotated[tuple[RuleDocument, ...], Meta(max_length=500)]


_canonical: Final = msgspec.json.Encoder(order="sorted").encode
read_rule_set: Final = msgspec.json.Decoder(RuleSetDocument).decode
_VERSION: Final = re.compile(VERSION)


def content_hash(document: RuleSetDocument) -> str:
    """SHA-256 of the document's canonical JSON: what names a rule set in every answer given by it."""
    return hashlib.sha256(_canonical(document)).hexdigest()


def in_force(
    documents: Iterable[RuleSetDocument], jurisdiction: str, *, at: datetime
) -> RuleSetDocument | None:
    """Which of ``documents`` is law in ``jurisdiction``; of several, the latest to come into force.

    Of several versions of one, only the highest counts: it was made law last, whenever it came into force.
    """
    laws = [
        each for each in documents if each.valid_from <= at and (each.valid_to is None or at < each.valid_to)
    ]
    for division in divisions(jurisdiction):
        own = [each for each in laws if each.jurisdiction == division]
        own.sort(key=lambda each: version_order(each.version))
        newest = {each.identifier: each for each in own}
        if newest:
            return max(newest.values(), key=lambda each: (each.valid_from, each.identifier))
    return None


def coming(
    documents: Iterable[RuleSetDocument], law: Callable[[datetime], T | None], *, after: datetime
) -> list[tuple[datetime, T]]:
    """What takes over ``after`` an instant, and when; ``law`` says which of ``documents`` is in force."""
    bounds = [bound for each in documents for bound in (each.valid_from, each.valid_to)]
    found: list[tuple[datetime, T]] = []
    last = law(after)
    for bound in sorted({bound for bound in bounds if bound is not None and bound > after}):
        now = law(bound)
        if now is not None and now is not last:
            found.append((bound, now))
        last = now
    return found


def version_order(version: str) -> tuple[int, int, int]:
    """A semantic version as it sorts."""
    found = _VERSION.match(version)
    if found is None:
        raise ValueError("not a semantic version of three numbers")
    major, minor, patch = (int(part) for part in found.groups())
    return major, minor, patch
