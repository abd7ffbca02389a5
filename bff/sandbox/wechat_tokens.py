"""The simulated WeChat's access tokens: two families that know nothing of each other, and their limits.

``/cgi-bin/token`` makes a new token at each call; the one before lives five minutes more. ``stable_token``
gives the same one until its last five minutes, unless it is forced, which it quietly ignores when it was
forced too often.
"""

import random
import string
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from bff.sandbox.simulator import Clock
from bff.sandbox.wechat_errors import Answer, Errors, Refused
from bff.sandbox.wechat_ids import WechatApp

LIFETIME: Final = timedelta(seconds=7200)
_OVERLAP: Final = timedelta(seconds=300)
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_FORCED_APART: Final = timedelta(seconds=30)
_FORCED_A_DAY: Final = 20
_ALPHABET: Final = string.ascii_letters + string.digits + "_-"


class StableTokenAsked(Struct, frozen=True, kw_only=True):
    """The body of ``stable_token``."""

    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


class _Token:
    """A token, whose, and how it ends: by its time or because another took its place."""

    __slots__ = ("appid", "ends_at", "replaced_at", "text")

    def __init__(self, text: str, appid: str, ends_at: datetime) -> None:
        self.text = text
        self.appid = appid
        self.ends_at = ends_at
        self.replaced_at: datetime | None = None


class Tokens:
    """Every token that was given out."""

    def __init__(
        self,
        apps: Mapping[str, WechatApp],
        *,
        now: Clock,
        chance: random.Random,
        a_day: int = 2000,
        a_minute: int = 10_000,
    ) -> None:
        self._apps = apps
        self._now = now
        self._chance = chance
        self._error = Errors(chance)
        self._a_day = a_day
        self._a_minute = a_minute
        self._all: dict[str, _Token] = {}
        self._plain: dict[str, _Token] = {}
        self._stable: dict[str, _Token] = {}
        self._calls: dict[tuple[str, str], deque[datetime]] = {}
        self.addresses: frozenset[str] | None = None
        """From where tokens may be asked for (IP 白名单); None is from anywhere."""
        self.confirming = False
        """Whether an address that is not among them waits for the administrator instead."""

    def token(self, query: Mapping[str, str], address: str) -> Answer:
        """``GET /cgi-bin/token``."""
        app = self._app(query.get("grant_type"), query.get("appid"), query.get("secret"), address)
        now = self._now()
        if not self._within("token", app.appid, self._a_day, _DAY, now):
            raise Refused(45009)
        if (before := self._plain.get(app.appid)) is not None:
            before.replaced_at = min(before.replaced_at or before.ends_at, now + _OVERLAP)
        self._plain[app.appid] = made = self._make(app, now)
        return {"access_token": made.text, "expires_in": int(LIFETIME.total_seconds())}

    def stable_token(self, body: bytes, address: str) -> Answer:
        """``POST /cgi-bin/stable_token``."""
        try:
            asked = msgspec.json.decode(body, type=StableTokenAsked)
        except msgspec.DecodeError:
            raise Refused(47001) from None
        app = self._app(asked.grant_type, asked.appid, asked.secret, address)
        now = self._now()
        if not self._within("stable", app.appid, self._a_minute, _MINUTE, now):
            raise Refused(45011)
        present = self._stable.get(app.appid)
        if present is not None and asked.force_refresh and self._may_force(app.appid, now):
            present.replaced_at = now
        if present is None or present.replaced_at is not None or present.ends_at - now <= _OVERLAP:
            self._stable[app.appid] = present = self._make(app, now)
        return {
            "access_token": present.text,
            "expires_in": int((present.ends_at - now).total_seconds()),
        }

    def owner(self, token: str | None) -> WechatApp:
        """Whose ``token`` it is, or why it is nobody's any more."""
        now = self._now()
        known = self._all.get(token or "")
        if known is None or (known.replaced_at is not None and known.replaced_at <= now):
            raise Refused(40001)
        if known.ends_at <= now:
            raise Refused(42001)
        return self._apps[known.appid]

    def revoke(self) -> None:
        """Every token is over from now on."""
        for each in self._all.values():
            each.replaced_at = self._now()

    def _app(self, grant: str | None, appid: str | None, secret: str | None, address: str) -> WechatApp:
        if grant != "client_credential":
            raise Refused(40002)
        if not appid:
            raise Refused(41002)
        if not secret:
            raise Refused(41004)
        app = self._apps.get(appid)
        if app is None:
            raise Refused(40013)
        if secret != app.secret:
            raise Refused(40125)
        if self.addresses is not None and address not in self.addresses:
            raise Refused(89503 if self.confirming else 40164)
        return app

    def _make(self, app: WechatApp, now: datetime) -> _Token:
        text = "SIM_" + "".join(self._chance.choices(_ALPHABET, k=132))
        self._all[text] = made = _Token(text, app.appid, now + LIFETIME)
        return made

    def _within(self, what: str, appid: str, limit: int, period: timedelta, now: datetime) -> bool:
        calls = self._calls.setdefault((what, appid), deque())
        while calls and calls[0] <= now - period:
            calls.popleft()
        if len(calls) >= limit:
            return False
        calls.append(now)
        return True

    def _may_force(self, appid: str, now: datetime) -> bool:
        forced = self._calls.setdefault(("forced", appid), deque())
        if forced and now - forced[-1] < _FORCED_APART:
            return False
        return self._within("forced", appid, _FORCED_A_DAY, _DAY, now)
