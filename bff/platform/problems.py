"""Every refusal and every accident as ``application/problem+json`` (RFC 9457).

The one place where meaning becomes an HTTP status. What the caller sent is never echoed: a validation
message names the field and the rule, not the value.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import ParameterKwarg
from litestar.types import ExceptionHandlersMap
from msgspec import Struct

from bff.platform.mongo import MONGO_MISUSED, MONGO_OUTAGES
from bff.platform.redis import REDIS_OUTAGES
from bff.platform.telemetry import current_trace, trace_id
from miniapp_schemas.problems import FieldError, Problem, ProblemAction, StepUp
from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "ENVELOPE",
    "MAX_BODY",
    "MAX_FILE_BODY",
    "MEDIA_TYPE",
    "STATUS",
    "Answer",
    "answer",
    "camel",
    "exception_handlers",
    "framework_problem",
    "refusal_problem",
    "sent_name",
]

MEDIA_TYPE: Final = "application/problem+json"
ENVELOPE: Final = "X-Envelope"
MAX_BODY: Final = 64 * 1024
MAX_FILE_BODY: Final = 1_500_000
"""Of the one request that brings a file: 1 MiB in Base64, and some JSON around it."""

STATUS: Final[Mapping[Kind, int]] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}
_WAIT: Final[Mapping[int, int]] = {429: 1, 503: 5}
"""Seconds to wait where the refusal does not know better."""

_encode: Final = msgspec.json.Encoder().encode
_log: Final = structlog.get_logger("problems")


class _Words(Struct, frozen=True):
    """How a problem that is nobody's `Refusal` is told."""

    code: str
    title: str
    title_en: str
    detail: str
    detail_en: str
    action: ProblemAction | None = None


_VALIDATION: Final = _Words(
    "VALIDATION", "请求内容有误", "The request is not valid", "请更正所列字段。", "Correct the fields listed."
)
_RETRY: Final = ProblemAction.RETRY
_FRAMEWORK: Final[Mapping[int, _Words]] = {
    400: _Words(
        "BAD_REQUEST", "请求有误", "Bad request", "请求无法理解。", "The request cannot be understood."
    ),
    401: _Words(
        "UNAUTHENTICATED",
        "请先登录",
        "Sign in first",
        "此操作需要登录。",
        "This needs a session.",
        ProblemAction.SIGN_IN,
    ),
    403: _Words(
        "FORBIDDEN", "没有权限", "Not allowed", "当前身份不能进行此操作。", "This identity may not do that."
    ),
    404: _Words("NOT_FOUND", "没有找到", "Not found", "此处没有内容。", "There is nothing here."),
    405: _Words(
        "METHOD_NOT_ALLOWED",
        "不支持的请求方法",
        "Method not allowed",
        "请使用 Allow 所列方法。",
        "Use a method in Allow.",
    ),
    406: _Words("NOT_ACCEPTABLE", "无法按要求的格式应答", "Not acceptable", "请接受 JSON。", "Accept JSON."),
    413: _Words(
        "TOO_LARGE",
        "请求内容过大",
        "The request is too large",
        "请求正文最多 64 KiB；带附件的最多 1.5 MB。",
        "A body has at most 64 KiB; one that brings a file, 1.5 MB.",
    ),
    415: _Words(
        "UNSUPPORTED_MEDIA_TYPE", "不支持的内容类型", "Unsupported media type", "请发送 JSON。", "Send JSON."
    ),
    429: _Words(
        "TOO_MANY_REQUESTS", "操作太频繁", "Too many requests", "请稍后重试。", "Try again later.", _RETRY
    ),
    500: _Words(
        "INTERNAL",
        "系统出了点问题",
        "Something went wrong",
        "请稍后重试；如仍失败，请把追踪号告诉客服。",
        "Please try again later; if it fails again, give support the trace id.",
        _RETRY,
    ),
    503: _Words(
        "UNAVAILABLE",
        "服务暂时不可用",
        "Temporarily unavailable",
        "系统的一部分暂时没有响应，请稍后重试。",
        "Part of the system does not answer at the moment. Please try again shortly.",
        _RETRY,
    ),
}


class Answer(Struct, frozen=True):
    """A problem ready to be sent, by the framework or by a bare ASGI handler."""

    status: int
    headers: dict[str, str]
    body: bytes


def exception_handlers() -> ExceptionHandlersMap:
    """What turns every exception of a request into a problem; also those raised in middleware."""
    return {Exception: _respond, HTTPException: _respond, 500: _respond}


def _respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    sent_as = _sent_as(request) if isinstance(error, ValidationException) else {}
    made = answer(error, envelope=request.headers.get(ENVELOPE) == "1", sent_as=sent_as)
    return Response(content=made.body, status_code=made.status, headers=made.headers, media_type=MEDIA_TYPE)


def answer(error: Exception, *, envelope: bool = False, sent_as: Mapping[str, str] | None = None) -> Answer:
    """The answer to ``error``: expected refusals in their own words, anything else as `INTERNAL`.

    ``envelope`` is for clients that cannot read the body of an error (my.request of Alipay): the problem
    comes under 200 as ``{"$problem": …}``, and ``X-Problem-Status`` says what it would have been.
    ``sent_as`` names the parameters as the caller knows them.
    """
    problem, headers = _tell(error, sent_as or {})
    trace = current_trace.get()
    if trace is not None:
        trace.problem, trace.status = problem.code, problem.status
    headers["Cache-Control"] = "no-store"
    if not envelope:
        return Answer(problem.status, headers, _encode(problem))
    headers["X-Problem-Status"] = str(problem.status)
    return Answer(HTTPStatus.OK, headers, _encode({"$problem": problem}))


