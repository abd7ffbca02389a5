"""Clients of push services by others meet our simulators, and what we send: it is not our own mirror."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bff.sandbox.apns import Apns, Fate
from bff.sandbox.fcm import Fcm, FcmFate
from bff.sandbox.jpush import JpushFate
from bff.sandbox.simulator import simulated_in_thread
from bff.sandbox.webpush import WebPush
from push.channels.jpush import JpushChannel
from push.channels.webpush import base64, point, seal
from tests import phones
from tests.foreign import environments

pytestmark = pytest.mark.slow

HERE: Final = Path(__file__).parent
SINCE: Final = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
OTHER: Final = "b2" * 32


class Unasked:
    """A port that a test does not come to."""

    async def __call__(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - it answers nothing
        raise AssertionError

    keep = __call__


def ask_python(name: str, question: dict[str, object]) -> Any:  # noqa: ANN401 - whatever a judge says
    return environments.ask([str(environments.python(name)), str(HERE / name / "judge.py")], question)


def ask_about_iphones(judge: str, service: Apns, *notices: dict[str, object]) -> Any:  # noqa: ANN401
    question: dict[str, object] = {
        "url": service.url,
        "ca": str(service.certificate.chain),
        "key": phones.apple_pem(),
        "key_id": phones.KEY_ID,
        "team_id": phones.TEAM,
        "topic": phones.BUNDLE,
        "notices": list(notices),
    }
    if judge == "aioapns":
        return ask_python(judge, question)
    script = next(HERE.joinpath(judge).glob("judge.*js"))
    trusted = {"NODE_EXTRA_CA_CERTS": str(service.certificate.chain)}
    return environments.ask(["node", str(script)], question, cwd=environments.node(judge), **trusted)


@pytest.mark.parametrize("judge", ["aioapns", "apns2", "node-apn"])
def test_clients_of_apple_by_others_send_are_refused_and_told_when(judge: str, tmp_path: Path) -> None:
    service = phones.apns(tmp_path)
    with simulated_in_thread(service):
        service.decide(Fate(token=OTHER, reason="Unregistered", since=SINCE))
        verdicts = ask_about_iphones(
            judge,
            service,
            {"token": phones.IPHONE, "alert": "first", "collapse": "one"},
            {"token": phones.IPHONE, "alert": "second", "collapse": "one"},
            {"token": OTHER, "alert": "third"},
            {"token": "zz" * 32, "alert": "fourth"},
        )

    assert [(each["status"], each["reason"]) for each in verdicts[:2]] == [(200, None)] * 2
    assert (verdicts[2]["status"], verdicts[2]["reason"]) == (410, "Unregistered")
    assert verdicts[2]["timestamp"] == int(SINCE.timestamp() * 1000)
    assert (verdicts[3]["status"], verdicts[3]["reason"]) == (400, "BadDeviceToken")
    (shown,) = service.screen(phones.IPHONE)
    assert shown.payload["aps"]["alert"] == "second"
    assert len(service.seen_tokens) == 1


def ask_google(service: Fcm, folder: Path, *notices: dict[str, object]) -> Any:  # noqa: ANN401
    with simulated_in_thread(service) as simulator:
        # Its assertions name Google's own endpoint, whatever address the account file tells it to ask.
        account = phones.google_account(token_uri=f"{simulator.url}/token")
        question: dict[str, object] = {
            "url": simulator.url,
            "account": str(phones.google_file(folder / "google.json", account)),
            "project": phones.PROJECT,
            "notices": list(notices),
        }
        return ask_python("pyfcm", question)


def test_a_client_of_google_by_others_is_granted_a_token_and_sends(tmp_path: Path) -> None:
    service = phones.fcm()
    service.decide(FcmFate(token="d" * 40, error="UNREGISTERED"))
    service.decide(FcmFate(token="e" * 40, error="SENDER_ID_MISMATCH"))
    notice = {"title": "提醒", "body": "您有一条新的提醒", "tag": "one"}

    verdicts = ask_google(
        service,
        tmp_path,
        {"token": phones.ANDROID, **notice},
        {"token": phones.ANDROID, **notice, "body": "again"},
        {"token": "d" * 40, **notice},
        {"token": "e" * 40, **notice},
        {"token": "short", **notice},
    )

    (shown,) = service.screen(phones.ANDROID)
    assert verdicts[1] == {"name": shown.name}
    assert shown.body == "again"
    assert [each["refused"] for each in verdicts[2:]] == [
        "FCMNotRegisteredError",
        "FCMSenderIdMismatchError",
        "InvalidDataError",
    ]
    assert service.granted() == 1


def test_jpush_s_own_client_asks_for_cids_and_is_shown_once() -> None:
    service = phones.jpush()
    service.decide(JpushFate(registration_id="190e35f7e07b1d6a2f9", code=1011))
    told = {"title": "健康提醒", "alert": "您有一条新的提醒", "extras": {"key": "k", "link": "/"}}
    with simulated_in_thread(service) as simulator:
        question: dict[str, object] = {
            "url": simulator.url,
            "app_key": phones.APP_KEY,
            "secret": phones.MASTER,
            "notices": [
                {"target": phones.MAINLAND, "cid": "a", **told},
                {"target": phones.MAINLAND, "cid": "a", **told},
                {"target": phones.MAINLAND, **told},
                {"target": "190e35f7e07b1d6a2f9", **told},
            ],
        }
        verdicts = ask_python("jpush", question)
        wrong = ask_python("jpush", {**question, "secret": "wrong"})

    assert verdicts[0]["msg_id"] == verdicts[1]["msg_id"] != verdicts[2]["msg_id"]
    assert verdicts[3] == {"refused": 1011}
    assert len(service.screen(phones.MAINLAND)) == 2
    assert wrong[0] == {"refused": "unauthorized"}


def test_what_we_tell_jpush_is_what_its_own_client_would() -> None:
    channel = JpushChannel(
        Unasked(),
        base_url="http://127.0.0.1:1",
        app_key=phones.APP_KEY,
        master_secret=phones.MASTER,
        cids=Unasked(),
        clock=lambda: SINCE,
        cids_at_once=1,
    )
    message = phones.message()
    here = phones.address("jpush", phones.APP_KEY, phones.MAINLAND, vendor="huawei")
    ours = channel._push(message, here, cid="c", now=SINCE)
    with simulated_in_thread(phones.jpush()) as simulator:
        notice = {
            "target": phones.MAINLAND,
            "title": message.lock_title,
            "alert": message.lock_body,
            "extras": {"key": message.key, "link": message.link},
        }
        question: dict[str, object] = {
            "url": simulator.url,
            "app_key": phones.APP_KEY,
            "secret": phones.MASTER,
            "notices": [notice],
        }
        (verdict,) = ask_python("jpush", question)

    theirs = verdict["told"]
    assert ours["audience"] == theirs["audience"]
    assert ours["platform"] == theirs["platform"]
    assert ours["notification"]["android"] == theirs["notification"]["android"]
    assert ours["notification"]["hmos"] == theirs["notification"]["hmos"]
    assert theirs["options"].keys() <= ours["options"].keys()


def test_a_sender_to_browsers_by_others_is_believed_and_read(tmp_path: Path) -> None:
    key = generate_private_key(SECP256R1())
    file = tmp_path / "vapid.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    service = WebPush()
    with simulated_in_thread(service) as simulator:
        browser = service.subscribe(base64(point(key.public_key())))
        another = service.subscribe("another-key")
        verdicts = [
            ask_python(
                "pywebpush",
                {
                    "do": "send",
                    "endpoint": f"{simulator.url}/push/{each.name}",
                    "p256dh": each.p256dh,
                    "auth": base64(each.secret),
                    "data": '{"title": "提醒", "body": "x", "tag": "t"}',
                    "key_file": str(file),
                },
            )
            for each in (browser, another)
        ]

    assert verdicts == [{"status": 201}, {"status": 403}]
    assert browser.shown["t"].title == "提醒"


def test_what_we_seal_is_opened_by_others() -> None:
    theirs = generate_private_key(SECP256R1())
    secret = b"s" * 16
    sealed = seal(
        "您有一条新的提醒".encode(),
        to=theirs.public_key(),
        secret=secret,
        ours=generate_private_key(SECP256R1()),
        salt=b"n" * 16,
    )

    verdict = ask_python(
        "pywebpush",
        {
            "do": "open",
            "private": f"{theirs.private_numbers().private_value:x}",
            "auth": base64(secret),
            "body": base64(sealed),
        },
    )

    assert verdict == {"opened": "您有一条新的提醒"}
