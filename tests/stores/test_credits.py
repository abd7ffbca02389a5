"""Credits in a real MongoDB: many at once, and a process killed in between."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bff.platform.coalesce import together
from bff.platform.mongo import Database
from bff.sandbox.servers import EmbeddedServers
from push.credits import Below, CreditService, Said
from push.rules.credits import Ledger, granted, holds, reserved
from push.rules.templates import Binding
from push.store.credits import CreditStore

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Bindings:
    """Two notices by one template of WeChat's, one by a standing one."""

    _all = {
        "vaccination-due": Binding(template_id="once", fields={}),
        "vaccination-overdue": Binding(template_id="once", fields={}),
        "campaign": Binding(template_id="ever", fields={}, standing=True),
    }

    def binding(self, channel: str, name: str) -> Binding | None:
        return self._all.get(name) if channel == "wechat" else None

    def bindings(self, channel: str) -> dict[str, Binding]:
        return self._all if channel == "wechat" else {}


async def nobody_merged(residents: Sequence[str]) -> dict[str, str]:
    return {resident: resident for resident in residents}


def service(
    mongo: Database,
    now: datetime = T0,
    told: Callable[[str, str], None] = lambda channel, what: None,
    below: Below = nobody_merged,
) -> CreditService:
    """A process of its own; ``told`` hears what operators are shown."""
    return CreditService(
        CreditStore(mongo["push_credits"]),
        bindings=Bindings(),
        apps={"wechat": "wxcity", "alipay": "simcity"},
        below=below,
        together=together,
        meter=told,
        clock=lambda: now,
    )


async def allow(office: CreditService, template: str = "once", *, times: int = 1) -> None:
    for each in range(times):
        said = [Said(template_id=template, accepted=True)]
        await office.answered("r", "wechat", said, once=f"{template}-{each}")


async def test_of_many_at_once_in_two_processes_as_many_get_one_as_there_are(
    mongo_database: Database,
) -> None:
    one, other = service(mongo_database), service(mongo_database)
    await allow(one, times=7)

    taken = await asyncio.gather(
        *(
            process.reserve("r", "vaccination-due", f"k{number}", at=T0, channel="wechat")
            for number in range(20)
            for process in (one, other)
        )
    )

    pairs = list(zip(taken[::2], taken[1::2], strict=True))
    assert all(mine == theirs for mine, theirs in pairs)
    assert sum(mine for mine, _ in pairs) == 7
    (allowance, _) = await one.allowances("r")
    assert (allowance.left, allowance.templates) == (0, ["vaccination-due", "vaccination-overdue"])


async def test_what_an_account_was_allowed_before_its_merge_serves_whom_it_became(
    mongo_database: Database,
) -> None:
    merged = {"r": "survivor"}

    async def below(residents: Sequence[str]) -> dict[str, str]:
        mine = {each: root for each, root in merged.items() if root in residents}
        return {resident: resident for resident in residents} | mine

    office = service(mongo_database, below=below)
    await allow(office, times=3)
    said = [Said(template_id="once", accepted=True)]
    await office.answered("survivor", "wechat", said, once="own")
    assert (await office.allowances("survivor"))[0].left == 4

    async def take(key: str, *, spent: bool, none_left: bool = False) -> bool:
        wanted = ("survivor", "vaccination-due", key)
        kept = await mongo_database["push_credits"].find().sort("_id", 1).to_list()
        offered = await office.available(*wanted, at=T0, channel="wechat")
        assert kept == await mongo_database["push_credits"].find().sort("_id", 1).to_list()
        for_it = await office.reserve(*wanted, at=T0, channel="wechat")
        assert offered == for_it == await office.available(*wanted, at=T0, channel="wechat")
        again = await office.reserve("survivor", "vaccination-due", key, at=T0, channel="wechat")
        assert for_it == again
        for _ in range(2):
            await office.settle(
                "survivor",
                "vaccination-due",
                key,
                spent=spent,
                none_left=none_left,
                at=T0 + timedelta(minutes=1),
                channel="wechat",
            )
        return for_it

    left = []
    for key, spent in (("own", True), ("first", True), ("given back", False), ("second", True)):
        assert await take(key, spent=spent)
        left.append((await office.allowances("survivor"))[0].left)
    assert left == [3, 2, 2, 1]

    # Undone, what is left is the account's own again.
    del merged["r"]
    assert [(await office.allowances(who))[0].left for who in ("survivor", "r")] == [0, 1]
    merged["r"] = "survivor"
    assert await take("last", spent=False, none_left=True)
    assert (await office.allowances("survivor"))[0].left == 0
    assert not await take("none", spent=False)


