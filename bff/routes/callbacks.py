"""What providers ask of us. Their protocols are theirs, so none of it is in our contract."""

from typing import Any, Final
from urllib.parse import parse_qs

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from auth_bridges.federation import Federation
from auth_bridges.models import ClientFacts
from auth_bridges.refusals import ProviderTokenRefused, ProviderTokenUnreadable, ProviderUnavailable
from bff.platform.services import Platform
from miniapp_schemas.keys import JsonWebKeySet
from push.callbacks import WechatCallbacks
from push.refusals import CallbackForged, CallbackUnknown, CallbackUnreadable
from push.text_receipts import TextReceipts

__all__ = ["callback_handlers"]

_PUBLIC: Final = {"audience": "public", "assurance": None, "scope": None}
_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def _invalid_request(_: Request[Any, Any, Any], refusal: ProviderTokenRefused) -> Response[dict[str, str]]:
    """Back-Channel Logout 1.0 §2.8: 400, in the words of OAuth."""
    told = {"error": "invalid_request", "error_description": refusal.code}
    return Response(told, status_code=400, headers=_NOT_KEPT)


@post(
    "/callbacks/clerks/backchannel-logout",
    opt={**_PUBLIC, "refusals": (ProviderUnavailable,)},
    status_code=200,
    include_in_schema=False,
    tags=("session",),
    exception_handlers={ProviderTokenRefused: _invalid_request},
)
async def clerk_signed_out(
    request: Request[Any, Any, Any],
    client: NamedDependency[ClientFacts],
    federation: NamedDependency[Federation],
) -> Response[bytes]:
    """An organisation's provider says that a clerk signed out there (OpenID Back-Channel Logout 1.0)."""
    await federation.logged_out(await _only(request, "logout_token"), client)
    return Response(b"", headers=_NOT_KEPT)


@get("/callbacks/oidc/jwks.json", opt=_PUBLIC, include_in_schema=False)
async def client_keys(platform: NamedDependency[Platform]) -> Response[JsonWebKeySet]:
    """The keys by which OpenID providers know us (``private_key_jwt``)."""
    return Response(platform.client_keys().published(), headers={"Cache-Control": "public, max-age=300"})


@get(
    "/callbacks/wechat/{appid:str}",
    opt={**_PUBLIC, "refusals": (CallbackForged, CallbackUnknown)},
    include_in_schema=False,
    media_type=MediaType.TEXT,
)
async def wechat_asks(
    request: Request[Any, Any, Any], appid: FromPath[str], push_callbacks: NamedDependency[WechatCallbacks]
) -> Response[str]:
    """An administrator entered our address in WeChat's console, and WeChat tries it."""
    return Response(push_callbacks.confirm(appid, dict(request.query_params)), headers=_NOT_KEPT)


@post(
    "/callbacks/wechat/{appid:str}",
    opt={**_PUBLIC, "refusals": (CallbackForged, CallbackUnknown, CallbackUnreadable)},
    status_code=200,
    include_in_schema=False,
    media_type=MediaType.TEXT,
)
async def wechat_tells(
    request: Request[Any, Any, Any], appid: FromPath[str], push_callbacks: NamedDependency[WechatCallbacks]
) -> Response[str]:
    """WeChat pushes an event (消息推送); for any other answer than this word it asks again."""
    await push_callbacks.hear(appid, dict(request.query_params), await request.body())
    return Response("success", headers=_NOT_KEPT)


@post(
    "/callbacks/sms",
    opt={**_PUBLIC, "refusals": (CallbackForged, CallbackUnknown, CallbackUnreadable)},
    status_code=204,
    include_in_schema=False,
)
async def gateway_tells(
    request: Request[Any, Any, Any], push_text_receipts: NamedDependency[TextReceipts]
) -> None:
    """The text message gateway tells what became of messages (短信送达回执)."""
    await push_text_receipts.hear(request.headers.get("Authorization", ""), await request.body())


def callback_handlers() -> list[ControllerRouterHandler]:
    """Everything that providers call."""
    return [clerk_signed_out, client_keys, wechat_asks, wechat_tells, gateway_tells]


async def _only(request: Request[Any, Any, Any], name: str) -> str:
    """The one value of ``name`` in a form."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise HTTPException(status_code=415)
    try:
        (value,) = parse_qs((await request.body()).decode("ascii"), max_num_fields=16)[name]
    except (KeyError, ValueError):
        raise ProviderTokenUnreadable from None
    return value
