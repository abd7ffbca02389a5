"""What happens to an account is told in its overview and meant as a notice, each once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import pytest

from auth_bridges.models import Notice, NoticeKind
from auth_bridges.store import AccountNotices
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.push_outbox import NoticeIntents
from push.models import Intent, Lane, Topic
from push.outbox import open_values
from push.store.outbox import OutboxStore

AT: Final = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)
PERSONAL: Final = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])


def notice(kind: NoticeKind, by: str | None = None) -> Notice:
    return Notice(id=f"n:{kind}", resident="resident", kind=kind, at=AT, by=by)


async def told(mongo: Database, *notices: Notice) -> Sequence[Intent]:
    outbox = OutboxStore(mongo["push_outbox"])
    tell = NoticeIntents(AccountNotices(mongo["account_notices"]), outbox, PERSONAL)
    for each in notices:
        await tell(each)
    return list((await _all(outbox, mongo)).values())


async def _all(outbox: OutboxStore, mongo: Database) -> dict[str, Intent]:
    keys = [each["_id"] async for each in mongo["push_outbox"].find({}, {"_id": 1})]
    found = [await outbox.get(key) for key in keys]
    return {each.id: each for each in found if each is not None}


async def test_a_notice_told_twice_is_one_notice_and_one_intent(mongo_database: Database) -> None:
    (meant,) = await told(mongo_database, *[notice(NoticeKind.PHONE_BOUND)] * 2)
    assert await mongo_database["account_notices"].count_documents({}) == 1
    assert (meant.addressee, meant.topic, meant.template) == ("resident", Topic.ACCOUNT, "phone_bound")
    assert meant.not_before == AT < meant.useful_until
    # In Shanghai it is the day after.
    assert open_values(PERSONAL, meant) == {"date": "2026-11-26"}


async def test_who_else_did_it_is_sealed_and_said(mongo_database: Database) -> None:
    (meant,) = await told(mongo_database, notice(NoticeKind.GUARDIAN_ACTED, by="张*"))
    assert open_values(PERSONAL, meant)["name"] == "张*"
    assert "张".encode() not in meant.values


@pytest.mark.parametrize("kind", NoticeKind)
async def test_every_kind_is_meant_and_what_may_be_an_intruder_is_urgent(
    mongo_database: Database, kind: NoticeKind
) -> None:
    (meant,) = await told(mongo_database, notice(kind))
    assert meant.template == kind
    assert meant.topic is (Topic.HEALTH if kind.startswith("health") else Topic.ACCOUNT)
    calm = (
        meant.topic is Topic.HEALTH
        or kind.startswith("guardian")
        or kind
        in {
            NoticeKind.MERGE_UNDONE,
            NoticeKind.MERGE_REFUSED,
            NoticeKind.DELETION_CANCELLED,
            NoticeKind.ACTING_LEFT,
        }
    )
    assert meant.lane is (Lane.NORMAL if calm else Lane.URGENT)
