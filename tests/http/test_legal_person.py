"""法人一证通 over HTTP: who proves to be a legal representative, and every way in which it is not proved."""

import asyncio
import secrets
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from auth_bridges.models import LegalPerson
from auth_bridges.models import Resident as StoredResident
from auth_bridges.store import Residents
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.authority import Authority, Holder, Kind, ListHostility
from bff.sandbox.responder import AnswerHostility
from bff.sandbox.simulator import simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from miniapp_schemas.assurance import AssuranceLevel
from tests.environs import COMPLETE
from tests.web import web_client

Web = AsyncTestClient[Any]

APP: Final = WechatApp(
    appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"]
)
# The district code of a municipality as a whole: nobody's.
LIN, CHEN = "310000199003070017", "310000198811160022"
USCC: Final = "91310000990000770K"
KINDS: Final = pytest.mark.parametrize("kind", list(Kind))


class World:
    """The authority, its two hierarchies, and the wire they are on."""

    def __init__(self, authority: Authority, url: str) -> None:
        self.authority = authority
        self.url = url
        self.of = {kind: authority.found(kind, url) for kind in Kind}

    def card(self, kind: Kind = Kind.RSA, **how: Any) -> Holder:  # noqa: ANN401 - as `issue` takes it
        told = {"uscc": USCC, "organisation": "江边旅馆", "representative": LIN} | how
        return self.authority.issue(self.of[kind], **told)

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
def world() -> Iterator[World]:
    authority = Authority()
    with simulated_in_thread(authority) as simulator:
        yield World(authority, simulator.url)


@pytest.fixture
def wechat() -> Iterator[tuple[Wechat, str]]:
    books = Wechat([APP])
    with simulated_in_thread(books) as simulator:
        yield books, simulator.url


@pytest.fixture
def told(environ: dict[str, str], world: World, wechat: tuple[Wechat, str], tmp_path: Path) -> dict[str, str]:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(each.root_pem for each in world.of.values()))
    return {
        **environ,
        "SUISHEN_AUTH_WECHAT_BASE_URL": wechat[1],
        "SUISHEN_AUTH_LEGAL_PERSON_ROOTS_FILE": str(roots),
    }


@pytest.fixture
async def web(told: dict[str, str]) -> AsyncIterator[Web]:
    settings = load_settings(told)
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        lines = [
            {
                "kind": "resident",
                "idNumber": number,
                "name": name,
                "links": [{"provider": "wechat", "appid": APP.appid, "subject": openid_of(APP.appid, who)}],
            }
            for number, name, who in ((LIN, "林小满", "lin"), (CHEN, "陈平", "chen"))
        ]
        async for registered in platform.registrar.register_lines(map(msgspec.json.encode, lines)):
            assert registered.problem is None
    async with web_client(settings) as client:
        yield client


class Resident:
    """Somebody signed in, with a certificate in the drawer."""

    def __init__(self, web: Web, session: dict[str, Any]) -> None:
        self.web = web
        self.session = session

    async def post(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.session['accessToken']}"}
        answer = await self.web.post(f"/mp/v1/legal-person/{path}", json=body, headers=headers)
        return answer.status_code, answer.json()

    async def challenge(self, purpose: str = "level") -> dict[str, Any]:
        status, made = await self.post("challenges", {"purpose": purpose})
        assert status == 201, made
        return made

    async def prove(
        self, world: World, card: Holder, challenge: Mapping[str, Any] | None = None, **changes: object
    ) -> tuple[int, dict[str, Any]]:
        asked = await self.challenge() if challenge is None else challenge
        kind = card.signer.kind
        body = {
            "challengeId": asked["challengeId"],
            "certificate": base64(card.certificate),
            "chain": [base64(world.of[kind].issuing.certificate)],
            "algorithm": "SM2-SM3" if kind is Kind.SM2 else "RSA-PKCS1-SHA256",
            "signature": base64(card.signer.sign(asked["text"].encode())),
        }
        return await self.post("proofs", body | changes)

    async def renew(self) -> dict[str, Any]:
        body = {"refreshToken": self.session["refreshToken"]}
        answer = await self.web.post("/mp/v1/session/refresh", json=body)
        assert answer.status_code == 200
        self.session = answer.json()
        return self.session


