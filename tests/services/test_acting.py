"""Acting for others: who may be acted for, by whose word, and what ends it."""

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.models import (
    ActingGrant,
    Actor,
    GrantEnding,
    Guardianship,
    LegalPerson,
    NoticeKind,
    Standing,
)
from auth_bridges.refusals import (
    ActingNotOffered,
    ConfirmationCodeWrong,
    FamilyRegisterUnavailable,
    GrantNotInForce,
    GrantStandsAlready,
    GrantUnknown,
    GuardianshipStands,
    NotAGuardian,
    NotForYourself,
    NotLegalRepresentative,
    NotYoursToConfirm,
    OfferLapsed,
    ReauthenticationRequired,
    ScopeNotGrantable,
    SessionEnded,
    StepUpRequired,
    TermNotGrantable,
    TooManyGuardians,
)
from auth_bridges.registrar import RegisterClerk, RegisterOrganisation, RegisterResident, WayIn
from auth_bridges.rules.sessions import lifetime
from bff.platform.limits import TooManyRequests
from bff.platform.mongo import Database
from bff.platform.push_addressed import StillAddressed
from miniapp_schemas.acting import ActingKind, GrantSide, GrantState
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import COUNTER, NOW, PHONE, FakeBridge, World

# The district code of a municipality as a whole: nobody's.
MOTHER, FATHER, CHILD, ELDER, BOSS, AGENT = (f"3100001990030700{n}7" for n in range(1, 7))
NAMES = {MOTHER: "林晓月", FATHER: "陈志远", ELDER: "王桂芳", BOSS: "李国强", AGENT: "钱思源"}
READ, SHOW = "wallet:read", "wallet:show"
TEAHOUSE = LegalPerson(uscc="91310000990000116X", name="听潮茶业有限公司")
OTHER_FIRM = LegalPerson(uscc="91310000990000124R", name="望海茶业有限公司")
MONTH = NOW + timedelta(days=30)


class Signed:
    """Somebody signed in."""

    def __init__(self, subject: str, session: str) -> None:
        self.subject = subject
        self.session = session


class Town(World):
    """A world with people in it."""

    async def sign_in(self, number: str) -> Signed:
        code = f"code {number} {self.clock()} {len(self.bridge.asked)}"
        self.bridge.knows[code] = f"oSIM{number}"
        signed_in = await self.auth.sign_in("wechat", code, PHONE)
        grant = self.tokens.verify(signed_in.access.text, now=self.clock()).grant
        return Signed(grant.subject, grant.session)

    def proven(self, who: Signed, *methods: str) -> Actor:
        """Somebody who just proved it, by a code to their phone if nothing else is said."""
        return Actor(
            resident=who.subject,
            session=who.session,
            level=AssuranceLevel.L2,
            auth_time=self.clock(),
            methods=frozenset(methods or ("sms",)),
        )

    async def clerk(self) -> Signed:
        signed_in = await self.auth.sign_in_clerk("hall", "5001", "correct horse", COUNTER)
        grant = self.tokens.verify(signed_in.access.text, now=self.clock()).grant
        return Signed(grant.subject, grant.session)

    async def code_of(self, who: Signed, grant: ActingGrant) -> str:
        """What the side that is acted for sees on their screen."""
        seen = await self.acting.grants(who.subject, who.session, before=None, limit=10)
        code = next(self.acting.code(each, side) for each, side in seen if each.id == grant.id)
        assert code is not None
        return code


