"""Citizen Cloud for the account one has: linked to it, answering its challenges, by nobody else's answer."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from bff.platform.keys import KeyRing, create
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.sandbox.oidc import Client, OpenId, Realm
from bff.sandbox.simulator import simulated_in_thread
from tests.http.test_federation import (
    CITIZENS,
    OTHER_PHONE,
    PHONE,
    RESIDENT_PAGE,
    Provider,
    Web,
    bearer,
    come_back,
    finish,
)
from tests.web import web_client

ACCOUNT: Final = "/mp/v1/account"
LINK: Final = "/links/oidc"
ANSWER: Final = "/step-up/oidc"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    create(tmp_path / "oidc", "first")
    ring = KeyRing(tmp_path / "oidc")

    async def our_keys() -> dict[str, Any]:
        published: dict[str, Any] = msgspec.to_builtins(ring.published())
        return published

    client = Client(client_id="sim-suishen", redirect_uris=(RESIDENT_PAGE,), jwks=our_keys)
    people = {"lin": "林", "lins-other": "林", "thief": "贼"}
    books = OpenId([Realm(name=CITIZENS, title="市民云", people=people, clients=[client])])
    with simulated_in_thread(books) as simulator:
        yield Provider(books, simulator.url)


@pytest.fixture
def settings(environ: dict[str, str], provider: Provider, tmp_path: Path) -> Settings:
    told = {
        "SUISHEN_AUTH_OIDC_KEYS_DIR": str(tmp_path / "oidc"),
        "SUISHEN_AUTH_CITIZEN_ISSUER": f"{provider.url}/{CITIZENS}",
        "SUISHEN_AUTH_CITIZEN_CLIENT_ID": "sim-suishen",
        "SUISHEN_AUTH_CITIZEN_REDIRECT_URI": RESIDENT_PAGE,
        # One phone and one account try here in a minute what a crowd would.
        "SUISHEN_AUTH_SIGN_INS_PER_DEVICE": "100",
        "SUISHEN_AUTH_SIGN_INS_PER_SUBJECT": "100",
    }
    return load_settings({**environ, **told})


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
    async with web_client(settings) as client:
        yield client


async def signed_in(web: Web, provider: Provider, person: str = "lin") -> dict[str, Any]:
    status, session = await finish(web, await come_back(web, provider, person))
    assert status == 201
    return session


async def asked(
    web: Web,
    session: Mapping[str, Any],
    path: str,
    body: Mapping[str, str] | None = None,
    headers: Mapping[str, str] = PHONE,
) -> tuple[int, dict[str, Any]]:
    key = {"Idempotency-Key": f"elsewhere-{datetime.now(UTC).timestamp()}"}
    sent = {**bearer(session), **PHONE, **key, **headers}
    answer = await web.post(ACCOUNT + path, json=None if body is None else dict(body), headers=sent)
    return answer.status_code, answer.json()


async def carried(
    web: Web,
    provider: Provider,
    session: Mapping[str, Any],
    path: str = LINK,
    person: str = "lins-other",
    **told: str,
) -> dict[str, str]:
    """What comes back to whom ``person`` signed in for, after ``session`` began it."""
    status, begun = await asked(web, session, f"{path}/begin", told or None)
    assert status == 201, begun
    return {**await provider.visit(begun["authorizationUrl"], person), **told}


async def account_of(web: Web, session: Mapping[str, Any]) -> dict[str, Any]:
    answer = await web.get(ACCOUNT, headers=bearer(session))
    found: dict[str, Any] = answer.json()
    return found


async def aged(settings: Settings, session: Mapping[str, Any]) -> dict[str, Any]:
    """The same session, authenticated ten minutes ago: minted with the city's own key."""
    async with Platform.open(settings) as platform:
        now = datetime.now(UTC)
        grant = platform.auth._tokens.verify(session["accessToken"], now=now).grant
        old = msgspec.structs.replace(grant, auth_time=now - timedelta(minutes=10))
        return {**session, "accessToken": platform.auth._tokens.mint(old, token_id="aged", now=now).text}


async def test_citizen_cloud_is_linked_and_lets_in_from_then_on(web: Web, provider: Provider) -> None:
    me = await signed_in(web, provider)
    back = await carried(web, provider, me)
    key = {"Idempotency-Key": "a-reply-that-was-lost"}
    status, linked = await asked(web, me, LINK, back, headers=key)
    assert (status, linked["link"]["provider"], linked["merge"]) == (201, "citizen-cloud", None)
    assert await asked(web, me, LINK, back, headers=key) == (status, linked)
    assert (await asked(web, me, LINK, back))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    other = await signed_in(web, provider, "lins-other")
    assert (await account_of(web, other))["links"] == (await account_of(web, me))["links"]


