"""Whether a certificate stands, to the second, and how that can change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapp_schemas.wallet import CredentialStatus
from wallet.refusals import StatusChangeImpossible, ValidityInvalid
from wallet.rules.validity import (
    LISTED,
    TRANSITIONS,
    Change,
    Mark,
    Standing,
    change_mark,
    check_period,
    status_at,
    status_reason,
)

YEAR = Standing(mark=Mark.ACTIVE, valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))


def standing(mark: Mark) -> Standing:
    return Standing(mark=mark, valid_from=YEAR.valid_from, valid_until=YEAR.valid_until)


class TestStatus:
    @pytest.mark.parametrize(
        ("at", "status"),
        [
            # Midnight in Shanghai is 16:00 UTC of the day before.
            ("2025-12-31T15:59:59Z", CredentialStatus.NOT_YET_VALID),
            ("2025-12-31T16:00:00Z", CredentialStatus.VALID),
            ("2026-12-31T15:59:59Z", CredentialStatus.VALID),
            ("2026-12-31T16:00:00Z", CredentialStatus.EXPIRED),
        ],
    )
    def test_days_begin_and_end_in_shanghai(self, at: str, status: CredentialStatus) -> None:
        assert status_at(YEAR, datetime.fromisoformat(at)) is status

    def test_without_a_last_day_it_never_expires(self) -> None:
        endless = Standing(mark=Mark.ACTIVE, valid_from=date(2026, 1, 1), valid_until=None)
        assert status_at(endless, datetime(9999, 12, 31, tzinfo=UTC)) is CredentialStatus.VALID

    @given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is given beside
    def test_the_issuers_word_weighs_more_than_the_calendar(self, now: datetime) -> None:
        assert status_at(standing(Mark.REVOKED), now) is CredentialStatus.REVOKED
        assert status_at(standing(Mark.SUSPENDED), now) is CredentialStatus.SUSPENDED

    def test_every_status_is_explained_in_both_languages(self) -> None:
        reasons = [status_reason(status) for status in CredentialStatus]
        assert (
            len({reason.zh for reason in reasons}) == len({reason.en for reason in reasons}) == len(reasons)
        )


class TestChange:
    @pytest.mark.parametrize("mark", Mark)
    @pytest.mark.parametrize("change", Change)
    def test_only_the_steps_of_the_table(self, mark: Mark, change: Change) -> None:
        if (mark, change) in TRANSITIONS:
            assert change_mark(mark, change) is TRANSITIONS[mark, change]
        else:
            with pytest.raises(StatusChangeImpossible) as refusal:
                change_mark(mark, change)
            assert mark.value in refusal.value.detail[1]

    def test_revocation_is_final(self) -> None:
        assert not [step for step in TRANSITIONS if step[0] is Mark.REVOKED]

    @given(st.lists(st.sampled_from(Change), max_size=12))
    def test_once_revoked_always_revoked(self, changes: list[Change]) -> None:
        mark, revoked = Mark.ACTIVE, False
        for change in changes:
            try:
                mark = change_mark(mark, change)
            except StatusChangeImpossible:
                continue
            revoked = revoked or change is Change.REVOKE
        assert (mark is Mark.REVOKED) is revoked

    def test_every_mark_has_its_value_in_the_status_list(self) -> None:
        assert LISTED == {Mark.ACTIVE: 0, Mark.REVOKED: 1, Mark.SUSPENDED: 2}


class TestPeriod:
    @pytest.mark.parametrize(
        ("begins", "ends", "years"),
        [
            (date(2026, 1, 1), date(2026, 1, 1), 1),
            (date(2026, 1, 1), date(2036, 1, 1), 10),
            (date(2024, 2, 29), date(2025, 2, 28), 1),  # clamped: 2025 has no 29 February
            (date(2024, 2, 29), date(2028, 2, 29), 4),
            (date(2026, 1, 1), None, 10),
            (date(2026, 1, 1), date(2126, 1, 1), None),
        ],
    )
    def test_periods_that_fit(self, begins: date, ends: date | None, years: int | None) -> None:
        check_period(begins, ends, longest_years=years)

    @pytest.mark.parametrize(
        ("begins", "ends", "years"),
        [
            (date(2026, 1, 2), date(2026, 1, 1), None),
            (date(2026, 1, 1), date(2036, 1, 2), 10),
            (date(2024, 2, 29), date(2025, 3, 1), 1),
        ],
    )
    def test_periods_that_do_not(self, begins: date, ends: date, years: int | None) -> None:
        with pytest.raises(ValidityInvalid):
            check_period(begins, ends, longest_years=years)

    def test_the_year_9999_is_not_too_late(self) -> None:
        far = date(9999, 12, 31)
        check_period(date(9990, 1, 1), far, longest_years=20)
        endless = Standing(mark=Mark.ACTIVE, valid_from=date(2026, 1, 1), valid_until=far)
        assert status_at(endless, datetime(2026, 6, 1, tzinfo=UTC) + timedelta()) is CredentialStatus.VALID
