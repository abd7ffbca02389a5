"""The audit chain: appended once, by many at once; any change to it is found, and so is a missing end."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio.to_thread
import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bff.cli_audit import audit
from bff.platform.audit import (
    STREAM,
    AuditEvent,
    AuditRecord,
    AuditRecorder,
    AuditTrail,
    Checkpoint,
    first_broken_link,
    link,
)
from bff.platform.checkpoints import (
    AuditCheckpoints,
    CheckpointRefused,
    KeyStrange,
    read_checkpoint,
    sign_checkpoint,
)
from bff.platform.keys import KeyRing, create, rotate
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def event(number: int) -> AuditEvent:
    return AuditEvent(
        id=f"e{number}",
        at=NOON + timedelta(seconds=number),
        kind="test",
        actor="a",
        outcome="done",
        facts={"n": "1"},
    )


def chain_of(length: int, name: str = "c") -> list[AuditRecord]:
    records: list[AuditRecord] = []
    previous = "0" * 64
    for number in range(1, length + 1):
        record = link(name, number, previous, event(number))
        previous = record.hash
        records.append(record)
    return records


def test_an_untouched_chain_holds() -> None:
    assert first_broken_link(chain_of(20) + chain_of(3, "other")) is None


@given(st.integers(0, 9), st.sampled_from(["change", "remove", "double", "swap", "rehash"]))
def test_whatever_is_done_to_a_record_names_it_or_the_one_after(at: int, deed: str) -> None:
    records = chain_of(11)
    if deed == "change":
        records[at] = msgspec.structs.replace(records[at], event=event(99))
    elif deed == "remove":
        del records[at]
    elif deed == "double":
        records.insert(at, records[at])
    elif deed == "swap":
        records[at], records[at + 1] = records[at + 1], records[at]
    else:
        # A forger who can hash: the record itself then holds, the next one does not follow.
        records[at] = link("c", at + 1, records[at].previous, event(99))
    broken = first_broken_link(records)
    assert broken is not None
    assert broken.sequence in {at + 1, at + 2}


@pytest.fixture
async def trail(mongo_database: Database) -> AuditTrail:
    trail = AuditTrail(mongo_database["audit"])
    await trail.ensure_indexes()
    return trail


async def test_events_appended_twice_stand_once(trail: AuditTrail) -> None:
    events = [event(number) for number in range(5)]
    await trail.append("c", events)
    await trail.append("c", [*events, event(5)])
    records = [record async for record in trail.read()]
    assert [record.event.id for record in records] == ["e0", "e1", "e2", "e3", "e4", "e5"]
    assert first_broken_link(records) is None


async def test_ten_writers_of_one_chain_leave_one_whole_chain(trail: AuditTrail) -> None:
    batches = [[event(writer * 100 + number) for number in range(10)] for writer in range(10)]
    await asyncio.gather(*(trail.append("c", batch) for batch in batches))
    records = [record async for record in trail.read()]
    assert len(records) == 100
    assert first_broken_link(records) is None


async def test_a_record_changed_in_the_store_is_found(trail: AuditTrail, mongo_database: Database) -> None:
    await trail.append("c", [event(number) for number in range(10)])
    stored = await mongo_database["audit"].find_one({"sequence": 4})
    assert stored is not None
    forged = stored["event"].replace('"done"', '"refused"')
    await mongo_database["audit"].update_one({"_id": stored["_id"]}, {"$set": {"event": forged}})
    broken = first_broken_link([record async for record in trail.read()])
    assert broken is not None
    assert (broken.chain, broken.sequence) == ("c", 4)


async def test_recorded_means_it_is_on_the_stream(redis: Redis) -> None:
    await AuditRecorder(ScriptRunner(redis)).record("signin", at=NOON, actor="x", outcome="ok")
    assert await redis.xlen(STREAM) == 1


# --- checkpoints -------------------------------------------------------------------------------------


def keep_lines(file: Path, keep: Callable[[list[bytes]], list[bytes]]) -> None:
    file.write_bytes(b"".join(keep(file.read_bytes().splitlines(keepends=True))))


def checkpoint_of(record: AuditRecord) -> Checkpoint:
    return Checkpoint(chain=record.chain, sequence=record.sequence, hash=record.hash, at=NOON)


@given(st.integers(1, 10), st.integers(0, 11))
def test_a_chain_cut_before_its_checkpoint_is_named_and_one_cut_after_it_is_not(
    signed: int, left: int
) -> None:
    records = chain_of(11)
    broken = first_broken_link(records[:left], [checkpoint_of(records[signed - 1])])
    if left >= signed:
        assert broken is None
    else:
        assert broken is not None
        assert (broken.chain, broken.sequence) == ("c", signed)
        assert "ends before" in broken.why


def test_a_whole_chain_made_anew_is_named() -> None:
    anew = [link("c", 1, "0" * 64, event(99))]
    broken = first_broken_link(anew, [checkpoint_of(chain_of(1)[0])])
    assert broken is not None
    assert "not the record" in broken.why


class TestSigned:
    @pytest.fixture
    def ring(self, tmp_path: Path) -> KeyRing:
        create(tmp_path / "ring", "first")
        return KeyRing(tmp_path / "ring")

    def test_a_checkpoint_is_read_as_it_was_signed(self, ring: KeyRing) -> None:
        checkpoint = checkpoint_of(chain_of(3)[-1])
        assert read_checkpoint(sign_checkpoint(checkpoint, ring.signing()), ring.verifying) == checkpoint

    def test_one_that_was_changed_is_refused(self, ring: KeyRing) -> None:
        short, long = (
            sign_checkpoint(checkpoint_of(record), ring.signing()).split(".") for record in chain_of(2)
        )
        with pytest.raises(CheckpointRefused, match="not as it was signed"):
            read_checkpoint(".".join((short[0], long[1], short[2])), ring.verifying)

    def test_one_by_another_key_is_refused(self, ring: KeyRing, tmp_path: Path) -> None:
        forged = sign_checkpoint(checkpoint_of(chain_of(1)[0]), create(tmp_path / "other", "other"))
        with pytest.raises(KeyStrange):
            read_checkpoint(forged, ring.verifying)

    @pytest.mark.parametrize("text", ["", "a.b.c", "eyJhbGciOiJub25lIn0..", "码.码.码"])
    def test_anything_else_is_refused(self, ring: KeyRing, text: str) -> None:
        with pytest.raises(CheckpointRefused, match="cannot be read"):
            read_checkpoint(text, ring.verifying)


class TestInTheDatabase:
    """What the scheduler signs, and what ``suishen audit`` makes of it."""

    @pytest.fixture
    def ring(self, environ: dict[str, str]) -> KeyRing:
        return KeyRing(Path(environ["SUISHEN_AUTH_TOKEN_KEYS_DIR"]))

    @pytest.fixture
    async def checkpoints(
        self, trail: AuditTrail, mongo_database: Database, ring: KeyRing
    ) -> AuditCheckpoints:
        await trail.append("c", [event(number) for number in range(10)])
        await trail.append("d", [event(number) for number in range(3)])
        checkpoints = AuditCheckpoints(trail, mongo_database["audit_checkpoints"], ring, lambda: NOON)
        assert await checkpoints.sign() == []
        return checkpoints

    async def run(self, environ: dict[str, str], *words: str | Path) -> Result:
        """In a thread of its own: the command brings its own loop."""
        return await anyio.to_thread.run_sync(
            lambda: CliRunner().invoke(audit, [str(word) for word in words], env=environ)
        )

    @pytest.fixture
    async def exported(self, checkpoints: object, environ: dict[str, str], tmp_path: Path) -> Path:
        file = tmp_path / "trail.jsonl"
        result = await self.run(environ, "export", file)
        assert result.exit_code == 0, result.output
        return file

    @pytest.fixture
    def trust(self, ring: KeyRing, tmp_path: Path) -> Path:
        """As ``/.well-known/jwks.json`` says it."""
        file = tmp_path / "jwks.json"
        file.write_bytes(msgspec.json.encode(ring.published()))
        return file

    async def test_a_whole_trail_is_vouched_for(
        self, exported: Path, environ: dict[str, str], trust: Path
    ) -> None:
        for words in ((), (exported,), (exported, "--trust", trust), ("--trust", trust)):
            result = await self.run(environ, "verify", *words, "--json")
            assert result.exit_code == 0, result.output
            told = json.loads(result.stdout)
            assert (told["valid"], told["checked"], told["checkpoints"]) == (True, 13, 2)
            assert told["signaturesChecked"] is (words != (exported,))

    @pytest.mark.parametrize("trusting", [True, False])
    async def test_an_export_cut_at_its_end_is_named(
        self, exported: Path, environ: dict[str, str], trust: Path, *, trusting: bool
    ) -> None:
        keep_lines(exported, lambda lines: lines[:-1])
        words = ("--trust", trust) if trusting else ()
        result = await self.run(environ, "verify", exported, *words)
        assert result.exit_code == 1
        assert "chain d is broken at record 3: the chain ends before" in result.stdout

    async def test_an_export_without_its_checkpoints_is_named(
        self, exported: Path, environ: dict[str, str], trust: Path
    ) -> None:
        keep_lines(exported, lambda lines: [line for line in lines if b"checkpoint" not in line])
        result = await self.run(environ, "verify", exported, "--trust", trust)
        assert result.exit_code == 1
        assert "has no checkpoint" in result.stdout

    async def test_a_checkpoint_by_another_key_is_named(
        self, exported: Path, environ: dict[str, str], tmp_path: Path, trust: Path
    ) -> None:
        forger = create(tmp_path / "forger", "forger")
        records = chain_of(1, "d")
        forged = {"checkpoint": sign_checkpoint(checkpoint_of(records[0]), forger)}
        keep_lines(exported, lambda _: [msgspec.json.encode(each) + b"\n" for each in (forged, records[0])])
        result = await self.run(environ, "verify", exported, "--trust", trust)
        assert result.exit_code == 1
        assert "chain d is broken at record 1: its checkpoint is signed by a key" in result.stdout

    async def test_records_deleted_from_the_end_are_named_and_never_signed_over(
        self,
        checkpoints: AuditCheckpoints,
        environ: dict[str, str],
        mongo_database: Database,
    ) -> None:
        await mongo_database["audit"].delete_many({"chain": "c", "sequence": {"$gt": 7}})
        for _ in range(2):
            result = await self.run(environ, "verify", "--json")
            assert result.exit_code == 1
            assert json.loads(result.stdout)["broken"]["chain"] == "c"
            assert json.loads(result.stdout)["broken"]["sequence"] == 10
            # As long as before, but not the same: still no longer what was signed.
            assert [(broken.chain, broken.sequence) for broken in await checkpoints.sign()] == [("c", 10)]
            # By a process that knows nothing of the end that was there.
            await AuditTrail(mongo_database["audit"]).append("c", [event(number) for number in range(50, 60)])

    async def test_a_checkpoint_changed_in_the_database_is_named(
        self, checkpoints: AuditCheckpoints, environ: dict[str, str], mongo_database: Database
    ) -> None:
        kept = await checkpoints.kept()
        for changed in (kept["c"][:-8] + "AAAAAAAA", kept["d"]):
            await mongo_database["audit_checkpoints"].update_one({"_id": "c"}, {"$set": {"jws": changed}})
            assert [broken.chain for broken in await checkpoints.sign()] == ["c"]
            assert (await self.run(environ, "verify")).exit_code == 1

    async def test_a_chain_at_rest_is_signed_anew_only_for_a_new_key(
        self, checkpoints: AuditCheckpoints, ring: KeyRing, environ: dict[str, str], trail: AuditTrail
    ) -> None:
        before = await checkpoints.kept()
        await trail.append("d", [event(9)])
        await checkpoints.sign()
        after = await checkpoints.kept()
        assert [chain for chain in before if before[chain] != after[chain]] == ["d"]

        keys = Path(environ["SUISHEN_AUTH_TOKEN_KEYS_DIR"])
        rotate(keys, "second")
        (keys / "first.pem").unlink()
        ring.refresh()
        assert (await self.run(environ, "verify")).exit_code == 1
        assert await checkpoints.sign() == []
        assert (await self.run(environ, "verify")).exit_code == 0

    async def test_many_tickers_sign_at_once_and_the_longest_stays(
        self, checkpoints: AuditCheckpoints, ring: KeyRing, trail: AuditTrail
    ) -> None:
        async def grow_and_sign(number: int) -> None:
            await trail.append("c", [event(1000 + number)])
            assert await checkpoints.sign() == []

        await asyncio.gather(*(grow_and_sign(number) for number in range(12)))
        await checkpoints.sign()
        latest = read_checkpoint((await checkpoints.kept())["c"], ring.verifying)
        assert latest.sequence == 22