async def test_who_has_an_account_of_their_own_there_is_merged_with_it(web: Web, provider: Provider) -> None:
    await signed_in(web, provider, "lins-other")
    me = await signed_in(web, provider)
    status, done = await asked(web, me, LINK, await carried(web, provider, me))
    assert (status, done["link"], done["merge"]["status"]) == (201, None, "merged")


async def test_an_answer_fits_only_the_account_session_device_and_purpose_it_was_begun_for(
    web: Web, provider: Provider, settings: Settings
) -> None:
    """Whoever is lured into half of it gives nobody a way into their account, and gets none elsewhere."""
    thief, me = await signed_in(web, provider, "thief"), await signed_in(web, provider)
    mine_elsewhere = await signed_in(web, provider)
    thiefs = await carried(web, provider, thief, person="thief")
    assert (await asked(web, me, LINK, thiefs))[1]["code"] == "SIGN_IN_FLOW_ELSEWHERE"
    lured = await carried(web, provider, thief, person="lin")
    assert (await asked(web, me, LINK, lured))[1]["code"] == "SIGN_IN_FLOW_ELSEWHERE"
    # Refused once, it is over for whoever began it as well.
    assert (await asked(web, thief, LINK, lured))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    for session, device in ((mine_elsewhere, PHONE), (me, OTHER_PHONE)):
        back = await carried(web, provider, me)
        assert (await asked(web, session, LINK, back, device))[1]["code"] == "SIGN_IN_FLOW_ELSEWHERE"
    # A sign-in's answer links nothing, and a link's signs nobody in.
    back = await come_back(web, provider, "thief")
    assert (await asked(web, me, LINK, back))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    assert (await finish(web, await carried(web, provider, me)))[1]["code"] == "SIGN_IN_FLOW_ENDED"
    stale = await aged(settings, me)
    challenge = (await asked(web, stale, f"{LINK}/begin"))[1]["stepUp"]["challenge"]
    told = {"challenge": challenge}
    back = await carried(web, provider, stale, ANSWER, "thief", **told)
    del back["challenge"]
    assert (await asked(web, me, LINK, back))[1]["code"] == "SIGN_IN_FLOW_ELSEWHERE"
    back = await carried(web, provider, me) | told
    assert (await asked(web, stale, ANSWER, back))[1]["code"] == "SIGN_IN_FLOW_ELSEWHERE"
    assert len((await account_of(web, me))["links"]) == len((await account_of(web, thief))["links"]) == 1


async def test_a_challenge_is_answered_by_citizen_cloud_and_lets_one_link_begin(
    web: Web, provider: Provider, settings: Settings
) -> None:
    me = await aged(settings, await signed_in(web, provider))
    status, refused = await asked(web, me, f"{LINK}/begin")
    assert (status, refused["stepUp"]["operation"]) == (403, "link")
    told = {"challenge": refused["stepUp"]["challenge"]}
    back = await carried(web, provider, me, ANSWER, "thief", **told)
    assert (await asked(web, me, ANSWER, back))[1]["code"] == "STEP_UP_NOT_PROVED"
    back = await carried(web, provider, me, ANSWER, "lin", **told)
    assert (await asked(web, me, ANSWER, back))[0] == 200
    proved = {"X-Step-Up": told["challenge"]}
    status, begun = await asked(web, me, f"{LINK}/begin", headers=proved)
    assert status == 201
    back = await provider.visit(begun["authorizationUrl"], "lins-other")
    assert (await asked(web, me, LINK, back))[0] == 201
    assert (await asked(web, me, f"{LINK}/begin", headers=proved))[1]["code"] == "STEP_UP_CHALLENGE_REFUSED"


async def test_nothing_begins_for_a_challenge_that_is_none_and_a_mixed_up_answer_is_refused(
    web: Web, provider: Provider
) -> None:
    me = await signed_in(web, provider)
    none = {"challenge": "x" * 40}
    assert (await asked(web, me, f"{ANSWER}/begin", none))[1]["code"] == "STEP_UP_CHALLENGE_REFUSED"
    back = await carried(web, provider, me) | {"iss": "https://elsewhere.example.org"}
    assert (await asked(web, me, LINK, back))[1]["code"] == "PROVIDER_MIXED_UP"
