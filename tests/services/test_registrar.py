"""Registering whom operators vouch for: line by line, and the same line again changes nothing."""

from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import ClientFacts
from auth_bridges.refusals import LinkTaken, NoSuchOrganisation, NotRegistrable, SessionEnded
from auth_bridges.registrar import Outcome, Registered, RegisterResident, WayIn
from bff.platform.mongo import Database
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW, DepartmentSigner, FakeBridge, World

PHONE = ClientFacts(address="203.0.113.7")
LI, WANG = "990101199003070019", "990101198512120032"


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    return made


def way(subject: str) -> WayIn:
    return WayIn(provider="wechat", appid=FakeBridge.appid, subject=subject)


async def registered(world: World, *lines: object) -> list[Registered]:
    raw = [line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines]
    return [told async for told in world.registrar.register_lines(raw)]


async def subject_of(world: World, openid: str) -> tuple[str, AssuranceLevel]:
    code = f"code{len(world.bridge.asked)}"
    world.bridge.knows[code] = openid
    signed_in = await world.auth.sign_in("wechat", code, PHONE)
    grant = world.tokens.verify(signed_in.access.text, now=NOW).grant
    return grant.subject, grant.assurance


def city() -> list[object]:
    return [
        {"kind": "organisation", "id": "hotel", "name": "江边旅馆"},
        {
            "kind": "department",
            "id": "police",
            "name": "市公安局",
            "keys": [DepartmentSigner("police").jwk()],
            "types": ["resident-id-card"],
        },
        {
            "kind": "clerk",
            "organisation": "hotel",
            "number": "0042",
            "passphrase": "correct horse",
            "scenes": ["hotel"],
        },
        {
            "kind": "resident",
            "idNumber": LI,
            "name": "李小明",
            "links": [{"provider": "wechat", "appid": FakeBridge.appid, "subject": "oSIM-li"}],
        },
    ]


async def test_a_file_sent_again_changes_nothing(world: World, mongo_database: Database) -> None:
    lines = city()
    first = await registered(world, *lines)
    before = [document async for document in mongo_database["residents"].find()]
    again = await registered(world, *lines)
    assert [told.outcome for told in first] == [Outcome.CREATED] * 4
    assert [told.outcome for told in again] == [Outcome.UNCHANGED] * 4
    assert before == [document async for document in mongo_database["residents"].find()]
    assert len(world.audit.events) == 4


async def test_a_changed_line_changes_what_it_says(world: World) -> None:
    lines = city()
    await registered(world, *lines)
    changed = [
        {"kind": "organisation", "id": "hotel", "name": "江边大酒店"},
        {"kind": "clerk", "organisation": "hotel", "number": "0042", "scenes": ["general"]},
        {"kind": "resident", "idNumber": LI, "name": "李晓明"},
    ]
    assert [told.outcome for told in await registered(world, *changed)] == [Outcome.UPDATED] * 3
    signed_in = await world.auth.sign_in_clerk("hotel", "0042", "correct horse", PHONE)
    assert (signed_in.organisation_name, signed_in.scenes) == ("江边大酒店", ("general",))


async def test_bad_lines_are_told_of_and_the_rest_goes_on(world: World) -> None:
    told = await registered(
        world,
        b"not json",
        b"",
        {"kind": "wizard"},
        {"kind": "resident", "idNumber": "123", "name": "李小明"},
        {"kind": "clerk", "organisation": "nobody", "number": "1", "scenes": []},
        {"kind": "organisation", "id": "hotel", "name": "江边旅馆", "colour": "red"},
        {"kind": "department", "id": "tax", "name": "税务局", "keys": [{"x": "AA", "y": "AA"}], "types": []},
        {"kind": "organisation", "id": "hotel", "name": "江边旅馆"},
    )
    assert [each.line for each in told] == [1, 3, 4, 5, 6, 7, 8]
    assert [each.outcome for each in told] == [None] * 6 + [Outcome.CREATED]
    assert "123" not in str(told)


async def test_a_department_says_what_it_issues_and_each_is_a_type_there_is(world: World) -> None:
    line = {"kind": "department", "id": "tax", "name": "税务局", "keys": [DepartmentSigner("tax").jwk()]}
    silent, mistaken = await registered(world, line, {**line, "types": ["resident-id-card", "library-card"]})
    assert "`types`" in (silent.problem or "")
    assert (mistaken.problem or "").startswith(NotRegistrable.code)


