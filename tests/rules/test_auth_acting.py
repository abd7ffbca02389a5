"""What may be granted, how long, and what a token then says."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auth_bridges.models import ActingGrant, Audience, StoredSession
from auth_bridges.refusals import ScopeNotGrantable, TermNotGrantable
from auth_bridges.rules.acting import (
    BELIEVED_LONGER,
    SHANGHAI,
    TERMS,
    acting_as,
    comes_of_age,
    is_code,
    needs_guardian,
    settle,
    side_of,
    state_of,
    token_ends,
)
from auth_bridges.tokens import LEEWAY
from miniapp_schemas.acting import ActingKind, GrantSide, GrantState
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW

L0, L1, L2, L3, L3C = AssuranceLevel
births = st.dates(date(1930, 1, 1), date(2090, 12, 31))
scopes = st.frozensets(st.sampled_from(["wallet:read", "wallet:show", "cases:file", "account:delete"]))
spans = st.timedeltas(timedelta(days=-800), timedelta(days=8000))
levels = st.sampled_from(list(AssuranceLevel))


def grant(**changes: object) -> ActingGrant:
    fields: dict[str, object] = {
        "id": "g",
        "kind": ActingKind.FAMILY,
        "whom": "elder",
        "agent": "child",
        "scopes": ("wallet:read",),
        "offered_at": NOW,
        "lapses_at": NOW + timedelta(minutes=10),
        "expires_at": NOW + timedelta(days=30),
        "confirmed_at": NOW,
    }
    return ActingGrant(**(fields | changes))  # type: ignore[arg-type]


def session(**changes: object) -> StoredSession:
    fields: dict[str, object] = {
        "id": "s",
        "audience": Audience.RESIDENT,
        "subject": "r",
        "client": "wechat:wx",
        "device": None,
        "started_at": NOW,
        "expires_at": NOW + timedelta(hours=24),
        "current": b"",
    }
    return StoredSession(**(fields | changes))  # type: ignore[arg-type]


@given(births)
def test_a_guardianship_ends_as_the_eighteenth_birthday_begins_in_shanghai(born: date) -> None:
    ends = comes_of_age(born)
    assert ends == ends.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    assert ends.year == born.year + 18
    day_before = (ends - timedelta(seconds=1)).astimezone(SHANGHAI).date()
    assert (day_before.year - born.year, (day_before.month, day_before.day) < (born.month, born.day)) == (
        (18, True) if (born.month, born.day) != (1, 1) else (17, False)
    )


@pytest.mark.parametrize(
    ("born", "ends"),
    [
        (date(2008, 2, 29), datetime(2026, 2, 27, 16, tzinfo=UTC)),
        (date(2008, 3, 1), datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (date(2008, 2, 28), datetime(2026, 2, 27, 16, tzinfo=UTC)),
        (date(2008, 1, 1), datetime(2025, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_born_on_29_february_one_comes_of_age_on_the_28th(born: date, ends: datetime) -> None:
    assert comes_of_age(born) == ends


@given(st.sampled_from(list(ActingKind)), scopes, spans)
def test_nothing_is_granted_outside_the_kind_nor_longer_than_it_lasts(
    kind: ActingKind, wanted: frozenset[str], span: timedelta
) -> None:
    terms = TERMS[kind]
    try:
        settled = settle(kind, wanted, NOW + span, now=NOW)
    except ScopeNotGrantable:
        assert wanted - terms.scopes
    except TermNotGrantable:
        assert not timedelta(0) < span <= terms.longest
    else:
        assert set(settled) == wanted <= terms.scopes
        assert timedelta(0) < span <= terms.longest


@given(births, st.timedeltas(timedelta(days=-400), timedelta(days=9000)))
def test_a_guardian_consents_for_a_child_until_its_fourteenth_birthday_in_shanghai(
    born: date, age: timedelta
) -> None:
    """PIPL Art. 31."""
    assume(born.year >= 1990)
    now = datetime(born.year, born.month, born.day, tzinfo=SHANGHAI) + age
    birthday = (2, 28) if (born.month, born.day) == (2, 29) else (born.month, born.day)
    years = now.year - born.year - ((now.month, now.day) < birthday)
    assert needs_guardian(f"310000{born:%Y%m%d}0017", now) is (years < 14)


def test_a_number_of_no_day_is_nobodys_and_no_childs() -> None:
    assert not needs_guardian("310000202102300017", NOW)


@given(span=spans, confirmed=st.booleans(), ended=st.booleans())
def test_what_is_past_its_time_has_ended_whatever_is_stored(
    *, span: timedelta, confirmed: bool, ended: bool
) -> None:
    one = grant(confirmed_at=NOW if confirmed else None, ended_at=NOW if ended else None)
    state = state_of(one, NOW + span)
    if ended or span >= timedelta(days=30):
        assert state is GrantState.ENDED
    elif confirmed:
        assert state is GrantState.ACTIVE
    else:
        assert state is (GrantState.OFFERED if span < timedelta(minutes=10) else GrantState.ENDED)


@given(spans, spans, levels)
def test_a_token_outlives_neither_its_grant_nor_its_session(
    left: timedelta, session_left: timedelta, level: AssuranceLevel
) -> None:
    assume(left > timedelta(0))
    one, opened = grant(expires_at=NOW + left), session(expires_at=NOW + session_left)
    ends = token_ends(one, opened, level)
    # What a token is believed after its end is taken off.
    assert ends + LEEWAY <= one.expires_at
    assert ends <= opened.expires_at
    if level.satisfies(L2):
        assert ends <= opened.started_at + timedelta(hours=24)


def test_as_much_is_taken_off_as_tokens_are_believed_longer() -> None:
    assert BELIEVED_LONGER >= LEEWAY


@given(st.sampled_from(list(ActingKind)), scopes, scopes, levels)
def test_a_token_says_no_more_than_both_have_and_never_above_l2(
    kind: ActingKind, granted: frozenset[str], own: frozenset[str], level: AssuranceLevel
) -> None:
    said = acting_as(
        grant(kind=kind, scopes=tuple(granted)),
        subject="r",
        name="李**",
        session=session(),
        assurance=level,
        scopes=own,
    )
    assert said.scopes == granted & own
    assert L2.satisfies(said.assurance)
    assert said.assurance is L2 or (said.assurance is level and kind is not ActingKind.CLERK)
    assert (said.subject, said.holder, said.audience) == ("r", "elder", Audience.RESIDENT)
    assert said.acting is not None
    assert (said.acting.whom, said.acting.grant, said.acting.name) == ("elder", "g", "李**")


def test_each_side_is_known_and_nobody_else() -> None:
    one = grant(granted_by="boss")
    assert [side_of(one, key) for key in ("child", "elder", "boss", "neighbour")] == [
        GrantSide.AGENT,
        GrantSide.PRINCIPAL,
        GrantSide.PRINCIPAL,
        None,
    ]


@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_only_the_code_is_the_code(code: str, given_code: str) -> None:
    assert is_code(code, given_code) is (code == given_code)


def test_a_guardian_confirms_nothing_because_the_register_did() -> None:
    assert not TERMS[ActingKind.GUARDIAN].confirms
    assert all(terms.confirms for kind, terms in TERMS.items() if kind is not ActingKind.GUARDIAN)