async def test_operators_are_told_what_becomes_of_credits(mongo_database: Database) -> None:
    told: list[tuple[str, str]] = []
    office = service(mongo_database, told=lambda channel, what: told.append((channel, what)))
    await allow(office)
    for key in ("first", "second"):
        await office.reserve("r", "vaccination-due", key, at=T0, channel="wechat")
    await office.settle("r", "vaccination-due", "first", spent=True, none_left=False, at=T0, channel="wechat")
    await office.answered("r", "wechat", [Said(template_id="once", accepted=False)], once="no")
    assert told == [("wechat", what) for what in ("granted", "reserved", "none", "spent", "refused")]


async def test_a_hundred_settled_at_once_by_two_are_each_settled_once(mongo_database: Database) -> None:
    one, other = service(mongo_database), service(mongo_database)
    await allow(one, times=50)
    keys = [f"k{number}" for number in range(50)]
    assert all(
        await asyncio.gather(
            *(one.reserve("r", "vaccination-due", key, at=T0, channel="wechat") for key in keys)
        )
    )

    await asyncio.gather(
        *(
            process.settle(
                "r", "vaccination-due", key, spent=number % 2 == 0, none_left=False, at=T0, channel="wechat"
            )
            for number, key in enumerate(keys)
            for process in (one, other)
        )
    )

    assert (await one.allowances("r"))[0].left == 25


async def test_no_template_no_credit(mongo_database: Database) -> None:
    office = service(mongo_database)

    assert not await office.reserve("r", "linked", "k", at=T0, channel="wechat")
    assert not await office.reserve("r", "vaccination-due", "k", at=T0, channel="alipay")
    assert not await office.reserve("r", "vaccination-due", "k", at=T0, channel="sms")
    assert not await office.available("r", "linked", "k", at=T0, channel="wechat")
    assert not await office.available("r", "vaccination-due", "k", at=T0, channel="alipay")
    await office.settle("r", "linked", "k", spent=True, none_left=True, at=T0, channel="wechat")
    assert await mongo_database["push_credits"].count_documents({}) == 0


async def test_a_template_that_is_not_ours_any_more_is_passed_over(mongo_database: Database) -> None:
    office = service(mongo_database)
    await allow(office, "of-last-year")

    assert [each.agreed for each in await office.allowances("r")] == [False, False]


async def test_a_standing_yes_serves_every_message_until_43101(mongo_database: Database) -> None:
    office = service(mongo_database)
    await allow(office, "ever")
    for number in range(3):
        assert await office.reserve("r", "campaign", f"k{number}", at=T0, channel="wechat")
        await office.settle(
            "r", "campaign", f"k{number}", spent=True, none_left=False, at=T0, channel="wechat"
        )

    later = T0 + timedelta(hours=1)
    assert await office.reserve("r", "campaign", "last", at=later, channel="wechat")
    await office.settle("r", "campaign", "last", spent=False, none_left=True, at=later, channel="wechat")

    allowance = (await office.allowances("r"))[1]
    assert (allowance.standing, allowance.agreed, allowance.refused) == (True, False, True)


@pytest.mark.parametrize("hours", [1, 25])
async def test_who_is_killed_between_reserving_and_settling_costs_nobody_a_credit(
    mongo_database: Database, servers: EmbeddedServers, hours: int
) -> None:
    office = service(mongo_database)
    await allow(office)
    ledger = "wechat:wxcity:once:r"
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.stores.killed_reservation"),
        *(servers.mongo_url, mongo_database.name, ledger, "k", T0.isoformat()),
    )
    assert await killed.wait() == -9
    later = T0 + timedelta(hours=hours)

    # Whoever takes the intent up again finds it set aside; nobody did for a day, another may have it.
    assert await office.reserve(
        "r", "vaccination-due", "k" if hours == 1 else "another", at=later, channel="wechat"
    )
    assert not await office.reserve("r", "vaccination-due", "third", at=later, channel="wechat")


async def test_a_store_answers_each_of_a_batch_about_the_same_ledger(mongo_database: Database) -> None:
    store = CreditStore(mongo_database["push_credits"])
    empty = Ledger(id="l", resident="r")

    answers = await store.change(
        [
            (empty, partial(granted, grant="g", source="page", standing=False, at=T0)),
            (empty, partial(reserved, key="a", at=T0)),
            (empty, partial(reserved, key="b", at=T0)),
        ]
    )

    assert [holds(answers[1], "a"), holds(answers[2], "b")] == [True, False]
    assert (await store.of(["l"]))["l"].rev == 1
    await store.forget(["r"])
    assert await store.of(["l"]) == {}
