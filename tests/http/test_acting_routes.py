"""Acting for others over HTTP, on the whole application: every way in, every refusal, and both names."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import httpx
import msgspec
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from msgspec import structs

from auth_bridges.acting import ActingService
from auth_bridges.models import LegalPerson
from auth_bridges.tokens import AccessTokens
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.city import CERTIFICATES, ENTERPRISE, person
from bff.sandbox.family import Entry, FamilyRegister
from bff.sandbox.simulator import simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from miniapp_schemas.wallet import Holder
from tests.auth_fakes import FakeLegalPersonProof
from tests.environs import COMPLETE
from tests.factories import POLICE
from tests.web import web_app

APP: Final = WechatApp(
    appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"]
)
NUMBERS: Final = {
    "mother": person("lin").id_number,
    "elder": person("wang").id_number,
    "son": person("li").id_number,
    "agent": person("qian").id_number,
}
CHILD: Final = person("child").id_number
GROWN: Final = person("sun").id_number
# In no wallet but its holder's own.
CHILDS_CARD: Final = structs.replace(
    next(each.content for each in CERTIFICATES if each.content.holder.id_number == CHILD),
    holder=Holder(name=person("child").name, id_number=CHILD),
)
USCC: Final = ENTERPRISE.id
KEY: Final = "a-key-at-the-family-register"
READ: Final = "wallet:read"
BOTH: Final = [READ, "wallet:show"]


class Person:
    """Somebody signed in, on whichever token they hold."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self.token = token

    async def ask(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        if method == "POST" and "/grants" in path and "/confirm" not in path and "/switch" not in path:
            headers["Idempotency-Key"] = key or secrets.token_hex(8)
        return await self._http.request(method, path, json=body, headers=headers)

    async def switched(self, grant: str) -> "Person":
        answer = await self.ask("POST", "/mp/v1/acting", {"grantId": grant})
        assert answer.status_code == 200, answer.text
        return Person(self._http, answer.json()["accessToken"])


class Town:
    """An application, its people, and what stands at the other ends of its wires."""

    def __init__(
        self, platform: Platform, http: httpx.AsyncClient, books: Wechat, register: FamilyRegister
    ) -> None:
        self.platform = platform
        self.http = http
        self.legal = FakeLegalPersonProof()
        self.register = register
        self._books = books

    async def just_proved(self, who: str) -> Person:
        """Somebody whose session began with a code to their phone."""
        person = await self.resident(who)
        principal = self.platform.authenticator.identify(f"Bearer {person.token}".encode())
        await self.platform.auth_stores.sessions._sessions.update_one(
            {"_id": principal.session}, {"$set": {"methods": ["sms"]}}
        )
        back = await person.ask("POST", "/mp/v1/acting/back")
        return Person(self.http, back.json()["accessToken"])

    async def resident(self, who: str) -> Person:
        answer = await self.http.post(
            "/mp/v1/session/wechat", json={"code": self._books.login(APP.appid, who)}
        )
        assert answer.status_code == 201, answer.text
        return Person(self.http, answer.json()["accessToken"])

    async def clerk(self, number: str, *scopes: str) -> Person:
        await register(
            self.platform,
            {
                "kind": "clerk",
                "organisation": "hall",
                "number": number,
                "passphrase": "correct horse",
                "scenes": ["general"],
                "scopes": ["wallet:verify", *scopes],
            },
        )
        body = {"organisation": "hall", "clerkNumber": number, "passphrase": "correct horse"}
        answer = await self.http.post("/verifier/v1/session", json=body)
        assert answer.status_code == 201, answer.text
        return Person(self.http, answer.json()["accessToken"])

    async def child_claimed(self, by: Person) -> str:
        answer = await by.ask("POST", "/mp/v1/grants/guardian", {"idNumber": CHILD})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def elder_asked(self, by: Person, scopes: list[str] = BOTH) -> str:
        answer = await by.ask(
            "POST",
            "/mp/v1/grants/family",
            {"idNumber": NUMBERS["elder"], "scopes": scopes, "until": later(days=30)},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


async def register(platform: Platform, *lines: dict[str, object]) -> None:
    async for registered in platform.registrar.register_lines(map(msgspec.json.encode, lines)):
        assert registered.problem is None


def later(**span: int) -> str:
    return (datetime.now(UTC) + timedelta(**span)).replace(microsecond=0).isoformat()


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


@pytest.fixture(scope="module")
def wechat() -> Iterator[tuple[Wechat, str]]:
    books = Wechat([APP])
    with simulated_in_thread(books) as simulator:
        yield books, simulator.url


@pytest.fixture(scope="module")
def family() -> Iterator[tuple[FamilyRegister, str]]:
    entries = [
        Entry(guardian=NUMBERS["mother"], child=number, child_name="林小满") for number in (CHILD, GROWN)
    ]
    register = FamilyRegister(entries, key=KEY)
    with simulated_in_thread(register) as simulator:
        yield register, simulator.url


@pytest.fixture
async def town(
    environ: dict[str, str], wechat: tuple[Wechat, str], family: tuple[FamilyRegister, str]
) -> AsyncIterator[Town]:
    settings = load_settings(
        {
            **environ,
            "SUISHEN_AUTH_WECHAT_BASE_URL": wechat[1],
            "SUISHEN_AUTH_FAMILY_BASE_URL": family[1],
            "SUISHEN_AUTH_FAMILY_KEY": KEY,
        }
    )
    async with web_app(settings) as here:
        platform = here.platform
        people: list[dict[str, object]] = [
            {
                "kind": "resident",
                "idNumber": number,
                "name": f"某{who}",
                "links": [{"provider": "wechat", "appid": APP.appid, "subject": openid_of(APP.appid, who)}],
            }
            for who, number in NUMBERS.items()
        ]
        await register(platform, {"kind": "organisation", "id": "hall", "name": "政务服务中心"}, *people)
        made = Town(platform, here.http, wechat[0], family[0])
        platform.acting = ActingService(
            stores=platform.auth_stores,
            tokens=AccessTokens(
                platform.token_keys,
                issuer=settings.auth.token_issuer,
                environment="test",
                lifetime=timedelta(minutes=10),
            ),
            personal=platform.personal,
            family=platform.acting._family,
            legal=made.legal,
            gate=platform.accounts.step_ups.require,
            notify=platform.auth_stores.notices.add,
            admit=platform._admit_try,
            audit=platform.acting._audit,
            clock=platform.clock,
            chance=secrets.token_bytes,
        )
        yield made


# --- a guardian shows a child's card (代亮) ----------------------------------------------------------------


async def test_a_guardian_shows_the_childs_card_and_the_record_names_both(town: Town) -> None:
    issued = await town.platform.issuing.issue(POLICE, CHILDS_CARD)
    mother = await town.just_proved("mother")
    assert (await mother.ask("GET", "/mp/v1/credentials")).json()["items"] == []
    acting = await mother.switched(await town.child_claimed(mother))

    listed = (await acting.ask("GET", "/mp/v1/credentials")).json()["items"]
    assert [each["id"] for each in listed] == [issued.id]
    shown = await acting.ask("POST", "/mp/v1/presentations", {"credentialId": issued.id})
    assert shown.status_code == 201, shown.text
    clerk = await town.clerk("2")
    scanned = await clerk.ask(
        "POST", "/verifier/v1/verifications", {"code": shown.json()["code"], "requestId": "scan-0001"}
    )
    by = {"kind": "guardian", "name": "某******"}
    assert (scanned.json()["verdict"], scanned.json()["shownBy"]) == ("OK_ONLINE", by)
    followed = await acting.ask("GET", f"/mp/v1/presentations/{shown.json()['presentationId']}")
    assert followed.json()["used"]["shownBy"] == by


async def test_both_names_are_in_the_audit_trail(town: Town) -> None:
    issued = await town.platform.issuing.issue(POLICE, CHILDS_CARD)
    mother = await town.just_proved("mother")
    grant = await town.child_claimed(mother)
    acting = await mother.switched(grant)
    await acting.ask("POST", "/mp/v1/presentations", {"credentialId": issued.id})
    principal = town.platform.authenticator.identify(f"Bearer {acting.token}".encode())
    for drain in town.platform.drains():
        await drain._open()
        while await drain.once(block_ms=1):
            pass
    events = [record.event async for record in town.platform.audit.read()]
    (shown,) = [event for event in events if event.kind == "presentation.shown"]
    assert shown.actor == principal.subject
    assert shown.facts["onBehalfOf"] == town.platform.personal.hash(CHILD)
    assert shown.facts["grant"] == grant
    assert {"grant.offered", "acting.switched"} <= {event.kind for event in events}


async def test_a_foreign_library_reads_whom_it_is_about_and_who_acts(town: Town) -> None:
    mother = await town.just_proved("mother")
    acting = await mother.switched(await town.child_claimed(mother))
    keys = (await town.http.get("/.well-known/jwks.json")).json()
    own = joserfc_jwt.decode(mother.token, KeySet.import_key_set(keys)).claims
    claims = joserfc_jwt.decode(acting.token, KeySet.import_key_set(keys)).claims
    assert claims["sub"] == town.platform.personal.hash(CHILD)
    assert claims["act"]["sub"] == own["sub"]
    assert (claims["act"]["typ"], claims["sid"], claims["acr"]) == ("guardian", own["sid"], "L2")
    assert "act" not in own


# --- silence refuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/mp/v1/sessions"),
        ("DELETE", "/mp/v1/sessions"),
        ("GET", "/mp/v1/grants"),
        ("DELETE", f"/mp/v1/grants/{'0' * 32}"),
    ],
)
async def test_what_is_ones_own_is_not_done_in_anothers_name(town: Town, method: str, path: str) -> None:
    mother = await town.just_proved("mother")
    acting = await mother.switched(await town.child_claimed(mother))
    answer = await acting.ask(method, path)
    assert told(answer) == (403, "NOT_WHILE_ACTING")
    assert answer.json()["action"] == "switchBack"


