"""The rule packs shipped: what was law in China, dated, each with the order it follows."""

from functools import cache
from importlib.resources import files

from health_code.rules.documents import RuleSetDocument, read_rule_set


@cache
def shipped_rule_sets() -> tuple[RuleSetDocument, ...]:
    """Every pack, by the date it came into force."""
    folder = files(__package__)
    found = [read_rule_set(file.read_bytes()) for file in folder.iterdir() if file.name.endswith(".json")]
    return tuple(sorted(found, key=lambda document: (document.valid_from, document.identifier)))
