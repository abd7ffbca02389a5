"""The contract, to be read by machines and by people."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Controller, MediaType, Response, get
from markupsafe import Markup

from bff.pages.routes import SECURITY_HEADERS
from bff.platform.contract import Contract

_PAGE: Final = Path(__file__).parents[1] / "pages" / "reference"
_FRESH: Final = {"Cache-Control": "no-cache"}


class SchemaController(Controller):
    """``/schema``: OpenAPI, TypeScript, and a page made of them that loads nothing from anywhere else."""

    path = "/schema"
    opt = {"audience": "public", "assurance": None, "scope": None}
    include_in_schema = False

    @get("/openapi.json", sync_to_thread=False)
    def openapi(self) -> Response[bytes]:
        """The contract as OpenAPI 3.1."""
        return Response(_contract().openapi, media_type=MediaType.JSON, headers=_FRESH)

    @get("/contract.d.ts", sync_to_thread=False)
    def typescript(self) -> Response[bytes]:
        """The contract as TypeScript."""
        return Response(_contract().typescript, media_type=MediaType.TEXT, headers=_FRESH)

    @get("/reference.css", sync_to_thread=False)
    def style(self) -> Response[bytes]:
        """How the page looks."""
        return Response((_PAGE / "reference.css").read_bytes(), media_type=MediaType.CSS, headers=_FRESH)

    @get("/", sync_to_thread=True)
    def reference(self) -> Response[str]:
        """The contract as a page."""
        return Response(_page(), media_type=MediaType.HTML, headers={**SECURITY_HEADERS, **_FRESH})


@cache
def _contract() -> Contract:
    return Contract.committed()


@cache
def _page() -> str:
    return render(msgspec.json.decode(_contract().openapi))


def render(document: dict[str, Any]) -> str:
    """``document`` as HTML."""
    from jinja2 import Environment, FileSystemLoader  # noqa: PLC0415 - for one page, not for every start

    pages = Environment(loader=FileSystemLoader(_PAGE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    pages.filters["prose"] = _prose
    pages.globals |= {"described": _described, "pretty": _pretty}
    return pages.get_template("page.html").render(document=document)


def _pretty(example: object) -> str:
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()


def _prose(text: str) -> Markup:
    """Paragraphs, with what stands in backticks as code."""
    return Markup("").join(Markup("<p>{}</p>").format(_marked(each)) for each in text.split("\n\n") if each)


def _marked(text: str) -> Markup:
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in parts)


def _described(schema: dict[str, Any]) -> Markup:
    """A schema in a line: its type, a link if it has a name, and its rules."""
    if "$ref" in schema:
        return Markup('<a href="#{0}">{0}</a>').format(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return Markup(" or ").join(_described(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return Markup("list of {}").format(_described(schema.get("items", {})))
    if schema.get("type") == "object":
        return Markup("map of {}").format(_described(schema.get("additionalProperties", {})))
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(each) for each in schema["enum"])
    named = Markup("<b>{}</b>").format(schema.get("format") or schema.get("type", "anything"))
    signs = {"pattern": "", "minLength": "≥ ", "maxLength": "≤ ", "minimum": "≥ ", "maximum": "≤ "}
    rules = (f"{sign}{schema[rule]}" for rule, sign in signs.items() if rule in schema)
    return named + Markup("").join(Markup(" <code>{}</code>").format(rule) for rule in rules)
