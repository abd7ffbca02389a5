"""Signing in at an OpenID provider on a wire: what holds, and each way in which one can be hostile."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import aiohttp
import msgspec
import pytest
from litestar.testing import AsyncTestClient
from redis.asyncio import Redis

from bff.platform.keys import KeyRing, create
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.oidc import Client, Hostility, OpenId, Realm
from bff.sandbox.simulator import simulated_in_thread
from tests.web import web_client

Web = AsyncTestClient[Any]

RESIDENT_PAGE: Final = "https://suishen.city.gov.cn/resident/"
CLERK_PAGE: Final = "https://suishen.city.gov.cn/clerk/"
PHONE: Final = {"X-Device-Id": "a-phone-of-its-own"}
OTHER_PHONE: Final = {"X-Device-Id": "somebody-elses-phone"}
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
CITIZENS, HOTEL, CLINIC = "citizens", "hotel", "clinic"


class Provider:
    """The simulated providers, their knobs, and a browser that carries somebody through them."""

    def __init__(self, books: OpenId, url: str) -> None:
        self.books = books
        self.url = url

    async def visit(self, address: str, person: str) -> dict[str, str]:
        """Sign in as ``person`` and bring home what the provider sent along."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{address}&person={person}", allow_redirects=False) as answer,
        ):
            assert answer.status == 303, await answer.text()
            assert answer.headers["X-Simulated"] == "1"
            back = urlsplit(answer.headers["Location"])
            assert f"{back.scheme}://{back.netloc}{back.path}" in (RESIDENT_PAGE, CLERK_PAGE)
            return dict(parse_qsl(back.query))

    async def plan(self, *faults: Mapping[str, object]) -> None:
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/_sim/plan", json={"faults": faults}) as told,
        ):
            assert told.status == 204

    async def asked(self, path: str) -> int:
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/_sim/journal?path={path}") as told:
            return len(await told.json())


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    create(tmp_path / "oidc", "first")
    ring = KeyRing(tmp_path / "oidc")

    async def our_keys() -> dict[str, Any]:
        published: dict[str, Any] = msgspec.to_builtins(ring.published())
        return published

    def client(name: str, page: str, *, pushed: bool = False) -> Client:
        return Client(client_id=name, redirect_uris=(page,), jwks=our_keys, pushed=pushed)

    books = OpenId(
        [
            Realm(
                name=CITIZENS,
                title="市民云",
                people={"lin": "林", "chen": "陈"},
                clients=[client("sim-suishen", RESIDENT_PAGE), client("sim-other", RESIDENT_PAGE)],
            ),
            Realm(
                name=HOTEL,
                title="江边旅馆",
                people={"wang": "王", "stranger": "访客", "gone": "离职"},
                clients=[client("sim-hotel", CLERK_PAGE, pushed=True)],
            ),
            Realm(
                name=CLINIC,
                title="诊所",
                people={"zhao": "赵", "wang": "王", "sun": "孙"},
                clients=[client("sim-clinic", CLERK_PAGE, pushed=True)],
                claims={
                    "zhao": {"employee_number": "0007"},
                    "sun": {"employee_number": "0007", "acr": "sim:one-factor"},
                },
            ),
        ]
    )
    with simulated_in_thread(books) as simulator:
        yield Provider(books, simulator.url)


@pytest.fixture
def told(environ: dict[str, str], provider: Provider, tmp_path: Path) -> dict[str, str]:
    return {
        **environ,
        "SUISHEN_AUTH_OIDC_KEYS_DIR": str(tmp_path / "oidc"),
        "SUISHEN_AUTH_CITIZEN_ISSUER": f"{provider.url}/{CITIZENS}",
        "SUISHEN_AUTH_CITIZEN_CLIENT_ID": "sim-suishen",
        "SUISHEN_AUTH_CITIZEN_REDIRECT_URI": RESIDENT_PAGE,
        "SUISHEN_AUTH_CLERK_SSO_REDIRECT_URI": CLERK_PAGE,
        # One phone tries here in a minute what a crowd would.
        "SUISHEN_AUTH_SIGN_INS_PER_DEVICE": "100",
    }


