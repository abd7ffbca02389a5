"""Remembered tokens: what is remembered, and what forgets it how fast."""

import asyncio
import operator
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_bridges.models import Audience, Grant
from auth_bridges.refusals import SignInRequired
from auth_bridges.store import EndedSessions
from auth_bridges.tokens import AccessTokens, VerifiedToken
from bff.platform.identity import Authenticator, bearer_of
from bff.platform.keys import KeyRing, rotate
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import ISSUER, NOW, FakeClock, ring


class Counting(AccessTokens):
    """Counts signature checks."""

    verified = 0

    def verify_at(self, text: str | bytes, at: float) -> VerifiedToken:
        self.verified += 1
        return super().verify_at(text, at)


class Desk:
    """An authenticator and everything round it."""

    def __init__(self, folder: Path, *, capacity: int = 100) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.keys: KeyRing = ring(folder)
        self.tokens = Counting(self.keys, issuer=ISSUER, environment="test", lifetime=timedelta(minutes=10))
        self.authenticator = Authenticator(
            self.tokens,
            self.keys,
            env="test",
            clock=lambda: self.clock().timestamp(),
            ops_token="ops-token-of-this-city",
            capacity=capacity,
        )

    def token(self, session: str = "s1") -> bytes:
        grant = Grant(
            audience=Audience.RESIDENT,
            subject="r1",
            session=session,
            client="c",
            assurance=AssuranceLevel.L2,
            scopes=frozenset({"wallet:read"}),
            holder="h",
        )
        return b"Bearer " + self.tokens.mint(grant, token_id=session, now=self.clock()).text.encode()

    def refuses(self, presented: bytes) -> bool:
        try:
            self.authenticator.identify(presented)
        except SignInRequired:
            return True
        return False


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "ring")


def test_a_token_names_its_bearer(desk: Desk) -> None:
    principal = desk.authenticator.identify(desk.token())
    assert (principal.subject, principal.audience, principal.session) == ("r1", "resident", "s1")
    assert (principal.assurance, principal.holder, principal.env) == (AssuranceLevel.L2, "h", "test")


def test_a_token_is_checked_once_and_then_known(desk: Desk) -> None:
    token = desk.token()
    assert desk.authenticator.identify(token) is desk.authenticator.identify(token)
    assert desk.tokens.verified == 1


def test_a_known_token_ends_on_time(desk: Desk) -> None:
    token = desk.token()
    desk.authenticator.identify(token)
    desk.clock.pass_(timedelta(minutes=10, seconds=4))
    assert not desk.refuses(token)
    desk.clock.pass_(timedelta(seconds=1))
    assert desk.refuses(token)


def test_a_known_token_is_forgotten_with_its_key(desk: Desk) -> None:
    token = desk.token()
    desk.authenticator.identify(token)
    rotate(desk.folder, "second")
    (desk.folder / "first.pem").unlink()
    assert desk.keys.refresh()
    assert desk.refuses(token)


def test_an_ended_sessions_tokens_are_refused_known_or_not(desk: Desk) -> None:
    known, fresh, other = desk.token(), desk.token(), desk.token("s2")
    desk.authenticator.identify(known)
    desk.authenticator.end("s1")
    assert desk.refuses(known)
    assert desk.refuses(fresh)
    assert not desk.refuses(other)


def test_only_so_many_tokens_are_remembered(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "ring", capacity=3)
    tokens = [desk.token(f"s{n}") for n in range(10)]
    for token in tokens:
        desk.authenticator.identify(token)
    assert len(desk.authenticator._remembered) == 3
    desk.authenticator.identify(tokens[-1])
    assert desk.tokens.verified == 10
    desk.authenticator.identify(tokens[0])
    assert desk.tokens.verified == 11


@pytest.mark.parametrize(
    "change",
    [
        lambda token: b"",
        lambda token: token.removeprefix(b"Bearer "),
        lambda token: b"Basic " + token.removeprefix(b"Bearer "),
        lambda token: b"Bearer",
        lambda token: token[:-2],
        lambda token: token + b"\xff",
        lambda token: token + b" more",
        lambda token: b"Bearer ops-token-of-that-city",
    ],
)
def test_anything_else_is_refused_and_not_remembered(desk: Desk, change: Callable[[bytes], bytes]) -> None:
    assert desk.refuses(change(desk.token()))
    assert not desk.authenticator._remembered


def test_the_scheme_is_read_in_any_case(desk: Desk) -> None:
    assert not desk.refuses(desk.token().replace(b"Bearer", b"bearer"))


def test_the_metrics_token_names_a_machine_with_no_rights(desk: Desk) -> None:
    principal = desk.authenticator.identify(b"Bearer ops-token-of-this-city")
    assert (principal.audience, principal.scopes, principal.holder) == ("ops", frozenset(), None)


def test_two_authorization_headers_are_none() -> None:
    one = (b"authorization", b"Bearer a")
    assert bearer_of({"headers": [(b"accept", b"*/*"), one]}) == b"Bearer a"
    assert bearer_of({"headers": [one, one]}) is None
    assert bearer_of({"headers": []}) is None


# --- hearing of ended sessions ------------------------------------------------------------------------


class Stream:
    """A stream with outages."""

    def __init__(self, *replies: Sequence[str] | Exception) -> None:
        self.replies = list(replies)
        self.asked: list[str] = []

    async def since(self, position: str, *, wait: bool = True) -> tuple[str, Sequence[str]]:
        self.asked.append(position)
        if not self.replies:
            await asyncio.sleep(3600)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return f"{len(self.asked)}-0", reply


async def following(desk: Desk, stream: Stream, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(desk.authenticator.follow(stream))
    while not until():
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_an_outage_it_goes_on_where_it_was(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream(["s1"], ConnectionError("away"), ["s2"])
    await following(desk, stream, lambda: len(stream.asked) == 4)
    assert stream.asked == ["0-0", "1-0", "1-0", "3-0"]
    assert desk.refuses(desk.token("s1"))
    assert desk.refuses(desk.token("s2"))
    assert len(caplog.records) == 1


async def test_it_is_known_since_when_nothing_was_heard(desk: Desk) -> None:
    heard = [desk.authenticator.heard_at]
    for stream in (Stream([]), Stream(ConnectionError())):
        await following(desk, stream, partial(operator.not_, stream.replies))
        heard.append(desk.authenticator.heard_at)
    assert heard == [None, NOW.timestamp(), None]


async def test_endings_are_forgotten_once_no_token_can_be_left(desk: Desk) -> None:
    desk.authenticator.end("s1")
    desk.clock.pass_(timedelta(minutes=10, seconds=5))
    desk.authenticator.end("s2")
    await following(desk, stream := Stream([]), lambda: len(stream.asked) == 2)
    assert set(desk.authenticator._ended) == {"s2"}


async def test_every_process_hears_within_a_second(desk: Desk, tmp_path: Path, redis: Redis) -> None:
    desks = [desk, Desk(desk.folder), Desk(desk.folder)]
    token = desk.token()
    followers = [asyncio.create_task(each.authenticator.follow(EndedSessions(redis))) for each in desks]
    for each in desks:
        each.authenticator.identify(token)
    await asyncio.sleep(0.1)
    started = time.monotonic()
    await EndedSessions(redis).announce(["s1"], now=NOW)
    while not all(each.refuses(token) for each in desks):
        await asyncio.sleep(0.005)
    assert time.monotonic() - started < 1
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)
