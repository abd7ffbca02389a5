"""A running city to hold the contract against."""

from collections.abc import Iterator
from typing import Final

import pytest

from bff.sandbox.stack import City, private_stack
from tests.contracts.people import People

# What one clerk, or one address, would otherwise be refused long before the budget is spent.
_UNLIMITED: Final = {
    "SUISHEN_WALLET_CLERK_PER_MINUTE": "1000000",
    "SUISHEN_AUTH_SIGN_INS_PER_ADDRESS": "1000000",
    "SUISHEN_AUTH_SIGN_INS_PER_DEVICE": "1000000",
    "SUISHEN_AUTH_SIGN_INS_PER_SUBJECT": "1000000",
    "SUISHEN_AUTH_REFRESHES_PER_ADDRESS": "1000000",
    "SUISHEN_AUTH_TRIES_PER_CLERK": "1000000",
    "SUISHEN_AUTH_ASSERTIONS_PER_DEPARTMENT": "1000000",
}


@pytest.fixture(scope="package")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The whole city, seeded, on real servers, and patient; not for longer than this folder."""
    with private_stack(tmp_path_factory.mktemp("city"), scheduler=True, settings=_UNLIMITED) as running:
        yield running


@pytest.fixture(scope="package")
def people(city: City) -> People:
    """Its people."""
    return People(city)
