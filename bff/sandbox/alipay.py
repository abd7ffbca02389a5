"""Alipay's books (支付宝), simulated: codes, tokens, people, face checks, as documented and as observed.

How they are asked, signed and sealed is in ``alipay_gateway.py``; here is only what is true of whom. Where
the documentation is silent the comment says what was chosen.
"""

import json
import random
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bff.sandbox.alipay_ids import AlipayApp, Names, open_id_of, user_id_of
from bff.sandbox.simulator import Clock

CODE_LIFETIME: Final = timedelta(hours=24)
CERTIFY_LIFETIME: Final = timedelta(hours=23)
CERTIFY_KEPT: Final = timedelta(days=90)
_ACCESS_SECONDS: Final = 1_296_000
_REFRESH_SECONDS: Final = 2_592_000
_ALPHABET: Final = "0123456789abcdef"
_MESSAGES_KEPT: Final = 5_000


class Trouble(Exception):
    """An error of Alipay's, in its own words; v3 says only the last part of ``sub_code``."""

    def __init__(self, code: str, sub_code: str, *, status: int = 400) -> None:
        super().__init__(sub_code)
        self.code = code
        self.sub_code = sub_code
        self.status = status

    @property
    def v2(self) -> dict[str, str]:
        """As the gateway says it."""
        return {
            "code": self.code,
            "msg": _MESSAGES.get(self.code, "Business Failed"),
            "sub_code": self.sub_code,
            "sub_msg": f"模拟：{self.sub_code}",
        }

    @property
    def v3(self) -> dict[str, Any]:
        """As v3 says it; ``links`` is an array, although the page calls it a string."""
        code = self.sub_code.partition(".")[2] or self.sub_code
        links = [{"link": "about:blank", "desc": "解决方案"}]
        return {"code": code, "message": f"模拟：{self.sub_code}", "links": links}


_MESSAGES: Final = {
    "20000": "Service Currently Unavailable",
    "20001": "Insufficient Token Permissions",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40003": "Insufficient Conditions",
    "40004": "Business Failed",
    "40005": "Call Limited",
    "40006": "Insufficient Permissions",
}


class Stage(StrEnum):
    """Where a face check is."""

    INIT = "init"
    CERTIFYING = "certifying"
    PASSED = "passed"
    FAILED = "failed"


class _Code:
    """A code of ``my.getAuthCode`` and whether it was traded."""

    __slots__ = ("appid", "expires_at", "resident", "used")

    def __init__(self, appid: str, resident: str, expires_at: datetime) -> None:
        self.appid = appid
        self.resident = resident
        self.expires_at = expires_at
        self.used = False


class _Check:
    """A face check: of whom, for whom, since when."""

    __slots__ = ("appid", "began_at", "return_url", "stage")

    def __init__(self, appid: str, began_at: datetime, return_url: str) -> None:
        self.appid = appid
        self.began_at = began_at
        self.return_url = return_url
        self.stage = Stage.INIT


