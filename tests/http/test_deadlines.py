"""A request that hangs is answered in time; what others take, and what the caller takes, does not count."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from litestar import Litestar, Request, get, post
from litestar.testing import AsyncTestClient
from litestar.types import HTTPScope, Message
from litestar.types.asgi_types import HTTPRequestEvent
from pymongo.errors import InvalidOperation

from bff.platform.deadlines import DeadlineMiddleware
from bff.platform.problems import exception_handlers
from miniapp_schemas.refusals import Kind, Refusal


class ElsewhereAway(Refusal):
    code = "ELSEWHERE_AWAY"
    kind = Kind.UNAVAILABLE
    title_zh = "外部不可用"
    title_en = "Elsewhere is away"


@get("/hangs")
async def hangs() -> None:
    await asyncio.sleep(30)


@get("/ends-twice")
async def ends_twice() -> None:
    try:
        await asyncio.sleep(30)
    finally:
        raise InvalidOperation("Cannot call abortTransaction twice")


@get("/asks-others", opt={"refusals": (ElsewhereAway,)})
async def asks_others() -> str:
    await asyncio.sleep(0.3)
    return "there at last"


@post("/reads")
async def reads(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


def application() -> Litestar:
    return Litestar(
        [hangs, ends_twice, asks_others, reads],
        middleware=[DeadlineMiddleware(0.1)],
        exception_handlers=exception_handlers(),
        openapi_config=None,
        logging_config=None,
    )


@pytest.fixture
async def client() -> AsyncIterator[AsyncTestClient[Litestar]]:
    async with AsyncTestClient(application(), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/hangs", "/ends-twice"])
async def test_a_request_that_hangs_is_answered_503_and_told_when_to_try_again(
    client: AsyncTestClient[Litestar], path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_a_route_that_may_find_others_away_has_their_time_too(
    client: AsyncTestClient[Litestar],
) -> None:
    answer = await client.get("/asks-others")
    assert (answer.status_code, answer.text) == (200, "there at last")


async def test_a_caller_who_is_slow_to_send_and_to_read_is_waited_for() -> None:
    parts = iter([(b"half", True), (b"half", False)])
    sent: list[Any] = []

    async def receive() -> HTTPRequestEvent:
        await asyncio.sleep(0.2)
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(message: Message) -> None:
        await asyncio.sleep(0.2)
        sent.append(message)

    await application()(_post("/reads"), receive, send)
    assert sent[0]["status"] == 201
    assert sent[1]["body"] == b"8"


def _post(path: str) -> HTTPScope:
    """What a server makes of the simplest of requests."""
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"text/plain"), (b"content-length", b"8")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }
    return cast("HTTPScope", scope)
