"""Confirms an entry by hand in a process that is killed between that and recording the evidence."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from bff.platform.services import Platform
from bff.platform.settings import load_settings
from health_code.models import Person, StoredEvidence

DOCTOR = Person(id="doctor", organisation="hospital", organisation_name="hospital 单位")


async def confirm(dies: str, entry: str) -> None:
    """Confirm it, and die as told."""
    async with Platform.open(load_settings(os.environ)) as platform:
        append = platform.health.evidence.append

        async def die(source: str, drafts: Sequence[StoredEvidence]) -> dict[str, StoredEvidence]:
            if dies == "once it is recorded":
                await append(source, drafts)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        platform.health.evidence.append = die  # type: ignore[method-assign] # where this process ends
        await platform.health.manual.confirm(DOCTOR, entry)


if __name__ == "__main__":
    asyncio.run(confirm(*sys.argv[1:]))
