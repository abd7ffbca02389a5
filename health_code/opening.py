"""Opening evidence: what was sealed becomes what rules, its holder's reviewers and nobody else see."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from health_code.models import StoredEvidence
from health_code.ports import PersonalData
from health_code.rules.evidence import Evidence, Fact, Key, effective

unpack: Final = msgspec.msgpack.Decoder(dict[str, Fact]).decode


def opened(stored: StoredEvidence, personal: PersonalData) -> Evidence:
    """A piece of evidence as rules see it."""
    context = f"health:{stored.source}:{stored.source_id}".encode()
    return _evidence(stored, unpack(personal.open(stored.sealed, context)))


def read_all(
    stored: Iterable[StoredEvidence], personal: PersonalData
) -> tuple[Sequence[Evidence], Sequence[Evidence]]:
    """What can be opened of ``stored``; and, without its facts, what cannot and was not corrected since."""
    known: list[Evidence] = []
    sealed: list[Evidence] = []
    for each in stored:
        try:
            known.append(opened(each, personal))
        except Exception:  # noqa: BLE001  a lost key, a changed byte: whatever it is, it is not known
            sealed.append(_evidence(each, {}))
    if sealed:
        both = [*known, *sealed]
        counting = {each.key for each in effective(both, known_at=max(each.recorded_at for each in both))}
        # What is taken back by something nobody can read is not known to be.
        sealed = [each for each in sealed if each.void or each.key in counting]
    return known, sealed


def _evidence(stored: StoredEvidence, facts: dict[str, Fact]) -> Evidence:
    return Evidence(
        key=Key(stored.source, stored.source_id),
        kind=stored.kind,
        jurisdiction=stored.jurisdiction,
        occurred_at=stored.occurred_at,
        recorded_at=stored.recorded_at,
        expires_at=stored.expires_at,
        supersedes=None if stored.supersedes is None else Key(*stored.supersedes),
        void=stored.void,
        facts=facts,
    )
