"""The log of check-ins: sealed under a key a day and division, and purged with it.

    absorb   what the streams hold goes into the log, each entry sealed under its day's key
    purge    a day that is over for long enough loses its key, then its entries, and a proof is signed

A purge that dies is gone on with where it was: the key's destruction and what it took along are one write,
and everything after it may be done twice.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from health_code.codec import checkin_seal
from health_code.ports import Audit, Chance, Clock, PersonalData
from health_code.rules.instants import whole
from health_code.rules.venues import Retention, day_of, last_day_to_purge
from health_code.store.checkins import CheckInLog, DayKeyStore, PurgeStore, key_id
from health_code.venue_models import CheckedIn, DayKey, LoggedCheckIn, Purge, PurgeRecord, Who
from health_code.venues import STREAM_CONTEXT
from miniapp_schemas.base import Page
from miniapp_schemas.health_venues import PurgeProof

PROOF_TYPE: Final = "checkin-purge+jwt"
Sign = Callable[[str, bytes], str]
"""Signs a payload as a compact JWS under a ``typ``."""

_log: Final = structlog.get_logger(__name__)
_pack: Final = msgspec.msgpack.Encoder().encode
_encode: Final = msgspec.json.Encoder().encode
_unpack_checked: Final = msgspec.msgpack.Decoder(CheckedIn).decode
_unpack_who: Final = msgspec.msgpack.Decoder(Who).decode


class PurgeStatement(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a proof of purge says; ``ids`` is the SHA-256 of the deleted entries' sorted ids, a line each."""

    division: str
    day: str
    count: int
    ids: str
    days_kept: int
    purged_at: datetime


class Found(Struct, frozen=True, kw_only=True):
    """A check-in read from the log."""

    id: str
    at: datetime
    who: Who


