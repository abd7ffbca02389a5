r"""What every wire struct is made of.

Requests forbid unknown fields, so that a typo is refused and not ignored. Responses, read by a client in
Python, do not: within ``/v1`` fields are only ever added, and a released client must go on reading them.
The contract closes the schemas of both, because it says what this release sends.

A pattern ends in ``\Z``: Python's ``$`` would let a last newline through. The contract says ``$``, as
ECMA 262 means it.
"""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")


class Request(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A body somebody sends us; unknown fields are refused."""


class Response(Struct, frozen=True, kw_only=True, rename="camel"):
    """A body we send; fields are only ever added within ``/v1``."""


class Text(Response, frozen=True, kw_only=True):
    """The same sentence in Chinese and in English."""

    zh: Annotated[str, Meta(description="Simplified Chinese.")]
    en: Annotated[str, Meta(description="English.")]


class Page(Response, Generic[T], frozen=True, kw_only=True):
    """One page of a list, newest first."""

    items: Annotated[list[T], Meta(description="The entries of this page.")]
    next_cursor: Annotated[
        str | None, Meta(description="Pass as `cursor` for the next page; absent on the last.")
    ] = None


Instant = Annotated[datetime, Meta(description="RFC 3339 instant in UTC.", tz=True)]
Cursor = Annotated[
    str,
    Meta(description="A `nextCursor`, as it was given.", pattern=r"^[0-9a-f-]{32,36}\Z"),
]
IdNumber = Annotated[
    str, Meta(description="公民身份号码 (GB 11643) of a natural person.", pattern=r"^[0-9]{17}[0-9X]\Z")
]
Uscc = Annotated[
    str,
    Meta(
        description="统一社会信用代码 (GB 32100) of an organisation.", pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}\Z"
    ),
]
