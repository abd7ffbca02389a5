"""The city's app at the makers of phones: its keys, the simulated services, and what the product is told."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bff.sandbox.city import SMS_KEY, SMS_RECEIPTS_KEY
from bff.sandbox.engines import free_port

TEAM: Final = "HAIYUCITY1"
KEY_ID: Final = "HAIYUPUSH1"
BUNDLE: Final = "city.haiyu.app"
PROJECT: Final = "haiyu-app"
ACCOUNT: Final = "push@haiyu-app.iam.gserviceaccount.test"
JPUSH_APP: Final = "9f2c61b0a4d84e17b35d0c7a"
JPUSH_SECRET: Final = "4c1d8a2e7b9f4035a6d1e8b2"  # noqa: S105 - opens a simulator
_NAMES: Final = ("apple.p8", "google.json", "browsers.pem")


class PhonePorts(Struct, frozen=True, kw_only=True):
    """Where the services listen; ``apns_controls`` is where Apple's bad days are ordered."""

    apns: int
    apns_controls: int
    fcm: int
    jpush: int
    webpush: int

    @classmethod
    def free(cls) -> "PhonePorts":
        """Any five."""
        return cls(
            apns=free_port(),
            apns_controls=free_port(),
            fcm=free_port(),
            jpush=free_port(),
            webpush=free_port(),
        )

    def url(self, name: str) -> str:
        """The address of one of them."""
        scheme = "https" if name == "apns" else "http"
        return f"{scheme}://127.0.0.1:{getattr(self, name)}"


def push_environment(ports: PhonePorts, keys: Path, sms_url: str) -> dict[str, str]:
    """What the product's processes are told."""
    told = {
        "APNS_KEY_FILE": str(keys / "apple.p8"),
        "APNS_KEY_ID": KEY_ID,
        "APNS_TEAM_ID": TEAM,
        "APNS_TOPIC": BUNDLE,
        "APNS_BASE_URL": ports.url("apns"),
        "APNS_CA_FILE": str(keys / "apns" / "certificate.pem"),
        "FCM_SERVICE_ACCOUNT_FILE": str(keys / "google.json"),
        "FCM_BASE_URL": ports.url("fcm"),
        "FCM_TOKEN_URL": f"{ports.url('fcm')}/token",
        "JPUSH_APP_KEY": JPUSH_APP,
        "JPUSH_MASTER_SECRET": JPUSH_SECRET,
        "JPUSH_BASE_URL": ports.url("jpush"),
        "WEBPUSH_KEY_FILE": str(keys / "browsers.pem"),
        "WEBPUSH_CONTACT": "mailto:push@haiyu.test",
        "WEBPUSH_ORIGINS": ports.url("webpush"),
        "SMS_BASE_URL": sms_url,
        "SMS_KEY": SMS_KEY,
        "SMS_TEMPLATE": "notice",
        "SMS_RECEIPTS_KEY": SMS_RECEIPTS_KEY,
    }
    return {f"SUISHEN_PUSH_{name}": value for name, value in told.items()}


def make_push_keys(folder: Path) -> None:
    """Make the keys the makers would have given out; those that are there stay."""
    from bff.sandbox.http2 import made_up

    made_up(folder / "apns")
    makers = (_new_p256, _new_account, _new_p256)
    for name, make in zip(_NAMES, makers, strict=True):
        if not (folder / name).exists():
            aside = folder / f".{name}"
            aside.touch(mode=0o600)
            aside.write_text(make())
            aside.replace(folder / name)


@contextmanager
def simulated_phones(ports: PhonePorts, keys: Path) -> Iterator[None]:
    """Every service, listening."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from bff.sandbox.apns import Apns, ApnsKey
    from bff.sandbox.fcm import Fcm
    from bff.sandbox.jpush import Jpush
    from bff.sandbox.simulator import simulated_in_thread
    from bff.sandbox.webpush import WebPush

    apple = load_pem_private_key((keys / "apple.p8").read_bytes(), password=None)
    account = msgspec.json.decode((keys / "google.json").read_bytes(), type=dict[str, str])
    google = load_pem_private_key(account["private_key"].encode(), password=None)
    if not isinstance(apple, EllipticCurvePrivateKey) or not isinstance(google, RSAPrivateKey):
        raise TypeError("not the keys that were made")
    key = ApnsKey(team_id=TEAM, key_id=KEY_ID, public=apple.public_key(), topics=(BUNDLE,))
    services = (
        (Apns([key], certificates=keys / "apns", port=ports.apns), ports.apns_controls),
        (
            Fcm(
                project=PROJECT,
                email=ACCOUNT,
                public=google.public_key(),
                token_uri=account["token_uri"],
            ),
            ports.fcm,
        ),
        (Jpush(app_key=JPUSH_APP, master_secret=JPUSH_SECRET), ports.jpush),
        (WebPush(), ports.webpush),
    )
    with ExitStack() as running:
        for service, port in services:
            running.enter_context(simulated_in_thread(service, port=port))
        yield


def _new_p256() -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _new_account() -> str:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "client_email": ACCOUNT,
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "private_key_id": "0" * 40,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return msgspec.json.encode(account).decode()
