"""Whatever residents do, in whatever order, and wherever a process dies: what always holds.

nobody is left without a way in
nothing that was revoked is believed: a session lives only where its subject and its way in do
a merge moves nothing, so that undoing it restores both
nobody acts for another once the grant ended, its time is over, or the session they act in ended
"""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import Struct

from auth_bridges.models import (
    ActingGrant,
    Actor,
    Audience,
    MergeCase,
    MergeState,
    ResidentSignedIn,
    Standing,
)
from auth_bridges.refusals import GrantNotInForce, SessionEnded, SignInRequired
from auth_bridges.registrar import RegisterResident, WayIn
from bff.platform.identity import Authenticator
from bff.platform.mongo import database, open_mongo
from bff.platform.redis import open_redis
from bff.sandbox.servers import EmbeddedServers
from miniapp_schemas.acting import GrantSide, GrantState
from miniapp_schemas.refusals import Refusal
from tests.auth_fakes import PHONE, FakeAlipay, FakeBridge, World

T = TypeVar("T")
KNOWN = (
    RegisterResident(
        id_number="990101199003070019",
        name="林小满",
        links=(WayIn(provider="wechat", appid=FakeBridge.appid, subject="w0"),),
    ),
    RegisterResident(
        id_number="990101198511020038",
        name="陈志远",
        links=(WayIn(provider="alipay", appid=FakeAlipay.appid, subject="a0"),),
    ),
)
NUMBERS = {"w0": KNOWN[0].id_number, "a0": KNOWN[1].id_number}
BOTH_KNOWN = st.sampled_from([(("wechat", "w0"), ("alipay", "a0")), (("alipay", "a0"), ("wechat", "w0"))])
TERMS = st.sampled_from([timedelta(minutes=2), timedelta(hours=2), timedelta(days=30)])
PEOPLE = st.sampled_from([("wechat", "w0"), ("wechat", "w1"), ("alipay", "a0"), ("alipay", "a1")])
ANY = st.integers(0, 50)


class Killed(Exception):
    """The process ended here."""


