"""What the health code keeps. Stored shapes only; the wire's are in ``miniapp_schemas.health_code``."""

from datetime import datetime
from typing import Final

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


class Judged(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One change of a colour, and all that is needed to judge it again: what was known, by which rules."""

    id: str
    subject: str
    at: datetime
    known_at: datetime
    colour: Colour
    before: Colour | None
    rule_set: str
    decisive: str | None
    evidence: tuple[str, ...]
    silent: tuple[str, ...] = ()


class State(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A person's code as last judged. ``id`` is the subject.

    ``revision`` counts the judgements kept: one takes the place of the revision it was judged after, so it
    knows all that one knew. ``seen`` counts the evidence it knew. ``unsaid`` are the changes of colour that
    are not yet noted, and of which the holder has not yet been told.
    """

    id: str
    revision: int
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
    unsaid: tuple[Judged, ...]
    district: str


class Snapshot(Struct, frozen=True, kw_only=True, array_like=True):
    """What showing a code reads, and all it reads. ``handle`` names the person in codes; it changes daily."""

    revision: int
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
