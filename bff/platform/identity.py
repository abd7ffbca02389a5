"""Who is calling: ``Authorization: Bearer`` to ``Principal``.

Verifying a signature takes 50 µs, as long as two trivial requests, and the same token arrives many
times in its ten minutes. So verified tokens are remembered, and a remembered token is believed only
while nothing could have changed our mind. What forgets it, and how fast:

    its own end             at once: compared at every use
    its session's ending    within 1 s in every process: a Redis stream names ended sessions, and every
                            process waits on it; a process that was cut off goes on where it was
    its grant's ending      the same, while acting for somebody: the stream names ended grants as well
    a key leaving the ring  when the ring is next looked at, 2 s: another generation, another cache
    too many tokens         the oldest first

With Redis away no endings arrive, ``listening`` is not set, and a remembered token might belong to a session
that just ended. What only reads and asks for no real name goes on; the rest waits (``guards.Access``).
"""

import asyncio
import hmac
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct

from auth_bridges.models import Acting, Grant
from auth_bridges.refusals import GrantNotInForce, SignInRequired
from auth_bridges.tokens import LEEWAY, LONGEST, AccessTokens, TokenRefused
from miniapp_schemas.assurance import AssuranceLevel

_log: Final = logging.getLogger(__name__)
_LEEWAY: Final = LEEWAY.total_seconds()


class Principal(Struct, frozen=True, kw_only=True):
    """Who is calling, as their access token says.

    ``subject`` is always who holds the phone; while they are acting for somebody, ``holder`` is that
    somebody's and ``acting`` says by which grant.
    """

    subject: str
    audience: str
    session: str
    assurance: AssuranceLevel
    scopes: frozenset[str]
    holder: str | None = None
    organisation: str | None = None
    organisation_name: str | None = None
    clerk_number: str | None = None
    scenes: frozenset[str] = frozenset()
    acting: Acting | None = None
    auth_time: datetime | None = None
    methods: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    env: str

    @classmethod
    def of(cls, grant: Grant, *, env: str) -> "Principal":
        """The bearer of a verified ``grant``."""
        return cls(
            subject=grant.subject,
            audience=grant.audience.value,
            session=grant.session,
            assurance=grant.assurance,
            scopes=grant.scopes,
            holder=grant.holder,
            organisation=grant.organisation,
            organisation_name=grant.organisation_name,
            clerk_number=grant.clerk_number,
            scenes=grant.scenes,
            acting=grant.acting,
            auth_time=grant.auth_time,
            methods=grant.methods,
            types=grant.types,
            env=env,
        )


class EndedSessions(Protocol):
    """The stream of ended sessions."""

    async def since(self, position: str, *, wait: bool = True) -> tuple[str, Sequence[str]]:
        """Sessions ended after ``position``, and the position after them; waits a second at most."""


class KeyGeneration(Protocol):
    """What tells that the keys have changed."""

    generation: int


class _Remembered(NamedTuple):
    principal: Principal
    ends: float


class Authenticator:
    """Turns the value of an ``Authorization`` header into a ``Principal``.

    A remembered token costs a microsecond, a new one a signature check. Holds tokens as keys of a
    dictionary, in memory only.
    """

    def __init__(
        self,
        tokens: AccessTokens,
        keys: KeyGeneration,
        *,
        env: str,
        clock: Callable[[], float],
        ops_token: str | None = None,
        capacity: int = 50_000,
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._env = env
        self._clock = clock
        self._ops_token = None if ops_token is None else ops_token.encode()
        self._capacity = capacity
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._generation = keys.generation
        self._ended: dict[str, float] = {}
        self.heard_at: float | None = None
        self.listening = asyncio.Event()
        """Set while endings are heard of; at most three seconds behind."""

    def identify(self, authorization: bytes) -> Principal:
        """Who presents ``authorization``, or ``SignInRequired``."""
        now = self._clock()
        if self._keys.generation != self._generation:
            self._generation = self._keys.generation
            self._remembered.clear()
        known = self._remembered.get(authorization)
        if known is None:
            known = self._verify(authorization, now)
        principal = known.principal
        if now >= known.ends or principal.session in self._ended:
            self._remembered.pop(authorization, None)
            raise SignInRequired
        if principal.acting is not None and principal.acting.grant in self._ended:
            # The session goes on: whoever acted is still signed in as themselves.
            raise GrantNotInForce
        return principal

    def end(self, name: str) -> None:
        """Believe no token of the session, or by the grant, called ``name`` any more."""
        # Once the last such token has ended by itself the note is of no use.
        self._ended[name] = self._clock() + (LONGEST + LEEWAY).total_seconds()

    async def follow(self, ended: EndedSessions) -> None:
        """Learn of ended sessions for ever; cancel to stop. Outages are waited out."""
        position = "0-0"
        # Python 3.11's wait_for, which the Redis client sends by, can swallow a cancellation that comes
        # as the sending ends (python/cpython#86296); asked here, the task ends a second later instead
        # of never.
        while not _is_cancelled():
            try:
                # Not waiting the first time: until it is answered, what matters is refused.
                position, sessions = await ended.since(position, wait=self.listening.is_set())
            except Exception:  # noqa: BLE001 - whatever it is, forgetting to listen would be worse
                if self.heard_at is not None:
                    _log.warning("ended sessions are not being heard of", exc_info=True)
                self.heard_at = None
                self.listening.clear()
                await asyncio.sleep(0.1)
                continue
            self.heard_at = self._clock()
            self.listening.set()
            for session in sessions:
                self.end(session)
            self._forget_old_endings()

    def _verify(self, authorization: bytes, now: float) -> _Remembered:
        scheme, _, text = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise SignInRequired
        if self._ops_token is not None and hmac.compare_digest(text, self._ops_token):
            return _Remembered(principal=_operator(self._env), ends=math.inf)
        try:
            verified = self._tokens.verify_at(text, now)
        except TokenRefused as refused:
            _log.debug("token refused: %s", refused)
            raise SignInRequired from None
        if len(self._remembered) >= self._capacity:
            self._remembered.popitem(last=False)
        known = _Remembered(
            principal=Principal.of(verified.grant, env=self._env),
            ends=verified.ends + _LEEWAY,
        )
        self._remembered[authorization] = known
        return known

    def _forget_old_endings(self) -> None:
        # Insertion order is order of ending, so the old ones are in front.
        now = self._clock()
        for session, until in list(self._ended.items()):
            if until > now:
                break
            del self._ended[session]


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _operator(env: str) -> Principal:
    """Who holds the metrics token: a machine, with no session and no rights elsewhere."""
    return Principal(
        subject="ops", audience="ops", session="", assurance=AssuranceLevel.L0, scopes=frozenset(), env=env
    )


def bearer_of(scope: Mapping[str, Any]) -> bytes | None:
    """The ``Authorization`` header of a request, untouched; None unless there is exactly one."""
    found = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if found is not None:
                return None
            found = value
    return found
