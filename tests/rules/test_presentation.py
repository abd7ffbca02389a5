"""Opening a code and judging a scanned one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapp_schemas.wallet import CredentialStatus, PresentationMode, Verdict
from wallet.issuers.base import load_registry
from wallet.refusals import ClaimNotDisclosable, CredentialNotShowable, SceneNotAllowed
from wallet.rules.presentation import SKEW, Opening, Scan, judge, open_presentation, time_verdict
from wallet.rules.validity import Mark, Standing

REGISTRY = load_registry()
ID_CARD = REGISTRY.type("resident-id-card")
BIRTH = REGISTRY.type("birth-certificate")
NOW = datetime(2026, 11, 22, 1, 30, 0, 250_000, tzinfo=UTC)
WINDOW = timedelta(seconds=90)

ENDLESS = Standing(mark=Mark.ACTIVE, valid_from=date(2020, 1, 1), valid_until=None)


def opened(
    standing: Standing = ENDLESS,
    *,
    scene: str = "general",
    requested: tuple[str, ...] | None = None,
    now: datetime = NOW,
) -> Opening:
    return open_presentation(
        ID_CARD, REGISTRY.scene(scene), standing, requested=requested, now=now, window=WINDOW
    )


class TestOpening:
    def test_it_lasts_its_window_in_whole_seconds(self) -> None:
        opening = opened()
        assert opening.issued_at == NOW.replace(microsecond=0)
        assert opening.expires_at == opening.issued_at + WINDOW
        assert opening.mode is PresentationMode.SIGNED
        assert opening.claims == ("name", "sex", "birthDate", "idNumber")

    @given(st.integers(0, 200))
    def test_it_never_outlives_the_credential(self, left: int) -> None:
        # The last day ends at 16:00 UTC.
        standing = Standing(mark=Mark.ACTIVE, valid_from=date(2020, 1, 1), valid_until=date(2026, 11, 22))
        midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)
        now = midnight - timedelta(seconds=left)
        if left == 0:
            with pytest.raises(CredentialNotShowable):
                opened(standing, now=now)
        else:
            assert opened(standing, now=now).expires_at == min(now + WINDOW, midnight)

    @pytest.mark.parametrize(
        ("standing", "status"),
        [
            (Standing(mark=Mark.SUSPENDED, valid_from=date(2020, 1, 1), valid_until=None), "suspended"),
            (Standing(mark=Mark.REVOKED, valid_from=date(2020, 1, 1), valid_until=None), "revoked"),
            (Standing(mark=Mark.ACTIVE, valid_from=date(2027, 1, 1), valid_until=None), "notYetValid"),
            (
                Standing(mark=Mark.ACTIVE, valid_from=date(2020, 1, 1), valid_until=date(2026, 11, 21)),
                "expired",
            ),
        ],
    )
    def test_what_does_not_stand_is_not_shown(self, standing: Standing, status: str) -> None:
        with pytest.raises(CredentialNotShowable) as refusal:
            opened(standing)
        assert refusal.value.facts["status"] == status
        assert all(refusal.value.detail)

    def test_only_what_was_asked_for_is_shown(self) -> None:
        assert opened(requested=("idNumber", "name")).claims == ("name", "idNumber")

    def test_what_the_scene_does_not_allow_is_refused_by_name(self) -> None:
        with pytest.raises(ClaimNotDisclosable) as refusal:
            opened(scene="venue.entry", requested=("maskedName", "name", "birthDate"))
        assert refusal.value.facts["claims"] == "birthDate, name"

    def test_what_the_type_never_discloses_is_refused(self) -> None:
        with pytest.raises(ClaimNotDisclosable):
            opened(requested=("address",))

    def test_a_scene_without_the_type_is_refused(self) -> None:
        with pytest.raises(SceneNotAllowed):
            opened(scene="traffic.check")

    def test_a_type_or_a_scene_can_forbid_data_in_the_qr(self) -> None:
        assert opened(scene="hospital.registration").mode is PresentationMode.OPAQUE
        general = REGISTRY.scene("general")
        child = open_presentation(BIRTH, general, ENDLESS, requested=None, now=NOW, window=WINDOW)
        assert child.mode is PresentationMode.OPAQUE


def scan(**changes: object) -> Scan:
    facts: dict[str, object] = {
        "issued_at": NOW,
        "expires_at": NOW + WINDOW,
        "scene": "general",
        "clerk_scenes": frozenset({"general"}),
        "status": CredentialStatus.VALID,
    }
    return Scan(**(facts | changes))  # type: ignore[arg-type]


class TestJudging:
    @pytest.mark.parametrize(
        ("seconds", "verdict"),
        [
            (-6, Verdict.CLOCK_SKEW),
            (-5, Verdict.OK_ONLINE),
            (0, Verdict.OK_ONLINE),
            (90, Verdict.OK_ONLINE),
            (94, Verdict.OK_ONLINE),
            (95, Verdict.EXPIRED),
            (96, Verdict.EXPIRED),
        ],
    )
    def test_time_with_five_seconds_of_grace(self, seconds: int, verdict: Verdict) -> None:
        assert judge(scan(), now=NOW + timedelta(seconds=seconds)) is verdict

    def test_the_grace_can_be_none(self) -> None:
        none = timedelta()
        assert judge(scan(), now=NOW - timedelta(microseconds=1), skew=none) is Verdict.CLOCK_SKEW
        assert judge(scan(), now=NOW + WINDOW, skew=none) is Verdict.EXPIRED

    @pytest.mark.parametrize(
        ("status", "verdict"),
        [
            (CredentialStatus.VALID, Verdict.OK_ONLINE),
            (CredentialStatus.REVOKED, Verdict.REVOKED),
            (CredentialStatus.SUSPENDED, Verdict.SUSPENDED),
            (CredentialStatus.EXPIRED, Verdict.CREDENTIAL_EXPIRED),
            (CredentialStatus.NOT_YET_VALID, Verdict.NOT_YET_VALID),
        ],
    )
    def test_status(self, status: CredentialStatus, verdict: Verdict) -> None:
        assert judge(scan(status=status), now=NOW) is verdict

    @pytest.mark.parametrize("status", CredentialStatus)
    def test_a_clerk_of_another_scene_learns_nothing_of_the_status(self, status: CredentialStatus) -> None:
        facts = scan(status=status, clerk_scenes=frozenset({"hotel.checkin"}))
        assert judge(facts, now=NOW) is Verdict.SCENE_DENIED

    @pytest.mark.parametrize("status", CredentialStatus)
    @pytest.mark.parametrize("scenes", [frozenset[str](), frozenset({"general"})])
    def test_out_of_time_nothing_else_is_said(self, status: CredentialStatus, scenes: frozenset[str]) -> None:
        facts = scan(status=status, clerk_scenes=scenes)
        assert judge(facts, now=NOW + WINDOW + SKEW) is Verdict.EXPIRED


@pytest.mark.parametrize("now", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_first_and_the_last_instant_there_are_are_judged_like_others(now: datetime) -> None:
    issued = datetime(2026, 11, 25, tzinfo=UTC)
    verdict = time_verdict(issued, issued + timedelta(seconds=90), now=now, skew=timedelta(seconds=5))
    assert verdict in {Verdict.CLOCK_SKEW, Verdict.EXPIRED}
