"""Clients of Alipay by others meet our simulator, and our codec what they sign: it is not our own mirror.

They sign the machine's own time, which is why they are asked in Shanghai's zone; ours does not care.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from auth_bridges.bridges.alipay import AlipayBridge
from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.codec import alipay_v2
from auth_bridges.codec.alipay_content import decrypt, encrypt
from auth_bridges.codec.alipay_keys import aes_key, certificate_sn, public_key, root_sn
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted, check
from auth_bridges.refusals import ReplyRefused, ReplyUnsigned, ReplyWeaklyHashed
from bff.platform.outbound import Outbound
from bff.sandbox.alipay_crypto import rsa_sign
from bff.sandbox.alipay_gateway import Alipay, Hostile
from bff.sandbox.alipay_ids import AlipayApp, open_id_of, user_id_of
from bff.sandbox.alipay_keys import private
from bff.sandbox.simulator import Simulator, simulated_in_thread
from tests.alipay import APPS, CERTIFIED, PLAIN, Learnt, Setup, keyring, other_keyring, product_app
from tests.foreign import environments

pytestmark = pytest.mark.slow

HERE: Final = Path(__file__).parent
NPM: Final = "alipay_sdk_npm"
OFFICIAL: Final = "alipay_sdk_python"
COMMUNITY: Final = "python_alipay_sdk"


class Judge:
    """A library, the simulator it is pointed at, and that simulator's books."""

    def __init__(self, name: str, simulator: Simulator, alipay: Alipay) -> None:
        self.name = name
        self.simulator = simulator
        self.alipay = alipay

    def code(self, app: AlipayApp = PLAIN) -> str:
        return self.alipay.books.login(app.appid, "lin")

    def ask(self, do: str, *, app: AlipayApp = PLAIN, zone: str = "Asia/Shanghai", **more: object) -> Any:  # noqa: ANN401 - whatever a judge says
        ring = keyring()
        known: dict[str, object] = {
            "do": do,
            "url": self.simulator.url,
            "appid": app.appid,
            "certificates": app.certificates,
            "private": _bare(ring.app_pkcs1) if self.name == OFFICIAL else ring.app_private,
            "public": ring.alipay_public,
            "app_certificate": ring.app_certificate,
            "alipay_certificate": ring.alipay_certificate,
            "roots": ring.roots,
            "aes": ring.aes,
        }
        if self.name == NPM:
            command, home = ["node", str(HERE / NPM / "judge.cjs")], environments.node(NPM)
            return environments.ask(command, known | more, cwd=home, TZ=zone)
        command = [str(environments.python(self.name)), str(HERE / self.name / "judge.py")]
        return environments.ask(command, known | more, TZ=zone)

    def ours(self, transport: Literal["v2", "v3"] = "v2") -> str:
        """The same login by our own client: whom it names."""

        async def exchange() -> str:
            async with aiohttp.ClientSession() as http:
                client = AlipayClient(
                    Outbound(http),
                    product_app(Setup()),
                    base_url=self.simulator.url,
                    transport=transport,
                    learnt=Learnt(),
                    clock=lambda: datetime.now(UTC),
                    chance=lambda size: str(datetime.now(UTC).timestamp()).encode().ljust(size, b"0"),
                )
                return (await AlipayBridge(client).exchange(self.code())).subject

        return asyncio.run(exchange())


