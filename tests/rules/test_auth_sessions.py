"""What a refresh token deserves, and how long a session may last."""

from datetime import timedelta

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.models import Audience, Ending, Link, StoredSession
from auth_bridges.rules.sessions import (
    GRACE,
    Answer,
    began_by,
    compose,
    judge,
    lifetime,
    open_successor,
    present,
    seal_successor,
    session_id,
    token_hash,
)
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW

HANDLE = b"h" * 16
FIRST, SECOND, THIRD = (compose(HANDLE, bytes([n]) * 32) for n in (1, 2, 3))


def session(**changes: object) -> StoredSession:
    """Second is alive, first was spent five seconds ago."""
    fields: dict[str, object] = {
        "id": session_id(HANDLE),
        "audience": Audience.RESIDENT,
        "subject": "r1",
        "client": "wechat:wx1",
        "device": "phone",
        "started_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=29),
        "current": token_hash(SECOND),
        "previous": token_hash(FIRST),
        "rotated_at": NOW - timedelta(seconds=5),
    }
    return StoredSession(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "changes", "device", "answer"),
    [
        pytest.param(SECOND, {}, "phone", Answer.ROTATE, id="the living token rotates"),
        pytest.param(FIRST, {}, "phone", Answer.REPEAT, id="a lost reply is repeated"),
        pytest.param(
            FIRST, {"rotated_at": NOW - GRACE}, "phone", Answer.REPEAT, id="at the last moment of the grace"
        ),
        pytest.param(
            FIRST,
            {"rotated_at": NOW - GRACE - timedelta(milliseconds=1)},
            "phone",
            Answer.REVOKE,
            id="after the grace it is a copy",
        ),
        pytest.param(FIRST, {}, "another", Answer.REVOKE, id="another device has a copy"),
        pytest.param(FIRST, {}, None, Answer.REVOKE, id="a device that says nothing is another device"),
        pytest.param(THIRD, {}, "phone", Answer.REVOKE, id="an older token is a copy"),
        pytest.param(
            SECOND, {"ended_at": NOW, "ended_why": Ending.SIGNED_OUT}, "phone", Answer.REFUSE, id="ended"
        ),
        pytest.param(SECOND, {"expires_at": NOW}, "phone", Answer.REFUSE, id="at its absolute end"),
        pytest.param(THIRD, {"ended_at": NOW}, "phone", Answer.REFUSE, id="nothing is left to revoke"),
        pytest.param(SECOND, {"audience": Audience.VERIFIER}, "phone", Answer.REFUSE, id="of another API"),
        pytest.param(
            FIRST, {"audience": Audience.VERIFIER}, "phone", Answer.REFUSE, id="spent, of another API"
        ),
    ],
)
def test_a_presented_token_gets_what_it_deserves(
    token: str, changes: dict[str, object], device: str | None, answer: Answer
) -> None:
    presented = present(token)
    assert presented is not None
    assert judge(session(**changes), presented, audience=Audience.RESIDENT, device=device, now=NOW) is answer


def test_a_token_of_no_session_is_refused() -> None:
    presented = present(FIRST)
    assert presented is not None
    assert judge(None, presented, audience=Audience.RESIDENT, device=None, now=NOW) is Answer.REFUSE


@given(handle=st.binary(min_size=16, max_size=16), secret=st.binary(min_size=32, max_size=32))
def test_a_token_names_its_session_and_nothing_else_does(handle: bytes, secret: bytes) -> None:
    token = compose(handle, secret)
    presented = present(token)
    assert presented is not None
    assert (presented.session, presented.handle) == (session_id(handle), handle)
    assert handle.hex() not in presented.session


@given(st.text(max_size=80))
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    presented = present(text)
    assert presented is None or len(presented.handle) == 16


@given(changed=st.integers(0, 63), by=st.sampled_from("AZaz09-_"))
def test_a_changed_token_never_has_the_hash_of_the_right_one(changed: int, by: str) -> None:
    other = FIRST[:changed] + by + FIRST[changed + 1 :]
    presented, right = present(other), present(FIRST)
    assert presented is not None
    assert right is not None
    assert (presented.hash == right.hash) == (other == FIRST)


def test_a_successor_opens_only_under_its_predecessor() -> None:
    sealed = seal_successor(FIRST, SECOND, b"n" * 12)
    assert open_successor(FIRST, sealed) == SECOND
    assert SECOND.encode() not in sealed
    with pytest.raises(InvalidTag):
        open_successor(THIRD, sealed)


@pytest.mark.parametrize(
    ("audience", "level", "longest"),
    [
        (Audience.RESIDENT, AssuranceLevel.L0, timedelta(days=30)),
        (Audience.RESIDENT, AssuranceLevel.L1, timedelta(days=30)),
        (Audience.RESIDENT, AssuranceLevel.L2, timedelta(hours=24)),
        (Audience.RESIDENT, AssuranceLevel.L3C, timedelta(hours=24)),
        (Audience.VERIFIER, AssuranceLevel.L1, timedelta(hours=12)),
    ],
)
def test_the_more_a_session_opens_the_sooner_it_ends(
    audience: Audience, level: AssuranceLevel, longest: timedelta
) -> None:
    assert lifetime(audience, level).absolute == longest


def test_a_session_that_does_not_know_its_way_in_began_by_any_of_its_app() -> None:
    one, other = (
        Link(id=name, provider="wechat", appid="wx1", subject=name, resident="r1", linked_at=NOW)
        for name in ("one", "other")
    )
    elsewhere = msgspec.structs.replace(one, id="elsewhere", appid="wx2")
    links = (one, other, elsewhere)
    assert [began_by(session(), each) for each in links] == [True, True, False]
    assert [began_by(session(link="one"), each) for each in links] == [True, False, False]