class CheckInBook:
    """Writes, reads and purges the log."""

    def __init__(
        self,
        *,
        log: CheckInLog,
        keys: DayKeyStore,
        purges: PurgeStore,
        personal: PersonalData,
        retention: Retention,
        sign: Sign,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._log = log
        self._keys = keys
        self._purges = purges
        self._personal = personal
        self._retention = retention
        self._sign = sign
        self._audit = audit
        self._clock = clock
        self._chance = chance

    # --- write -----------------------------------------------------------------------------------

    async def absorb(self, entries: Sequence[bytes]) -> None:
        """Keep what the streams held; an entry that is there already is the same one."""
        checked = [_unpack_checked(self._personal.open(entry, STREAM_CONTEXT)) for entry in entries]
        days = {(each.division, _day(each.at)) for each in checked}
        # Asked for each batch and kept by nobody: a key in some process's memory would outlive its purge.
        keys = {day: await self._writing(*day) for day in days}
        now = self._clock()
        await self._log.add(
            [
                self._sealed(each, key, now)
                for each in checked
                if (key := keys[each.division, _day(each.at)]) is not None
            ]
        )

    async def _writing(self, division: str, day: str) -> bytes | None:
        """The key of a day, made now if it has none; None if it was destroyed: that day is over."""
        key = await self._keys.get(division, day)
        if key is None:
            name = key_id(division, day)
            fresh = self._personal.seal(self._chance(checkin_seal.KEY), _wrapping(name))
            key = await self._keys.made(
                DayKey(id=name, division=division, day=day, wrapped=fresh, made_at=self._clock())
            )
        return self._unwrapped(key)

    def _sealed(self, checked: CheckedIn, key: bytes, now: datetime) -> LoggedCheckIn:
        who = Who(subject=checked.subject, by=checked.by, kind=checked.kind, admitted=checked.admitted)
        nonce = self._chance(checkin_seal.NONCE)
        return LoggedCheckIn(
            id=checked.id,
            place=self._place(checked.venue, _day(checked.at)),
            division=checked.division,
            day=_day(checked.at),
            at=checked.at,
            kept_at=now,
            sealed=checkin_seal.seal(key, nonce, _pack(who), checked.id),
        )

    # --- read ------------------------------------------------------------------------------------

    async def at(
        self,
        venue: str,
        division: str,
        *,
        since: datetime,
        until: datetime,
        kept_by: datetime,
        before: str | None,
        limit: int,
    ) -> list[Found]:
        """Who checked in at ``venue`` in a range, as the log knew it at ``kept_by``, newest first.

        Only for whoever two people of two organisations let ask.
        """
        days = [
            date.fromordinal(number).isoformat()
            for number in range(day_of(since).toordinal(), day_of(until).toordinal() + 1)
        ]
        found = await self._log.at(
            [self._place(venue, day) for day in days],
            since=since,
            until=until,
            kept_by=kept_by,
            before=before,
            limit=limit,
        )
        keys: dict[str, bytes | None] = {}
        for day in {each.day for each in found}:
            of_day = await self._keys.get(division, day)
            keys[day] = None if of_day is None else self._unwrapped(of_day)
        return [
            Found(
                id=each.id,
                at=each.at,
                who=_unpack_who(checkin_seal.unseal(key, each.sealed, each.id)),
            )
            for each in found
            # A purge under way has the key before it has the entries.
            if (key := keys[each.day]) is not None
        ]

    # --- purge -----------------------------------------------------------------------------------

    async def purge(self) -> int:
        """Purge every day that is due and prove it; how many days that were."""
        now = self._clock()
        due = [
            key
            for key in await self._keys.unproved()
            if date.fromisoformat(key.day) <= last_day_to_purge(now, self._retention.days(key.division))
        ]
        for key in due:
            await self._purge(key, now)
        return len(due)

    async def _purge(self, key: DayKey, now: datetime) -> None:
        purge = key.purge
        if purge is None:
            count, ids = await self._log.tally(key.division, key.day)
            days_kept = self._retention.days(key.division)
            noted = Purge(count=count, hash=ids, at=whole(now), days_kept=days_kept)
            # Another ticker may have been faster: what was noted first is what is proved.
            purge = (await self._keys.destroy(key, noted)).purge or noted
        await self._log.delete(key.division, key.day)
        statement = PurgeStatement(
            division=key.division,
            day=key.day,
            count=purge.count,
            ids=purge.hash,
            days_kept=purge.days_kept,
            purged_at=purge.at,
        )
        record = PurgeRecord(
            id=key.id,
            division=key.division,
            day=key.day,
            purge=purge,
            proof=self._sign(PROOF_TYPE, _encode(statement)),
        )
        await self._audit(
            "checkins.purged",
            at=now,
            actor="schedule",
            subject=key.id,
            outcome="ok",
            facts={"count": str(purge.count), "ids": purge.hash, "daysKept": str(purge.days_kept)},
        )
        await self._purges.add(record)
        await self._keys.proved(key)
        _log.info("checkins.purged", division=key.division, day=key.day, count=purge.count)

    async def proofs(self, *, before: str | None, limit: int) -> Page[PurgeProof]:
        """Proofs of purge, the latest day first."""
        found = await self._purges.listed(before=before, limit=limit + 1)
        more = found[limit - 1].id if len(found) > limit else None
        return Page(items=[_as_proof(each) for each in found[:limit]], next_cursor=more)

    def _unwrapped(self, key: DayKey) -> bytes | None:
        return None if key.wrapped is None else self._personal.open(key.wrapped, _wrapping(key.id))

    def _place(self, venue: str, day: str) -> str:
        return self._personal.pseudonym("venue-day", f"{venue}|{day}")


def _as_proof(record: PurgeRecord) -> PurgeProof:
    return PurgeProof(
        division=record.division,
        day=record.day,
        count=record.purge.count,
        purged_at=record.purge.at,
        proof=record.proof,
    )


def _day(at: datetime) -> str:
    return day_of(at).isoformat()


def _wrapping(name: str) -> bytes:
    return f"checkin-key:{name}".encode()
