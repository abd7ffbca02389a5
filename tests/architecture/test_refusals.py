"""A refusal that a route declares is one that somebody makes."""

import ast
from typing import Final

from bff.platform.openapi import Operation, operations_of
from bff.processes.web import contract_app
from miniapp_schemas.refusals import Refusal
from tests.architecture import tree

OPERATIONS: Final[list[Operation]] = list(operations_of(contract_app()))


def made() -> set[str]:
    """The names of classes that are raised bare, called, or looked up in a table, anywhere in the product."""
    names = set()
    for module in tree.modules():
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            match node:
                case ast.Raise(exc=ast.Name(id=name) | ast.Attribute(attr=name)):
                    names.add(name)
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    names.add(name)
                case ast.Dict(values=values):
                    names |= {value.id for value in values if isinstance(value, ast.Name)}
    return names


def declared() -> dict[str, type[Refusal]]:
    return {
        f"{operation.id}: {refusal.__name__}": refusal
        for operation in OPERATIONS
        for refusal in operation.refusals
    }


def test_every_declared_refusal_is_made_somewhere() -> None:
    known = made()
    assert [where for where, refusal in declared().items() if refusal.__name__ not in known] == []


def test_there_are_refusals_to_look_for() -> None:
    assert len(declared()) > 30
    assert "Refusal" not in made()
