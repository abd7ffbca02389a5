"""One adapter for health certificates of others: a text, whom one trusts and a time; out comes a verdict."""

from datetime import datetime
from hashlib import blake2b
from typing import Final

from health_code.codec import hc1, nzcp, shc
from health_code.codec.certificates import Checked, Unreadable, Verdict
from health_code.codec.revocation import Revocations
from health_code.codec.trust import Trust

_UNREADABLE: Final = Checked(verdict=Verdict.UNREADABLE)
_NOTHING_REVOKED: Final = Revocations()


def verify(text: str, *, trust: Trust, at: datetime, revoked: Revocations = _NOTHING_REVOKED) -> Checked:
    """What is to be said of ``text`` at that time, whatever it is; it never raises."""
    return _verify(text, trust, revoked, at.timestamp())


def _verify(text: str, trust: Trust, revoked: Revocations, at: float) -> Checked:
    try:
        if text.startswith(hc1.PREFIX):
            return hc1.check(text, trust=trust, revoked=revoked, at=at)
        if text.startswith(nzcp.PREFIX):
            return nzcp.check(text, trust=trust, at=at)
        if shc.is_card(text):
            return shc.check(text, trust=trust, revoked=revoked, at=at)
    except Unreadable:
        pass
    return _UNREADABLE


class Desk:
    """Verifies codes, and remembers those it has seen: at a door the same one comes again and again.

    A verdict is forgotten when it turns by itself, at its ``holds_until``; when ``most`` others came since;
    and with the desk, for a change of the trust or of a list makes another one. Memory is the process's own.
    """

    def __init__(self, trust: Trust, revoked: Revocations = _NOTHING_REVOKED, *, most: int = 4_096) -> None:
        self._trust = trust
        self._revoked = revoked
        self._most = most
        self._seen: dict[bytes, Checked] = {}

    def verify(self, text: str, *, at: datetime) -> Checked:
        """What `verify` says, from memory where it stands."""
        try:
            name = blake2b(text.encode(), digest_size=16).digest()
        except UnicodeEncodeError:
            return _UNREADABLE
        now = at.timestamp()
        seen = self._seen.get(name)
        if seen is not None and seen.holds_from <= now < seen.holds_until:
            return seen
        checked = _verify(text, self._trust, self._revoked, now)
        if seen is None and len(self._seen) >= self._most:
            # The one longest there goes: a dict keeps the order in which things came.
            del self._seen[next(iter(self._seen))]
        self._seen[name] = checked
        return checked
