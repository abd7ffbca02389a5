"""What the text message gateway tells us later of messages (短信送达回执).

POST ``{"receipts": [{"id", "delivered", "code", "at"}]}`` to our address, its key for us as a bearer token;
``id`` is the one a message was sent with, ``code`` the operator's own word. Everything is kept before it is
answered, and told again it stays as it was told first: the gateway tells again whatever we did not answer.

JPush tells receipts (回执) too, but gives their form to each customer and to nobody else (its 回执 API, as of
2024-05-27): what could not be read for certain is not believed, and nothing listens there.
"""

import asyncio
import hmac
import logging
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from push.ports import Clock, Receipt, TakeReceipt
from push.refusals import CallbackForged, CallbackUnknown, CallbackUnreadable

MOST_AT_ONCE: Final = 100
_log: Final = logging.getLogger(__name__)
_CHANNEL: Final = "sms"
_LONGEST: Final = timedelta(days=7)


class _Told(Struct, frozen=True, kw_only=True):
    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
    delivered: bool
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_:.-]{0,40}\Z")] = ""
    at: Annotated[datetime, Meta(tz=True)]


class _Report(Struct, frozen=True, kw_only=True):
    receipts: Annotated[tuple[_Told, ...], Meta(max_length=MOST_AT_ONCE)]


_read: Final = msgspec.json.Decoder(_Report).decode


class TextReceipts:
    """The address the gateway knows."""

    def __init__(self, *, key: str | None, take_receipt: TakeReceipt, clock: Clock) -> None:
        """``key`` is the gateway's for us; without one nothing is believed."""
        self._expected = None if key is None else f"Bearer {key}".encode()
        self._take_receipt = take_receipt
        self._clock = clock

    async def hear(self, authorization: str, body: bytes) -> None:
        """Take what was told; return once it is kept."""
        if self._expected is None:
            raise CallbackUnknown
        if not hmac.compare_digest(authorization.encode(), self._expected):
            _log.warning("receipts in the name of the text message gateway come without its key")
            raise CallbackForged
        try:
            told = _read(body).receipts
        except msgspec.DecodeError:
            _log.warning("receipts of the text message gateway are not of the form agreed on")
            raise CallbackUnreadable from None
        now = self._clock()
        await asyncio.gather(
            *(
                self._take_receipt(
                    Receipt(
                        channel=_CHANNEL,
                        reference=each.id,
                        delivered=each.delivered,
                        code=each.code,
                        # A clock that is ahead would have it kept for ever, one of long ago not at all.
                        at=max(min(each.at, now), now - _LONGEST),
                    )
                )
                for each in told
            )
        )
