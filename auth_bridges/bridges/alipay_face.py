"""Alipay's identity check (支付宝身份验证, ``alipay.user.certify.open.*``): a face against name and number.

Begun by us, done by the person on a page of Alipay's, decided by asking Alipay's server. That a browser
came back to ``return_url`` says nothing: anybody can open an address.
"""

from typing import Final, Literal

from msgspec import Struct

from auth_bridges.bridges.alipay_client import AlipayClient, GatewayRefused
from auth_bridges.bridges.alipay_transport import Call
from auth_bridges.models import FaceCheckStarted, FaceCheckState

_BEGIN: Final = "alipay.user.certify.open.initialize"
_PAGE: Final = "alipay.user.certify.open.certify"
_QUERY: Final = "alipay.user.certify.open.query"
# Unknown, or older than the 23 hours a check may take: there is nothing to wait for any more.
_GONE: Final = "OPEN_CERTIFY_BILL_NOT_EXIST"


class _Begun(Struct, frozen=True, kw_only=True):
    certify_id: str


class _Answer(Struct, frozen=True, kw_only=True):
    passed: Literal["T", "F"]
    fail_reason: str = ""


class AlipayFaceCheck:
    """Compares a living face with a name and an ID number, by Alipay."""

    def __init__(self, client: AlipayClient, *, return_url: str) -> None:
        """``return_url`` is our page that people come back to."""
        self._client = client
        self._return_url = return_url

    async def start(self, name: str, id_number: str, order: str) -> FaceCheckStarted:
        """Begin under our number ``order``; the person goes on at the address given, and comes back."""
        content = {
            "outer_order_no": order,
            "biz_code": "FACE",
            "identity_param": {
                "identity_type": "CERT_INFO",
                "cert_type": "IDENTITY_CARD",
                "cert_name": name,
                "cert_no": id_number,
            },
            "merchant_config": {"return_url": self._return_url},
        }
        try:
            begun = await self._client.ask(Call(method=_BEGIN, content=content), _Begun)
        except GatewayRefused as refused:
            raise refused.refusal() from None
        page = Call(method=_PAGE, content={"certify_id": begun.certify_id})
        address = self._client.page(page, return_url=self._return_url)
        return FaceCheckStarted(id=begun.certify_id, url=address)

    async def result(self, certification: str) -> FaceCheckState:
        """How the check of this id stands, asked of Alipay's server.

        "F" alone is said of a check nobody has finished; a failed one brings its reason.
        """
        call = Call(method=_QUERY, content={"certify_id": certification}, verb="GET")
        try:
            answer = await self._client.ask(call, _Answer)
        except GatewayRefused as refused:
            if refused.reason == _GONE:
                return FaceCheckState.EXPIRED
            raise refused.refusal() from None
        if answer.passed == "T":
            return FaceCheckState.PASSED
        return FaceCheckState.FAILED if answer.fail_reason else FaceCheckState.PENDING
