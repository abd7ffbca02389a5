"""The city's text message gateway (短信网关): one POST, one message, no retry.

POST /v1/messages {"phone", "template": "one-time-code", "code"}, our key as a bearer token; 202 when the
message is on its way. The templates' words are agreed with the operator; only the code is ours. The other
template is "phone-replaced", which has no places: 您的手机号已不再绑定原账户；如非本人操作，请立即登录查看。
"""

import logging
from typing import Final

import msgspec

from auth_bridges.ports import Http
from auth_bridges.refusals import SmsUnavailable

_log: Final = logging.getLogger(__name__)


class SmsGateway:
    """Sends one-time codes, and word to a phone that was replaced."""

    def __init__(self, http: Http, *, base_url: str, key: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + "/v1/messages"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    async def __call__(self, phone: str, code: str) -> None:
        """Send ``code`` to ``phone``; whether it arrived when the gateway fell silent nobody can tell."""
        await self._send({"phone": phone, "template": "one-time-code", "code": code})

    async def tell_replaced(self, phone: str) -> None:
        """Tell ``phone`` that another was bound in its place."""
        await self._send({"phone": phone, "template": "phone-replaced"})

    async def _send(self, message: dict[str, str]) -> None:
        body = msgspec.json.encode(message)
        try:
            answer = await self._http("POST", self._url, headers=self._headers, body=body)
        except (ConnectionRefusedError, ConnectionAbortedError, TimeoutError):
            raise SmsUnavailable from None
        if answer.status != 202:
            _log.warning("the text message gateway answered with status %d", answer.status)
            raise SmsUnavailable
