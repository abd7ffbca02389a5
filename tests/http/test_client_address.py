"""Which address a caller has, behind however many proxies of ours."""

import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.testing import TestClient

from auth_bridges.models import ClientFacts
from bff.platform.caller import client_provider


@get("/")
async def tell(client: NamedDependency[ClientFacts]) -> str:
    return client.address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        pytest.param(0, None, "testclient", id="nobody in front"),
        pytest.param(0, "203.0.113.7", "testclient", id="nobody in front, so nobody else to believe"),
        pytest.param(1, "203.0.113.7", "203.0.113.7", id="one in front"),
        pytest.param(
            1, "198.51.100.1, 203.0.113.7", "203.0.113.7", id="what the caller wrote is not believed"
        ),
        pytest.param(2, "198.51.100.1, 203.0.113.7, 10.0.0.1", "203.0.113.7", id="two in front"),
        pytest.param(2, "203.0.113.7", "testclient", id="one proxy said nothing"),
        pytest.param(1, None, "testclient", id="the proxy said nothing"),
        pytest.param(1, "198.51.100.1, ", "testclient", id="the proxy said nothing of use"),
    ],
)
def test_the_address_is_the_one_our_outermost_proxy_saw(
    proxies: int, forwarded: str | None, address: str
) -> None:
    app = Litestar([tell], dependencies={"client": Provide(client_provider(proxies))}, openapi_config=None)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert TestClient(app).get("/", headers=headers).text == address


def test_a_proxy_may_write_a_header_of_its_own() -> None:
    app = Litestar([tell], dependencies={"client": Provide(client_provider(1))}, openapi_config=None)
    headers = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7")]
    assert TestClient(app).get("/", headers=headers).text == "203.0.113.7"
