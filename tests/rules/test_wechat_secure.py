"""The secure API's envelope: WeChat's own examples byte for byte, and every reply that must not pass."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from auth_bridges.codec.wechat_secure import (
    Call,
    Sealing,
    SymmetricKey,
    is_signed,
    read_reply,
    seal,
    sign,
    signed_text,
    unseal,
)
from auth_bridges.refusals import (
    ReplyForeign,
    ReplyOfUnknownSerial,
    ReplyRefused,
    ReplyStale,
    ReplyUnreadable,
    ReplyUnsigned,
    ReplyWronglySigned,
)

VECTORS: Final[dict[str, dict[str, Any]]] = {
    row["name"]: row
    for row in json.loads(Path("tests/vectors/auth/wechat_secure_api_vectors.json").read_bytes())
}
OFFICIAL: Final = VECTORS["wechat_secure_api"]
SM4: Final = VECTORS["wechat_secure_api_sm4_gcm"]
APPID: Final[str] = OFFICIAL["appid"]
URLPATH: Final[str] = OFFICIAL["urlpath"]
KEY: Final = SymmetricKey(
    serial=OFFICIAL["sym_sn"], key=b64decode(OFFICIAL["sym_key_b64"]), sealing=Sealing.AES256
)
REQUEST: Final[dict[str, Any]] = OFFICIAL["request"]
REPLY: Final[dict[str, Any]] = OFFICIAL["response"]
NOW: Final = datetime.fromtimestamp(REPLY["timestamp"], UTC)


def call(timestamp: int = REPLY["timestamp"], *, urlpath: str = URLPATH, appid: str = APPID) -> Call:
    return Call(urlpath=urlpath, appid=appid, timestamp=timestamp)


def ours() -> RSAPrivateKey:
    key = load_pem_private_key(OFFICIAL["app_private_key_pem"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def wechats() -> dict[str, RSAPublicKey]:
    key = load_pem_x509_certificate(OFFICIAL["platform_cert_pem"].encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return {OFFICIAL["platform_cert_sn"]: key}


class TestOfficialExamples:
    def test_a_request_is_sealed_byte_for_byte(self) -> None:
        iv = b64decode(json.loads(REQUEST["body"])["iv"])
        body = seal(REQUEST["plaintext"].encode(), key=KEY, call=call(REQUEST["timestamp"]), iv=iv)
        assert body == REQUEST["body"].encode()
        assert len(body) == REQUEST["body_len"]

    def test_a_request_is_signed_over_exactly_these_bytes(self) -> None:
        body = REQUEST["body"].encode()
        asked = call(REQUEST["timestamp"])
        assert signed_text(body, asked) == REQUEST["signed_string"].encode()
        assert is_signed(body, REQUEST["signature_b64"], key=ours().public_key(), call=asked)
        assert is_signed(body, sign(body, key=ours(), call=asked), key=ours().public_key(), call=asked)

    def test_a_reply_is_read_byte_for_byte(self) -> None:
        headers = {
            "wechatmp-appid": APPID,
            "wechatmp-timestamp": str(REPLY["timestamp"]),
            "wechatmp-signature": REPLY["signature_b64"],
            "wechatmp-serial": OFFICIAL["platform_cert_sn"],
            "wechatmp-serial-deprecated": REPLY["deprecated_sn"],
            "wechatmp-signature-deprecated": REPLY["deprecated_signature_b64"],
        }
        plain = read_reply(
            REPLY["body"].encode(),
            headers,
            urlpath=URLPATH,
            appid=APPID,
            symmetric=KEY,
            platform=wechats(),
            now=NOW,
        )
        assert plain == REPLY["plaintext"].encode()

    def test_sm4_seals_and_opens_byte_for_byte(self) -> None:
        key = SymmetricKey(serial=KEY.serial, key=b64decode(SM4["sym_key_b64"]), sealing=Sealing.SM4)
        body = json.dumps(
            {"iv": SM4["iv"], "data": SM4["data"], "authtag": SM4["authtag"]}, separators=(",", ":")
        ).encode()
        asked = call(1692932963)
        assert unseal(body, key=key, call=asked) == SM4["plaintext"].encode()
        assert seal(SM4["plaintext"].encode(), key=key, call=asked, iv=b64decode(SM4["iv"])) == body


@cache
def signer(name: str) -> RSAPrivateKey:
    """A certificate's key; a name for each."""
    return generate_private_key(public_exponent=65537, key_size=2048)