class AlipayBooks:
    """Who has which app, code, token and face check. One event loop; nothing here waits."""

    def __init__(self, apps: Sequence[AlipayApp], *, now: Clock, chance: random.Random) -> None:
        self.apps = {app.appid: app for app in apps}
        self.now = now
        self._chance = chance
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[str, str, datetime]] = {}
        self._refresh: dict[str, tuple[str, str, datetime] | None] = {}
        self._checks: dict[str, _Check] = {}
        self._allowed: dict[tuple[str, str, str], int | None] = {}
        self._troubles: dict[str, deque[Trouble]] = {}
        self.messages: deque[dict[str, str]] = deque(maxlen=_MESSAGES_KEPT)

    # --- what people do --------------------------------------------------------------------------

    def login(self, appid: str, resident: str) -> str:
        """The code ``my.getAuthCode`` gives the mini-program on this resident's phone."""
        now = self.now()
        while self._codes:
            oldest = next(iter(self._codes))
            if self._codes[oldest].expires_at > now:
                break
            del self._codes[oldest]
        code = "sim" + self._random(29)
        self._codes[code] = _Code(appid, resident, now + CODE_LIFETIME)
        return code

    def open_check(self, check: str) -> str:
        """The person opens the page of a face check; where it leads back to."""
        found = self._check(check)
        if found.stage is Stage.INIT:
            found.stage = Stage.CERTIFYING
        return found.return_url

    def end_check(self, check: str, *, passed: bool) -> str:
        """The camera has seen who it is, or who it is not."""
        found = self._check(check)
        if found.stage is Stage.CERTIFYING:
            found.stage = Stage.PASSED if passed else Stage.FAILED
        return found.return_url

    def allow(self, appid: str, resident: str, template: str, times: int | None) -> None:
        """A resident subscribes to a template (``my.requestSubscribeMessage``); None is for all times."""
        left = self._allowed.get((appid, resident, template), 0)
        self._allowed[appid, resident, template] = None if times is None or left is None else left + times

    def order(self, method: str, trouble: Trouble, times: int) -> None:
        """Let the next calls of ``method`` end in ``trouble``."""
        self._troubles.setdefault(method, deque()).extend([trouble] * times)

    def revoke(self) -> None:
        """Every access and refresh token is over, as if the people had taken back what they had allowed."""
        self._access.clear()
        self._refresh.clear()

    def move(self, appid: str, names: Names) -> None:
        """Alipay moves an app from one name of people to the next."""
        self.apps[appid] = AlipayApp(appid=appid, names=names, certificates=self.apps[appid].certificates)

    # --- what the documentation says --------------------------------------------------------------

    def answer(self, app: AlipayApp, method: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What ``method`` answers to ``given``, or ``Trouble``."""
        if ordered := self._troubles.get(method):
            raise ordered.popleft()
        match method:
            case "alipay.open.app.mini.templatemessage.send":
                self._message(app, given)
                return _success()
            case "alipay.system.oauth.token":
                return self._token(app, given)
            case "alipay.user.info.share":
                return {**_success(), **self._share(app, given)}
            case "alipay.user.certify.open.initialize":
                return {**_success(), "certify_id": self._initialize(app, given)}
            case "alipay.user.certify.open.query":
                return {**_success(), **self._query(app, given)}
        raise Trouble("40002", "isv.invalid-method")

    def _token(self, app: AlipayApp, given: Mapping[str, Any]) -> dict[str, Any]:
        """``alipay.system.oauth.token``; a success has no ``code``."""
        now = self.now()
        match given.get("grant_type"):
            case "authorization_code":
                # One answer for unknown, used, expired and another app's: nobody learns which.
                code = self._codes.get(str(given.get("code", "")))
                if code is None or code.used or code.expires_at <= now or code.appid != app.appid:
                    raise Trouble("40002", "isv.code-invalid")
                code.used = True
                resident = code.resident
            case "refresh_token":
                token = str(given.get("refresh_token", ""))
                if token not in self._refresh:
                    raise Trouble("40002", "isv.refresh-token-invalid")
                found = self._refresh[token]
                if found is None:
                    raise Trouble("40002", "isv.refreshed-token-invalid")
                appid, resident, ends = found
                if appid != app.appid or ends <= now:
                    raise Trouble("40002", "isv.refresh-token-invalid")
                self._refresh[token] = None
            case _:
                raise Trouble("40002", "isv.grant-type-invalid")
        access, refresh = f"simB{self._random(36)}", f"simR{self._random(36)}"
        self._access[access] = (app.appid, resident, now + timedelta(seconds=_ACCESS_SECONDS))
        self._refresh[refresh] = (app.appid, resident, now + timedelta(seconds=_REFRESH_SECONDS))
        return {
            **_names(app, resident),
            "access_token": access,
            "expires_in": _ACCESS_SECONDS,
            "refresh_token": refresh,
            "re_expires_in": _REFRESH_SECONDS,
            "auth_start": (now + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S"),
        }

    def _share(self, app: AlipayApp, given: Mapping[str, Any]) -> dict[str, Any]:
        found = self._access.get(str(given.get("auth_token", "")))
        if found is None or found[0] != app.appid:
            raise Trouble("20001", "aop.invalid-auth-token", status=401)
        if found[2] <= self.now():
            raise Trouble("20001", "aop.auth-token-time-out", status=401)
        return {**_names(app, found[1]), "nick_name": f"模拟{found[1]}", "avatar": "about:blank"}

    def _initialize(self, app: AlipayApp, given: Mapping[str, Any]) -> str:
        order, who = given.get("outer_order_no"), given.get("identity_param")
        if not isinstance(order, str) or not (order.isalnum() and len(order) == 32):
            raise Trouble("40002", "isv.invalid-parameter")
        if given.get("biz_code") not in ("FACE", "CERT_PHOTO", "CERT_PHOTO_FACE", "SMART_FACE"):
            raise Trouble("40002", "isv.invalid-parameter")
        asked = {"identity_type": "CERT_INFO", "cert_type": "IDENTITY_CARD"}
        if not isinstance(who, dict) or not asked.items() <= who.items():
            raise Trouble("40002", "isv.invalid-parameter")
        if not who.get("cert_name") or len(str(who.get("cert_no", ""))) != 18:
            raise Trouble("40002", "isv.invalid-parameter")
        back = given.get("merchant_config")
        check = "sim" + self._random(29)
        url = str(back.get("return_url", "")) if isinstance(back, dict) else ""
        self._checks[check] = _Check(app.appid, self.now(), url)
        return check

    def _query(self, app: AlipayApp, given: Mapping[str, Any]) -> dict[str, Any]:
        check = self._check(str(given.get("certify_id", "")))
        if check.appid != app.appid:
            raise _no_such_check()
        # "F" is said of what is not finished as well; only a failure has a reason.
        match check.stage:
            case Stage.PASSED:
                return {"passed": "T", "identity_info": "{}", "material_info": "{}"}
            case Stage.FAILED:
                return {"passed": "F", "fail_reason": "Z1147"}
        return {"passed": "F"}

    def _message(self, app: AlipayApp, given: Mapping[str, Any]) -> None:
        """``alipay.open.app.mini.templatemessage.send``; what it says of mistakes is not documented."""
        template, page = given.get("user_template_id"), given.get("page")
        try:
            data = json.loads(str(given.get("data", "")))
        except ValueError:
            data = None
        if not template or page is None or not isinstance(data, dict) or len(str(given["data"])) > 2048:
            raise Trouble("40002", "isv.invalid-parameter")
        if not all(isinstance(each, dict) and each.get("value") for each in data.values()):
            raise Trouble("40002", "isv.invalid-parameter")
        for (appid, resident, allowed), left in self._allowed.items():
            names = {"to_user_id": user_id_of(resident), "to_open_id": open_id_of(appid, resident)}
            said = {name: given[name] for name in names if name in given}
            if (appid, allowed) != (app.appid, template) or not said or not said.items() <= names.items():
                continue
            if left == 0:
                break
            self._allowed[appid, resident, allowed] = None if left is None else left - 1
            self.messages.append({"resident": resident, "template": allowed, "data": str(given["data"])})
            return
        raise Trouble("40004", "USER_NOT_SUBSCRIBED")

    def phone(self, resident_phone: str | None) -> dict[str, Any]:
        """What the packet of ``my.getPhoneNumber`` holds: camelCase, unlike everything else."""
        if resident_phone is None:
            return {
                "code": "40003",
                "msg": "Insufficient Conditions",
                "subCode": "isv.invalid-auth-relations",
                "subMsg": "模拟：无效的授权关系",
            }
        return {**_success(), "mobile": resident_phone}

    def trace(self) -> str:
        """Alipay's name for a request."""
        return self._random(32)

    def _check(self, check: str) -> _Check:
        found, now = self._checks.get(check), self.now()
        if found is None or found.began_at + CERTIFY_KEPT <= now:
            raise _no_such_check()
        if found.stage in (Stage.INIT, Stage.CERTIFYING) and found.began_at + CERTIFY_LIFETIME <= now:
            raise _no_such_check()
        return found

    def _random(self, length: int) -> str:
        return "".join(self._chance.choices(_ALPHABET, k=length))


def _success() -> dict[str, Any]:
    return {"code": "10000", "msg": "Success"}


def _no_such_check() -> Trouble:
    return Trouble("40004", "OPEN_CERTIFY_BILL_NOT_EXIST")


def _names(app: AlipayApp, resident: str) -> dict[str, str]:
    both = {"user_id": user_id_of(resident), "open_id": open_id_of(app.appid, resident)}
    return both if app.names is Names.BOTH else {app.names.value: both[app.names.value]}
