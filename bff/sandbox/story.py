"""The main job, step by step: somebody shows a certificate, somebody scans it, and what may go wrong.

Every step is a promise and its proof: it holds or it raises `NotSo`. The refusals are told as well as the
successes, because a code that is refused for the right reason is half of what this system is for.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct

from bff.sandbox.city import APP, CLERKS, DEPARTMENTS, Clerk, person
from bff.sandbox.seed import IssuerClient
from bff.sandbox.stack import City, Web
from wallet.rules.identifiers import mask_name

# Of the second web process, so that nobody has to wait for a minute and a half to see a code expire.
SHORT_SECONDS: Final = 2
SKEW_SECONDS: Final = 1
_USAGE_SECONDS: Final = 1.0


class NotSo(Exception):
    """A promise that did not hold; the text says what came instead."""


class Reply(Struct, frozen=True, kw_only=True):
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def get(self, *path: str) -> Any:  # noqa: ANN401 - JSON
        """A value inside the body, or `NotSo`."""
        value = self.body
        for name in path:
            if not isinstance(value, dict) or name not in value:
                raise NotSo(f"status {self.status}, no {'.'.join(path)} in the reply: {self.body}")
            value = value[name]
        return value

    def expect(self, *, status: int = 200) -> "Reply":
        """This reply, if it has ``status``."""
        if self.status != status:
            raise NotSo(f"status {self.status} instead of {status}: {self.body}")
        return self


class Caller:
    """Somebody with a token, or nobody."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, token: str | None = None) -> None:
        self._http = http
        self._base_url = base_url
        self._token = token

    def with_token(self, token: str) -> "Caller":
        """The same, signed in."""
        return Caller(self._http, self._base_url, token)

    def at(self, base_url: str) -> "Caller":
        """The same, at another web process."""
        return Caller(self._http, base_url, self._token)

    async def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request and its reply, JSON decoded."""
        sent = dict(headers or {})
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        async with self._http.request(method, self._base_url + path, data=data, headers=sent) as reply:
            raw = await reply.read()
            is_json = "json" in reply.content_type
            return Reply(
                status=reply.status,
                headers=reply.headers,
                body=msgspec.json.decode(raw) if raw and is_json else raw.decode(errors="replace"),
            )


Step = Callable[["Story"], Awaitable[str]]
STEPS: list[Step] = []


def step(method: Step) -> Step:
    """Tell this next; what is told is its docstring."""
    STEPS.append(method)
    return method


class Story:
    """What has happened so far."""

    def __init__(self, city: City, http: aiohttp.ClientSession, short: Web) -> None:
        self.city = city
        self.nobody = Caller(http, city.base_url)
        self.short = short
        self.simulator = Caller(http, city.simulator_url)
        self.texts = Caller(http, city.sms_url)
        keys = city.department_keys()
        police = next(each for each in DEPARTMENTS if each.key == "police")
        self.police = IssuerClient(http, police.id, keys["police"], base_url=city.base_url)
        self.resident = self.nobody
        self.cards: dict[str, dict[str, Any]] = {}
        self.clerks: dict[str, Caller] = {}
        self.ticket: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.display_name = ""
        self.leave: dict[str, Any] = {}
        self.acting = self.nobody
        self.verified_at = 0.0
        self._requests = 0

    # --- what the steps are made of ----------------------------------------------------------------

    async def sign_in(self, resident: str) -> Reply:
        """As a mini-program does: a code from ``wx.login``, traded by its backend."""
        login = await self.simulator.call(
            "POST", "/_sim/wechat/login", {"appid": APP.appid, "resident": resident}
        )
        return await self.nobody.call("POST", "/mp/v1/session/wechat", {"code": login.get("code")})

    async def clerk(self, number: str) -> Caller:
        """The clerk with this number, signed in."""
        if number not in self.clerks:
            clerk = _clerk(number)
            reply = await self.nobody.call(
                "POST",
                "/verifier/v1/session",
                {
                    "organisation": clerk.organisation,
                    "clerkNumber": clerk.number,
                    "passphrase": clerk.passphrase,
                },
            )
            self.clerks[number] = self.nobody.with_token(reply.get("accessToken"))
        return self.clerks[number]

    async def show(self, kind: str, scene: str, *, web: str | None = None) -> dict[str, Any]:
        """A ticket for the resident's certificate of this kind."""
        caller = self.resident if web is None else self.resident.at(web)
        reply = await caller.call(
            "POST", "/mp/v1/presentations", {"credentialId": self.cards[kind]["id"], "scene": scene}
        )
        ticket: dict[str, Any] = reply.expect(status=201).body
        return ticket

    async def verify(self, number: str, code: str, request_id: str | None = None) -> dict[str, Any]:
        """What this clerk is told of ``code``."""
        self._requests += 1
        caller = await self.clerk(number)
        body = {"code": code, "requestId": request_id or f"demo-{self._requests:06d}"}
        reply = await caller.call("POST", "/verifier/v1/verifications", body)
        answer: dict[str, Any] = reply.expect(status=200).body
        return answer

    async def expect_verdict(self, number: str, code: str, verdict: str) -> str:
        """The advice a clerk is given with ``verdict``; `NotSo` for another verdict or for claims."""
        answer = await self.verify(number, code)
        if answer["verdict"] != verdict:
            raise NotSo(f"{answer['verdict']} instead of {verdict}")
        if not verdict.startswith("OK") and (answer["valid"] or answer["claims"]):
            raise NotSo(f"{verdict}, and yet something was shown: {answer}")
        return f"{verdict}: {answer['advice']['zh']} {answer['advice']['en']}"

    async def _claimed(self, child: str) -> dict[str, Any]:
        """Leave to act for ``child``, once she has proved anew, by a code to her phone, that it is she."""
        phone = person("lin").phone
        sent = await self.resident.call(
            "POST",
            "/mp/v1/account/phone/codes",
            {"phone": phone},
            headers={"Idempotency-Key": "demo-phone"},
        )
        bound = {"requestId": sent.get("requestId"), "code": await self._on_phone(phone)}
        (await self.resident.call("POST", "/mp/v1/account/phone/sms", bound)).expect(status=200)
        body, key = {"idNumber": child}, {"Idempotency-Key": "demo-guardian"}
        asked = await self.resident.call("POST", "/mp/v1/grants/guardian", body, headers=key)
        challenge = asked.expect(status=403).get("stepUp")["challenge"]
        sent = await self.resident.call(
            "POST", "/mp/v1/account/step-up/phone/codes", {"challenge": challenge}
        )
        answer = {
            "challenge": challenge,
            "requestId": sent.get("requestId"),
            "code": await self._on_phone(phone),
        }
        (await self.resident.call("POST", "/mp/v1/account/step-up/phone", answer)).expect(status=200)
        claimed = await self.resident.call(
            "POST", "/mp/v1/grants/guardian", body, headers={**key, "X-Step-Up": challenge}
        )
        leave: dict[str, Any] = claimed.expect(status=201).body
        return leave

    async def _on_phone(self, phone: str) -> str:
        """The newest code that came to ``phone``."""
        outbox = await self.texts.call("GET", f"/_sim/sms/outbox?phone=%2B86{phone}")
        return str(outbox.expect().body[0]["code"])

    # --- the story ---------------------------------------------------------------------------------

    @step
    async def resident_signs_in(self) -> str:
        """居民用微信登录 · A resident signs in through WeChat."""
        reply = (await self.sign_in("lin")).expect(status=201)
        self.resident = self.nobody.with_token(reply.get("accessToken"))
        self.display_name = name = reply.get("displayName")
        if name == person("lin").name or reply.get("assurance") != "L2":
            raise NotSo(f"{name}, {reply.get('assurance')}")
        return f"{name}, {reply.get('assurance')}"

    @step
    async def home(self) -> str:
        """首页一次取齐 · The first screen is one call."""
        reply = (await self.resident.call("GET", "/mp/v1/home")).expect()
        states = {name: block["status"] for name, block in reply.get("blocks").items()}
        if set(states.values()) != {"ok"}:
            raise NotSo(str(states))
        again = await self.resident.call(
            "GET", "/mp/v1/home", headers={"If-None-Match": reply.headers["ETag"]}
        )
        again.expect(status=304)
        return f"{', '.join(states)}; If-None-Match → 304"

    @step
    async def list_certificates(self) -> str:
        """我的证照 · My certificates."""
        reply = (await self.resident.call("GET", "/mp/v1/credentials")).expect()
        mine = reply.get("items")
        # She keeps her child's too; here she shows her own.
        hers = mask_name(person("lin").name)
        self.cards = {card["type"]: card for card in mine if card["title"] == hers}
        if len(mine) < 6 or person("lin").id_number in json.dumps(mine):
            raise NotSo(f"{len(mine)} certificates, or a number in the clear")
        return "、".join(card["typeName"]["zh"] for card in mine)

    @step
    async def show_signed(self) -> str:
        """出示身份证（90 秒一次性码） · She shows her ID card: a one-time code for 90 seconds."""
        self.ticket = await self.show("resident-id-card", "hotel.checkin")
        code = self.ticket["code"]
        if not code.startswith("LZ1:") or self.ticket["mode"] != "signed" or len(code) > 300:
            raise NotSo(f"{self.ticket['mode']}, {len(code)} characters")
        return f"{len(code)} 字符 characters: {code[:28]}…"

    @step
    async def clerk_signs_in(self) -> str:
        """酒店前台登录 · The hotel's clerk signs in."""
        await self.clerk("1001")
        await self.clerk("1002")
        return "1001, 1002"

    @step
    async def second_factor(self) -> str:
        """口令加动态口令，一码一次 · Two factors: a passphrase and a code, and each code works once."""
        clerk = _clerk("1003")
        phones = (await self.texts.call("GET", "/_sim/authenticator")).expect().body
        code = next(each["code"] for each in phones if each["clerkNumber"] == clerk.number)
        entry = {
            "organisation": clerk.organisation,
            "clerkNumber": clerk.number,
            "passphrase": clerk.passphrase,
        }
        path, both = "/verifier/v1/session", entry | {"oneTimeCode": code}
        (await self.nobody.call("POST", path, entry)).expect(status=401)
        (await self.nobody.call("POST", path, both)).expect(status=201)
        again = (await self.nobody.call("POST", path, both)).expect(status=401)
        return f"1003: 201; {again.get('code')}"

    @step
    async def verify_signed(self) -> str:
        """扫码核验：有效，只见本场景字段 · The clerk scans: valid, and sees this scene's fields only."""
        self.answer = await self.verify("1001", self.ticket["code"], "demo-first-scan")
        self.verified_at = time.monotonic()
        seen = {claim["name"]: claim["value"] for claim in self.answer["claims"]}
        if self.answer["verdict"] != "OK_ONLINE":
            raise NotSo(self.answer["verdict"])
        if set(seen) != set(self.ticket["claims"]) or person("lin").id_number in seen.values():
            raise NotSo(f"saw {', '.join(seen)}; ticket said {', '.join(self.ticket['claims'])}")
        return "; ".join(f"{claim['label']['zh']} {claim['value']}" for claim in self.answer["claims"])

    @step
    async def usage_record(self) -> str:
        """用证记录一秒内可见 · She sees who used it, within a second."""
        while True:
            reply = (await self.resident.call("GET", "/mp/v1/usage-records")).expect()
            found = [record for record in reply.get("items") if record["id"] == self.answer["usageId"]]
            took = time.monotonic() - self.verified_at
            if found:
                break
            if took > _USAGE_SECONDS:
                raise NotSo(f"not there after {took:.1f} s")
            await asyncio.sleep(0.02)
        record = found[0]
        who = f"{record['organisation']} {record['clerkNumber']}"
        return f"{who}, {record['sceneName']['zh']}, {took * 1000:.0f} ms"

    @step
    async def same_request(self) -> str:
        """应答丢失，同一请求重发 · The reply was lost; the same request gets the same answer."""
        again = await self.verify("1001", self.ticket["code"], "demo-first-scan")
        if again != self.answer:
            raise NotSo(f"another answer: {again['verdict']}")
        return f"{again['verdict']} = {self.answer['verdict']}"

    @step
    async def already_used(self) -> str:
        """他人再扫：已使用 · Somebody else scans it: already used."""
        return await self.expect_verdict("1002", self.ticket["code"], "ALREADY_USED")

    @step
    async def already_used_by_same(self) -> str:
        """本人再扫为新请求：已使用 · The same clerk scans it anew: already used."""
        return await self.expect_verdict("1001", self.ticket["code"], "ALREADY_USED")

    @step
    async def tampered(self) -> str:
        """篡改一个字符：被改动 · One character changed: tampered with."""
        self.ticket = await self.show("resident-id-card", "hotel.checkin")
        return await self.expect_verdict("1001", _changed(self.ticket["code"]), "TAMPERED")

    @step
    async def scene_denied(self) -> str:
        """无权场景：拒绝，且不消耗该码 · A guard without this scene: denied, and the code is not spent."""
        told = await self.expect_verdict("6001", self.ticket["code"], "SCENE_DENIED")
        await self.expect_verdict("1001", self.ticket["code"], "OK_ONLINE")
        return told

    @step
    async def expired(self) -> str:
        """过期：请重新出示 · Too late: expired."""
        ticket = await self.show("resident-id-card", "hotel.checkin", web=self.short.url)
        await asyncio.sleep(SHORT_SECONDS + SKEW_SECONDS + 0.2)
        return await self.expect_verdict("1001", ticket["code"], "EXPIRED")

    @step
    async def suspended(self) -> str:
        """出示后被发证机关暂扣：暂停 · Suspended by the department after it was shown."""
        ticket = await self.show("driving-licence", "traffic.check")
        licence = self.cards["driving-licence"]["id"]
        await self.police.change(licence, "suspend", "演示：暂扣")
        told = await self.expect_verdict("3001", ticket["code"], "SUSPENDED")
        refused = await self.resident.call(
            "POST", "/mp/v1/presentations", {"credentialId": licence, "scene": "traffic.check"}
        )
        if refused.get("code") != "CREDENTIAL_NOT_SHOWABLE":
            raise NotSo(f"and it can still be shown: {refused.body}")
        await self.police.change(licence, "resume", "演示：恢复")
        ticket = await self.show("driving-licence", "traffic.check")
        await self.expect_verdict("3001", ticket["code"], "OK_ONLINE")
        return told

    @step
    async def opaque(self) -> str:
        """医院挂号用无信息码 · At the hospital the code itself says nothing."""
        ticket = await self.show("social-security-card", "hospital.registration")
        code = ticket["code"]
        if ticket["mode"] != "opaque" or len(code) != 28:
            raise NotSo(f"{ticket['mode']}, {len(code)} characters")
        answer = await self.verify("4001", code)
        if answer["verdict"] != "OK_ONLINE" or {claim["name"] for claim in answer["claims"]} != set(
            ticket["claims"]
        ):
            raise NotSo(f"{answer['verdict']}, {answer['claims']}")
        await self.expect_verdict("4001", code, "ALREADY_USED")
        return f"{code[:8]}… ({len(code)} 字符 characters), OK_ONLINE, ALREADY_USED"

    @step
    async def unknown(self) -> str:
        """乱编的码：统一答复 · A made-up code: one answer for all of them."""
        return await self.expect_verdict("4001", "LZ" + "A" * 26, "UNKNOWN_CODE")

    @step
    async def step_up(self) -> str:
        """未实名不能亮证，告知如何升级 · Without a real name nothing is shown; the reply says why."""
        reply = (await self.sign_in("zhou")).expect(status=201)
        body = {"credentialId": self.cards["resident-id-card"]["id"], "scene": "general"}
        refused = await self.nobody.with_token(reply.get("accessToken")).call(
            "POST", "/mp/v1/presentations", body
        )
        refused.expect(status=403)
        if refused.get("action") != "stepUp":
            raise NotSo(str(refused.body))
        return f"{refused.get('code')}: {refused.get('title')} {refused.get('titleEn')}"

    @step
    async def acts_for_child(self) -> str:
        """母亲代亮孩子的证照，记录写明两人 · A mother shows her child's card; the record names both."""
        child = person("child")
        self.leave = await self._claimed(child.id_number)
        switched = await self.resident.call("POST", "/mp/v1/acting", {"grantId": self.leave["id"]})
        self.acting = self.nobody.with_token(switched.expect(status=200).get("accessToken"))
        mine = (await self.acting.call("GET", "/mp/v1/credentials")).expect().get("items")
        if {card["title"] for card in mine} != {mask_name(child.name)}:
            raise NotSo(f"acting for {child.key}, and yet: {[card['title'] for card in mine]}")
        card = next(card for card in mine if card["type"] == "resident-id-card")
        shown = await self.acting.call(
            "POST", "/mp/v1/presentations", {"credentialId": card["id"], "scene": "hotel.checkin"}
        )
        answer = await self.verify("1001", shown.expect(status=201).get("code"))
        by = answer.get("shownBy") or {}
        if answer["verdict"] != "OK_ONLINE" or by.get("name") != self.display_name:
            raise NotSo(f"{answer['verdict']}, shown by {by}")
        followed = await self.acting.call("GET", f"/mp/v1/presentations/{shown.get('presentationId')}")
        record = followed.expect().get("used")
        if record["shownBy"] != by:
            raise NotSo(f"the record says {record['shownBy']}")
        return f"{card['title']} ← {by['name']} ({by['kind']}), {answer['verdict']}"

    @step
    async def ends_acting(self) -> str:
        """结束授权，一秒内失效 · She ends it; within a second the token opens nothing."""
        (await self.resident.call("DELETE", f"/mp/v1/grants/{self.leave['id']}")).expect(status=204)
        ended = time.monotonic()
        while (reply := await self.acting.call("GET", "/mp/v1/credentials")).status == 200:
            if time.monotonic() - ended > 1:
                raise NotSo("still open after a second")
            await asyncio.sleep(0.01)
        took = (time.monotonic() - ended) * 1000
        if reply.get("code") != "GRANT_NOT_IN_FORCE":
            raise NotSo(str(reply.body))
        (await self.resident.call("GET", "/mp/v1/credentials")).expect()
        return f"{reply.get('code')}, {took:.0f} ms"

    @step
    async def offline(self) -> str:
        """离线核验：只凭公钥 · Offline, with nothing but the public keys."""
        keys = (await self.nobody.call("GET", "/verifier/v1/trust/jwks.json")).expect()
        trust = self.city.data / "trust.json"
        trust.write_bytes(msgspec.json.encode(keys.body))
        ticket = await self.show("resident-id-card", "venue.entry")
        status, valid = await _command(
            self.city, "wallet", "verify", ticket["code"], "--trust", str(trust), "--json"
        )
        if status != 0 or not valid["valid"] or valid["verdict"] != "OK_OFFLINE":
            raise NotSo(f"exit {status}: {valid}")
        status, changed = await _command(
            self.city, "wallet", "verify", _changed(ticket["code"]), "--trust", str(trust), "--json"
        )
        if status == 0 or changed["valid"]:
            raise NotSo(f"a changed code passed: {changed}")
        return f"{valid['verdict']}; {changed['verdict']}"

    @step
    async def audit(self) -> str:
        """审计链完整 · Every link of the audit trail holds."""
        status, proof = await _command(self.city, "audit", "verify", "--json")
        if status != 0 or not proof["valid"] or not proof["checked"]:
            raise NotSo(f"exit {status}: {proof}")
        return f"{proof['checked']} 条 records"

    @step
    async def signs_out(self) -> str:
        """退出登录后令牌失效 · Signed out, the token opens nothing."""
        (await self.resident.call("DELETE", "/mp/v1/session")).expect(status=204)
        deadline = time.monotonic() + 2
        while (reply := await self.resident.call("GET", "/mp/v1/home")).status != 401:
            if time.monotonic() > deadline:
                raise NotSo(f"status {reply.status} after two seconds")
            await asyncio.sleep(0.05)
        return str(reply.get("code"))


async def _command(city: City, *words: str) -> tuple[int, Any]:
    """Run ``suishen …`` beside the city: its exit status and the JSON it printed."""
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bff.cli", *words],
        env={**os.environ, **city.env},
        capture_output=True,
        check=False,
    )
    try:
        return ran.returncode, msgspec.json.decode(ran.stdout)
    except msgspec.DecodeError:
        raise NotSo(f"exit {ran.returncode}: {(ran.stderr or ran.stdout).decode()[-400:]}") from None


def _changed(code: str) -> str:
    """``code`` with one character of its signature exchanged for another of the same alphabet."""
    place = len(code) - 8
    return code[:place] + ("1" if code[place] != "1" else "2") + code[place + 1 :]


def _clerk(number: str) -> Clerk:
    return next(clerk for clerk in CLERKS if clerk.number == number)