async def test_one_switches_on_and_back_from_an_acting_token(town: Town) -> None:
    mother = await town.just_proved("mother")
    grant = await town.child_claimed(mother)
    acting = await mother.switched(grant)
    overview = (await acting.ask("GET", "/mp/v1/acting")).json()
    assert overview["now"]["grantId"] == grant
    assert [each["name"] for each in overview["may"]] == ["林*满"]
    back = await acting.ask("POST", "/mp/v1/acting/back")
    assert back.json()["acting"] is None
    own = Person(town.http, back.json()["accessToken"])
    assert (await own.ask("GET", "/mp/v1/acting")).json()["now"] is None
    assert (await own.ask("GET", "/mp/v1/sessions")).status_code == 200


async def test_the_home_screen_is_the_others_while_acting(town: Town) -> None:
    await town.platform.issuing.issue(POLICE, CHILDS_CARD)
    mother = await town.just_proved("mother")
    acting = await mother.switched(await town.child_claimed(mother))
    mine, theirs = await asyncio.gather(mother.ask("GET", "/mp/v1/home"), acting.ask("GET", "/mp/v1/home"))
    cards = [len(each.json()["blocks"]["certificates"]["data"]["items"]) for each in (mine, theirs)]
    assert cards == [0, 1]
    assert mine.json()["blocks"]["acting"]["data"][0]["kind"] == "guardian"


