"""An account over HTTP: every promise of its routes and every refusal they declare."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from litestar.testing import AsyncTestClient

from auth_bridges.accounts import Outside
from auth_bridges.models import FaceCheckState, MergeState
from auth_bridges.ports import Clock
from auth_bridges.settings import AuthSettings
from bff.platform.auth import AuthParts
from bff.platform.outbound import Outbound
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.sandbox.population import Population
from bff.sandbox.simulator import Fault, FaultKind, Plan, Provider, simulated_in_thread
from bff.sandbox.sms import REPLACED, Sms
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from tests.auth_fakes import FakeFaces, Packets
from tests.environs import COMPLETE
from tests.web import web_client

Client = AsyncTestClient[Any]
APP = WechatApp(appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"])
NAME, NUMBER = "林小满", "310000199003070017"
OTHER_NAME, OTHER_NUMBER = "陈志远", "310000198511020039"
CHILD = "310000202105210017"
MOBILE = "15400000001"
ACCOUNT = "/mp/v1/account"


class Outer:
    """What lies outside: the simulators, and fakes for what no simulator plays yet."""

    def __init__(self, stack: ExitStack) -> None:
        self.wechat, self.sms = Wechat([APP], phones={"lin": MOBILE}), Sms(key="sms-key-0001")
        people = {NUMBER: NAME, OTHER_NUMBER: OTHER_NAME}
        served: list[Provider] = [self.wechat, self.sms, Population(people, key="population-key-0001")]
        self.urls = [stack.enter_context(simulated_in_thread(each)).url for each in served]
        self.faces = FakeFaces()

    def environ(self) -> dict[str, str]:
        return {
            "SUISHEN_AUTH_WECHAT_BASE_URL": self.urls[0],
            "SUISHEN_AUTH_SMS_BASE_URL": self.urls[1],
            "SUISHEN_AUTH_SMS_KEY": "sms-key-0001",
            "SUISHEN_AUTH_POPULATION_BASE_URL": self.urls[2],
            "SUISHEN_AUTH_POPULATION_KEY": "population-key-0001",
        }

    def code(self, who: str) -> str:
        return self.wechat.login(APP.appid, who)


@pytest.fixture
def outer() -> Iterator[Outer]:
    with ExitStack() as stack:
        yield Outer(stack)


@pytest.fixture
def settings(environ: dict[str, str], outer: Outer) -> Settings:
    return load_settings({**environ, **outer.environ()})


@pytest.fixture
async def client(settings: Settings, outer: Outer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    real = AuthParts._outside

    def with_fakes(parts: AuthParts, auth: AuthSettings, http: Outbound, clock: Clock) -> Outside:
        fakes = {"face": outer.faces, "phone_by_packet": {"alipay": Packets()}}
        return msgspec.structs.replace(real(parts, auth, http, clock), **fakes)

    monkeypatch.setattr(AuthParts, "_outside", with_fakes)
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
    async with web_client(settings) as opened:
        yield opened


class Person:
    """Somebody with a session, and a new Idempotency-Key for each request."""

    def __init__(self, client: Client, outer: Outer, name: str) -> None:
        self.client, self.outer, self.name = client, outer, name
        self.token = ""
        self.requests = 0

    async def sign_in(self) -> "Person":
        answer = await self.client.post("/mp/v1/session/wechat", json={"code": self.outer.code(self.name)})
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["accessToken"]
        return self

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        self.requests += 1
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": f"{self.name}-{self.requests:08}",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, ACCOUNT + path, json=body, headers=sent)

    async def bind(self, phone: str = MOBILE) -> httpx.Response:
        sent = await self("POST", "/phone/codes", {"phone": phone})
        assert sent.status_code == 201, sent.text
        code = self.outer.sms.latest(f"+86{phone}")
        return await self("POST", "/phone/sms", {"requestId": sent.json()["requestId"], "code": code})

    async def meant(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The answer to what was asked for again with a code that came to the phone."""
        asked = await self(method, path, body)
        refused(asked, 403, "STEP_UP_REQUIRED")
        challenge = asked.json()["stepUp"]["challenge"]
        sent = (await self("POST", "/step-up/phone/codes", {"challenge": challenge})).json()
        answer = {
            "challenge": challenge,
            "requestId": sent["requestId"],
            "code": self.outer.sms.latest(f"+86{MOBILE}"),
        }
        assert (await self("POST", "/step-up/phone", answer)).status_code == 200
        return await self(method, path, body, X_Step_Up=challenge)

    async def prove(self, name: str = NAME, number: str = NUMBER) -> httpx.Response:
        body = {"name": name, "idNumber": number, "consentNotice": "real-name-1"}
        return await self("POST", "/real-name", body)


