"""Apple's push service (APNs): HTTP/2, a token of ours signed with ES256, and one notice a request.

The same notice always has the same ``apns-id`` and the same ``apns-collapse-id``: sent twice, the second
takes the place of the first on the phone, so an unknown may be sent again here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from msgspec import Struct

from push.channels.asking import answered, notice_uuid, read
from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.models import MessageClass
from push.ports import Http2, ProviderToken, Reply, TokenAway

LARGEST_PAYLOAD: Final = 4096
"""Bytes; more is refused with ``PayloadTooLarge``."""
TOKEN_LIVES: Final = timedelta(minutes=55)
"""Apple refuses one older than an hour; by then it was long replaced."""
TOKENS_APART: Final = timedelta(minutes=20)
"""Made more often than this, Apple refuses them with ``TooManyProviderTokenUpdates``."""

_MESSAGE: Final = FailureClass.BROKEN
_OURS: Final = FailureClass.CONFIGURATION
_GONE: Final = FailureClass.TOMBSTONE
_LATER: Final = FailureClass.RETRY

REACTIONS: Final[Mapping[str, FailureClass]] = {
    "BadCollapseId": _MESSAGE,
    "BadExpirationDate": _MESSAGE,
    "BadMessageId": _MESSAGE,
    "BadPriority": _MESSAGE,
    "DuplicateHeaders": _MESSAGE,
    "InvalidPushType": _MESSAGE,
    "MissingDeviceToken": _MESSAGE,
    "PayloadEmpty": _MESSAGE,
    "PayloadTooLarge": _MESSAGE,
    "BadCertificate": _OURS,
    "BadCertificateEnvironment": _OURS,
    "BadEnvironmentKeyIdInToken": _OURS,
    "BadPath": _OURS,
    "BadTopic": _OURS,
    "Forbidden": _OURS,
    "InvalidProviderToken": _OURS,
    "MethodNotAllowed": _OURS,
    "MissingProviderToken": _OURS,
    "MissingTopic": _OURS,
    "TopicDisallowed": _OURS,
    "UnrelatedKeyIdInToken": _OURS,
    "BadDeviceToken": _GONE,
    "DeviceTokenNotForTopic": _GONE,
    "ExpiredToken": _GONE,
    "Unregistered": _GONE,
    "ExpiredProviderToken": _LATER,
    "IdleTimeout": _LATER,
    "InternalServerError": _LATER,
    "ServiceUnavailable": _LATER,
    "Shutdown": _LATER,
    "TooManyProviderTokenUpdates": _LATER,
    "TooManyRequests": _LATER,
}
"""Every reason Apple documents ("Handling notification responses from APNs"), and what is to be done."""

_BY_STATUS: Final[Mapping[int, FailureClass]] = {
    400: _MESSAGE,
    403: _OURS,
    404: _OURS,
    405: _OURS,
    410: _GONE,
    413: _MESSAGE,
    429: _LATER,
}


class _Refused(Struct, frozen=True, kw_only=True):
    reason: str = ""
    timestamp: int | None = None


def provider_token(key: EllipticCurvePrivateKey, *, key_id: str, team_id: str, now: datetime) -> str:
    """What Apple knows us by: a JWT with nothing in it but the team and when it was made."""
    claims = {"iss": team_id, "iat": int(now.timestamp())}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": key_id, "typ": None})


def payload(message: Message) -> bytes:
    """What is on the locked screen, and where a touch leads."""
    quiet = message.message_class is MessageClass.MARKETING
    aps: dict[str, object] = {
        "alert": {"title": message.lock_title, "body": message.lock_body},
        "thread-id": message.topic.value,
        "interruption-level": "passive" if quiet else "active",
    }
    if not quiet:
        aps["sound"] = "default"
    return msgspec.json.encode({"aps": aps, "key": message.key, "link": message.link})


class ApnsChannel:
    """Sends to iPhones."""

    name: Final = "apns"
    idempotent: Final = True
    takes_credit: Final = False

    def __init__(self, http: Http2, *, base_url: str, tokens: ProviderToken) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + "/3/device/"
        self._tokens = tokens

    def takes(self, message: Message) -> bool:
        """Whether it fits."""
        return len(payload(message)) <= LARGEST_PAYLOAD

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask Apple once; twice where the first time nothing was wrong but the age of our token."""
        body = payload(message)
        if len(body) > LARGEST_PAYLOAD:
            return Failed(failure=_MESSAGE, code="PayloadTooLarge")
        for last in (False, True):
            try:
                token = await self._tokens.token()
            except TokenAway as away:
                return Failed(failure=_LATER, code="no_provider_token", after=away.after, lane_stop=True)
            reply = await answered(
                self._http(
                    "POST", self._url + address.target, headers=_headers(message, address, token), body=body
                )
            )
            if isinstance(reply, Failed | Unknown):
                return reply
            answer = reaction(reply)
            if not isinstance(answer, Failed):
                return answer
            if answer.code == "ExpiredProviderToken":
                await self._tokens.refused(token)
                if not last:
                    continue
            if answer.code == "TooManyProviderTokenUpdates" or reply.status >= 500:
                self._http.hang_up(self._url)
            return answer
        raise AssertionError("the second round always answers")


def reaction(reply: Reply) -> Answer:
    """What Apple's answer means."""
    if reply.status == 200:
        return Accepted(receipt=reply.headers.get("apns-id"))
    refused = read(reply.body, _Refused) or _Refused()
    failure = REACTIONS.get(refused.reason) or _BY_STATUS.get(reply.status)
    if failure is None:
        if reply.status < 500:
            return Unknown(why=f"status {reply.status}")
        failure = _LATER
    often = refused.reason == "TooManyProviderTokenUpdates"
    return Failed(
        failure=failure,
        code=refused.reason if refused.reason in REACTIONS else f"status_{reply.status}",
        after=TOKENS_APART if often else None,
        lane_stop=often,
        dead_since=_instant(refused.timestamp) if failure is _GONE else None,
    )


def _headers(message: Message, address: Address, token: str) -> dict[str, str]:
    name = str(notice_uuid(message))
    return {
        "authorization": f"bearer {token}",
        "apns-topic": address.app,
        "apns-push-type": "alert",
        "apns-id": name,
        "apns-collapse-id": name,
        # 10 wakes the phone now, 5 when it suits its battery.
        "apns-priority": "5" if message.message_class is MessageClass.MARKETING else "10",
        # Seconds since 1970, not from now: 300 would be over since 1970.
        "apns-expiration": str(int(message.useful_until.timestamp())),
    }


def _instant(milliseconds: int | None) -> datetime | None:
    """Since when nobody is there; None for what no calendar has."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
