"""Renews a session in a process that is killed once the renewal is written and before anybody is told."""

import asyncio
import os
import signal
import sys
from typing import NoReturn

from auth_bridges.models import ClientFacts
from bff.platform.services import Platform
from bff.platform.settings import load_settings


async def _die(_: str) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("somebody outlived it")


async def renew(token: str, device: str) -> None:
    """Renew it, and die as told."""
    async with Platform.open(load_settings(os.environ)) as platform:
        # What is asked next: whose session it is.
        platform.auth_stores.residents.get = _die  # type: ignore[assignment, method-assign] # its end
        await platform.auth.refresh(token, ClientFacts(address="203.0.113.9", device=device))


if __name__ == "__main__":
    asyncio.run(renew(*sys.argv[1:]))