@pytest.fixture
async def lin(client: Client, outer: Outer) -> Person:
    return await Person(client, outer, "lin").sign_in()


@pytest.fixture
async def chen(client: Client, outer: Outer) -> Person:
    return await Person(client, outer, "chen").sign_in()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert all(answer.json()[name] for name in ("title", "titleEn", "detail", "detailEn"))


# --- the way up ----------------------------------------------------------------------------------------


async def test_a_resident_climbs_from_a_provider_to_a_face(lin: Person, outer: Outer) -> None:
    assert (await lin("GET", "")).json()["trustGrade"] is None
    assert (await lin.bind()).json() == {"phone": "154****0001"}
    await lin.sign_in()
    proved = (await lin.prove()).json()
    assert (proved["assurance"], proved["trustGrade"], proved["merge"]) == ("L2", 3, None)
    await lin.sign_in()
    begun = await lin("POST", "/face-checks", {"consentNotice": "face-1"})
    assert begun.status_code == 201
    path = f"/face-checks/{begun.json()['id']}/result"
    assert (await lin("POST", path)).json()["status"] == "pending"
    outer.faces.state = FaceCheckState.PASSED
    assert (await lin("POST", path)).json() == {"status": "passed", "assurance": "L3", "trustGrade": 4}
    seen = (await lin("GET", "")).json()
    assert (seen["assurance"], seen["displayName"], seen["phone"]) == ("L3", "林**", "154****0001")
    assert [each["method"] for each in seen["proofs"]] == ["sms", "two-elements", "face"]
    assert {each["kind"] for each in seen["notices"]} == {"phone_bound", "real_name"}


async def test_what_cannot_be_proved_is_refused(lin: Person, chen: Person, outer: Outer) -> None:
    refused(await lin.prove(), 403, "STEP_UP_REQUIRED")
    refused(await lin("POST", "/face-checks", {"consentNotice": "face-1"}), 403, "STEP_UP_REQUIRED")
    refused(await lin("POST", f"/face-checks/{'0' * 32}/result"), 404, "FACE_CHECK_UNKNOWN")
    await lin.bind()
    await lin.sign_in()
    refused(await lin.prove(OTHER_NAME), 403, "IDENTITY_NOT_CONFIRMED")
    refused(await lin.prove(NAME, CHILD), 403, "CHILD_NEEDS_GUARDIAN")
    assert (await lin.prove()).status_code == 200
    refused(await lin.prove(OTHER_NAME, OTHER_NUMBER), 409, "IDENTITY_ALREADY_PROVED")
    await chen.bind("15400000002")
    await chen.sign_in()
    merge = (await chen.prove()).json()["merge"]
    assert (merge["status"], merge["reversibleUntil"], merge["signInAgain"]) == ("waiting", None, False)


async def test_a_registry_that_is_away_is_told_as_such(lin: Person, outer: Outer) -> None:
    await lin.bind()
    await lin.sign_in()
    for kind in (FaultKind.BUSY, FaultKind.BAD_GATEWAY, FaultKind.LOST, FaultKind.TRUNCATED):
        await plan(outer.urls[2], kind)
        refused(await lin.prove(), 503, "REGISTRY_UNAVAILABLE")


async def plan(url: str, kind: FaultKind) -> None:
    import aiohttp

    faults = msgspec.json.encode(Plan(faults=[Fault(kind=kind, times=1)]))
    async with aiohttp.ClientSession() as http, http.post(f"{url}/_sim/plan", data=faults) as planned:
        assert planned.status == 204


# --- phones --------------------------------------------------------------------------------------------


