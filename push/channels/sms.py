"""The city's text message gateway (短信网关) for notices: one POST, one message.

POST /v1/messages {"phone", "template", "text", "id"}, our key as a bearer token; 202 when it is on its way.
The gateway promises nothing about an ``id`` it has seen: an unknown is not sent again. A text message lies on
a locked screen, and it costs: the neutral words only, and no marketing. What became of a message the gateway
tells later under the same ``id`` (``text_receipts``).
"""

from typing import Final

import msgspec

from push.channels.asking import answered, notice_uuid, wait_asked
from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.models import MessageClass
from push.ports import Clock, Http, Reply

LONGEST_TEXT: Final = 500
"""Characters a gateway takes; beyond 70 it is sent, and paid for, in parts of 67."""


class SmsChannel:
    """Sends text messages."""

    name: Final = "sms"
    idempotent: Final = False
    takes_credit: Final = False

    def __init__(self, http: Http, *, base_url: str, key: str, template: str, clock: Clock) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + "/v1/messages"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._template = template
        self._clock = clock

    def takes(self, message: Message) -> bool:
        """No marketing, and nothing that would not fit."""
        return message.message_class is MessageClass.SERVICE and len(_text(message)) <= LONGEST_TEXT

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask the gateway once."""
        name = str(notice_uuid(message))
        body = msgspec.json.encode(
            {"phone": address.target, "template": self._template, "text": _text(message), "id": name}
        )
        reply = await answered(self._http("POST", self._url, headers=self._headers, body=body))
        if isinstance(reply, Failed | Unknown):
            return reply
        return self._reaction(reply, name)

    def _reaction(self, reply: Reply, name: str) -> Answer:
        if reply.status == 202:
            return Accepted(receipt=name)
        code = f"status_{reply.status}"
        if reply.status in {429, 503}:
            after = wait_asked(reply, self._clock())
            return Failed(failure=FailureClass.RETRY, code=code, after=after, lane_stop=reply.status == 429)
        if reply.status in {401, 403, 404}:
            return Failed(failure=FailureClass.CONFIGURATION, code=code)
        if 400 <= reply.status < 500:
            return Failed(failure=FailureClass.NEXT_CHANNEL, code=code)
        return Unknown(why=f"status {reply.status}")


def _text(message: Message) -> str:
    return f"{message.lock_title}：{message.lock_body}" if message.lock_title else message.lock_body