def base64(raw: bytes) -> str:
    return b64encode(raw).decode()


async def sign_in(web: Web, wechat: tuple[Wechat, str], who: str) -> Resident:
    answer = await web.post("/mp/v1/session/wechat", json={"code": wechat[0].login(APP.appid, who)})
    assert answer.status_code == 201, answer.text
    return Resident(web, answer.json())


@pytest.fixture
async def lin(web: Web, wechat: tuple[Wechat, str]) -> Resident:
    return await sign_in(web, wechat, "lin")


def codes(*answers: tuple[int, dict[str, Any]]) -> list[tuple[int, str]]:
    return [(status, told.get("code", "")) for status, told in answers]


@KINDS
async def test_a_legal_representative_proves_it_and_is_at_the_highest_level(
    lin: Resident, world: World, kind: Kind
) -> None:
    status, proved = await lin.prove(world, world.card(kind))
    assert (status, proved["uscc"], proved["name"]) == (201, USCC, "江边旅馆")
    assert lin.session["assurance"] == "L2"
    assert (await lin.renew())["assurance"] == "L3C"


@pytest.mark.parametrize("days", [10, 3000])
async def test_the_level_ends_no_later_than_the_certificate(
    lin: Resident, world: World, told: dict[str, str], mongo_database: Database, days: int
) -> None:
    card = world.card(valid=(timedelta(days=-1), timedelta(days=days)))
    assert (await lin.prove(world, card))[0] == 201
    resident = await mongo_database["residents"].find_one({"proofs.level": "L3C"})
    assert resident is not None
    [ends] = [each["expires_at"] for each in resident["proofs"] if each["level"] == "L3C"]
    longest = load_settings(told).auth.proof_lives[AssuranceLevel.L3C]
    expected = datetime.now(UTC) + min(longest, timedelta(days=days))
    assert abs(ends.replace(tzinfo=UTC) - expected) < timedelta(minutes=1)


async def test_the_newer_rsa_padding_will_do_as_well(lin: Resident, world: World) -> None:
    card, asked = world.card(), await lin.challenge()
    signature = base64(card.signer.sign_pss(asked["text"].encode()))
    status, _ = await lin.prove(world, card, asked, algorithm="RSA-PSS-SHA256", signature=signature)
    assert status == 201


async def test_the_text_says_for_whom_what_and_until_when(lin: Resident) -> None:
    asked = await lin.challenge("agents")
    assert COMPLETE["SUISHEN_AUTH_TOKEN_ISSUER"] in asked["text"]
    assert "purpose: agents\n" in asked["text"]
    assert asked["expiresAt"][:16] in asked["text"]


async def test_what_was_proved_to_step_up_raises_no_level_and_names_nobody(
    lin: Resident, world: World, told: dict[str, str]
) -> None:
    asked = await lin.challenge("step-up")
    assert "purpose: step-up\n" in asked["text"]
    assert (await lin.prove(world, world.card(), asked))[0] == 201
    assert (await lin.renew())["assurance"] == "L2"
    claims = claims_of(lin.session["accessToken"])
    async with Platform.open(load_settings(told)) as platform:
        assert await platform.legal_persons.represented_by(claims["sub"], claims["sid"]) == []


async def test_what_was_proved_to_name_agents_counts_for_that_and_in_that_session(
    lin: Resident, world: World, told: dict[str, str], web: Web, wechat: tuple[Wechat, str]
) -> None:
    assert (await lin.prove(world, world.card(), await lin.challenge("agents")))[0] == 201
    assert (await lin.renew())["assurance"] == "L2"
    claims = claims_of(lin.session["accessToken"])
    async with Platform.open(load_settings(told)) as platform:
        represented = platform.legal_persons.represented_by
        assert await represented(claims["sub"], claims["sid"]) == [LegalPerson(uscc=USCC, name="江边旅馆")]
        assert await represented(claims["sub"], "another-session") == []
        level = await sign_in(web, wechat, "lin")
        assert (await level.prove(world, world.card()))[0] == 201
        elsewhere = claims_of(level.session["accessToken"])["sid"]
        assert await represented(claims["sub"], elsewhere) == []


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