async def test_the_former_phone_is_told_by_text_of_the_one_in_its_place(lin: Person, outer: Outer) -> None:
    await lin.bind()
    assert outer.sms.texts(f"+86{MOBILE}") == []
    await lin.bind("15400000002")
    assert outer.sms.texts(f"+86{MOBILE}") == [REPLACED]
    assert outer.sms.texts("+8615400000002") == []
    assert (await lin.meant("GET", "/export")).json()["formerPhone"] == f"+86{MOBILE}"


async def test_a_code_that_is_not_right_is_refused(lin: Person, outer: Outer) -> None:
    sent = (await lin("POST", "/phone/codes", {"phone": MOBILE})).json()
    wrong = "000000" if outer.sms.latest(f"+86{MOBILE}") != "000000" else "000001"
    refused(
        await lin("POST", "/phone/sms", {"requestId": sent["requestId"], "code": wrong}),
        400,
        "PHONE_CODE_REJECTED",
    )


async def test_a_code_asked_for_again_with_the_same_key_is_sent_once(lin: Person, outer: Outer) -> None:
    key = {"Idempotency_Key": "the-same-key"}
    first, again = [await lin("POST", "/phone/codes", {"phone": MOBILE}, **key) for _ in range(2)]
    assert first.json() == again.json()
    assert outer.sms.sent() == 1
    refused(await lin("POST", "/phone/codes", {"phone": "15400000002"}, **key), 409, "IDEMPOTENCY_KEY_REUSED")


