"""What the health code keeps. Stored shapes only; the wire's are in ``miniapp_schemas.health_code``."""

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from health_code.rules.appeals import AppealState
from health_code.rules.documents import Colour, RuleSetDocument
from health_code.rules.evidence import Kind
from health_code.rules.manual import ManualState

OUTCOME: Final = "rule:"
"""Before the name of a rule whose outcome is disputed; no evidence of ours has a colon in its id."""
UNREADABLE: Final = "evidence:"
"""Before the name of a source of which some evidence cannot be opened, among a code's failures."""
BROKEN: Final = "judgement"
"""Among a code's failures: there is no judgement, by a fault of ours."""
RETIRED: Final = "retired"
"""Among a code's failures: the evidence it would rest on was destroyed, for health codes have ended."""
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


class Elsewhere(Struct, frozen=True, kw_only=True, array_like=True):
    """What another place says of somebody, as they may read it."""

    evidence: str
    source: str
    certificate: str
    issuer: str
    area: str | None
    shown: str | None
    outcome: str | None
    as_of: datetime
    expires_at: datetime | None


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
    knows all that one knew. ``seen`` counts the evidence it knew, ``laws`` the rule sets that were
    published. ``unsaid`` are the changes of colour that are not yet noted, and of which the holder has not
    yet been told.
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
    elsewhere: tuple[Elsewhere, ...] = ()
    laws: int = 0


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
    elsewhere: tuple[Elsewhere, ...] = ()
    laws: int = 0


class ManualEntry(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """Something entered by hand, and everybody who put their name to it.

    ``due`` is true while evidence has to follow that is not recorded yet. ``evidence`` is what was recorded,
    ``correction`` what took it back. ``since`` is when it came into its state.
    """

    id: str
    subject: str
    reason: str
    jurisdiction: str
    case_id: str
    note: bytes
    expires_at: datetime
    state: ManualState
    since: datetime
    version: int
    proposed_by: Person
    proposed_at: datetime
    lapses_at: datetime
    confirmed_by: Person | None = None
    confirmed_at: datetime | None = None
    released_by: Person | None = None
    withdrawal_by: Person | None = None
    withdrawn_by: Person | None = None
    due: bool = False
    evidence: str | None = None
    correction: str | None = None


class CohortAlarm(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One reason that was used for a whole cohort of people; one a reason and day."""

    id: str
    reason: str
    people: int
    raised_at: datetime
    latest_at: datetime


class Attached(Struct, frozen=True, kw_only=True):
    """A file of an appeal, but for its content."""

    id: str
    media_type: Literal["image/jpeg", "image/png", "application/pdf"]
    size: int
    at: datetime


class Missing(Struct, frozen=True, kw_only=True):
    """Evidence that there should have been, but for its facts."""

    kind: Kind
    jurisdiction: str
    occurred_at: datetime


class Appeal(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """An appeal, and everybody who had to do with it. What was said in it is sealed.

    ``disputed`` is the evidence by our id of it or, where a colour rests on none, ``OUTCOME`` and the rule;
    ``judged_at`` and ``rule_set`` then say which judgement is disputed. ``corrects`` is the evidence that
    shall be corrected, ``missing`` what shall be added instead; ``correction`` are the facts of either, None
    where evidence shall only be taken back. ``due`` is true while evidence has to follow that is not recorded
    yet; ``outcome`` is what was recorded.
    """

    id: str
    subject: str
    disputed: str
    rule: str
    colour: Colour
    statement: bytes
    state: AppealState
    since: datetime
    version: int
    filed_at: datetime
    deadline: datetime
    open: bool
    attached: tuple[Attached, ...] = ()
    escalated_at: datetime | None = None
    reviewer: Person | None = None
    proposed_by: Person | None = None
    correction: bytes | None = None
    decided_by: Person | None = None
    answer: bytes | None = None
    due: bool = False
    outcome: str | None = None
    judged_at: datetime | None = None
    rule_set: str = ""
    corrects: str | None = None
    missing: Missing | None = None

    @property
    def of_outcome(self) -> bool:
        """Whether no piece of evidence is disputed, but what came of all there is."""
        return self.disputed.startswith(OUTCOME)


class AppealFile(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """The content of a file of an appeal, sealed. One document a file: none is larger than MongoDB takes."""

    id: str
    appeal: str
    content: bytes


class ChainHead(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a chain of hashes had come."""

    chain: str
    sequence: int
    hash: str


class Destroyed(Struct, frozen=True, kw_only=True, rename="camel"):
    """What lay at one place before and lies there after."""

    place: str
    found: int
    left: int | None = None


class Retirement(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A destruction under way: what there was before the first of it was gone. ``id`` is the purpose."""

    id: str
    started_at: datetime
    chains: tuple[ChainHead, ...]
    found: tuple[Destroyed, ...]


class RetirementStatement(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What was destroyed, how much of it, when, and which chains of evidence and audit it was part of."""

    city: str
    purpose: str
    started_at: datetime
    finished_at: datetime
    chains: tuple[ChainHead, ...]
    destroyed: tuple[Destroyed, ...]


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
