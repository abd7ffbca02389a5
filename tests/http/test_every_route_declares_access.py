"""Who may call a route is said by the route. Silence refuses: the start, and every request."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar, WebSocket, asgi, get, post, websocket
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send

from auth_bridges.refusals import ScopeMissing, SignInRequired, StepUpRequired
from bff.platform.guards import Access, AccessMiddleware, AccessUndeclared, check_routes, routes_of
from bff.platform.identity import Principal
from bff.platform.problems import exception_handlers
from bff.platform.settings import load_settings
from bff.processes.web import Offered, Opened, litestar_app
from miniapp_schemas.assurance import AssuranceLevel
from tests.environs import COMPLETE

PUBLIC = {"audience": "public", "assurance": None, "scope": None}

# What anybody may call, known here by name: a route that becomes public must be written down twice.
OPEN_API = {
    "POST /mp/v1/session/alipay",
    "POST /mp/v1/session/wechat",
    "POST /mp/v1/session/oidc/begin",
    "POST /mp/v1/session/oidc",
    "POST /mp/v1/session/refresh",
    "POST /mp/v1/account/deletion/certificate",
    "POST /verifier/v1/session",
    "POST /verifier/v1/session/second-factor",
    "POST /verifier/v1/session/sso/begin",
    "POST /verifier/v1/session/sso",
    "POST /verifier/v1/session/refresh",
    "POST /callbacks/clerks/backchannel-logout",
    "GET /callbacks/oidc/jwks.json",
    "GET /callbacks/wechat/{appid:str}",
    "POST /callbacks/wechat/{appid:str}",
    "POST /callbacks/sms",
    "POST /issuer/v1/session",
    "GET /.well-known/jwks.json",
    "GET /verifier/v1/trust/jwks.json",
    "GET /verifier/v1/trust/health-jwks.json",
    "GET /verifier/v1/trust/cose-keys",
    "GET /verifier/v1/trust/status-lists/{number:int}",
    "GET /livez",
    "GET /readyz",
}
# The API of each audience lies under its own prefix.
PREFIXES = {"resident": "/mp/v1", "verifier": "/verifier/v1", "issuer": "/issuer/v1", "ops": "/metrics"}


@pytest.fixture
def app() -> Litestar:
    return litestar_app(Offered.by(load_settings(COMPLETE)), Opened())


def test_every_route_says_who_may_call_it(app: Litestar) -> None:
    silent = [
        name
        for name, handler in routes_of(app)
        if not {"audience", "assurance", "scope"} <= handler.opt.keys()
    ]
    assert silent == []
    assert len(list(routes_of(app))) > 20


def test_only_what_is_known_to_be_open_is_open(app: Litestar) -> None:
    """Pages and documents are open to read; of the API only what is listed above."""
    public = {
        name for name, handler in routes_of(app) if handler.opt["audience"] == "public" and _is_api(name)
    }
    assert public == OPEN_API


def test_every_audience_has_its_own_part_of_the_api(app: Litestar) -> None:
    for name, handler in routes_of(app):
        prefix = PREFIXES.get(handler.opt["audience"])
        if prefix is not None:
            assert name.partition(" ")[2].startswith(prefix), name


def _is_api(name: str) -> bool:
    path = name.partition(" ")[2]
    return path.startswith(
        ("/mp/", "/verifier/v1", "/issuer/", "/callbacks/", "/.well-known", "/livez", "/readyz", "/metrics")
    )


# --- silence -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "opt",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"audience": "resident", "assurance": None}, id="no scope"),
        pytest.param({"audience": "resident", "scope": None}, id="no level"),
        pytest.param({"assurance": AssuranceLevel.L2, "scope": None}, id="no audience"),
        pytest.param({"audience": "everybody", "assurance": None, "scope": None}, id="an unknown audience"),
        pytest.param({"audience": "resident", "assurance": "L2", "scope": None}, id="a level that is text"),
        pytest.param({"audience": "resident", "assurance": None, "scope": ["a"]}, id="a list of scopes"),
        pytest.param(
            {"audience": "public", "assurance": AssuranceLevel.L0, "scope": None}, id="open, but L0"
        ),
        pytest.param(
            {"audience": "public", "assurance": None, "scope": "wallet:read"}, id="open, but scoped"
        ),
    ],
)
def test_a_route_that_does_not_say_all_keeps_the_application_from_starting(opt: dict[str, Any]) -> None:
    @get("/silent", opt=opt)
    async def silent() -> None: ...

    @get("/said", opt=PUBLIC)
    async def said() -> None: ...

    with pytest.raises(AccessUndeclared, match="GET /silent") as refused:
        check_routes(Litestar([silent, said], openapi_config=None))
    assert "/said" not in str(refused.value)


def test_sockets_and_mounts_must_say_it_as_well() -> None:
    @asgi("/mount", copy_scope=True)
    async def mount(scope: Scope, receive: Receive, send: Send) -> None: ...

    @websocket("/socket")
    async def wire(socket: WebSocket[Any, Any, Any]) -> None: ...

    with pytest.raises(AccessUndeclared) as refused:
        check_routes(Litestar([mount, wire], openapi_config=None))
    assert "/mount" in str(refused.value)
    assert "/socket" in str(refused.value)


# --- what a declaration does ------------------------------------------------------------------------------


class Known:
    """Knows two callers, and hears of endings unless it is ``deaf``."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.endings_heard = not deaf

    def identify(self, authorization: bytes) -> Principal:
        if authorization not in CALLERS:
            raise SignInRequired
        return CALLERS[authorization]


