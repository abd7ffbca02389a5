"""wechatpy, pointed at another address: reads one question as JSON, writes its verdict as JSON."""

import base64
import json
import sys
import warnings
from typing import Any

from wechatpy import WeChatClient
from wechatpy.client.api import WeChatWxa
from wechatpy.crypto import WeChatCipher, WeChatCrypto, WeChatWxaCrypto
from wechatpy.exceptions import InvalidAppIdException, WeChatClientException

warnings.simplefilter("ignore")


def client(asked: dict[str, Any]) -> WeChatClient:
    """A client whose every call goes to the simulator."""

    class Client(WeChatClient):  # type: ignore[misc]  # published without types
        API_BASE_URL = asked["url"] + "/cgi-bin/"

        def fetch_access_token(self) -> object:
            query = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(url=asked["url"] + "/cgi-bin/token", params=query)

    WeChatWxa.API_BASE_URL = asked["url"] + "/"
    return Client(asked["appid"], asked["secret"])


def log_in(asked: dict[str, Any]) -> object:
    """``jscode2session``; this library fetches an access token first, and sends it along."""
    return client(asked).wxa.code_to_session(asked["code"])


def phone(asked: dict[str, Any]) -> object:
    """``getuserphonenumber``."""
    url = asked["url"] + "/wxa/business/getuserphonenumber"
    return client(asked).post(url, data={"code": asked["code"], "openid": asked["openid"]})


def decrypt(asked: dict[str, Any]) -> object:
    """Open ``encryptedData``; refuses another app's."""
    crypto = WeChatWxaCrypto(asked["session_key"], asked["iv"], asked["appid"])
    return crypto.decrypt_message(asked["encryptedData"])


def encrypt(asked: dict[str, Any]) -> str:
    """Seal a text as ``encryptedData``; the padding is ours, theirs is of another protocol."""
    cipher = WeChatCipher(base64.b64decode(asked["session_key"]), base64.b64decode(asked["iv"]))
    plain = asked["plain"].encode()
    left = 16 - len(plain) % 16
    return base64.b64encode(cipher.encrypt(plain + bytes([left]) * left)).decode()


def subscribe(asked: dict[str, Any]) -> object:
    """``message/subscribe/send``."""
    data = {field: {"value": value} for field, value in asked["data"].items()}
    return client(asked).wxa.send_subscribe_message(asked["openid"], asked["template"], data, asked["page"])


def hear(asked: dict[str, Any]) -> object:
    """Open what was pushed in secure mode; of its events the library knows none."""
    crypto = WeChatCrypto(asked["token"], asked["key"], asked["appid"])
    query = asked["query"]
    return crypto.decrypt_message(asked["body"], query["msg_signature"], query["timestamp"], query["nonce"])


def push(asked: dict[str, Any]) -> object:
    """Seal a message as WeChat does."""
    crypto = WeChatCrypto(asked["token"], asked["key"], asked["appid"])
    return crypto.encrypt_message(asked["plain"], "nonce-1", asked["timestamp"])


asked = json.load(sys.stdin)
try:
    verdict = {
        "log_in": log_in,
        "phone": phone,
        "decrypt": decrypt,
        "encrypt": encrypt,
        "subscribe": subscribe,
        "hear": hear,
        "push": push,
    }[asked["do"]](asked)
except WeChatClientException as refusal:
    verdict = {"errcode": refusal.errcode}
except InvalidAppIdException:
    verdict = {"refused": "another app's"}
json.dump(verdict, sys.stdout)
