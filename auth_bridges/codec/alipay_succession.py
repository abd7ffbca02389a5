"""Alipay's next certificate (支付宝公钥证书轮换): what makes it Alipay's, though no setting names it.

The answer that brings it may be signed with the very key it brings, so that signature says nothing. Its
issuers do: they must lead to a pinned root. So do they from every app's certificate, which Alipay's
authority signs too, some with the same organisation in them: the holder's own name tells them apart.
"""

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Name
from cryptography.x509.oid import NameOID
from msgspec import Struct

from auth_bridges.codec.alipay_keys import readable, sn_of
from auth_bridges.codec.certificates import Certificate, path_to
from auth_bridges.refusals import CertificateRefused

_COMMON_NAME: Final = NameOID.COMMON_NAME.dotted_string
_SERIAL: Final = re.compile(r"[0-9a-f]{32}")
_MOST: Final = 4


class Pinned(Struct, frozen=True, kw_only=True):
    """What our settings say of whoever may speak for Alipay: its roots, and the names it goes by."""

    roots: tuple[Certificate, ...]
    names: frozenset[str]


def pinned(*, roots: str, alipay: str) -> Pinned:
    """Pin ``roots``, and the names in the certificates of ``alipay`` that are no issuer's there."""
    held = list(_usable(alipay))
    issuers = [each.issuer for each in held]
    named = (each.value_of(_COMMON_NAME) for each in held if not _issues(each, issuers))
    return Pinned(roots=tuple(_usable(roots)), names=frozenset(name for name in named if name))


def may_be_serial(text: str) -> bool:
    """Whether ``text`` can be a certificate's name at all; it is a stranger's until then."""
    return _SERIAL.fullmatch(text) is not None


def succeeding_key(pem: str, serial: str, *, pins: Pinned, at: datetime) -> RSAPublicKey | None:
    """The key of the first certificate in ``pem``, if that is ``serial`` and Alipay's; else None."""
    try:
        leaf, *between = list(_usable(pem))[:_MOST]
        if sn_of(leaf.x509) != serial or leaf.value_of(_COMMON_NAME) not in pins.names:
            return None
        path_to(pins.roots, leaf, between, at=at)
    except (ValueError, CertificateRefused):
        return None
    return leaf.key if isinstance(leaf.key, RSAPublicKey) else None


def _issues(certificate: Certificate, issuers: Collection[Name]) -> bool:
    return certificate.is_issuer or certificate.subject in issuers


def _usable(pem: str) -> Iterator[Certificate]:
    """The certificates in ``pem`` whose keys we take; among Alipay's roots are some of other kinds."""
    for each in readable(pem):
        try:
            yield Certificate(each.public_bytes(Encoding.DER))
        except CertificateRefused:
            continue