@pytest.fixture
async def web(told: dict[str, str], provider: Provider) -> AsyncIterator[Web]:
    settings = load_settings(told)
    sso = {"issuer": f"{provider.url}/{HOTEL}", "clientId": "sim-hotel"}
    by_number: dict[str, object] = {
        "issuer": f"{provider.url}/{CLINIC}",
        "clientId": "sim-clinic",
        "claim": "employee_number",
    }
    by_number |= {"acr": ["sim:two-factors"], "amr": ["mfa"]}
    subject = provider.books.subject
    lines: list[dict[str, object]] = [
        {"kind": "organisation", "id": "hotel", "name": "江边旅馆", "sso": sso},
        {"kind": "organisation", "id": "clinic", "name": "诊所", "sso": by_number},
        {"kind": "organisation", "id": "shop", "name": "小店"},
        {**_clerk("hotel", "0042"), "ssoSubject": subject(HOTEL, "wang")},
        {**_clerk("hotel", "0043"), "ssoSubject": subject(HOTEL, "gone"), "standing": "disabled"},
        _clerk("clinic", "0007"),
    ]
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        async for registered in platform.registrar.register_lines(map(msgspec.json.encode, lines)):
            assert registered.problem is None
    async with web_client(settings) as client:
        yield client


def _clerk(organisation: str, number: str) -> dict[str, object]:
    return {"kind": "clerk", "organisation": organisation, "number": number, "scenes": ["general"]}


async def begin(web: Web, organisation: str | None = None) -> dict[str, Any]:
    path = "/mp/v1/session/oidc/begin" if organisation is None else "/verifier/v1/session/sso/begin"
    body = None if organisation is None else {"organisation": organisation}
    answer = await web.post(path, json=body, headers=PHONE)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def finish(
    web: Web, back: Mapping[str, str], *, clerk: bool = False, device: Mapping[str, str] = PHONE
) -> tuple[int, dict[str, Any]]:
    path = "/verifier/v1/session/sso" if clerk else "/mp/v1/session/oidc"
    answer = await web.post(path, json=dict(back), headers=dict(device))
    return answer.status_code, answer.json()


async def come_back(web: Web, provider: Provider, person: str = "lin") -> dict[str, str]:
    return await provider.visit((await begin(web))["authorizationUrl"], person)


async def shift(
    web: Web, provider: Provider, organisation: str = "hotel", person: str = "wang"
) -> dict[str, Any]:
    back = await provider.visit((await begin(web, organisation))["authorizationUrl"], person)
    status, session = await finish(web, back, clerk=True)
    assert status == 201, session
    return session


def bearer(session: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['accessToken']}"}


# --- residents -----------------------------------------------------------------------------------------


async def test_a_resident_signs_in_through_citizen_cloud_and_is_the_same_one_again(
    web: Web, provider: Provider
) -> None:
    for _ in range(2):
        status, session = await finish(web, await come_back(web, provider))
        assert (status, session["assurance"], session["displayName"]) == (201, "L0", None)
        assert (await web.get("/mp/v1/home", headers=bearer(session))).status_code == 200


async def test_what_leaves_for_the_provider_is_what_the_rules_ask(web: Web, provider: Provider) -> None:
    begun = await begin(web)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun["authorizationUrl"]).query).items()}
    assert set(asked) == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", RESIDENT_PAGE)
    assert asked["state"] == begun["state"]
    again = await begin(web)
    assert {begun["state"], asked["nonce"]}.isdisjoint({again["state"], asked["state"] + "x"})


# --- requirement 15: a tampered flow opens nothing -------------------------------------------------------

