"""Places put up codes (场所码), and residents check in with them.

A check-in reads the colour that is shown and decides about a door. It writes a sealed entry of a log that is
purged, and nothing else: no evidence, no colour, no line of the audit trail that would outlive the log.

Who dies when, and what then holds:

    check in   answered only once its entry is on a stream; the answer lies beside it, both or neither
    drain      an entry leaves the stream only once it is in the log; done twice, it is there once
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Final, NoReturn, Protocol

import msgspec

from health_code.codec.venue_code import CodeKind, NotAVenueCode, VenueCode, VenueCodes
from health_code.models import Person, Snapshot
from health_code.ports import Admit, Audit, Clock, PersonalData, TimedId
from health_code.refusals import (
    PrintingNotAllowed,
    VenueCodeForged,
    VenueCodeStale,
    VenueCodeWithdrawn,
    VenueUnknown,
)
from health_code.rules.divisions import check_division
from health_code.rules.documents import Colour
from health_code.rules.venues import (
    Denial,
    Fault,
    denial_of,
    fault_of,
    good_until,
    window_end,
    window_of,
)
from health_code.settings import HealthSettings
from health_code.showing import Showing
from health_code.store.venues import CheckInStream, VenueStore
from health_code.venue_models import CheckedIn, Venue
from miniapp_schemas import health_venues as wire
from miniapp_schemas.base import Page, Text
from miniapp_schemas.refusals import Refusal

STREAM_CONTEXT: Final = b"venue-checkin"
FORGED: Final = "forged"
"""Where refusals are counted whose code names no venue that could be believed."""

_encode: Final = msgspec.json.Encoder().encode
_pack: Final = msgspec.msgpack.Encoder().encode
_decode_receipt: Final = msgspec.json.Decoder(wire.CheckInReceipt).decode
_FAULTS: Final[dict[Fault, type[Refusal]]] = {
    Fault.STALE: VenueCodeStale,
    Fault.WITHDRAWN: VenueCodeWithdrawn,
}
_DENIALS: Final = {
    Denial.COLOUR_NOT_ADMITTED: Text(
        zh="本场所不接纳此码色，健康码未因此改变",
        en="This venue does not admit this colour. The code is as it was.",
    ),
    Denial.COLOUR_UNKNOWN: Text(
        zh="码色暂时未知，请先打开健康码",
        en="The colour is not known at the moment; open the health code first.",
    ),
}
_PRINTED: Final = Text(
    zh="纸质码不会变化，被拍照转发后可在任何地方登记，仅在无法使用屏幕时张贴；重新打印后旧码即停用。",
    en="A printed code never changes: a forwarded picture of it checks in from anywhere. Use a screen where "
    "there can be one. Printing again withdraws this one.",
)


class Meter(Protocol):
    """What is counted of check-ins."""

    def refused(self, code: str) -> None:
        """A code was refused."""

    def alarmed(self) -> None:
        """An alarm was raised."""


class Venues:
    """Registers places, makes their codes, and lets residents check in."""

    def __init__(
        self,
        *,
        venues: VenueStore,
        stream: CheckInStream,
        snapshot: Callable[[str], Awaitable[Snapshot | None]],
        showing: Showing,
        codes: VenueCodes,
        personal: PersonalData,
        admit: Admit,
        audit: Audit,
        meter: Meter,
        clock: Clock,
        timed_id: TimedId,
        settings: HealthSettings,
    ) -> None:
        self._venues = venues
        self._stream = stream
        self._snapshot = snapshot
        self._showing = showing
        self._codes = codes
        self._personal = personal
        self._admit = admit
        self._audit = audit
        self._meter = meter
        self._clock = clock
        self._timed_id = timed_id
        self._per_person = settings.checkins_per_minute
        self._per_print = settings.printed_checkins_per_minute
        self._alarm_at = settings.venue_alarm_people

    @property
    def streams(self) -> list[str]:
        """The streams of check-ins, for the drain."""
        return self._stream.streams

    # --- clerks ----------------------------------------------------------------------------------

    async def register(self, clerk: Person, asked: wire.RegisterVenue) -> wire.Venue:
        """Register a place of the clerk's organisation."""
        check_division(asked.division)
        now = self._clock()
        venue = Venue(
            id=self._timed_id(now).replace("-", ""),
            organisation=clerk.organisation,
            name_zh=asked.name_zh,
            name_en=asked.name_en,
            division=asked.division,
            kind=asked.kind,
            admits=tuple(sorted({Colour(name) for name in asked.admits})),
            printed_codes=asked.printed_codes,
            registered_by=clerk.id,
            registered_at=now,
        )
        await self._audit(
            "venue.registered",
            at=now,
            actor=clerk.id,
            subject=venue.id,
            outcome="ok",
            facts={"organisation": clerk.organisation, "admits": " ".join(venue.admits)},
        )
        await self._venues.add(venue)
        return _as_venue(venue)

    async def listed(self, clerk: Person, *, before: str | None, limit: int) -> Page[wire.Venue]:
        """The venues of the clerk's organisation, newest first."""
        found = await self._venues.of(clerk.organisation, before=before, limit=limit + 1)
        more = found[limit - 1].id if len(found) > limit else None
        return Page(items=[_as_venue(each) for each in found[:limit]], next_cursor=more)

    async def display(self, clerk: Person, venue_id: str) -> wire.VenueCode:
        """This minute's code, for the venue's screen."""
        venue = await self._own(clerk, venue_id)
        window = window_of(self._clock())
        return wire.VenueCode(
            venue_id=venue.id,
            kind=CodeKind.DISPLAYED.value,
            code=self._codes.make(VenueCode(CodeKind.DISPLAYED, venue.id, window)),
            expires_at=good_until(window),
            next_at=window_end(window),
        )

    async def print(self, clerk: Person, venue_id: str) -> wire.VenueCode:
        """A code for paper, which withdraws the one printed before; only where it was registered so."""
        if not (await self._own(clerk, venue_id)).printed_codes:
            raise PrintingNotAllowed
        venue = await self._venues.print_anew(venue_id)
        if venue is None:
            raise VenueUnknown
        await self._audit(
            "venue.printed",
            at=self._clock(),
            actor=clerk.id,
            subject=venue.id,
            outcome="ok",
            facts={"printing": str(venue.prints)},
        )
        return wire.VenueCode(
            venue_id=venue.id,
            kind=CodeKind.PRINTED.value,
            code=self._codes.make(VenueCode(CodeKind.PRINTED, venue.id, venue.prints)),
            notice=_PRINTED,
        )

    async def _own(self, clerk: Person, venue_id: str) -> Venue:
        venue = await self._venues.get(venue_id)
        if venue is None or venue.organisation != clerk.organisation:
            raise VenueUnknown
        return venue

    # --- residents -------------------------------------------------------------------------------

    async def check_in(
        self, subject: str, asked: wire.CheckIn, *, phone: str, acting: bool
    ) -> wire.CheckInReceipt:
        """Check ``subject`` in, whose code ``phone`` scanned, and say whether they may enter.

        The same request again is the same check-in, and is told the same also when the code is over by then.
        """
        admitted = self._admit("venue-checkin", phone, per_minute=self._per_person, burst=self._per_person)
        request = sha256(f"{subject}|{asked.request_id}|{asked.code}".encode()).hexdigest()
        answered = self._stream.answered(request)
        await admitted
        if (kept := await answered) is not None:
            return self._receipt(kept, request)
        now = self._clock()
        venue, code = await self._scanned(asked.code, phone, now)
        if code.kind is CodeKind.PRINTED:
            await self._admit("venue-printed", venue.id, per_minute=self._per_print, burst=self._per_print)
        colour = self._shown(await self._snapshot(subject), now)
        denial = denial_of(colour, venue.admits)
        receipt = wire.CheckInReceipt(
            verdict="PASS" if denial is None else "DENY",
            venue_id=venue.id,
            venue=Text(zh=venue.name_zh, en=venue.name_en),
            code_kind=code.kind.value,
            colour=colour.value,
            at=now,
            reason=None if denial is None else denial.value,
            detail=None if denial is None else _DENIALS[denial],
        )
        checked = CheckedIn(
            id=self._timed_id(now),
            venue=venue.id,
            division=venue.division,
            subject=subject,
            by=phone if acting else None,
            at=now,
            kind=code.kind,
            admitted=denial is None,
        )
        kept = await self._stream.note(
            request,
            answer=self._personal.seal(_encode(receipt), request.encode()),
            checkin=self._personal.seal(_pack(checked), STREAM_CONTEXT),
        )
        return self._receipt(kept, request)

    async def _scanned(self, text: str, phone: str, now: datetime) -> tuple[Venue, VenueCode]:
        """The venue whose good code ``text`` is, or a refusal, which is counted."""
        try:
            code = self._codes.read(text.strip())
        except NotAVenueCode:
            await self._refuse(VenueCodeForged(), FORGED, phone, now)
        venue = await self._venues.get(code.venue)
        if venue is None:
            await self._refuse(VenueUnknown(), FORGED, phone, now)
        fault = fault_of(code, prints=venue.prints if venue.printed_codes else 0, now=now)
        if fault is not None:
            await self._refuse(_FAULTS[fault](), venue.id, phone, now)
        return venue, code

    async def _refuse(self, refusal: Refusal, place: str, phone: str, now: datetime) -> NoReturn:
        """Refuse, and raise an alarm where many people are refused: a picture is being handed round."""
        self._meter.refused(refusal.code)
        person = self._personal.pseudonym("venue-refused", phone)
        if await self._stream.refused(place, person, alarm_at=self._alarm_at):
            # Recorded before it is noted as raised: who dies in between raises it twice, and not never.
            await self._audit(
                "venue.alarm",
                at=now,
                actor="venues",
                subject=place,
                outcome=refusal.code,
                facts={"people": str(self._alarm_at), "minutes": "10"},
            )
            self._meter.alarmed()
            await self._stream.raised(place)
        raise refusal

    def _receipt(self, kept: bytes, request: str) -> wire.CheckInReceipt:
        return _decode_receipt(self._personal.open(kept, request.encode()))

    def _shown(self, snapshot: Snapshot | None, now: datetime) -> Colour:
        # Nobody is judged here: who has no code yet has no colour.
        return Colour.GREY if snapshot is None else self._showing.colour(snapshot, now)


def _as_venue(venue: Venue) -> wire.Venue:
    return wire.Venue(
        id=venue.id,
        name=Text(zh=venue.name_zh, en=venue.name_en),
        division=venue.division,
        kind=msgspec.convert(venue.kind, wire.VenueKind),
        admits=[colour.value for colour in venue.admits],
        printed_codes=venue.printed_codes,
        registered_at=venue.registered_at,
    )
