"""No secret is in the repository, and one that were would be found."""

from pathlib import Path

import pytest

from tests.architecture import tree
from tests.architecture.secret_scan import candidates, scan


def test_the_repository_holds_no_secret() -> None:
    assert [f"{tree.name(found.path)}:{found.line} {found.kind}" for found in scan(candidates())] == []


# Put together here, so that this very file has nothing to find.
PLANTED = {
    "a private key": "-----BEGIN EC " + "PRIVATE KEY-----\nMHcCAQEE\n-----END EC " + "PRIVATE KEY-----\n",
    "a cloud key": 'key = "AKIA' + 'IOSFODNN7EXAMPLQ"\n',
    "a database password": "SUISHEN_MONGO_URL=mongodb://suishen:" + "v3ry-pr1vate@db.city.internal/\n",
    "a bearer token": 'token = "eyJhbGciOiJFUzI1NiJ9.' + 'eyJzdWIiOiIxIn0.c2lnbmF0dXJl"\n',
    "random bytes": 'pepper = "' + "q9Zt3VbX0pLw8RfKs2Yd" + "7NhCj5Mg1TuAe6Gi4Oxk" + '"\n',
}


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
