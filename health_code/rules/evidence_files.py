"""Evidence from a file, for who tries rules out: as sources report it, without saying whose it is."""

from datetime import datetime, tzinfo
from typing import Final

import msgspec
from msgspec import Struct

from health_code.rules.evidence import Evidence, Fact, Key, Kind


class _Item(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    occurred_at: datetime
    facts: dict[str, Fact]
    source: str = "file"
    source_id: str | None = None
    jurisdiction: str = "000000"
    recorded_at: datetime | None = None
    expires_at: datetime | None = None
    supersedes: str | None = None
    void: bool = False
    id_number: str | None = None


_read: Final = msgspec.json.Decoder(list[_Item]).decode


def read_evidence(content: bytes, *, zone: tzinfo) -> list[Evidence]:
    """Evidence from a JSON list; instants without an offset are of ``zone``. Raises msgspec's errors."""
    return [_evidence(item, place, zone) for place, item in enumerate(_read(content), 1)]


def _evidence(item: _Item, place: int, zone: tzinfo) -> Evidence:
    facts = dict(item.facts)
    occurred_at = _aware(item.occurred_at, zone)
    return Evidence(
        key=Key(item.source, item.source_id or str(place)),
        kind=msgspec.convert(facts.pop("kind", None), Kind),
        jurisdiction=item.jurisdiction,
        occurred_at=occurred_at,
        recorded_at=occurred_at if item.recorded_at is None else _aware(item.recorded_at, zone),
        expires_at=None if item.expires_at is None else _aware(item.expires_at, zone),
        supersedes=None if item.supersedes is None else Key(item.source, item.supersedes),
        void=item.void,
        facts=facts,
    )


def _aware(instant: datetime, zone: tzinfo) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
