"""JPush (极光推送, REST API v3): the makers' channels of the mainland behind one address.

The one provider here with an idempotency key. A ``cid`` comes from JPush, and for a day the same one shows
one message, whatever became of the first answer; so it is written down under the notice's name before it is
used.
What the makers are told (消息分类), and what error numbers mean, are tables in ``jpush.json``.

Accepted is the last that is heard: the form of its receipts (回执 API) is not published, and the ``callback``
of a push is not used.
"""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from push.channels.asking import answered, notice_uuid, read, wait_asked
from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.models import MessageClass
from push.ports import Clock, Http, Reply

CID_GOOD_FOR: Final = timedelta(hours=23)
"""JPush keeps a cid for a day; an hour is for the clocks and for what is under way."""
_POOLED_AT_MOST: Final = timedelta(hours=1)
_LARGEST: Final = 3500
"""Bytes of an alert with all that is around it; JPush counts 4000 (Android) and 2000 (iOS, without ours)."""
_LONGEST_KEPT: Final = timedelta(days=10)
_HMOS: Final = "hmos"


class Meaning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an error number means; with ``tombstone_if`` in its message it is about the address."""

    failure: FailureClass
    what: str
    tombstone_if: str | None = None
    lane_stop: bool = False


Vendors = dict[str, dict[MessageClass, dict[str, Any]]]


class Tables(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What error numbers mean, and what each maker is told of each class of message."""

    errors: dict[str, Meaning]
    vendors: Vendors


TABLES: Final = msgspec.json.decode(files("push.channels").joinpath("jpush.json").read_bytes(), type=Tables)


class Named(Struct, frozen=True, kw_only=True):
    """A cid, and when JPush gave it out."""

    cid: str
    issued_at: datetime


class Cids(Protocol):
    """Which cid a notice to an address was sent under."""

    async def keep(self, name: str, named: Named) -> Named:
        """The cid of ``name``: the one that is kept, or else ``named``, which now is. Durable on return."""


class _Given(Struct, frozen=True, kw_only=True):
    cidlist: list[str]


class _Error(Struct, frozen=True, kw_only=True):
    code: int = 0
    message: str = ""


class _Refused(Struct, frozen=True, kw_only=True):
    error: _Error = _Error()


class _Taken(Struct, frozen=True, kw_only=True):
    msg_id: str | int


def read_vendors(file: Path) -> Vendors:
    """An app's own table of the makers' classes and channels; ``ValueError`` if it is none."""
    return msgspec.json.decode(file.read_bytes(), type=Vendors)


