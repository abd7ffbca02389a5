"""HTTP/1.1 as the web process speaks it: uvicorn's protocol, with an end to its patience.

Our requests are small, and whoever means one sends it at once. Left to itself uvicorn waits for the rest
of a request for ever, and keeps a head that never ends: a few thousand connections that send a byte a
minute would be all it takes to keep a city out.
"""

import asyncio
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LARGEST_HEAD: Final = 32 * 1024


class Http1(HttpToolsProtocol):
    """One connection; closed if a request on it, once begun, is not whole in time."""

    patience: ClassVar[float] = 15.0
    """Seconds from the connection, or from the first byte of a later request, to the last byte of it."""

    _deadline: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, and wait for the rest if there must be one."""
        super().data_received(data)
        cycle = self.cycle
        in_head = cycle is None or cycle.scope is not self.scope
        if not in_head and not cycle.more_body and not cycle.response_complete:
            self._stop_waiting()
        elif not self.transport.is_closing():
            # Anything that arrives ends uvicorn's own wait on an idle connection, an empty line too.
            if self._deadline is None:
                self._await_request()
            self._head = self._head + len(data) if in_head else 0
            if self._head > _LARGEST_HEAD:
                self.send_400_response("The head of the request is too large.")

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(self.patience, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._head = 0

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever offers another protocol is answered in this one."""
