"""What every call to WeChat shares: where it answers, what its error codes mean, its request id.

Errors come as HTTP 200 with ``errcode``; the content type of a reply is not to be relied on. Where the
first host cannot be reached the next one is asked (api2, WeChat's own for disasters): only then, because
then nothing was spent. A call that timed out or broke off may have used up its code, and is not repeated.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from auth_bridges.ports import Http, Reply
from auth_bridges.refusals import ProviderBusy, ProviderUnavailable, ProviderUnreached
from miniapp_schemas.refusals import Refusal

Meanings = Mapping[int, Callable[[], Refusal]]

_log: Final = logging.getLogger(__name__)
_CONNECT: Final = 2.0
_LARGEST: Final = 16 * 1024
_RID: Final = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})")

TOKEN_IS_WRONG: Final = frozenset({40001, 40014, 42001})
"""``invalid credential``, ``invalid access_token``, ``access_token expired``."""

# Ours to mend, and nobody is served until we do: appid, secret (40001 where no token was sent), address, a
# frozen account, keys and clock of the secure API, a request that is malformed.
_MISCONFIGURED: Final = frozenset(
    {
        40001,
        40002,
        40013,
        40125,
        40164,
        40243,
        41002,
        41004,
        41008,
        47001,
        50004,
        50007,
        89503,
        *range(40230, 40241),
    }
)


class Sent(Struct, frozen=True, kw_only=True):
    """What is sent to one address; made anew for each, for a signature names the address."""

    headers: Mapping[str, str] = {}
    body: bytes | None = None


class Told(Struct, frozen=True, kw_only=True):
    """The part of a reply every reply may have."""

    errcode: int = 0
    errmsg: str = ""


class WechatWire:
    """Asks WeChat, at the first of its addresses that can be reached."""

    def __init__(self, http: Http, *, base_urls: Sequence[str]) -> None:
        self._http = http
        self._bases = [url.rstrip("/") for url in base_urls]

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        total: float = 5.0,
        sent: Callable[[str], Sent] = lambda _: Sent(),
    ) -> tuple[str, Reply]:
        """The address that answered, without its query, and what it said; within ``total`` seconds.

        ``ProviderUnreached`` means that nothing arrived at any address; ``ProviderUnavailable`` that
        nobody can tell.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + total
        for base in self._bases:
            url = f"{base}{path}"
            made = sent(url)
            # No exception of the client is chained: it may hold the URL, and with it a secret or a code.
            try:
                reply = await self._http(
                    method,
                    url,
                    query=query,
                    headers=made.headers,
                    body=made.body,
                    connect=_CONNECT,
                    total=max(0.1, deadline - loop.time()),
                    largest=_LARGEST,
                )
            except ConnectionRefusedError:
                continue
            except (TimeoutError, ConnectionAbortedError):
                raise ProviderUnavailable from None
            if reply.status != 200:
                _log.warning("wechat answered with status %d", reply.status)
                raise ProviderUnavailable
            return url, reply
        raise ProviderUnreached


def unreadable() -> Refusal:
    """What a reply that is not of the documented form comes to."""
    _log.warning("wechat answered, but not in JSON as documented")
    return ProviderUnavailable()


def refusal_of(told: Told, meanings: Meanings) -> Refusal:
    """What an error of WeChat's means to whoever waits; ``meanings`` are those of the one API.

    A code that nobody knows is an outage to them, and what is ours to mend is an alarm to us.
    """
    found = _RID.search(told.errmsg)
    rid = found[1] if found else "none"
    if told.errcode in _MISCONFIGURED:
        _log.error("wechat refuses our appid, keys or address: errcode=%d rid=%s", told.errcode, rid)
    elif told.errcode not in meanings and told.errcode not in _EVERYWHERE:
        _log.warning("wechat answered with an unexpected errcode=%d rid=%s", told.errcode, rid)
    refusal = {**_EVERYWHERE, **meanings}.get(told.errcode, ProviderUnavailable)()
    refusal.facts.update(errcode=str(told.errcode), rid=rid)
    return refusal


_EVERYWHERE: Final[Meanings] = {
    -1: ProviderUnavailable,  # "system busy"
    45009: lambda: ProviderBusy(retry_after=60),  # all of us together
    45011: lambda: ProviderBusy(retry_after=60),  # this person, or this API, so many a minute
}


decode_told: Final = msgspec.json.Decoder(Told).decode
