"""What the tests of channels to phones share: a message, made-up apps, and the simulators that know them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bff.sandbox.apns import Apns, ApnsKey, Fate
from bff.sandbox.fcm import Fcm, FcmFate
from bff.sandbox.jpush import Jpush, JpushFate
from bff.sandbox.simulator import Clock, Fault, FaultKind, Plan, utc_now
from push.channels.base import Address, Message
from push.channels.fcm import ServiceAccount
from push.models import Intent, Lane, MessageClass, Topic
from push.outbox import seal_values
from push.ports import PersonalData, TokenAway
from push.rules.keys import intent_key

TEAM: Final = "TEAM000001"
KEY_ID: Final = "KEYID00001"
BUNDLE: Final = "city.haiyu.app"
PROJECT: Final = "haiyu-app"
EMAIL: Final = "push@haiyu-app.iam.gserviceaccount.test"
TOKEN_URI: Final = "https://oauth2.googleapis.com/token"
APP_KEY: Final = "7d431e42dfa6a6d693ac2d04"
MASTER: Final = "5e987ac6d2e04d95a9d8f0d1"
APPLE_KEY: Final = generate_private_key(SECP256R1())
GOOGLE_KEY: Final = generate_rsa_key(public_exponent=65537, key_size=2048)
IPHONE: Final = "a1" * 32
ANDROID: Final = "f" * 40 + ":APA91b" + "x" * 80
MAINLAND: Final = "1104a89792a90e4b7a3"
KEY: Final = "c0ffee" * 10 + "abcd"


def apple_pem() -> str:
    """The key as Apple gives it out."""
    return APPLE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def google_account(*, token_uri: str = TOKEN_URI) -> ServiceAccount:
    """The key file as Google gives it out."""
    pem = GOOGLE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return ServiceAccount(
        project_id=PROJECT,
        client_email=EMAIL,
        private_key=pem,
        private_key_id="0" * 40,
        token_uri=token_uri,
    )


def google_file(file: Path, account: ServiceAccount | None = None) -> Path:
    """The same, in ``file``."""
    file.write_bytes(msgspec.json.encode(account or google_account()))
    return file


def apns(folder: Path, *, now: Clock = utc_now, streams: int = 20) -> Apns:
    """Apple, who knows our key."""
    key = ApnsKey(team_id=TEAM, key_id=KEY_ID, public=APPLE_KEY.public_key(), topics=(BUNDLE,))
    return Apns([key], certificates=folder, now=now, streams=streams)


def fcm(*, now: Clock = utc_now) -> Fcm:
    """Google, who knows our account."""
    return Fcm(project=PROJECT, email=EMAIL, public=GOOGLE_KEY.public_key(), token_uri=TOKEN_URI, now=now)


def jpush(*, per_minute: int = 600, now: Clock = utc_now) -> Jpush:
    """JPush, who knows our app."""
    return Jpush(app_key=APP_KEY, master_secret=MASTER, per_minute=per_minute, now=now)


def message(**changes: Any) -> Message:  # noqa: ANN401 - any field
    """A reminder, with ``changes``."""
    plain = Message(
        key=KEY,
        resident="resident-1",
        topic=Topic.VACCINATION,
        message_class=MessageClass.SERVICE,
        language="zh",
        template="vaccination-due",
        values={"name": "小海"},
        title="接种提醒",
        body="小海的百白破疫苗第2剂可以接种了。",
        lock_title="健康提醒",
        lock_body="您有一条新的提醒,点击查看。",
        link="/resident/#timeline",
        useful_until=datetime.now(UTC) + timedelta(days=2),
    )
    return msgspec.structs.replace(plain, **changes)


def address(channel: str, app: str, target: str, **more: Any) -> Address:  # noqa: ANN401 - any field
    """Where the resident is."""
    known = {"registered_at": datetime.now(UTC) - timedelta(days=1), **more}
    return Address(channel=channel, app=app, target=target, **known)


class OneToken:
    """A port that gives out tokens in turn, and remembers which were refused."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.was_refused: list[str] = []

    async def token(self) -> str:
        if not self.tokens:
            raise TokenAway(timedelta(seconds=90))
        return self.tokens[0]

    async def refused(self, token: str) -> None:
        self.was_refused.append(token)
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)


class Answered:
    """A reply by somebody else than a provider as documented."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Ordered:
    """Orders bad days of a simulator, over the wire."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, *faults: FaultKind | Fault) -> None:
        """One after the other, one request each where it is not said otherwise."""
        listed = [each if isinstance(each, Fault) else Fault(kind=each, times=1) for each in faults]
        async with httpx.AsyncClient(base_url=self._url) as client:
            answer = await client.post("/_sim/plan", content=msgspec.json.encode(Plan(faults=listed)))
            assert answer.status_code == 204, answer.text

    async def fate(self, fate: Fate | FcmFate | JpushFate) -> None:
        """What becomes of one phone."""
        maker = {Fate: "apns", FcmFate: "fcm", JpushFate: "jpush"}[type(fate)]
        async with httpx.AsyncClient(base_url=self._url) as client:
            answer = await client.post(f"/_sim/{maker}/phones", content=msgspec.json.encode(fate))
            assert answer.status_code == 204, answer.text


def phone_was_bound(personal: PersonalData, name: str) -> Intent:
    """What is meant to be told now to the one resident of these tests: a phone was bound."""
    key = intent_key("test", "resident", name, "now", "resident")
    now = datetime.now(UTC)
    return Intent(
        id=key,
        addressee="resident",
        topic=Topic.ACCOUNT,
        lane=Lane.URGENT,
        template="phone_bound",
        values=seal_values(personal, key, {"date": "2026-03-02"}),
        rule="test",
        item=name,
        milestone="now",
        created_at=now,
        not_before=now,
        useful_until=now + timedelta(days=1),
    )
