"""The offline code (离线码), fetched ahead."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from health_code.codec.signed import OfflineContent, SignedCode, mint
from health_code.ports import SigningKeys
from health_code.refusals import HealthCodeUnavailable
from health_code.service import HealthCodes
from miniapp_schemas.health_carried import OfflineHealthCode

_DAY: Final = timedelta(hours=24)
_encode: Final = msgspec.json.Encoder().encode
RULE_SET_BYTES: Final = 8


class OfflineCodes:
    """Signs what a snapshot says, for as long as nothing can be known to change it."""

    def __init__(self, *, codes: HealthCodes, keys: SigningKeys, jurisdiction: str) -> None:
        self._codes = codes
        self._keys = keys
        self._jurisdiction = jurisdiction

    async def fetch(self, subject: str) -> tuple[OfflineHealthCode, str]:
        """The code, and a tag that stays the same for an hour while the code would say the same.

        A colour that may not be shown as it is, because it is too old or should have changed, is not signed.
        """
        snapshot, shown, now = await self._codes.current(subject)
        issued = now.replace(minute=0, second=0, microsecond=0)
        ends = min(filter(None, (issued + _DAY, self._codes.good_until(snapshot))))
        if shown is not snapshot.colour or ends <= now:
            raise HealthCodeUnavailable
        code = SignedCode(
            issuer=self._jurisdiction,
            issued_at=int(issued.timestamp()),
            expires_at=int(ends.timestamp()),
            content=OfflineContent(
                colour=shown,
                name=snapshot.name_masked,
                as_of=int(snapshot.judged_at.timestamp()),
                rule_set=bytes.fromhex(snapshot.rule_set)[:RULE_SET_BYTES],
                handle=snapshot.handle,
            ),
        )
        key = self._keys.signing()
        told = OfflineHealthCode(
            code=mint(code, key=key),
            colour=shown.value,
            as_of=snapshot.judged_at,
            issued_at=issued,
            expires_at=_to_the_second(ends),
            rule_set=snapshot.rule_set,
        )
        # Of what is signed and by which key; the signature itself is another one each time.
        return told, f'"{sha256(key.kid + _encode(code)).hexdigest()[:24]}"'


def _to_the_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