def _tell(error: Exception, sent_as: Mapping[str, str]) -> tuple[Problem, dict[str, str]]:
    trace = trace_id()
    if isinstance(error, Refusal):
        problem = refusal_problem(error, trace=trace)
        return problem, _headers(problem.status, error.retry_after)
    if isinstance(error, ValidationException):
        return framework_problem(400, trace=trace, errors=_field_errors(error, sent_as)), {}
    if isinstance(error, HTTPException) and error.status_code in _FRAMEWORK and error.status_code < 500:
        status = error.status_code
        allow = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
        return framework_problem(status, trace=trace), _headers(status, None) | allow
    if isinstance(error, (*MONGO_OUTAGES, *REDIS_OUTAGES, TimeoutError)) or _was_cut_off(error):
        _log.warning("dependency failed", exc_info=error)
        return framework_problem(503, trace=trace), _headers(503, None)
    _log.error("unhandled", exc_info=error)
    return framework_problem(500, trace=trace), {}


def _was_cut_off(error: Exception) -> bool:
    """Whether a request was cut off by its deadline while the driver ended a transaction.

    The driver then ends it once more, and that it was ended is what is raised, in place of the cancellation.
    """
    if not isinstance(error, MONGO_MISUSED):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def refusal_problem(refusal: Refusal, *, trace: str) -> Problem:
    """``refusal`` in its own words."""
    detail, detail_en = refusal.detail
    return Problem(
        type=f"urn:suishen:problem:{refusal.code}",
        status=STATUS[refusal.kind],
        code=refusal.code,
        title=refusal.title_zh,
        title_en=refusal.title_en,
        detail=detail,
        detail_en=detail_en,
        trace_id=trace,
        action=None if refusal.action is None else ProblemAction(refusal.action),
        step_up=step_up if isinstance(step_up := refusal.facts.get("step_up"), StepUp) else None,
    )


def framework_problem(status: int, *, trace: str, errors: Iterable[FieldError] = ()) -> Problem:
    """What is nobody's refusal, told by its status; a 400 that can name a field is `VALIDATION`."""
    errors = list(errors)
    words = _VALIDATION if errors else _FRAMEWORK[status]
    return Problem(
        type=f"urn:suishen:problem:{words.code}",
        status=status,
        code=words.code,
        title=words.title,
        title_en=words.title_en,
        detail=words.detail,
        detail_en=words.detail_en,
        trace_id=trace,
        action=words.action,
        errors=errors,
    )


def _headers(status: int, retry_after: int | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="suishen"'
    if status in _WAIT:
        wait = _WAIT[status] if retry_after is None else max(1, retry_after)
        headers["Retry-After"] = str(wait)
        if status == 429:
            headers["RateLimit"] = f'"default";r=0;t={wait}'
    return headers


# --- what was wrong, field by field ------------------------------------------------------------------

_MISSING: Final = re.compile(r"Missing required (query|path|header|cookie) parameter '([\w-]{1,60})'")
_QUOTES_VALUE: Final = re.compile(r"(Invalid enum value) .*", re.DOTALL)
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(.*)`.*", re.DOTALL)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_KEY: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{0,100}")


def _field_errors(error: ValidationException, sent_as: Mapping[str, str]) -> Iterator[FieldError]:
    if missing := _MISSING.match(error.detail):
        yield FieldError(source=missing[1], key=missing[2], message="Required")
    for item in error.extra if isinstance(error.extra, list) else []:
        source, key = item.get("source") or "body", str(item.get("key", ""))
        if (source, key) == ("body", "data"):
            # The handler's own name for the body, which the framework reports when there is none.
            yield FieldError(source="body", key="", message="Required")
        else:
            yield FieldError(
                source=str(getattr(source, "value", source)),
                key=sent_as.get(key, key) if _KEY.fullmatch(key) else "",
                message=_harmless(str(item.get("message", ""))),
            )


def _harmless(message: str) -> str:
    """A validator's message without the value it was about.

    msgspec quotes the value of a wrong enum, and the name of an unknown field: that name is the
    caller's own text, repeated only if it can be nothing but a name.
    """
    if found := _QUOTES_VALUE.fullmatch(message):
        return found[1]
    if found := _UNKNOWN_FIELD.fullmatch(message):
        return f"Unknown field `{found[1]}`" if _PLAIN_NAME.fullmatch(found[1]) else "Unknown field"
    return message


def _sent_as(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Where a handler's parameter is called otherwise on the wire: ``key`` for ``Idempotency-Key``."""
    handler = request.scope.get("route_handler")
    names: dict[str, str] = {}
    for name, field in {} if handler is None else handler.parsed_fn_signature.parameters.items():
        definition = field.kwarg_definition
        if isinstance(definition, ParameterKwarg):
            names[name] = sent_name(name, definition)
    return names


def sent_name(name: str, definition: ParameterKwarg) -> str:
    """What the caller knows a handler's parameter by."""
    return definition.name or camel(name)


def camel(name: str) -> str:
    """``credential_id`` as the contract spells it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
