"""The community's SDK for Python, pointed at another address: one question as JSON in, its verdict out."""

import json
import sys
from typing import Any

from alipay import AliPay, DCAliPay
from alipay.exceptions import AliPayException, AliPayValidationError


def client(asked: dict[str, Any]) -> AliPay:
    if asked["certificates"]:
        made = DCAliPay(
            appid=asked["appid"],
            app_private_key_string=asked["private"],
            app_public_key_cert_string=asked["app_certificate"],
            alipay_public_key_cert_string=asked["alipay_certificate"],
            alipay_root_cert_string=asked["roots"],
        )
    else:
        public = f"-----BEGIN PUBLIC KEY-----\n{asked['public']}\n-----END PUBLIC KEY-----"
        made = AliPay(
            appid=asked["appid"], app_private_key_string=asked["private"], alipay_public_key_string=public
        )
    made._gateway = f"{asked['url']}/gateway.do"
    return made


def answer(asked: dict[str, Any]) -> object:
    made = client(asked)
    if asked["do"] == "sign":
        return made._sign(asked["text"])
    if asked["do"] == "serials":
        return [made.app_cert_sn, made.alipay_root_cert_sn]
    try:
        if asked["do"] == "log_in":
            method = "alipay.system.oauth.token"
            return made.server_api(method, grant_type="authorization_code", code=asked["code"])
        return made.server_api("alipay.user.info.share", auth_token=asked["token"])
    except AliPayValidationError:
        return {"refused": "signature"}
    except AliPayException as refused:
        return {"refused": str(refused)}


json.dump(answer(json.load(sys.stdin)), sys.stdout)
