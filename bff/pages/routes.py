"""The pages over HTTP: validators, caching and the headers that keep a page to itself."""

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, route
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter
from litestar.response import Redirect

from bff.pages.assets import Asset, Assets, asset, load
from bff.pages.dictionary import write_dictionary
from wallet.issuers.base import load_registry

__all__ = ["SECURITY_HEADERS", "pages_router"]

_POLICY: Final = {
    "default-src": "'none'",
    # 'wasm-unsafe-eval' compiles the QR reader; it does not allow eval() of text.
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"
_READ: Final = [HttpMethod.GET, HttpMethod.HEAD]
_OPEN_TO_ALL: Final = {"audience": "public", "assurance": None, "scope": None}

IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", required=False)]
AcceptEncoding = Annotated[str | None, HeaderParameter(name="Accept-Encoding", required=False)]


def pages_router(
    *,
    sign_in_url: str | None,
    alipay_sign_in_url: str | None = None,
    citizen_cloud: bool = False,
    face_check: bool = False,
    legal_persons: bool = False,
) -> Router:
    """Every page and its files.

    ``sign_in_url`` is where residents sign in with WeChat from an ordinary browser; None if the page is
    only ever opened inside WeChat. ``alipay_sign_in_url`` is the same for Alipay;
    ``citizen_cloud`` whether residents may sign in there (市民云), ``face_check`` whether Alipay looks at
    faces for this city (人脸核身), ``legal_persons`` whether it believes their certificates (法人一证通).
    """
    words = write_dictionary(load_registry())
    assets = load(Path(__file__).parent, made={"shared/dictionary.json": words})
    config = asset(
        "config.json",
        msgspec.json.encode(
            {
                "signInUrl": sign_in_url,
                "alipaySignInUrl": alipay_sign_in_url,
                "citizenCloud": citizen_cloud,
                "faceCheck": face_check,
                "legalPersons": legal_persons,
            }
        ),
    )
    return Router(
        path="/",
        route_handlers=[
            _static(assets),
            *(_document(path, file) for path, file in assets.documents.items()),
            _document("/resident/config.json", config),
        ],
        opt=_OPEN_TO_ALL,
        include_in_schema=False,
    )


def _static(assets: Assets) -> HTTPRouteHandler:
    @route("/static/{version:str}/{name:path}", http_method=_READ, sync_to_thread=False, opt=_OPEN_TO_ALL)
    def static_file(
        version: FromPath[str],
        name: FromPath[str],
        if_none_match: IfNoneMatch = None,
        accept_encoding: AcceptEncoding = None,
    ) -> Response[bytes]:
        """A file of a release of the pages."""
        file = assets.static.get(name.lstrip("/"))
        if file is None:
            raise NotFoundException
        # While a release rolls out, a page of one process may fetch its modules from another. Another
        # release's file is better than a dead page, but must not be kept under this address.
        cache = _FOR_EVER if version == assets.version else _ASK_EACH_TIME
        return _answer(file, if_none_match, accept_encoding, cache)

    return static_file


def _document(path: str, file: Asset) -> HTTPRouteHandler:
    @route(path, http_method=_READ, sync_to_thread=False, opt=_OPEN_TO_ALL)
    def document(
        request: Request[Any, Any, Any],
        if_none_match: IfNoneMatch = None,
        accept_encoding: AcceptEncoding = None,
    ) -> Response[bytes] | Redirect:
        """A page, by the address people know."""
        # Litestar takes /clerk for /clerk/, but a service worker scoped to /clerk/ would not.
        if path.endswith("/") and not _asked(request).endswith(b"/"):
            return Redirect(path)
        return _answer(file, if_none_match, accept_encoding, _ASK_EACH_TIME)

    return document


def _asked(request: Request[Any, Any, Any]) -> bytes:
    """The path as it came; Litestar's own has lost its last slash."""
    raw = request.scope.get("raw_path")
    return b"/" if raw is None else raw.partition(b"?")[0]


def _answer(
    file: Asset, if_none_match: str | None, accept_encoding: str | None, cache: str
) -> Response[bytes]:
    packed = file.packed if "gzip" in (accept_encoding or "") else None
    etag = f'"{file.etag}{"-gz" if packed is not None else ""}"'
    headers = {**SECURITY_HEADERS, "Cache-Control": cache, "ETag": etag, "Vary": "Accept-Encoding"}
    if if_none_match is not None and file.etag in if_none_match:
        return Response(b"", status_code=304, headers=headers)
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(packed or file.body, media_type=file.media_type, headers=headers)
