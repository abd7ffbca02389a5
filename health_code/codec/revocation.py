"""Revocation (吊销): lists that name certificates without saying whose they are.

EU lists hold the first sixteen bytes of a SHA-256: of the certificate's identifier, of the issuer's country
and the identifier, or of the signature. Of an ES256 signature only r is taken: whoever has r‖s can also write
r‖-s.

SMART Health Cards have a ``rid``, and a list for each key. ``rid.timestamp`` revokes what was issued under
that rid before the time. A list that is broken, or of another version than the key set says, says nothing.
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self

from msgspec import Struct

from health_code.codec.signatures import ES256

_RID: Final = re.compile(r"([A-Za-z0-9_-]{1,24})(?:\.([0-9]{1,12}))?")
_HASH: Final = 16


class HashKind(StrEnum):
    """What an EU list takes the hash of."""

    UCI = "UCI"
    COUNTRY_UCI = "COUNTRYCODEUCI"
    SIGNATURE = "SIGNATURE"


class CardList(Struct, frozen=True):
    """The revoked cards of one key: each rid, and the time before which it is revoked, None for always."""

    version: int
    rids: Mapping[str, int | None]

    def revokes(self, rid: str, issued_at: float) -> bool:
        """Whether a card with this ``rid`` issued at that time is revoked."""
        if rid not in self.rids:
            return False
        before = self.rids[rid]
        return before is None or issued_at < before


class RevocationUnreadable(ValueError):
    """There is no list in it."""


class Revocations:
    """What is revoked. Immutable: what is learnt makes another one."""

    def __init__(self) -> None:
        self._hashes: dict[tuple[HashKind, bytes | None], set[bytes]] = {}
        self._cards: dict[tuple[str | None, str], CardList | None] = {}

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        """The lists among ``files``: batches of the EU gateway, card lists, snapshots of a directory.

        A card list that is broken is kept as such, for nothing can then be said of its key. Other files are
        passed over.
        """
        made = cls()
        for content in files.values():
            made._take(content)
        return made

    def __bool__(self) -> bool:
        return bool(self._hashes or self._cards)

    def revokes(self, hashes: Mapping[HashKind, bytes], kid: bytes | None) -> bool:
        """Whether an EU list names one of ``hashes``, for every key or for this one."""
        return any(
            value in self._hashes.get((kind, name), ())
            for kind, value in hashes.items()
            for name in {kid, None}
        )

    def has_hashes(self) -> bool:
        """Whether there is an EU list at all."""
        return bool(self._hashes)

    def cards(self, issuer: str, kid: str) -> CardList | None:
        """The list of that key; None if there is none, or it is broken."""
        return self._cards.get((issuer, kid)) or self._cards.get((None, kid))

    def is_broken(self, issuer: str, kid: str) -> bool:
        """Whether there is a list of that key, and it cannot be read."""
        return any(name in self._cards and self._cards[name] is None for name in ((issuer, kid), (None, kid)))

    def _take(self, content: bytes) -> None:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return
        for each in document if isinstance(document, list) else [document]:
            if not isinstance(each, dict):
                continue
            if "rids" in each:
                self._take_cards(each, None)
            elif "hashType" in each:
                self._take_batch(each)
            elif isinstance(listed := each.get("issuerInfo"), list):
                for issuer in listed:
                    if isinstance(issuer, dict):
                        self._take_listed(issuer)

    def _take_listed(self, listed: Mapping[str, Any]) -> None:
        named, lists = listed.get("issuer"), listed.get("crls")
        issuer = named.get("iss") if isinstance(named, dict) else None
        for each in lists if isinstance(lists, list) else ():
            # What one issuer revokes is its own.
            if isinstance(each, dict) and isinstance(issuer, str):
                self._take_cards(each, issuer)

    def _take_cards(self, document: Mapping[str, Any], issuer: str | None) -> None:
        kid = document.get("kid")
        if isinstance(kid, str):
            name = issuer, kid
            # Two lists of one key: whichever were believed, the other would be the newer.
            self._cards[name] = None if name in self._cards else card_list(document)

    def _take_batch(self, document: Mapping[str, Any]) -> None:
        try:
            kind = HashKind(str(document["hashType"]).upper())
            entries = document["entries"]
            hashes = {b64decode(each["hash"] if isinstance(each, dict) else each)[:_HASH] for each in entries}
            named = document.get("kid")
            # The gateway's word for a list that goes for all keys.
            kid = None if named in {None, "", "UNKNOWN_KID"} else b64decode(named)
        except (KeyError, TypeError, ValueError) as no:
            raise RevocationUnreadable(f"not a batch of the gateway: {no}") from no
        self._hashes.setdefault((kind, kid), set()).update(hashes)


def card_list(document: Mapping[str, Any]) -> CardList | None:
    """The list of revoked cards in ``document``, None if it is not exactly one."""
    version, entries = document.get("ctr"), document.get("rids")
    if document.get("method") != "rid" or not isinstance(version, int) or isinstance(version, bool):
        return None
    if not isinstance(entries, list):
        return None
    rids: dict[str, int | None] = {}
    for entry in entries:
        match = _RID.fullmatch(entry) if isinstance(entry, str) else None
        if match is None or match[1] in rids:
            return None
        rids[match[1]] = None if match[2] is None else int(match[2])
    return CardList(version, rids)


def is_rid(text: object) -> bool:
    """Whether ``text`` can be a card's rid."""
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,24}", text) is not None


def hashes_of(issuer: str, identifier: str, signature: bytes, algorithm: int) -> dict[HashKind, bytes]:
    """The three names a certificate has in EU lists."""
    named = signature[: len(signature) // 2] if algorithm == ES256 else signature
    return {
        HashKind.UCI: _short(identifier.encode()),
        HashKind.COUNTRY_UCI: _short((issuer + identifier).encode()),
        HashKind.SIGNATURE: _short(named),
    }


def _short(data: bytes) -> bytes:
    return sha256(data).digest()[:_HASH]
