"""The contract: valid, complete, and the same as what is committed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from litestar import Litestar, get
from litestar.handlers.http_handlers import HTTPRouteHandler
from openapi_spec_validator import OpenAPIV31SpecValidator

from bff.platform.contract import COMMITTED, Contract, contract_of
from bff.platform.guards import routes_of
from bff.platform.openapi import openapi_document, operations_of
from bff.processes.web import contract_app
from miniapp_schemas.base import Request, Response

TSC = Path(__file__).parents[2] / "node_modules" / ".bin" / "tsc"


@pytest.fixture(scope="module")
def app() -> Litestar:
    return contract_app()


@pytest.fixture(scope="module")
def contract(app: Litestar) -> Contract:
    return contract_of(app)


@pytest.fixture(scope="module")
def document(contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(contract.openapi)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            yield status, media, content


@pytest.mark.parametrize("name", ["openapi.json", "schema.json", "contract.d.ts"])
def test_the_committed_copy_is_what_the_routes_make(contract: Contract, name: str) -> None:
    assert (COMMITTED / name).read_bytes() == contract.files[name], "run `make schemas`"


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_the_definitions_are_json_schema(contract: Contract) -> None:
    schema = msgspec.json.decode(contract.json_schema)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert b"#/components/" not in contract.json_schema


def test_operations_have_names_of_their_own_and_say_what_they_do(document: dict[str, Any]) -> None:
    named = [operation["operationId"] for _, operation in operations(document)]

    assert len(named) == len(set(named))
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name


def test_every_tag_is_described(document: dict[str, Any]) -> None:
    used = {tag for _, operation in operations(document) for tag in operation["tags"]}

    assert used <= {tag["name"] for tag in document["tags"]}


def test_who_is_not_public_asks_for_a_token_and_refuses_without_one(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert ("security" in operation) <= ("401" in operation["responses"]), name


def test_every_refusal_is_problem_json_with_examples_that_hold(document: dict[str, Any]) -> None:
    problem = jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    )
    for name, operation in operations(document):
        for status, media, content in bodies(operation):
            if int(status) >= 400 and (name, status) != ("GET /readyz", "503"):
                assert media == "application/problem+json", (name, status)
                for code, example in content["examples"].items():
                    problem.validate(example["value"])
                    assert example["value"]["code"] == code
                    assert example["value"]["status"] == int(status)


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    contents = [
        content
        for _, operation in operations(document)
        for content in (
            *operation.get("requestBody", {}).get("content", {}).values(),
            *(content for _, _, content in bodies(operation)),
        )
        if "example" in content
    ]

    assert len(contents) > 10
    for content in contents:
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(content["example"])


def test_what_a_body_can_get_wrong_is_said(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= operation["responses"].keys(), name


def test_what_we_are_sent_forbids_what_we_do_not_know(app: Litestar, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    asked = {operation.body for operation in operations_of(app) if operation.body is not None}
    assert all(issubclass(struct, Request) for struct in asked)
    for struct in asked:
        assert schemas[struct.__name__]["additionalProperties"] is False


def test_what_we_send_is_whole(app: Litestar, document: dict[str, Any]) -> None:
    answers = {operation.answer.__name__ for operation in operations_of(app) if _is_answer(operation.answer)}
    assert len(answers) > 30
    for name in answers:
        schema = document["components"]["schemas"][name]
        assert set(schema["required"]) == set(schema["properties"]), name


def _is_answer(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Response) and not kind.__struct_config__.omit_defaults


def schemas_in(node: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below ``node`` with its place; examples are none, whatever they look like."""
    if isinstance(node, dict):
        yield path, node
        for key, each in node.items():
            if key not in {"example", "examples"}:
                yield from schemas_in(each, f"{path}/{key}")
    elif isinstance(node, list):
        for number, each in enumerate(node):
            yield from schemas_in(each, f"{path}/{number}")


MAPS = {
    "/components/schemas/Home/properties/blocks",
    "/components/schemas/IssueCredential/properties/claims",
    # The facts of a piece of evidence, whatever its kind.
    "/components/schemas/AppealCase/properties/correction/anyOf/0",
    "/components/schemas/Disputed/properties/facts",
    # By the names a provider gives the fields of its templates, and by the places of a text.
    "/components/schemas/PreviewTemplate/properties/values",
    "/components/schemas/TemplateBinding/properties/choices",
    "/components/schemas/TemplateBinding/properties/fields",
    "/components/schemas/TemplatePreview/properties/alipay",
    "/components/schemas/TemplatePreview/properties/wechat",
}
# A format of its own, with a linter and a page of its own (docs/health-rules.md).
DOCUMENTS = {
    "/components/schemas/ProposeRuleSet/properties/document",
    "/components/schemas/RuleSetText/properties/document",
}


def test_every_object_is_closed_or_a_map_that_says_what_is_in_it(document: dict[str, Any]) -> None:
    objects = [(path, each) for path, each in schemas_in(document, "") if each.get("type") == "object"]

    assert len(objects) > 80
    still_open = {path: each for path, each in objects if each.get("additionalProperties") is not False}
    assert still_open.keys() == MAPS | DOCUMENTS
    for path in MAPS:
        each = still_open[path]
        assert each["additionalProperties"].keys() & {"$ref", "type", "anyOf"}, path
    for path, each in objects:
        # Closed, it must name its tag and whatever else it requires.
        assert set(each.get("required", ())) <= each.get("properties", {}).keys(), path