HOSTILE: Final[dict[Hostility, str]] = {
    Hostility.WRONG_ISS: "PROVIDER_TOKEN_ISSUER",
    Hostility.WRONG_AUD: "PROVIDER_TOKEN_AUDIENCE",
    Hostility.EXTRA_AUD: "PROVIDER_TOKEN_AUDIENCE",
    Hostility.OTHER_AZP: "PROVIDER_TOKEN_AUDIENCE",
    Hostility.ALG_NONE: "PROVIDER_TOKEN_ALGORITHM",
    Hostility.HS256: "PROVIDER_TOKEN_ALGORITHM",
    Hostility.EXPIRED: "PROVIDER_TOKEN_TIME",
    Hostility.FUTURE: "PROVIDER_TOKEN_TIME",
    Hostility.STALE: "PROVIDER_TOKEN_TIME",
    Hostility.NO_EXP: "PROVIDER_TOKEN_UNREADABLE",
    Hostility.SWAPPED_NONCE: "PROVIDER_TOKEN_NONCE",
    Hostility.NO_NONCE: "PROVIDER_TOKEN_NONCE",
    Hostility.FORGED: "PROVIDER_TOKEN_FORGED",
    Hostility.UNKNOWN_KEY: "PROVIDER_TOKEN_KEY",
    Hostility.OWN_KEY: "PROVIDER_TOKEN_KEY",
    Hostility.WRONG_TYPE: "PROVIDER_TOKEN_KIND",
    Hostility.NOT_A_TOKEN: "PROVIDER_TOKEN_UNREADABLE",
    Hostility.NO_ID_TOKEN: "PROVIDER_TOKEN_UNREADABLE",
    Hostility.NO_ISS_PARAMETER: "PROVIDER_MIXED_UP",
    Hostility.WRONG_ISS_PARAMETER: "PROVIDER_MIXED_UP",
}


async def test_requirement_15_a_hostile_answer_is_refused_by_its_own_code(
    web: Web, provider: Provider
) -> None:
    told: dict[Hostility, str] = {}
    for hostility in Hostility:
        provider.books.be(CITIZENS, hostility)
        back = await come_back(web, provider)
        status, problem = await finish(web, back)
        told[hostility] = problem["code"]
        assert (status, problem["action"]) == (401, "signIn")
        # Whatever was wrong, that flow is over, and an honest one begins.
        provider.books.be(CITIZENS, None)
        assert (await finish(web, back))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    assert told == HOSTILE
    assert (await finish(web, await come_back(web, provider)))[0] == 201


async def test_an_answer_of_nobody_costs_no_call(web: Web, provider: Provider) -> None:
    for hostility in (Hostility.NO_ISS_PARAMETER, Hostility.WRONG_ISS_PARAMETER):
        provider.books.be(CITIZENS, hostility)
        await finish(web, await come_back(web, provider))
    assert await provider.asked(f"/{CITIZENS}/token") == 0


async def test_requirement_2_a_key_named_in_a_header_is_never_fetched(web: Web, provider: Provider) -> None:
    provider.books.be(CITIZENS, Hostility.OWN_KEY)
    await finish(web, await come_back(web, provider))
    async with aiohttp.ClientSession() as http, http.get(f"{provider.url}/_sim/journal") as told:
        paths = {arrival["path"] for arrival in await told.json()}
    assert paths == {
        f"/{CITIZENS}/{part}" for part in (".well-known/openid-configuration", "jwks", "authorize", "token")
    }


async def test_a_key_nobody_published_does_not_make_us_ask_again_and_again(
    web: Web, provider: Provider
) -> None:
    provider.books.be(CITIZENS, Hostility.UNKNOWN_KEY)
    told = [await finish(web, await come_back(web, provider)) for _ in range(6)]
    assert [(status, problem["code"]) for status, problem in told] == [
        *[(401, "PROVIDER_TOKEN_KEY")] * 4,
        *[(503, "PROVIDER_UNAVAILABLE")] * 2,
    ]
    assert await provider.asked(f"/{CITIZENS}/jwks") == 5


async def test_many_who_finish_at_once_on_one_device_get_one_session(web: Web, provider: Provider) -> None:
    back = await come_back(web, provider)
    answers = await asyncio.gather(*(finish(web, back) for _ in range(6)))
    assert {status for status, _ in answers} == {201}
    assert len({session["refreshToken"] for _, session in answers}) == 1
    assert await provider.asked(f"/{CITIZENS}/token") == 1


