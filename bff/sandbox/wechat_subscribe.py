"""Subscribe messages (订阅消息) of the simulated WeChat: what people allow, what it takes, what it tells.

Written from the documentation and not from our own rules: what our judge of fields lets through, this one
judges again. Where nothing was set up, any template is known, and all it needs is a person's yes.

What it pushes goes to the address an administrator entered (``/_sim/wechat/push-address``), signed, sealed in
secure mode, three times at most. One item comes as an object, as it has been seen to.
"""

import asyncio
import json
import random
import re
import struct
from base64 import b64decode, b64encode
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from hashlib import sha1
from typing import Any, Final, Literal
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from msgspec import Struct

from bff.sandbox.simulator import Clock
from bff.sandbox.wechat_errors import Answer, Refused
from bff.sandbox.wechat_ids import WechatApp, openid_of

_OK: Final = {"errcode": 0, "errmsg": "ok"}
_TRIES: Final = 3
_PATIENCE: Final = 5.0
_PAUSE: Final = 0.2
_KEPT: Final = 5_000
_EAST: Final = timedelta(hours=8)
_SAID: Final = {
    40014: "invalid access_token",
    40037: "invalid template_id",
    41030: "invalid page",
    43107: "subscribe message capability is banned",
    43108: "concurrent messages to one user",
    45168: "hit sensitive words",
    47003: "argument invalid!",
}
"""Codes only this part speaks; the words of the last four are ours."""
_DAY: Final = r"\d{4}年\d{1,2}月\d{1,2}日"
_CLOCK: Final = r"\d{1,2}:\d{2}"
_HAN: Final = r"[\u4e00-\u9fa5]"
_FORMS: Final = {
    "thing": r".{1,20}",
    "number": r"(?=.{1,32}$)\d+(\.\d+)?",
    "letter": r"[a-zA-Z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[\x21-\x7e ]{1,32}",
    "time": rf"({_DAY} )?{_CLOCK}(~({_DAY} )?{_CLOCK})?",
    "date": rf"{_DAY}( {_CLOCK})?(~{_DAY}( {_CLOCK})?)?",
    "amount": r"[¥￥$€£]?\d{1,10}(\.\d+)?元?",
    "phone_number": r"[\d+() -]{1,17}",
    "car_number": r".[A-Z0-9]{0,6}.",
    "name": r"[\u4e00-\u9fa5A-Za-z·. ]{1,10}|[A-Za-z .'-]{1,20}",
    "phrase": rf"{_HAN}{{1,5}}",
}


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template an administrator took from the library; ``standing`` is a long-term one."""

    id: str
    fields: list[str]
    standing: bool = False
    choices: dict[str, list[str]] = {}


class Ordered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many sends that end with ``errcode``, to whomever, or to one resident or by one template."""

    errcode: int
    times: int = 1
    resident: str | None = None
    template: str | None = None
    said: str | None = None


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """How an app is set up, and what goes wrong with what it sends."""

    appid: str
    templates: list[Template] | None = None
    pages: list[str] | None = None
    a_day: int | None = None
    errors: list[Ordered] = []
    undelivered: str | None = None
    names_messages: bool = True


class PushAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Where an app's events go, and in which dress; ``aes_key`` is secure mode."""

    appid: str
    url: str
    token: str
    aes_key: str | None = None
    format: Literal["json", "xml"] = "json"
    compatible: bool = False
    always_array: bool = False
    wrapped: bool = False
    time_as_text: bool = False


