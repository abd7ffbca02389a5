"""The audit chain: appended once, by many at once; any change to it is found, and so is a missing end."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bff.cli_audit import audit, shown
from bff.platform.audit import (
    STREAM,
    AuditEvent,
    AuditRecord,
    AuditRecorder,
    AuditTrail,
    Checkpoint,
    Head,
    first_broken_link,
    link,
)
from bff.platform.checkpoints import (
    COPY,
    AuditCheckpoints,
    CheckpointRefused,
    KeyStrange,
    digest_of,
    read_checkpoint,
    sign_checkpoint,
)
from bff.platform.keys import KeyRing, create, drop, rotate
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


def head_of(record: AuditRecord) -> Head:
    return Head(chain=record.chain, sequence=record.sequence, hash=record.hash)


def checkpoint_of(record: AuditRecord) -> Checkpoint:
    return Checkpoint(number=1, previous="0" * 64, at=NOON, heads=(head_of(record),))


@given(st.integers(1, 10), st.integers(0, 11))
def test_a_chain_cut_before_its_checkpoint_is_named_and_one_cut_after_it_is_not(
    signed: int, left: int
) -> None:
    records = chain_of(11)
    broken = first_broken_link(records[:left], [head_of(records[signed - 1])])
    if left >= signed:
        assert broken is None
    else:
        assert broken is not None
        assert (broken.chain, broken.sequence) == ("c", signed)
        assert "ends before" in broken.why


def test_a_whole_chain_made_anew_is_named() -> None:
    anew = [link("c", 1, "0" * 64, event(99))]
    broken = first_broken_link(anew, [head_of(chain_of(1)[0])])
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
    def now(self) -> list[timedelta]:
        """How long ago the scheduler believes it is."""
        return [timedelta()]

    @pytest.fixture
    async def unsigned(
        self, trail: AuditTrail, mongo_database: Database, redis: Redis, ring: KeyRing, now: list[timedelta]
    ) -> AuditCheckpoints:
        await trail.append("c", [event(number) for number in range(10)])
        await trail.append("d", [event(number) for number in range(3)])
        return AuditCheckpoints(
            trail, mongo_database["audit_checkpoints"], redis, ring, lambda: datetime.now(UTC) - now[0]
        )

    @pytest.fixture
    async def checkpoints(self, unsigned: AuditCheckpoints) -> AuditCheckpoints:
        assert await unsigned.sign() == []
        return unsigned

    async def run(self, environ: dict[str, str], *words: str | Path) -> Result:
        """In a thread of its own: the command brings its own loop."""
        return await anyio.to_thread.run_sync(
            lambda: CliRunner().invoke(audit, [str(word) for word in words], env=environ)
        )

    async def told(self, environ: dict[str, str], *words: str | Path) -> tuple[int, Any]:
        """The exit status of ``verify``, and what it told a program."""
        result = await self.run(environ, "verify", *words, "--json")
        assert result.stdout, result.output
        return result.exit_code, json.loads(result.stdout)

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
            status, told = await self.told(environ, *words)
            assert (status, told["verdict"], told["valid"], told["checked"]) == (0, "VALID", True, 13)
            assert (told["checkpoint"]["number"], told["unvouched"]) == (1, 0)
            assert told["signaturesChecked"] is (words != (exported,))
        assert (await self.run(environ, "verify")).stdout.startswith("✔ 审计链完整，共 13 条")

    async def test_what_came_after_the_checkpoint_is_counted(
        self, checkpoints: object, trail: AuditTrail, environ: dict[str, str]
    ) -> None:
        await trail.append("c", [event(70), event(71)])
        await trail.append("e", [event(72)])
        status, told = await self.told(environ)
        assert (status, told["verdict"], told["unvouched"]) == (0, "VALID", 3)
        assert "3 records after it are not vouched for" in (await self.run(environ, "verify")).stdout

    # --- nothing there, nobody to vouch for it

    async def test_no_records_prove_nothing(
        self, trail: object, environ: dict[str, str], tmp_path: Path
    ) -> None:
        empty = tmp_path / "empty"
        empty.write_bytes(b"\n")
        for words in ((), (empty,), (empty, "--unattested")):
            status, told = await self.told(environ, *words)
            assert (status, told["verdict"], told["valid"]) == (3, "EMPTY", False)
            assert "there are no records" in (await self.run(environ, "verify", *words)).stdout

    async def test_an_empty_city_signs_nothing(
        self, trail: AuditTrail, mongo_database: Database, redis: Redis, ring: KeyRing
    ) -> None:
        empty = AuditCheckpoints(
            trail, mongo_database["audit_checkpoints"], redis, ring, lambda: datetime.now(UTC)
        )
        assert await empty.sign() == []
        assert await empty.kept() == []

    async def test_an_emptied_trail_is_missed_by_either_copy_of_its_checkpoint(
        self, checkpoints: AuditCheckpoints, environ: dict[str, str], mongo_database: Database, redis: Redis
    ) -> None:
        for name in ("audit", "audit_checkpoints"):
            await mongo_database[name].delete_many({})
        assert (await self.told(environ))[0] == 1
        # The scheduler goes on saying what was said, in both places.
        assert [broken.chain for broken in await checkpoints.sign()] == ["c", "d"]
        await redis.delete(COPY)
        status, told = await self.told(environ)
        assert (status, told["broken"]["chain"], told["broken"]["sequence"]) == (1, "c", 10)
        assert "which checkpoint 2 of " in told["broken"]["why"]

    async def test_a_trail_nobody_signed_is_unattested_unless_it_has_just_begun(
        self, unsigned: object, environ: dict[str, str], trail: AuditTrail, mongo_database: Database
    ) -> None:
        status, told = await self.told(environ)
        assert (status, told["verdict"], told["valid"]) == (4, "UNATTESTED", False)
        assert "nobody can say whether its end was cut off" in (await self.run(environ, "verify")).stdout
        assert (await self.told(environ, "--unattested"))[0] == 0

        await mongo_database["audit"].delete_many({})
        young = msgspec.structs.replace(event(1), at=datetime.now(UTC))
        await AuditTrail(mongo_database["audit"]).append("c", [young])
        status, told = await self.told(environ)
        assert (status, told["verdict"], told["checkpoint"]) == (0, "VALID", None)
        assert "no checkpoint is signed yet" in (await self.run(environ, "verify")).stdout

    async def test_an_export_without_its_checkpoint_is_unattested(
        self, exported: Path, environ: dict[str, str], trust: Path
    ) -> None:
        keep_lines(exported, lambda lines: [line for line in lines if b"checkpoint" not in line])
        for words in ((), ("--trust", trust)):
            status, told = await self.told(environ, exported, *words)
            assert (status, told["verdict"], told["valid"]) == (4, "UNATTESTED", False)
            assert (await self.told(environ, exported, *words, "--unattested"))[0] == 0

    # --- the end cut off

    @pytest.mark.parametrize("trusting", [True, False])
    async def test_an_export_cut_at_its_end_is_named(
        self, exported: Path, environ: dict[str, str], trust: Path, *, trusting: bool
    ) -> None:
        keep_lines(exported, lambda lines: lines[:-1])
        words = ("--trust", trust) if trusting else ()
        result = await self.run(environ, "verify", exported, *words, "--unattested")
        assert result.exit_code == 1
        assert "chain d is broken at record 3: the chain ends before" in result.stdout

    async def test_an_older_checkpoint_put_back_with_its_trail_is_missed_by_redis(
        self,
        checkpoints: AuditCheckpoints,
        environ: dict[str, str],
        mongo_database: Database,
        trail: AuditTrail,
    ) -> None:
        kept = mongo_database["audit_checkpoints"]
        earlier = await kept.find_one()
        assert earlier is not None
        await trail.append("c", [event(20)])
        assert await checkpoints.sign() == []
        for put_back in ([], [earlier]):
            await mongo_database["audit"].delete_many({"chain": "c", "sequence": {"$gt": 10}})
            await kept.delete_many({})
            for document in put_back:
                await kept.insert_one(document)
            status, told = await self.told(environ)
            assert (status, told["broken"]["chain"], told["broken"]["sequence"]) == (1, "c", 11)

    async def test_put_back_everywhere_it_is_too_old_and_an_older_export_tells(
        self,
        unsigned: AuditCheckpoints,
        environ: dict[str, str],
        mongo_database: Database,
        redis: Redis,
        trail: AuditTrail,
        *,
        now: list[timedelta],
        tmp_path: Path,
        trust: Path,
    ) -> None:
        now[0] = timedelta(minutes=11)
        await unsigned.sign()
        [earlier] = set(await unsigned.kept())
        now[0] = timedelta()
        await trail.append("c", [event(20)])
        await unsigned.sign()
        export = tmp_path / "kept-elsewhere.jsonl"
        assert (await self.run(environ, "export", export)).exit_code == 0
        first_line = tmp_path / "first-line"
        first_line.write_bytes(export.read_bytes().splitlines(keepends=True)[0])
        records_alone = tmp_path / "records"
        records_alone.write_bytes(b"".join(export.read_bytes().splitlines(keepends=True)[1:]))
        for since in (export, first_line, records_alone):
            assert (await self.told(environ, "--since", since))[0] == 0
            assert (await self.told(environ, export, "--trust", trust, "--since", since))[0] == 0

        await mongo_database["audit"].delete_many({"chain": "c", "sequence": {"$gt": 10}})
        await mongo_database["audit_checkpoints"].update_one({}, {"$set": {"jws": earlier}})
        await redis.set(COPY, earlier)
        status, told = await self.told(environ)
        assert (status, told["verdict"], told["valid"]) == (4, "STALE", False)
        assert told["checkpoint"]["age"] >= 660
        assert "last attested at" in (await self.run(environ, "verify")).stdout
        for since in (export, first_line):
            status, told = await self.told(environ, "--since", since)
            assert (status, told["verdict"]) == (1, "BROKEN")
            assert "was put back" in told["broken"]["why"]
        status, told = await self.told(environ, "--since", records_alone)
        assert (status, told["broken"]["chain"], told["broken"]["sequence"]) == (1, "c", 11)
        assert "which the older export vouches for" in told["broken"]["why"]

        # The scheduler, which knows no better, makes the number a second time: another checkpoint.
        assert await unsigned.sign() == []
        assert (await self.told(environ))[0] == 0
        status, told = await self.told(environ, "--since", first_line)
        assert status == 1
        assert "is not the one the older export has" in told["broken"]["why"]
        assert (
            "the checkpoint does not hold"
            in (await self.run(environ, "verify", "--since", first_line)).stdout
        )

    async def test_what_is_no_export_is_no_older_one(
        self, checkpoints: object, environ: dict[str, str], exported: Path, tmp_path: Path
    ) -> None:
        strange = tmp_path / "strange"
        for content in (b"", b"# no export"):
            strange.write_bytes(content)
            assert (await self.run(environ, "verify", "--since", strange)).exit_code == 2
        keep_lines(exported, lambda lines: [*lines[:3], *lines[4:]])
        holed = await self.run(environ, "verify", "--since", exported)
        assert holed.exit_code == 2
        assert "--since does not hold itself, at c 4" in holed.stderr

    async def test_an_export_that_goes_on_long_after_its_checkpoint_is_stale(
        self, checkpoints: object, environ: dict[str, str], trail: AuditTrail, tmp_path: Path
    ) -> None:
        late = msgspec.structs.replace(event(60), at=datetime.now(UTC) + timedelta(minutes=61))
        await trail.append("d", [late])
        export = tmp_path / "late.jsonl"
        await self.run(environ, "export", export)
        status, told = await self.told(environ, export)
        assert (status, told["verdict"], told["unvouched"]) == (4, "STALE", 1)

    async def test_records_deleted_from_the_end_are_named_and_never_signed_over(
        self, checkpoints: AuditCheckpoints, environ: dict[str, str], mongo_database: Database, ring: KeyRing
    ) -> None:
        await mongo_database["audit"].delete_many({"chain": "c", "sequence": {"$gt": 7}})
        for grown in (3, 4):
            status, told = await self.told(environ)
            assert (status, told["broken"]["chain"], told["broken"]["sequence"]) == (1, "c", 10)
            assert [(broken.chain, broken.sequence) for broken in await checkpoints.sign()] == [("c", 10)]
            # By a process that knows nothing of the end that was there. As long as before, but not the same:
            # still no longer what was signed. The other chain is signed on.
            again = AuditTrail(mongo_database["audit"])
            await again.append("c", [event(number) for number in range(50, 60)])
            await again.append("d", [event(number) for number in range(50 + grown, 51 + grown)])
        await checkpoints.sign()
        signed = read_checkpoint((await checkpoints.kept())[0], ring.verifying)
        assert [(head.chain, head.sequence) for head in signed.heads] == [("c", 10), ("d", 5)]

    # --- checkpoints tampered with

    async def test_a_checkpoint_by_another_key_is_named(
        self, exported: Path, environ: dict[str, str], tmp_path: Path, trust: Path
    ) -> None:
        forger = create(tmp_path / "forger", "forger")
        records = chain_of(1, "d")
        forged = {"checkpoint": sign_checkpoint(checkpoint_of(records[0]), forger)}
        keep_lines(exported, lambda _: [msgspec.json.encode(each) + b"\n" for each in (forged, records[0])])
        result = await self.run(environ, "verify", exported, "--trust", trust)
        assert result.exit_code == 1
        assert "the checkpoint does not hold: checkpoint 1 of 2026-11-22T04:00:00Z is signed" in result.stdout

    @pytest.mark.parametrize("place", ["mongo", "redis"])
    async def test_a_changed_checkpoint_is_named_and_nothing_signed_over_it(
        self,
        checkpoints: AuditCheckpoints,
        environ: dict[str, str],
        mongo_database: Database,
        redis: Redis,
        place: str,
    ) -> None:
        kept = (await checkpoints.kept())[0]
        for changed in (kept[:-8] + "AAAAAAAA", "gone"):
            if place == "mongo":
                await mongo_database["audit_checkpoints"].update_one({}, {"$set": {"jws": changed}})
            else:
                await redis.set(COPY, changed)
            assert [broken.sequence for broken in await checkpoints.sign()] == [0]
            assert changed in await checkpoints.kept()
            assert (await self.run(environ, "verify")).exit_code == 1

    async def test_each_checkpoint_names_the_one_before_it_also_where_nothing_happened(
        self, checkpoints: AuditCheckpoints, ring: KeyRing
    ) -> None:
        for number in (2, 3):
            earlier = (await checkpoints.kept())[0]
            assert await checkpoints.sign() == []
            later = read_checkpoint((await checkpoints.kept())[0], ring.verifying)
            assert (later.number, later.previous) == (number, digest_of(earlier))

    async def test_a_lost_copy_is_made_again(self, checkpoints: AuditCheckpoints, redis: Redis) -> None:
        await redis.delete(COPY)
        assert await checkpoints.sign() == []
        in_mongo, in_redis = await checkpoints.kept()
        assert in_mongo == in_redis

    async def test_what_a_removed_key_signed_is_held_against_the_chains_and_signed_anew(
        self, checkpoints: AuditCheckpoints, ring: KeyRing, environ: dict[str, str]
    ) -> None:
        keys = Path(environ["SUISHEN_AUTH_TOKEN_KEYS_DIR"])
        rotate(keys, "second")
        (keys / "first.pem").unlink()
        ring.refresh()
        assert (await self.run(environ, "verify")).exit_code == 1
        assert await checkpoints.sign() == []
        assert (await self.run(environ, "verify")).exit_code == 0

    async def test_what_a_dropped_key_signed_counts_no_more_and_is_not_called_forged(
        self, checkpoints: AuditCheckpoints, ring: KeyRing, environ: dict[str, str], mongo_database: Database
    ) -> None:
        keys = Path(environ["SUISHEN_AUTH_TOKEN_KEYS_DIR"])
        rotate(keys, "second")
        drop(keys, "first")
        ring.refresh()
        status, told = await self.told(environ)
        assert (status, told["verdict"], told["checkpoint"]) == (4, "UNATTESTED", None)
        said = (await self.run(environ, "verify")).stdout
        assert "is by a key that was dropped since and counts no more" in said
        assert await checkpoints.sign() == []
        assert (await self.run(environ, "verify")).exit_code == 0
        # What it said is held against the chains, by whomever it might have been said.
        rotate(keys, "third")
        drop(keys, "second")
        await mongo_database["audit"].delete_many({"chain": "c", "sequence": {"$gt": 9}})
        status, told = await self.told(environ)
        assert (status, told["broken"]["chain"]) == (1, "c")

    async def test_many_tickers_sign_at_once_and_each_number_stands_once(
        self, checkpoints: AuditCheckpoints, ring: KeyRing, trail: AuditTrail, environ: dict[str, str]
    ) -> None:
        async def grow_and_sign(number: int) -> None:
            await trail.append("c", [event(1000 + number)])
            assert await checkpoints.sign() == []

        await asyncio.gather(*(grow_and_sign(number) for number in range(12)))
        await checkpoints.sign()
        latest = read_checkpoint((await checkpoints.kept())[0], ring.verifying)
        assert latest.heads[0].sequence == 22
        assert latest.number <= 14
        assert (await self.run(environ, "verify")).exit_code == 0

    # --- records that are none

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"event": '{"id":"e3"}'}, "its event cannot be read"),
            ({"event": "no JSON"}, "its event cannot be read"),
            ({"event": 5}, "its event cannot be read"),
            ({"eventId": "e77"}, "it is filed under the id of another event"),
            ({"hash": "0" * 64}, "its content is not what was hashed"),
        ],
    )
    async def test_a_record_that_is_none_is_named_by_its_place(
        self,
        checkpoints: object,
        environ: dict[str, str],
        mongo_database: Database,
        change: dict[str, Any],
        *,
        why: str,
        tmp_path: Path,
    ) -> None:
        await mongo_database["audit"].update_one({"chain": "c", "sequence": 4}, {"$set": change})
        status, told = await self.told(environ)
        assert (status, told["broken"]) == (1, {"chain": "c", "sequence": 4, "why": why})
        if "hash" not in change:
            export = await self.run(environ, "export", tmp_path / "broken.jsonl")
            assert (export.exit_code, (tmp_path / "broken.jsonl").exists()) == (1, False)
            assert "chain c is broken at record 4" in export.stdout

    async def test_a_word_added_to_a_stored_event_is_named(
        self, checkpoints: object, environ: dict[str, str], mongo_database: Database
    ) -> None:
        stored = await mongo_database["audit"].find_one({"chain": "d", "sequence": 2})
        assert stored is not None
        for added in (stored["event"].replace("}", ',"by":"me"}', 1) + " ", stored["event"][:-1] + ',"x":1}'):
            await mongo_database["audit"].update_one({"_id": stored["_id"]}, {"$set": {"event": added}})
            status, told = await self.told(environ)
            assert (status, told["broken"]["chain"], told["broken"]["sequence"]) == (1, "d", 2)

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            (lambda line: line.replace(b'"kind":"test"', b'"kind":5'), ("c", 4)),
            (lambda line: line.replace(b'"kind"', b'"by":"me","kind"'), ("c", 4)),
            (lambda _: b"no record\n", ("c", 4)),
            (lambda line: line[:40] + b"\xff" + line[40:], ("c", 4)),
            (lambda line: line.replace(b'"outcome":', b'"outcome":"OK_ONLINE","outcome":'), ("c", 4)),
            (lambda line: re.sub(rb'("at":"[^"Z]+)Z', rb"\1", line), ("c", 4)),
            (
                lambda line: line.replace(
                    b'"facts":{', b'"facts":{"a":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b","
                ),
                ("c", 4),
            ),
        ],
    )
    async def test_a_line_that_is_no_record_is_named_by_its_place(
        self,
        exported: Path,
        environ: dict[str, str],
        change: Callable[[bytes], bytes],
        place: tuple[str, int],
    ) -> None:
        keep_lines(exported, lambda lines: [*lines[:4], change(lines[4]), *lines[5:]])
        status, told = await self.told(environ, exported)
        assert (status, (told["broken"]["chain"], told["broken"]["sequence"])) == (1, place)

    async def test_an_export_written_anew_by_another_program_still_holds(
        self, exported: Path, environ: dict[str, str]
    ) -> None:
        def anew(lines: list[bytes]) -> list[bytes]:
            return [
                lines[0],
                *(
                    json.dumps(dict(reversed(json.loads(each).items()))).encode() + b"\n"
                    for each in lines[1:]
                ),
            ]

        keep_lines(exported, anew)
        assert (await self.run(environ, "verify", exported)).exit_code == 0

    async def test_a_file_that_is_no_export_cannot_be_read(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        for content in (b"# Suishen\n", b'{"checkpoint":5}\n', b"\xff\xfe\n"):
            (tmp_path / "strange").write_bytes(content)
            result = await self.run(environ, "verify", tmp_path / "strange")
            assert (result.exit_code, result.stdout) == (2, "")
            assert "line 1 cannot be read" in result.stderr
        result = await self.run(environ | {"SUISHEN_REDIS_URL": "redis://127.0.0.1:1"}, "verify")
        assert result.exit_code == 2
        assert "数据库无法使用" in result.stderr


class _Growing(AuditTrail):
    """A trail whose size is told too small, as it is where it grows or after a crash."""

    async def count(self) -> int:
        return 2


async def test_the_progress_bar_never_passes_its_end(
    mongo_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    growing = _Growing(mongo_database["audit"])
    await growing.append("c", [event(number) for number in range(5)])
    assert len([record async for record in shown(growing, quiet=False)]) == 5
    assert "5/5" in capsys.readouterr().err
