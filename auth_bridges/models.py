"""What is kept about people, organisations and their sessions, and what a token says of its bearer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel


class Audience(StrEnum):
    """The API a token opens; it opens no other."""

    RESIDENT = "resident"
    VERIFIER = "verifier"
    ISSUER = "issuer"

    @property
    def urn(self) -> str:
        """The token's ``aud``."""
        return f"suishen:{self.value}"


class Standing(StrEnum):
    """Whether somebody may still sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class Proof(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why we believe a level (实名等级): who said so, how, when, and until when it counts."""

    level: AssuranceLevel
    method: str
    source: str
    at: datetime
    expires_at: datetime | None = None
    of_age: bool = False
    """Whether who proved it was seen to be old enough to do so alone; of the oldest nobody looked."""


class Resident(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A person. Name, ID number and phone are sealed; ``holder`` and ``phone_hash`` are keyed hashes.

    The level is not kept: it is what the proofs add up to at the moment of asking. Who was merged into
    somebody keeps everything and only points there (``merged_into``); the other lists whom it took in.
    ``ways`` counts changes of ways in, so that two of them at once are seen to be two.
    """

    id: str
    created_at: datetime
    standing: Standing = Standing.ACTIVE
    holder: str | None = None
    name: bytes | None = None
    number: bytes | None = None
    phone: bytes | None = None
    phone_hash: str | None = None
    former_phone: bytes | None = None
    """The one that still answers, until then, sealed as ``phone`` is."""
    former_phone_until: datetime | None = None
    proofs: tuple[Proof, ...] = ()
    merged_into: str | None = None
    absorbed: tuple[str, ...] = ()
    ways: int = 0


def name_context(resident: str) -> bytes:
    """What a resident's sealed name belongs to: copied elsewhere it does not open."""
    return f"resident:{resident}:name".encode()


def number_context(resident: str) -> bytes:
    """What a resident's sealed ID number belongs to."""
    return f"resident:{resident}:number".encode()


def phone_context(resident: str) -> bytes:
    """What a resident's sealed phone belongs to."""
    return f"resident:{resident}:phone".encode()


class FormerName(Struct, frozen=True, kw_only=True):
    """What a provider once called somebody, and until when we believed it."""

    kind: str
    value: str
    until: datetime


class Link(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One way in: a provider's subject and the resident it leads to.

    Unique by (provider, appid, subject). ``alternates`` are a provider's other names for the same
    person (WeChat's unionid changes when an app moves): an index, never the key. ``former`` are those
    that were replaced. One with ``leaving_at`` is no way in any more; it goes once the sessions it opened
    have ended.
    """

    id: str
    provider: str
    appid: str
    subject: str
    resident: str
    linked_at: datetime
    alternates: dict[str, str] = {}
    former: tuple[FormerName, ...] = ()
    leaving_at: datetime | None = None


class MergeReason(StrEnum):
    """How two residents were found to be one person."""

    LINK = "link"
    ID_NUMBER = "id_number"


class MergeState(StrEnum):
    """Where a merge is; the steps from one to another are in ``rules.linking``."""

    WAITING = "waiting"
    MERGING = "merging"
    MERGED = "merged"
    UNDOING = "undoing"
    UNDONE = "undone"
    REFUSED = "refused"


class MergeCase(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """Two residents that look like one person (账号合并): who would go on, and what became of it."""

    id: str
    survivor: str
    absorbed: str
    why: MergeReason
    state: MergeState
    opened_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None


class NoticeKind(StrEnum):
    """What somebody must hear of their own account."""

    LINKED = "linked"
    UNLINKED = "unlinked"
    MERGE_WAITING = "merge_waiting"
    MERGED = "merged"
    MERGE_UNDONE = "merge_undone"
    MERGE_REFUSED = "merge_refused"
    PHONE_BOUND = "phone_bound"
    REAL_NAME = "real_name"
    SIGN_IN_COPIED = "sign_in_copied"
    DELETION_REQUESTED = "deletion_requested"
    DELETION_CANCELLED = "deletion_cancelled"
    HEALTH_CODE_CHANGED = "health_code_changed"
    HEALTH_EVIDENCE_BY_HAND = "health_evidence_by_hand"
    HEALTH_EVIDENCE_WITHDRAWN = "health_evidence_withdrawn"
    HEALTH_APPEAL_MOVED = "health_appeal_moved"
    GUARDIAN_JOINED = "guardian_joined"
    GUARDIAN_ACTED = "guardian_acted"
    GUARDIAN_ENDED = "guardian_ended"
    ACTING_BEGUN = "acting_begun"
    ACTING_LEFT = "acting_left"


class Notice(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One thing somebody was told of their own account; ``by`` is the masked name of who else did it."""

    id: str
    resident: str
    kind: NoticeKind
    at: datetime
    by: str | None = None


class FaceCheckState(StrEnum):
    """How far a face check (人脸核身) has come, by the word of the provider's server and of no browser."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"


class StoredFaceCheck(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A face check as it was begun; ``certification`` is the provider's name for it.

    It is about whoever has ``holder`` and nobody else, whomever the account is of when it ends.
    """

    id: str
    resident: str
    holder: str | None = None
    certification: str
    url: str
    started_at: datetime


class ConsentPurpose(StrEnum):
    """What somebody agrees to apart from everything else (单独同意, PIPL Art. 28–29)."""

    REAL_NAME = "real-name"
    FACE_CHECK = "face-check"


class Consent(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One resident's consent to one purpose, and the notice they were shown."""

    id: str
    resident: str
    purpose: ConsentPurpose
    notice: str
    given_at: datetime
    withdrawn_at: datetime | None = None


class Deletion(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """An account's way out (注销). Who it was stands in it until it is done; then only keyed hashes do.

    ``holders`` are the keyed hashes of the ID numbers that go with it, noted before the records are emptied
    that hold them. ``receipt`` is SHA-256 of what the resident keeps to fetch the certificate with.
    """

    id: str
    receipt: bytes
    requested_at: datetime
    due_at: datetime
    resident: str | None = None
    begun: bool = False
    holders: tuple[str, ...] = ()
    deleted_at: datetime | None = None
    tombstone: str | None = None
    grants_ended: bool = False
    """Whether leave to act went with it; False of those done before it did."""


class Actor(Struct, frozen=True, kw_only=True):
    """A resident about to change their account, as their token says; ``challenge`` as they presented it."""

    resident: str
    session: str
    level: AssuranceLevel
    auth_time: datetime
    methods: frozenset[str]
    challenge: str | None = None


class DepartmentKey(Struct, frozen=True, kw_only=True):
    """A public P-256 key a department signs its assertions with (JWK, RFC 7518 §6.2.1)."""

    x: str
    y: str
    kty: Literal["EC"] = "EC"
    crv: Literal["P-256"] = "P-256"


class SingleSignOn(Struct, frozen=True, kw_only=True):
    """An organisation's own OpenID provider, where its clerks sign in (单点登录).

    ``claim`` names a clerk in what the provider signs: ``sub``, kept with the clerk, or a claim that
    holds the clerk's number. ``acr`` and ``amr`` are the provider's own words for two factors: where there
    are some, it has to sign one of them.
    """

    issuer: str
    client_id: str
    claim: str = "sub"
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()


class Organisation(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """Who verifies (用证方) or issues (发证机关). Only one with keys can sign in by itself.

    ``types`` are what it issues; one stored before there were any issues nothing.
    """

    id: str
    name: str
    standing: Standing = Standing.ACTIVE
    scopes: tuple[str, ...] = ()
    keys: tuple[DepartmentKey, ...] = ()
    sso: SingleSignOn | None = None
    types: tuple[str, ...] = ()


class Clerk(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """Who stands at a counter (核验员): unique by (organisation, number)."""

    id: str
    organisation: str
    number: str
    passphrase: str
    scopes: tuple[str, ...]
    scenes: tuple[str, ...]
    standing: Standing = Standing.ACTIVE
    sso_subject: str | None = None


class SecondFactor(Struct, frozen=True, kw_only=True, rename={"clerk": "_id"}):
    """A clerk's second factor (动态口令): counts once a first code has shown that its secret arrived.

    ``last_step`` is the time step of the last code that counted; none before it counts again.
    ``allowed_until`` is until when the clerk may set one up with the passphrase alone.
    """

    clerk: str
    sealed: bytes | None = None
    last_step: int = -1
    confirmed_at: datetime | None = None
    allowed_until: datetime | None = None


def second_factor_context(clerk: str) -> bytes:
    """What a clerk's sealed secret belongs to: copied to another's it does not open."""
    return f"clerk:{clerk}:second-factor".encode()


class Ending(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    TOKEN_REUSED = "token_reused"  # noqa: S105 - a reason, not a token
    DISABLED = "disabled"
    LINK_MOVED = "link_moved"
    UNLINKED = "unlinked"
    MERGED = "merged"
    DELETED = "deleted"
    PROVIDER_SIGNED_OUT = "provider_signed_out"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    ENDED_BY_OWNER = "ended_by_owner"
    ENDED_BY_OPERATOR = "ended_by_operator"
    SECOND_FACTOR_RESET = "second_factor_reset"
    CREDENTIALS_CHANGED = "credentials_changed"


class ProviderSession(Struct, frozen=True, kw_only=True):
    """The session at a provider that one of ours came from; ``vouched_at`` is by the provider's clock."""

    issuer: str
    client_id: str
    subject: str
    session: str | None
    vouched_at: datetime


class StoredSession(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A session: one family of refresh tokens, of which one is alive.

    ``current`` and ``previous`` are SHA-256 of tokens. ``successor`` is the current token sealed
    under the previous one: nobody can open it but whoever still holds that. ``platform`` is what kind
    of device it began on, for its owner's list. ``origin`` is kept in the same write as the session: no
    process can die with the one kept and the other not.

    ``id`` names the family for ever. What tokens call it changes with the ``level`` it was renewed at, and a
    clerk's with the ``rights``: ``renamed`` holds those names in turn, and only the last of them opens
    anything.
    """

    id: str
    audience: Audience
    subject: str
    client: str
    device: str | None
    started_at: datetime
    expires_at: datetime
    current: bytes
    previous: bytes | None = None
    successor: bytes | None = None
    rotated_at: datetime | None = None
    idle_seconds: int | None = None
    idle_ends_at: datetime | None = None
    platform: str | None = None
    generation: int = 0
    methods: tuple[str, ...] = ()
    origin: ProviderSession | None = None
    link: str | None = None
    """The way in it began by; None: a clerk's, or begun before it was written down."""
    level: AssuranceLevel | None = None
    """At which its tokens were minted last; None: begun before it was written down."""
    rights: tuple[str, ...] | None = None
    """A clerk's scopes and scenes, as its tokens told them last; None: a resident's, or not written down."""
    renamed: tuple[str, ...] = ()
    ended_at: datetime | None = None
    ended_why: Ending | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Everything tokens ever called it, the present name last."""
        return (self.id, *self.renamed)

    @property
    def sid(self) -> str:
        """What tokens call it now."""
        return self.names[-1]


class ClientFacts(Struct, frozen=True, kw_only=True):
    """What we know of the caller before knowing who it is."""

    address: str
    device: str | None = None
    agent: str = ""


class ProviderSubject(Struct, frozen=True, kw_only=True):
    """Whom a provider says somebody is.

    ``synonyms`` names those of the ``alternates`` that mean this person, in this app, for ever: who is
    not found by the subject is found by them.
    """

    provider: str
    appid: str
    subject: str
    alternates: dict[str, str] = {}
    synonyms: tuple[str, ...] = ()
    rid: str | None = None
    """The provider's own name for the request that told it, if it gives a good answer one."""

    @property
    def told(self) -> dict[str, str]:
        """What of it belongs into the audit beside the provider's name."""
        return {} if self.rid is None else {"rid": self.rid}


class FaceCheckStarted(Struct, frozen=True, kw_only=True):
    """A face check (人脸核身) that waits for the person at ``url``."""

    id: str
    url: str


class SignInFlow(Struct, frozen=True, kw_only=True):
    """A sign-in that was begun at an OpenID provider, and what its end must fit.

    ``verifier`` and ``nonce`` leave us only as hashes, or towards the provider itself. ``bound`` is a hash
    of the account, the session and the purpose it was begun for; None opens a session of its own.
    """

    issuer: str
    client_id: str
    nonce: str
    verifier: str
    device: str
    organisation: str | None = None
    acr: tuple[str, ...] = ()
    bound: str | None = None


class SecondFactorBegun(Struct, frozen=True, kw_only=True):
    """A secret for an authenticator, to be typed or scanned; it counts from its first code on."""

    secret: str
    url: str


class Begun(Struct, frozen=True, kw_only=True):
    """Where to go on with a sign-in, and the state to come back with."""

    url: str
    state: str
    expires_at: datetime


class CameBack(Struct, frozen=True, kw_only=True):
    """What somebody came back with from an OpenID provider; ``issuer`` is its ``iss`` (RFC 9207)."""

    code: str
    state: str
    issuer: str | None


class Authentication(Struct, frozen=True, kw_only=True):
    """What an OpenID provider says of somebody who just signed in there."""

    issuer: str
    client_id: str
    subject: str
    issued_at: datetime
    session: str | None = None
    claims: dict[str, str] = {}
    methods: frozenset[str] = frozenset()


class ProviderLogout(Struct, frozen=True, kw_only=True):
    """What an OpenID provider says has ended there: one session, or all of a subject's."""

    issuer: str
    client_id: str
    token_id: str
    issued_at: datetime
    subject: str | None = None
    session: str | None = None


class CertificatePurpose(StrEnum):
    """What a legal person's certificate is shown for."""

    LEVEL = "level"
    AGENTS = "agents"
    STEP_UP = "step-up"


class CertificateChallenge(Struct, frozen=True, kw_only=True):
    """A text to be signed with a legal person's certificate, for one session and one purpose, once."""

    id: str
    session: str
    purpose: CertificatePurpose
    text: str
    expires_at: datetime


class LegalPersonProof(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """What a legal person's certificate (法人一证通) proved of a resident.

    ``representative`` is the keyed hash of the ID number it names, which is the resident's own.
    """

    id: str
    resident: str
    session: str
    purpose: CertificatePurpose
    uscc: str
    name: str
    representative: str
    serial: str
    issuer: str
    at: datetime
    expires_at: datetime


class LegalPerson(Struct, frozen=True, kw_only=True):
    """An organisation somebody proved to be the legal representative (法定代表人) of."""

    uscc: str
    name: str


class Acting(Struct, frozen=True, kw_only=True):
    """For whom the bearer of a token acts (代办), and by which grant.

    ``whom`` is the keyed hash the other side's certificates lie under; ``name`` is the bearer's, as it may
    be shown to them.
    """

    kind: ActingKind
    whom: str
    grant: str
    name: str
    case: str | None = None


class Grant(Struct, frozen=True, kw_only=True):
    """What an access token says of its bearer.

    ``subject`` is always who holds the phone. While acting, ``holder`` is the other side's.
    """

    audience: Audience
    subject: str
    session: str
    client: str
    assurance: AssuranceLevel
    scopes: frozenset[str]
    holder: str | None = None
    organisation: str | None = None
    organisation_name: str | None = None
    clerk_number: str | None = None
    scenes: frozenset[str] = frozenset()
    acting: Acting | None = None
    auth_time: datetime | None = None
    methods: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()


class AccessToken(Struct, frozen=True, kw_only=True):
    """A signed token and its end."""

    text: str
    expires_at: datetime


class RefreshToken(Struct, frozen=True, kw_only=True):
    """An opaque token and the end of its whole session."""

    text: str
    expires_at: datetime


class ResidentSignedIn(Struct, frozen=True, kw_only=True):
    """A resident's fresh pair of tokens; ``display_name`` is masked."""

    access: AccessToken
    refresh: RefreshToken
    assurance: AssuranceLevel
    display_name: str | None


class ClerkSignedIn(Struct, frozen=True, kw_only=True):
    """A clerk's fresh pair of tokens."""

    session: str
    access: AccessToken
    refresh: RefreshToken
    organisation: str
    organisation_name: str
    clerk_number: str
    scopes: tuple[str, ...]
    scenes: tuple[str, ...]


class DepartmentSignedIn(Struct, frozen=True, kw_only=True):
    """A department's access token."""

    access: AccessToken
    organisation: str
    scopes: tuple[str, ...]


class GrantEnding(StrEnum):
    """Why a grant ended before its time."""

    BY_AGENT = "by_agent"
    BY_PRINCIPAL = "by_principal"
    WRONG_CODES = "wrong_codes"
    LAPSED = "lapsed"
    RELATION_ENDED = "relation_ended"
    ACCOUNT_DELETED = "account_deleted"
    IDENTITY_WITHDRAWN = "identity_withdrawn"


NOBODY = ""
"""Who a side of a grant is that has left; nobody's key."""


class ActingGrant(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """Leave to act for somebody (代办授权), from offer to end.

    ``whom`` and ``agent`` are keyed hashes of ID numbers or credit codes; a clerk's is their own id. Names
    are as the other side may see them. ``hold`` and ``place`` are what a living grant keeps others from
    having: the pair, and one of a child's places for guardians. An ended one keeps nothing. A side that
    has left is ``NOBODY``.
    """

    id: str
    kind: ActingKind
    whom: str
    agent: str
    scopes: tuple[str, ...]
    offered_at: datetime
    lapses_at: datetime
    expires_at: datetime
    whom_name: str | None = None
    agent_name: str | None = None
    granted_by: str | None = None
    case: str | None = None
    code: bytes | None = None
    tries: int = 0
    child: bytes | None = None
    checked_at: datetime | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_why: GrantEnding | None = None
    hold: str | None = None
    place: str | None = None


class Guardianship(Struct, frozen=True, kw_only=True):
    """What the family register says of a guardian (监护人) and a child."""

    child_name: str
    born: date


def child_context(grant: str) -> bytes:
    """What a grant's sealed ID number of a child belongs to."""
    return f"grant:{grant}:child".encode()


def code_context(grant: str) -> bytes:
    """What a grant's sealed confirmation code belongs to."""
    return f"grant:{grant}:code".encode()


class ActingSwitched(Struct, frozen=True, kw_only=True):
    """A fresh token to act with, and by which grant; None for one's own again."""

    access: AccessToken
    grant: ActingGrant | None
