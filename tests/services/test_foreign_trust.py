"""The folder of other places' keys and lists: read again as it changes, and never lost to a bad file."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from bff.platform.doctor import _foreign_trust
from bff.platform.foreign_trust import ForeignTrust
from bff.platform.keys import KeyRingProblem
from health_code.codec.certificates import Verdict
from tests.foreign_certificates import NOW, UCI, Signer, dcc_code, kid_of

SIGNER: Final = Signer()
PEM: Final = SIGNER.certificate(ends=datetime(2100, 1, 1, tzinfo=UTC))
CODE: Final = dcc_code(SIGNER, kid_of(PEM))
LIST: Final = {"hashType": "UCI", "entries": [b64encode(sha256(UCI.encode()).digest()).decode()]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "signer.pem").write_bytes(PEM)
    return tmp_path


def test_what_is_learnt_to_be_revoked_counts_at_the_next_look(folder: Path) -> None:
    trust = ForeignTrust(folder)
    assert trust.verify(CODE, NOW).verdict is Verdict.VALID
    assert not trust.refresh()

    (folder / "revoked").mkdir()
    (folder / "revoked" / "batch.json").write_text(json.dumps(LIST))

    assert trust.refresh()
    assert trust.verify(CODE, NOW).verdict is Verdict.REVOKED
    (folder / "signer.pem").unlink()
    (folder / "revoked" / "batch.json").unlink()
    assert trust.refresh()
    assert trust.verify(CODE, NOW).verdict is Verdict.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("name", "content"), [("signer.pem", b"half a key"), ("batch.json", b'{"hashType": "UCI"}')]
)
def test_a_change_that_is_of_no_use_leaves_what_there_was_and_is_told(
    folder: Path, name: str, content: bytes
) -> None:
    trust = ForeignTrust(folder)
    before = (folder / name).read_bytes() if (folder / name).exists() else None

    (folder / name).write_bytes(content)
    assert not trust.refresh()

    assert trust.problem is not None
    assert trust.verify(CODE, NOW).verdict is Verdict.VALID
    with pytest.raises(KeyRingProblem):
        ForeignTrust(folder)
    assert [each.level for each in _foreign_trust(folder)] == ["error"]
    (folder / name).unlink()
    if before is not None:
        (folder / name).write_bytes(before)
    trust.refresh()
    assert trust.problem is None


def test_without_a_folder_nothing_is_believed_and_a_missing_one_is_told(tmp_path: Path) -> None:
    assert ForeignTrust(None).verify(CODE, NOW).verdict is Verdict.UNKNOWN_KEY
    assert not ForeignTrust(None).refresh()
    with pytest.raises(KeyRingProblem, match="no folder"):
        ForeignTrust(tmp_path / "missing")