async def test_too_many_codes_are_refused(lin: Person) -> None:
    answers = [await lin("POST", "/phone/codes", {"phone": MOBILE}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    refused(answers[-1], 429, "TOO_MANY_REQUESTS")


async def test_a_gateway_that_is_away_is_told_as_such(lin: Person, outer: Outer) -> None:
    await plan(outer.urls[1], FaultKind.BUSY)
    refused(await lin("POST", "/phone/codes", {"phone": MOBILE}), 503, "SMS_UNAVAILABLE")


async def test_a_provider_attests_a_phone(lin: Person, outer: Outer) -> None:
    tapped = {"code": outer.wechat.people.tap_phone(APP.appid, "lin")}
    assert (await lin("POST", "/phone/codes/wechat", tapped)).json() == {"phone": "154****0001"}
    refused(await lin("POST", "/phone/codes/wechat", tapped), 400, "PHONE_CODE_REJECTED")
    others = {"code": outer.wechat.people.tap_phone(APP.appid, "chen")}
    refused(await lin("POST", "/phone/codes/wechat", others), 400, "PHONE_CODE_REJECTED")
    refused(await lin("POST", "/phone/codes/alipay", {"code": "phone-code"}), 404, "PROVIDER_NOT_OFFERED")
    packet = {"packet": f"+86{MOBILE}"}
    assert (await lin("POST", "/phone/packets/alipay", packet)).status_code == 200
    await lin.sign_in()
    refused(await lin("POST", "/phone/packets/alipay", packet), 400, "PHONE_PACKET_REFUSED")
    refused(await lin("POST", "/phone/packets/wechat", packet), 404, "PROVIDER_NOT_OFFERED")


async def test_requirement_17_a_phone_in_use_cannot_be_told_from_a_free_one(
    client: Client, outer: Outer, lin: Person
) -> None:
    """Body, status, and the time of it, alternating, so that the machine's moods fall on both."""
    await lin.bind()
    took: dict[str, list[float]] = {"used": [], "free": []}
    shapes = set()
    for number in range(12):
        asker = await Person(client, outer, f"asker-{number}").sign_in()
        which, phone = ("used", MOBILE) if number % 6 == 0 else ("free", f"1541000{number:04}")
        started = time.perf_counter()
        answer = await asker.bind(phone)
        took[which].append(time.perf_counter() - started)
        shapes.add((answer.status_code, *sorted(answer.json())))
    assert shapes == {(200, "phone")}
    assert min(took["used"]) < 3 * min(took["free"])
    assert min(took["free"]) < 3 * min(took["used"])


# --- ways in ---------------------------------------------------------------------------------------------


async def test_two_accounts_of_one_person_are_merged_and_restored(
    client: Client, outer: Outer, lin: Person, chen: Person
) -> None:
    body = {"provider": "wechat", "code": outer.code("chen")}
    linked = await lin("POST", "/links", body, Idempotency_Key="link-chen-1")
    assert (linked.status_code, linked.json()["link"]) == (201, None)
    merge = linked.json()["merge"]
    assert merge["status"] == "merged"
    assert merge["reversibleUntil"] is not None
    again = await lin("POST", "/links", body, Idempotency_Key="link-chen-1")
    assert again.json() == linked.json()
    seen = (await (await chen.sign_in())("GET", "")).json()
    assert len(seen["links"]) == 2
    assert [each["kind"] for each in seen["notices"]] == ["merged", "merged"]
    undone = await chen("POST", f"/merges/{merge['id']}/undo")
    assert undone.json()["status"] == "undone"
    refused(await (await chen.sign_in())("POST", f"/merges/{merge['id']}/undo"), 404, "MERGE_UNKNOWN")
    await lin.sign_in()
    refused(await lin("POST", f"/merges/{merge['id']}/undo"), 409, "MERGE_NOT_REVERSIBLE")
    assert len((await lin("GET", "")).json()["links"]) == 1


async def test_a_session_of_who_was_merged_is_over(lin: Person, chen: Person, outer: Outer) -> None:
    await lin("POST", "/links", {"provider": "wechat", "code": outer.code("chen")})
    # Told by the record at once, and by the token as soon as the process hears of it.
    answer = await chen("GET", "")
    assert (answer.status_code, answer.json()["action"]) == (401, "signIn")


async def test_ways_in_are_refused_for_a_reason(lin: Person, chen: Person, outer: Outer) -> None:
    (only,) = (await lin("GET", "")).json()["links"]
    refused(await lin("DELETE", f"/links/{only['id']}"), 409, "LAST_WAY_IN")
    refused(await chen("DELETE", f"/links/{only['id']}"), 404, "LINK_UNKNOWN")
    elsewhere = {"provider": "elsewhere", "code": "code"}
    refused(await lin("POST", "/links", elsewhere), 404, "PROVIDER_NOT_OFFERED")
    refused(await lin("POST", "/links", {"provider": "wechat", "code": "nonsense"}), 401, "CODE_REJECTED")
    used = {"provider": "wechat", "code": outer.code("lin")}
    assert (await lin("POST", "/links", used)).status_code == 201
    refused(await lin("POST", "/links", used), 409, "CODE_ALREADY_USED")
    await plan(outer.urls[0], FaultKind.BAD_GATEWAY)
    gone = {"provider": "wechat", "code": outer.code("lin")}
    refused(await lin("POST", "/links", gone), 503, "PROVIDER_UNAVAILABLE")


async def test_a_way_into_a_disabled_account_is_linked_to_nobody(
    settings: Settings, lin: Person, chen: Person, outer: Outer
) -> None:
    async with Platform.open(settings) as platform:
        link = {"provider": "wechat", "appid": APP.appid, "subject": openid_of(APP.appid, "chen")}
        line = {"kind": "resident", "idNumber": OTHER_NUMBER, "name": OTHER_NAME, "links": [link]}
        for standing in ("active", "disabled"):
            encoded = [msgspec.json.encode({**line, "standing": standing})]
            async for registered in platform.registrar.register_lines(encoded):
                assert registered.problem is None
    body = {"provider": "wechat", "code": outer.code("chen")}
    refused(await lin("POST", "/links", body), 409, "LINK_TAKEN")


# --- step-up ---------------------------------------------------------------------------------------------


async def test_requirement_14_a_stale_session_gets_a_challenge_and_one_request_through(
    settings: Settings, lin: Person, outer: Outer
) -> None:
    lin.token = await aged(settings, lin)
    body = {"provider": "wechat", "code": outer.code("second")}
    answer = await lin("POST", "/links", body)
    refused(answer, 403, "STEP_UP_REQUIRED")
    assert answer.json()["action"] == "stepUp"
    step_up = answer.json()["stepUp"]
    assert (step_up["operation"], step_up["level"]) == ("link", "L0")
    challenge = step_up["challenge"]
    refused(await lin("POST", "/links", body, X_Step_Up=challenge), 403, "STEP_UP_CHALLENGE_REFUSED")
    stranger = {"challenge": challenge, "provider": "wechat", "code": outer.code("stranger")}
    refused(await lin("POST", "/step-up/provider", stranger), 403, "STEP_UP_NOT_PROVED")
    proof = {"challenge": challenge, "provider": "wechat", "code": outer.code("lin")}
    assert (await lin("POST", "/step-up/provider", proof)).status_code == 200
    refused(await lin("GET", "/export", X_Step_Up=challenge), 403, "STEP_UP_CHALLENGE_REFUSED")
    assert (await lin("POST", "/links", body, X_Step_Up=challenge)).status_code == 201
    other = {"provider": "wechat", "code": outer.code("third")}
    refused(await lin("POST", "/links", other, X_Step_Up=challenge), 403, "STEP_UP_CHALLENGE_REFUSED")


async def test_a_challenge_is_answered_by_a_code_to_the_bound_phone(
    settings: Settings, lin: Person, outer: Outer
) -> None:
    lin.token = await aged(settings, lin)
    challenge = (await lin("GET", "/export")).json()["stepUp"]["challenge"]
    refused(await lin("POST", "/step-up/phone/codes", {"challenge": challenge}), 409, "NO_PHONE_BOUND")
    await lin.sign_in()
    await lin.bind()
    lin.token = await aged(settings, lin)
    challenge = (await lin("GET", "/export")).json()["stepUp"]["challenge"]
    refused(
        await lin("POST", "/step-up/phone/codes", {"challenge": challenge[:-3] + "AAA"}),
        403,
        "STEP_UP_CHALLENGE_REFUSED",
    )
    sent = (await lin("POST", "/step-up/phone/codes", {"challenge": challenge})).json()
    answer = {"challenge": challenge, "requestId": sent["requestId"]}
    right = outer.sms.latest(f"+86{MOBILE}")
    wrong = "000000" if right != "000000" else "000001"
    refused(await lin("POST", "/step-up/phone", {**answer, "code": wrong}), 400, "PHONE_CODE_REJECTED")
    assert (await lin("POST", "/step-up/phone", {**answer, "code": right})).status_code == 200
    copy = await lin("GET", "/export", X_Step_Up=challenge)
    assert copy.json()["phone"] == f"+86{MOBILE}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/export", None),
        ("POST", "/links", {"provider": "wechat", "code": "code"}),
        ("DELETE", f"/links/{'0' * 32}", None),
        ("POST", f"/merges/{'0' * 32}/undo", None),
        ("POST", "/phone/codes", {"phone": MOBILE}),
        ("POST", "/phone/codes/wechat", {"code": "code"}),
        ("POST", "/phone/packets/alipay", {"packet": "packet"}),
        ("POST", "/real-name", {"name": NAME, "idNumber": NUMBER, "consentNotice": "c"}),
        ("POST", "/face-checks", {"consentNotice": "c"}),
        ("POST", "/deletion", None),
    ],
)
async def test_requirement_13_nothing_changes_an_account_on_a_stale_session(
    settings: Settings, lin: Person, method: str, path: str, body: object
) -> None:
    """ASVS 7.5.1; real-name and face ask for a level as well."""
    lin.token = await aged(settings, lin)
    answer = await lin(method, path, body)
    refused(answer, 403, "STEP_UP_REQUIRED")
    assert answer.json()["stepUp"]["challenge"]


