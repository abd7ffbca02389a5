"""The city's certificate authority, and the key its enterprise keeps in a drawer (法人一证通).

What the legal representative would do with a USB key and its PIN: ``POST /_sim/authority/sign`` signs a text
and answers everything ``/mp/v1/legal-person/proofs`` asks for but the challenge's name.
"""

import secrets
import shutil
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from bff.sandbox.authority import Authority, Hierarchy, Holder, Kind, Signer, pem_of
from bff.sandbox.city import ENTERPRISE, person
from bff.sandbox.sm2_signing import Sm2Private

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

    def __init__(self, base_url: str, roots: Mapping[Kind, Holder]) -> None:
        """``base_url`` is where it will answer: its certificates say so. ``roots`` are those kept."""
        super().__init__()
        self._founded = {
            kind: self.found(kind, base_url, root=root, answers=True) for kind, root in roots.items()
        }
        self._drawer = {kind: self._card(hierarchy) for kind, hierarchy in self._founded.items()}

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


def kept_roots(folder: Path) -> dict[Kind, Holder]:
    """The roots in ``folder``, made now if there are none; ``roots.pem`` there is what the city trusts.

    They outlive a start, so that the product's processes need not wait until the authority has its keys.
    """
    if not folder.exists():
        aside = folder.with_name(f".{folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700, parents=True)
        bundle = b""
        for kind in Kind:
            (aside / f"{kind}.key").write_text(_new_key(kind))
            root = Authority().new_root(kind, _signer(kind, aside))
            (aside / f"{kind}.der").write_bytes(root.certificate)
            bundle += pem_of(root.certificate)
        (aside / "roots.pem").write_bytes(bundle)
        aside.rename(folder)
    return {kind: _root(kind, folder) for kind in Kind}


def _root(kind: Kind, folder: Path) -> Holder:
    der = (folder / f"{kind}.der").read_bytes()
    read = x509.load_der_x509_certificate(der)
    return Holder(certificate=der, serial=read.serial_number, name=read.subject, signer=_signer(kind, folder))


def _new_key(kind: Kind) -> str:
    if kind is Kind.SM2:
        return secrets.token_hex(32)
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _signer(kind: Kind, folder: Path) -> Signer:
    text = (folder / f"{kind}.key").read_text()
    if kind is Kind.SM2:
        return Signer(kind, Sm2Private(text))
    key = load_pem_private_key(text.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - we wrote it
    return Signer(kind, key)
