"""The population registry (人口库), simulated: it knows the synthetic residents and nobody else."""

import hmac
from collections.abc import Mapping
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct


class _Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    id_number: Annotated[str, Meta(pattern=r"^[0-9]{17}[0-9X]\Z")]


class Population:
    """The registry's books: names by number."""

    name = "population"

    def __init__(self, people: Mapping[str, str], *, key: str) -> None:
        """``people`` are names by ID number."""
        self._people = people
        self._key = key

    def routes(self) -> list[web.RouteDef]:
        """The one question."""
        return [web.post("/v1/two-elements", self._answer)]

    def busy(self) -> web.Response:
        """How it says that it cannot."""
        return web.json_response({"error": "busy"}, status=503)

    async def _answer(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self._key}"):
            return web.json_response({"error": "unauthorized"}, status=401)
        try:
            asked = msgspec.json.decode(await request.read(), type=_Question)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"agrees": self._people.get(asked.id_number) == asked.name})
