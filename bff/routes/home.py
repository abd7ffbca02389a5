"""``/mp/v1/home``: the first screen in one call."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from bff.platform.blocks import Blocks
from bff.platform.identity import Principal
from bff.routes.parameters import IfNoneMatch
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.home import Block, Home


class HomeController(Controller):
    """The first screen."""

    path = "/mp/v1/home"
    tags = ("home",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None, "acting": True}

    @get(operation_id="Home", summary="The first screen")
    async def home(
        self,
        principal: NamedDependency[Principal],
        blocks: NamedDependency[Blocks],
        clock: NamedDependency[Callable[[], datetime]],
        if_none_match: IfNoneMatch = None,
    ) -> Response[Home]:
        """Blocks that fail one by one; 304 if none changed since the given `ETag`."""
        composed = await blocks.compose(principal)
        etag = _etag(composed)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if if_none_match is not None and etag in if_none_match:
            return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]  # 304 has no body
        return Response(Home(server_time=clock(), blocks=composed), headers=headers)


def _etag(blocks: dict[str, Block]) -> str:
    """Of the blocks' data and states; not of the time they were read at."""
    marks = "|".join(f"{name}:{block.status}:{block.etag}" for name, block in blocks.items())
    return f'"{hashlib.blake2b(marks.encode(), digest_size=12).hexdigest()}"'
