"""Whatever clerks enter and reviewers decide, in whatever order, whoever dies: what always holds.

no single person, nor two of one organisation, ever changes a colour
a colour is what the evidence says, and each piece has two people of two organisations behind it
of a cohort nobody's colour changes before a third person lets it
"""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bff.platform.keys import create
from bff.platform.mongo import open_mongo
from bff.platform.redis import open_redis
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.servers import EmbeddedServers
from health_code.appeals import Appellant
from health_code.models import Person
from health_code.rules.evidence import Kind
from miniapp_schemas.health_appeals import FileAppeal, ProposeCorrection, RejectAppeal
from miniapp_schemas.health_code import Result
from miniapp_schemas.health_manual import ProposeManual
from miniapp_schemas.refusals import Refusal
from tests.environs import COMPLETE
from tests.health import BY_HAND_IS_RED, UNTESTED_IS_YELLOW, by_hand, people, publish, rule_set

T = TypeVar("T")
CLERKS: Final = [
    Person(id=f"{organisation}{number}", organisation=organisation, organisation_name=organisation)
    for organisation in ("cdc", "hospital", "commission", "")
    for number in (1, 2)
]
NUMBERS: Final = people(3)
COHORT: Final = 2
WHO = st.sampled_from(CLERKS)
WHOM = st.sampled_from(NUMBERS)
REASON = st.sampled_from(["CONTACT_TRACED", "CLINICAL_DIAGNOSIS", "ISOLATION_ORDERED"])
ANY = st.integers(0, 20)
ANSWER: Final = "复核的理由"
NOW: Final = datetime.now(UTC)


class Killed(Exception):
    """The process ended here."""


async def _killed(*_: object, **__: object) -> None:
    raise Killed