# --- scopes ----------------------------------------------------------------------------------------------


async def test_what_the_grant_does_not_hold_is_refused(town: Town) -> None:
    son, elder = await town.resident("son"), await town.resident("elder")
    grant = await town.elder_asked(son, [READ])
    await elder.ask("POST", f"/mp/v1/grants/{grant}/confirm", {})
    acting = await son.switched(grant)
    assert (await acting.ask("GET", "/mp/v1/credentials")).status_code == 200
    shown = await acting.ask("POST", "/mp/v1/presentations", {"credentialId": "0" * 32})
    assert told(shown) == (403, "SCOPE_MISSING")


async def test_without_reading_the_home_screen_shows_no_certificates(town: Town) -> None:
    son, elder = await town.resident("son"), await town.resident("elder")
    grant = await town.elder_asked(son, ["wallet:show"])
    await elder.ask("POST", f"/mp/v1/grants/{grant}/confirm", {})
    blocks = (await (await son.switched(grant)).ask("GET", "/mp/v1/home")).json()["blocks"]
    assert {blocks[name]["status"] for name in ("certificates", "recentUses")} == {"forbidden"}


# --- an elder --------------------------------------------------------------------------------------------


async def test_an_elder_sees_the_offer_and_reads_out_its_code(town: Town) -> None:
    son, elder = await town.resident("son"), await town.resident("elder")
    grant = await town.elder_asked(son)
    asked = (await son.ask("GET", "/mp/v1/grants")).json()["items"][0]
    assert (asked["side"], asked["name"], asked["code"], asked["mineToConfirm"]) == (
        "agent",
        None,
        None,
        False,
    )
    seen = (await elder.ask("GET", "/mp/v1/grants")).json()["items"][0]
    assert (seen["side"], seen["name"], seen["mineToConfirm"]) == ("principal", "某***", True)
    wrong = f"{(int(seen['code']) + 1) % 10**6:06}"
    refused = await son.ask("POST", f"/mp/v1/grants/{grant}/confirm", {"code": wrong})
    assert told(refused) == (403, "CONFIRMATION_CODE_WRONG")
    confirmed = await son.ask("POST", f"/mp/v1/grants/{grant}/confirm", {"code": seen["code"]})
    assert (confirmed.json()["state"], confirmed.json()["name"]) == ("active", "某*****")


