"""The contract as TypeScript, for mini-programs and pages: types only, nothing that runs.

``Operations`` maps each operation to what it takes and gives, so that a client written once is checked
against every call: a wrong literal, a missing header or a forgotten refusal code does not compile.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any, Final

from bff.platform.openapi import Operation, Parameter, codes_of, parameter_schema, schema_of

__all__ = ["typescript"]

Schema = Mapping[str, Any]

_HEAD: Final = """\
// Made by `suishen schemas export`; changes belong in miniapp_schemas/*.py.
// Within /v1 fields, values and codes are only ever added: have a branch for what you do not know.

"""
_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")


def typescript(operations: Sequence[Operation], components: Mapping[str, Schema]) -> str:
    """The declarations of every component and operation."""
    codes = sorted({code for operation in operations for code in codes_of(operation)})
    parts = [
        *(_component(name, schema) for name, schema in components.items()),
        _doc("Every code a refusal may carry today.") + f"export type RefusalCode =\n{_choices(codes)};\n",
        _doc("A refusal under 200, for those who sent `X-Envelope: 1`.")
        + "export interface Envelope {\n  $problem: Problem;\n}\n",
        _doc("What each operation takes and gives.")
        + f"export interface Operations {{\n{''.join(map(_operation, operations))}}}\n",
    ]
    return _HEAD + "\n".join(parts)


def _component(name: str, schema: Schema) -> str:
    doc = _doc(schema.get("description", ""))
    if "enum" in schema:
        return f"{doc}export type {name} =\n{_choices(schema['enum'])};\n"
    return f"{doc}export interface {name} {{\n{''.join(_fields(schema))}}}\n"


def _fields(schema: Schema) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        optional = "" if name in required else "?"
        doc = _doc(field.get("description", ""))
        yield indent(f"{doc}{_key(name)}{optional}: {_type(field)};\n", "  ")


def _operation(operation: Operation) -> str:
    body = "null" if operation.body is None else _type(schema_of(operation.body))
    answer = "null"
    if operation.answer is bytes:
        answer = "ArrayBuffer"
    elif operation.answer is not None:
        answer = _type(schema_of(operation.answer))
    fields = [
        f'method: "{operation.method}";',
        f'path: "{operation.path}";',
        *(f"{place}: {_parameters(operation, place)};" for place in ("path", "query", "header")),
        f"body: {body};",
        f"status: {operation.status};",
        f"answer: {answer};",
        f"codes: {' | '.join(map(_literal, codes_of(operation))) or 'never'};",
    ]
    # `path` names the template; its parameters need a name of their own.
    fields[2] = fields[2].replace("path:", "parameters:", 1)
    lines = "".join(f"  {field}\n" for field in fields)
    return indent(f"{_doc(operation.description)}{operation.id}: {{\n{lines}}};\n", "  ")


def _parameters(operation: Operation, place: str) -> str:
    found = [parameter for parameter in operation.parameters if parameter.place == place]
    if not found:
        return "{}"
    return "{ " + " ".join(map(_parameter, found)) + " }"


def _parameter(parameter: Parameter) -> str:
    optional = "" if parameter.required else "?"
    return f"{_key(parameter.name)}{optional}: {_type(parameter_schema(parameter))};"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(each) for each in schema["anyOf"]))
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(map(_literal, schema["enum"]))
    match schema.get("type"):
        case "array":
            item = _type(schema.get("items", {}))
            return f"({item})[]" if " " in item else f"{item}[]"
        case "object":
            return f"Record<string, {_type(schema.get('additionalProperties', {}))}>"
        case str(plain):
            return _PLAIN[plain]
        case _:
            return "unknown"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _choices(values: Iterable[object]) -> str:
    return "\n".join(f"  | {_literal(value)}" for value in values)


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else f'"{name}"'


def _doc(text: str) -> str:
    if not text:
        return ""
    lines = text.replace("*/", "* /").splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    body = "\n".join(f" * {line}".rstrip() for line in lines)
    return f"/**\n{body}\n */\n"