@pytest.mark.parametrize("clerk", [False, True], ids=["a resident's", "a clerk's"])
async def test_a_lost_reply_is_given_again_to_the_same_device_only(
    web: Web,
    provider: Provider,
    clerk: bool,  # noqa: FBT001 - a parameter
) -> None:
    begun = await begin(web, "hotel" if clerk else None)
    back = await provider.visit(begun["authorizationUrl"], "wang" if clerk else "lin")
    first, again = [await finish(web, back, clerk=clerk) for _ in range(2)]
    assert first[0] == 201
    assert again == first
    status, problem = await finish(web, back, clerk=clerk, device=OTHER_PHONE)
    assert (status, problem["code"]) == (409, "CODE_REPLAYED")
    # With another code, the state is one of no flow.
    assert (await finish(web, back | {"code": "another"}, clerk=clerk))[1]["code"] == "SIGN_IN_FLOW_ENDED"

    path = "/verifier/v1/session" if clerk else "/mp/v1/session"
    assert (await web.delete(path, headers=bearer(first[1]))).status_code == 204
    assert (await finish(web, back, clerk=clerk))[1]["code"] == "SIGN_IN_FLOW_ENDED"


async def test_a_reply_is_given_again_for_a_minute_sealed(web: Web, provider: Provider, redis: Redis) -> None:
    back = await come_back(web, provider)
    session = (await finish(web, back))[1]
    [name] = [name async for name in redis.scan_iter("auth:reply:*")]
    kept = await redis.get(name)
    assert isinstance(kept, bytes)
    assert session["refreshToken"].encode() not in kept
    assert 50 < await redis.ttl(name) <= 60
    await redis.delete(name)
    started = time.monotonic()
    assert (await finish(web, back))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    assert time.monotonic() - started < 10


async def test_somebody_elses_answer_opens_nothing_on_another_device(web: Web, provider: Provider) -> None:
    """Log-in CSRF: a thief's own answer, slipped to a victim, would sign the victim in as the thief."""
    back = await come_back(web, provider)
    status, problem = await finish(web, back, device=OTHER_PHONE)
    assert (status, problem["code"]) == (409, "SIGN_IN_FLOW_ELSEWHERE")
    assert (await finish(web, back))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    assert await provider.asked(f"/{CITIZENS}/token") == 0


async def test_a_state_nobody_began_opens_nothing(web: Web, provider: Provider) -> None:
    back = await come_back(web, provider) | {"state": "0" * 32}
    assert (await finish(web, back))[1]["code"] == "SIGN_IN_FLOW_ENDED"


async def test_a_residents_flow_begins_no_shift(web: Web, provider: Provider) -> None:
    back = await come_back(web, provider)
    assert (await finish(web, back, clerk=True))[1]["code"] == "SIGN_IN_FLOW_ENDED"


async def test_a_code_injected_into_another_flow_fails_for_its_verifier(web: Web, provider: Provider) -> None:
    """PKCE: a stolen code fits only the flow it was given to."""
    stolen = (await come_back(web, provider, "chen"))["code"]
    back = await come_back(web, provider) | {"code": stolen}
    status, problem = await finish(web, back)
    assert (status, problem["code"]) == (401, "CODE_REJECTED")


async def test_another_clients_code_is_rejected(web: Web, provider: Provider) -> None:
    begun = await begin(web)
    address = begun["authorizationUrl"].replace("client_id=sim-suishen", "client_id=sim-other")
    back = await provider.visit(address, "lin")
    assert (await finish(web, back))[1]["code"] == "CODE_REJECTED"


async def test_a_code_that_was_spent_is_rejected(web: Web, provider: Provider) -> None:
    spent = await come_back(web, provider)
    assert (await finish(web, spent))[0] == 201
    back = await come_back(web, provider) | {"code": spent["code"]}
    assert (await finish(web, back))[1]["code"] == "CODE_REJECTED"


async def test_a_changed_redirect_address_is_not_gone_to(web: Web, provider: Provider) -> None:
    begun = await begin(web)
    address = begun["authorizationUrl"].replace("%2Fresident%2F", "%2Fresident%2F..%2Fevil")
    async with aiohttp.ClientSession() as http, http.get(f"{address}&person=lin") as answer:
        assert answer.status == 400