@pytest.fixture
async def town(mongo_database: Database, redis: Redis, tmp_path: Path) -> Town:
    made = Town(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    for number, name in NAMES.items():
        way_in = WayIn(provider="wechat", appid=FakeBridge.appid, subject=f"oSIM{number}")
        await made.registrar.register(RegisterResident(id_number=number, name=name, links=(way_in,)))
    await made.registrar.register(RegisterOrganisation(id="hall", name="政务服务中心"))
    await made.registrar.register(
        RegisterClerk(
            organisation="hall",
            number="5001",
            passphrase="correct horse",
            scopes=("acting:assist",),
            scenes=(),
        )
    )
    child = Guardianship(child_name="林小满", born=date(2010, 5, 21))
    made.family.entries |= {(MOTHER, CHILD): child, (FATHER, CHILD): child}
    return made


# --- guardians -------------------------------------------------------------------------------------------


async def test_a_guardian_acts_until_the_child_comes_of_age(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    grant = await town.acting.claim_child(town.proven(mother), CHILD)
    assert town.acting.state(grant) is GrantState.ACTIVE
    assert grant.expires_at == datetime(2028, 5, 20, 16, tzinfo=UTC)
    switched = await town.acting.switch(mother.subject, mother.session, grant.id)
    said = town.tokens.verify(switched.access.text, now=NOW).grant
    assert (said.subject, said.session) == (mother.subject, mother.session)
    assert said.holder == town.personal.hash(CHILD)
    assert said.acting is not None
    assert (said.acting.kind, said.acting.grant, said.acting.name) == (
        ActingKind.GUARDIAN,
        grant.id,
        "林**",
    )
    assert ("grant.offered", mother.subject, "ok") in town.audit.events
    assert ("acting.switched", mother.subject, "ok") in town.audit.events
    assert town.audit.facts[-1]["onBehalfOf"] == town.personal.hash(CHILD)


async def test_on_the_eighteenth_birthday_the_guardian_is_none_any_more(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    grant = await town.acting.claim_child(town.proven(mother), CHILD)
    town.clock.now = grant.expires_at - timedelta(minutes=2)
    mother = await town.sign_in(MOTHER)
    switched = await town.acting.switch(mother.subject, mother.session, grant.id)
    # Two minutes are left, so the token has no ten, and none of the leeway either.
    assert switched.access.expires_at == grant.expires_at - timedelta(seconds=5)
    town.clock.now = grant.expires_at
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(mother.subject, mother.session, grant.id)
    with pytest.raises(NotAGuardian):
        await town.acting.claim_child(town.proven(mother), CHILD)
    assert await town.acting.may_act(mother.subject) == []


async def told(town: Town, who: Signed) -> list[tuple[NoticeKind, str | None]]:
    """What somebody was told, newest first."""
    return [(each.kind, each.by) for each in await town.stores.notices.of([who.subject], limit=20)]


async def test_a_childs_account_sees_its_guardians_and_ends_none_of_them(town: Town) -> None:
    """Whoever knew its name and number, or has its phone, could end what protects it."""
    mother = await town.sign_in(MOTHER)
    hers = await town.acting.claim_child(town.proven(mother), CHILD)
    way_in = WayIn(provider="wechat", appid=FakeBridge.appid, subject=f"oSIM{CHILD}")
    await town.registrar.register(RegisterResident(id_number=CHILD, name="林小满", links=(way_in,)))
    child = await town.sign_in(CHILD)
    ((seen, side),) = await town.acting.grants(child.subject, child.session, before=None, limit=5)
    assert (seen.id, side) == (hers.id, GrantSide.PRINCIPAL)
    with pytest.raises(GuardianshipStands):
        await town.acting.end(child.subject, child.session, hers.id)
    assert ("grant.refused", "GUARDIANSHIP_STANDS") in town.audit.kinds
    await town.acting.switch(mother.subject, mother.session, hers.id)
    town.clock.now = hers.expires_at
    child = await town.sign_in(CHILD)
    await town.acting.end(child.subject, child.session, hers.id)


async def test_a_childs_guardians_are_told_what_the_other_does_with_it_and_not_what_they_do(
    town: Town,
) -> None:
    mother, father = await town.sign_in(MOTHER), await town.sign_in(FATHER)
    hers = await town.acting.claim_child(town.proven(mother), CHILD)
    assert await told(town, father) == []  # not a guardian here yet, as far as anybody knows
    town.clock.pass_(timedelta(seconds=1))
    his = await town.acting.claim_child(town.proven(father), CHILD)
    assert await told(town, mother) == [(NoticeKind.GUARDIAN_JOINED, "陈**")]
    for _ in range(2):  # once a session, however often
        town.clock.pass_(timedelta(seconds=1))
        await town.acting.switch(father.subject, father.session, his.id)
    assert await told(town, mother) == [
        (NoticeKind.GUARDIAN_ACTED, "陈**"),
        (NoticeKind.GUARDIAN_JOINED, "陈**"),
    ]
    town.clock.pass_(timedelta(seconds=1))
    again = await town.sign_in(FATHER)
    await town.acting.switch(again.subject, again.session, his.id)
    assert [kind for kind, _ in await told(town, mother)].count(NoticeKind.GUARDIAN_ACTED) == 2
    town.clock.pass_(timedelta(seconds=1))
    await town.acting.end(father.subject, father.session, his.id)
    assert (await told(town, mother))[0] == (NoticeKind.GUARDIAN_ENDED, "陈**")
    await town.acting.switch(mother.subject, mother.session, hers.id)
    assert await told(town, father) == []


async def test_of_a_guardian_who_died_before_telling_the_other_hears_when_it_is_asked_again(
    town: Town,
) -> None:
    mother, father = await town.sign_in(MOTHER), await town.sign_in(FATHER)
    await town.acting.claim_child(town.proven(mother), CHILD)
    await town.acting.claim_child(town.proven(father), CHILD)
    await town.stores.notices.forget([mother.subject])
    for _ in range(2):
        await town.acting.claim_child(town.proven(father), CHILD)
    assert await told(town, mother) == [(NoticeKind.GUARDIAN_JOINED, "陈**")]


async def test_a_grown_childs_guardians_are_told_nothing_more(town: Town) -> None:
    mother, father = await town.sign_in(MOTHER), await town.sign_in(FATHER)
    hers = await town.acting.claim_child(town.proven(mother), CHILD)
    await town.acting.claim_child(town.proven(father), CHILD)
    before = await told(town, mother)
    town.clock.now = hers.expires_at
    father = await town.sign_in(FATHER)
    for grant, _ in await town.acting.grants(father.subject, father.session, before=None, limit=5):
        with pytest.raises(GrantNotInForce):
            await town.acting.switch(father.subject, father.session, grant.id)
        await town.acting.end(father.subject, father.session, grant.id)
    assert await told(town, mother) == before


async def test_whom_the_register_does_not_know_is_no_guardian(town: Town) -> None:
    boss, mother = await town.sign_in(BOSS), await town.sign_in(MOTHER)
    for who, number in ((boss, CHILD), (mother, ELDER), (mother, "310000201005210199")):
        with pytest.raises(NotAGuardian):
            await town.acting.claim_child(town.proven(who), number)


async def test_a_providers_silent_word_is_not_enough_to_become_a_guardian(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    with pytest.raises(ReauthenticationRequired):
        await town.acting.claim_child(town.proven(mother, "provider"), CHILD)
    long_ago = structs.replace(town.proven(mother), auth_time=NOW - timedelta(minutes=6))
    with pytest.raises(ReauthenticationRequired):
        await town.acting.claim_child(long_ago, CHILD)
    assert town.family.asked == 0


async def test_claimed_twice_at_once_it_is_one_grant(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    claimed = await asyncio.gather(*(town.acting.claim_child(town.proven(mother), CHILD) for _ in range(8)))
    assert len({grant.id for grant in claimed}) == 1


async def test_a_child_has_three_guardians_at_most(town: Town) -> None:
    child = town.family.entries[MOTHER, CHILD]
    four = [MOTHER, FATHER, ELDER, BOSS]
    town.family.entries |= {(number, CHILD): child for number in four}
    people = [await town.sign_in(number) for number in four]
    claims = await asyncio.gather(
        *(town.acting.claim_child(town.proven(each), CHILD) for each in people), return_exceptions=True
    )
    grants = [claim for claim in claims if isinstance(claim, ActingGrant)]
    assert (len(grants), sum(isinstance(claim, TooManyGuardians) for claim in claims)) == (3, 1)
    # A place that was left is free again.
    left = claims.index(next(claim for claim in claims if isinstance(claim, TooManyGuardians)))
    leaving = next(each for each, claim in zip(people, claims, strict=True) if claim is grants[0])
    await town.acting.end(leaving.subject, leaving.session, grants[0].id)
    assert isinstance(await town.acting.claim_child(town.proven(people[left]), CHILD), ActingGrant)


async def test_the_register_is_asked_again_after_a_day_and_a_court_is_heard(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    grant = await town.acting.claim_child(town.proven(mother), CHILD)
    await town.acting.switch(mother.subject, mother.session, grant.id)
    assert town.family.asked == 1
    town.clock.pass_(timedelta(hours=24))
    mother = await town.sign_in(MOTHER)
    town.family.refuses = FamilyRegisterUnavailable()
    with pytest.raises(FamilyRegisterUnavailable):
        await town.acting.switch(mother.subject, mother.session, grant.id)
    town.family.refuses = None
    renamed = structs.replace(town.family.entries[MOTHER, CHILD], child_name="林小雪")
    town.family.entries[MOTHER, CHILD] = renamed
    await town.acting.switch(mother.subject, mother.session, grant.id)
    kept = await town.stores.grants.get(grant.id)
    assert (grant.whom_name, kept is not None and kept.whom_name) == ("林*满", "林*雪")
    town.clock.pass_(timedelta(hours=24))
    mother = await town.sign_in(MOTHER)
    del town.family.entries[MOTHER, CHILD]
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(mother.subject, mother.session, grant.id)
    assert ("grant.ended", "relation_ended") in town.audit.kinds
    assert grant.id in (await town.stores.ended.since("0-0"))[1]


async def test_a_guardianship_the_register_denies_ends_whole_though_nobody_waits_for_it(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    grant = await town.acting.claim_child(town.proven(mother), CHILD)
    town.clock.pass_(timedelta(hours=24))
    agent = await town.stores.residents.root_of(mother.subject)
    assert agent is not None
    asking = asyncio.create_task(town.acting.holds(grant, agent))

    class GivenUp(dict[tuple[str, str], Any]):
        """No entries; who asked is gone as soon as it has been told so."""

        def get(self, *_: object) -> None:
            asyncio.get_running_loop().call_soon(asking.cancel)

    town.family.entries = GivenUp()
    with pytest.raises(asyncio.CancelledError):
        await asking

    async with asyncio.timeout(5):
        while grant.id not in (await town.stores.ended.since("0-0"))[1]:
            await asyncio.sleep(0.01)
        while ("grant.ended", "relation_ended") not in town.audit.kinds:
            await asyncio.sleep(0.01)


async def test_before_a_guardian_is_told_of_a_child_the_register_is_asked_and_a_court_is_heard(
    town: Town,
) -> None:
    mother = await town.sign_in(MOTHER)
    grant = await town.acting.claim_child(town.proven(mother), CHILD)
    still = StillAddressed(town.stores, town.acting.holds, town.clock)
    hers, anothers = (mother.subject, grant.whom), (mother.subject, "another child")
    assert await still([hers, anothers]) == {hers: True, anothers: False}
    assert town.family.asked == 1
    town.clock.pass_(timedelta(hours=24))
    town.family.refuses = FamilyRegisterUnavailable()
    assert await still([hers, anothers]) == {anothers: False}
    town.family.refuses = None
    assert await still([hers, hers]) == {hers: True}
    assert await still([hers]) == {hers: True}
    assert town.family.asked == 3
    town.clock.pass_(timedelta(hours=24))
    del town.family.entries[MOTHER, CHILD]
    assert await still([hers]) == {hers: False}
    assert ("grant.ended", "relation_ended") in town.audit.kinds
    assert await still([hers]) == {hers: False}
    assert town.family.asked == 4


async def test_without_a_register_nobody_is_a_guardian(town: Town) -> None:
    mother = await town.sign_in(MOTHER)
    without = ActingService(
        stores=town.stores,
        tokens=town.tokens,
        personal=town.personal,
        family=None,
        legal=None,
        gate=town.accounts.step_ups.require,
        notify=town.stores.notices.add,
        admit=town.turnstile,
        audit=town.audit,
        clock=town.clock,
        chance=lambda size: b"x" * size,
    )
    with pytest.raises(ActingNotOffered):
        await without.claim_child(town.proven(mother), CHILD)
    with pytest.raises(ActingNotOffered):
        await without.appoint(
            mother.subject, mother.session, uscc=TEAHOUSE.uscc, agent=AGENT, scopes=[READ], until=MONTH
        )


# --- elders ----------------------------------------------------------------------------------------------


async def test_an_elder_confirms_in_their_own_session(town: Town) -> None:
    child, elder = await town.sign_in(BOSS), await town.sign_in(ELDER)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    assert (asked.whom_name, asked.agent_name) == (None, "李**")
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(child.subject, child.session, asked.id)
    confirmed, side = await town.acting.confirm(elder.subject, elder.session, asked.id, None)
    assert (confirmed.whom_name, side) == ("王**", GrantSide.PRINCIPAL)
    switched = await town.acting.switch(child.subject, child.session, asked.id)
    said = town.tokens.verify(switched.access.text, now=NOW).grant
    assert (said.scopes, said.holder) == (frozenset({READ}), town.personal.hash(ELDER))


async def test_or_reads_out_the_code_on_their_screen(town: Town) -> None:
    child, elder = await town.sign_in(BOSS), await town.sign_in(ELDER)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    assert town.acting.code(asked, GrantSide.AGENT) is None
    code = await town.code_of(elder, asked)
    confirmed, _ = await town.acting.confirm(child.subject, child.session, asked.id, code)
    assert town.acting.state(confirmed) is GrantState.ACTIVE
    assert town.acting.code(confirmed, GrantSide.PRINCIPAL) is None


async def test_an_elder_who_never_confirmed_is_not_acted_for(town: Town) -> None:
    child, elder = await town.sign_in(BOSS), await town.sign_in(ELDER)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    with pytest.raises(ConfirmationCodeWrong):
        await town.acting.confirm(child.subject, child.session, asked.id, None)
    town.clock.pass_(timedelta(minutes=10))
    for who in (child, elder):
        with pytest.raises(OfferLapsed):
            await town.acting.confirm(who.subject, who.session, asked.id, "000000")
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(child.subject, child.session, asked.id)
    # And may be asked anew.
    again = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    assert again.id != asked.id


async def test_five_wrong_codes_end_the_offer_even_all_at_once(town: Town) -> None:
    child, elder = await town.sign_in(BOSS), await town.sign_in(ELDER)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    right = await town.code_of(elder, asked)
    wrong = "000000" if right != "000000" else "000001"
    tries = await asyncio.gather(
        *(town.acting.confirm(child.subject, child.session, asked.id, wrong) for _ in range(12)),
        return_exceptions=True,
    )
    assert all(isinstance(each, ConfirmationCodeWrong | OfferLapsed) for each in tries)
    with pytest.raises(OfferLapsed):
        await town.acting.confirm(child.subject, child.session, asked.id, right)


async def test_whether_the_city_knows_a_number_is_not_told(town: Town) -> None:
    child = await town.sign_in(BOSS)
    known = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    unknown = await town.acting.ask_relative(child.subject, "310000194001010012", [READ], MONTH)
    assert (known.whom_name, known.scopes, known.expires_at) == (
        unknown.whom_name,
        unknown.scopes,
        unknown.expires_at,
    )


async def test_confirmed_twice_at_once_it_is_confirmed_once(town: Town) -> None:
    child, elder = await town.sign_in(BOSS), await town.sign_in(ELDER)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    both = await asyncio.gather(
        *(town.acting.confirm(elder.subject, elder.session, asked.id, None) for _ in range(6))
    )
    assert all(town.acting.state(grant) is GrantState.ACTIVE for grant, _ in both)
    assert town.audit.kinds.count(("grant.confirmed", "ok")) == 1


async def test_asked_again_it_is_the_same_offer_and_with_other_terms_a_conflict(town: Town) -> None:
    child = await town.sign_in(BOSS)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    assert await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH) == asked
    with pytest.raises(GrantStandsAlready):
        await town.acting.ask_relative(child.subject, ELDER, [READ, SHOW], MONTH)


async def test_what_may_not_be_granted_is_not_asked_for(town: Town) -> None:
    child = await town.sign_in(BOSS)
    with pytest.raises(ScopeNotGrantable):
        await town.acting.ask_relative(child.subject, ELDER, ["account:delete"], MONTH)
    # The last two are in no year that UTC has.
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
    for until in (NOW, NOW + timedelta(days=367), first, last):
        with pytest.raises(TermNotGrantable):
            await town.acting.ask_relative(child.subject, ELDER, [READ], until)
    with pytest.raises(NotForYourself):
        await town.acting.ask_relative(child.subject, BOSS, [READ], MONTH)
    town.turnstile.refuses["grant"] = TooManyRequests(retry_after=3)
    with pytest.raises(TooManyRequests):
        await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)


# --- agents of organisations -----------------------------------------------------------------------------


async def appointed(town: Town, boss: Signed) -> ActingGrant:
    town.legal.proved[boss.subject, boss.session] = [TEAHOUSE]
    return await town.acting.appoint(
        boss.subject, boss.session, uscc=TEAHOUSE.uscc, agent=AGENT, scopes=[READ, SHOW], until=MONTH
    )


async def test_an_agent_acts_for_the_organisation_once_they_agree(town: Town) -> None:
    boss, agent = await town.sign_in(BOSS), await town.sign_in(AGENT)
    offered = await appointed(town, boss)
    with pytest.raises(NotYoursToConfirm):
        await town.acting.confirm(boss.subject, boss.session, offered.id, None)
    await town.acting.confirm(agent.subject, agent.session, offered.id, None)
    switched = await town.acting.switch(agent.subject, agent.session, offered.id)
    said = town.tokens.verify(switched.access.text, now=NOW).grant
    assert said.holder == town.personal.pseudonym("uscc", TEAHOUSE.uscc)
    assert switched.grant is not None
    assert (switched.grant.whom_name, switched.grant.agent_name) == (TEAHOUSE.name, "钱**")


async def test_without_a_proof_for_this_organisation_nobody_is_appointed(town: Town) -> None:
    boss = await town.sign_in(BOSS)
    town.legal.proved[boss.subject, boss.session] = [OTHER_FIRM]
    with pytest.raises(NotLegalRepresentative):
        await town.acting.appoint(
            boss.subject, boss.session, uscc=TEAHOUSE.uscc, agent=AGENT, scopes=[READ], until=MONTH
        )


async def test_the_agent_of_another_enterprise_is_nobody_here(town: Town) -> None:
    boss, agent, other = await town.sign_in(BOSS), await town.sign_in(AGENT), await town.sign_in(FATHER)
    offered = await appointed(town, boss)
    await town.acting.confirm(agent.subject, agent.session, offered.id, None)
    town.legal.proved[other.subject, other.session] = [OTHER_FIRM]
    theirs = await town.acting.appoint(
        other.subject, other.session, uscc=OTHER_FIRM.uscc, agent=MOTHER, scopes=[READ], until=MONTH
    )
    for grant in (offered, theirs):
        mother = await town.sign_in(MOTHER if grant is offered else AGENT)
        with pytest.raises(GrantUnknown):
            await town.acting.switch(mother.subject, mother.session, grant.id)
        with pytest.raises(GrantUnknown):
            await town.acting.end(mother.subject, mother.session, grant.id)


async def test_whoever_represents_the_organisation_next_sees_and_ends_it(town: Town) -> None:
    boss, agent, next_boss = await town.sign_in(BOSS), await town.sign_in(AGENT), await town.sign_in(FATHER)
    offered = await appointed(town, boss)
    await town.acting.confirm(agent.subject, agent.session, offered.id, None)
    assert await town.acting.grants(next_boss.subject, next_boss.session, before=None, limit=5) == []
    town.legal.proved[next_boss.subject, next_boss.session] = [TEAHOUSE]
    ((seen, side),) = await town.acting.grants(next_boss.subject, next_boss.session, before=None, limit=5)
    assert (seen.id, side) == (offered.id, GrantSide.PRINCIPAL)
    await town.acting.end(next_boss.subject, next_boss.session, offered.id)
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(agent.subject, agent.session, offered.id)


# --- clerks ----------------------------------------------------------------------------------------------


async def test_a_clerk_acts_in_one_case_for_half_an_hour(town: Town) -> None:
    clerk, elder = await town.clerk(), await town.sign_in(ELDER)
    asked = await town.acting.assist(clerk.subject, ELDER, "HY-2026-0001", [READ])
    code = await town.code_of(elder, asked)
    await town.acting.confirm(clerk.subject, clerk.session, asked.id, code)
    switched = await town.acting.switch(clerk.subject, clerk.session, asked.id)
    said = town.tokens.verify(switched.access.text, now=NOW).grant
    assert (said.audience.value, said.assurance, said.scopes) == (
        "resident",
        AssuranceLevel.L2,
        frozenset({READ}),
    )
    assert said.acting is not None
    assert (said.acting.case, said.acting.name) == ("HY-2026-0001", "政务服务中心 5001")
    assert town.audit.facts[-1]["case"] == "HY-2026-0001"
    town.clock.pass_(timedelta(minutes=30))
    clerk = await town.clerk()
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(clerk.subject, clerk.session, asked.id)


async def test_a_clerk_does_nothing_the_resident_did_not_confirm(town: Town) -> None:
    clerk, elder = await town.clerk(), await town.sign_in(ELDER)
    asked = await town.acting.assist(clerk.subject, ELDER, "HY-2026-0001", [READ])
    with pytest.raises(ConfirmationCodeWrong):
        await town.acting.confirm(clerk.subject, clerk.session, asked.id, None)
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(clerk.subject, clerk.session, asked.id)
    await town.acting.end(elder.subject, elder.session, asked.id)
    with pytest.raises(OfferLapsed):
        await town.acting.confirm(clerk.subject, clerk.session, asked.id, "000000")


# --- ending, and what else stops it ----------------------------------------------------------------------


async def confirmed(town: Town) -> tuple[Signed, Signed, ActingGrant]:
    child, elder = await town.sign_in(BOSS), await town.sign_in(ELDER)
    asked = await town.acting.ask_relative(child.subject, ELDER, [READ], MONTH)
    grant, _ = await town.acting.confirm(elder.subject, elder.session, asked.id, None)
    return child, elder, grant


async def test_who_is_acted_for_hears_of_it_once_whoever_confirmed(town: Town) -> None:
    child, elder, grant = await confirmed(town)
    begun = [(NoticeKind.ACTING_BEGUN, grant.agent_name)]
    assert await told(town, elder) == begun
    await town.stores.notices.forget([elder.subject])
    for _ in range(2):  # as after a process that died before it told
        await town.acting.confirm(child.subject, child.session, grant.id, None)
    assert (await told(town, elder), await told(town, child)) == (begun, [])


@pytest.mark.parametrize("by", [GrantEnding.BY_PRINCIPAL, GrantEnding.BY_AGENT])
async def test_either_side_ends_it_and_both_still_see_it(town: Town, by: GrantEnding) -> None:
    child, elder, grant = await confirmed(town)
    ending = elder if by is GrantEnding.BY_PRINCIPAL else child
    await town.acting.end(ending.subject, ending.session, grant.id)
    await town.acting.end(ending.subject, ending.session, grant.id)
    for who, side in ((child, GrantSide.AGENT), (elder, GrantSide.PRINCIPAL)):
        ((seen, seen_as),) = await town.acting.grants(who.subject, who.session, before=None, limit=5)
        assert (town.acting.state(seen), seen_as) == (GrantState.ENDED, side)
    assert town.audit.kinds.count(("grant.ended", by.value)) == 1
    assert grant.id in (await town.stores.ended.since("0-0"))[1]


async def test_ended_while_the_stream_was_away_it_is_told_when_asked_again(town: Town) -> None:
    """Whoever ended it died after MongoDB and before the stream."""
    child, elder, grant = await confirmed(town)
    await town.stores.grants.end(grant.id, GrantEnding.BY_PRINCIPAL, now=town.clock())
    assert grant.id not in (await town.stores.ended.since("0-0", wait=False))[1]
    await town.acting.end(elder.subject, elder.session, grant.id)
    assert grant.id in (await town.stores.ended.since("0-0"))[1]
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(child.subject, child.session, grant.id)


async def test_an_ended_session_switches_nowhere(town: Town) -> None:
    child, _, grant = await confirmed(town)
    await town.auth.sign_out(child.session)
    for attempt in (
        town.acting.switch(child.subject, child.session, grant.id),
        town.acting.back(child.subject, child.session),
    ):
        with pytest.raises(SessionEnded):
            await attempt


async def test_somebody_elses_session_is_not_ones_own(town: Town) -> None:
    child, elder, grant = await confirmed(town)
    with pytest.raises(SessionEnded):
        await town.acting.switch(child.subject, elder.session, grant.id)


async def test_a_copy_of_ones_data_tells_who_may_act_for_whom(town: Town) -> None:
    child, elder, grant = await confirmed(town)
    for who, side in ((child, GrantSide.AGENT), (elder, GrantSide.PRINCIPAL)):
        copy = await town.accounts.overviews.copy(town.proven(who))
        assert [(each.id, on) for each, on in copy.grants] == [(grant.id, side)]
    nobody = await town.sign_in(MOTHER)
    assert (await town.accounts.overviews.copy(town.proven(nobody))).grants == []


async def test_no_switch_lifts_a_session_to_a_level_it_was_not_renewed_at(town: Town) -> None:
    """A level that rose takes effect with a new session id, which only a renewal gives."""
    boss = await town.sign_in(BOSS)
    resident = await town.stores.residents.get(boss.subject)
    assert resident is not None
    proof = structs.replace(resident.proofs[0], level=AssuranceLevel.L3, method="face")
    risen = structs.replace(resident, proofs=(*resident.proofs, proof))
    assert await town.stores.residents.replace(resident, risen)
    back = await town.acting.back(boss.subject, boss.session)
    assert town.tokens.verify(back.access.text, now=town.clock()).grant.assurance is AssuranceLevel.L2
    session = await town.stores.sessions.get(boss.session)
    assert session is not None
    lasts = lifetime(session.audience, AssuranceLevel.L3)
    renamed = await town.stores.sessions.rename(
        session, "another", level=AssuranceLevel.L3, lasts=lasts, now=town.clock()
    )
    assert renamed is not None
    with pytest.raises(SessionEnded):
        await town.acting.back(boss.subject, boss.session)
    back = await town.acting.back(boss.subject, "another")
    assert town.tokens.verify(back.access.text, now=town.clock()).grant.assurance is AssuranceLevel.L3


async def test_a_token_of_ones_own_comes_back(town: Town) -> None:
    child, _, grant = await confirmed(town)
    await town.acting.switch(child.subject, child.session, grant.id)
    own = await town.acting.back(child.subject, child.session)
    said = town.tokens.verify(own.access.text, now=NOW).grant
    assert (said.acting, said.holder, said.subject) == (None, town.personal.hash(BOSS), child.subject)


async def test_two_switches_at_once_do_not_mix(town: Town) -> None:
    child, _, grant = await confirmed(town)
    boss = child
    town.family.entries[BOSS, CHILD] = town.family.entries[MOTHER, CHILD]
    other = await town.acting.claim_child(town.proven(boss), CHILD)
    for_elder, for_child = await asyncio.gather(
        town.acting.switch(boss.subject, boss.session, grant.id),
        town.acting.switch(boss.subject, boss.session, other.id),
    )
    for switched, number in ((for_elder, ELDER), (for_child, CHILD)):
        said = town.tokens.verify(switched.access.text, now=NOW).grant
        assert said.holder == town.personal.hash(number)


async def test_for_whom_may_not_act_themselves_nobody_acts(town: Town) -> None:
    child, _, grant = await confirmed(town)
    await town.registrar.register(
        RegisterResident(id_number=ELDER, name=NAMES[ELDER], standing=Standing.DISABLED)
    )
    assert grant.id in (await town.stores.ended.since("0-0"))[1]
    with pytest.raises(GrantNotInForce):
        await town.acting.switch(child.subject, child.session, grant.id)


async def test_who_is_not_real_name_neither_asks_nor_is_asked(town: Town) -> None:
    town.bridge.knows["stranger"] = "oSIMstranger"
    signed_in = await town.auth.sign_in("wechat", "stranger", PHONE)
    stranger = town.tokens.verify(signed_in.access.text, now=NOW).grant.subject
    with pytest.raises(StepUpRequired):
        await town.acting.ask_relative(stranger, ELDER, [READ], MONTH)


async def test_the_database_holds_neither_numbers_nor_codes_in_the_clear(
    town: Town, mongo_database: Database
) -> None:
    mother, elder = await town.sign_in(MOTHER), await town.sign_in(ELDER)
    await town.acting.claim_child(town.proven(mother), CHILD)
    asked = await town.acting.ask_relative(mother.subject, ELDER, [READ], MONTH)
    code = await town.code_of(elder, asked)
    stored = [document async for document in mongo_database["acting_grants"].find()]
    text = str([{name: value for name, value in each.items() if name != "_id"} for each in stored])
    assert not [found for found in (CHILD, ELDER, MOTHER, "林小满", f"'{code}'") if found in text]
