"""Sets a credit aside in a process that is killed before it could settle it."""

import asyncio
import os
import signal
import sys
from datetime import datetime
from functools import partial

from bff.platform.mongo import database, open_mongo
from push.rules.credits import Ledger, reserved
from push.store.credits import CreditStore


async def reserve(url: str, name: str, ledger: str, key: str, at: str) -> None:
    """Reserve for ``key``, and die."""
    store = CreditStore(database(open_mongo(url), name)["push_credits"])
    change = partial(reserved, key=key, at=datetime.fromisoformat(at))
    await store.change([(Ledger(id=ledger, resident="r"), change)])
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(reserve(*sys.argv[1:]))