async def test_what_cannot_have_come_back_is_refused_before_anything_is_looked_up(web: Web) -> None:
    for changed, field in [
        ({"state": "short"}, "state"),
        ({"state": "G" * 32}, "state"),
        ({"code": ""}, "code"),
        ({"code": "x" * 1025}, "code"),
        ({"code": "é"}, "code"),
        ({"surplus": "1"}, ""),
    ]:
        status, problem = await finish(web, {"code": "c", "state": "0" * 32, "iss": "i"} | changed)
        assert (status, problem["code"], problem["errors"][0]["key"]) == (400, "VALIDATION", field)


async def test_a_flow_needs_a_device_to_be_bound_to(web: Web) -> None:
    answer = await web.post("/mp/v1/session/oidc/begin")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION")


async def test_a_device_that_begins_without_end_is_slowed_down(web: Web, told: dict[str, str]) -> None:
    few = load_settings({**told, "SUISHEN_AUTH_SIGN_INS_PER_DEVICE": "2"})
    async with web_client(few) as client:
        for path, body in (
            ("/mp/v1/session/oidc/begin", None),
            ("/verifier/v1/session/sso/begin", {"organisation": "hotel"}),
        ):
            device = {"X-Device-Id": f"a-device-that-tries-{len(path)}"}
            answers = [await client.post(path, json=body, headers=device) for _ in range(3)]
            assert [each.status_code for each in answers] == [201, 201, 429]


# --- bad days ------------------------------------------------------------------------------------------


FAULTS: Final[tuple[dict[str, object], ...]] = (
    {"kind": "badGateway"},
    {"kind": "truncated"},
    {"kind": "reset"},
    {"kind": "lost"},
    {"kind": "outage"},
    {"kind": "busy"},
    {"kind": "latency", "milliseconds": 7000},
)


async def test_a_providers_bad_day_is_told_as_such_and_leaves_nothing_stuck(
    web: Web, provider: Provider
) -> None:
    for fault in FAULTS:
        back = await come_back(web, provider)
        await provider.plan({**fault, "route": f"/{CITIZENS}/token", "times": 1})
        status, problem = await finish(web, back)
        assert (status, problem["code"]) == (503, "PROVIDER_UNAVAILABLE"), fault
        assert (await finish(web, await come_back(web, provider)))[0] == 201


async def test_without_a_description_nobody_begins_and_the_next_one_can(web: Web, provider: Provider) -> None:
    for kind in ("badGateway", "truncated", "outage"):
        for part in (".well-known/openid-configuration", "jwks"):
            await provider.plan({"kind": kind, "route": f"/{CITIZENS}/{part}", "times": 1})
            answer = await web.post("/mp/v1/session/oidc/begin", headers=PHONE)
            assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE"), (kind, part)
    await begin(web)


# --- clerks --------------------------------------------------------------------------------------------


async def test_a_clerk_begins_a_shift_where_the_organisation_signs_in(web: Web, provider: Provider) -> None:
    session = await shift(web, provider)
    assert (session["organisation"], session["clerkNumber"]) == ("hotel", "0042")
    assert (await web.get("/verifier/v1/verifications", headers=bearer(session))).status_code == 200
    assert (await web.get("/mp/v1/home", headers=bearer(session))).status_code == 401


async def test_a_clerk_is_found_by_the_number_the_provider_tells(web: Web, provider: Provider) -> None:
    session = await shift(web, provider, "clinic", "zhao")
    assert (session["organisation"], session["clerkNumber"]) == ("clinic", "0007")


async def test_requirement_20_where_two_factors_are_asked_for_elsewhere_one_begins_no_shift(
    web: Web, provider: Provider
) -> None:
    """The clinic's line in the directory names what its provider calls two factors; it is asked for that."""
    await shift(web, provider, "clinic", "zhao")
    back = await provider.visit((await begin(web, "clinic"))["authorizationUrl"], "sun")
    status, refused = await finish(web, back, clerk=True)
    assert (status, refused["code"]) == (401, "PROVIDER_TOKEN_WEAK")


