"""The floor: the least a Litestar handler can do, on the server ours runs on.

What is above it is what our work costs; nothing of ours can be faster while it is a Litestar handler.
"""

import os

from litestar import Litestar, get

from bff.platform.memory import settle_memory
from bff.platform.settings import load_settings
from bff.processes.web import serve


@get("/")
async def hello() -> dict[str, str]:
    """The smallest JSON answer."""
    return {"status": "ok"}


async def _settled(_: Litestar) -> None:
    settle_memory()


def application() -> Litestar:
    """The floor's application."""
    return Litestar([hello], on_startup=[_settled], openapi_config=None, logging_config=None)


def main() -> None:
    """Serve it until told to stop."""
    serve(load_settings(os.environ), target="bff.sandbox.bench.floor:application")


if __name__ == "__main__":
    main()
