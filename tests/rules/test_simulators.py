"""The controls of simulators: what is posted to them is read at all."""

import importlib
import pkgutil

import msgspec
from msgspec import Struct

import bff.sandbox


def test_every_struct_of_the_sandbox_can_be_read() -> None:
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.iter_modules(bff.sandbox.__path__, "bff.sandbox.")
    ]
    structs = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Struct)
    }

    unreadable = []
    for struct in structs:
        try:
            # A constraint that cannot be is found out by whoever reads first, not by whoever defines it.
            msgspec.json.Decoder(struct)
        except TypeError as error:
            unreadable.append(f"{struct.__module__}.{struct.__name__}: {error}")

    assert unreadable == []
