"""What the wallet keeps. Stored shapes only: what crosses the wire is in ``miniapp_schemas.wallet``."""

from datetime import date, datetime

from msgspec import Struct

from miniapp_schemas.acting import ActingKind
from miniapp_schemas.wallet import PresentationMode, Verdict
from wallet.rules.validity import Mark


class Version(Struct, frozen=True, kw_only=True):
    """A version the issuer sent, and the keyed hash of what was in it."""

    version: int
    content: str
    at: datetime


class Showable(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """What of a certificate is needed to show it and to judge it: it is read for each, so it is no more."""

    id: str
    type: str
    issuer_name: str
    keepers: tuple[str, ...]
    sealed: bytes
    valid_from: date
    valid_until: date | None
    mark: Mark
    status_list: int
    status_index: int


class Credential(Showable, frozen=True, kw_only=True):
    """A certificate (电子证照) as stored. Everything personal is in ``sealed`` or masked or hashed."""

    issuer: str
    serial: str
    version: int
    identifier: str
    title_masked: str
    number_masked: str
    mark_reason: str | None
    revision: int
    history: tuple[Version, ...]
    issued_at: datetime
    updated_at: datetime


class Secrets(Struct, frozen=True, kw_only=True, array_like=True):
    """What ``Credential.sealed`` holds: the holder and the fields, in the clear."""

    holder_name: str
    holder_number: str
    claims: dict[str, str]


class Deputy(Struct, frozen=True, kw_only=True, array_like=True):
    """Who shows a certificate in its keeper's name (代亮); ``name`` is as the keeper may see it."""

    person: str
    kind: ActingKind
    name: str
    grant: str
    case: str | None = None


class OpenPresentation(Struct, frozen=True, kw_only=True, array_like=True):
    """A shown code (亮证) waiting for its one scan. Holds no claim values and not the code itself."""

    id: str
    credential: str
    presenter: str
    scene: str
    claims: tuple[str, ...]
    mode: PresentationMode
    issued_at: float
    expires_at: float
    deputy: Deputy | None = None
    digest: bytes | None = None
    """SHA-256 of a signed code: who brings the text of this digest brings the signature made here."""


class Issuer(Struct, frozen=True, kw_only=True):
    """The department (发证机关) that issues ``types`` and no other."""

    id: str
    name: str
    types: frozenset[str]


class Requester(Struct, frozen=True, kw_only=True):
    """The clerk (用证方) who scans, as a resident will see them."""

    clerk: str
    clerk_number: str
    organisation: str
    organisation_name: str
    scenes: frozenset[str]


class Usage(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One use of a certificate (用证记录), kept for its keepers. Names of claims, never their values."""

    id: str
    at: datetime
    presentation: str
    credential: str
    type: str
    keepers: tuple[str, ...]
    clerk: str
    clerk_number: str
    organisation: str
    organisation_name: str
    scene: str
    claims: tuple[str, ...]
    verdict: Verdict
    deputy: Deputy | None = None


class Shown(Struct, frozen=True, kw_only=True, tag_field="kind", tag="shown"):
    """The event of a code being opened."""

    id: str
    at: datetime
    presentation: str
    credential: str
    presenter: str
    scene: str
    claims: tuple[str, ...]
    deputy: Deputy | None = None


class Checked(Struct, frozen=True, kw_only=True, tag_field="kind", tag="checked"):
    """The event of a code being scanned; ``usage`` is None where no credential could be told."""

    id: str
    at: datetime
    clerk: str
    organisation: str
    verdict: Verdict
    usage: Usage | None = None


WalletEvent = Shown | Checked