class TwoPeopleMachine(RuleBasedStateMachine):
    """Enters, confirms, holds, releases, takes back, appeals, decides, and dies in between."""

    servers: ClassVar[EmbeddedServers]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.entries: list[str] = []
        self.appeals: list[str] = []
        self.agreed: dict[str, list[Person]] = {}
        """Who said yes to what, by the source's id of the evidence it would lead to."""
        self.read: dict[tuple[str, str], int | None] = {}
        """Which proposal of an appeal somebody read last."""
        self.do(self._open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _open(self) -> None:
        folder = Path(self.folder.name)
        for ring in ("tokens", "wallet", "health"):
            create(folder / ring, "first")
        self.environ = {
            **COMPLETE,
            "SUISHEN_MONGO_URL": self.servers.mongo_url,
            "SUISHEN_MONGO_DATABASE": f"test_{secrets.token_hex(8)}",
            "SUISHEN_REDIS_URL": self.servers.redis_url,
            "SUISHEN_AUTH_TOKEN_KEYS_DIR": str(folder / "tokens"),
            "SUISHEN_WALLET_KEYS_DIR": str(folder / "wallet"),
            "SUISHEN_HEALTH_KEYS_DIR": str(folder / "health"),
            "SUISHEN_HEALTH_MANUAL_COHORT_PEOPLE": str(COHORT),
        }
        redis = open_redis(self.servers.redis_url)
        await redis.flushdb()
        await redis.aclose()
        self.stack = contextlib.AsyncExitStack()
        self.platform = await self.stack.enter_async_context(Platform.open(load_settings(self.environ)))
        self.health = self.platform.health
        self.subjects = {number: self.platform.personal.hash(number) for number in NUMBERS}
        await self.health.ensure_indexes()
        await publish(self.platform, rule_set(BY_HAND_IS_RED, UNTESTED_IS_YELLOW))

    def teardown(self) -> None:
        self.do(self._close())
        self.runner.close()
        self.folder.cleanup()

    async def _close(self) -> None:
        await self.stack.aclose()
        mongo = open_mongo(self.servers.mongo_url)
        await mongo.drop_database(self.environ["SUISHEN_MONGO_DATABASE"])
        mongo.close()

    def _says(
        self,
        who: Person,
        what: str,
        say: Callable[[Person, str], Coroutine[Any, Any, object]],
        *,
        leads_to: str | None = None,
        dies: bool = False,
    ) -> None:
        """``who`` says ``say`` of ``what``; if it is taken, it is one more who wants ``leads_to``."""

        async def said() -> None:
            append = self.health.evidence.append
            if dies:
                self.health.evidence.append = _killed  # type: ignore[method-assign, assignment]
            try:
                await say(who, what)
            except Refusal:
                return
            except Killed:
                pass
            finally:
                self.health.evidence.append = append  # type: ignore[method-assign]
            if leads_to is not None:
                self.agreed.setdefault(leads_to, []).append(who)

        self.do(said())

    # --- entering by hand ----------------------------------------------------------------------------

    @rule(who=WHO, whom=WHOM, reason=REASON)
    def propose(self, who: Person, whom: str, reason: str) -> None:
        async def proposed() -> None:
            said = msgspec.convert(by_hand(whom, reason), ProposeManual)
            with contextlib.suppress(Refusal):
                entry = (await self.health.manual.propose(who, said)).id
                self.entries.append(entry)
                self.agreed[entry] = [who]

        self.do(proposed())

    @rule(one=WHO, other=WHO, whom=WHOM, reason=REASON, dies=st.booleans())
    def enter(self, one: Person, other: Person, whom: str, reason: str, *, dies: bool) -> None:
        """One proposes and another confirms: what turns somebody red."""
        self.propose(one, whom, reason)
        if self.entries:
            self.confirm(other, len(self.entries) - 1, dies=dies)

    @precondition(lambda self: self.entries)
    @rule(who=WHO, which=ANY, dies=st.booleans())
    def confirm(self, who: Person, which: int, *, dies: bool) -> None:
        entry = self.entries[which % len(self.entries)]
        self._says(who, entry, self.health.manual.confirm, leads_to=entry, dies=dies)

    @precondition(lambda self: self.entries)
    @rule(who=WHO, which=ANY, dies=st.booleans())
    def release(self, who: Person, which: int, *, dies: bool) -> None:
        entry = self.entries[which % len(self.entries)]
        self._says(who, entry, self.health.manual.release, leads_to=entry, dies=dies)

    @precondition(lambda self: self.entries)
    @rule(who=WHO, which=ANY)
    def decline(self, who: Person, which: int) -> None:
        self._says(who, self.entries[which % len(self.entries)], self.health.manual.decline)

    @precondition(lambda self: self.entries)
    @rule(who=WHO, which=ANY)
    def ask_withdrawal(self, who: Person, which: int) -> None:
        entry = self.entries[which % len(self.entries)]
        self._says(who, entry, self.health.manual.ask_withdrawal, leads_to=f"{entry}:withdrawn")

    @precondition(lambda self: self.entries)
    @rule(who=WHO, which=ANY)
    def keep(self, who: Person, which: int) -> None:
        entry = self.entries[which % len(self.entries)]
        before = self.agreed.pop(f"{entry}:withdrawn", [])
        self._says(who, entry, self.health.manual.keep)
        if self.do(self.health.manual.read(entry)).state in ("WITHDRAWING", "WITHDRAWN"):
            self.agreed[f"{entry}:withdrawn"] = before

    @precondition(lambda self: self.entries)
    @rule(who=WHO, which=ANY, dies=st.booleans())
    def withdraw(self, who: Person, which: int, *, dies: bool) -> None:
        entry = self.entries[which % len(self.entries)]
        self._says(who, entry, self.health.manual.withdraw, leads_to=f"{entry}:withdrawn", dies=dies)

    # --- appeals -------------------------------------------------------------------------------------

    @rule(whom=WHOM)
    def file(self, whom: str) -> None:
        async def filed() -> None:
            subject = self.subjects[whom]
            for reason in (await self.health.codes.read(subject)).reasons:
                rule = reason.rule if reason.evidence is None else None
                said = FileAppeal(evidence=reason.evidence, rule=rule, statement="没有依据")
                appeal = await self.health.appeals.file(Appellant(subject, subject), said)
                if appeal.id not in self.appeals:
                    self.appeals.append(appeal.id)

        self.do(filed())

    @rule(one=WHO, other=WHO, whom=WHOM, dies=st.booleans())
    def appeal(self, one: Person, other: Person, whom: str, *, dies: bool) -> None:
        """Somebody appeals, one reviewer wants it corrected and another agrees."""
        self.file(whom)
        if self.appeals:
            latest = len(self.appeals) - 1
            self.take(one, latest)
            self.propose_correction(one, latest)
            self.uphold(other, latest, dies=dies)

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY)
    def take(self, who: Person, which: int) -> None:
        self._says(who, self.appeals[which % len(self.appeals)], self.health.appeals.take)

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY)
    def propose_correction(self, who: Person, which: int) -> None:
        async def say(person: Person, appeal: str) -> None:
            case = await self.health.appeals.case(appeal)
            # What rests on evidence is taken back; where there is none, a negative result was missing.
            wanted = ProposeCorrection(answer=ANSWER)
            if not case.appeal.evidence:
                negative = Result(outcome="NEGATIVE")
                wanted = ProposeCorrection(answer=ANSWER, facts=negative, occurred_at=NOW)
            await self.health.appeals.propose(person, appeal, wanted)
            # What was wanted before and sent back is nobody's any more.
            self.agreed.pop(appeal, None)

        appeal = self.appeals[which % len(self.appeals)]
        self._says(who, appeal, say, leads_to=appeal)

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY, dies=st.booleans())
    def uphold(self, who: Person, which: int, *, dies: bool) -> None:
        appeal = self.appeals[which % len(self.appeals)]
        read = self.read.get((who.id, appeal))
        # A page that names nothing agrees to the only proposal there ever was.
        meant = self.do(self.health.appeals.case(appeal)).proposal in ({1} if read is None else {read})

        async def say(person: Person, appeal: str) -> None:
            await self.health.appeals.uphold(person, appeal, proposal=read)

        self._says(who, appeal, say, leads_to=appeal if meant else None, dies=dies)

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY)
    def look(self, who: Person, which: int) -> None:
        appeal = self.appeals[which % len(self.appeals)]
        self.read[who.id, appeal] = self.do(self.health.appeals.case(appeal)).proposal

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY)
    def swap(self, who: Person, which: int) -> None:
        """Somebody puts another proposal in the place of their own."""
        self.send_back(who, which)
        self.propose_correction(who, which)

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY)
    def send_back(self, who: Person, which: int) -> None:
        self._says(who, self.appeals[which % len(self.appeals)], self.health.appeals.send_back)

    @precondition(lambda self: self.appeals)
    @rule(who=WHO, which=ANY)
    def reject(self, who: Person, which: int) -> None:
        async def say(person: Person, appeal: str) -> None:
            await self.health.appeals.reject(person, appeal, RejectAppeal(answer=ANSWER))

        self._says(who, self.appeals[which % len(self.appeals)], say)

    @rule()
    def somebody_settles(self) -> None:
        async def settled() -> None:
            # As if the five seconds for which a live process is trusted to go on were over.
            for collection in ("health_manual", "health_appeals"):
                long_ago = datetime.now(UTC) - timedelta(minutes=1)
                mongo = self.platform._mongo[collection]
                await mongo.update_many({"due": True}, {"$set": {"since": long_ago}})
            await self.health.settle()

        self.do(settled())

    # --- what always holds ---------------------------------------------------------------------------

    @invariant()
    def every_piece_of_evidence_has_two_sides_behind_it(self) -> None:
        async def two_sides() -> None:
            for source in await self.health.evidence.sources():
                async for piece in self.health.evidence.chain(source):
                    agreed = self.agreed.get(piece.source_id, [])
                    assert len({each.id for each in agreed}) >= 2, piece.source_id
                    assert len({each.organisation for each in agreed}) >= 2, piece.source_id
                    assert all(each.organisation for each in agreed)

        self.do(two_sides())

    @invariant()
    def a_colour_changes_only_with_such_evidence(self) -> None:
        async def follows() -> None:
            await self.health.recolouring.judge(list(self.subjects.values()))
            known = await self.health.evidence.of(list(self.subjects.values()))
            for number, subject in self.subjects.items():
                pieces = known[subject]
                corrected = {each.supersedes for each in pieces if each.supersedes is not None}
                counting = [
                    each
                    for each in pieces
                    if not each.void and (each.source, each.source_id) not in corrected
                ]
                colour = (await self.health.codes.read(subject)).colour
                kinds = {each.kind for each in counting}
                said = "RED" if Kind.MANUAL in kinds else "GREEN" if Kind.RESULT in kinds else "YELLOW"
                assert colour == said, number

        self.do(follows())

    @invariant()
    def of_a_cohort_nobody_is_through_without_a_third(self) -> None:
        async def third() -> None:
            by_reason: dict[str, set[str]] = {}
            for entry in await self.health.manual_entries.listed(None, before=None, limit=1_000):
                if entry.evidence is not None and entry.released_by is None:
                    by_reason.setdefault(entry.reason, set()).add(entry.subject)
            assert all(len(subjects) < COHORT for subjects in by_reason.values())

        self.do(third())


def test_no_single_person_changes_a_colour(servers: EmbeddedServers) -> None:
    TwoPeopleMachine.servers = servers
    TwoPeopleMachine.TestCase.settings = settings(
        max_examples=8, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
    )
    TwoPeopleMachine.TestCase("runTest").debug()