async def test_an_elder_who_never_confirmed_is_not_acted_for(town: Town) -> None:
    son = await town.resident("son")
    grant = await town.elder_asked(son)
    refused = await son.ask("POST", "/mp/v1/acting", {"grantId": grant})
    assert told(refused) == (403, "GRANT_NOT_IN_FORCE")
    for _ in range(4):
        await son.ask("POST", f"/mp/v1/grants/{grant}/confirm", {"code": "000000"})
    gone = await son.ask("POST", f"/mp/v1/grants/{grant}/confirm", {"code": "000000"})
    assert told(gone) == (410, "OFFER_LAPSED")


async def test_the_same_key_again_is_the_same_offer(town: Town) -> None:
    son = await town.resident("son")
    body = {"idNumber": NUMBERS["elder"], "scopes": [READ], "until": later(days=3)}
    answers = [await son.ask("POST", "/mp/v1/grants/family", body, "offer-0001") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    changed = await son.ask("POST", "/mp/v1/grants/family", {**body, "until": later(days=4)}, "offer-0001")
    assert told(changed) == (409, "IDEMPOTENCY_KEY_REUSED")
    other = await son.ask("POST", "/mp/v1/grants/family", {**body, "until": later(days=4)})
    assert told(other) == (409, "GRANT_STANDS_ALREADY")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": ["account:delete"]}, "SCOPE_NOT_GRANTABLE"),
        ({"scopes": []}, "VALIDATION"),
        ({"until": "2001-01-01T00:00:00Z"}, "TERM_NOT_GRANTABLE"),
        ({"idNumber": NUMBERS["son"]}, "NOT_FOR_YOURSELF"),
        ({"idNumber": "12"}, "VALIDATION"),
    ],
)
async def test_an_offer_that_cannot_be_is_refused(town: Town, changes: dict[str, Any], code: str) -> None:
    son = await town.resident("son")
    body = {"idNumber": NUMBERS["elder"], "scopes": [READ], "until": later(days=3)} | changes
    assert told(await son.ask("POST", "/mp/v1/grants/family", body)) == (400, code)


async def test_offers_are_counted(town: Town) -> None:
    son = await town.just_proved("son")
    answers = [
        await son.ask("POST", "/mp/v1/grants/guardian", {"idNumber": f"{310000202105210000 + n}"})
        for n in range(8)
    ]
    assert told(answers[0]) == (403, "NOT_A_GUARDIAN")
    assert told(answers[-1]) == (429, "TOO_MANY_REQUESTS")


# --- whose grant it is -----------------------------------------------------------------------------------


