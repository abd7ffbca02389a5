"""The population registry (人口库), asked whether a name and a number belong together.

POST /v1/two-elements {"name", "idNumber"}, our key as a bearer token; 200 {"agrees": true|false}. It says
yes or no and never what it holds; a number nobody has is a no.
"""

import logging
from typing import Final

import msgspec
from msgspec import Struct

from auth_bridges.jws import NOT_JSON
from auth_bridges.ports import Http
from auth_bridges.refusals import RegistryUnavailable

_log: Final = logging.getLogger(__name__)


class _Answer(Struct, frozen=True, kw_only=True):
    agrees: bool


_decode: Final = msgspec.json.Decoder(_Answer).decode


class Population:
    """Asks about one person at a time."""

    def __init__(self, http: Http, *, base_url: str, key: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + "/v1/two-elements"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    async def __call__(self, name: str, number: str) -> bool:
        """Whether ``name`` is registered with ``number``."""
        body = msgspec.json.encode({"name": name, "idNumber": number})
        try:
            answer = await self._http("POST", self._url, headers=self._headers, body=body)
        except (ConnectionRefusedError, ConnectionAbortedError, TimeoutError):
            raise RegistryUnavailable from None
        if answer.status != 200:
            _log.warning("the population registry answered with status %d", answer.status)
            raise RegistryUnavailable
        try:
            return _decode(answer.body).agrees
        except NOT_JSON:
            _log.warning("the population registry answered, but not as documented")
            raise RegistryUnavailable from None