async def test_what_is_asked_for_a_clerk_does_not_travel_through_the_browser(
    web: Web, provider: Provider
) -> None:
    address = urlsplit((await begin(web, "hotel"))["authorizationUrl"])
    assert set(parse_qs(address.query)) == {"client_id", "request_uri"}
    assert await provider.asked(f"/{HOTEL}/par") == 1


async def test_requirement_15_a_clerks_flow_that_was_tampered_with_begins_no_shift(
    web: Web, provider: Provider, mongo_database: Database
) -> None:
    """PAR, PKCE S256, state and nonce, exact redirect, ``iss`` and ``aud``: each broken, at the provider."""
    told: dict[Hostility, str] = {}
    for hostility in HOSTILE:
        provider.books.be(HOTEL, hostility)
        back = await provider.visit((await begin(web, "hotel"))["authorizationUrl"], "wang")
        status, problem = await finish(web, back, clerk=True)
        told[hostility] = problem["code"]
        assert status == 401
        provider.books.be(HOTEL, None)
    assert told == HOSTILE
    back, others = [
        await provider.visit((await begin(web, "hotel"))["authorizationUrl"], "wang") for _ in range(2)
    ]
    for changes, code in (
        ({"state": "0" * 32}, "SIGN_IN_FLOW_ENDED"),
        ({"code": others["code"]}, "CODE_REJECTED"),
    ):
        assert (await finish(web, back | changes, clerk=True))[1]["code"] == code
    assert await mongo_database["sessions"].count_documents({}) == 0
    await shift(web, provider)


async def test_a_pushed_request_is_good_once(web: Web, provider: Provider) -> None:
    address = (await begin(web, "hotel"))["authorizationUrl"]
    await provider.visit(address, "wang")
    async with aiohttp.ClientSession() as http, http.get(f"{address}&person=wang") as again:
        assert again.status == 400


@pytest.mark.parametrize(
    ("organisation", "person"), [("hotel", "stranger"), ("hotel", "gone"), ("clinic", "wang")]
)
async def test_whom_the_organisation_vouches_for_but_nobody_registered_begins_no_shift(
    web: Web, provider: Provider, organisation: str, person: str
) -> None:
    back = await provider.visit((await begin(web, organisation))["authorizationUrl"], person)
    status, problem = await finish(web, back, clerk=True)
    assert (status, problem["code"]) == (401, "CLERK_NOT_RECOGNISED")


async def test_an_answer_of_another_organisations_provider_is_a_mix_up(web: Web, provider: Provider) -> None:
    """RFC 9207: the clinic's provider answers in a flow that was begun with the hotel's."""
    hotel, clinic = await begin(web, "hotel"), await begin(web, "clinic")
    back = await provider.visit(clinic["authorizationUrl"], "zhao")
    status, problem = await finish(web, back | {"state": hotel["state"]}, clerk=True)
    assert (status, problem["code"]) == (401, "PROVIDER_MIXED_UP")
    assert await provider.asked(f"/{HOTEL}/token") == 0


@pytest.mark.parametrize("organisation", ["shop", "nobody-we-know"])
async def test_who_has_no_sign_in_of_their_own_is_told_as_little_as_who_is_nobody(
    web: Web, organisation: str
) -> None:
    body = {"organisation": organisation}
    answer = await web.post("/verifier/v1/session/sso/begin", json=body, headers=PHONE)
    assert (answer.status_code, answer.json()["code"]) == (404, "PROVIDER_NOT_OFFERED")


async def test_a_city_without_providers_offers_none(environ: dict[str, str]) -> None:
    async with web_client(load_settings(environ)) as web:
        for path, body in [
            ("/mp/v1/session/oidc/begin", None),
            ("/mp/v1/session/oidc", {"code": "c", "state": "0" * 32, "iss": "i"}),
            ("/verifier/v1/session/sso/begin", {"organisation": "hotel"}),
        ]:
            answer = await web.post(path, json=body, headers=PHONE)
            assert (answer.status_code, answer.json()["code"]) == (404, "PROVIDER_NOT_OFFERED")
        assert (await web.get("/callbacks/oidc/jwks.json")).status_code == 404