def caller(audience: str, level: AssuranceLevel, *scopes: str) -> Principal:
    return Principal(
        subject="someone",
        audience=audience,
        session="s1",
        assurance=level,
        scopes=frozenset(scopes),
        env="test",
    )


CALLERS = {
    b"resident": caller("resident", AssuranceLevel.L1, "wallet:read"),
    b"real-name": caller("resident", AssuranceLevel.L2, "wallet:read"),
    b"clerk": caller("verifier", AssuranceLevel.L1, "wallet:verify", "wallet:read"),
}


@pytest.fixture
def client() -> TestClient[Litestar]:
    @get("/open", opt=PUBLIC)
    async def opened() -> str:
        return "in"

    @get("/mine", opt={"audience": "resident", "assurance": AssuranceLevel.L1, "scope": "wallet:read"})
    async def mine() -> str:
        return "in"

    @get("/real-name", opt={"audience": "resident", "assurance": AssuranceLevel.L2, "scope": None})
    async def real_name() -> str:
        return "in"

    @get("/show", opt={"audience": "resident", "assurance": None, "scope": "wallet:show"})
    async def show() -> str:
        return "in"

    @asgi("/mount", opt={"audience": "resident", "assurance": None, "scope": None}, copy_scope=True)
    async def mount(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in", "more_body": False})

    app = Litestar(
        [opened, mine, real_name, show, mount],
        middleware=[AccessMiddleware(Known())],
        exception_handlers=exception_handlers(),
        openapi_config=None,
    )
    check_routes(app)
    return TestClient(app)


@pytest.mark.parametrize(
    ("path", "presented", "code"),
    [
        pytest.param("/open", None, None, id="open to anybody"),
        pytest.param("/open", "a token that ended", None, id="open even to who presents nonsense"),
        pytest.param("/mine", "resident", None, id="theirs"),
        pytest.param("/mine", None, "SIGN_IN_REQUIRED", id="nobody"),
        pytest.param("/mine", "a token that ended", "SIGN_IN_REQUIRED", id="nonsense"),
        pytest.param("/mine", "clerk", "SIGN_IN_REQUIRED", id="another API, whatever its scopes"),
        pytest.param("/real-name", "resident", "STEP_UP_REQUIRED", id="too low a level"),
        pytest.param("/real-name", "clerk", "SIGN_IN_REQUIRED", id="who may not ask is not told the level"),
        pytest.param("/show", "resident", "SCOPE_MISSING", id="without the scope"),
        pytest.param("/mount", "resident", None, id="a mount"),
        pytest.param("/mount", None, "SIGN_IN_REQUIRED", id="a mount, nobody"),
    ],
)
def test_a_caller_is_let_in_or_told_why_not(
    client: TestClient[Litestar], path: str, presented: str | None, code: str | None
) -> None:
    answer = client.get(path, headers={} if presented is None else {"Authorization": presented})
    if code is None:
        assert (answer.status_code, answer.text) == (200, "in")
    else:
        assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("refusal", "status", "action"),
    [
        (SignInRequired, 401, "signIn"),
        (lambda: StepUpRequired(needed=AssuranceLevel.L2), 403, "stepUp"),
        (lambda: ScopeMissing(scope="wallet:show"), 403, None),
    ],
)
def test_a_refusal_tells_what_to_do(
    refusal: Callable[[], Exception], status: int, action: str | None
) -> None:
    @get("/", opt=PUBLIC)
    async def refuses() -> None:
        raise refusal()

    app = Litestar([refuses], exception_handlers=exception_handlers(), openapi_config=None)
    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.json().get("action")) == (status, action)


def test_options_tells_methods_and_nothing_else(client: TestClient[Litestar]) -> None:
    answer = client.options("/mine")
    assert (answer.status_code, answer.text) == (204, "")
    assert answer.headers["allow"] == "GET, OPTIONS"


def test_a_route_that_was_never_checked_serves_nobody() -> None:
    @get("/late", opt=PUBLIC)
    async def late() -> str:
        return "in"

    app = Litestar(
        [late],
        middleware=[AccessMiddleware(Known())],
        exception_handlers=exception_handlers(),
        openapi_config=None,
    )
    answer = TestClient(app).get("/late")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/read", 200), ("POST", "/write", 503), ("GET", "/real-name", 503), ("GET", "/open", 200)],
)
def test_while_endings_are_not_heard_of_only_light_reads_go_on(method: str, path: str, status: int) -> None:
    @get("/read", opt={"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None})
    async def read() -> str:
        return "in"

    @post(
        "/write", opt={"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None}, status_code=200
    )
    async def write() -> str:
        return "in"

    @get("/real-name", opt={"audience": "resident", "assurance": AssuranceLevel.L2, "scope": None})
    async def real_name() -> str:
        return "in"

    @get("/open", opt=PUBLIC)
    async def opened() -> str:
        return "in"

    app = Litestar(
        [read, write, real_name, opened],
        middleware=[AccessMiddleware(Known(deaf=True))],
        exception_handlers=exception_handlers(),
        openapi_config=None,
    )
    check_routes(app)
    answer = TestClient(app).request(method, path, headers={"Authorization": "real-name"})
    assert answer.status_code == status
    if status == 503:
        assert (answer.json()["code"], answer.headers["Retry-After"]) == ("ENDINGS_UNHEARD", "1")


def test_a_level_admits_itself_and_all_above() -> None:
    access = Access.of({"audience": "resident", "assurance": AssuranceLevel.L2, "scope": None})
    assert access.enough == {AssuranceLevel.L2, AssuranceLevel.L3, AssuranceLevel.L3C}
