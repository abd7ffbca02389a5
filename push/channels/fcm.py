"""Google's push service (Firebase Cloud Messaging, HTTP v1): a service account's access token, one POST.

The notification carries a tag made of the notice's key: sent twice, the second takes the place of the first
on the phone. Google's servers cannot be relied on within the mainland; this is for phones from elsewhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import jwt
import msgspec
from msgspec import Struct

from push.channels.asking import answered, notice_uuid, read, wait_asked
from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.models import MessageClass
from push.ports import Clock, Http, ProviderToken, Reply, TokenAway

LARGEST_PAYLOAD: Final = 4096
_LONGEST_KEPT: Final = timedelta(weeks=4)
_QUOTA_PAUSE: Final = timedelta(seconds=60)
_ASK_AGAIN: Final = timedelta(seconds=30)
_SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FCM_ERROR: Final = "google.firebase.fcm.v1.FcmError"
_BAD_REQUEST: Final = "google.rpc.BadRequest"

REACTIONS: Final[Mapping[str, FailureClass]] = {
    "UNREGISTERED": FailureClass.TOMBSTONE,
    "SENDER_ID_MISMATCH": FailureClass.TOMBSTONE,
    "QUOTA_EXCEEDED": FailureClass.RETRY,
    "UNAVAILABLE": FailureClass.RETRY,
    "INTERNAL": FailureClass.RETRY,
    "THIRD_PARTY_AUTH_ERROR": FailureClass.CONFIGURATION,
}
"""Every ``errorCode`` Google documents but INVALID_ARGUMENT, which means two things."""

_BY_STATUS: Final[Mapping[int, FailureClass]] = {
    400: FailureClass.BROKEN,
    401: FailureClass.CONFIGURATION,
    403: FailureClass.CONFIGURATION,
    404: FailureClass.CONFIGURATION,
    429: FailureClass.RETRY,
}


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """The key file Google gives out, as far as we need it."""

    project_id: str
    client_email: str
    private_key: str
    private_key_id: str
    token_uri: str

    def __repr__(self) -> str:
        return f"ServiceAccount(project_id={self.project_id!r}, …)"


class Granted(Struct, frozen=True, kw_only=True):
    """An access token, and how long it lives."""

    access_token: str
    expires_in: int

    def __repr__(self) -> str:
        return f"Granted(expires_in={self.expires_in}, …)"


class _Violation(Struct, frozen=True, kw_only=True):
    field: str = ""


class _Detail(
    Struct,
    frozen=True,
    kw_only=True,
    rename={"kind": "@type", "code": "errorCode", "violations": "fieldViolations"},
):
    kind: str = ""
    code: str = ""
    violations: Sequence[_Violation] = ()


class _Error(Struct, frozen=True, kw_only=True):
    status: str = ""
    details: Sequence[_Detail] = ()


class _Refused(Struct, frozen=True, kw_only=True):
    error: _Error = _Error()


class _Taken(Struct, frozen=True, kw_only=True):
    name: str


def read_service_account(file: Path) -> ServiceAccount:
    """The account in ``file``; ``ValueError`` if there is none or its key is no RSA key."""
    account = msgspec.json.decode(file.read_bytes(), type=ServiceAccount)
    try:
        jwt.encode({}, account.private_key, algorithm="RS256")
    except (TypeError, jwt.PyJWTError) as error:
        raise ValueError(f"not a private key: {type(error).__name__}") from None
    return account


async def ask_for_token(http: Http, account: ServiceAccount, *, token_url: str, now: datetime) -> Granted:
    """An access token for ``account`` (RFC 7523 §2.1); ``TokenAway`` if Google gives none."""
    seconds = int(now.timestamp())
    claims = {
        "iss": account.client_email,
        "scope": _SCOPE,
        "aud": account.token_uri,
        "iat": seconds,
        "exp": seconds + 3600,
    }
    assertion = jwt.encode(
        claims, account.private_key, algorithm="RS256", headers={"kid": account.private_key_id}
    )
    reply = await answered(
        http(
            "POST",
            token_url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({"grant_type": _GRANT, "assertion": assertion}).encode(),
        )
    )
    if isinstance(reply, Failed | Unknown):
        raise TokenAway(_ASK_AGAIN)
    granted = read(reply.body, Granted) if reply.status == 200 else None
    if granted is None or granted.expires_in <= 0:
        raise TokenAway(wait_asked(reply, now) or _ASK_AGAIN)
    return granted


def payload(message: Message, address: Address, *, now: datetime) -> bytes:
    """The message of the HTTP v1 API."""
    loud = message.message_class is MessageClass.SERVICE
    tag = str(notice_uuid(message))
    lives = min(max(message.useful_until - now, timedelta(0)), _LONGEST_KEPT)
    sent: dict[str, Any] = {
        "token": address.target,
        "notification": {"title": message.lock_title, "body": message.lock_body},
        "data": {"key": message.key, "link": message.link},
        "android": {
            "priority": "high" if loud else "normal",
            "ttl": f"{int(lives.total_seconds())}s",
            "collapse_key": tag,
            "notification": {"tag": tag, "channel_id": message.topic.value},
        },
    }
    return msgspec.json.encode({"message": sent})


class FcmChannel:
    """Sends to phones with Google's services."""

    name: Final = "fcm"
    idempotent: Final = True
    takes_credit: Final = False

    def __init__(
        self, http: Http, *, base_url: str, project: str, tokens: ProviderToken, clock: Clock
    ) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/v1/projects/{project}/messages:send"
        self._tokens = tokens
        self._clock = clock

    def takes(self, message: Message) -> bool:
        """Whether it fits."""
        said = (message.lock_title, message.lock_body, message.key, message.link)
        return sum(len(text.encode()) for text in said) <= LARGEST_PAYLOAD - 256

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask Google once; twice where the first time nothing was wrong but our token."""
        body = payload(message, address, now=self._clock())
        for last in (False, True):
            try:
                token = await self._tokens.token()
            except TokenAway as away:
                return Failed(
                    failure=FailureClass.RETRY, code="no_provider_token", after=away.after, lane_stop=True
                )
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            reply = await answered(self._http("POST", self._url, headers=headers, body=body))
            if isinstance(reply, Failed | Unknown):
                return reply
            answer = reaction(reply, now=self._clock())
            if not isinstance(answer, Failed) or answer.code != "UNAUTHENTICATED":
                return answer
            await self._tokens.refused(token)
            if last:
                return answer
        raise AssertionError("the second round always answers")


def reaction(reply: Reply, *, now: datetime) -> Answer:
    """What Google's answer means."""
    if reply.status == 200:
        taken = read(reply.body, _Taken)
        return Unknown(why="status 200 without a name") if taken is None else Accepted(receipt=taken.name)
    error = (read(reply.body, _Refused) or _Refused()).error
    code = next((each.code for each in error.details if each.kind.endswith(_FCM_ERROR) and each.code), "")
    failure = REACTIONS.get(code)
    if failure is None:
        failure, code = _unnamed(reply.status, code, error)
    if failure is None:
        return Unknown(why=f"status {reply.status}")
    after = wait_asked(reply, now)
    if reply.status == 429:
        # Google: without Retry-After, a minute at least. The quota is the project's.
        after = _QUOTA_PAUSE if after is None else max(after, timedelta(seconds=1))
    return Failed(
        failure=failure,
        code=code,
        after=after if failure is FailureClass.RETRY else None,
        lane_stop=reply.status == 429,
    )


def _unnamed(status: int, code: str, error: _Error) -> tuple[FailureClass | None, str]:
    """What a refusal means that is none of the table's."""
    if code == "INVALID_ARGUMENT" or error.status == "INVALID_ARGUMENT":
        # A broken message names the fields that broke it; what names none, or the token, is about the token.
        fields = [
            each.field
            for detail in error.details
            if detail.kind.endswith(_BAD_REQUEST)
            for each in detail.violations
        ]
        about_token = "message.token" in fields or (code == "INVALID_ARGUMENT" and not fields)
        return (FailureClass.TOMBSTONE if about_token else FailureClass.BROKEN), "INVALID_ARGUMENT"
    if status == 401:
        return FailureClass.CONFIGURATION, "UNAUTHENTICATED"
    known = error.status if error.status.isascii() and error.status.replace("_", "").isupper() else ""
    failure = _BY_STATUS.get(status) or (FailureClass.RETRY if status >= 500 else None)
    return failure, known[:40] or f"status_{status}"
