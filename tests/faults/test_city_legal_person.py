"""法人一证通 in a city that runs: the enterprise's representative is at the highest level, by either key."""

import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from bff.sandbox.city import APP, ENTERPRISE
from bff.sandbox.stack import City, private_stack
from tests.architecture import tree

pytestmark = [pytest.mark.embedded, pytest.mark.slow]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with private_stack(tmp_path_factory.mktemp("city")) as running:
        yield running


@pytest.mark.parametrize("kind", ["rsa", "sm2"])
def test_the_representative_proves_it_with_the_key_in_the_drawer(city: City, kind: str) -> None:
    with httpx.Client(base_url=f"{city.base_url}/mp/v1", timeout=30) as http:
        asked = httpx.post(
            f"{city.simulator_url}/_sim/wechat/login", json={"appid": APP.appid, "resident": "li"}
        )
        session = http.post("/session/wechat", json={"code": asked.json()["code"]}).json()
        http.headers["Authorization"] = f"Bearer {session['accessToken']}"
        challenge = http.post("/legal-person/challenges", json={"purpose": "level"}).json()
        signed = httpx.post(
            f"{city.authority_url}/_sim/authority/sign", json={"text": challenge["text"], "kind": kind}
        ).json()
        proved = http.post("/legal-person/proofs", json={"challengeId": challenge["challengeId"], **signed})
        assert proved.status_code == 201, proved.text
        assert proved.json()["uscc"] == ENTERPRISE.id
        renewed = http.post("/session/refresh", json={"refreshToken": session["refreshToken"]}).json()
        assert renewed["assurance"] == "L3C"


def test_the_document_that_says_how_to_try_it_is_right(city: City) -> None:
    document = (tree.ROOT / "docs" / "legal-person.md").read_text()
    (block,) = re.findall(r"^```bash\n(.*?)^```", document, re.DOTALL | re.MULTILINE)
    told, rest = block.split("\n", 1)
    assert told.startswith("CITY=")
    card = f"{city.authority_url}/_sim/authority/sign"
    here = f"CITY={city.base_url}; WECHAT={city.simulator_url}; CARD={card}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{here}\n{rest}"], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    assert ENTERPRISE.name in done.stdout
