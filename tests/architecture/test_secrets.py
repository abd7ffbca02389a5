"""A secret in the repository would be found; ``make check`` looks through all of it."""

from pathlib import Path

import pytest

from tests.architecture import tree
from tests.architecture.secret_scan import candidates, scan

# Put together here, so that this very file has nothing to find.
PLANTED = {
    "a private key": "-----BEGIN EC " + "PRIVATE KEY-----\nMHcCAQEE\n-----END EC " + "PRIVATE KEY-----\n",
    "a cloud key": 'key = "AKIA' + 'IOSFODNN7EXAMPLQ"\n',
    "a database password": "SUISHEN_MONGO_URL=mongodb://suishen:" + "v3ry-pr1vate@db.city.internal/\n",
    "a bearer token": 'token = "eyJhbGciOiJFUzI1NiJ9.' + 'eyJzdWIiOiIxIn0.c2lnbmF0dXJl"\n',
    "random bytes": 'pepper = "' + "q9Zt3VbX0pLw8RfKs2Yd" + "7NhCj5Mg1TuAe6Gi4Oxk" + '"\n',
}


def test_everything_that_would_be_committed_is_looked_at() -> None:
    looked_at = set(candidates())
    assert {tree.ROOT / "pyproject.toml", tree.ROOT / "bff/sandbox/city.py", Path(__file__)} <= looked_at


@pytest.mark.parametrize("secret", PLANTED.values(), ids=PLANTED)
def test_a_planted_secret_is_found(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "settings.py"
    file.write_text(secret, "utf-8")

    assert [found.path for found in scan([file])] != []


def test_a_line_that_only_looks_like_one_can_say_so(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    line = PLANTED["a bearer token"].rstrip("\n") + "  # pragma: allowlist " + "secret\n"
    file.write_text(line, "utf-8")

    assert list(scan([file])) == []
