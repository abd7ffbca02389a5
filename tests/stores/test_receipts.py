"""Receipts in a real MongoDB: told before we know the name of a message, and told twice."""

import asyncio
from datetime import UTC, datetime, timedelta

from bff.platform.mongo import Database
from push.ports import Receipt
from push.store.receipts import ReceiptStore

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = T0 + timedelta(days=90)


def receipt(reference: str, *, delivered: bool = True, minutes: int = 0) -> Receipt:
    at = T0 + timedelta(minutes=minutes)
    return Receipt(
        channel="wechat", reference=reference, delivered=delivered, code="" if delivered else "43101", at=at
    )


async def test_what_was_told_first_counts_however_often_it_is_told(mongo_database: Database) -> None:
    store = ReceiptStore(mongo_database["push_receipts"])
    await store.ensure_indexes()

    await asyncio.gather(*(store.add(receipt("m1"), told_at=T0, expires_at=LATER) for _ in range(20)))
    await store.add(receipt("m1", delivered=False), told_at=T0, expires_at=LATER)
    await store.add(receipt("m2", delivered=False, minutes=-1), told_at=T0, expires_at=LATER)

    found = await store.of([("wechat", "m1"), ("wechat", "m2"), ("alipay", "m1"), ("wechat", "m3")])
    assert list(found) == [receipt("m2", delivered=False, minutes=-1), receipt("m1")]
