"""pywebpush, http-ece and py-vapid: reads one question as JSON, writes its verdict as JSON."""

import json
import sys
from base64 import urlsafe_b64decode
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPushException, webpush


def unbase64(text: str) -> bytes:
    """URL-safe, without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def send(asked: dict[str, Any]) -> object:
    """Seal a text, say who we are, and push it."""
    try:
        answer = webpush(
            {"endpoint": asked["endpoint"], "keys": {"p256dh": asked["p256dh"], "auth": asked["auth"]}},
            data=asked["data"],
            vapid_private_key=asked["key_file"],
            vapid_claims={"sub": "mailto:judge@haiyu.test"},
            ttl=60,
        )
        return {"status": answer.status_code}
    except WebPushException as error:
        return {"status": error.response.status_code}


def open_sealed(asked: dict[str, Any]) -> object:
    """What somebody else sealed, as a browser would open it."""
    key = ec.derive_private_key(int(asked["private"], 16), ec.SECP256R1())
    opened = http_ece.decrypt(
        unbase64(asked["body"]),
        private_key=key,
        auth_secret=unbase64(asked["auth"]),
        version="aes128gcm",
    )
    return {"opened": opened.decode()}


question = json.load(sys.stdin)
verdict = {"send": send, "open": open_sealed}[question["do"]](question)
json.dump(verdict, sys.stdout)
