"""Keys, envelopes and ID numbers that tests of the wallet are made of. Nobody real."""

from typing import Final

from stdnum.cn import ric

from wallet.codec.keys import SigningKey
from wallet.codec.lz1 import Envelope

KEY: Final = SigningKey.from_seed(b"the key most tests sign with, no secret at all")
OTHER_KEY: Final = SigningKey.from_seed(b"a second key, trusted by nobody unless told so")
KEYS: Final = {KEY.kid: KEY.public}

# 2026-11-22T09:30:00+08:00
NOW: Final = 1_795_311_000


def envelope(**changes: object) -> Envelope:
    """Four claims of an ID card, shown at `NOW` for 90 seconds."""
    shown: dict[str, object] = {
        "issuer": 1,
        "issued_at": NOW,
        "expires_at": NOW + 90,
        "token_id": bytes(range(12)),
        "status": (1, 700_000),
        "scene": 1,
        "type": 1,
        "claims": {4: "张小明", 8: 7000, 9: 1, 1: 1234},
    }
    return Envelope(**(shown | changes))  # type: ignore[arg-type]


def id_number(first: str) -> str:
    """The valid ID number that begins with these 17 digits."""
    return first + ric.calc_check_digit(first + "0")
