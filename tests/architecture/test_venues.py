"""A venue code cannot make a colour: nothing it is made of leads to where colours come from."""

import ast
from typing import Final

import grimp
import pytest

from tests.architecture import tree

VENUES: Final = (
    "health_code.venues",
    "health_code.checkin_log",
    "health_code.tracing",
    "health_code.venue_models",
    "health_code.codec.checkin_seal",
    "health_code.codec.subject_ref",
    "health_code.codec.venue_code",
    "health_code.rules.exposure",
    "health_code.rules.venues",
    "health_code.store.checkins",
    "health_code.store.exposures",
    "health_code.store.venues",
    "bff.platform.health_venues",
)
COLOURS: Final = (
    "health_code.recolouring",
    "health_code.reporting",
    "health_code.service",
    "health_code.store.evidence",
    "health_code.store.snapshots",
    "health_code.store.states",
    "bff.platform.health",
)


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*tree.PACKAGES, cache_dir=None)


@pytest.mark.parametrize("module", VENUES)
def test_no_module_of_venue_codes_leads_to_evidence_or_a_colour(
    imports: grimp.ImportGraph, module: str
) -> None:
    assert module in imports.modules
    chains = {colour: imports.find_shortest_chain(module, colour) for colour in COLOURS}

    assert {colour: chain for colour, chain in chains.items() if chain is not None} == {}


def test_a_module_that_leads_there_would_be_found(imports: grimp.ImportGraph) -> None:
    assert imports.find_shortest_chain("health_code.reporting", "health_code.store.evidence") is not None


def test_every_module_that_names_a_check_in_is_watched() -> None:
    named = {
        tree.name(path).removesuffix(".py").replace("/", ".")
        for path in tree.modules("health_code")
        if "CheckedIn" in path.read_text("utf-8") or "VenueStore" in path.read_text("utf-8")
    }

    assert named <= set(VENUES)


def test_of_colours_venue_codes_are_handed_one_reading() -> None:
    """What is wired into them: a snapshot is read, and no store of evidence, states or snapshots is given."""
    wiring = (tree.ROOT / "bff/platform/health.py").read_text("utf-8")
    call = next(
        node
        for node in ast.walk(ast.parse(wiring))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "VenueParts"
    )
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}

    assert given.pop("snapshot") == "snapshots.get"
    assert not {name for name in given.values() if name.startswith(("self.", "snapshots", "sources"))}
