"""The wallet's keys rotate under a running process, and what the old one signed stays good."""

from pathlib import Path

from bff.platform import keys
from bff.platform.code_ring import CodeRing
from tests.codes import envelope
from wallet.codec.keys import KID_BYTES
from wallet.codec.lz1 import mint, read


def test_a_new_key_signs_and_the_old_one_is_still_believed_until_it_is_removed(tmp_path: Path) -> None:
    keys.create(tmp_path, "first")
    ring = keys.KeyRing(tmp_path)
    wallet = CodeRing(ring, name_bytes=KID_BYTES)
    before = mint(envelope(), key=wallet.signing())
    keys.rotate(tmp_path, "second")
    assert ring.refresh()
    after = mint(envelope(), key=wallet.signing())
    assert len(wallet.verifying()) == 2
    assert read(before, keys=wallet.verifying()) == read(after, keys=wallet.verifying())
    (tmp_path / "first.pem").unlink()
    assert ring.refresh()
    assert list(wallet.verifying()) == [wallet.signing().kid]
