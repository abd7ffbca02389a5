"""A venue code cannot make a colour: an import contract keeps it from evidence, this keeps the contract."""

import ast
import tomllib
from typing import Any, Final

from tests.architecture import tree

CONTRACT: Final[dict[str, Any]] = next(
    contract
    for contract in tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    if contract["id"] == "venues-colour-nobody"
)


def test_every_module_that_handles_a_check_in_is_kept_from_evidence() -> None:
    handling = {
        tree.name(path).removesuffix(".py").replace("/", ".")
        for path in tree.modules("health_code")
        if any(word in path.read_text("utf-8") for word in ("CheckedIn", "VenueCodes", "VenueStore"))
    }

    assert handling
    assert handling <= set(CONTRACT["source_modules"])


def test_of_colours_venue_codes_are_handed_one_reading() -> None:
    """What is wired into them: a snapshot is read, and no store of evidence, states or snapshots is given."""
    wiring = ast.parse((tree.ROOT / "bff/platform/health.py").read_text("utf-8"))
    call = next(
        node
        for node in ast.walk(wiring)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "VenueParts"
    )
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}

    assert given.pop("snapshot") == "snapshots.get"
    assert not {name for name in given.values() if name.startswith(("self.", "snapshots", "sources"))}