class AccountMachine(RuleBasedStateMachine):
    """Signs in, links, unlinks, merges, undoes, refreshes, revokes, and dies in between."""

    servers: ClassVar[EmbeddedServers]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.signed_in: list[ResidentSignedIn] = []
        self.actors: dict[str, Actor] = {}
        self.owners: dict[str, str] = {}
        self.undone: list[MergeCase] = []
        self.do(self._open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _open(self) -> None:
        self.mongo = open_mongo(self.servers.mongo_url)
        self.redis = open_redis(self.servers.redis_url)
        await self.redis.flushdb()
        self.database = database(self.mongo, f"test_{secrets.token_hex(8)}")
        self.world = World(self.database, self.redis, Path(self.folder.name))
        await self.world.stores.ensure_indexes()
        for known in KNOWN:
            await self.world.registrar.register(known)

    def teardown(self) -> None:
        self.do(self._close())
        self.runner.close()
        self.folder.cleanup()

    async def _close(self) -> None:
        await self.mongo.drop_database(self.database.name)
        await self.redis.aclose()
        self.mongo.close()

    # --- what people do --------------------------------------------------------------------------

    async def _as(self, number: int) -> Actor | None:
        """One of those whose token would be believed; None if nobody's would."""
        living = []
        for each in self.signed_in[-8:]:
            actor = self.actors[each.access.text]
            session = await self.world.stores.sessions.get(actor.session)
            if session is not None and session.ended_at is None and session.sid == actor.session:
                living.append(actor)
        return living[number % len(living)] if living else None

    def _came_in(self, signed_in: ResidentSignedIn) -> None:
        """Remember who bears the token, which cannot be asked once its ten minutes are over."""
        self.signed_in.append(signed_in)
        self.actors[signed_in.access.text] = self.world.actor(signed_in.access.text)

    def _bridge(self, provider: str) -> FakeBridge:
        return self.world.bridge if provider == "wechat" else self.world.alipay

    @rule(who=PEOPLE)
    def sign_in(self, who: tuple[str, str]) -> None:
        self.world.clock.pass_(timedelta(seconds=1))
        provider, subject = who
        code = self.world.code(subject, self._bridge(provider))
        self._came_in(self.do(self.world.auth.sign_in(provider, code, PHONE)))

    @rule(who=PEOPLE, other=PEOPLE, dies=st.booleans())
    def become_one(self, who: tuple[str, str], other: tuple[str, str], *, dies: bool) -> None:
        """Both sign in, and one links the other's way in: what makes a merge."""
        self.sign_in(other)
        self.sign_in(who)
        self.link(-1, other, dies=dies)
        self.sign_in(who)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY, who=PEOPLE, dies=st.booleans())
    def link(self, number: int, who: tuple[str, str], *, dies: bool) -> None:
        async def linked() -> None:
            if (actor := await self._as(number)) is not None:
                await self.world.link(actor, who[1], self._bridge(who[0]))

        self._perhaps(linked(), dies=dies)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY, which=ANY, dies=st.booleans())
    def unlink(self, number: int, which: int, *, dies: bool) -> None:
        async def unlinked() -> None:
            if (actor := await self._as(number)) is not None:
                links = (await self.world.accounts.overviews.of(actor)).links
                await self.world.accounts.linking.unlink(actor, links[which % len(links)].id)

        self._perhaps(unlinked(), dies=dies)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY, dies=st.booleans())
    def undo(self, number: int, *, dies: bool) -> None:
        async def undone() -> None:
            if (actor := await self._as(number)) is not None:
                cases = (await self.world.accounts.overviews.of(actor)).merges
                merged = [case for case in cases if case.state is MergeState.MERGED]
                if merged:
                    self.undone.append(await self.world.accounts.undo_merge(actor, merged[0].id))

        self._perhaps(undone(), dies=dies)

    @rule(merge=st.booleans(), dies=st.booleans())
    def decide(self, *, merge: bool, dies: bool) -> None:
        async def decided() -> None:
            for case in await self.world.accounts.merging.waiting():
                await self.world.accounts.merging.decide(case.id, merge=merge, operator="counter-7")

        self._perhaps(decided(), dies=dies)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY)
    def refresh(self, number: int) -> None:
        """A spent one, too: after the grace it ends its whole family."""
        self.world.clock.pass_(timedelta(seconds=21))
        refresh = self.signed_in[number % len(self.signed_in)].refresh.text
        try:
            self._came_in(self.do(self.world.auth.refresh(refresh, PHONE)))
        except SessionEnded:
            return

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY)
    def sign_out(self, number: int) -> None:
        actor = self.actors[self.signed_in[number % len(self.signed_in)].access.text]
        self.do(self.world.auth.sign_out(actor.session))

    def _perhaps(self, work: Coroutine[Any, Any, None], *, dies: bool) -> None:
        """Do ``work``; it may be refused, or die where sessions would end. Then the scheduler comes by."""
        self.world.clock.pass_(timedelta(seconds=1))
        with pytest.MonkeyPatch.context() as patch:
            if dies:
                patch.setattr(self.world.stores.sessions, "end", _killed)
            with contextlib.suppress(Refusal, Killed):
                self.do(work)
        self.do(self.world.accounts.settle())

    # --- what always holds -------------------------------------------------------------------------

    @invariant()
    def nobody_is_without_a_way_in(self) -> None:
        async def all_have() -> None:
            async for document in self.database["residents"].find({"merged_into": None}):
                resident = await self.world.stores.residents.get(document["_id"])
                assert resident is not None
                assert resident.standing is Standing.ACTIVE
                tree = await self.world.stores.residents.tree_of(resident)
                assert await self.world.stores.residents.links_of(tree) != []

        self.do(all_have())

    @invariant()
    def a_session_lives_only_where_its_subject_and_its_way_in_do(self) -> None:
        async def each_does() -> None:
            _, announced = await self.world.stores.ended.since("0-0", wait=False)
            async for document in self.database["sessions"].find():
                if document["ended_at"] is not None:
                    assert document["_id"] in announced
                    continue
                subject = await self.world.stores.residents.get(document["subject"])
                assert subject is not None
                assert subject.merged_into is None
                tree = await self.world.stores.residents.tree_of(subject)
                links = await self.world.stores.residents.links_of(tree)
                assert document["client"] in {f"{each.provider}:{each.appid}" for each in links}

        self.do(each_does())

    @invariant()
    def a_family_has_one_refresh_token_that_is_alive(self) -> None:
        async def one_each() -> None:
            for each in self.signed_in:
                actor = self.actors[each.access.text]
                living = await self.world.stores.sessions.living(Audience.RESIDENT, actor.resident)
                assert len({session.current for session in living}) == len(living)

        self.do(one_each())

    @invariant()
    def a_merge_moves_nothing_and_undone_restores_both(self) -> None:
        async def nothing_moved() -> None:
            async for document in self.database["links"].find():
                owner = self.owners.setdefault(document["_id"], document["resident"])
                assert document["resident"] == owner
            for case in self.undone:
                # Undone, the two are two, unless they were found to be one again.
                merged = await self.world.stores.merges.of([case.absorbed])
                if not any(each.state is MergeState.MERGED for each in merged):
                    apart = [await self.world.stores.residents.root_of(each) for each in _sides(case)]
                    assert apart[0] != apart[1]

        self.do(nothing_moved())


class ActingToken(Struct, frozen=True):
    """A token somebody was given to act with, and what it hangs on."""

    bearer: bytes
    grant: str
    session: str