async def test_somebody_elses_grant_is_none_and_none_is_none(town: Town) -> None:
    mother, son = await town.just_proved("mother"), await town.resident("son")
    grant = await town.child_claimed(mother)
    for name in (grant, "0" * 32):
        answers = [
            await son.ask("POST", "/mp/v1/acting", {"grantId": name}),
            await son.ask("POST", f"/mp/v1/grants/{name}/confirm", {}),
            await son.ask("DELETE", f"/mp/v1/grants/{name}"),
        ]
        assert [told(answer) for answer in answers] == [(404, "GRANT_UNKNOWN")] * 3
    assert (await son.ask("GET", "/mp/v1/grants")).json()["items"] == []


async def test_the_elder_is_not_the_agent(town: Town) -> None:
    son, elder = await town.resident("son"), await town.resident("elder")
    grant = await town.elder_asked(son)
    await elder.ask("POST", f"/mp/v1/grants/{grant}/confirm", {})
    assert told(await elder.ask("POST", "/mp/v1/acting", {"grantId": grant})) == (404, "GRANT_UNKNOWN")


async def test_grants_come_in_pages_newest_first(town: Town) -> None:
    mother = await town.just_proved("mother")
    first = await town.child_claimed(mother)
    second = await town.elder_asked(mother)
    page = (await mother.ask("GET", "/mp/v1/grants?limit=1")).json()
    rest = (await mother.ask("GET", f"/mp/v1/grants?limit=1&cursor={page['nextCursor']}")).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"], rest["nextCursor"]] == [second, first, None]


# --- guardians, and the register on its bad days ---------------------------------------------------------


async def test_a_child_that_turned_eighteen_has_no_guardian(town: Town) -> None:
    mother = await town.just_proved("mother")
    refused = await mother.ask("POST", "/mp/v1/grants/guardian", {"idNumber": GROWN})
    assert told(refused) == (403, "NOT_A_GUARDIAN")
    grant = await town.child_claimed(mother)
    grants = town.platform.auth_stores.grants._grants
    await grants.update_one({"_id": grant}, {"$set": {"expires_at": datetime.now(UTC)}})
    assert told(await mother.ask("POST", "/mp/v1/acting", {"grantId": grant})) == (403, "GRANT_NOT_IN_FORCE")


async def test_a_fourth_guardian_is_told_so(town: Town) -> None:
    mother = await town.just_proved("mother")
    grants = town.platform.auth_stores.grants._grants
    child = town.platform.personal.hash(CHILD)
    await grants.insert_many([{"_id": f"other-{n}", "place": f"{child} {n}"} for n in range(3)])
    refused = await mother.ask("POST", "/mp/v1/grants/guardian", {"idNumber": CHILD})
    assert told(refused) == (409, "TOO_MANY_GUARDIANS")


async def test_a_providers_silent_word_makes_nobody_a_guardian(town: Town) -> None:
    mother = await town.resident("mother")
    asked = await mother.ask("POST", "/mp/v1/grants/guardian", {"idNumber": CHILD})
    assert told(asked) == (403, "STEP_UP_REQUIRED")
    assert asked.json()["stepUp"]["methods"] == ["certificate", "face", "sms"]
    headers = {
        "Authorization": f"Bearer {mother.token}",
        "Idempotency-Key": "guardian-0001",
        "X-Step-Up": asked.json()["stepUp"]["challenge"],
    }
    unanswered = await town.http.post("/mp/v1/grants/guardian", json={"idNumber": CHILD}, headers=headers)
    assert told(unanswered) == (403, "STEP_UP_CHALLENGE_REFUSED")


@pytest.mark.parametrize("kind", ["busy", "badGateway", "truncated", "reset", "lost", "outage"])
async def test_a_register_that_does_not_answer_is_told_as_such_and_recovers(
    town: Town, family: tuple[FamilyRegister, str], kind: str
) -> None:
    mother = await town.just_proved("mother")
    plan = {"faults": [{"kind": kind, "route": "/v1/guardianship", "times": 1}]}
    async with aiohttp.ClientSession() as http, http.post(f"{family[1]}/_sim/plan", json=plan) as planned:
        assert planned.status == 204
    refused = await mother.ask("POST", "/mp/v1/grants/guardian", {"idNumber": CHILD})
    assert told(refused) == (503, "FAMILY_REGISTER_UNAVAILABLE")
    assert int(refused.headers["retry-after"]) > 0
    await town.child_claimed(mother)


