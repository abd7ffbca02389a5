"""Whose answer counts: a responder whose own certificate may have been revoked is looked up first."""

import secrets
from collections.abc import AsyncIterator

import pytest

from auth_bridges.bridges.revocation import Revocations
from auth_bridges.codec.certificates import Certificate
from auth_bridges.refusals import RevocationUnknown
from bff.platform.outbound import Outbound
from bff.sandbox.authority import Authority, Hierarchy, Kind
from bff.sandbox.simulator import simulated, utc_now


@pytest.fixture
async def founded() -> AsyncIterator[tuple[Authority, Hierarchy]]:
    authority = Authority()
    async with simulated(authority) as simulator:
        yield authority, authority.found(Kind.RSA, simulator.url, answers=True, nocheck=False)


async def test_a_responder_is_believed_while_its_own_certificate_is_good(
    founded: tuple[Authority, Hierarchy],
) -> None:
    authority, hierarchy = founded
    card = authority.issue(
        hierarchy, uscc=None, organisation="江边旅馆", representative=None, lists=False, answers=True
    )
    leaf, issuing, root = (
        Certificate(each.certificate) for each in (card, hierarchy.issuing, hierarchy.root)
    )
    async with Outbound.open() as http:
        # The root answers with its own key.
        await Revocations(http, utc_now, secrets.token_bytes).check(issuing, root)
        await Revocations(http, utc_now, secrets.token_bytes).check(leaf, issuing)
        authority.revoke(hierarchy.responder.serial)
        with pytest.raises(RevocationUnknown):
            await Revocations(http, utc_now, secrets.token_bytes).check(leaf, issuing)
