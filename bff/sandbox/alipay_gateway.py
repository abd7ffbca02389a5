"""Alipay (支付宝) on a wire, simulated: v2 and v3, keys or certificates, AES, and its errors.

v2 answers 200 and ``text/html`` whatever happened; the gateway's own errors are unsigned, those of pages are
GBK. v3 answers 4xx without a signature. Both check the app first, the time next and the signature last.

``/_sim/alipay/login`` plays the mini-program, ``/_sim/alipay/sign-in`` a person with a browser;
``/_sim/alipay/hostile`` makes the next answers ones that no client should believe.
"""

import json
import random
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from bff.sandbox.alipay import AlipayBooks, Trouble
from bff.sandbox.alipay_crypto import rsa_sign, rsa_verifies, seal, unseal
from bff.sandbox.alipay_ids import AlipayApp, Names
from bff.sandbox.alipay_keys import AlipayKeyring, make, private, serial_of, serial_of_root
from bff.sandbox.chooser import SIGN_IN, back_to, chooser, with_code
from bff.sandbox.simulator import Clock, utc_now

T = TypeVar("T")
_WINDOW: Final = timedelta(minutes=10)
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_PAGE: Final = "alipay.user.certify.open.certify"
_DOWNLOAD: Final = "alipay.open.app.alipaycert.download"
_TOKEN: Final = "alipay.system.oauth.token"  # noqa: S105 - a method's name
_NAME: Final = ("支付宝", "Alipay")
# Which verb v3 wants; a method that is not here has no address.
_V3: Final = {
    "/v3/alipay/open/app/mini/templatemessage/send": ("POST", "alipay.open.app.mini.templatemessage.send"),
    "/v3/alipay/system/oauth/token": ("POST", _TOKEN),
    "/v3/alipay/user/info/share": ("POST", "alipay.user.info.share"),
    "/v3/alipay/user/certify/open/initialize": ("POST", "alipay.user.certify.open.initialize"),
    "/v3/alipay/user/certify/open/query": ("GET", "alipay.user.certify.open.query"),
}


class Hostile(StrEnum):
    """What the next answer is instead of what it should be; the first three are odd and nothing worse."""

    NICKNAME = "nickname"
    """Braces and ``"sign"`` inside a value."""
    KEY_ORDER = "keyOrder"
    """The signature before what it is of."""
    WHITESPACE = "whitespace"
    """Spaces and line ends wherever JSON allows them."""
    UNSIGNED = "unsigned"
    SHA1 = "sha1"
    MD5 = "md5"
    OTHER_APP = "otherApp"
    """Signed for another app, with the key Alipay keeps for that one."""
    REWRITTEN = "rewritten"
    """The same JSON, written differently after it was signed."""
    DUPLICATE_KEY = "duplicateKey"
    """A name twice, all of it signed."""
    DUPLICATE_RESPONSE = "duplicateResponse"
    """Two responses under one name, the first of them signed."""
    OTHER_METHOD = "otherMethod"
    """The answer to something else."""
    NOT_UTF8 = "notUtf8"
    NO_CERTIFICATE = "noCertificate"
    UNKNOWN_CERTIFICATE = "unknownCertificate"
    """It names a certificate that nobody ever downloads."""
    FORGED_CERTIFICATE = "forgedCertificate"
    """Signed by a stranger, whose certificate can be downloaded: right names in it, and a wrong root."""
    APPS_CERTIFICATE = "appsCertificate"
    """Signed by an app, whose certificate can be downloaded: the right root, and a wrong name in it."""
    STALE = "stale"
    """v3 only: signed an hour ago."""


_BY_A_STRANGER: Final = frozenset({Hostile.OTHER_APP, Hostile.FORGED_CERTIFICATE})


class PhoneTrick(StrEnum):
    """What is wrong with a phone packet."""

    ERROR = "error"
    """The person has not agreed: a right packet that says no."""
    TAMPERED = "tampered"
    UNQUOTED = "unquoted"
    """Signed without the quotes."""
    OTHER_APP = "otherApp"
    SHA1 = "sha1"


ResidentKey = Annotated[
    str, Meta(description="Which synthetic resident holds the phone.", pattern=r"^[a-z0-9-]{1,40}\Z")
]


