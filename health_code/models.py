"""What the health code keeps. Stored shapes only; the wire's are in ``miniapp_schemas.health_code``."""

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from health_code.rules.documents import Colour, RuleSetDocument
from health_code.rules.evidence import Kind

HEALTH_TYPES: Final = tuple(f"health:{kind}" for kind in Kind if kind is not Kind.MANUAL)
"""What a department can be registered to report, among its types. Nobody reports MANUAL evidence alone."""


class Department(Struct, frozen=True, kw_only=True):
    """The registered source (数据来源) that reports; ``kinds`` is what it may report and nothing else."""

    id: str
    name: str
    kinds: frozenset[Kind]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody whom a city trusts with more than reading: a clerk, and the organisation they act for."""

    id: str
    organisation: str
    organisation_name: str


class Traced(Struct, frozen=True, kw_only=True):
    """Whom a reference in an exposure query's answer names, and the range that was asked about."""

    subject: str
    since: datetime
    until: datetime


class StoredEvidence(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A piece of evidence as stored: facts sealed, its place in its source's chain of hashes.

    ``subject`` is the keyed hash of the person's ID number. ``content`` is the keyed hash of what was sent,
    by which a repetition is known. ``pending`` is true until a colour has been judged with it.
    """

    id: str
    source: str
    source_id: str
    subject: str
    kind: Kind
    jurisdiction: str
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None
    supersedes: tuple[str, str] | None
    void: bool
    sealed: bytes
    content: str
    sequence: int
    previous: str
    hash: str
    pending: bool = True


class RuleRelease(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A rule set and the two people who made it law. ``id`` is the hash of its content."""

    id: str
    document: RuleSetDocument
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    published_at: datetime | None


class Reason(Struct, frozen=True, kw_only=True, array_like=True):
    """Why a colour is what it is, as its holder may read it: the rule in words, the evidence by its kind."""

    rule: str
    version: str
    colour: Colour
    zh: str
    en: str
    clear_zh: str
    clear_en: str
    source: str
    kind: Kind | None
    evidence: str | None
    occurred_at: datetime | None
    until: datetime | None


class State(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A person's code as last judged. ``id`` is the subject.

    ``seen`` counts the evidence the judgement knew: it only grows, so of two judgements made at once the one
    that knew more stays. ``told`` is the colour its holder was last told of.
    """

    id: str
    jurisdiction: str
    colour: Colour
    since: datetime
    judged_at: datetime
    seen: int
    rule_set: str
    rule_set_version: str
    reasons: tuple[Reason, ...]
    failures: tuple[str, ...]
    silent: tuple[str, ...]
    next_change_at: datetime | None
    told: Colour | None
    district: str


class Snapshot(Struct, frozen=True, kw_only=True, array_like=True):
    """What showing a code reads, and all it reads. ``handle`` names the person in codes; it changes daily."""

    colour: Colour
    since: datetime
    judged_at: datetime
    seen: int
    rule_set: str
    rule_set_version: str
    reasons: tuple[Reason, ...]
    failures: tuple[str, ...]
    silent: tuple[str, ...]
    next_change_at: datetime | None
    handle: bytes
    name_masked: str


class Judged(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One change of a colour: with the evidence known then and the rule set it can be judged again."""

    id: str
    subject: str
    at: datetime
    known_at: datetime
    colour: Colour
    before: Colour | None
    rule_set: str
    decisive: str | None
    evidence: tuple[str, ...]


class StoredPaper(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A paper code (纸质码). ``id`` is the rid printed in it; of one person one is in force at most."""

    id: str
    subject: str
    issued_by: str
    issued_at: datetime
    expires_at: datetime
    in_force: bool = True
    ended_at: datetime | None = None


class Ward(Struct, frozen=True, kw_only=True):
    """Somebody a resident may show for, by which grant, and by what name."""

    grant: str
    subject: str
    name: str
    kind: Literal["guardian", "family"]
    until: datetime


class FamilyLink(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A dependant in a guardian's list (亲属码). ``place`` and ``seat`` are what others then cannot have."""

    id: str
    guardian: str
    dependant: str
    grant: str
    place: str
    seat: str
    added_at: datetime


class Scan(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """That a guard scanned a code. ``whose`` is a pseudonym of the day: two days of a person do not meet."""

    id: str
    at: datetime
    guard: str
    organisation: str
    code: str
    verdict: str
    whose: str
    expires_at: datetime