class Reply:
    """A right reply of a WeChat whose keys we have, to be spoilt."""

    def __init__(self) -> None:
        self.now = NOW
        self.call = call()
        self.inside: dict[str, object] = {
            "_n": "n",
            "_appid": APPID,
            "_timestamp": REPLY["timestamp"],
            "errcode": 0,
        }
        self.sealed_for = self.call
        self.key = KEY
        self.headers = {
            "wechatmp-appid": APPID,
            "wechatmp-timestamp": str(REPLY["timestamp"]),
            "wechatmp-serial": "now",
        }
        self.private = signer("now")
        self.body: bytes | None = None

    def spoil(self, how: str) -> None:
        spoilt = SPOILT[how]
        spoilt(self)

    def read(self) -> bytes:
        plain = json.dumps(self.inside).encode()
        body = self.body or seal(plain, key=self.key, call=self.sealed_for, iv=b"i" * 12)
        self.headers.setdefault("wechatmp-signature", sign(body, key=self.private, call=self.call))
        return read_reply(
            body,
            {name: value for name, value in self.headers.items() if value},
            urlpath=URLPATH,
            appid=APPID,
            symmetric=KEY,
            platform={"now": signer("now").public_key(), "old": signer("old").public_key()},
            now=self.now,
        )


def _v15(reply: Reply) -> None:
    reply.body = seal(json.dumps(reply.inside).encode(), key=KEY, call=reply.call, iv=b"i" * 12)
    signature = reply.private.sign(signed_text(reply.body, reply.call), PKCS1v15(), SHA256())
    reply.headers["wechatmp-signature"] = b64encode(signature).decode()


def _other_salt(reply: Reply) -> None:
    reply.body = seal(json.dumps(reply.inside).encode(), key=KEY, call=reply.call, iv=b"i" * 12)
    padding = PSS(MGF1(SHA256()), salt_length=20)
    signature = reply.private.sign(signed_text(reply.body, reply.call), padding, SHA256())
    reply.headers["wechatmp-signature"] = b64encode(signature).decode()


def _moved(reply: Reply, urlpath: str) -> None:
    reply.call = reply.sealed_for = call(urlpath=urlpath)


def _sealed_elsewhere(reply: Reply) -> None:
    reply.sealed_for = call(urlpath="https://api.weixin.qq.com/wxa/elsewhere")


def _other_key(reply: Reply) -> None:
    reply.key = SymmetricKey(serial=KEY.serial, key=bytes(32), sealing=Sealing.AES256)


def _other_serial(reply: Reply) -> None:
    reply.key = SymmetricKey(serial="another", key=KEY.key, sealing=Sealing.AES256)


def _at(reply: Reply, seconds: int) -> None:
    reply.now = datetime.fromtimestamp(REPLY["timestamp"] + seconds, UTC)


