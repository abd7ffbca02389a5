"""The HTTP contract as OpenAPI 3.1, from the routes and the wire structs themselves.

Litestar's own document leaves out what clients are generated from: descriptions and
``additionalProperties`` of structs, the rules of parameters, the true bodies of refusals. So only its
routes are read here, and every schema is msgspec's.

What a route refuses follows from its declaration: parameters can be wrong (400), a body can be too
large (413) or not JSON (415), a caller unknown (401) or not allowed (403), a store away (503).
Refusals of its own a route names in ``opt={"refusals": (…)}``; each appears with its words.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, ParameterKwarg, PathParameter, QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import Empty
from msgspec import Meta, Struct

from auth_bridges.refusals import (
    EndingsUnheard,
    GrantNotInForce,
    NotWhileActing,
    ScopeMissing,
    SignInRequired,
    StepUpRequired,
)
from bff.platform.problems import MEDIA_TYPE, camel, framework_problem, refusal_problem, sent_name
from miniapp_schemas import base
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.problems import FieldError, Problem
from miniapp_schemas.refusals import Refusal

__all__ = [
    "Operation",
    "Parameter",
    "codes_of",
    "components_of",
    "openapi_document",
    "operations_of",
    "parameter_schema",
    "schema_of",
]

Schema = dict[str, Any]

_TRACE: Final = "9f1c0a7be2d4-0000002a"
_REF: Final = "#/components/schemas/"
_GENERIC: Final = re.compile(r"Page_(\w+)_")
_SECURITY: Final[Mapping[str, Schema]] = {
    "resident": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "A resident's access token, `aud` = `suishen:resident`.",
    },
    "verifier": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "A clerk's access token, `aud` = `suishen:verifier`.",
    },
    "issuer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "A department's access token, `aud` = `suishen:issuer`.",
    },
}
_TAGS: Final[Mapping[str, str]] = {
    "session": "Signing in, and out.",
    "account": "A resident's own account: ways in, level, phone, leaving.",
    "acting": "Acting for others (代办): who may, for whom, and in whose name one calls.",
    "home": "The first screen.",
    "wallet": "A resident's certificates (电子证照), showing them (亮证), who used them (用证记录).",
    "verifier": "Checking shown codes (核验).",
    "trust": "Keys and status lists, to check without us.",
    "issuer": "Departments issue, suspend, resume and revoke.",
    "health-manual": "Evidence entered by hand (人工录入), by two people of two organisations.",
    "health-appeals": "Reviewing appeals against what a colour rests on (申诉复核).",
    "push": "Reminders and notices (提醒、通知): what a resident allows, and where.",
    "push-templates": "What notices say (提醒模板), written by operators.",
    "statistics": "What everybody may know.",
    "health-code": "The health code (健康码): its colour and why, shown and checked (亮码、验码).",
    "health-rules": "Rule sets of the health code (赋码规则): one proposes, another publishes.",
    "health-venues": "Venue codes (场所码): put up, checked in with, purged; and who may ask who was there.",
    "push-console": "Running the reminders (提醒运维): lanes, providers, dead letters, campaigns (群发).",
    "timeline": "What is due to a resident and those they act for (待办提醒), and why.",
    "notices": "What a resident was told (通知), how they want to be, and what they agreed to.",
    "ops": "For the machines that run us.",
}
_ABOUT: Final = """\
JSON in camelCase. Within `/v1` fields and values are only ever added: ignore what you do not know.
Schemas are closed (`additionalProperties: false`): this document says exactly what this release sends and
takes. Query parameters that it does not name are ignored; one given twice is refused.

Every refusal is `application/problem+json` (RFC 9457) with a stable `code`, words in Chinese and English,
and a `traceId`, which every answer also carries as `X-Request-Id`.