# --- challenges ------------------------------------------------------------------------------------------


async def test_a_challenge_is_good_once_even_for_two_at_once(lin: Resident, world: World) -> None:
    card, asked = world.card(), await lin.challenge()
    answers = await asyncio.gather(*(lin.prove(world, card, asked) for _ in range(4)))
    assert sorted(codes(*answers)) == [(201, ""), *[(409, "CERTIFICATE_CHALLENGE_ENDED")] * 3]


async def test_a_challenge_is_one_sessions(
    lin: Resident, world: World, web: Web, wechat: tuple[Wechat, str]
) -> None:
    asked = await lin.challenge()
    again = await sign_in(web, wechat, "lin")
    for who, challenge in ((again, asked), (lin, asked), (lin, {**asked, "challengeId": "0" * 32})):
        assert codes(await who.prove(world, world.card(), challenge)) == [
            (409, "CERTIFICATE_CHALLENGE_ENDED")
        ]


async def test_a_refused_proof_spends_its_challenge(lin: Resident, world: World) -> None:
    card, asked = world.card(), await lin.challenge()
    wrong = await lin.prove(world, card, asked, signature=base64(card.signer.sign(b"another text")))
    right = await lin.prove(world, card, asked)
    assert codes(wrong, right) == [
        (403, "CERTIFICATE_SIGNATURE_REFUSED"),
        (409, "CERTIFICATE_CHALLENGE_ENDED"),
    ]


# --- what does not prove it ------------------------------------------------------------------------------


@KINDS
async def test_each_certificate_that_proves_nothing_is_refused_by_its_own_code(
    lin: Resident, world: World, kind: Kind
) -> None:
    stranger = World(Authority(), world.url)
    past = (timedelta(days=-9), timedelta(days=-1))
    for card, code in [
        (world.card(kind, valid=past), "CERTIFICATE_EXPIRED"),
        (world.card(kind, usage=False), "CERTIFICATE_UNTRUSTED"),
        (world.card(kind, critical=True), "CERTIFICATE_UNTRUSTED"),
        (stranger.card(kind), "CERTIFICATE_UNTRUSTED"),
        (world.card(kind, uscc=None), "CERTIFICATE_OF_NO_LEGAL_PERSON"),
        (world.card(kind, uscc="91310000990000770X"), "CERTIFICATE_OF_NO_LEGAL_PERSON"),
        (world.card(kind, organisation=None), "CERTIFICATE_OF_NO_LEGAL_PERSON"),
        (world.card(kind, representative=None), "CERTIFICATE_OF_NO_LEGAL_PERSON"),
        (world.card(kind, representative="not a number"), "CERTIFICATE_OF_NO_LEGAL_PERSON"),
        (world.card(kind, representative=CHEN), "REPRESENTATIVE_DIFFERS"),
    ]:
        assert codes(await lin.prove(world, card)) == [(403, code)]
    assert (await lin.renew())["assurance"] == "L2"


async def test_another_keys_signature_or_another_way_of_signing_is_refused(
    lin: Resident, world: World
) -> None:
    mine, other, chinese = world.card(), world.card(), world.card(Kind.SM2)
    asked = await lin.challenge()
    answers = [
        await lin.prove(world, mine, asked, signature=base64(other.signer.sign(asked["text"].encode()))),
        await lin.prove(world, mine, algorithm="RSA-PSS-SHA256"),
        await lin.prove(world, mine, algorithm="SM2-SM3"),
        await lin.prove(world, chinese, algorithm="RSA-PKCS1-SHA256"),
    ]
    assert codes(*answers) == [(403, "CERTIFICATE_SIGNATURE_REFUSED")] * 4


