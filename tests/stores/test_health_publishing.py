"""Rule sets published at once: each has a place of its own in the order in which they became law."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import msgspec
import pytest

from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.models import Person
from health_code.refusals import RuleSetInvalid
from health_code.rules.documents import version_order
from tests.health import CONTACT_IS_YELLOW, LONG_AGO, rule_set

VERSIONS = ("1.0.2", "1.0.10", "1.0.7", "1.0.9", "1.0.1")
ONE, OTHER = (Person(id=name, organisation="cdc", organisation_name="cdc") for name in ("one", "other"))


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        yield opened


async def test_of_versions_published_at_once_no_lower_one_becomes_law_after_a_higher(
    platform: Platform,
) -> None:
    health = platform.health
    documents = [rule_set(CONTACT_IS_YELLOW, Version=version) for version in VERSIONS]
    proposals = [await health.publishing.propose(ONE, document) for document in documents]

    done = await asyncio.gather(
        *(health.publishing.publish(OTHER, each.id) for each in proposals), return_exceptions=True
    )

    laws = await health.rule_sets.all(published=True)
    assert all(isinstance(each, RuleSetInvalid) for each in done if isinstance(each, BaseException))
    assert len(laws) == sum(not isinstance(each, BaseException) for each in done)
    for before, after in pairwise(laws):
        assert version_order(before.document.version) < version_order(after.document.version)
        assert before.published_at is not None
        assert after.published_at is not None
        assert before.published_at < after.published_at
    await health.book.refresh()
    assert health.recolouring.in_force().document.version == "1.0.10"


async def test_of_two_who_publish_one_proposal_at_once_one_is_on_record_as_who_did(
    platform: Platform,
) -> None:
    health = platform.health
    proposal = await health.publishing.propose(ONE, rule_set(CONTACT_IS_YELLOW))
    third = msgspec.structs.replace(OTHER, id="third")

    await asyncio.gather(*(health.publishing.publish(each, proposal.id) for each in (OTHER, third)))

    for drain in platform.drains():
        await drain._open()
        while await drain.once():
            pass
    records = [msgspec.json.decode(each["event"]) async for each in platform._mongo["audit"].find()]
    published = {each["actor"]: each["outcome"] for each in records if each["kind"] == "rules.published"}
    (law,) = await health.rule_sets.all(published=True)
    assert published.pop(law.approved_by) == "ok"
    assert set(published.values()) <= {"overtaken"}


async def test_of_two_that_would_follow_the_same_law_one_has_to_look_again(platform: Platform) -> None:
    store = platform.health.rule_sets
    for version in ("1.0.1", "1.0.2"):
        await platform.health.publishing.propose(ONE, rule_set(CONTACT_IS_YELLOW, Version=version))
    laws = [
        msgspec.structs.replace(each, approved_by=OTHER.id, published_at=LONG_AGO)
        for each in await store.all(published=False)
    ]

    taken = await asyncio.gather(*(store.publish(each, place=1) for each in laws))

    assert sorted(taken) == [False, True]
    assert len(await store.all(published=True)) == 1
