"""The family register (监护关系登记), simulated: guardians and children, one question at a time.

No city's register has a public interface to be held to; this is the one the bridge documents, answered by
code of its own. Whoever asks without the key is refused, and so is what is not two ID numbers.

``/_sim/family/court`` plays the court that ends a guardianship, or gives it back.
"""

import hmac
from collections.abc import Iterable
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

_Number = Annotated[str, Meta(pattern=r"^[0-9]{17}[0-9X]\Z")]


class Entry(Struct, frozen=True, kw_only=True):
    """One line of the register; the child's birth date is in its number."""

    guardian: str
    child: str
    child_name: str


class _Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    guardian: _Number
    child: _Number


class _Ruling(_Question, frozen=True, kw_only=True):
    ended: bool


class FamilyRegister:
    """The register's books. One event loop; nothing here waits."""

    name = "family"

    def __init__(self, entries: Iterable[Entry], *, key: str) -> None:
        self._entries = {(each.guardian, each.child): each for each in entries}
        self._ended: set[tuple[str, str]] = set()
        self._key = f"Bearer {key}"

    def rule(self, guardian: str, child: str, *, ended: bool) -> None:
        """What a court does."""
        (self._ended.add if ended else self._ended.discard)((guardian, child))

    def routes(self) -> list[web.RouteDef]:
        """The API, and the court."""
        return [web.post("/v1/guardianship", self._ask), web.post("/_sim/family/court", self._court)]

    def busy(self) -> web.Response:
        """Its way of being out of order."""
        return web.json_response({"error": "busy"}, status=503)

    async def _ask(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), self._key):
            return web.json_response({"error": "key"}, status=401)
        try:
            asked = msgspec.json.decode(await request.read(), type=_Question)
        except msgspec.DecodeError:
            return web.json_response({"error": "question"}, status=400)
        pair = (asked.guardian, asked.child)
        entry = self._entries.get(pair)
        if entry is None or pair in self._ended:
            return web.json_response({"guardian": False})
        number = entry.child
        born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        return web.json_response({"guardian": True, "childName": entry.child_name, "childBorn": born})

    async def _court(self, request: web.Request) -> web.Response:
        try:
            ruling = msgspec.json.decode(await request.read(), type=_Ruling)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        self.rule(ruling.guardian, ruling.child, ended=ruling.ended)
        return web.Response(status=204)
