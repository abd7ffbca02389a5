"""What channels that ask over HTTP share: what a silence means, how long to wait, what a notice is called."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from push.channels.base import Answer, Failed, FailureClass, Message, Unknown
from push.ports import Reply

T = TypeVar("T")
_LONGEST_WAIT: Final = timedelta(days=1)


async def answered(asked: Awaitable[Reply]) -> Reply | Failed | Unknown:
    """The reply, or what it means that there is none."""
    try:
        return await asked
    except ConnectionRefusedError:
        return Failed(failure=FailureClass.RETRY, code="unreached")
    except TimeoutError:
        return Unknown(why="no answer in time")
    except ConnectionAbortedError:
        return Unknown(why="no answer")


def silent(reply: Reply | Failed | Unknown) -> Answer | None:
    """What to answer where there was no reply; None where there was one."""
    return reply if isinstance(reply, Failed | Unknown) else None


def wait_asked(reply: Reply, now: datetime) -> timedelta | None:
    """How long ``Retry-After`` asks for (RFC 9110 §10.2.3), a day at most; None if it is not legible."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return min(timedelta(seconds=int(text)), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), _LONGEST_WAIT)


def notice_uuid(message: Message) -> UUID:
    """What the notice is called at a provider: always the same for the same intent."""
    return uuid5(NAMESPACE_URL, f"urn:suishen:push:{message.key}")


def read(body: bytes, kind: type[T]) -> T | None:
    """``body`` as ``kind``; None if it is anything else, which a provider in trouble may well send."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError:
        return None