async def test_our_keys_as_a_client_are_published(web: Web, tmp_path: Path) -> None:
    published = (await web.get("/callbacks/oidc/jwks.json")).json()
    assert [key["kid"] for key in published["keys"]] == [KeyRing(tmp_path / "oidc").signing().kid]
    assert "d" not in published["keys"][0]


# --- back-channel logout -------------------------------------------------------------------------------


@pytest.fixture
def logout(provider: Provider) -> Callable[..., str]:
    def make(
        person: str = "wang", changes: dict[str, object] | None = None, realm: str = HOTEL, **header: str
    ) -> str:
        issuer = f"{provider.url}/{realm}"
        return provider.books.logout_token(issuer, realm, person, f"sim-{realm}", changes, **header)

    return make


async def send(web: Web, token: str) -> tuple[int, str]:
    answer = await web.post("/callbacks/clerks/backchannel-logout", data={"logout_token": token})
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json().get("error_description", "") if answer.content else ""


async def alive(web: Web, session: Mapping[str, Any]) -> bool:
    answer = await web.get("/verifier/v1/verifications", headers=bearer(session))
    return answer.status_code == 200


async def ends_within_a_second(web: Web, session: Mapping[str, Any]) -> None:
    started = time.monotonic()
    while await alive(web, session):
        assert time.monotonic() - started < 1
        await asyncio.sleep(0.01)
    body = {"refreshToken": session["refreshToken"]}
    assert (await web.post("/verifier/v1/session/refresh", json=body)).status_code == 401


@pytest.mark.parametrize("left_out", ["nothing", "sid", "sub"])
async def test_a_clerk_who_signs_out_at_the_organisation_is_signed_out_here_within_a_second(
    web: Web, provider: Provider, logout: Callable[..., str], left_out: str
) -> None:
    session = await shift(web, provider)
    other = await shift(web, provider, "clinic", "zhao")
    assert await alive(web, session)
    assert await send(web, logout(changes={left_out: None})) == (200, "")
    await ends_within_a_second(web, session)
    assert await alive(web, other)


async def test_a_logout_that_is_sent_again_ends_nothing_that_came_after(
    web: Web, provider: Provider, logout: Callable[..., str]
) -> None:
    await shift(web, provider)
    token = logout()
    assert await send(web, token) == (200, "")
    await asyncio.sleep(1.1)  # a token's times are whole seconds
    later = await shift(web, provider)
    assert await send(web, token) == (400, "PROVIDER_TOKEN_REPLAYED")
    assert await alive(web, later)


async def test_a_logout_that_overtakes_its_sign_in_still_wins(
    web: Web, provider: Provider, logout: Callable[..., str]
) -> None:
    back = await provider.visit((await begin(web, "hotel"))["authorizationUrl"], "wang")
    ahead = int(time.time()) + 5
    assert await send(web, logout(changes={"iat": ahead, "exp": ahead + 60})) == (200, "")
    status, problem = await finish(web, back, clerk=True)
    assert (status, problem["code"]) == (401, "SESSION_ENDED")


@pytest.mark.parametrize("dies", ["before the session is kept", "once it is kept"])
async def test_a_process_killed_while_a_shift_begins_leaves_none_that_a_logout_does_not_end(  # noqa: PLR0917
    web: Web,
    provider: Provider,
    told: dict[str, str],
    mongo_database: Database,
    logout: Callable[..., str],
    dies: str,
) -> None:
    """Killed by the kernel (SIGKILL) at the very write, in a process of its own."""
    back = await provider.visit((await begin(web, "hotel"))["authorizationUrl"], "wang")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.http.killed_sign_in", dies, back["code"], back["state"], back["iss"]),
        PHONE["X-Device-Id"],
        env={**os.environ, **told},
    )
    assert await process.wait() == -signal.SIGKILL
    kept = [session async for session in mongo_database["sessions"].find()]
    assert len(kept) == (0 if dies.startswith("before") else 1)
    assert await send(web, logout()) == (200, "")
    async for session in mongo_database["sessions"].find():
        assert session["ended_why"] == "provider_signed_out"
    # Nothing is stuck: the clerk begins anew.
    await asyncio.sleep(1.1)  # a logout's times are whole seconds
    assert await alive(web, await shift(web, provider))


