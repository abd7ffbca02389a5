"""The edge: an id, a measure and a line in the log for each request, and nobody's name in any of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, Response, get, post
from litestar.params import FromPath
from litestar.testing import TestClient
from prometheus_client import REGISTRY

from bff.platform.edge import Edge
from bff.platform.problems import exception_handlers
from bff.platform.telemetry import trace_id
from miniapp_schemas.refusals import Kind, Refusal
from tests.conftest import Logged

_OPEN = {"audience": "public", "assurance": None, "scope": None}


class Nope(Refusal):
    code = "NOPE"
    kind = Kind.CONFLICT
    title_zh = "不行"
    title_en = "No"


@get("/fine/{name:str}", opt=_OPEN)
async def fine(name: FromPath[str]) -> dict[str, str]:
    return {"trace": trace_id()}


@post("/refuse", opt=_OPEN)
async def refuse() -> None:
    raise Nope


@get("/break/{name:str}", opt=_OPEN)
async def broken(name: FromPath[str]) -> None:
    raise ValueError(name)


@get("/kept", opt=_OPEN)
async def kept() -> Response[str]:
    return Response("x", headers={"Cache-Control": "max-age=60"})


def application(*, slow_ms: int = 1000, log_all: bool = False) -> Edge:
    app = Litestar(
        [fine, refuse, broken, kept],
        exception_handlers=exception_handlers(),
        openapi_config=None,
        logging_config=None,
    )
    return Edge(app, slow_ms=slow_ms, log_all=log_all)


@pytest.fixture
def client() -> Iterator[TestClient[Any]]:
    with TestClient(application(), raise_server_exceptions=False) as client:
        yield client


def requests_in(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if "route" in line]


def test_every_answer_carries_the_id_its_handler_knows(client: TestClient[Any]) -> None:
    answer = client.get("/fine/x")

    assert answer.headers["X-Request-Id"] == answer.json()["trace"]


def test_the_callers_id_is_taken_over(client: TestClient[Any]) -> None:
    answer = client.get("/nowhere", headers={"X-Request-Id": "mini-42-0007"})

    assert answer.json()["traceId"] == "mini-42-0007"


@pytest.mark.parametrize("unfit", ["x", "a b c d e f g h", "13800138000"])
def test_an_unfit_id_is_not(client: TestClient[Any], unfit: str) -> None:
    assert client.get("/fine/x", headers={"X-Request-Id": unfit}).headers["X-Request-Id"] != unfit


def test_a_problem_carries_the_id_that_is_in_the_log(client: TestClient[Any], logged: Logged) -> None:
    answer = client.post("/refuse")

    (line,) = requests_in(logged())
    assert answer.json()["traceId"] == answer.headers["X-Request-Id"] == line["trace_id"]


def test_a_refusal_is_told_by_its_code_at_info(client: TestClient[Any], logged: Logged) -> None:
    client.post("/refuse")

    (line,) = requests_in(logged())
    assert (line["level"], line["status"], line["problem"]) == ("info", 409, "NOPE")
    assert (line["method"], line["route"], line["audience"]) == ("POST", "/refuse", "public")


def test_a_mistake_of_ours_is_an_error_with_frames_and_without_values(
    client: TestClient[Any], logged: Logged
) -> None:
    client.get("/break/somebody")

    lines = logged()
    (accident,) = [line for line in lines if line["event"] == "unhandled"]
    assert accident["exception"] == "builtins.ValueError"
    assert accident["frames"][-1].endswith(" broken")
    assert {line["level"] for line in lines} == {"error"}
    assert {line["trace_id"] for line in lines} == {accident["trace_id"]}


def test_a_request_that_succeeds_in_time_writes_nothing(client: TestClient[Any], logged: Logged) -> None:
    client.get("/fine/x")

    assert requests_in(logged()) == []


def test_a_slow_one_is_told_although_it_succeeded(logged: Logged) -> None:
    with TestClient(application(slow_ms=0)) as client:
        client.get("/fine/x")

    (line,) = requests_in(logged())
    assert (line["event"], line["level"], line["status"]) == ("slow request", "warning", 200)


def test_at_debug_every_request_is_told(logged: Logged) -> None:
    with TestClient(application(log_all=True)) as client:
        client.get("/fine/x")

    (line,) = requests_in(logged())
    assert (line["level"], line["status"]) == ("debug", 200)


def test_the_log_names_the_template_and_never_the_path(logged: Logged) -> None:
    with TestClient(application(log_all=True)) as client:
        client.get("/fine/11010519491231002X?phone=13800138000")

    (line,) = requests_in(logged())
    assert line["route"] == "/fine/{name}"
    assert "11010519491231002X" not in str(line)
    assert "13800138000" not in str(line)


def test_requests_are_measured_by_template(client: TestClient[Any]) -> None:
    def counted() -> float:
        labels = {"method": "GET", "route": "/fine/{name}", "status": "2xx"}
        return REGISTRY.get_sample_value("suishen_http_requests_total", labels) or 0.0

    before = counted()
    client.get("/fine/a")
    client.get("/fine/b")

    assert counted() == before + 2


def test_what_matches_no_route_is_one_series(client: TestClient[Any], logged: Logged) -> None:
    client.get("/etc/passwd")

    assert [line["route"] for line in requests_in(logged())] == ["unmatched"]


def test_answers_are_kept_by_nobody_unless_they_say_so(client: TestClient[Any]) -> None:
    assert client.get("/fine/x").headers["Cache-Control"] == "no-store"
    assert client.get("/kept").headers["Cache-Control"] == "max-age=60"
    assert client.get("/kept").headers["X-Content-Type-Options"] == "nosniff"