class JpushChannel:
    """Sends to phones sold in the mainland."""

    name: Final = "jpush"
    idempotent: Final = True
    takes_credit: Final = False

    def __init__(
        self,
        http: Http,
        *,
        base_url: str,
        app_key: str,
        master_secret: str,
        cids: Cids,
        clock: Clock,
        cids_at_once: int,
        vendors: Vendors | None = None,
    ) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + "/v3/push"
        basic = b64encode(f"{app_key}:{master_secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        self._cids = cids
        self._clock = clock
        self._at_once = cids_at_once
        self._vendors = TABLES.vendors | (vendors or {})
        self._pool: deque[Named] = deque()
        self._filling = asyncio.Lock()

    def takes(self, message: Message) -> bool:
        """Whether it fits."""
        said = (message.lock_title, message.lock_body, message.key, message.link)
        return sum(len(text.encode()) for text in said) <= _LARGEST

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask JPush once, under the cid this notice to this phone has for ever."""
        drawn = await self._draw()
        if isinstance(drawn, Failed):
            return drawn
        kept = await self._cids.keep(f"{message.key}:{_digest(address.target)}", drawn)
        if kept.cid != drawn.cid:
            self._pool.appendleft(drawn)
        now = self._clock()
        if now - kept.issued_at >= CID_GOOD_FOR:
            # JPush has forgotten the cid: under another one what it took then would be shown again.
            return Failed(failure=FailureClass.NEXT_CHANNEL, code="cid_lapsed")
        body = msgspec.json.encode(self._push(message, address, cid=kept.cid, now=now))
        reply = await answered(self._http("POST", self._url, headers=self._headers, body=body))
        return reply if isinstance(reply, Failed | Unknown) else reaction(reply, now=now)

    async def _draw(self) -> Named | Failed:
        """A cid nobody used; asks for more where the pool is empty or stale."""
        async with self._filling:
            oldest = self._clock() - _POOLED_AT_MOST
            while self._pool and self._pool[0].issued_at < oldest:
                self._pool.popleft()
            if not self._pool:
                failed = await self._fill()
                if failed is not None:
                    return failed
            return self._pool.popleft()

    async def _fill(self) -> Failed | None:
        now = self._clock()
        query = {"count": str(self._at_once)}
        reply = await answered(self._http("GET", f"{self._url}/cid", query=query, headers=self._headers))
        if isinstance(reply, Failed):
            return reply
        if isinstance(reply, Unknown):
            # Nothing was sent, so nothing is unknown.
            return Failed(failure=FailureClass.RETRY, code="no_cid")
        if reply.status == 200:
            given = read(reply.body, _Given)
            fresh = [] if given is None else [cid for cid in given.cidlist if 0 < len(cid) <= 128]
            self._pool.extend(Named(cid=cid, issued_at=now) for cid in fresh)
            return None if fresh else Failed(failure=FailureClass.RETRY, code="no_cid")
        answer = reaction(reply, now=now)
        return answer if isinstance(answer, Failed) else Failed(failure=FailureClass.RETRY, code="no_cid")

    def _push(self, message: Message, address: Address, *, cid: str, now: datetime) -> dict[str, Any]:
        kind = message.message_class
        extras = {"key": message.key, "link": message.link}
        told = {"alert": message.lock_body, "title": message.lock_title, "extras": extras}
        lives = min(max(message.useful_until - now, timedelta(0)), _LONGEST_KEPT)
        # A phone whose maker is known is told of that maker alone.
        makers = [address.vendor] if address.vendor in self._vendors else list(self._vendors)
        return {
            "cid": cid,
            "platform": ["android", "ios", _HMOS],
            "audience": {"registration_id": [address.target]},
            "notification": {
                "android": told,
                "ios": {
                    "alert": {"title": message.lock_title, "body": message.lock_body},
                    "thread-id": message.topic.value,
                    "extras": extras,
                },
                _HMOS: {**told, **self._vendors[_HMOS][kind]},
            },
            "options": {
                "time_to_live": int(lives.total_seconds()),
                "apns_production": True,
                "apns_collapse_id": str(notice_uuid(message)),
                # Of the app's own making (自分类), over whatever a maker is told below.
                "classification": 1 if kind is MessageClass.SERVICE else 0,
                "third_party_channel": {
                    maker: self._vendors[maker][kind] for maker in makers if maker != _HMOS
                },
            },
        }


def reaction(reply: Reply, *, now: datetime, errors: Mapping[str, Meaning] = TABLES.errors) -> Answer:
    """What JPush's answer means."""
    if reply.status == 200:
        taken = read(reply.body, _Taken)
        if taken is None:
            return Unknown(why="status 200 without a msg_id")
        return Accepted(receipt=str(taken.msg_id))
    error = (read(reply.body, _Refused) or _Refused()).error
    meaning = errors.get(str(error.code))
    if meaning is None:
        if reply.status < 400:
            return Unknown(why=f"status {reply.status}")
        meaning = _unlisted(reply.status)
    code = str(error.code) if error.code else f"status_{reply.status}"
    if meaning.tombstone_if is not None and meaning.tombstone_if in error.message.lower():
        return Failed(failure=FailureClass.TOMBSTONE, code=code)
    after = None
    if meaning.failure is FailureClass.RETRY:
        after = _until_reset(reply) if reply.status == 429 else wait_asked(reply, now)
    return Failed(failure=meaning.failure, code=code, after=after, lane_stop=meaning.lane_stop)


def _unlisted(status: int) -> Meaning:
    if status == 429:
        return Meaning(failure=FailureClass.RETRY, what="", lane_stop=True)
    if status in {401, 403, 404, 405, 410}:
        return Meaning(failure=FailureClass.CONFIGURATION, what="")
    return Meaning(failure=FailureClass.RETRY if status >= 500 else FailureClass.BROKEN, what="")


def _until_reset(reply: Reply) -> timedelta:
    """Seconds to the end of JPush's minute; a whole one where it does not say."""
    text = reply.headers.get("x-rate-limit-reset", "")
    seconds = int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 60
    return timedelta(seconds=min(max(seconds, 1), 60))


def _digest(target: str) -> str:
    return sha256(target.encode()).hexdigest()[:16]