A client that cannot read the body of an error (`my.request` in Alipay) sends `X-Envelope: 1`: a refusal
then comes under 200 as `{"$problem": …}`, its status in `X-Problem-Status`.
"""


class Operation(Struct, frozen=True, kw_only=True):
    """One method on one path, as a handler declares it."""

    id: str
    method: str
    path: str
    tags: Sequence[str]
    summary: str
    description: str
    audience: str
    assurance: str | None
    scope: str | None
    acting: bool
    parameters: Sequence["Parameter"]
    body: Any
    status: int
    media_type: str
    answer: Any
    also: Mapping[int, tuple[Any, str]]
    """Answers under other statuses: their type, and when they come."""
    refusals: Sequence[type[Refusal]]

    @property
    def weighty(self) -> bool:
        """Whether it waits while nobody can tell which sessions ended (``guards.Access``)."""
        level = None if self.assurance is None else AssuranceLevel(self.assurance)
        real_name = level is not None and level.satisfies(AssuranceLevel.L2)
        return self.audience in _SECURITY and (self.method not in ("GET", "HEAD") or real_name)


class Parameter(Struct, frozen=True, kw_only=True):
    """One parameter of an operation, with its rules."""

    name: str
    place: str
    type: Any
    required: bool
    default: Any
    description: str


def openapi_document(app: Litestar, *, version: str, examples: Sequence[Struct] = ()) -> Schema:
    """The document of every route of ``app`` that is in the schema."""
    operations = operations_of(app)
    shown = {type(example): example for example in examples}
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, shown)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "随身 Suishen",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": dict(_SECURITY),
            "headers": {
                "RequestId": {"description": "The `traceId` of this request.", "schema": {"type": "string"}},
                "RetryAfter": {
                    "description": "Seconds to wait before trying again.",
                    "schema": {"type": "integer", "minimum": 1},
                },
                "ETag": {
                    "description": "Send as `If-None-Match` to be told 304 while nothing changed.",
                    "schema": {"type": "string"},
                },
            },
            "schemas": components_of(operations),
        },
    }


# --- reading the routes ------------------------------------------------------------------------------


def operations_of(app: Litestar) -> list[Operation]:
    """Every operation in the schema, by path and method."""
    found = [
        _read(handler, method, route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.resolve_include_in_schema()
        for method in sorted(handler.http_methods)
    ]
    return sorted(found, key=lambda operation: (operation.path, operation.method))


def _read(handler: HTTPRouteHandler, method: str, path: str) -> Operation:
    data = handler.parsed_data_field
    answer = handler.parsed_return_field.annotation
    if get_origin(answer) is Response:
        (answer,) = get_args(answer)
    opt = handler.opt
    assurance = opt.get("assurance")
    return Operation(
        id=str(handler.operation_id or handler.handler_name),
        method=str(method),
        path=re.sub(r"{(\w+)}", lambda found: f"{{{camel(found[1])}}}", path),
        tags=handler.resolve_tags(),
        summary=handler.summary or "",
        description=inspect.cleandoc(handler.fn.__doc__ or ""),
        audience=opt.get("audience", "public"),
        assurance=None if assurance is None else str(assurance),
        scope=opt.get("scope"),
        acting=opt.get("acting") is True,
        parameters=list(_parameters(handler)),
        body=None if data is None else data.annotation,
        status=handler.status_code,
        media_type=str(getattr(handler.media_type, "value", handler.media_type) or "application/json"),
        answer=None if answer in (None, type(None)) else answer,
        also={
            status: (spec.data_container, spec.description)
            for status, spec in (handler.responses or {}).items()
        },
        refusals=opt.get("refusals", ()),
    )


def _parameters(handler: HTTPRouteHandler) -> Iterator[Parameter]:
    for name, field in handler.parsed_fn_signature.parameters.items():
        rules = field.kwarg_definition
        if not isinstance(rules, PathParameter | QueryParameter | HeaderParameter):
            continue
        yield Parameter(
            name=sent_name(name, rules),
            place=rules.param_type.value,
            type=Annotated[_without_none(field.annotation), _meta(rules)],
            required=field.default is Empty and not field.is_optional,
            default=None if field.default is Empty else field.default,
            description=rules.description or "",
        )


def _without_none(annotation: object) -> object:
    """A path, a query, a header cannot hold null: an optional parameter is one that may be left out."""
    members = [member for member in get_args(annotation) if member is not type(None)]
    return members[0] if len(members) == 1 else annotation


def _meta(rules: ParameterKwarg) -> Meta:
    names = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")
    return Meta(**{name: value for name in names if (value := getattr(rules, name)) is not None})


# --- writing operations ------------------------------------------------------------------------------


def _operation(operation: Operation, examples: Mapping[type, Struct]) -> Schema:
    written: Schema = {
        "operationId": operation.id,
        "tags": list(operation.tags),
        "summary": operation.summary,
        "description": operation.description,
    }
    if operation.audience in _SECURITY:
        written["security"] = [{operation.audience: [] if operation.scope is None else [operation.scope]}]
    if operation.assurance is not None:
        written["x-assurance"] = operation.assurance
    if operation.parameters:
        written["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        written["requestBody"] = {
            "required": True,
            "content": {"application/json": _content(operation.body, examples)},
        }
    written["responses"] = dict(sorted(_responses(operation, examples).items()))
    return written


def _parameter(parameter: Parameter) -> Schema:
    schema = parameter_schema(parameter)
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    }


def parameter_schema(parameter: Parameter) -> Schema:
    """What a parameter's value must look like."""
    return _renamed(msgspec.json.schema(parameter.type))


def _responses(operation: Operation, examples: Mapping[type, Struct]) -> dict[str, Schema]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    success: Schema = {"description": HTTPStatus(operation.status).phrase, "headers": headers}
    if operation.answer is bytes:
        success["content"] = {operation.media_type: {}}
    elif operation.answer is not None:
        success["content"] = {operation.media_type: _content(operation.answer, examples)}
    responses = {str(operation.status): success}
    if any(parameter.name == "If-None-Match" for parameter in operation.parameters):
        etag = {"ETag": {"$ref": "#/components/headers/ETag"}}
        success["headers"] = headers | etag
        responses["304"] = {"description": "Unchanged since the given `ETag`.", "headers": headers | etag}
    for status, (kind, description) in operation.also.items():
        responses[str(status)] = {
            "description": description,
            "headers": headers,
            "content": {"application/json": _content(kind, examples)},
        }
    for problem in _problems(operation):
        response = responses.setdefault(str(problem.status), _refusal_response(problem.status, headers))
        response["content"][MEDIA_TYPE]["examples"][problem.code] = {"value": msgspec.to_builtins(problem)}
    return responses