SPOILT: Final[dict[str, Callable[[Reply], object]]] = {
    "no signature": lambda reply: reply.headers.update({"wechatmp-signature": ""}),
    "no serial": lambda reply: reply.headers.update({"wechatmp-serial": ""}),
    "no time": lambda reply: reply.headers.update({"wechatmp-timestamp": ""}),
    "no appid": lambda reply: reply.headers.update({"wechatmp-appid": ""}),
    "a time that is none": lambda reply: reply.headers.update({"wechatmp-timestamp": "١٢٣"}),
    "a time without end": lambda reply: reply.headers.update({"wechatmp-timestamp": "9" * 5000}),
    "an unknown certificate": lambda reply: reply.headers.update({"wechatmp-serial": "never"}),
    "another certificate's key": lambda reply: setattr(reply, "private", signer("old")),
    "a key nobody knows": lambda reply: setattr(reply, "private", signer("strange")),
    "PKCS#1 v1.5": _v15,
    "another salt": _other_salt,
    "half a signature": lambda reply: reply.headers.update({"wechatmp-signature": "AAAA"}),
    "no base64": lambda reply: reply.headers.update({"wechatmp-signature": "签名"}),
    "of another path": lambda reply: _moved(reply, "https://api.weixin.qq.com/wxa/other"),
    "of another host": lambda reply: _moved(reply, URLPATH.replace("api.", "api2.")),
    "signed for another app": lambda reply: reply.headers.update({"wechatmp-appid": "wx2"}),
    "sealed for another app": lambda reply: reply.inside.update({"_appid": "wx2"}),
    "sealed at another time": lambda reply: reply.inside.update({"_timestamp": 1}),
    "sealed for another path": _sealed_elsewhere,
    "sealed with another key": _other_key,
    "sealed with another serial": _other_serial,
    "too old": lambda reply: _at(reply, 301),
    "of the future": lambda reply: _at(reply, -301),
    "an envelope that is none": lambda reply: setattr(reply, "body", b'{"errcode":0}'),
    "an empty tag": lambda reply: setattr(reply, "body", b'{"iv":"AAAAAAAAAAAAAAAA","data":"","authtag":""}'),
    "nothing said inside": lambda reply: reply.inside.clear(),
}
WHY: Final[dict[str, type[ReplyRefused]]] = {
    **dict.fromkeys(("no signature", "no serial", "no time", "no appid"), ReplyUnsigned),
    **dict.fromkeys(("a time that is none", "a time without end"), ReplyUnsigned),
    "an unknown certificate": ReplyOfUnknownSerial,
    **dict.fromkeys(("another certificate's key", "a key nobody knows"), ReplyWronglySigned),
    **dict.fromkeys(("PKCS#1 v1.5", "another salt", "half a signature", "no base64"), ReplyWronglySigned),
    **dict.fromkeys(("of another path", "of another host"), ReplyWronglySigned),
    **dict.fromkeys(("signed for another app", "sealed for another app"), ReplyForeign),
    **dict.fromkeys(("sealed at another time", "too old", "of the future"), ReplyStale),
    **dict.fromkeys(("sealed for another path", "sealed with another key"), ReplyUnreadable),
    **dict.fromkeys(("sealed with another serial", "an envelope that is none"), ReplyUnreadable),
    **dict.fromkeys(("an empty tag", "nothing said inside"), ReplyUnreadable),
}


def test_a_right_reply_is_read() -> None:
    assert json.loads(Reply().read())["errcode"] == 0


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_reply_is_refused_and_says_why(how: str) -> None:
    reply = Reply()
    reply.spoil(how)
    with pytest.raises(ReplyRefused) as refused:
        reply.read()
    assert type(refused.value) is WHY[how]


def test_each_way_to_be_wrong_has_a_code_of_its_own() -> None:
    assert len({why.code for why in WHY.values()}) == len(set(WHY.values())) == 6


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_are_allowed_either_way(seconds: int) -> None:
    reply = Reply()
    _at(reply, seconds)
    reply.read()


class TestCertificateChange:
    """While WeChat changes its certificate every reply is signed by both."""

    def changing(self) -> Reply:
        reply = Reply()
        reply.body = seal(json.dumps(reply.inside).encode(), key=KEY, call=reply.call, iv=b"i" * 12)
        reply.headers |= {
            "wechatmp-serial": "next",
            "wechatmp-signature": sign(reply.body, key=signer("next"), call=reply.call),
            "wechatmp-serial-deprecated": "old",
            "wechatmp-signature-deprecated": sign(reply.body, key=signer("old"), call=reply.call),
        }
        return reply

    def test_who_does_not_know_the_next_one_yet_takes_the_old_one(self) -> None:
        assert json.loads(self.changing().read())["errcode"] == 0

    def test_the_old_ones_signature_is_checked_too(self) -> None:
        reply = self.changing()
        reply.headers["wechatmp-signature-deprecated"] = reply.headers["wechatmp-signature"]
        with pytest.raises(ReplyWronglySigned):
            reply.read()

    def test_an_old_serial_without_a_signature_is_no_way_round(self) -> None:
        reply = self.changing()
        reply.headers["wechatmp-signature-deprecated"] = ""
        with pytest.raises(ReplyWronglySigned):
            reply.read()

    def test_a_wrong_signature_of_a_certificate_we_know_is_not_mended_by_the_old_one(self) -> None:
        reply = self.changing()
        reply.headers["wechatmp-serial"] = "now"
        with pytest.raises(ReplyWronglySigned):
            reply.read()


def test_keys_are_not_shown() -> None:
    assert b64encode(KEY.key).decode() not in repr(KEY)
    assert repr(KEY.key) not in repr(KEY)