class Login(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``my.getAuthCode`` on a resident's phone."""

    appid: str
    resident: ResidentKey


class Phone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``my.getPhoneNumber`` on a resident's phone; ``sealed`` if the app has content encryption on."""

    appid: str
    mobile: Annotated[str, Meta(pattern=r"^[0-9]{11}\Z")]
    sealed: bool = True
    trick: PhoneTrick | None = None


class Certify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """How the camera sees it."""

    certify_id: str
    passed: bool


class Order(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many answers of one hostile kind."""

    mode: Hostile
    times: Annotated[int, Meta(ge=1, le=1000)] = 1


class Subscribe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resident allows ``times`` messages of a template; without a number all of them."""

    appid: str
    resident: ResidentKey
    template: str
    times: Annotated[int, Meta(ge=1)] | None = None


class Ordered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The next calls of a method end in an error."""

    method: str
    code: str
    sub_code: str = ""
    times: Annotated[int, Meta(ge=1, le=1000)] = 1


class Move(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alipay's own changes to an app: its names of people, the certificate it signs with."""

    appid: str
    names: Names | None = None
    next_certificate: bool = False


class Alipay:
    """Alipay's counter: checks who asks, asks the books, signs what they say."""

    name = "alipay"

    def __init__(
        self,
        apps: Sequence[AlipayApp],
        keyring: AlipayKeyring,
        *,
        other: Callable[[], AlipayKeyring] = make,
        people: Mapping[str, str] | None = None,
        home: str = "",
        now: Clock = utc_now,
        chance: random.Random | None = None,
    ) -> None:
        """Open the counter.

        ``other`` makes the keyring of an app that is none of these, once it is needed. ``people`` are
        offered on the sign-in page, which leads back to ``home`` if nobody says where to.
        """
        self._clock = now
        self._offset = timedelta(0)
        self.books = AlipayBooks(apps, now=self._now, chance=chance or random.SystemRandom())
        self._keyring = keyring
        self._make_other = other
        self._other: AlipayKeyring | None = None
        self._people = people or {}
        self._home = home
        self._hostile: deque[Hostile] = deque()
        self._moved: set[str] = set()
        self._nonces: dict[str, datetime] = {}
        self._app_sn = serial_of(keyring.app_certificate)
        self._root_sn = serial_of_root(keyring.roots)

    def hostile(self, mode: Hostile, times: int = 1) -> None:
        """Make the next ``times`` successes hostile ones."""
        if mode in _BY_A_STRANGER:
            self._stranger()  # made now, and not while a client waits
        self._hostile.extend([mode] * times)

    def roll_over(self, appid: str) -> None:
        """From now on sign for this app with the next certificate."""
        self._moved.add(appid)

    # --- v2 ---------------------------------------------------------------------------------------

    async def _gateway(self, request: web.Request) -> web.Response:
        given = dict(parse_qsl(request.query_string, keep_blank_values=True))
        if request.method == "POST":
            form = (await request.read()).decode("utf-8", "replace")
            given |= dict(parse_qsl(form, keep_blank_values=True))
        method = given.get("method", "")
        try:
            app = self._admitted_v2(given)
        except Trouble as trouble:
            return self._gbk(trouble) if method == _PAGE else self._unsigned(method, trouble)
        try:
            own = self._content(given)
            if method == _PAGE:
                return self._certify_page(str(own.get("certify_id", "")))
            if method == _DOWNLOAD:
                answer = self._certificate(app, str(own.get("alipay_cert_sn", "")))
            else:
                answer = self.books.answer(app, method, given | own)
        except Trouble as trouble:
            if method == _PAGE:
                return self._gbk(trouble)
            # An answer of the method itself is signed; oauth.token's errors have been seen without.
            if method == _TOKEN or trouble.sub_code == "isv.invalid-method":
                return self._unsigned(method, trouble)
            return self._signed(app, method, trouble.v2, sealed=False, mode=None)
        # A hostile answer is to what was asked; what is asked because of it is answered as ordered below.
        mode = self._hostile.popleft() if self._hostile and method != _DOWNLOAD else None
        sealed = given.get("encrypt_type") == "AES"
        return self._signed(app, method, answer, sealed=sealed, mode=mode)

    def _admitted_v2(self, given: Mapping[str, str]) -> AlipayApp:
        """Who asks: the app first, then the time, then the signature, in the order seen on the wire."""
        app = self._app(given.get("app_id", ""))
        if not given.get("method"):
            raise Trouble("40001", "isv.missing-method")
        if not given.get("timestamp"):
            raise Trouble("40001", "isv.missing-timestamp")
        try:
            said = datetime.strptime(given["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_SHANGHAI)
        except ValueError:
            raise Trouble("40002", "isv.invalid-timestamp") from None
        if abs(self._now() - said) > _WINDOW:
            raise Trouble("40002", "isv.invalid-timestamp")
        if given.get("version") != "1.0":
            raise Trouble("40001", "isv.missing-version")
        if not given.get("sign_type"):
            raise Trouble("40001", "isv.missing-signature-type")
        if given["sign_type"] != "RSA2":
            raise Trouble("40002", "isv.invalid-signature-type")
        if not given.get("sign"):
            raise Trouble("40001", "isv.missing-signature")
        self._certified(app, given.get("app_cert_sn"), given.get("alipay_root_cert_sn"))
        pairs = sorted((name, value) for name, value in given.items() if name != "sign" and value)
        text = "&".join(f"{name}={value}" for name, value in pairs)
        if not self._by_app(text.encode(), given["sign"]):
            raise Trouble("40002", "isv.invalid-signature")
        return app

    def _content(self, given: Mapping[str, str]) -> dict[str, Any]:
        content = given.get("biz_content", "")
        try:
            if given.get("encrypt_type") == "AES" and content:
                content = unseal(content, self._keyring.aes).decode()
            own = json.loads(content) if content else {}
        except ValueError:
            raise Trouble("40002", "isv.decryption-error") from None
        if not isinstance(own, dict):
            raise Trouble("40002", "isv.invalid-parameter")
        return own

    def _signed(
        self, app: AlipayApp, method: str, answer: dict[str, Any], *, sealed: bool, mode: Hostile | None
    ) -> web.Response:
        """The gateway's envelope, and everything that can be wrong with it."""
        text = _json_bytes(_spoilt(answer, mode), mode)
        content = b'"' + seal(text, self._keyring.aes).encode() + b'"' if sealed else text
        key, serial = self._signs(app, mode)
        signature = rsa_sign(private(key), content, _digest(mode))
        if mode is Hostile.REWRITTEN:
            content = _rewritten(content)
        named = "alipay_other_method" if mode is Hostile.OTHER_METHOD else method.replace(".", "_")
        response = (f"{named}_response", content)
        parts = [response]
        if mode is Hostile.DUPLICATE_RESPONSE:
            parts.append((response[0], content.replace(b"sim", b"sin")))
        if serial is not None:
            parts.append(("alipay_cert_sn", f'"{serial}"'.encode()))
        if mode is not Hostile.UNSIGNED:
            parts.append(("sign", f'"{signature}"'.encode()))
        if mode is Hostile.KEY_ORDER:
            parts.reverse()
        comma, colon = (b" ,\r\n\t", b" : ") if mode is Hostile.WHITESPACE else (b",", b":")
        body = comma.join(b'"' + name.encode() + b'"' + colon + value for name, value in parts)
        return self._page(b"{" + body + b"}" + (b"\n" if mode is Hostile.WHITESPACE else b""))

    def _unsigned(self, method: str, trouble: Trouble) -> web.Response:
        """What goes wrong before anybody knows who asks, or at oauth.token, has no signature."""
        named = "error" if method in ("", _TOKEN) else method.replace(".", "_")
        return self._page(_json_bytes({f"{named}_response": trouble.v2}))

    def _page(self, body: bytes) -> web.Response:
        headers = {"Content-Type": "text/html;charset=utf-8", "trace_id": self.books.trace()}
        return web.Response(body=body, headers=headers)

    def _gbk(self, trouble: Trouble) -> web.Response:
        """A page for a person, in the encoding of its time."""
        html = f"<html><head><title>支付宝</title></head><body>抱歉，{trouble.sub_code}</body></html>"
        headers = {"Content-Type": "text/html;charset=GBK", "trace_id": self.books.trace()}
        return web.Response(body=html.encode("gbk"), headers=headers)

    # --- v3 ---------------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {"alipay-trace-id": self.books.trace()}
        try:
            method = _method_v3(request)
            app = self._admitted_v3(request, body)
            sealed = request.headers.get("alipay-encrypt-type") == "AES"
            answer = self.books.answer(app, method, self._given_v3(request, body, sealed=sealed))
        except Trouble as trouble:
            return web.Response(
                status=trouble.status,
                body=_json_bytes(trouble.v3),
                headers={**headers, "Content-Type": "application/json;charset=utf-8"},
            )
        answer.pop("code", None)
        answer.pop("msg", None)
        mode = self._hostile.popleft() if self._hostile else None
        reply = _json_bytes(_spoilt(answer, mode), mode)
        if sealed:
            reply = seal(reply, self._keyring.aes).encode()
        key, serial = self._signs(app, mode)
        said = self._now() - (timedelta(hours=1) if mode is Hostile.STALE else timedelta())
        moment, nonce = str(int(said.timestamp() * 1000)), self.books.trace()
        if mode is not Hostile.UNSIGNED:
            text = f"{moment}\n{nonce}\n".encode() + reply + b"\n"
            headers |= {
                "alipay-timestamp": moment,
                "alipay-nonce": nonce,
                "alipay-signature": rsa_sign(private(key), text, _digest(mode)),
            }
        if serial is not None:
            headers["alipay-sn"] = serial
        if mode is Hostile.REWRITTEN:
            reply = _rewritten(reply)
        kind = "text/plain" if sealed else "application/json"
        return web.Response(body=reply, headers={**headers, "Content-Type": f"{kind};charset=utf-8"})

    def _admitted_v3(self, request: web.Request, body: bytes) -> AlipayApp:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        said, _, signature = rest.partition(",sign=")
        fields = dict(field.split("=", 1) for field in said.split(",") if "=" in field)
        # Without the header altogether it is the time that is missed, and not the header.
        if scheme != "ALIPAY-SHA256withRSA":
            raise Trouble("40001", "isv.missing-timestamp")
        app = self._app(fields.get("app_id", ""))
        moment = fields.get("timestamp", "")
        if not moment.isdigit() or len(moment) > 14:
            raise Trouble("40002", "isv.invalid-timestamp")
        now = self._now()
        if abs(now - datetime.fromtimestamp(int(moment) / 1000, UTC)) > _WINDOW:
            raise Trouble("40002", "isv.invalid-timestamp")
        root = request.headers.get("alipay-root-cert-sn")
        self._certified(app, fields.get("app_cert_sn"), root)
        text = f"{said}\n{request.method}\n{request.raw_path}\n".encode() + body + b"\n"
        if token := request.headers.get("alipay-app-auth-token"):
            text += f"{token}\n".encode()
        if not self._by_app(text, signature):
            raise Trouble("40002", "isv.invalid-signature")
        # Remembered only of whom the signature is: anybody can make up nonces.
        while self._nonces and next(iter(self._nonces.values())) < now - 2 * _WINDOW:
            del self._nonces[next(iter(self._nonces))]
        nonce = f"{app.appid}:{fields.get('nonce', '')}"
        if not fields.get("nonce") or nonce in self._nonces:
            raise Trouble("40002", "isv.invalid-nonce")
        self._nonces[nonce] = now
        return app

    def _given_v3(self, request: web.Request, body: bytes, *, sealed: bool) -> dict[str, Any]:
        try:
            plain = unseal(body.decode(), self._keyring.aes) if sealed and body else body
            own = json.loads(plain) if plain else {}
        except ValueError:
            raise Trouble("40002", "isv.decryption-error" if sealed else "isv.illegal-json") from None
        if not isinstance(own, dict):
            raise Trouble("40002", "isv.illegal-json")
        return {**own, **request.query}

    # --- both -------------------------------------------------------------------------------------

    def _app(self, appid: str) -> AlipayApp:
        if not appid:
            raise Trouble("40001", "isv.missing-app-id")
        if appid not in self.books.apps:
            raise Trouble("40002", "isv.invalid-app-id")
        return self.books.apps[appid]

    def _certified(self, app: AlipayApp, app_sn: str | None, root_sn: str | None) -> None:
        if not app.certificates:
            return
        for said, right, name in (
            (app_sn, self._app_sn, "app-cert-sn"),
            (root_sn, self._root_sn, "alipay-root-cert-sn"),
        ):
            if not said:
                raise Trouble("40002", f"isv.missing-{name}")
            if said != right:
                raise Trouble("40002", f"isv.invalid-{name}")

    def _by_app(self, text: bytes, signature: str) -> bool:
        return rsa_verifies(private(self._keyring.app_private).public_key(), text, signature)

    def _signs(self, app: AlipayApp, mode: Hostile | None) -> tuple[str, str | None]:
        """The key that signs, and the name of its certificate where there are any."""
        moved = app.appid in self._moved
        ring = self._keyring
        key = ring.next_private if moved else ring.alipay_private
        certificate = ring.next_certificate if moved else ring.alipay_certificate
        if mode in _BY_A_STRANGER:
            key = self._stranger().alipay_private
            if mode is Hostile.FORGED_CERTIFICATE:
                certificate = self._stranger().alipay_certificate
        if mode is Hostile.APPS_CERTIFICATE:
            key, certificate = ring.app_private, ring.app_certificate
        if not app.certificates or mode is Hostile.NO_CERTIFICATE:
            return key, None
        return key, "0" * 32 if mode is Hostile.UNKNOWN_CERTIFICATE else serial_of(certificate)

    def _stranger(self) -> AlipayKeyring:
        """The keyring of an app that is none of these."""
        if self._other is None:
            self._other = self._make_other()
        return self._other

    def _certificate(self, app: AlipayApp, serial: str) -> dict[str, Any]:
        """``alipay.open.app.alipaycert.download``: with a stranger's and an app's, if a forger answers.

        What is said to a serial nobody knows is not documented; this is what other methods would say.
        """
        ring = self._keyring
        held = [ring.alipay_certificate, ring.next_certificate, ring.app_certificate]
        if self._other is not None:
            held.append(self._other.alipay_certificate)
        found = next((each for each in held if serial_of(each) == serial), None)
        if found is None or not app.certificates:
            raise Trouble("40004", "isv.invalid-cert-sn")
        return {"code": "10000", "msg": "Success", "alipay_cert_content": b64encode(found.encode()).decode()}

    # --- what people do ---------------------------------------------------------------------------

    def phone_packet(self, asked: Phone) -> dict[str, str]:
        """What ``my.getPhoneNumber`` gives the mini-program to pass on."""
        answer = self.books.phone(None if asked.trick is PhoneTrick.ERROR else asked.mobile)
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        response = seal(text.encode(), self._keyring.aes) if asked.sealed else text
        quoted = asked.sealed and asked.trick is not PhoneTrick.UNQUOTED
        signed = f'"{response}"' if quoted else response
        key, _ = self._signs(
            self.books.apps[asked.appid], Hostile.OTHER_APP if asked.trick is PhoneTrick.OTHER_APP else None
        )
        digest = "sha1" if asked.trick is PhoneTrick.SHA1 else "sha256"
        signature = rsa_sign(private(key), signed.encode(), digest)
        if asked.trick is PhoneTrick.TAMPERED:
            response = seal(text.replace("1", "2").encode(), self._keyring.aes)
        sealing = {"encrypt_type": "AES"} if asked.sealed else {}
        return {"response": response, "sign": signature, "sign_type": "RSA2", "charset": "UTF-8", **sealing}

    def _certify_page(self, check: str) -> web.Response:
        self.books.open_check(check)
        links = {
            urlencode({"certify_id": check, "passed": "T"}): "是本人 · it is them",
            urlencode({"certify_id": check, "passed": "F"}): "不是本人 · it is not",
        }
        ask = ("请选择人脸核身的结果。", "Choose what the camera saw.")
        return chooser(_NAME, ask, links, path="/_sim/alipay/certify")

    # --- the wire ---------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """The API, and the controls."""
        return [
            web.route("*", "/gateway.do", self._gateway),
            web.route("*", "/v3/{path:.*}", self._rest),
            web.post("/_sim/alipay/login", _with(Login, self._login)),
            web.post("/_sim/alipay/phone", _with(Phone, self._phone)),
            web.post("/_sim/alipay/certify", _with(Certify, self._certify)),
            web.get("/_sim/alipay/certify", self._certified_by_hand),
            web.post("/_sim/alipay/hostile", _with(Order, self._order)),
            web.post("/_sim/alipay/move", _with(Move, self._move)),
            web.post("/_sim/alipay/subscribe", _with(Subscribe, self._subscribe)),
            web.post("/_sim/alipay/trouble", _with(Ordered, self._trouble)),
            web.get("/_sim/alipay/sent", self._sent),
            web.get("/_sim/alipay/sign-in", self._sign_in),
        ]

    def busy(self) -> web.Response:
        """20000: nobody can tell what became of it."""
        return self._unsigned(_TOKEN, Trouble("20000", "isp.unknow-error"))

    def throttled(self) -> web.Response:
        """40005: called too often; what it looks like on the wire is not documented."""
        return self._unsigned(_TOKEN, Trouble("40005", "isv.app-call-limited"))

    def revoke(self) -> None:
        """Every token of a person is over."""
        self.books.revoke()

    def shift(self, offset: timedelta) -> None:
        """Alipay's clock, or ours, is off by so much."""
        self._offset = offset

    def _now(self) -> datetime:
        return self._clock() + self._offset

    async def _login(self, asked: Login) -> web.Response:
        self._known(asked.appid)
        return web.json_response({"authCode": self.books.login(asked.appid, asked.resident)})

    async def _phone(self, asked: Phone) -> web.Response:
        self._known(asked.appid)
        return web.json_response(self.phone_packet(asked))

    async def _certify(self, asked: Certify) -> web.Response:
        _no_trouble(partial(self.books.open_check, asked.certify_id))
        _no_trouble(partial(self.books.end_check, asked.certify_id, passed=asked.passed))
        return web.Response(status=204)

    async def _certified_by_hand(self, request: web.Request) -> web.Response:
        passed = request.query.get("passed") == "T"
        check = request.query.get("certify_id", "")
        raise web.HTTPSeeOther(
            back_to(request, _no_trouble(partial(self.books.end_check, check, passed=passed)))
        )

    async def _order(self, asked: Order) -> web.Response:
        self.hostile(asked.mode, asked.times)
        return web.Response(status=204)

    async def _move(self, asked: Move) -> web.Response:
        self._known(asked.appid)
        if asked.names is not None:
            self.books.move(asked.appid, asked.names)
        if asked.next_certificate:
            self.roll_over(asked.appid)
        return web.Response(status=204)

    async def _subscribe(self, asked: Subscribe) -> web.Response:
        self._known(asked.appid)
        self.books.allow(asked.appid, asked.resident, asked.template, asked.times)
        return web.Response(status=204)

    async def _trouble(self, asked: Ordered) -> web.Response:
        self.books.order(asked.method, Trouble(asked.code, asked.sub_code), asked.times)
        return web.Response(status=204)

    async def _sent(self, _: web.Request) -> web.Response:
        return web.json_response(list(self.books.messages))

    async def _sign_in(self, request: web.Request) -> web.Response:
        """A page to choose who holds the phone; then back to ``redirect_uri`` with ``#code=…&state=…``."""
        back = back_to(request, request.query.get("redirect_uri", self._home))
        appid = request.query.get("appid", next(iter(self.books.apps)))
        self._known(appid)
        resident = request.query.get("resident")
        if resident is None:
            choices = {
                urlencode({**request.query, "resident": key}): label for key, label in self._people.items()
            }
            return chooser(_NAME, SIGN_IN, choices)
        if resident not in self._people:
            raise web.HTTPNotFound(text="no such resident")
        fragment = {"code": self.books.login(appid, resident), "provider": self.name}
        if state := request.query.get("state"):
            fragment["state"] = state
        raise with_code(back, fragment)

    def _known(self, appid: str) -> None:
        if appid not in self.books.apps:
            raise web.HTTPNotFound(text="no such mini-program")


def _method_v3(request: web.Request) -> str:
    verb, method = _V3.get(request.path, ("", ""))
    if request.method != verb:
        raise Trouble("40002", "isv.invalid-method", status=404)
    return method


def _spoilt(answer: dict[str, Any], mode: Hostile | None) -> dict[str, Any]:
    if mode is Hostile.NICKNAME:
        return {**answer, "nick_name": 'a}b"sign"'}
    if mode is Hostile.NOT_UTF8:
        return {**answer, "nick_name": "小满"}
    return answer


def _rewritten(content: bytes) -> bytes:
    return content.replace(b'":', b'": ') if b'":' in content else content[:-1] + b" " + content[-1:]


def _json_bytes(value: Mapping[str, Any], mode: Hostile | None = None) -> bytes:
    spaces = (" , ", " : ") if mode is Hostile.WHITESPACE else (",", ":")
    text = json.dumps(value, ensure_ascii=False, separators=spaces)
    if mode is Hostile.DUPLICATE_KEY:
        name = next(iter(value))
        text = f'{text[:-1]},"{name}":"simother"}}'
    return text.encode("gbk" if mode is Hostile.NOT_UTF8 else "utf-8")


def _digest(mode: Hostile | None) -> str:
    return mode.value if mode in (Hostile.SHA1, Hostile.MD5) else "sha256"


def _no_trouble(step: Callable[[], str]) -> str:
    try:
        return step()
    except Trouble as trouble:
        raise web.HTTPNotFound(text=str(trouble)) from None


def _with(
    kind: type[T], handler: Callable[[T], Awaitable[web.Response]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=kind)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return await handler(asked)

    return handle
