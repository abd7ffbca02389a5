"""The family register (监护关系登记): is this person a guardian of that child?

POST {base}/v1/guardianship ``{"guardian", "child"}``, both ID numbers, in the body and never in an address.
200 ``{"guardian": false}`` for whatever is none, and for one ``childName`` and ``childBorn`` as well.
"""

import logging
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct

from auth_bridges.jws import NOT_JSON
from auth_bridges.models import Guardianship
from auth_bridges.ports import Http
from auth_bridges.refusals import FamilyRegisterUnavailable

_log: Final = logging.getLogger(__name__)
_PATH: Final = "/v1/guardianship"


class _Question(Struct, frozen=True, kw_only=True):
    guardian: str
    child: str


class _Reply(Struct, frozen=True, kw_only=True, rename="camel"):
    guardian: bool
    child_name: str | None = None
    child_born: date | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Reply).decode


class FamilyBridge:
    """Asks the family register, one question about one pair: it is no directory of children."""

    def __init__(self, http: Http, *, base_url: str, key: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + _PATH
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    async def guardianship(self, guardian: str, child: str) -> Guardianship | None:
        """What holds between two ID numbers; anything but a clear answer is `FamilyRegisterUnavailable`."""
        question = _encode(_Question(guardian=guardian, child=child))
        try:
            answer = await self._http("POST", self._url, headers=self._headers, body=question)
        except (ConnectionRefusedError, ConnectionAbortedError, TimeoutError):
            raise FamilyRegisterUnavailable from None
        if answer.status != 200:
            _log.warning("the family register answered with status %d", answer.status)
            raise FamilyRegisterUnavailable
        try:
            reply = _decode(answer.body)
        except NOT_JSON:
            _log.warning("the family register answered, but not as agreed")
            raise FamilyRegisterUnavailable from None
        if not reply.guardian:
            return None
        if not reply.child_name or reply.child_born is None:
            _log.warning("the family register answered half a guardianship")
            raise FamilyRegisterUnavailable
        return Guardianship(child_name=reply.child_name, born=reply.child_born)
