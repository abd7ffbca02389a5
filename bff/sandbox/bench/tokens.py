"""Access tokens, without a server: what it costs to know the caller, beside one bare signature check.

What a protected route costs over an open one: finding the header, knowing whose it is, revocations
included, and admitting them. Requests are made beforehand, as the server's parser would have just done,
so that their bytes are fresh: nobody has hashed them yet.
"""

import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import AccessTokens
from bff.platform.guards import Access
from bff.platform.identity import Authenticator, bearer_of
from bff.platform.keys import KeyRing, create
from bff.sandbox.bench.figures import Round, Sample, Who
from miniapp_schemas.assurance import AssuranceLevel

_ES256: Final = ec.ECDSA(hashes.SHA256())
_BATCH: Final = 64
_PEOPLE: Final = 1_024
_ACCESS: Final = Access.of({"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "wallet:show"})


def measure(name: str, seconds: float) -> Round:
    """One round of ``auth.known`` or ``auth.new``: ours and a bare ES256 verification in turns."""
    with tempfile.TemporaryDirectory(prefix="suishen-bench-") as folder:
        desk = _Desk(Path(folder))
        ours = desk.known if name == "auth.known" else desk.new
        done = dict.fromkeys((Who.FLOOR, Who.OURS), 0)
        took = dict.fromkeys((Who.FLOOR, Who.OURS), 0.0)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for who, prepared in ((Who.FLOOR, desk.bare), (Who.OURS, ours)):
                batch = prepared()
                start = time.perf_counter()
                batch()
                took[who] += time.perf_counter() - start
                done[who] += _BATCH
    return {(who, name): Sample(rate=done[who] / took[who], answered=done[who]) for who in done}


class _Desk:
    """Where callers are known by their tokens, as in the web process: revocations and level included."""

    def __init__(self, folder: Path) -> None:
        create(folder, "bench")
        self._ring = KeyRing(folder)
        self._tokens = AccessTokens(
            self._ring, issuer="https://bench", environment="bench", lifetime=timedelta(minutes=10)
        )
        self._known = self._authenticator()
        self._tokens_of_all = cycle([self._token(number) for number in range(_PEOPLE)])
        key = self._ring.signing()
        message = secrets.token_bytes(600)
        signature = key.private.sign(message, _ES256)
        self._check: Callable[[], None] = lambda: key.public.verify(signature, message, _ES256)
        for _ in range(0, _PEOPLE, _BATCH):
            self.known()()

    def bare(self) -> Callable[[], None]:
        """A batch of signature checks."""

        def check() -> None:
            for _ in range(_BATCH):
                self._check()

        return check

    def known(self) -> Callable[[], None]:
        """A batch of requests with tokens this process remembers."""
        return self._admitting(self._known)

    def new(self) -> Callable[[], None]:
        """A batch of requests whose tokens it sees for the first time."""
        return self._admitting(self._authenticator())

    def _admitting(self, authenticator: Authenticator) -> Callable[[], None]:
        scopes = [self._scope(next(self._tokens_of_all)) for _ in range(_BATCH)]

        def admit() -> None:
            for scope in scopes:
                authorization = bearer_of(scope)
                assert authorization is not None  # noqa: S101  # we put it there
                _ACCESS.admit(authenticator.identify(authorization), endings_heard=True)

        return admit

    def _authenticator(self) -> Authenticator:
        return Authenticator(self._tokens, self._ring, env="bench", clock=time.time)

    def _scope(self, token: str) -> dict[str, object]:
        return {
            "headers": [
                (b"host", b"bench"),
                (b"user-agent", b"bench"),
                (b"accept", b"application/json"),
                (b"authorization", b"Bearer " + token.encode()),
            ]
        }

    def _token(self, number: int) -> str:
        grant = Grant(
            audience=Audience.RESIDENT,
            subject=f"{number:032x}",
            session=f"{number:032x}",
            client="bench",
            assurance=AssuranceLevel.L2,
            scopes=frozenset({"wallet:read", "wallet:show"}),
            holder="h" * 43,
        )
        return self._tokens.mint(grant, token_id=f"{number:032x}", now=datetime.now(UTC)).text
