"""A ring of keys: rotated without a restart, never half read, never lost to a bad file."""

import logging
import os
import stat
import threading
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey

from bff.cli_keys import keys as keys_command
from bff.platform.keys import KeyRing, KeyRingProblem, create, drop, rotate, use


def pem(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_the_first_key_signs_and_the_next_waits(tmp_path: Path) -> None:
    first = create(tmp_path, "first")
    second = create(tmp_path, "second")
    ring = KeyRing(tmp_path)
    assert ring.signing().kid == first.kid
    assert set(ring.keys()) == {first.kid, second.kid}
    assert [key.kid for key in ring.published().keys] == [first.kid, second.kid]


def test_rotation_is_seen_at_the_next_look_and_the_old_key_stays(tmp_path: Path) -> None:
    first = create(tmp_path, "first")
    ring = KeyRing(tmp_path)
    assert not ring.refresh()
    second = rotate(tmp_path, "second")
    assert ring.refresh()
    assert (ring.generation, ring.signing().kid) == (1, second.kid)
    assert ring.verifying(first.kid) is not None


def test_a_removed_key_is_accepted_no_more(tmp_path: Path) -> None:
    first = create(tmp_path, "first")
    rotate(tmp_path, "second")
    ring = KeyRing(tmp_path)
    (tmp_path / "first.pem").unlink()
    assert ring.refresh()
    assert ring.verifying(first.kid) is None


def _garbage(folder: Path) -> None:
    (folder / "new.pem").write_text("-----BEGIN PRIVATE KEY-----\nhalf a fi")  # pragma: allowlist secret


def _wrong_curve(folder: Path) -> None:
    (folder / "new.pem").write_bytes(pem(ec.generate_private_key(ec.SECP384R1())))


def _rsa(folder: Path) -> None:
    (folder / "new.pem").write_bytes(pem(rsa.generate_private_key(65537, 2048)))


def _current_names_nothing(folder: Path) -> None:
    (folder / "current").write_text("missing\n")


def _no_current(folder: Path) -> None:
    (folder / "current").unlink()


def _nothing_left(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    "break_it", [_garbage, _wrong_curve, _rsa, _current_names_nothing, _no_current, _nothing_left]
)
def test_what_cannot_be_read_leaves_the_ring_as_it_was_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, break_it: object
) -> None:
    assert callable(break_it)
    folder = tmp_path / "ring"
    first = create(folder, "first")
    ring = KeyRing(folder)
    break_it(folder)
    with caplog.at_level(logging.ERROR):
        assert not ring.refresh()
        assert not ring.refresh()
    assert ring.signing().kid == first.kid
    assert ring.generation == 0
    assert ring.problem is not None
    assert len(caplog.records) == 1
    with pytest.raises(KeyRingProblem):
        KeyRing(folder)


def test_a_mended_ring_goes_on(tmp_path: Path) -> None:
    create(tmp_path, "first")
    ring = KeyRing(tmp_path)
    _garbage(tmp_path)
    ring.refresh()
    (tmp_path / "new.pem").unlink()
    second = rotate(tmp_path, "second")
    assert ring.refresh()
    assert ring.problem is None
    assert ring.signing().kid == second.kid


def test_readers_never_see_half_a_rotation(tmp_path: Path) -> None:
    create(tmp_path, "key0")
    stop = threading.Event()
    broken: list[KeyRingProblem | None] = []

    def look() -> None:
        ring = KeyRing(tmp_path)
        while not stop.is_set():
            ring.refresh()
            broken.append(ring.problem)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(1, 40):
        rotate(tmp_path, f"key{number}")
    stop.set()
    reader.join()
    # A ring that changes faster than it can be read stays as it was, and says so; it is never a half.
    told = {problem.en for problem in broken if problem is not None}
    assert told <= {"the key directory does not stop changing"}


def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    create(tmp_path / "ring", "first")
    assert stat.S_IMODE((tmp_path / "ring" / "first.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ring").stat().st_mode) == 0o700


