"""Those who call: a resident, a clerk, a department, each with what signs them in."""

import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt

from bff.sandbox.city import ALIPAY_APP, APP, CLERKS, DEPARTMENTS, SOURCES, Clerk, Department
from bff.sandbox.stack import City

RESIDENT = "lin"
# One who may do all that clerks may.
CLERK = next(clerk for clerk in CLERKS if "acting:assist" in clerk.scopes)
DEPARTMENT = DEPARTMENTS[0]
OPERATORS = [clerk for clerk in CLERKS if clerk.scopes == ("push:operate",)]
RULE_MAKERS = [clerk for clerk in CLERKS if "health:rules" in clerk.scopes]
# Whom an errand needs that not everybody of that audience may run.
_OTHERS = {
    "laboratory-issuer": "laboratory",
    "proposing-verifier": "rule_maker",
    "publishing-verifier": "rule_publisher",
    "operating-verifier": "operator",
    "approving-verifier": "approver",
    "social-issuer": "social",
}


class People:
    """Signs in over HTTP; a token for each errand, so that signing out takes nobody else along."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._tokens: dict[str, str] = {}

    def bearer(self, errand: str, audience: str) -> dict[str, str]:
        """The header of somebody signed in for ``errand``."""
        if errand not in self._tokens:
            path, body = getattr(self, _OTHERS.get(errand, audience))()
            self._tokens[errand] = self._post(f"{self._city.base_url}{path}", body)["accessToken"]
        return {"Authorization": f"Bearer {self._tokens[errand]}"}

    def forget(self) -> None:
        """Everybody signs in anew: somebody ended their sessions."""
        self._tokens.clear()

    def resident(self) -> tuple[str, dict[str, str]]:
        """Where and with what a resident signs in; good once."""
        login = self._post(
            f"{self._city.simulator_url}/_sim/wechat/login", {"appid": APP.appid, "resident": RESIDENT}
        )
        return "/mp/v1/session/wechat", {"code": login["code"]}

    def alipay_code(self) -> dict[str, str]:
        """The same through Alipay."""
        login = self._post(
            f"{self._city.alipay_url}/_sim/alipay/login", {"appid": ALIPAY_APP.appid, "resident": RESIDENT}
        )
        return {"code": login["authCode"]}

    def come_back(self, begun: dict[str, str], person: str) -> dict[str, str]:
        """What an OpenID provider sends along after ``person`` signed in there."""
        answer = httpx.get(f"{begun['authorizationUrl']}&person={person}", timeout=30)
        assert answer.status_code == 303, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def verifier(self, clerk: Clerk = CLERK) -> tuple[str, dict[str, str]]:
        """The same for a clerk."""
        body = {
            "organisation": clerk.organisation,
            "clerkNumber": clerk.number,
            "passphrase": clerk.passphrase,
        }
        return "/verifier/v1/session", body

    def issuer(self, department: Department = DEPARTMENT) -> tuple[str, dict[str, str]]:
        """The same for a department; good once."""
        now = int(time.time())
        claims = {
            "iss": department.id,
            "sub": department.id,
            "aud": "suishen:issuer",
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        key = self._city.department_keys()[department.key]
        return "/issuer/v1/session", {"clientAssertion": jwt.encode(claims, key, algorithm="ES256")}

    def laboratory(self) -> tuple[str, dict[str, str]]:
        """The same for a department that reports results of tests."""
        return self.issuer(next(each for each in SOURCES if "health:RESULT" in each.types))

    def social(self) -> tuple[str, dict[str, str]]:
        """The same for a department that reports payments."""
        return self.issuer(next(each for each in DEPARTMENTS if "push:INSURANCE" in each.types))

    def rule_maker(self) -> tuple[str, dict[str, str]]:
        """The same for a clerk who may propose rules."""
        return self.verifier(RULE_MAKERS[0])

    def rule_publisher(self) -> tuple[str, dict[str, str]]:
        """The same for the second person."""
        return self.verifier(RULE_MAKERS[1])

    def operator(self) -> tuple[str, dict[str, str]]:
        """The same for a clerk who runs the reminders."""
        return self.verifier(OPERATORS[0])

    def approver(self) -> tuple[str, dict[str, str]]:
        """The same for the second one."""
        return self.verifier(OPERATORS[1])

    def _post(self, url: str, body: dict[str, str]) -> dict[str, Any]:
        answer = httpx.post(url, json=body, timeout=30).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
