"""A text message gateway (短信网关), simulated: it takes messages and delivers them to an outbox.

``/_sim/sms/outbox?phone=`` is the phone one can look at, newest message first. ``POST /_sim/sms/fates`` says
what becomes of texts to a phone; who gave it an address is told of each text what became of it, until they
answer.
"""

import asyncio
import hmac
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import aiohttp
import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from bff.sandbox.simulator import Clock, utc_now

_KEPT: Final = 1000
_TRIES: Final = 3
_PAUSE: Final = 0.2
_PATIENCE: Final = 5.0


REPLACED: Final = "您的手机号已不再绑定原账户；如非本人操作，请立即登录查看。"
"""What is agreed with the operator for a phone that was replaced."""
Phone = Annotated[str, Meta(pattern=r"^\+[0-9]{8,15}\Z")]


class _Code(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="one-time-code", tag_field="template"
):
    phone: Phone
    code: Annotated[str, Meta(pattern=r"^[0-9]{4,8}\Z")]


class _Notice(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="notice", tag_field="template"
):
    phone: Phone
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    id: str = ""


class _Replaced(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="phone-replaced", tag_field="template"
):
    phone: Phone


class Delivered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it lies on a phone: a code, or a text."""

    at: datetime
    phone: str
    code: str = ""
    text: str = ""


class ReceiptAddress(Struct, frozen=True, kw_only=True):
    """Where the gateway tells what became of texts, and with which key."""

    url: str
    key: str


class SmsFate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a phone: from now on each text to it ends with the operator's ``code``."""

    phone: Phone
    code: Annotated[str | None, Meta(description="None: it is well again.")] = None


class Sms:
    """The gateway's books. One event loop; nothing here waits but for who is told of receipts."""

    name = "sms"

    def __init__(
        self,
        *,
        key: str,
        now: Clock = utc_now,
        receipts: ReceiptAddress | None = None,
        apps: Sequence[web.RouteDef] = (),
    ) -> None:
        """``apps`` is what else there is to be seen on phones."""
        self._key = key
        self._apps = apps
        self._now = now
        self._receipts = receipts
        self._fates: dict[str, str] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._outbox: deque[Delivered] = deque(maxlen=_KEPT)

    def latest(self, phone: str) -> str:
        """The newest code on ``phone``."""
        return next(each.code for each in reversed(self._outbox) if each.phone == phone and each.code)

    def texts(self, phone: str) -> list[str]:
        """What ``phone`` was told that is no code, newest last."""
        return [each.text for each in self._outbox if each.phone == phone and each.text]

    def sent(self) -> int:
        """How many messages went out."""
        return len(self._outbox)

    def routes(self) -> list[web.RouteDef]:
        """The gateway, and the phones."""
        return [
            web.post("/v1/messages", self._take),
            web.get("/_sim/sms/outbox", self._show),
            web.post("/_sim/sms/fates", self._decide),
            *self._apps,
        ]

    def busy(self) -> web.Response:
        """How it says that it cannot."""
        return web.json_response({"error": "busy"}, status=503)

    def throttled(self) -> web.Response:
        """How it says "too often"."""
        return web.json_response({"error": "too many"}, status=429, headers={"Retry-After": "9"})

    async def _take(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self._key}"):
            return web.json_response({"error": "unauthorized"}, status=401)
        try:
            message = msgspec.json.decode(await request.read(), type=_Code | _Notice | _Replaced)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        code = message.code if isinstance(message, _Code) else ""
        text = message.text if isinstance(message, _Notice) else "" if code else REPLACED
        self._outbox.append(Delivered(at=self._now(), phone=message.phone, code=code, text=text))
        if isinstance(message, _Notice) and message.id and self._receipts is not None:
            task = asyncio.get_running_loop().create_task(self._tell(self._receipts, message))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return web.json_response({"status": "accepted"}, status=202)

    async def told(self) -> None:
        """Return once everything that is to be told was told, or given up."""
        await asyncio.gather(*self._telling)

    async def _tell(self, address: ReceiptAddress, message: _Notice) -> None:
        code = self._fates.get(message.phone)
        told = {
            "id": message.id,
            "delivered": code is None,
            "code": code or "DELIVRD",
            "at": self._now().isoformat(),
        }
        headers = {"Authorization": f"Bearer {address.key}"}
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
            for _ in range(_TRIES):
                try:
                    async with http.post(address.url, json={"receipts": [told]}, headers=headers) as reply:
                        if reply.status == 204:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(_PAUSE)

    async def _decide(self, request: web.Request) -> web.Response:
        try:
            fate = msgspec.json.decode(await request.read(), type=SmsFate)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        if fate.code is None:
            self._fates.pop(fate.phone, None)
        else:
            self._fates[fate.phone] = fate.code
        return web.Response(status=204)

    async def _show(self, request: web.Request) -> web.Response:
        phone = request.query.get("phone")
        found = [each for each in reversed(self._outbox) if phone is None or each.phone == phone]
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")
