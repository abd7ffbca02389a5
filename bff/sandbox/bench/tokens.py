"""Access tokens, without a server: what it costs to know the caller, beside one bare signature check."""

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
            for who, batch in ((Who.FLOOR, desk.bare), (Who.OURS, ours)):
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
        self._scopes = cycle([self._scope(number) for number in range(_PEOPLE)])
        private = self._ring.signing().private
        message = secrets.token_bytes(600)
        signature = private.sign(message, _ES256)
        self._check: Callable[[], None] = lambda: private.public_key().verify(signature, message, _ES256)

    def bare(self) -> None:
        """A batch of signature checks."""
        for _ in range(_BATCH):
            self._check()

    def known(self) -> None:
        """A batch of requests with tokens this process remembers."""
        self._admit(self._known)

    def new(self) -> None:
        """A batch of requests whose tokens it sees for the first time."""
        self._admit(self._authenticator())

    def _admit(self, authenticator: Authenticator) -> None:
        scopes = self._scopes
        for _ in range(_BATCH):
            authorization = bearer_of(next(scopes))
            assert authorization is not None  # noqa: S101  # we put it there
            _ACCESS.admit(authenticator.identify(authorization), endings_heard=True)

    def _authenticator(self) -> Authenticator:
        return Authenticator(
            self._tokens, self._ring, env="bench", clock=lambda: datetime.now(UTC).timestamp()
        )

    def _scope(self, number: int) -> dict[str, object]:
        grant = Grant(
            audience=Audience.RESIDENT,
            subject=f"{number:032x}",
            session=f"{number:032x}",
            client="bench",
            assurance=AssuranceLevel.L2,
            scopes=frozenset({"wallet:read", "wallet:show"}),
            holder="h" * 43,
        )
        token = self._tokens.mint(grant, token_id=f"{number:032x}", now=datetime.now(UTC)).text
        headers = [(b"host", b"bench"), (b"authorization", b"Bearer " + token.encode())]
        return {"headers": headers}