def _bare(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


@pytest.fixture
def alipay() -> Iterator[tuple[Alipay, Simulator]]:
    counter = Alipay(APPS, keyring(), other=other_keyring)
    with simulated_in_thread(counter) as simulator:
        yield counter, simulator


@pytest.fixture(params=[NPM, OFFICIAL, COMMUNITY])
def judge(request: pytest.FixtureRequest, alipay: tuple[Alipay, Simulator]) -> Judge:
    return Judge(request.param, alipay[1], alipay[0])


only_npm = pytest.mark.parametrize("judge", [NPM], indirect=True)
only_official = pytest.mark.parametrize("judge", [OFFICIAL], indirect=True)
with_certificates = pytest.mark.parametrize("judge", [NPM, COMMUNITY], indirect=True)


# --- they come in ------------------------------------------------------------------------------------


def test_they_log_in_and_believe_the_answer(judge: Judge) -> None:
    told = judge.ask("log_in", code=judge.code())
    assert told["open_id"] == open_id_of(PLAIN.appid, "lin")
    person = judge.ask("share", token=told["access_token"])
    assert (person["open_id"], person["nick_name"]) == (told["open_id"], "模拟lin")


@with_certificates
def test_they_log_in_with_certificates(judge: Judge) -> None:
    told = judge.ask("log_in", app=CERTIFIED, code=judge.code(CERTIFIED))
    assert told["open_id"] == open_id_of(CERTIFIED.appid, "lin")


@with_certificates
def test_they_name_certificates_as_we_do(judge: Judge) -> None:
    ours = [certificate_sn(keyring().app_certificate), root_sn(keyring().roots)]
    assert judge.ask("serials", app=CERTIFIED) == ours


@only_npm
def test_they_come_in_through_v3(judge: Judge) -> None:
    for app in (PLAIN, CERTIFIED):
        told = judge.ask("v3_log_in", app=app, code=judge.code(app))
        assert told["open_id"] == open_id_of(app.appid, "lin")
        assert judge.ask("v3_share", app=app, token=told["access_token"])["open_id"] == told["open_id"]
    sealed = judge.ask("v3_log_in", code=judge.code(), sealed=True)
    assert sealed["open_id"] == open_id_of(PLAIN.appid, "lin")


@only_npm
def test_they_begin_a_face_check_sealed_and_ask_for_it(judge: Judge) -> None:
    check_id = judge.ask("begin_sealed", number="310000199003159020")["certify_id"]
    assert judge.ask("v3_query", check=check_id) == {"passed": "F"}
    assert judge.ask("page", check=check_id).startswith(f"{judge.simulator.url}/gateway.do?")


# --- they are turned away ----------------------------------------------------------------------------


def test_they_learn_that_a_code_is_not_good(judge: Judge) -> None:
    """Two of them call it a failed signature, for want of one; ours never does."""
    told = judge.ask("log_in", code="nobodys", validate=False)
    assert "isv.code-invalid" in json.dumps(told)


def test_in_utc_they_are_eight_hours_wrong(judge: Judge) -> None:
    told = judge.ask("log_in", code=judge.code(), zone="UTC", validate=False)
    assert "isv.invalid-timestamp" in json.dumps(told)


@only_npm
def test_they_read_the_array_of_links(judge: Judge) -> None:
    told = judge.ask("v3_log_in", code="nobodys")
    assert told["code"] == "code-invalid"
    assert told["links"][0]["desc"]


@pytest.mark.parametrize("mode", [Hostile.OTHER_APP, Hostile.REWRITTEN])
def test_they_do_not_believe_what_we_do_not(judge: Judge, mode: Hostile) -> None:
    judge.alipay.hostile(mode, 2)
    assert "refused" in judge.ask("log_in", code=judge.code())
    with pytest.raises(ReplyRefused):
        judge.ours()


@only_npm
@pytest.mark.parametrize("mode", [Hostile.OTHER_APP, Hostile.SHA1, Hostile.REWRITTEN])
def test_they_do_not_believe_it_in_v3_either(judge: Judge, mode: Hostile) -> None:
    judge.alipay.hostile(mode, 2)
    assert judge.ask("v3_log_in", code=judge.code())["code"] == "response-signature-verify-error"
    with pytest.raises(ReplyRefused):
        judge.ours("v3")


# --- where we do not follow them ---------------------------------------------------------------------


@only_official
@pytest.mark.parametrize("mode", [Hostile.SHA1, Hostile.MD5])
def test_they_take_the_hash_from_the_signature_and_we_do_not(judge: Judge, mode: Hostile) -> None:
    judge.alipay.hostile(mode, 2)
    assert judge.ask("log_in", code=judge.code())["open_id"]
    with pytest.raises(ReplyWeaklyHashed):
        judge.ours()


@only_npm
def test_they_believe_the_unsigned_unless_told_not_to_and_we_do_not(judge: Judge) -> None:
    judge.alipay.hostile(Hostile.UNSIGNED, 2)
    assert judge.ask("log_in", code=judge.code(), validate=False)["open_id"]
    with pytest.raises(ReplyUnsigned):
        judge.ours()


@pytest.mark.parametrize("judge", [COMMUNITY], indirect=True)
def test_a_brace_in_a_nickname_confuses_them_and_not_us(judge: Judge) -> None:
    token = judge.ask("log_in", code=judge.code())["access_token"]
    judge.alipay.hostile(Hostile.NICKNAME)
    assert judge.ask("share", token=token) == {"refused": "signature"}
    text = '{"nick_name":"a}b\\"sign\\""}'
    signature = rsa_sign(private(keyring().alipay_private), text.encode())
    body = f'{{"alipay_user_info_share_response":{text},"sign":"{signature}"}}'
    keys = AlipayKeys(key=public_key(keyring().alipay_public))
    opened = alipay_v2.open_reply(body.encode(), method="alipay.user.info.share", keys=keys)
    assert opened == {"nick_name": 'a}b"sign"'}


# --- we believe what they sign -----------------------------------------------------------------------


def test_we_believe_a_reply_they_signed_and_no_other(judge: Judge) -> None:
    """With Alipay's own key, as it would sign if it used this library."""
    text = '{"open_id":"sim","nick_name":"a}b\\"sign\\" 李"}'
    ring = keyring()
    key = _bare(_pkcs1(ring.alipay_private)) if judge.name == OFFICIAL else ring.alipay_private
    signature = judge.ask("sign", text=text, private=key)
    keys = AlipayKeys(key=public_key(ring.alipay_public))
    body = f'{{"alipay_system_oauth_token_response":{text},"sign":"{signature}"}}'
    opened = alipay_v2.open_reply(body.encode(), method="alipay.system.oauth.token", keys=keys)
    assert opened["open_id"] == "sim"
    check(public_key(ring.alipay_public), text.encode(), signature)
    with pytest.raises(Distrusted, match=Distrust.SIGNATURE_WRONG.value):
        check(public_key(ring.alipay_public), text.encode() + b" ", signature)


@only_npm
def test_what_either_seals_the_other_opens(judge: Judge) -> None:
    key = aes_key(keyring().aes)
    plain = {"mobile": "15400000001", "name": "李"}
    assert json.loads(decrypt(judge.ask("seal", plain=plain), key)) == plain
    assert judge.ask("open", sealed=encrypt(json.dumps(plain).encode(), key)) == plain


def _pkcs1(pem: str) -> str:
    form = PrivateFormat.TraditionalOpenSSL
    return private(pem).private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@only_official
def test_they_send_what_was_subscribed_to_and_no_more(judge: Judge) -> None:
    judge.alipay.books.allow(PLAIN.appid, "lin", "tpl-1", 1)
    asked: dict[str, Any] = {
        "user": user_id_of("lin"),
        "template": "tpl-1",
        "data": '{"keyword1": {"value": "接种提醒"}}',
    }

    assert judge.ask("message", **asked)["code"] == "10000"
    assert judge.ask("message", **asked)["sub_code"] == "USER_NOT_SUBSCRIBED"
    assert [each["resident"] for each in judge.alipay.books.messages] == ["lin"]
