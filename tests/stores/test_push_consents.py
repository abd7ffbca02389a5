"""Decisions about one child beside a release that knew one decision a topic, on a real MongoDB."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from pymongo import ASCENDING

from bff.platform.mongo import Database
from push.delivery_models import ConsentDecision, Preferences
from push.models import Intent, Topic
from push.rules.quiet import QuietHours
from push.store.documents import document_of
from push.store.wishes import ConsentStore
from push.wishes import Wish
from tests.carrying import intent

T0 = datetime(2026, 11, 25, 4, tzinfo=UTC)


def decision(name: str, *, about: str | None = None, given: bool = True, minutes: int = 0) -> ConsentDecision:
    return ConsentDecision(
        id=name,
        resident="lin",
        topic=Topic.VACCINATION,
        given=given,
        text="vaccination-1",
        at=T0 + timedelta(minutes=minutes),
        standing=True,
        about=about,
    )


def store_of(database: Database) -> ConsentStore:
    return ConsentStore(database["push_consents"], database["push_child_consents"])


async def test_an_older_process_that_makes_its_index_stands_in_no_childs_way(
    mongo_database: Database,
) -> None:
    store = store_of(mongo_database)
    await store.ensure_indexes()
    await mongo_database["push_consents"].create_index(
        [("resident", ASCENDING), ("topic", ASCENDING)],
        unique=True,
        name="standing",
        partialFilterExpression={"standing": True},
    )
    for number, about in enumerate((None, "ann", "ben", "ann")):
        await store.decide(decision(f"{number}", about=about))
    assert {about: each.id for (*_, about), each in (await store.standing(["lin"])).items()} == {
        None: "0",
        "ann": "3",
        "ben": "2",
    }
    # All that it finds is what was said of all.
    assert [each["_id"] async for each in mongo_database["push_consents"].find()] == ["0"]
    assert [each.id for each in await store.history("lin", limit=3)] == ["3", "2", "1"]


async def test_what_was_kept_with_the_rest_is_brought_over(mongo_database: Database) -> None:
    together = mongo_database["push_consents"]
    await together.drop_indexes()
    await together.create_index(
        [("resident", ASCENDING), ("topic", ASCENDING), ("about", ASCENDING)],
        unique=True,
        name="standing_about",
        partialFilterExpression={"standing": True},
    )
    before = [decision("0"), decision("1", about="ann"), decision("2", about="ben", given=False)]
    await together.insert_many(list(map(document_of, before)))
    # One who was killed while at it.
    await mongo_database["push_child_consents"].insert_one(document_of(before[1]))
    store = store_of(mongo_database)
    for _ in range(2):
        await store.ensure_indexes()
    assert sorted((await store.standing(["lin"])).values(), key=lambda each: each.id) == before
    assert [each["_id"] async for each in together.find()] == ["0"]
    assert "standing_about" not in await together.index_information()


def test_what_an_older_process_takes_back_for_all_is_taken_back_for_each_child() -> None:
    about_ann: Intent = replace(intent(1), topic=Topic.VACCINATION, about="ann")
    agreed = decision("1", about="ann", minutes=1)
    wants = Preferences(resident="lin")

    def refused(of_all: ConsentDecision) -> str:
        wish = Wish(
            order=(),
            quiet=QuietHours(start="22:00", end="08:00"),
            off=frozenset(wants.off),
            language=wants.language,
            consents={(Topic.VACCINATION, "ann"): agreed, (Topic.VACCINATION, None): of_all},
        )
        return wish.refused(about_ann)

    assert refused(decision("0", given=False)) == ""
    assert refused(decision("2", given=False, minutes=2)) == "no_consent"