async def test_who_withdraws_the_name_meanwhile_represents_nobody(
    lin: Resident, world: World, mongo_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = Residents.get

    async def then_withdrawn(store: Residents, resident: str) -> StoredResident | None:
        found = await get(store, resident)
        if found is not None:
            await store.replace(found, msgspec.structs.replace(found, holder=None))
        return found

    monkeypatch.setattr(Residents, "get", then_withdrawn)
    assert codes(await lin.prove(world, world.card())) == [(403, "REPRESENTATIVE_DIFFERS")]
    assert await mongo_database["residents"].find_one({"proofs.level": "L3C"}) is None


async def test_what_is_no_certificate_is_unreadable(lin: Resident, world: World) -> None:
    card = world.card()
    for changes in (
        {"certificate": base64(b"noise" * 20)},
        {"certificate": base64(card.certificate[:-9])},
        {"chain": [base64(b"noise" * 20)]},
        {"signature": "AAAAA"},
    ):
        assert codes(await lin.prove(world, card, **changes)) == [(403, "CERTIFICATE_UNREADABLE")]
    too_many = [base64(card.certificate)] * 4
    assert codes(await lin.prove(world, card, chain=too_many)) == [(400, "VALIDATION")]


# --- revocation ------------------------------------------------------------------------------------------


@KINDS
async def test_a_revoked_certificate_proves_nothing(lin: Resident, world: World, kind: Kind) -> None:
    card = world.card(kind)
    world.authority.revoke(card.serial)
    assert codes(await lin.prove(world, card)) == [(403, "CERTIFICATE_REVOKED")]


async def test_under_a_revoked_authority_nothing_is_proved(lin: Resident, world: World) -> None:
    world.authority.revoke(world.of[Kind.RSA].issuing.serial)
    assert codes(await lin.prove(world, world.card())) == [(403, "CERTIFICATE_REVOKED")]


@KINDS
async def test_a_list_that_is_no_list_says_nothing_and_nothing_is_proved(
    lin: Resident, world: World, kind: Kind
) -> None:
    for hostility in ListHostility:
        world.authority.publish(hostility)
        assert codes(await lin.prove(world, world.card(kind))) == [(503, "REVOCATION_UNKNOWN")], hostility
    world.authority.publish(None)
    assert codes(await lin.prove(world, world.card(kind))) == [(201, "")]


async def test_while_the_authority_is_away_nothing_is_proved_and_afterwards_it_is(
    lin: Resident, world: World
) -> None:
    for kind in ("badGateway", "truncated", "reset", "lost", "outage", "busy"):
        await world.plan({"kind": kind, "route": "/ca/rsa/issuing.crl"})
        assert codes(await lin.prove(world, world.card())) == [(503, "REVOCATION_UNKNOWN")], kind
    await world.plan()
    assert codes(await lin.prove(world, world.card())) == [(201, "")]


async def test_a_certificate_without_a_list_is_not_believed(lin: Resident, world: World) -> None:
    assert codes(await lin.prove(world, world.card(lists=False))) == [(503, "REVOCATION_UNKNOWN")]


async def test_a_list_is_fetched_once_while_it_is_good(lin: Resident, world: World) -> None:
    for _ in range(3):
        assert (await lin.prove(world, world.card()))[0] == 201
    assert await world.asked("/ca/rsa/issuing.crl") == 1
    assert await world.asked("/ca/rsa/root.crl") == 1


async def test_nobody_is_asked_for_a_certificate_no_root_vouches_for(lin: Resident, world: World) -> None:
    """Its list's address is whatever a stranger wrote there."""
    await lin.prove(world, World(Authority(), world.url).card())
    assert await world.asked("/ca/rsa/issuing.crl") == 0


# --- asking the authority (OCSP) -------------------------------------------------------------------------


@KINDS
async def test_an_authority_that_can_be_asked_is_asked_each_time_and_its_list_is_not_fetched(
    lin: Resident, world: World, kind: Kind
) -> None:
    card = world.card(kind, answers=True)
    assert codes(await lin.prove(world, card), await lin.prove(world, card)) == [(201, "")] * 2
    assert await world.asked(f"/ca/{kind}/issuing.ocsp") == 2
    assert await world.asked(f"/ca/{kind}/issuing.crl") == 0
    world.authority.revoke(card.serial)
    assert codes(await lin.prove(world, card)) == [(403, "CERTIFICATE_REVOKED")]
    world.authority.revoke(card.serial, revoked=False)
    world.authority.forget(card.serial)
    assert codes(await lin.prove(world, card)) == [(403, "CERTIFICATE_UNKNOWN_TO_ISSUER")]


@KINDS
async def test_an_answer_that_repeats_no_nonce_counts_while_it_is_fresh(
    lin: Resident, world: World, kind: Kind
) -> None:
    world.authority.answer(nonce=False)
    assert codes(await lin.prove(world, world.card(kind, answers=True, lists=False))) == [(201, "")]


@KINDS
async def test_an_answer_that_is_none_leaves_it_to_the_list(lin: Resident, world: World, kind: Kind) -> None:
    for hostility in AnswerHostility:
        world.authority.answer(hostility)
        assert codes(await lin.prove(world, world.card(kind, answers=True))) == [(201, "")], hostility


@KINDS
async def test_an_answer_that_is_none_proves_nothing_by_itself(
    lin: Resident, world: World, kind: Kind
) -> None:
    for hostility in AnswerHostility:
        world.authority.answer(hostility)
        alone = world.card(kind, answers=True, lists=False)
        assert codes(await lin.prove(world, alone)) == [(503, "REVOCATION_UNKNOWN")], hostility


async def test_a_responder_that_is_away_leaves_it_to_the_list(lin: Resident, world: World) -> None:
    for kind in ("badGateway", "truncated", "reset", "lost", "outage", "busy"):
        await world.plan({"kind": kind, "route": "/ca/rsa/issuing.ocsp"})
        assert codes(await lin.prove(world, world.card(answers=True))) == [(201, "")], kind


async def test_what_the_list_says_counts_where_the_responder_says_nothing(
    lin: Resident, world: World
) -> None:
    card = world.card(answers=True)
    world.authority.revoke(card.serial)
    world.authority.answer(AnswerHostility.TRY_LATER)
    assert codes(await lin.prove(world, card)) == [(403, "CERTIFICATE_REVOKED")]


async def test_without_an_answer_and_without_a_list_nothing_is_proved(lin: Resident, world: World) -> None:
    world.authority.answer(AnswerHostility.TRY_LATER)
    world.authority.publish(ListHostility.STALE)
    assert codes(await lin.prove(world, world.card(answers=True))) == [(503, "REVOCATION_UNKNOWN")]


# --- who may ask ------------------------------------------------------------------------------------------


async def test_whom_we_do_not_know_by_name_is_asked_to_step_up(
    web: Web, wechat: tuple[Wechat, str], world: World
) -> None:
    stranger = await sign_in(web, wechat, "nobody-we-know")
    assert codes(await stranger.post("challenges", {"purpose": "level"})) == [(403, "STEP_UP_REQUIRED")]


async def test_asking_without_end_is_slowed_down(lin: Resident) -> None:
    told = [await lin.post("challenges", {"purpose": "level"}) for _ in range(14)]
    assert {code for _, code in codes(*told)} == {"", "TOO_MANY_REQUESTS"}


async def test_a_city_that_trusts_no_authority_offers_it_not(
    environ: dict[str, str], wechat: tuple[Wechat, str], world: World, web: Web, lin: Resident
) -> None:
    asked = await lin.challenge()
    async with web_client(load_settings({**environ, "SUISHEN_AUTH_WECHAT_BASE_URL": wechat[1]})) as elsewhere:
        there = Resident(elsewhere, lin.session)
        asking = await there.post("challenges", {"purpose": "level"})
        proving = await there.prove(world, world.card(), asked)
        assert codes(asking, proving) == [(404, "PROVIDER_NOT_OFFERED")] * 2


# --- 经办人: an agent of the organisation, from the certificate to the end ----------------------------------


async def ask(
    who: Resident, method: str, path: str, body: object = None, token: str | None = None
) -> tuple[int, Any]:
    headers = {
        "Authorization": f"Bearer {token or who.session['accessToken']}",
        "Idempotency-Key": secrets.token_hex(8),
    }
    answer = await who.web.request(method, f"/mp/v1{path}", json=body, headers=headers)
    return answer.status_code, answer.json() if answer.content else {}


async def appointed(boss: Resident, agent: Resident, until: datetime | None = None) -> str:
    """A grant the agent agreed to, to read the organisation's wallet and nothing else."""
    body = {
        "uscc": USCC,
        "idNumber": CHEN,
        "scopes": ["wallet:read"],
        "until": (until or datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    status, offered = await ask(boss, "POST", "/grants/enterprise", body)
    assert (status, offered["state"], offered["side"]) == (201, "offered", "principal"), offered
    early = await ask(agent, "POST", "/acting", {"grantId": offered["id"]})
    assert codes(early) == [(403, "GRANT_NOT_IN_FORCE")]
    assert (await ask(agent, "POST", f"/grants/{offered['id']}/confirm", {}))[1]["state"] == "active"
    return str(offered["id"])


async def acts(agent: Resident, grant: str) -> str:
    status, switched = await ask(agent, "POST", "/acting", {"grantId": grant})
    assert status == 200, switched
    assert (await ask(agent, "GET", "/credentials", token=switched["accessToken"]))[0] == 200
    return str(switched["accessToken"])


@KINDS
@pytest.mark.parametrize("by", ["the organisation", "the agent"])
async def test_an_agent_acts_within_what_a_certificate_granted_until_either_side_ends_it(
    lin: Resident, world: World, wechat: tuple[Wechat, str], kind: Kind, by: str
) -> None:
    chen = await sign_in(lin.web, wechat, "chen")
    unproved = {
        "uscc": USCC,
        "idNumber": CHEN,
        "scopes": ["wallet:read"],
        "until": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    refused = await ask(lin, "POST", "/grants/enterprise", unproved)
    assert codes(refused) == [(403, "NOT_LEGAL_REPRESENTATIVE")]
    assert (await lin.prove(world, world.card(kind), await lin.challenge("agents")))[0] == 201
    other_firm = await ask(lin, "POST", "/grants/enterprise", unproved | {"uscc": "91310000990000116X"})
    assert codes(other_firm) == [(403, "NOT_LEGAL_REPRESENTATIVE")]
    grant = await appointed(lin, chen)
    token = await acts(chen, grant)

    said = claims_of(token)
    assert (said["scope"], said["act"]["typ"], said["act"]["nam"]) == ("wallet:read", "enterprise", "陈*")
    assert (await ask(chen, "GET", "/acting", token=token))[1]["now"]["name"] == "江边旅馆"
    shown = await ask(chen, "POST", "/presentations", {"credentialId": "0" * 32}, token)
    own = await ask(chen, "GET", "/account", token=token)
    assert [told["code"] for _, told in (shown, own)] == ["SCOPE_MISSING", "NOT_WHILE_ACTING"]

    ends = lin if by == "the organisation" else chen
    assert (await ask(ends, "DELETE", f"/grants/{grant}"))[0] == 204
    started = time.monotonic()
    while (answer := await ask(chen, "GET", "/credentials", token=token))[0] == 200:
        assert time.monotonic() - started < 1
        await asyncio.sleep(0.01)
    assert codes(answer) == [(403, "GRANT_NOT_IN_FORCE")]
    assert codes(await ask(chen, "POST", "/acting", {"grantId": grant})) == [(403, "GRANT_NOT_IN_FORCE")]
    assert (await ask(chen, "GET", "/credentials"))[0] == 200
    for side in (lin, chen):
        [seen] = (await ask(side, "GET", "/grants"))[1]["items"]
        assert (seen["id"], seen["state"]) == (grant, "ended")


async def test_an_agents_grant_and_token_end_when_the_legal_representative_said(
    lin: Resident, world: World, wechat: tuple[Wechat, str]
) -> None:
    chen = await sign_in(lin.web, wechat, "chen")
    assert (await lin.prove(world, world.card(), await lin.challenge("agents")))[0] == 201
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=12)
    grant = await appointed(lin, chen, until)
    token = await acts(chen, grant)
    # A token is believed five seconds longer than it says, its grant is not.
    assert claims_of(token)["exp"] <= until.timestamp() - 5
    while (await ask(chen, "GET", "/credentials", token=token))[0] == 200:
        assert datetime.now(UTC) < until + timedelta(seconds=0.5)
        await asyncio.sleep(0.1)
    await asyncio.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()))
    assert codes(await ask(chen, "POST", "/acting", {"grantId": grant})) == [(403, "GRANT_NOT_IN_FORCE")]
