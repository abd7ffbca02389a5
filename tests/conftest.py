"""What every test stands on."""

from typing import Any

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Every ``async def`` test runs on the loop the product runs on."""
    return "asyncio", {"use_uvloop": True}