class ActingMachine(AccountMachine):
    """Does all that, and grants, accepts, acts, ends from either side, and lets time pass."""

    def __init__(self) -> None:
        self.acting: list[ActingToken] = []
        self.heard = "0-0"
        super().__init__()
        self.desk = Authenticator(
            self.world.tokens,
            self.world.keys,
            env="test",
            clock=lambda: self.world.clock().timestamp(),
        )

    @rule(who=BOTH_KNOWN, term=TERMS)
    def act_for_the_other(self, who: tuple[tuple[str, str], tuple[str, str]], term: timedelta) -> None:
        """Ask, be accepted, and act: what makes tokens to act with."""
        agent, principal = who
        self.sign_in(principal)
        self.sign_in(agent)
        self.grant(-1, NUMBERS[principal[1]], term)
        self.accept(-2)
        self.act(-1, 0)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY, whom=st.sampled_from(sorted(NUMBERS.values())), term=TERMS)
    def grant(self, number: int, whom: str, term: timedelta) -> None:
        async def granted() -> None:
            if (actor := await self._as(number)) is not None:
                until = self.world.clock() + term
                await self.world.acting.ask_relative(actor.resident, whom, ["wallet:read"], until)

        self._perhaps(granted(), dies=False)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY)
    def accept(self, number: int) -> None:
        async def accepted() -> None:
            if (actor := await self._as(number)) is not None:
                for grant, side in await self._grants(actor):
                    if side is GrantSide.PRINCIPAL and self.world.acting.state(grant) is GrantState.OFFERED:
                        await self.world.acting.confirm(actor.resident, actor.session, grant.id, None)

        self._perhaps(accepted(), dies=False)

    @precondition(lambda self: self.signed_in)
    @rule(number=ANY, which=ANY)
    def act(self, number: int, which: int) -> None:
        async def acted() -> None:
            if (actor := await self._as(number)) is not None:
                own = [each for each, side in await self._grants(actor) if side is GrantSide.AGENT]
                if own:
                    grant = own[which % len(own)].id
                    given = await self.world.acting.switch(actor.resident, actor.session, grant)
                    bearer = f"Bearer {given.access.text}".encode()
                    self.acting.append(ActingToken(bearer, grant, actor.session))
                    # A process that has seen it remembers it.
                    assert self.desk.identify(bearer).acting is not None

        self._perhaps(acted(), dies=False)

    @precondition(lambda self: self.acting)
    @rule(number=ANY, which=ANY, dies=st.booleans())
    def end_grant(self, number: int, which: int, *, dies: bool) -> None:
        """From whichever side; who died before it was announced is asked again."""

        async def ended() -> None:
            if (actor := await self._as(number)) is not None:
                sides = await self._grants(actor)
                if sides:
                    grant = sides[which % len(sides)][0].id
                    await self.world.acting.end(actor.resident, actor.session, grant)

        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed, Refusal):
            if dies:
                patch.setattr(self.world.stores.ended, "announce", _killed)
            self.do(ended())
        self._perhaps(ended(), dies=False)

    @rule(time=st.sampled_from([timedelta(minutes=1), timedelta(minutes=3), timedelta(minutes=61)]))
    def time_passes(self, time: timedelta) -> None:
        self.world.clock.pass_(time)

    async def _grants(self, actor: Actor) -> list[tuple[ActingGrant, GrantSide]]:
        return await self.world.acting.grants(actor.resident, actor.session, before=None, limit=20)

    @invariant()
    def nobody_acts_by_what_has_ended(self) -> None:
        async def nobody_does() -> None:
            self.heard, names = await self.world.stores.ended.since(self.heard, wait=False)
            for name in names:
                self.desk.end(name)
            for token in self.acting:
                try:
                    believed = self.desk.identify(token.bearer)
                except (SignInRequired, GrantNotInForce):
                    continue
                assert believed.acting is not None
                grant = await self.world.stores.grants.get(token.grant)
                assert grant is not None
                assert self.world.acting.state(grant) is GrantState.ACTIVE
                assert (believed.holder, believed.acting.grant) == (grant.whom, grant.id)
                session = await self.world.stores.sessions.get(token.session)
                assert session is not None
                assert session.ended_at is None
                assert session.sid == token.session
                assert self.world.clock() < session.expires_at

        self.do(nobody_does())


async def _killed(*_: object, **__: object) -> None:
    raise Killed


def _sides(case: MergeCase) -> tuple[str, str]:
    return case.survivor, case.absorbed


@pytest.mark.parametrize(("machine", "examples"), [(AccountMachine, 15), (ActingMachine, 8)])
def test_accounts_hold_whatever_is_done_with_them(
    servers: EmbeddedServers, machine: type[AccountMachine], examples: int
) -> None:
    machine.servers = servers
    machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=24, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine.TestCase("runTest").debug()
