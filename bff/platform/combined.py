"""A health code and a shown licence in one QR (组合码), and the check of both in one answer.

Two domains that do not know each other meet here. Each code stays what it is alone: its own window, its own
rules of use, its own record.
"""

import secrets
from typing import Final

from msgspec.structs import replace

from health_code.checking import HealthChecks
from health_code.models import Person
from health_code.service import HealthCodes
from miniapp_schemas.health_carried import CombinedTicket
from miniapp_schemas.health_code import CheckHealthCode, HealthCheck
from miniapp_schemas.wallet import ShowCredential, Verify
from wallet.models import Deputy, Requester
from wallet.service import Wallet

SEPARATOR: Final = "|"
"""In no code of either: neither base45 nor base64url has it."""


class CombinedCodes:
    """Makes and checks codes that are two."""

    def __init__(self, *, wallet: Wallet, codes: HealthCodes, checks: HealthChecks) -> None:
        self._wallet = wallet
        self._codes = codes
        self._checks = checks

    async def show(self, keeper: str, asked: ShowCredential, deputy: Deputy | None) -> CombinedTicket:
        """Both codes, or neither: without a health code no certificate is shown."""
        health = await self._codes.show(keeper)
        shown = await self._wallet.show(keeper, asked, deputy=deputy)
        return CombinedTicket(
            code=f"{health.code}{SEPARATOR}{shown.code}",
            expires_at=min(health.expires_at, shown.expires_at),
            health_code=health,
            presentation=shown,
        )

    async def check(self, guard: Person, scanned: CheckHealthCode, licences: Requester | None) -> HealthCheck:
        """What ``guard`` may know of a health code, and of a licence with it if they may check ``licences``.

        The licence is used up as if it were scanned alone, and is not touched by who may not check any.
        """
        health, _, licence = scanned.code.strip().partition(SEPARATOR)
        answer = await self._checks.check(guard, health, request=scanned.request_id or "")
        if not licence or licences is None:
            return answer
        # Who names no request cannot ask again: a second scan must find the licence used.
        request = scanned.request_id or secrets.token_hex(16)
        return replace(
            answer, licence=await self._wallet.verify(licences, Verify(code=licence, request_id=request))
        )
