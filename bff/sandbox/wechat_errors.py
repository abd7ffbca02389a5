"""What the simulated WeChat says when it says no: HTTP 200, ``errcode``, and a request id in ``errmsg``."""

import json
import random
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

ERRORS: Final = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "IP not in whitelist",
    40226: "code blocked",
    40230: "missing Wechatmp-Serial",
    40231: "missing Wechatmp-Timestamp",
    40232: "missing Wechatmp-Signature",
    40233: "missing Wechatmp-Appid",
    40234: "invalid signature",
    40235: "invalid encrypt",
    40236: "invalid Wechatmp-Appid",
    40237: "Wechatmp-Appid and token mismatch",
    40238: "symmetric key not set",
    40239: "public key not set",
    40240: "expired timestamp",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit  mustslower  retry next minute",
    47001: "data format error",
    87008: "invalid sig_method",
    87009: "invalid signature",
    89503: "call from this IP needs administrator confirmation",
}

Answer = dict[str, Any]


class Errors:
    """Makes errors, each with an id of its own to quote to WeChat's support."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def __call__(self, errcode: int, said: str | None = None) -> Answer:
        """The reply that says ``errcode``, in words of its own if there are any."""
        rid = "-".join(f"{self._chance.getrandbits(32):08x}" for _ in range(3))
        return {"errcode": errcode, "errmsg": f"{said or ERRORS.get(errcode, 'unknown')}, rid: {rid}"}


class Refused(Exception):
    """A call that ends with an error."""

    def __init__(self, errcode: int, said: str | None = None) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.said = said


def plain(reply: Mapping[str, Any]) -> web.Response:
    """``reply`` as WeChat sends it, whatever it is: 200, ``text/plain``."""
    return web.Response(text=json.dumps(reply, separators=(",", ":")), content_type="text/plain")
