"""What is shown of a code: the stored struct becomes the wire's."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeVar

from health_code.models import Elsewhere, Reason, Snapshot
from health_code.rules.documents import Colour
from health_code.rules.recognition import CARRIED, fresh_limit
from miniapp_schemas.base import Page, Text
from miniapp_schemas.health_code import ColourReason, ForeignEvidence, HealthCode, HealthCodeTicket

T = TypeVar("T")
_SHOWN: Final[Mapping[str, Literal["GREEN", "YELLOW", "RED"]]] = {
    "GREEN": "GREEN",
    "YELLOW": "YELLOW",
    "RED": "RED",
}
_FRESH: Final = Text(
    zh="这是外地出具的信息；颜色由本地规则判定。",
    en="This is what another place says. The rules here give the colour.",
)


def page_of(items: list[T], ids: Sequence[str], limit: int) -> Page[T]:
    """``items`` as a page; ``ids`` holds one more than ``limit`` where there is a next page."""
    return Page(items=items, next_cursor=ids[limit - 1] if len(ids) > limit else None)


def as_code(
    snapshot: Snapshot, shown: Colour, unknown: list[Text], now: datetime, *, refresh_seconds: int
) -> HealthCode:
    """A code as its holder sees it."""
    return HealthCode(
        colour=shown.value,
        name=snapshot.name_masked,
        since=snapshot.since,
        as_of=snapshot.judged_at,
        age_seconds=max(0, int((now - snapshot.judged_at).total_seconds())),
        reasons=[as_reason(reason) for reason in snapshot.reasons],
        unknown=unknown,
        rule_set=snapshot.rule_set,
        rule_set_version=snapshot.rule_set_version,
        next_change_at=snapshot.next_change_at,
        refresh_seconds=refresh_seconds,
        elsewhere=[
            as_foreign(each, now)
            for each in snapshot.elsewhere
            if each.expires_at is None or now < each.expires_at
        ],
    )


def as_foreign(said: Elsewhere, now: datetime) -> ForeignEvidence:
    """What another place says, with its age, and what to make of it."""
    limit = fresh_limit(said.certificate)
    stale = now - said.as_of > limit
    return ForeignEvidence(
        evidence=said.evidence,
        certificate=said.certificate,
        issuer=said.issuer,
        area=said.area,
        brought="CARRIED" if said.source.startswith(CARRIED) else "REPORTED",
        shown=_SHOWN.get(said.shown or ""),
        outcome=said.outcome,
        as_of=said.as_of,
        stale_at=said.as_of + limit,
        stale=stale,
        note=_stale(limit) if stale else _FRESH,
    )


def _stale(limit: timedelta) -> Text:
    hours = limit // timedelta(hours=1)
    return Text(
        zh=f"已超过 {hours} 小时，数据过时，请向出具地核实；颜色由本地规则判定。",
        en=f"More than {hours} hours old, too old to be taken as it is: ask where it comes from. The rules "
        "here give the colour.",
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
