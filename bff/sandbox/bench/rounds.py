"""What is played, in which order: rounds, each on a stage of its own, and in each everybody in turns."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bff.sandbox.bench import codecs, delivery, health, keeper, outbox, planning, recolour
from bff.sandbox.bench import tokens as access_tokens
from bff.sandbox.bench.figures import (
    ALONE_ROWS,
    CODEC_ROWS,
    DELIVERY_ROWS,
    HEALTH_ROWS,
    HTTP_ROWS,
    MODES,
    OUTBOX_ROW,
    PAGE_ROW,
    PLAN_ROW,
    RECOLOUR_ROW,
    SESSION_ROWS,
    SHOWING_ROWS,
    STORM_ROW,
    Round,
    Sample,
    Who,
)
from bff.sandbox.bench.machine import Processors, on_processor, sync_milliseconds
from bff.sandbox.bench.stage import CONNECTIONS, Program, Stage, stage

_WARM_UP: Final = 1.0
"""At most; a hurried run warms up no longer than it measures."""
_NEW_TOKENS_A_SECOND: Final = 1_000
_HELLO: Final = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_HELLO_SAID: Final = b'"ok"'
_SHOWN: Final = b'"code":"LZ'
_GOOD: Final = b'"OK_ONLINE"'
_HEALTH_SHOWN: Final = b'"code":"SHC'
_HEALTH_CHECKED: Final = b'"OK"'
_SIGNED_IN: Final = b'"refreshToken"'
_TENFOLD: Final = 10
_SHORTEST: Final = 2.0
"""A sign-in is some ten shows: on a busy machine a shorter look may see none of them end."""
_SESSIONS_A_SECOND: Final = {"auth.login": 2_000, "auth.refresh": 6_000}
"""More than the server will want; what is left over costs only the time to prepare it."""

Told = Callable[[str], None]


class Facts(Struct, frozen=True, kw_only=True):
    """What was learnt."""

    rounds: Sequence[Round]
    processors: Processors
    sync_milliseconds: float
    tokens: int
    """Distinct access tokens ours was sent in a round, new ones aside: each costs a signature check."""
    requests: int
    """How many requests came with them, in a round."""


def steps(names: Sequence[str], rounds: int) -> int:
    """How often ``told`` will be called."""
    modes, sessions = len(_modes(names)), len(_sessions(names))
    showing, page = any(name in names for name in SHOWING_ROWS), PAGE_ROW in names
    alone = sum(name in names for name in (OUTBOX_ROW, *ALONE_ROWS))
    staged = modes + sessions + showing + page > 0
    delivery = any(name in names for name in DELIVERY_ROWS)
    return rounds * (4 * modes + 2 * sessions + 3 * showing + page + staged + alone + delivery)


def play(names: Sequence[str], *, rounds: int, seconds: float, told: Told) -> Facts:
    """Measure the rows ``names``; ``told`` hears what comes next."""
    processors = Processors.of_this_machine()
    played: list[Round] = []
    sync, tokens = 0.0, 0
    for number in range(rounds):
        samples: dict[tuple[Who, str], Sample] = {}
        modes, sessions = _modes(names), _sessions(names)
        showing = [name for name in SHOWING_ROWS if name in names]
        if modes or sessions or showing or PAGE_ROW in names:
            told(f"round {number + 1}: databases, web, worker, floor, peer, 64 residents")
            # A machine may be left with files of a server that was killed; they are in a folder for such.
            with tempfile.TemporaryDirectory(prefix="suishen-bench-", ignore_cleanup_errors=True) as folder:
                sync = sync_milliseconds(Path(folder))
                with stage(Path(folder), processors) as set_stage:
                    for mode in modes:
                        verify = f"verify.{mode}" in names
                        half = _Half(set_stage, mode, verify=verify, seconds=seconds, told=told)
                        samples |= half.play(first=number)
                    for name in sessions:
                        samples |= _Sessions(set_stage, name, seconds=seconds, told=told).play()
                    if showing:
                        samples |= _Health(set_stage, showing, seconds=seconds, told=told).play()
                    if PAGE_ROW in names:
                        told(PAGE_ROW)
                        samples |= set_stage.pages(max(seconds, _SHORTEST))
                    tokens = set_stage.crowd.tokens
        if OUTBOX_ROW in names:
            told(OUTBOX_ROW)
            samples |= outbox.measure(seconds)
        if delivered := [name for name in DELIVERY_ROWS if name in names]:
            told(", ".join(delivered))
            samples |= delivery.measure(seconds, delivered)
        for name in ALONE_ROWS:
            if name in names:
                told(name)
                with on_processor(processors.server):
                    samples |= _alone(name, seconds)
        played.append(samples)
    with_these = [
        each.answered for (who, name), each in played[-1].items() if who is Who.OURS and name in HTTP_ROWS
    ]
    return Facts(
        rounds=played,
        processors=processors,
        sync_milliseconds=sync,
        tokens=tokens,
        requests=sum(with_these),
    )


def _alone(name: str, seconds: float) -> Round:
    """A row that needs no server."""
    if name == keeper.NAME:
        return keeper.measure(seconds)
    if name == RECOLOUR_ROW:
        return recolour.measure(seconds)
    if name == PLAN_ROW:
        return planning.measure(seconds)
    if name in CODEC_ROWS:
        return codecs.measure(name, seconds)
    if name in HEALTH_ROWS:
        return health.measure(name, seconds)
    return access_tokens.measure(name, seconds)


def _modes(names: Sequence[str]) -> list[str]:
    """Modes of which anything is wanted."""
    return [mode for mode in MODES if any(f"{what}.{mode}" in names for what in ("show", "verify"))]


def _sessions(names: Sequence[str]) -> list[str]:
    """Rows about sessions of which anything is wanted."""
    return [name for name in SESSION_ROWS if name in names]


class _Sessions:
    """Signing in, or renewing: each request uses up a code or a refresh token of its own."""

    def __init__(self, on: Stage, name: str, *, seconds: float, told: Told) -> None:
        self._stage = on
        self._name = name
        self._seconds = max(seconds, _SHORTEST)
        self._warm_up = min(_WARM_UP, seconds)
        self._told = told

    def play(self) -> Round:
        """The floor, then ours until the time is up or what there is to use is used up."""
        self._told(f"floor ({self._name})")
        floor, _ = self._stage.play(
            self._stage.floor, [_HELLO], expected=_HELLO_SAID, seconds=self._seconds, warm_up=self._warm_up
        )
        self._told(f"ours ({self._name})")
        count = int(_SESSIONS_A_SECOND[self._name] * (self._seconds + self._warm_up))
        requests = self._stage.logins(count) if self._name == "auth.login" else self._stage.refreshes(count)
        ours, _ = self._stage.play(
            self._stage.ours,
            requests,
            expected=_SIGNED_IN,
            seconds=self._seconds,
            warm_up=self._warm_up,
            once=True,
        )
        return {(Who.FLOOR, self._name): floor, (Who.OURS, self._name): ours}


class _Health:
    """Showing a health code, and checking what was shown; each code is checked once."""

    def __init__(self, on: Stage, names: Sequence[str], *, seconds: float, told: Told) -> None:
        self._stage = on
        self._check = "health.check" in names
        self._storm = STORM_ROW in names
        self._seconds = seconds
        self._warm_up = min(_WARM_UP, seconds)
        self._told = told

    def play(self) -> Round:
        """The floor, ours and the peer."""
        self._told("floor (health)")
        floor, _ = self._stage.play(
            self._stage.floor, [_HELLO], expected=_HELLO_SAID, seconds=self._seconds, warm_up=self._warm_up
        )
        samples = {(Who.FLOOR, "health.show"): floor, (Who.FLOOR, "health.check"): floor}
        for who, program in ((Who.OURS, self._stage.ours), (Who.PEER, self._stage.peer)):
            self._told(f"{who} (health)")
            if program is not None:
                samples |= self._show_and_check(who, program)
        if self._storm:
            # The calm day is what the storm is held against.
            samples[Who.FLOOR, STORM_ROW] = samples[Who.OURS, "health.show"]
            with self._stage.without_mongo():
                samples[Who.OURS, STORM_ROW], _ = self._stage.play(
                    self._stage.ours,
                    self._stage.crowd.health_shows(),
                    expected=_HEALTH_SHOWN,
                    seconds=self._seconds,
                    warm_up=self._warm_up,
                    connections=_TENFOLD * CONNECTIONS,
                )
        return samples

    def _show_and_check(self, who: Who, program: Program) -> dict[tuple[Who, str], Sample]:
        crowd = self._stage.crowd
        shown, codes = self._stage.play(
            program,
            crowd.health_shows(),
            expected=_HEALTH_SHOWN,
            seconds=self._seconds,
            warm_up=self._warm_up,
            keep_codes=self._check,
        )
        samples = {(who, "health.show"): shown}
        if self._check:
            samples[who, "health.check"], _ = self._stage.play(
                program,
                crowd.health_checks(codes),
                expected=_HEALTH_CHECKED,
                seconds=self._seconds,
                warm_up=self._warm_up,
                once=True,
            )
        return samples


class _Half:
    """The part of a round that belongs to one mode."""

    def __init__(self, on: Stage, mode: str, *, verify: bool, seconds: float, told: Told) -> None:
        self._stage = on
        self._mode = mode
        self._verify = verify
        self._seconds = seconds
        self._warm_up = min(_WARM_UP, seconds)
        self._told = told
        self._samples: dict[tuple[Who, str], Sample] = {}

    def play(self, *, first: int) -> Round:
        """Everybody in turns; who begins changes, so that a machine that grows hot favours nobody."""
        turns = [self._floor, self._ours, self._uncached, self._peer]
        for number in range(len(turns)):
            turns[(first + number) % len(turns)]()
        return self._samples

    def _floor(self) -> None:
        self._told(f"floor ({self._mode})")
        sample, _ = self._stage.play(
            self._stage.floor, [_HELLO], expected=_HELLO_SAID, seconds=self._seconds, warm_up=self._warm_up
        )
        for what in ("show", "verify"):
            self._samples[Who.FLOOR, f"{what}.{self._mode}"] = sample

    def _ours(self) -> None:
        self._told(f"ours ({self._mode})")
        self._show_and_verify(Who.OURS, self._stage.ours)

    def _peer(self) -> None:
        self._told(f"peer ({self._mode})")
        if self._stage.peer is not None:
            self._show_and_verify(Who.PEER, self._stage.peer)

    def _show_and_verify(self, who: Who, program: Program) -> None:
        crowd = self._stage.crowd
        shown, codes = self._stage.play(
            program,
            crowd.shows(self._mode),
            expected=_SHOWN,
            seconds=self._seconds,
            warm_up=self._warm_up,
            keep_codes=self._verify,
        )
        self._samples[who, f"show.{self._mode}"] = shown
        if self._verify:
            # A verify does all a show does and more, so a show's time makes more codes than its own needs.
            self._samples[who, f"verify.{self._mode}"], _ = self._stage.play(
                program,
                crowd.verifies(codes),
                expected=_GOOD,
                seconds=self._seconds,
                warm_up=self._warm_up,
                once=True,
            )

    def _uncached(self) -> None:
        """Ours again, each request with a token of its own: what the cache of verified tokens hides."""
        self._told(f"ours, a new token each time ({self._mode})")
        crowd = self._stage.crowd
        count = max(64, int(_NEW_TOKENS_A_SECOND * self._seconds))
        shown, codes = self._stage.play(
            self._stage.ours,
            crowd.shows_with_new_tokens(self._mode, count),
            expected=_SHOWN,
            seconds=self._patience,
            once=True,
            keep_codes=self._verify,
        )
        self._samples[Who.UNCACHED, f"show.{self._mode}"] = shown
        if self._verify:
            self._samples[Who.UNCACHED, f"verify.{self._mode}"], _ = self._stage.play(
                self._stage.ours,
                crowd.verifies_with_new_tokens(codes),
                expected=_GOOD,
                seconds=self._patience,
                once=True,
            )

    @property
    def _patience(self) -> float:
        """These run until their tokens are used up."""
        return 10 * self._seconds + 10