class Answered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a resident answers to a pop-up, or changes in the settings."""

    appid: str
    resident: str
    template: str
    times: int = 1
    answer: Literal["accept", "reject"] = "accept"
    in_settings: bool = False


class Pushed(Struct, frozen=True, kw_only=True):
    """One event and how its receiver took it; ``statuses`` has 0 for no answer."""

    event: str
    statuses: list[int]
    taken: bool


class Sent(Struct, frozen=True, kw_only=True):
    """One message WeChat showed somebody."""

    msgid: int
    openid: str
    template: str
    data: dict[str, str]
    page: str | None
    lang: str


class Subscriptions:
    """Who allowed what, and what came of it."""

    def __init__(self, *, now: Clock, chance: random.Random) -> None:
        self._now = now
        self._chance = chance
        self._rules: dict[str, Rules] = {}
        self._left: dict[str, list[list[Any]]] = {}
        self._addresses: dict[str, PushAddress] = {}
        self._grants: Counter[tuple[str, str, str]] = Counter()
        self._standing: set[tuple[str, str, str]] = set()
        self._today: Counter[tuple[str, date]] = Counter()
        self._pushing: set[asyncio.Task[None]] = set()
        self.sent: deque[Sent] = deque(maxlen=_KEPT)
        self.pushed: deque[Pushed] = deque(maxlen=_KEPT)

    # --- what people and administrators do ----------------------------------------------------------

    def set_rules(self, rules: Rules) -> None:
        """Set an app up anew."""
        self._rules[rules.appid] = rules
        self._left[rules.appid] = [[each, each.times] for each in rules.errors]

    def set_address(self, address: PushAddress) -> None:
        """Push an app's events there from now on."""
        self._addresses[address.appid] = address

    def answer(self, said: Answered) -> None:
        """A person says yes or no."""
        openid = openid_of(said.appid, said.resident)
        whom = (said.appid, openid, said.template)
        known = self._template(said.appid, said.template)
        if said.answer == "reject":
            self._grants[whom] = 0
            self._standing.discard(whom)
        elif known is not None and known.standing:
            self._standing.add(whom)
        else:
            self._grants[whom] += said.times
        kind = "change" if said.in_settings else "popup"
        item = {"TemplateId": said.template, "SubscribeStatusString": said.answer}
        if not said.in_settings:
            item["PopupScene"] = "0"
        for _ in range(1 if said.answer == "reject" else said.times):
            self._tell(said.appid, kind, openid, [item])

    # --- what an app asks ---------------------------------------------------------------------------

    def send(self, app: WechatApp, asked: Mapping[str, Any]) -> Answer:
        """``message/subscribe/send``: one grant is one message. The order of the checks is not documented."""
        openid, template = str(asked.get("touser", "")), str(asked.get("template_id", ""))
        rules = self._rules.get(app.appid, Rules(appid=app.appid))
        self._ordered(app.appid, openid, template)
        if not openid.startswith("oSIM"):
            raise Refused(40003)
        if rules.templates is not None and self._template(app.appid, template) is None:
            raise Refused(40037, _SAID[40037])
        data = self._checked(app.appid, template, asked.get("data"))
        page = asked.get("page")
        if page is not None and rules.pages is not None and str(page).split("?")[0] not in rules.pages:
            raise Refused(41030, _SAID[41030])
        day = (app.appid, (self._now() + _EAST).date())
        if rules.a_day is not None and self._today[day] >= rules.a_day:
            raise Refused(45009)
        whom = (app.appid, openid, template)
        if whom not in self._standing:
            if self._grants[whom] <= 0:
                raise Refused(43101)
            self._grants[whom] -= 1
        self._today[day] += 1
        msgid = self._chance.getrandbits(60)
        self.sent.append(
            Sent(
                msgid=msgid,
                openid=openid,
                template=template,
                data=data,
                page=None if page is None else str(page),
                lang=str(asked.get("lang", "zh_CN")),
            )
        )
        code = rules.undelivered or "0"
        item = {"TemplateId": template, "MsgID": str(msgid), "ErrorCode": code}
        item["ErrorStatus"] = "success" if code == "0" else "failed: user block"
        self._tell(app.appid, "sent", openid, [item])
        return {**_OK, "msgid": msgid} if rules.names_messages else dict(_OK)

    def _template(self, appid: str, template: str) -> Template | None:
        rules = self._rules.get(appid)
        known = [] if rules is None or rules.templates is None else rules.templates
        return next((each for each in known if each.id == template), None)

    def _ordered(self, appid: str, openid: str, template: str) -> None:
        for each in self._left.get(appid, ()):
            order, left = each
            if left == 0 or order.template not in (None, template):
                continue
            if order.resident is not None and openid_of(appid, order.resident) != openid:
                continue
            each[1] -= 1
            raise Refused(order.errcode, order.said or _SAID.get(order.errcode))

    def _checked(self, appid: str, template: str, data: object) -> dict[str, str]:
        given = data if isinstance(data, dict) else {}
        values = {
            str(name): str(holder.get("value", "")) if isinstance(holder, dict) else ""
            for name, holder in given.items()
        }
        known = self._template(appid, template)
        if known is None:
            return values
        for name in known.fields:
            value = values.get(name, "")
            kind = re.sub(r"\d+$", "", name)
            if not value:
                raise Refused(47003, f"argument invalid! data.{name}.value is empty")
            if kind in ("enum", "enum_string"):
                taken = value in known.choices.get(name, [])
            else:
                taken = re.fullmatch(_FORMS[kind], value) is not None and value == value.strip()
            if not taken:
                raise Refused(47003, f"argument invalid! data.{name}.value invalid")
        return values

    # --- what it pushes -----------------------------------------------------------------------------

    def _tell(self, appid: str, kind: str, openid: str, items: list[dict[str, str]]) -> None:
        address = self._addresses.get(appid)
        if address is None:
            return
        body = self._event(address, kind, openid, items)
        task = asyncio.get_running_loop().create_task(
            self._push(address, f"subscribe_msg_{kind}_event", body)
        )
        self._pushing.add(task)
        task.add_done_callback(self._pushing.discard)

    def _event(self, address: PushAddress, kind: str, openid: str, items: list[dict[str, str]]) -> bytes:
        stamp = int(self._now().timestamp())
        name, inner = f"subscribe_msg_{kind}_event", f"SubscribeMsg{kind.capitalize()}Event"
        if address.format == "xml":
            lists = "".join(
                "<List>"
                + "".join(f"<{key}><![CDATA[{value}]]></{key}>" for key, value in item.items())
                + "</List>"
                for item in items
            )
            return (
                f"<xml><ToUserName><![CDATA[gh_sim]]></ToUserName><FromUserName><![CDATA[{openid}]]>"
                f"</FromUserName><CreateTime>{stamp}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
                f"<Event><![CDATA[{name}]]></Event><{inner}>{lists}</{inner}></xml>"
            ).encode()
        told: object = items if len(items) != 1 or address.always_array else items[0]
        said: dict[str, object] = {
            "ToUserName": "gh_sim",
            "FromUserName": openid,
            "CreateTime": str(stamp) if address.time_as_text else stamp,
            "MsgType": "event",
            "Event": name,
            **({inner: {"List": told}} if address.wrapped else {"List": told}),
        }
        return json.dumps(said, ensure_ascii=False).encode()

    async def _push(self, address: PushAddress, event: str, body: bytes) -> None:
        statuses: list[int] = []
        taken = False
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
            for _ in range(_TRIES):
                # Signed anew each time, and said again word for word.
                query, sent = self.signed(address, body)
                try:
                    async with http.post(f"{address.url}?{urlencode(query)}", data=sent) as reply:
                        statuses.append(reply.status)
                        taken = reply.status == 200 and (await reply.read()) in (b"", b"success")
                except (aiohttp.ClientError, TimeoutError):
                    statuses.append(0)
                if taken:
                    break
                await asyncio.sleep(_PAUSE)
        self.pushed.append(Pushed(event=event, statuses=statuses, taken=taken))

    def signed(self, address: PushAddress, body: bytes) -> tuple[dict[str, str], bytes]:
        """The query and the body WeChat sends for ``body``."""
        stamp, nonce = str(int(self._now().timestamp())), str(self._chance.randrange(10**9))
        query = {
            "signature": _sha1(address.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": "oSIM",
        }
        if address.aes_key is None:
            return query, body
        sealed = self._sealed(address, body)
        query |= {"encrypt_type": "aes", "msg_signature": _sha1(address.token, stamp, nonce, sealed)}
        if address.format == "xml":
            inner = f"<ToUserName><![CDATA[gh_sim]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            return query, f"<xml>{inner}</xml>".encode()
        plain = json.loads(body) if address.compatible else {"ToUserName": "gh_sim"}
        return query, json.dumps({**plain, "Encrypt": sealed}, ensure_ascii=False).encode()

    def _sealed(self, address: PushAddress, body: bytes) -> str:
        key = b64decode(f"{address.aes_key}=")
        plain = self._chance.randbytes(16) + struct.pack(">I", len(body)) + body + address.appid.encode()
        left = 32 - len(plain) % 32
        encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
        return b64encode(encryptor.update(plain + bytes([left]) * left) + encryptor.finalize()).decode()

    # --- the controls -------------------------------------------------------------------------------

    def routes(self, read: Callable[[bytes, type[Any]], Any]) -> list[web.RouteDef]:
        """What plays people and administrators; ``read`` reads a body or refuses it."""

        def posted(kind: type[Any], do: Callable[[Any], None]) -> Callable[[web.Request], Any]:
            async def handle(request: web.Request) -> web.Response:
                do(read(await request.read(), kind))
                return web.Response(status=204)

            return handle

        async def sent(_: web.Request) -> web.Response:
            return _listed(self.sent)

        async def pushed(_: web.Request) -> web.Response:
            return _listed(self.pushed)

        return [
            web.post("/_sim/wechat/subscribe", posted(Answered, self.answer)),
            web.post("/_sim/wechat/subscribe-rules", posted(Rules, self.set_rules)),
            web.post("/_sim/wechat/push-address", posted(PushAddress, self.set_address)),
            web.get("/_sim/wechat/sent", sent),
            web.get("/_sim/wechat/pushed", pushed),
        ]


def _listed(entries: "deque[Any]") -> web.Response:
    return web.Response(body=msgspec.json.encode(list(entries)), content_type="application/json")


def _sha1(*parts: str) -> str:
    return sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()