async def test_a_clerk_needs_an_organisation(world: World) -> None:
    told = await registered(world, {"kind": "clerk", "organisation": "x", "number": "1", "scenes": []})
    assert (told[0].problem or "").startswith(NoSuchOrganisation.code)


async def test_a_name_at_the_organisations_own_sign_in_is_one_clerks(world: World) -> None:
    organisation = {
        "kind": "organisation",
        "id": "hotel",
        "name": "江边旅馆",
        "sso": {"issuer": "https://id.hotel.cn", "clientId": "suishen"},
    }
    clerk = {"kind": "clerk", "organisation": "hotel", "number": "1", "scenes": [], "ssoSubject": "s-1"}
    told = await registered(world, organisation, clerk, clerk, {**clerk, "number": "2"})
    assert [each.outcome for each in told] == [Outcome.CREATED, Outcome.CREATED, Outcome.UNCHANGED, None]
    assert (told[3].problem or "").startswith(NotRegistrable.code)


async def test_a_sign_in_that_may_not_be_asked_here_is_not_registered(world: World) -> None:
    world.registrar._may_be_asked = lambda address: address.startswith("https://")
    sso = {"issuer": "http://127.0.0.1:9000/hotel", "clientId": "suishen"}
    told = await registered(world, {"kind": "organisation", "id": "hotel", "name": "江边旅馆", "sso": sso})
    assert (told[0].problem or "").startswith(NotRegistrable.code)
    assert await world.stores.directory.organisation("hotel") is None


# --- residents and their ways in -----------------------------------------------------------------------


async def test_who_was_first_a_stranger_becomes_the_one_registered(world: World) -> None:
    stranger, level = await subject_of(world, "oSIM-li")
    assert level is AssuranceLevel.L0
    await world.registrar.register(RegisterResident(id_number=LI, name="李小明", links=(way("oSIM-li"),)))
    assert await subject_of(world, "oSIM-li") == (stranger, AssuranceLevel.L2)


async def test_a_way_in_of_a_stranger_is_turned_to_the_registered(world: World) -> None:
    await world.registrar.register(RegisterResident(id_number=LI, name="李小明"))
    world.bridge.knows["code"] = "oSIM-li"
    stranger = await world.auth.sign_in("wechat", "code", PHONE)
    line = RegisterResident(id_number=LI, name="李小明", links=(way("oSIM-li"),))
    assert await world.registrar.register(line) is Outcome.UPDATED
    assert await world.registrar.register(line) is Outcome.UNCHANGED
    assert (await subject_of(world, "oSIM-li"))[1] is AssuranceLevel.L2
    with pytest.raises(SessionEnded):
        await world.auth.refresh(stranger.refresh.text, PHONE)


async def test_a_way_in_of_somebody_known_is_not_taken(world: World) -> None:
    await world.registrar.register(RegisterResident(id_number=LI, name="李小明", links=(way("oSIM-li"),)))
    await world.registrar.register(RegisterResident(id_number=WANG, name="王芳"))
    theirs = await subject_of(world, "oSIM-li")
    for name, number in (("王芳", WANG), ("赵六", "990101197001010018")):
        with pytest.raises(LinkTaken):
            await world.registrar.register(
                RegisterResident(id_number=number, name=name, links=(way("oSIM-li"),))
            )
    assert await subject_of(world, "oSIM-li") == theirs


async def test_two_ways_in_lead_to_one_resident(world: World) -> None:
    line = RegisterResident(id_number=LI, name="李小明", links=(way("oSIM-a"), way("oSIM-b")))
    await world.registrar.register(line)
    assert await subject_of(world, "oSIM-a") == await subject_of(world, "oSIM-b")


async def test_a_stronger_proof_raises_the_level_and_a_weaker_one_does_not_lower_it(world: World) -> None:
    for level in (AssuranceLevel.L2, AssuranceLevel.L3, AssuranceLevel.L2):
        line = RegisterResident(id_number=LI, name="李小明", assurance=level, links=(way("oSIM-li"),))
        await world.registrar.register(line)
    assert (await subject_of(world, "oSIM-li"))[1] is AssuranceLevel.L3


async def test_the_audit_names_nobody(world: World) -> None:
    await registered(world, *city())
    assert "李" not in str(world.audit.events)
    assert LI not in str(world.audit.events)
    assert {kind for kind, _, _ in world.audit.events} == {
        f"registered.{what}" for what in ("organisation", "clerk", "resident")
    }
