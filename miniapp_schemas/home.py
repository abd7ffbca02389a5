"""The first screen, in one call, made of blocks that fail one by one."""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from miniapp_schemas.base import Instant, Response


class BlockStatus(StrEnum):
    """How fresh a block is."""

    OK = "ok"
    STALE = "stale"
    UNAVAILABLE = "unavailable"
    FORBIDDEN = "forbidden"


class Block(Response, frozen=True, kw_only=True):
    """One part of a screen; a dead source makes it `stale` or `unavailable`, never the screen."""

    status: Annotated[BlockStatus, Meta(description="Whether there is data, and how fresh.")]
    required: Annotated[bool, Meta(description="The screen makes no sense without it: offer a retry.")]
    as_of: Annotated[Instant | None, Meta(description="When the data was true; null if there is none.")]
    etag: Annotated[str | None, Meta(description="Changes only when `data` does.")]
    data: Annotated[Any, Meta(description="What the block's name says; null if there is none.")] = None


class Home(Response, frozen=True, kw_only=True):
    """The first screen."""

    server_time: Instant
    blocks: Annotated[
        dict[str, Block], Meta(description="By name; an old mini-program skips what it does not know.")
    ]
