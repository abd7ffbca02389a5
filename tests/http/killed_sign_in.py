"""Finishes a clerk's sign-in at their organisation in a process that is killed as the session is written."""

import asyncio
import os
import signal
import sys

from auth_bridges.models import ClientFacts, StoredSession
from bff.platform.services import Platform
from bff.platform.settings import load_settings


async def finish(dies: str, code: str, state: str, issuer: str, device: str) -> None:
    """Finish it, and die as told."""
    async with Platform.open(load_settings(os.environ)) as platform:
        keep = platform.auth_stores.sessions.open

        async def die(session: StoredSession) -> None:
            if dies == "once it is kept":
                await keep(session)
            os.kill(os.getpid(), signal.SIGKILL)

        platform.auth_stores.sessions.open = die  # type: ignore[method-assign] # where this process ends
        client = ClientFacts(address="203.0.113.9", device=device)
        await platform.federation.finish_clerk(code, state, issuer, client)


if __name__ == "__main__":
    asyncio.run(finish(*sys.argv[1:]))
