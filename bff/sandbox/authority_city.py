"""The city's certificate authority, and the key its enterprise keeps in a drawer (法人一证通).

What the legal representative would do with a USB key and its PIN: ``POST /_sim/authority/sign`` signs a text
and answers everything ``/mp/v1/legal-person/proofs`` asks for but the challenge's name.
"""

from base64 import b64encode
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

from bff.sandbox.authority import Authority, Hierarchy, Holder, Kind
from bff.sandbox.city import ENTERPRISE, person

REPRESENTATIVE: Final = "li"
_ALGORITHMS: Final = {Kind.RSA: "RSA-PKCS1-SHA256", Kind.SM2: "SM2-SM3"}


class Sign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the representative is to sign, with which of the enterprise's two keys."""

    text: str
    kind: Kind = Kind.RSA


class Signed(Struct, frozen=True, kw_only=True):
    """The signature, and what it takes to believe it."""

    certificate: str
    chain: list[str]
    algorithm: str
    signature: str


class CityAuthority(Authority):
    """An authority of both kinds, and one enterprise with a certificate of each."""

    def __init__(self, base_url: str) -> None:
        """``base_url`` is where it will answer: its certificates say so."""
        super().__init__()
        self._founded = {kind: self.found(kind, base_url, answers=True) for kind in Kind}
        self._drawer = {kind: self._card(hierarchy) for kind, hierarchy in self._founded.items()}

    @property
    def roots(self) -> bytes:
        """What the city trusts, in PEM."""
        return b"".join(each.root_pem for each in self._founded.values())

    def sign(self, asked: Sign) -> Signed:
        """Sign as the enterprise."""
        card = self._drawer[asked.kind]
        return Signed(
            certificate=b64encode(card.certificate).decode(),
            chain=[b64encode(self._founded[asked.kind].issuing.certificate).decode()],
            algorithm=_ALGORITHMS[asked.kind],
            signature=b64encode(card.signer.sign(asked.text.encode())).decode(),
        )

    def routes(self) -> list[web.RouteDef]:
        """The authority's own, and the drawer."""
        return [*super().routes(), web.post("/_sim/authority/sign", self._sign)]

    def _card(self, hierarchy: Hierarchy) -> Holder:
        return self.issue(
            hierarchy,
            uscc=ENTERPRISE.id,
            organisation=ENTERPRISE.name,
            representative=person(REPRESENTATIVE).id_number,
            answers=True,
        )

    async def _sign(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=Sign)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.Response(body=msgspec.json.encode(self.sign(asked)), content_type="application/json")
