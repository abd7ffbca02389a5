"""Where things are, and what no file says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import tree

FOLDERS: Final = {
    *(".ci", "auth_bridges", "bff", "docker", "docs", "health_code", "miniapp_schemas", "push", "tests"),
    "wallet",
}
FILES: Final = {
    *(".dockerignore", ".gitignore", ".npmrc", "Makefile", "pyproject.toml"),
    *("package-lock.json", "package.json", "requirements-dev.lock", "requirements.lock", "tsconfig.json"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
}
TESTS: Final = {
    *("architecture", "bench", "browser", "contracts", "docs", "faults", "foreign", "http", "rules"),
    *("services", "stores", "vectors"),
}
DOMAINS: Final = ("wallet", "health_code", "auth_bridges")

# The database driver is named here and nowhere else, so that the next one is a day's work: in stores, the
# platform's own two among them, and in the sandbox, which starts the server.
DRIVER: Final = {"motor", "pymongo", "bson", "gridfs"}
DRIVER_HOMES: Final = (
    *("*/store.py", "*/store/*.py"),
    *("bff/platform/mongo.py", "bff/platform/audit.py", "bff/platform/checkpoints.py"),
    "bff/platform/idempotency.py",
    "bff/sandbox/*",
    "bff/sandbox/bench/*",  # what we are measured against has its own
)


def test_the_top_level_is_what_the_readme_says() -> None:
    top = {Path(tree.name(path)).parts[0] for path in tree.files()}

    assert top - FOLDERS - FILES == set()


def test_every_test_has_its_kind() -> None:
    kinds = {Path(tree.name(path)).parts[1] for path in tree.files() if tree.name(path).startswith("tests/")}

    assert {kind for kind in kinds - TESTS if not kind.endswith(".py")} == set()


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_domain_has_the_same_rooms(domain: str) -> None:
    rooms = {path.relative_to(tree.ROOT / domain).parts[0] for path in tree.modules(domain)}

    assert {"models.py", "settings.py", "ports.py", "service.py", "rules"} <= rooms
    assert rooms & {"store.py", "store"}
    assert rooms & {"refusals.py", "refusals"}


def imports(module: Path) -> Iterator[tuple[int, str]]:
    """Each import of ``module``, by line, wherever it stands."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def test_the_driver_is_named_only_where_it_is_wrapped() -> None:
    outside = [module for module in tree.modules() if not any(module.match(home) for home in DRIVER_HOMES)]

    assert [
        f"{tree.name(module)}:{line} imports {imported}"
        for module in outside
        for line, imported in imports(module)
        if imported.split(".")[0] in DRIVER
    ] == []


def questions(module: Path) -> Iterator[tuple[int, str]]:
    """Everything ``module`` decides by: the conditions of its branches."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            yield node.lineno, ast.unparse(node.test)
        elif isinstance(node, (ast.BoolOp, ast.Compare)):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.match_case):
            yield node.pattern.lineno, ast.unparse(node.pattern)


def test_the_product_does_not_ask_whether_it_is_being_tested() -> None:
    """Simulators sit at the other end of a wire. Only the settings know that they exist, to refuse them."""
    asks = re.compile(r"sandbox|simulat|testing|is_test|pytest", re.IGNORECASE)
    product = [
        module
        for module in tree.modules()
        if not tree.name(module).startswith(("bff/sandbox/", "bff/platform/settings.py"))
    ]

    assert [
        f"{tree.name(module)}:{line}: {question}"
        for module in product
        for line, question in questions(module)
        if asks.search(question)
    ] == []


UNSAID: Final = {
    "where a machine gets its packages": r"\bregistry[.]npm[j]s|\bpythonhoste[d][.]org|\bpypi[.]org/simple",
    "a page part on somebody else's host": r"\bjsdelivr[.]net|\bunpkg[.]com|\bcdnjs[.]|\bredoc[.]ly",
    "work left undone": r"\b(?:TODO|FIXME|HACK)\b",
    "a folder of one machine": r"(?<![\w.~$])/(?:root|work|home/[a-z]+|Users/[a-z]+)/",
}


@pytest.mark.parametrize("pattern", UNSAID.values(), ids=UNSAID)
def test_no_file_says(pattern: str) -> None:
    said = re.compile(pattern)
    here = Path(__file__).resolve()

    assert [
        f"{tree.name(path)}:{number}: {line.strip()[:80]}"
        for path in tree.files()
        if path != here and not tree.name(path).startswith("tests/vectors/")
        for number, line in enumerate((tree.text(path) or "").splitlines(), start=1)
        if said.search(line)
    ] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    links = [
        (document, target)
        for document in tree.files()
        if document.suffix == ".md"
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document.read_text("utf-8"))
    ]

    assert [
        f"{tree.name(document)} → {target}"
        for document, target in links
        if not (document.parent / target).exists()
    ] == []
