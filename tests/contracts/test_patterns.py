"""What a pattern allows ends where it says: no newline slips in behind it."""

import re
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, inspect

from auth_bridges.registrar import Registration
from bff.platform.contract import COMMITTED
from bff.platform.openapi import operations_of
from bff.processes.web import contract_app


def patterns_in(kind: object, seen: set[type]) -> Iterator[str]:
    """Every pattern a value of ``kind`` must match somewhere."""
    match kind:
        case inspect.StrType(pattern=str(pattern)):
            yield pattern
        case inspect.StructType(cls=struct) if struct in seen:
            return
        case inspect.StructType(cls=struct):
            seen.add(struct)
            for field in kind.fields:
                yield from patterns_in(field.type, seen)
        case msgspec.Struct():
            for name in kind.__struct_fields__:
                yield from patterns_in(getattr(kind, name), seen)
        case tuple():
            for each in kind:
                yield from patterns_in(each, seen)


def _all() -> list[str]:
    kinds: list[object] = [Registration]
    for operation in operations_of(contract_app()):
        kinds += [operation.body, operation.answer, *(parameter.type for parameter in operation.parameters)]
    seen: set[type] = set()
    return sorted(
        {
            pattern
            for kind in kinds
            if kind not in (None, bytes)
            for pattern in patterns_in(inspect.type_info(kind), seen)
        }
    )


PATTERNS: Final = _all()


def test_there_are_patterns_to_look_at() -> None:
    assert len(PATTERNS) > 12


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_what_a_pattern_allows_it_refuses_with_a_newline_behind(pattern: str, data: st.DataObject) -> None:
    kind = Annotated[str, Meta(pattern=pattern)]
    allowed = data.draw(st.from_regex(pattern))
    assert msgspec.convert(allowed, kind) == allowed
    assert not allowed.endswith("\n")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(allowed + "\n", kind)


def test_the_contract_says_it_as_ecma_262_does() -> None:
    said = re.findall(rb'"pattern": "(.*)"', (COMMITTED / "openapi.json").read_bytes())
    assert len(said) > 12
    assert [pattern for pattern in said if not pattern.endswith(b"$")] == []
