"""One person's stored evidence, opened and judged: now, or once more as it was then.

What cannot be read, or was destroyed, may be what makes a code red, or what clears it; what breaks is not
known. Each of them is grey, unless it is red all the same.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from health_code import opening
from health_code.models import BROKEN, RETIRED, UNREADABLE, StoredEvidence
from health_code.ports import PersonalData
from health_code.rules.colour import Ahead, Judgement, RuleSet, judge_and_look_ahead
from health_code.rules.documents import Colour
from health_code.rules.evidence import Evidence

_log: Final = logging.getLogger(__name__)


class Weighed(NamedTuple):
    """A judgement, the colour that follows from it and from what could not be read, and when it turns."""

    judgement: Judgement
    colour: Colour
    turns: datetime | None
    failures: tuple[str, ...]
    broken: bool
    known: Sequence[Evidence]
    known_at: datetime


def weigh(
    stored: Sequence[StoredEvidence],
    rules: RuleSet,
    *,
    personal: PersonalData,
    at: datetime,
    known_at: datetime,
    silent: Sequence[str],
    ahead: Sequence[Ahead] = (),
    gone: bool = False,
) -> Weighed:
    """Judge all of ``stored``, whatever a clock that is ahead says of when it was recorded.

    ``gone`` says that there was evidence which was destroyed, of whom nobody knows any more.
    """
    known, sealed = opening.read_all(stored, personal)
    unreadable = tuple(dict.fromkeys(f"{UNREADABLE}{each.key.source}" for each in sealed))
    known_at = max([known_at, *(each.recorded_at for each in known)])
    broken: tuple[str, ...] = ()
    try:
        judgement, turns = judge_and_look_ahead(
            known, rules, at=at, known_at=known_at, silent=silent, ahead=ahead
        )
    except Exception:  # noqa: BLE001  whatever it is, what was judged last is not known to be so any more
        _log.exception("no judgement: grey, unless it was red")
        judgement, turns, broken = Judgement(colour=Colour.GREY, findings=()), None, (BROKEN,)
    hidden = (gone or bool(unreadable)) and judgement.colour is not Colour.RED
    return Weighed(
        judgement=judgement,
        colour=Colour.GREY if hidden else judgement.colour,
        turns=turns,
        failures=(
            *dict.fromkeys(each.rule.identifier for each in judgement.failures),
            *unreadable,
            *broken,
            *((RETIRED,) if gone else ()),
        ),
        broken=bool(broken),
        known=known,
        known_at=known_at,
    )