async def test_the_register_answers_only_to_its_key_and_to_two_numbers(
    family: tuple[FamilyRegister, str],
) -> None:
    question = {"guardian": NUMBERS["mother"], "child": CHILD}
    async with aiohttp.ClientSession() as http:
        for key, body, status in (
            (KEY, question, 200),
            ("another", question, 401),
            (KEY, {"guardian": "1"}, 400),
        ):
            headers = {"Authorization": f"Bearer {key}"}
            async with http.post(f"{family[1]}/v1/guardianship", json=body, headers=headers) as answer:
                assert (answer.status, answer.headers["X-Simulated"]) == (status, "1")
        async with http.get(f"{family[1]}/_sim/journal") as journal:
            assert CHILD not in await journal.text()


# --- organisations ---------------------------------------------------------------------------------------


async def test_an_agent_is_appointed_by_the_legal_representative_and_agrees(town: Town) -> None:
    son, agent = await town.resident("son"), await town.resident("agent")
    body = {"uscc": USCC, "idNumber": NUMBERS["agent"], "scopes": [READ], "until": later(days=30)}
    refused = await son.ask("POST", "/mp/v1/grants/enterprise", body)
    assert told(refused) == (403, "NOT_LEGAL_REPRESENTATIVE")
    boss = town.platform.authenticator.identify(f"Bearer {son.token}".encode())
    town.legal.proved[boss.subject, boss.session] = [LegalPerson(uscc=USCC, name="听潮茶业")]
    offered = await son.ask("POST", "/mp/v1/grants/enterprise", body)
    assert (offered.status_code, offered.json()["side"], offered.json()["state"]) == (
        201,
        "principal",
        "offered",
    )
    grant = offered.json()["id"]
    own = await son.ask("POST", f"/mp/v1/grants/{grant}/confirm", {})
    assert told(own) == (403, "NOT_YOURS_TO_CONFIRM")
    await agent.ask("POST", f"/mp/v1/grants/{grant}/confirm", {})
    acting = await agent.switched(grant)
    assert (await acting.ask("GET", "/mp/v1/acting")).json()["now"]["name"] == "听潮茶业"
    other = await town.just_proved("mother")
    assert told(await other.ask("POST", "/mp/v1/acting", {"grantId": grant})) == (404, "GRANT_UNKNOWN")


async def test_where_nobody_can_prove_it_it_is_not_offered(town: Town) -> None:
    son = await town.just_proved("son")
    town.platform.acting._legal = town.platform.acting._family = None
    body = {"uscc": USCC, "idNumber": NUMBERS["agent"], "scopes": [READ], "until": later(days=30)}
    answers = [
        await son.ask("POST", "/mp/v1/grants/enterprise", body),
        await son.ask("POST", "/mp/v1/grants/guardian", {"idNumber": CHILD}),
    ]
    assert [told(answer) for answer in answers] == [(404, "ACTING_NOT_OFFERED")] * 2


# --- clerks ----------------------------------------------------------------------------------------------


async def test_a_clerk_without_a_case_or_without_the_scope_acts_for_nobody(town: Town) -> None:
    clerk, other = await town.clerk("1", "acting:assist"), await town.clerk("2")
    body = {"idNumber": NUMBERS["elder"], "scopes": [READ]}
    assert told(await clerk.ask("POST", "/verifier/v1/grants", body)) == (400, "VALIDATION")
    for case in ("", "x", "no case"):
        answer = await clerk.ask("POST", "/verifier/v1/grants", {**body, "caseId": case})
        assert told(answer) == (400, "VALIDATION")
    asked = await other.ask("POST", "/verifier/v1/grants", {**body, "caseId": "HY-2026-0001"})
    assert told(asked) == (403, "SCOPE_MISSING")