async def test_requirement_12_a_session_is_ended_by_who_proved_lately_that_it_is_theirs(
    settings: Settings, client: Client, outer: Outer, lin: Person
) -> None:
    """ASVS 7.5.2: a fresh sign-in will do, one of an hour ago will not."""
    await Person(client, outer, "lin").sign_in()
    fresh, stale = lin.token, await aged(settings, lin, minutes=60)
    listed = await client.get("/mp/v1/sessions", headers={"Authorization": f"Bearer {stale}"})
    path = next(f"/mp/v1/sessions/{each['id']}" for each in listed.json() if not each["current"])
    for asked in (path, "/mp/v1/sessions"):
        answer = await client.delete(asked, headers={"Authorization": f"Bearer {stale}"})
        refused(answer, 403, "STEP_UP_REQUIRED")
        assert answer.json()["stepUp"]["operation"] == "end_session"
    ended = await client.delete(path, headers={"Authorization": f"Bearer {fresh}"})
    assert ended.status_code == 204


async def aged(settings: Settings, person: Person, *, minutes: int = 10) -> str:
    """A token of this very session, authenticated ``minutes`` ago: minted with the city's own key."""
    async with Platform.open(settings) as platform:
        grant = platform.auth._tokens.verify(person.token, now=datetime.now(UTC)).grant
        old = msgspec.structs.replace(grant, auth_time=datetime.now(UTC) - timedelta(minutes=minutes))
        return platform.auth._tokens.mint(old, token_id="aged", now=datetime.now(UTC)).text


