"""Alipay's own SDK for Python, pointed at another address: one question as JSON in, its verdict out."""

import http.client
import json
import sys
from typing import Any
from urllib.parse import urlsplit

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayOpenAppMiniTemplatemessageSendModel import (
    AlipayOpenAppMiniTemplatemessageSendModel,
)
from alipay.aop.api.exception.Exception import RequestException, ResponseException
from alipay.aop.api.request.AlipayOpenAppMiniTemplatemessageSendRequest import (
    AlipayOpenAppMiniTemplatemessageSendRequest,
)
from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest
from alipay.aop.api.request.AlipayUserInfoShareRequest import AlipayUserInfoShareRequest
from alipay.aop.api.util import WebUtils
from alipay.aop.api.util.SignatureUtils import sign_with_rsa2


def connect(url: str, query: str, timeout: int) -> tuple[str, http.client.HTTPConnection]:
    """As theirs, but for an address with a port, which theirs cannot take."""
    parts = urlsplit(url)
    return f"{parts.path}?{query}", http.client.HTTPConnection(parts.netloc, timeout=timeout)


def client(asked: dict[str, Any]) -> DefaultAlipayClient:
    config = AlipayClientConfig()
    config.server_url = f"{asked['url']}/gateway.do"
    config.app_id = asked["appid"]
    config.app_private_key = asked["private"]
    config.alipay_public_key = asked["public"]
    return DefaultAlipayClient(config)


def answer(asked: dict[str, Any]) -> object:
    if asked["do"] == "sign":
        return sign_with_rsa2(asked["private"], asked["text"], "utf-8")
    if asked["do"] == "log_in":
        request = AlipaySystemOauthTokenRequest()
        request.grant_type = "authorization_code"
        request.code = asked["code"]
    elif asked["do"] == "message":
        model = AlipayOpenAppMiniTemplatemessageSendModel()
        model.to_user_id = asked["user"]
        model.user_template_id = asked["template"]
        model.page = "pages/index"
        model.data = asked["data"]
        request = AlipayOpenAppMiniTemplatemessageSendRequest(biz_model=model)
    else:
        request = AlipayUserInfoShareRequest()
        request.add_other_text_param("auth_token", asked["token"])
    try:
        return json.loads(client(asked).execute(request))
    except (RequestException, ResponseException) as refused:
        return {"refused": str(refused)}


WebUtils.get_http_connection = connect
json.dump(answer(json.load(sys.stdin)), sys.stdout)
