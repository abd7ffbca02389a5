"""What is installed is pinned by hash, comes from wherever the machine gets its packages, and is complete."""

import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final

import pytest

from tests.architecture import tree
from tests.architecture.test_layout import imports

LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
FOREIGN: Final = sorted(
    str(path.relative_to(tree.ROOT))
    for name in ("requirements.txt", "package-lock.json")
    for path in (tree.ROOT / "tests" / "foreign").glob(f"*/{name}")
)


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Each package of a lock, in each of its variants: version (and marker), number of hashes."""
    found: dict[str, tuple[str, int]] = {}
    text = (tree.ROOT / lock).read_text("utf-8")
    for entry in re.split(r"\n(?=[a-z0-9])", text):
        head = re.match(r"([a-z0-9][a-z0-9.-]*)==([^\s\\]+)((?: ;[^\\]*)?)", entry)
        assert head, f"not a pinned package: {entry[:60]}"
        found[head[1]] = (head[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)))
    return found


def wanted(*, dev: bool) -> set[str]:
    """The names that pyproject.toml asks for."""
    project: dict[str, Any] = tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))
    asked = list(project["project"]["dependencies"])
    if dev:
        asked += project["dependency-groups"]["dev"]
        for extra in project["project"]["optional-dependencies"].values():
            asked += extra
    names = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in asked]
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    assert [package for package, (_, hashes) in pins(lock).items() if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_in_the_lock(lock: str) -> None:
    assert wanted(dev=lock == "requirements-dev.lock") - pins(lock).keys() == set()


def test_what_runs_in_the_city_is_what_was_tested() -> None:
    tested = pins("requirements-dev.lock")

    assert {name: pin[0] for name, pin in pins("requirements.lock").items()} == {
        name: tested[name][0] for name in pins("requirements.lock")
    }


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json", *FOREIGN])
def test_a_lock_names_no_host(lock: str) -> None:
    text = (tree.ROOT / lock).read_text("utf-8")

    assert re.findall(r'(?:--(?:extra-)?index-url|--find-links|@ (?:https?|file):|"resolved":).*', text) == []


def test_every_page_part_is_pinned_by_hash() -> None:
    locked = json.loads((tree.ROOT / "package-lock.json").read_text("utf-8"))

    parts = {name: part for name, part in locked["packages"].items() if name}
    assert parts
    assert [name for name, part in parts.items() if not part.get("integrity")] == []


def imported(modules: list[Path]) -> set[str]:
    """The distributions that ``modules`` import from, whether at the top or when they need them."""
    known = packages_distributions()
    roots = {name.split(".")[0] for module in modules for _, name in imports(module)}
    foreign = roots - set(sys.stdlib_module_names) - {*tree.PACKAGES, "tests", "docs", "docker"}
    return {re.sub(r"[-_.]+", "-", known[root][0]).lower() for root in foreign}


def product() -> list[Path]:
    """What a city installs."""
    return [module for module in tree.modules() if not tree.name(module).startswith("bff/sandbox/")]


def test_the_product_asks_for_every_package_it_imports() -> None:
    assert imported(product()) - wanted(dev=False) == set()


def test_the_product_asks_for_no_package_that_it_does_not_import() -> None:
    # `zoneinfo` reads tzdata where the system has none; uvicorn leaves httptools to whoever wants it.
    assert wanted(dev=False) - imported(product()) - {"tzdata", "httptools"} == set()


def test_tests_and_tools_ask_for_every_package_they_import() -> None:
    # A judge under `tests/foreign/<name>/` runs in an environment of its own, by a lock of its own.
    everything = [
        path for path in tree.files() if path.suffix == ".py" and not path.match("tests/foreign/*/*.py")
    ]

    assert imported(everything) - wanted(dev=True) == set()