def _problems(operation: Operation) -> Iterator[Problem]:
    """Everything the operation may refuse with, in words."""
    if operation.parameters or operation.body is not None:
        yield framework_problem(400, trace=_TRACE, errors=[_example_error(operation)])
    if operation.body is not None:
        yield framework_problem(413, trace=_TRACE)
        yield framework_problem(415, trace=_TRACE)
    if operation.audience in _SECURITY:
        yield refusal_problem(SignInRequired(), trace=_TRACE)
        if operation.assurance not in (None, "L0"):
            yield refusal_problem(StepUpRequired(needed=operation.assurance), trace=_TRACE)
        if operation.scope is not None:
            yield refusal_problem(ScopeMissing(scope=operation.scope), trace=_TRACE)
        if operation.audience == "resident":
            yield refusal_problem(GrantNotInForce() if operation.acting else NotWhileActing(), trace=_TRACE)
        if operation.weighty or operation.acting:
            yield refusal_problem(EndingsUnheard(retry_after=1), trace=_TRACE)
    for refusal in operation.refusals:
        yield refusal_problem(refusal(**_placeholders(refusal)), trace=_TRACE)
    if operation.audience in _SECURITY or operation.body is not None or operation.parameters:
        yield framework_problem(503, trace=_TRACE)


def codes_of(operation: Operation) -> list[str]:
    """The codes of everything the operation may refuse with."""
    return sorted({problem.code for problem in _problems(operation)})


def _example_error(operation: Operation) -> FieldError:
    if operation.parameters:
        parameter = operation.parameters[0]
        return FieldError(source=parameter.place, key=parameter.name, message="Required")
    return FieldError(source="body", key="", message="Not JSON")


def _placeholders(refusal: type[Refusal]) -> dict[str, object]:
    names = re.findall(r"{(\w+)}", refusal.detail_zh + refusal.detail_en)
    return {name: 30 if name == "retry_after" else "…" for name in names}


def _refusal_response(status: int, headers: Schema) -> Schema:
    if status in (429, 503):
        headers = headers | {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}, "examples": {}}},
    }


def _content(kind: object, examples: Mapping[type, Struct]) -> Schema:
    content: Schema = {"schema": schema_of(kind)}
    if isinstance(kind, type) and kind in examples:
        content["example"] = msgspec.to_builtins(examples[kind])
    return content


def schema_of(kind: object) -> Schema:
    """A reference to the component of ``kind``, or its schema if it is none."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=f"{_REF}{{name}}")
    return _renamed(schema)


# --- components --------------------------------------------------------------------------------------


def components_of(operations: Iterable[Operation]) -> dict[str, Schema]:
    """The schemas of every struct the operations speak of, by name."""
    kinds = [Problem]
    for operation in operations:
        spoken = (operation.body, operation.answer, *(kind for kind, _ in operation.also.values()))
        kinds += [kind for kind in spoken if kind not in (None, bytes)]
    _, components = msgspec.json.schema_components(kinds, ref_template=f"{_REF}{{name}}")
    sparse = {
        struct.__name__ for struct in _descendants(base.Response) if struct.__struct_config__.omit_defaults
    }
    written: dict[str, Schema] = {}
    for key, component in components.items():
        name = _GENERIC.sub(r"\1Page", key)
        schema: Schema = {**_renamed(component), "title": name}
        if "enum" in schema:
            schema["type"] = "string"
        else:
            if "additionalProperties" not in schema and name not in sparse:
                # An answer is sent whole, defaults and all; only a request may leave them out.
                schema["required"] = list(schema["properties"])
            # The document is of this release; that clients must bear later ones it says in words (ADR 0021).
            schema["additionalProperties"] = False
            for each in schema["properties"].values():
                # The tag of a member of a union: msgspec writes it and lets nobody describe it.
                if len(each.get("enum", ())) == 1:
                    each.setdefault("description", "Which of the kinds this is.")
        written[name] = schema
    return dict(sorted(written.items()))


def _descendants(struct: type[Struct]) -> Iterator[type[Struct]]:
    for child in struct.__subclasses__():
        yield child
        yield from _descendants(child)


def _renamed(schema: Schema) -> Schema:
    """``schema`` as those outside write it: the names of generic structs (``Page_Credential_``), patterns."""
    return {key: _renamed_value(key, value) for key, value in schema.items()}


def _renamed_value(key: str, value: object) -> object:
    match value:
        case str() if key == "$ref":
            return _GENERIC.sub(r"\1Page", value)
        case str() if key == "pattern":
            # The end of a text: ``\Z`` in Python, where ``$`` lets a last newline through; ``$`` in ECMA 262.
            return value.replace(r"\Z", "$")
        case dict():
            return _renamed(value)
        case list():
            return [_renamed_value(key, item) for item in value]
        case str():
            return value.replace("``", "`")
        case _:
            return value
