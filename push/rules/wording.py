"""What a notice says of an item: its days as far as somebody named them, and no other.

A notice without a last day is written with a template that has no place for one, and so is what happens
without anybody's doing. Which one is chosen when it is said: what was planned may have moved since.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from push.models import Topic
from push.rules.due import DueItem
from push.rules.templates import SAMPLE

TOLD: Final = "enrolment-told"
"""What happens at a school (``act`` is false) while a family waits."""
UNDATED: Final = "enrolment-undated"
"""What is known to the month, or was not announced."""
WITHOUT_END: Final[Mapping[str, str]] = {
    "vaccination-due": "vaccination-from",
    "vaccination-overdue": "vaccination-from",
    "enrolment-window": "enrolment-from",
    "policy-match": "policy-from",
}
"""How the same is said where there is no last day."""
_UNFILLED: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys((*WITHOUT_END.values(), TOLD), frozenset({"until"})),
    UNDATED: frozenset({"date", "until"}),
}
_PLACES: Final = {
    Topic.VACCINATION: "就近的预防接种门诊",
    Topic.ENROLMENT: "入学报名平台",
    Topic.EXPIRY: "政务服务中心",
    Topic.INSURANCE: "社保经办机构",
    Topic.PENSION: "社保经办机构",
    Topic.POLICY: "惠企政策平台",
}


def wording(item: DueItem, template: str) -> str:
    """The template that says of ``item`` what ``template`` is for, without a day that nobody named."""
    if item.template in (TOLD, UNDATED):
        return item.template
    return template if _last_day(item, template) is not None else WITHOUT_END.get(template, template)


def values_of(item: DueItem, template: str, name: str) -> dict[str, str]:
    """What the places of ``template`` are filled with; a day that is not known is empty."""
    days = {"date": item.earliest or item.window_to, "until": _last_day(item, template)}
    return {
        "name": name,
        "item": item.title_zh,
        "item_en": item.title_en,
        "place": _PLACES.get(item.topic, ""),
        "clause": " ".join(item.clause),
    } | {
        place: "" if day is None or place in _UNFILLED.get(template, ()) else day.isoformat()
        for place, day in days.items()
    }


def sample_of(template: str, values: Mapping[str, str] = SAMPLE) -> Mapping[str, str]:
    """Those of ``values`` that notices written with ``template`` have for certain."""
    unfilled = _UNFILLED.get(template, frozenset())
    return {place: value for place, value in values.items() if place not in unfilled}


def _last_day(item: DueItem, template: str) -> date | None:
    """The last day that is meant; of what is late, the day before which it should have been done."""
    recommended = item.recommended_before
    if recommended is not None and template == "vaccination-overdue":
        return recommended
    ends = (item.window_to, None if recommended is None else recommended - timedelta(days=1))
    begins = item.earliest or item.window_to
    return next((end for end in ends if end is not None and (begins is None or end >= begins)), None)