def test_nothing_else_is_left_open_but_what_a_block_holds(document: dict[str, Any]) -> None:
    said = {"$ref", "type", "anyOf", "oneOf", "enum", "const"}
    loose = [
        f"{name}.{key}"
        for name, schema in document["components"]["schemas"].items()
        for key, each in schema.get("properties", {}).items()
        if not each.keys() & said
    ]

    assert loose == ["Block.data"]


class Taken(Response, frozen=True, kw_only=True, tag="taken", tag_field="state"):
    """Somebody has it."""

    by: str


class Free(Response, frozen=True, kw_only=True, tag="free", tag_field="state"):
    """Nobody has it."""


def test_members_of_a_union_are_closed_and_name_their_tag() -> None:
    @get("/seat", opt={"audience": "public", "assurance": None, "scope": None})
    async def seat() -> Taken | Free:
        """Whether it is taken."""
        return Free()

    document = openapi_document(Litestar([seat], openapi_config=None), version="1")
    schema = document["paths"]["/seat"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    judge = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
    judge.validate(msgspec.to_builtins(Taken(by="lin")))
    judge.validate(msgspec.to_builtins(Free()))
    for wrong in ({"state": "free", "by": "lin"}, {"by": "lin"}, {"state": "taken", "by": "lin", "more": 1}):
        assert not judge.is_valid(wrong), wrong


def test_every_type_and_every_parameter_is_described(document: dict[str, Any]) -> None:
    assert [
        name for name, each in document["components"]["schemas"].items() if not each.get("description")
    ] == []
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (name, parameter["name"])


def test_every_property_is_described(document: dict[str, Any]) -> None:
    assert [
        f"{name}.{key}"
        for name, schema in document["components"]["schemas"].items()
        for key, each in schema.get("properties", {}).items()
        if not each.get("description")
    ] == []


def test_no_parameter_loses_the_rules_of_its_type(app: Litestar) -> None:
    """Litestar drops ``msgspec.Meta`` from parameters; ``bff.routes.parameters`` hands it on."""
    lost = [
        f"{name}: {parameter}"
        for name, handler in routes_of(app)
        if isinstance(handler, HTTPRouteHandler)
        for parameter, field in handler.parsed_fn_signature.parameters.items()
        if parameter != "data" and any(isinstance(each, msgspec.Meta) for each in field.metadata)
    ]

    assert lost == []


def test_names_on_the_wire_are_camel_case(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        assert [name for name in schema.get("properties", {}) if "_" in name] == []
    for path in document["paths"]:
        assert "_" not in path


CLIENT = """
import type { Operations, Problem, RefusalCode, Verdict } from "./contract";

declare function call<K extends keyof Operations>(
  id: K, request: Pick<Operations[K], "parameters" | "query" | "header" | "body">,
): Promise<Operations[K]["answer"] | Problem>;

export async function show(credentialId: string): Promise<string> {
  const answer = await call("ShowCredential", {
    parameters: {}, query: {}, header: {}, body: { credentialId, scene: "general" },
  });
  return "title" in answer ? answer.code : answer.expiresAt;
}

export const said: Record<string, Verdict | RefusalCode> = { a: "OK_ONLINE", b: "CREDENTIAL_UNKNOWN" };
"""
MISTAKES = {
    "misspelt": 'const body: Operations["ShowCredential"]["body"] = { credentialID: "x" };',
    "made up": 'const verdict: Verdict = "PERHAPS";',
    "of another": 'const code: Operations["ShowCredential"]["codes"] = "SESSION_ENDED";',
    "left out": 'const header: Operations["IssueCredential"]["header"] = {};',
    "half": 'const session: Session = { accessToken: "x" };',
}


@pytest.fixture(scope="module")
def complaints(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the compiler says of a client that is right and of five that are wrong."""
    if not TSC.exists() or shutil.which("node") is None:
        pytest.skip("no TypeScript: `npm ci --ignore-scripts`")
    folder = tmp_path_factory.mktemp("types")
    contract.write(folder)
    (folder / "client.ts").write_text(CLIENT)
    for name, mistake in MISTAKES.items():
        (folder / f"{name}.ts").write_text(
            f'import type {{ Operations, Session, Verdict }} from "./contract";\nexport {mistake}\n'
        )
    done = subprocess.run(
        [
            *(str(TSC), "--strict", "--noEmit", "--noUncheckedIndexedAccess", "--target", "es2022"),
            *("--typeRoots", str(folder), "contract.d.ts", "client.ts"),
            *(f"{name}.ts" for name in MISTAKES),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


class TestTypeScript:
    def test_it_compiles_and_a_client_can_be_written_on_it(self, complaints: str) -> None:
        blamed = set(re.findall(r"^([^(\n]+\.ts)\(", complaints, re.MULTILINE))

        assert blamed == {f"{name}.ts" for name in MISTAKES}

    @pytest.mark.parametrize("name", MISTAKES)
    def test_what_is_wrong_does_not_compile(self, complaints: str, name: str) -> None:
        assert re.search(rf"^{name}\.ts\(2,\d+\): error", complaints, re.MULTILINE)
