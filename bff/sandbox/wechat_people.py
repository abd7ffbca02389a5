"""What the simulated WeChat does for and about people: phones, session keys, sealed data.

A phone code is of another kind than a login code, lives five minutes from the tap that made it, and works
once. A session key is proved by a signature made with it, as text.
"""

import hmac
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha1, sha256
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from bff.sandbox.simulator import Clock
from bff.sandbox.wechat_errors import Answer, Refused
from bff.sandbox.wechat_ids import WechatApp, openid_of, unionid_of

CODE_LIFETIME: Final = timedelta(seconds=300)
_OK: Final = {"errcode": 0, "errmsg": "ok"}


class _PhoneCode:
    """A code of ``getPhoneNumber`` and whether it was traded."""

    __slots__ = ("appid", "issued_at", "resident", "used")

    def __init__(self, appid: str, resident: str, issued_at: datetime) -> None:
        self.appid = appid
        self.resident = resident
        self.issued_at = issued_at
        self.used = False


class People:
    """What WeChat keeps about people, but for how they log in."""

    def __init__(self, phones: Mapping[str, str], *, now: Clock, chance: random.Random) -> None:
        self._phones = phones
        self._now = now
        self._chance = chance
        self._codes: dict[str, _PhoneCode] = {}
        self._session_keys: dict[str, str] = {}
        self.country_as_number = False
        """The documentation says that ``countryCode`` is a string and shows a number."""
        self.watermark_appid: str | None = None
        self.watermark_age = timedelta(0)

    # --- session keys --------------------------------------------------------------------------------

    def session_key(self, openid: str, *, renew: bool = False) -> str:
        """The person's session key in an app: one is valid at a time."""
        if renew or openid not in self._session_keys:
            self._session_keys[openid] = b64encode(self._chance.randbytes(16)).decode()
        return self._session_keys[openid]

    def has_session(self, openid: str) -> bool:
        """Whether the person ever logged in."""
        return openid in self._session_keys

    def check_session(self, query: Mapping[str, str]) -> Answer:
        """``checksession``: whether the caller holds the session key that is valid now."""
        self._prove_session(query)
        return dict(_OK)

    def reset_session_key(self, query: Mapping[str, str]) -> Answer:
        """``resetusersessionkey``: another key for whoever holds the valid one."""
        openid = self._prove_session(query)
        return {**_OK, "openid": openid, "session_key": self.session_key(openid, renew=True)}

    def _prove_session(self, query: Mapping[str, str]) -> str:
        openid = query.get("openid", "")
        if query.get("sig_method") != "hmac_sha256":
            raise Refused(87008)
        key = self._session_keys.get(openid)
        if key is None:
            raise Refused(87009)
        made = hmac.new(key.encode(), b"", sha256).hexdigest()
        if not hmac.compare_digest(made.encode(), query.get("signature", "").encode()):
            raise Refused(87009)
        return openid

    # --- phones --------------------------------------------------------------------------------------

    def tap_phone(self, appid: str, resident: str) -> str:
        """The code the mini-program gets when a person taps the button that gives their number."""
        code = f"{self._chance.getrandbits(256):064x}"
        self._codes[code] = _PhoneCode(appid, resident, self._now())
        return code

    def phone_number(self, app: WechatApp, asked: Mapping[str, Any]) -> Answer:
        """``getuserphonenumber``."""
        known = self._codes.get(str(asked.get("code", "")))
        now = self._now()
        # One answer for unknown, another app's, expired, used and of another kind.
        if known is None or known.appid != app.appid or known.used or now - known.issued_at >= CODE_LIFETIME:
            raise Refused(40029)
        # Which code a stranger's openid is told is not documented.
        if (openid := asked.get("openid")) and openid != openid_of(app.appid, known.resident):
            raise Refused(40003)
        known.used = True
        number = self._phones.get(known.resident, f"154{self._number_of(known.resident):08d}")
        info: dict[str, object] = {
            "phoneNumber": number,
            "purePhoneNumber": number,
            "countryCode": 86 if self.country_as_number else "86",
            "watermark": self._watermark(app.appid),
        }
        return {**_OK, "phone_info": info}

    @staticmethod
    def _number_of(resident: str) -> int:
        return int.from_bytes(sha256(resident.encode()).digest()[:6]) % 100_000_000

    # --- open data -----------------------------------------------------------------------------------

    def user_info(self, app: WechatApp, resident: str) -> dict[str, str]:
        """What ``wx.getUserProfile`` gives the mini-program: in the clear, signed; and sealed (开放数据)."""
        openid = openid_of(app.appid, resident)
        key = self.session_key(openid)
        info: dict[str, object] = {"nickName": resident, "gender": 0, "language": "zh_CN"}
        raw = json.dumps(info, ensure_ascii=False, separators=(",", ":"))
        whole = {**info, "openId": openid, "watermark": self._watermark(app.appid)}
        if app.open_platform is not None:
            whole["unionId"] = unionid_of(app.open_platform, resident)
        iv = self._chance.randbytes(16)
        plain = json.dumps(whole, separators=(",", ":")).encode()
        return {
            "rawData": raw,
            "signature": sha1((raw + key).encode(), usedforsecurity=False).hexdigest(),
            "encryptedData": b64encode(_cbc(b64decode(key), iv, plain)).decode(),
            "iv": b64encode(iv).decode(),
        }

    def _watermark(self, appid: str) -> dict[str, object]:
        made_at = self._now() - self.watermark_age
        return {"timestamp": int(made_at.timestamp()), "appid": self.watermark_appid or appid}


def _cbc(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """CBC with PKCS#7 over single blocks; our codec takes the library's."""
    block = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - the single block CBC is built of
    left = 16 - len(plain) % 16
    padded = plain + bytes([left]) * left
    sealed, before = b"", iv
    for at in range(0, len(padded), 16):
        mixed = bytes(one ^ other for one, other in zip(padded[at : at + 16], before, strict=True))
        before = block.update(mixed)
        sealed += before
    return sealed
