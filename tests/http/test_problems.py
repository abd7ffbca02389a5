"""Every no as problem+json: refusals, the framework's own, outages and accidents."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from httpx import Response as HTTPResponse
from litestar import Litestar, get, post
from litestar.middleware import ASGIMiddleware
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.exceptions import ConnectionError as RedisConnectionError

from bff.platform.edge import Edge
from bff.platform.problems import MAX_BODY, STATUS, exception_handlers
from bff.platform.wire import AddressMiddleware, WireRequest
from miniapp_schemas.problems import Problem
from miniapp_schemas.refusals import Kind, Refusal
from miniapp_schemas.wallet import PresentationMode, ShowCredential
from tests.conftest import Logged

BODY = {"credentialId": "0f" * 16}


class Tired(Refusal):
    """Says no in each of the ways there are."""

    code = "TIRED"
    kind = Kind.TOO_MANY
    title_zh = "累了"
    title_en = "Tired"
    detail_zh = "请等 {retry_after} 秒。"
    detail_en = "Wait {retry_after} s."
    action = "retry"


@post("/body", status_code=200)
async def body(data: JSONBody[ShowCredential]) -> ShowCredential:
    return data


@get("/query")
async def query(
    need: FromQuery[int],
    mode: FromQuery[PresentationMode] = PresentationMode.SIGNED,
    key: Annotated[str | None, HeaderParameter(name="X-Key", pattern="^[a-z]+$")] = None,
) -> None: ...


@get("/number/{number:int}")
async def numbered(number: FromPath[int]) -> int:
    return number


@get("/tired")
async def tired() -> None:
    raise Tired(retry_after=7)


@get("/away")
async def away() -> None:
    raise RedisConnectionError("redis://:password@10.0.0.6")


@get("/broken")
async def broken() -> None:
    raise KeyError("11010519491231002X")


class Doorkeeper(ASGIMiddleware):
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["path"] == "/guarded":
            raise Tired(retry_after=1)
        await next_app(scope, receive, send)


@get("/guarded")
async def guarded() -> None: ...


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Any]]:
    app = Litestar(
        [body, query, numbered, tired, away, broken, guarded],
        middleware=[Doorkeeper(), AddressMiddleware()],
        exception_handlers=exception_handlers(),
        request_class=WireRequest,
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
    )
    with TestClient(Edge(app, slow_ms=60_000), raise_server_exceptions=False) as client:
        yield client


def problem(answer: HTTPResponse) -> Problem:
    assert answer.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(answer.content, type=Problem, strict=True)
    assert found.status == answer.status_code
    assert found.type == f"urn:suishen:problem:{found.code}"
    assert found.trace_id == answer.headers["X-Request-Id"]
    return found


def test_each_kind_has_one_status() -> None:
    assert set(STATUS) == set(Kind)
    assert len(set(STATUS.values())) == len(STATUS)


def test_a_refusal_speaks_for_itself_in_both_languages(client: TestClient[Any]) -> None:
    answer = client.get("/tired")

    told = problem(answer)
    assert (told.code, told.status, told.action) == ("TIRED", 429, "retry")
    assert (told.title, told.title_en) == ("累了", "Tired")
    assert (told.detail, told.detail_en) == ("请等 7 秒。", "Wait 7 s.")
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["RateLimit"] == '"default";r=0;t=7'


def test_so_does_one_raised_in_middleware(client: TestClient[Any]) -> None:
    assert problem(client.get("/guarded")).code == "TIRED"


@pytest.mark.parametrize(
    ("content", "source", "key", "message"),
    [
        (b"", "body", "", "Required"),
        (b"{", "body", "", "Not JSON"),
        (b"\xff\xfe", "body", "", "Not JSON"),
        (b"[]", "body", "", "Expected `object`, got `array`"),
        (b"{}", "body", "", "Object missing required field `credentialId`"),
        (b'{"credentialId":1}', "body", "credentialId", "Expected `str`, got `int`"),
        (
            b'{"credentialId":"x"}',
            "body",
            "credentialId",
            "Expected `str` matching regex '^[0-9a-f]{32}\\\\Z'",
        ),
        (
            b'{"credentialId":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","claims":["ok","N O"]}',
            "body",
            "claims[1]",
            "Expected `str` matching regex '^[a-z][A-Za-z0-9]{0,39}\\\\Z'",
        ),
        (b'{"credentialID":""}', "body", "", "Unknown field `credentialID`"),
    ],
)
def test_what_is_wrong_with_a_body_is_told_by_field(
    client: TestClient[Any], content: bytes, source: str, key: str, message: str
) -> None:
    answer = client.post("/body", content=content, headers={"Content-Type": "application/json"})

    told = problem(answer)
    assert (told.status, told.code) == (400, "VALIDATION")
    assert [(error.source, error.key, error.message) for error in told.errors] == [(source, key, message)]


def test_types_are_not_stretched(client: TestClient[Any]) -> None:
    answer = client.post("/body", json={**BODY, "scene": 7})

    assert problem(answer).errors[0].key == "scene"


@pytest.mark.parametrize(
    ("query", "headers", "source", "key"),
    [
        ("", {}, "query", "need"),
        ("need=many", {}, "query", "need"),
        ("need=1&mode=whisper", {}, "query", "mode"),
        ("need=1", {"X-Key": "1"}, "header", "X-Key"),
        ("need=1&need=1", {}, "query", "need"),
        ("need=1&%6Eeed=", {}, "query", "need"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told_by_the_name_it_was_sent_under(
    client: TestClient[Any], query: str, headers: dict[str, str], source: str, key: str
) -> None:
    told = problem(client.get(f"/query?{query}", headers=headers))

    assert told.code == "VALIDATION"
    assert [(error.source, error.key) for error in told.errors] == [(source, key)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/query?need=11010519491231002X", None),
        ("/query?need=1&mode=11010519491231002X", None),
        ("/query?need=1&%E5%BC%A0=11010519491231002X", None),
        ("/body", b'{"credentialId":"11010519491231002X"}'),
        ("/body", b'{"11010519491231002X":1}'),
        ("/body", b"11010519491231002X"),
        ("/11010519491231002X", None),
    ],
)
def test_what_was_sent_is_never_sent_back(client: TestClient[Any], path: str, body: bytes | None) -> None:
    method = "GET" if body is None else "POST"
    answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})

    assert "11010519491231002X" not in answer.text
    assert "11010519491231002X" not in str(answer.headers)


@pytest.mark.parametrize(
    ("method", "path", "headers", "code"),
    [
        ("GET", "/nowhere", {}, "NOT_FOUND"),
        ("DELETE", "/body", {}, "METHOD_NOT_ALLOWED"),
        ("BREW", "/body", {}, "METHOD_NOT_ALLOWED"),
        ("POST", "/body", {"Content-Type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "/body", {"Content-Type": "application/x-www-form-urlencoded"}, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_like_any_other(
    client: TestClient[Any], method: str, path: str, headers: dict[str, str], code: str
) -> None:
    assert problem(client.request(method, path, content=b"{}", headers=headers)).code == code


@pytest.mark.parametrize("written", ["1%0A", "%201", "+1", "1_0", "01", "%EF%BC%91", "-0"])
def test_a_number_in_a_path_is_written_in_one_way_only(client: TestClient[Any], written: str) -> None:
    assert problem(client.get(f"/number/{written}")).code == "NOT_FOUND"
    assert client.get("/number/10").json() == 10


def test_a_query_parameter_nobody_declared_is_passed_over(client: TestClient[Any]) -> None:
    assert client.get("/query?need=1&from=timeline&from=singlemessage").status_code == 200


def test_a_method_that_is_not_there_is_answered_with_those_that_are(client: TestClient[Any]) -> None:
    assert "POST" in client.delete("/body").headers["Allow"]


def test_a_body_beyond_64_kib_is_not_read(client: TestClient[Any]) -> None:
    answer = client.post("/body", content=b" " * (MAX_BODY + 1), headers={"Content-Type": "application/json"})

    assert (problem(answer).status, problem(answer).code) == (413, "TOO_LARGE")


def test_a_body_of_64_kib_is(client: TestClient[Any]) -> None:
    json = msgspec.json.encode(BODY)
    answer = client.post(
        "/body", content=json + b" " * (MAX_BODY - len(json)), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 200


def test_a_store_that_is_away_is_no_mistake_of_ours(client: TestClient[Any], logged: Logged) -> None:
    answer = client.get("/away")

    assert (problem(answer).status, problem(answer).code) == (503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    assert [line["level"] for line in logged()] == ["warning", "warning"]


def test_an_accident_tells_nothing_but_its_trace(client: TestClient[Any]) -> None:
    told = problem(client.get("/broken"))

    assert (told.status, told.code, told.errors) == (500, "INTERNAL", [])


class TestEnvelope:
    """For clients that are not given the body of an error: `my.request` of Alipay."""

    @pytest.mark.parametrize("path", ["/tired", "/away", "/broken", "/nowhere", "/query", "/guarded"])
    def test_a_problem_comes_under_200_with_its_status_beside_it(
        self, client: TestClient[Any], path: str
    ) -> None:
        plain = client.get(path)
        wrapped = client.get(path, headers={"X-Envelope": "1"})

        assert wrapped.status_code == 200
        assert wrapped.headers["X-Problem-Status"] == str(plain.status_code)
        told, expected = wrapped.json()["$problem"], plain.json()
        assert {**told, "traceId": ""} == {**expected, "traceId": ""}

    def test_an_answer_stays_as_it_is(self, client: TestClient[Any]) -> None:
        answer = client.post("/body", json=BODY, headers={"X-Envelope": "1"})

        assert answer.json()["credentialId"] == BODY["credentialId"]

    def test_the_log_tells_the_status_that_was_meant(self, client: TestClient[Any], logged: Logged) -> None:
        client.get("/tired", headers={"X-Envelope": "1"})

        assert [line["status"] for line in logged()] == [429]
