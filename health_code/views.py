"""What is shown of a code: the stored struct becomes the wire's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from health_code.models import Reason, Snapshot
from health_code.rules.documents import Colour
from miniapp_schemas.base import Page, Text
from miniapp_schemas.health_code import ColourReason, HealthCode, HealthCodeTicket

T = TypeVar("T")


def page_of(items: list[T], ids: Sequence[str], limit: int) -> Page[T]:
    """``items`` as a page; ``ids`` holds one more than ``limit`` where there is a next page."""
    return Page(items=items, next_cursor=ids[limit - 1] if len(ids) > limit else None)


def as_code(snapshot: Snapshot, shown: Colour, now: datetime) -> HealthCode:
    """A code as its holder sees it."""
    return HealthCode(
        colour=shown.value,
        name=snapshot.name_masked,
        since=snapshot.since,
        as_of=snapshot.judged_at,
        age_seconds=max(0, int((now - snapshot.judged_at).total_seconds())),
        reasons=[as_reason(reason) for reason in snapshot.reasons],
        unknown=_unknown(snapshot, shown),
        rule_set=snapshot.rule_set,
        rule_set_version=snapshot.rule_set_version,
        next_change_at=snapshot.next_change_at,
    )


def as_reason(reason: Reason) -> ColourReason:
    """A reason as its holder reads it."""
    return ColourReason(
        rule=reason.rule,
        version=reason.version,
        colour=reason.colour.value,
        text=Text(zh=reason.zh, en=reason.en),
        clears=Text(zh=reason.clear_zh, en=reason.clear_en),
        legal_source=reason.source,
        evidence_kind=None if reason.kind is None else reason.kind.value,
        evidence=reason.evidence,
        occurred_at=reason.occurred_at,
        until=reason.until,
    )


def as_ticket(snapshot: Snapshot, shown: Colour, code: str, expires: int) -> HealthCodeTicket:
    """A code to show."""
    return HealthCodeTicket(
        code=code,
        expires_at=datetime.fromtimestamp(expires, UTC),
        colour=shown.value,
        since=snapshot.since,
        as_of=snapshot.judged_at,
    )


def _unknown(snapshot: Snapshot, shown: Colour) -> list[Text]:
    told = [Text(zh=f"规则 {rule} 无法判定", en=f"Rule {rule} has no answer") for rule in snapshot.failures]
    told += [
        Text(zh=f"数据来源 {source} 长时间未更新", en=f"Nothing was heard of {source} for too long")
        for source in snapshot.silent
    ]
    if shown is not snapshot.colour:
        told.append(
            Text(zh="数据未能及时更新，暂不显示颜色", en="The data is too old for a colour to be shown")
        )
    return told