def test_a_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    for name in ("../elsewhere", "a/b", "", ".hidden", "a" * 65):
        with pytest.raises(KeyRingProblem):
            create(tmp_path, name)
        with pytest.raises(KeyRingProblem):
            use(tmp_path, name)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    first = create(tmp_path, "first")
    with pytest.raises(KeyRingProblem):
        create(tmp_path, "first")
    assert KeyRing(tmp_path).signing().kid == first.kid


def test_the_thumbprint_is_the_one_others_compute(tmp_path: Path) -> None:
    key = create(tmp_path, "first")
    told = msgspec.to_builtins(key.jwk)
    assert ECKey.import_key({name: told[name] for name in ("kty", "crv", "x", "y")}).thumbprint() == key.kid


def test_keys_are_made_listed_and_changed_from_the_command_line(tmp_path: Path) -> None:
    run = CliRunner().invoke
    folder = str(tmp_path / "ring")
    assert run(keys_command, ["new", folder, "--name", "first"]).exit_code == 0
    assert run(keys_command, ["new", folder, "--name", "second"]).exit_code == 0
    assert run(keys_command, ["use", folder, "second"]).exit_code == 0
    listed = run(keys_command, ["list", folder, "--json"])
    told = [msgspec.json.decode(line) for line in listed.output.splitlines()]
    assert [(key["name"], key["current"]) for key in told] == [("first", False), ("second", True)]
    assert run(keys_command, ["new", folder, "--name", "third"]).exit_code == 0
    assert roles(folder) == {"first": "previous", "second": "current", "third": "next"}
    assert "* current   second" in run(keys_command, ["list", folder]).output
    refused = run(keys_command, ["use", folder, "fourth"])
    assert refused.exit_code == 1
    assert "fourth.pem" in refused.output


def test_a_key_that_signed_is_previous_until_it_is_dropped_and_a_namesake_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    create(folder, "old")
    rotate(folder, "fresh")
    assert roles(str(folder)) == {"old": "previous", "fresh": "current"}
    use(folder, "old")
    assert roles(str(folder)) == {"old": "current", "fresh": "previous"}
    drop(folder, "fresh")
    create(folder, "fresh")
    assert roles(str(folder)) == {"old": "current", "fresh": "next"}


def roles(folder: str) -> dict[str, str]:
    listed = CliRunner().invoke(keys_command, ["list", folder, "--json"])
    return {key["name"]: key["role"] for key in map(msgspec.json.decode, listed.output.splitlines())}


def test_a_key_that_was_published_for_less_than_a_day_is_used_with_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    create(folder, "old")
    create(folder, "fresh")
    hasty = CliRunner().invoke(keys_command, ["use", str(folder), "fresh"])
    assert (hasty.exit_code, hasty.stdout) == (0, "")
    assert "fresh was published 0 h ago" in hasty.stderr
    yesterday = time.time() - 86_400
    os.utime(folder / "old.pem", (yesterday, yesterday))
    assert CliRunner().invoke(keys_command, ["use", str(folder), "old"]).output == ""
    assert CliRunner().invoke(keys_command, ["use", str(folder), "nobody"]).exit_code == 1


def test_a_leaked_key_is_dropped_and_what_it_signed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    for words in (["new", str(folder), "--name", "old"], ["new", str(folder), "--name", "fresh"]):
        assert CliRunner().invoke(keys_command, words).exit_code == 0
    following = KeyRing(folder)
    kid = following.signing().kid
    refused = CliRunner().invoke(keys_command, ["drop", str(folder), "old"])
    assert refused.exit_code == 1
    assert "in use" in refused.output
    assert CliRunner().invoke(keys_command, ["use", str(folder), "fresh"]).exit_code == 0
    assert CliRunner().invoke(keys_command, ["drop", str(folder), "old"]).exit_code == 0
    assert following.refresh()
    assert following.verifying(kid) is None
    assert CliRunner().invoke(keys_command, ["drop", str(folder), "old"]).exit_code == 1