# --- leaving ---------------------------------------------------------------------------------------------


async def test_an_account_leaves_and_its_certificate_is_verified_by_anybody(
    settings: Settings, client: Client, lin: Person
) -> None:
    told = (await lin("GET", "/deletion")).json()
    assert (told["coolOffDays"], told["deletion"]) == (7, None)
    assert all(each["zh"] and each["en"] for each in told["consequences"])
    asked = await lin("POST", "/deletion")
    assert asked.status_code == 201
    assert (await lin("GET", "")).json()["deletion"]["dueAt"] == asked.json()["dueAt"]
    certificate = await client.post(
        f"{ACCOUNT}/deletion/certificate", json={"receipt": asked.json()["receipt"]}
    )
    assert certificate.json()["deletedAt"] is None
    keys = KeySet.import_key_set((await client.get("/.well-known/jwks.json")).json())
    signed = jws.deserialize_compact(certificate.json()["certificate"], keys, algorithms=["ES256"])
    assert msgspec.json.decode(signed.payload)["state"] == "requested"
    assert (await lin("DELETE", "/deletion")).status_code == 204
    refused(await lin("DELETE", "/deletion"), 404, "DELETION_UNKNOWN")
    unknown = await client.post(f"{ACCOUNT}/deletion/certificate", json={"receipt": "x" * 43})
    refused(unknown, 404, "DELETION_UNKNOWN")


async def test_a_deletion_that_has_begun_is_not_taken_back(settings: Settings, lin: Person) -> None:
    await lin("POST", "/deletion")
    async with Platform.open(settings) as platform:
        far = datetime.now(UTC) + timedelta(days=8)
        (due,) = await platform.auth_stores.deletions.due(far)
        await platform.auth_stores.deletions.begin(due.id, tombstone="t")
    refused(await lin("DELETE", "/deletion"), 409, "DELETION_BEGUN")


async def test_an_export_is_the_owners_own(lin: Person) -> None:
    await lin.bind()
    copy = (await lin.meant("GET", "/export")).json()
    assert copy["phone"] == f"+86{MOBILE}"
    assert [each["subject"] for each in copy["links"]] == [openid_of(APP.appid, "lin")]
    assert [each["current"] for each in copy["sessions"]] == [True]
    assert copy["grants"] == []


# --- an operator -------------------------------------------------------------------------------------------


async def test_an_operator_sees_and_decides_what_waits(
    settings: Settings, environ: dict[str, str], outer: Outer, lin: Person, chen: Person
) -> None:
    import anyio.to_thread
    from click.testing import CliRunner

    from bff.cli_account import account

    await lin.bind()
    await lin.sign_in()
    await lin.prove()
    await chen.bind("15400000002")
    await chen.sign_in()
    case = (await chen.prove()).json()["merge"]["id"]

    async def run(*words: str) -> tuple[int, str]:
        told = {**environ, **outer.environ()}
        result = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(account, list(words), env=told))
        return result.exit_code, result.output

    code, listed = await run("merges", "--json")
    (told,) = map(msgspec.json.decode, listed.splitlines())
    assert (code, told["id"], set(told)) == (0, case, {"id", "openedAt", "why", "absorbed", "survivor"})
    code, said = await run("decide", "unheard-of", "--merge", "--operator", "counter-7")
    assert (code, "there is no merge case unheard-of" in said) == (1, True)
    assert (await run("merges", "--data", str(Path(environ["SUISHEN_AUTH_TOKEN_KEYS_DIR"]))))[0] == 2
    assert (await run("decide", case, "--merge", "--operator", "counter-7"))[0] == 0
    assert (await run("decide", case, "--merge", "--operator", "counter-7"))[0] == 1
    assert (await run("merges")) == (0, "0 件待审核 · waiting\n")
    merges = (await (await chen.sign_in())("GET", "")).json()["merges"]
    assert [each["status"] for each in merges] == [MergeState.MERGED.value]
