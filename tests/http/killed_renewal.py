"""Renews a session in a process that is killed once the renewal is written and before it is read back."""

import asyncio
import os
import signal
import sys
from typing import Any

from auth_bridges.models import ClientFacts
from bff.platform.services import Platform
from bff.platform.settings import load_settings


class _Dies:
    """A collection nobody reads and lives."""

    def __init__(self, collection: Any) -> None:  # noqa: ANN401 - the driver's, whatever it is
        self._collection = collection

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the driver's, whatever it is
        if name == "find":
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self._collection, name)


async def renew(token: str, device: str) -> None:
    """Renew it, and die as told."""
    async with Platform.open(load_settings(os.environ)) as platform:
        sessions = platform.auth_stores.sessions
        sessions._sessions = _Dies(sessions._sessions)  # type: ignore[assignment] # where this process ends
        await platform.auth.refresh(token, ClientFacts(address="203.0.113.9", device=device))


if __name__ == "__main__":
    asyncio.run(renew(*sys.argv[1:]))