async def test_a_clerk_acts_in_a_case_the_resident_confirmed(town: Town) -> None:
    clerk, elder = await town.clerk("1", "acting:assist"), await town.resident("elder")
    body = {"idNumber": NUMBERS["elder"], "scopes": [READ], "caseId": "HY-2026-0001"}
    asked = await clerk.ask("POST", "/verifier/v1/grants", body)
    assert asked.status_code == 201, asked.text
    grant = asked.json()["id"]
    early = await clerk.ask("POST", f"/verifier/v1/grants/{grant}/switch")
    assert told(early) == (403, "GRANT_NOT_IN_FORCE")
    seen = (await elder.ask("GET", "/mp/v1/grants")).json()["items"][0]
    assert (seen["caseId"], seen["name"]) == ("HY-2026-0001", "政务服务中心 1")
    confirmed = await clerk.ask("POST", f"/verifier/v1/grants/{grant}/confirm", {"code": seen["code"]})
    assert confirmed.json()["state"] == "active"
    switched = await clerk.ask("POST", f"/verifier/v1/grants/{grant}/switch")
    acting = Person(town.http, switched.json()["accessToken"])
    assert (await acting.ask("GET", "/mp/v1/credentials")).status_code == 200
    assert told(await acting.ask("GET", "/verifier/v1/grants")) == (401, "SIGN_IN_REQUIRED")
    assert (await clerk.ask("GET", "/verifier/v1/grants")).json()["items"][0]["id"] == grant
    assert (await clerk.ask("DELETE", f"/verifier/v1/grants/{grant}")).status_code == 204
    assert told(await clerk.ask("POST", f"/verifier/v1/grants/{'0' * 32}/switch")) == (404, "GRANT_UNKNOWN")


# --- ending ----------------------------------------------------------------------------------------------


async def test_ended_by_the_elder_the_token_dies_and_the_session_does_not(town: Town) -> None:
    son, elder = await town.resident("son"), await town.resident("elder")
    grant = await town.elder_asked(son)
    await elder.ask("POST", f"/mp/v1/grants/{grant}/confirm", {})
    acting = await son.switched(grant)
    assert (await acting.ask("GET", "/mp/v1/credentials")).status_code == 200
    assert (await elder.ask("DELETE", f"/mp/v1/grants/{grant}")).status_code == 204
    async with asyncio.timeout(1):
        while (answer := await acting.ask("GET", "/mp/v1/credentials")).status_code == 200:
            await asyncio.sleep(0.01)
    assert told(answer) == (403, "GRANT_NOT_IN_FORCE")
    assert (await son.ask("GET", "/mp/v1/sessions")).status_code == 200
    assert told(await son.ask("POST", "/mp/v1/acting", {"grantId": grant})) == (403, "GRANT_NOT_IN_FORCE")


async def test_a_session_that_ended_switches_nowhere(town: Town) -> None:
    mother = await town.just_proved("mother")
    grant = await town.child_claimed(mother)
    principal = town.platform.authenticator.identify(f"Bearer {mother.token}".encode())
    # Ended in MongoDB, and the stream has not told this process yet.
    await town.platform.auth_stores.sessions._sessions.update_one(
        {"_id": principal.session}, {"$set": {"ended_at": datetime.now(UTC)}}
    )
    answers = [
        await mother.ask("POST", "/mp/v1/acting", {"grantId": grant}),
        await mother.ask("POST", "/mp/v1/acting/back"),
    ]
    assert [told(answer) for answer in answers] == [(401, "SESSION_ENDED")] * 2


async def test_while_endings_are_not_heard_of_an_acting_token_is_not_good_for_a_look(town: Town) -> None:
    mother = await town.just_proved("mother")
    acting = await mother.switched(await town.child_claimed(mother))
    town.platform.authenticator.listening.clear()
    looked, acted = await asyncio.gather(mother.ask("GET", "/mp/v1/home"), acting.ask("GET", "/mp/v1/home"))
    assert looked.status_code == 200
    assert told(acted) == (503, "ENDINGS_UNHEARD")
