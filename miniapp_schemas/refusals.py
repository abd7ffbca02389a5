"""How the system says no.

A refusal is an expected answer, not an accident. Its ``code`` is contract and never changes, its
``kind`` is meaning; the HTTP status is decided in ``bff.platform.problems`` and nowhere else.
"""

from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What a refusal means, whatever carries it."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """Base of every expected no: ``raise CredentialSuspended(reason="…")``.

    A subclass states its contract as class attributes; the keywords it is raised with fill the
    ``{placeholders}`` of the details and must hold nothing personal.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title_zh: ClassVar[str]
    title_en: ClassVar[str]
    detail_zh: ClassVar[str] = ""
    detail_en: ClassVar[str] = ""
    action: ClassVar[str | None] = None
    ours: ClassVar[bool] = False
    """Of an outage: that it is of our own stores, which nobody waits for as long as for others."""

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts = facts

    @property
    def detail(self) -> tuple[str, str]:
        """The detail in Chinese and in English, placeholders filled."""
        return self.detail_zh.format(**self.facts), self.detail_en.format(**self.facts)

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait before trying again, where that helps."""
        wait = self.facts.get("retry_after")
        return wait if isinstance(wait, int) else None
