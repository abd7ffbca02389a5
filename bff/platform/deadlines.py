"""How long a caller waits while one of our stores hangs.

A store that died says so at once. One that hangs says nothing, and a caller would wait for the driver's
patience: once for each try, and once more for the batch in front. So every request has a deadline of its
own, and is then answered 503 with ``Retry-After``; what it had asked of a store goes on or fails by itself.
To be cut off is to a handler what the death of its process is: whatever was acknowledged is kept, and the
same request sent again is answered alike.

The time a caller takes to send a body or to read an answer is not ours and does not count. A route that
declares a refusal of kind `UNAVAILABLE` asks somebody outside, or computes what is dear on purpose, and is
given the time of those on top.
"""

import asyncio
from typing import Final

from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from miniapp_schemas.refusals import Kind

__all__ = ["DeadlineMiddleware", "allowed_seconds"]

_OTHERS: Final = 10.0
"""Seconds for what is not ours: two calls of a provider, one of an authority (``bff.platform.outbound``)."""


class DeadlineMiddleware(ASGIMiddleware):
    """Ends a request that found no answer within ``patience`` seconds, and whatever others may take.

    It stands inside the application, where a ``TimeoutError`` becomes a problem like any other.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._allowed: dict[BaseRouteHandler, float] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request run until its deadline, or raise ``TimeoutError``."""
        handler: BaseRouteHandler = scope["route_handler"]
        allowed = self._allowed.get(handler)
        if allowed is None:
            allowed = self._allowed[handler] = allowed_seconds(handler, self._patience)
        now = asyncio.get_running_loop().time

        async with asyncio.timeout(allowed) as deadline:

            def until(when: float | None) -> None:
                # redis-py can lose the cancellation; then the answer, late as it is, goes its way.
                if not deadline.expired():
                    deadline.reschedule(when)

            async def receive_at_leisure() -> ReceiveMessage:
                until(None)
                try:
                    return await receive()
                finally:
                    until(now() + allowed)

            async def send_at_leisure(message: Message) -> None:
                if message["type"] == "http.response.start":
                    until(None)
                await send(message)

            await next_app(scope, receive_at_leisure, send_at_leisure)


def allowed_seconds(handler: BaseRouteHandler, patience: float) -> float:
    """How long ``handler`` may take where our stores have ``patience`` seconds."""
    refusals = handler.opt.get("refusals", ())
    asks_others = any(refusal.kind is Kind.UNAVAILABLE and not refusal.ours for refusal in refusals)
    return patience + (_OTHERS if asks_others else 0)
