"""The tokens Apple and Google know us by: made once for every process. A real Valkey."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.store import AuthStores
from bff.platform.coalesce import together
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_phones import PhoneParts, SharedToken
from bff.platform.redis import ScriptRunner
from bff.sandbox.simulator import simulated
from bff.sandbox.simulator import utc_now as real_now
from push.channels.apns import ApnsChannel
from push.channels.base import Accepted
from push.channels.fcm import FcmChannel
from push.ports import TokenAway
from push.settings import PushSettings
from tests.auth_fakes import FakeClock, personal
from tests.phones import (
    ANDROID,
    BUNDLE,
    IPHONE,
    KEY_ID,
    PROJECT,
    TEAM,
    address,
    apns,
    apple_pem,
    fcm,
    google_file,
    message,
)


class Wire:
    """What processes of a city have in common."""

    def __init__(self, mongo: Database, redis: Redis, http: Outbound) -> None:
        self.mongo = mongo
        self.redis = redis
        self.http = http
        self.clock = FakeClock(real_now())

    def process(self, settings: PushSettings) -> PhoneParts:
        run = ScriptRunner(self.redis, replicas=0)
        return PhoneParts(
            mongo=self.mongo,
            redis=self.redis,
            personal=personal(),
            auth_stores=AuthStores(self.mongo, self.redis, run=run, together=together),
            clock=self.clock,
            chance=os.urandom,
            http=self.http,
            settings=settings,
        )


@pytest.fixture
async def wire(mongo_database: Database, redis: Redis) -> AsyncIterator[Wire]:
    async with Outbound.open() as http:
        yield Wire(mongo_database, redis, http)


def apple(folder: Path, **more: object) -> PushSettings:
    file = folder / "apple.p8"
    file.write_text(apple_pem())
    known = {"apns_key_file": file, "apns_key_id": KEY_ID, "apns_team_id": TEAM, "apns_topic": BUNDLE}
    return msgspec.structs.replace(PushSettings(), **known, **more)


def token_of(parts: PhoneParts) -> SharedToken:
    (channel,) = parts.channels
    assert isinstance(channel, ApnsChannel | FcmChannel)
    assert isinstance(channel._tokens, SharedToken)
    return channel._tokens


def made_at(token: str) -> datetime:
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "iat"}
    return datetime.fromtimestamp(claims["iat"], UTC)


async def test_processes_that_start_at_once_share_one_token(wire: Wire, tmp_path: Path) -> None:
    processes = [wire.process(apple(tmp_path)) for _ in range(4)]

    tokens = await asyncio.gather(*(token_of(each).token() for each in processes for _ in range(20)))

    assert len(set(tokens)) == 1
    assert jwt.get_unverified_header(tokens[0]) == {"alg": "ES256", "kid": KEY_ID}


async def test_a_token_is_replaced_between_forty_and_fifty_minutes(wire: Wire, tmp_path: Path) -> None:
    tokens = token_of(wire.process(apple(tmp_path)))
    ages = set()
    former = await tokens.token()
    for _ in range(150):
        wire.clock.pass_(timedelta(minutes=1))
        # What was counted is as old as the rest: Redis keeps a time of its own.
        await wire.redis.delete(f"auth:token:{{apns:{TEAM}:{KEY_ID}}}:fetched")
        await tokens.token()
        await asyncio.sleep(0.005)
        now = await tokens.token()
        if now != former:
            ages.add(made_at(now) - made_at(former))
            former = now

    assert len(ages) >= 1
    assert all(timedelta(minutes=40) <= each <= timedelta(minutes=50) for each in ages), ages


async def test_no_third_token_is_made_within_twenty_minutes(wire: Wire, tmp_path: Path) -> None:
    one, other = (token_of(wire.process(apple(tmp_path))) for _ in range(2))
    for _ in range(2):
        await one.refused(await one.token())

    for each in (one, other):
        with pytest.raises(TokenAway) as none:
            await each.token()
        assert timedelta(minutes=19) < none.value.after <= timedelta(minutes=20)


async def test_two_processes_are_one_to_apple(wire: Wire, tmp_path: Path) -> None:
    service = apns(tmp_path / "certificates")
    async with simulated(service):
        settings = apple(tmp_path, apns_base_url=service.url, apns_ca_file=service.certificate.chain)
        processes = [wire.process(settings) for _ in range(2)]
        here = address("apns", BUNDLE, IPHONE)
        answers = await asyncio.gather(
            *(
                each.channels[0].send(message(key=f"{number:064x}"), here)
                for number in range(20)
                for each in processes
            )
        )
        for each in processes:
            each.close()

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len(service.seen_tokens) == 1


async def test_an_access_token_is_fetched_once_for_all(wire: Wire, tmp_path: Path) -> None:
    service = fcm(now=wire.clock)
    async with simulated(service) as simulator:
        file = google_file(tmp_path / "google.json")
        settings = msgspec.structs.replace(
            PushSettings(),
            fcm_service_account_file=file,
            fcm_base_url=simulator.url,
            fcm_token_url=f"{simulator.url}/token",
        )
        processes = [wire.process(settings) for _ in range(3)]
        here = address("fcm", PROJECT, ANDROID)
        answers = await asyncio.gather(
            *(
                each.channels[0].send(message(key=f"{number:064x}"), here)
                for number in range(10)
                for each in processes
            )
        )

        assert all(isinstance(answer, Accepted) for answer in answers)
        assert sum(each.path == "/token" for each in simulator._journal) == 1


async def test_where_google_gives_no_token_the_lane_waits(wire: Wire, tmp_path: Path) -> None:
    file = google_file(tmp_path / "google.json")
    settings = msgspec.structs.replace(
        PushSettings(), fcm_service_account_file=file, fcm_token_url="http://127.0.0.1:1/token"
    )

    with pytest.raises(TokenAway):
        await token_of(wire.process(settings)).token()