WRONG: Final[tuple[tuple[dict[str, object], str], ...]] = (
    ({"nonce": "n"}, "PROVIDER_TOKEN_KIND"),
    ({"events": None}, "PROVIDER_TOKEN_KIND"),
    ({"events": {}}, "PROVIDER_TOKEN_KIND"),
    ({"sub": None, "sid": None}, "PROVIDER_TOKEN_KIND"),
    ({"jti": None}, "PROVIDER_TOKEN_KIND"),
    ({"aud": "sim-clinic"}, "PROVIDER_TOKEN_AUDIENCE"),
    ({"iss": "https://elsewhere.example.org"}, "PROVIDER_TOKEN_ISSUER"),
    ({"exp": 1}, "PROVIDER_TOKEN_TIME"),
    ({"iat": 1, "exp": 9_999_999_999}, "PROVIDER_TOKEN_TIME"),
    ({"exp": None}, "PROVIDER_TOKEN_UNREADABLE"),
)


async def test_a_logout_that_is_wrong_is_refused_with_400_and_ends_nothing(
    web: Web, provider: Provider, logout: Callable[..., str]
) -> None:
    session = await shift(web, provider)
    for changes, code in WRONG:
        assert await send(web, logout(changes=changes)) == (400, code), changes
    assert await alive(web, session)


async def test_a_logout_of_another_type_or_key_is_refused(
    web: Web, provider: Provider, logout: Callable[..., str]
) -> None:
    assert (await send(web, logout(typ="at+jwt")))[1] == "PROVIDER_TOKEN_KIND"
    assert (await send(web, logout(kid="sim-unknown")))[1] == "PROVIDER_TOKEN_KEY"
    head, _, rest = logout().partition(".")
    claims, _, _ = rest.partition(".")
    assert (await send(web, f"{head}.{claims}.{'A' * 86}"))[1] == "PROVIDER_TOKEN_FORGED"


async def test_no_stranger_keeps_us_from_a_providers_new_key(
    web: Web, provider: Provider, logout: Callable[..., str]
) -> None:
    session = await shift(web, provider)
    path, jwks = "/callbacks/clerks/backchannel-logout", f"/{HOTEL}/jwks"
    # What is wrong in anything but its signature is not looked for at all.
    for changes, code in WRONG[:5]:
        assert await send(web, logout(changes=changes, kid="made-up")) == (400, code)
    assert await provider.asked(jwks) == 1
    for number in range(2):
        assert (await send(web, logout(kid=f"made-up-{number}")))[1] == "PROVIDER_TOKEN_KEY"
    provider.books.rotate(HOTEL)
    genuine = logout()
    later = await web.post(path, data={"logout_token": genuine})
    assert (later.status_code, later.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
    assert 1 <= int(later.headers["retry-after"]) <= 60
    assert await provider.asked(jwks) == 3
    # A sign-in is no stranger's to hold up, and brings the key.
    await shift(web, provider, person="wang")
    assert await send(web, genuine) == (200, "")
    await ends_within_a_second(web, session)


async def test_one_organisations_provider_ends_no_shift_of_another(
    web: Web, provider: Provider, logout: Callable[..., str]
) -> None:
    session = await shift(web, provider)
    of_hotel = {"sub": provider.books.subject(HOTEL, "wang"), "sid": None}
    assert await send(web, logout(realm=CLINIC, changes=of_hotel)) == (200, "")
    assert await alive(web, session)


async def test_a_logout_is_a_form_with_one_token(web: Web, logout: Callable[..., str]) -> None:
    path = "/callbacks/clerks/backchannel-logout"
    assert (await web.post(path, json={"logout_token": logout()})).status_code == 415
    for form in ({}, {"logout_token": [logout(), logout()]}, {"logout_token": ""}):
        answer = await web.post(
            path, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == 400
