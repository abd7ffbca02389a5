"""The wallet's use cases: see one's certificates, show one, verify a shown one, see who looked.

Who dies when, and what then holds:

    show     the code is answered only once its open record is in Redis; no record, no use
    verify   one script uses the code up and puts the usage record on a stream, both or neither; the
             answer is kept with it, so a clerk whose reply was lost asks again and is told the same
    drain    a usage record leaves the stream only once it is in MongoDB; done twice, it is there once
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, TypeVar

import msgspec

from miniapp_schemas import wallet as wire
from miniapp_schemas.base import Page
from miniapp_schemas.keys import JsonWebKeySet
from miniapp_schemas.wallet import PresentationMode, Verdict
from wallet import views
from wallet.codec import lz1
from wallet.codec.errors import KeyUnknown, Tampered, TooLong, Unreadable
from wallet.codec.keys import KeySet
from wallet.issuers.base import CredentialType, Registry, Scene
from wallet.models import (
    Checked,
    Deputy,
    OpenPresentation,
    Requester,
    Secrets,
    Showable,
    Shown,
    Usage,
    WalletEvent,
)
from wallet.ports import Admit, Keys, PersonalData
from wallet.refusals import CredentialUnknown, PresentationUnknown
from wallet.rules.advice import advice_for, is_good
from wallet.rules.claims import pack
from wallet.rules.disclosure import disclose
from wallet.rules.presentation import Opening, Scan, judge, open_presentation, time_verdict
from wallet.rules.validity import SHANGHAI, status_at
from wallet.sealing import open_secrets
from wallet.settings import WalletSettings
from wallet.store import Burn, CredentialStore, PresentationStore, UsageStore, unpack_event
from wallet.views import page

Held = TypeVar("Held", bound=Showable)

_TOKEN_BYTES: Final = {PresentationMode.SIGNED: 12, PresentationMode.OPAQUE: 16}
_SHIFT: Final = timedelta(hours=12)
# Alphanumeric characters of QR version 13 at ECC M: 69 modules a side, near a millimetre each on a phone
# (docs/adr/0022-how-dense-a-code-may-be.md).
_DENSEST: Final = 483
_pack_json: Final = msgspec.json.Encoder().encode
_unpack_answer: Final = msgspec.json.Decoder(wire.Verification).decode


class _Scanned(NamedTuple):
    """A scanned text in the form of one of our codes; a signed one is not believed yet."""

    presentation: str
    mode: PresentationMode
    signed: lz1.Parts | None
    digest: bytes | None


class Wallet:
    """What residents do with their certificates, and clerks with the codes they are shown."""

    def __init__(
        self,
        *,
        credentials: CredentialStore,
        usages: UsageStore,
        presentations: PresentationStore,
        registry: Registry,
        keys: Keys,
        personal: PersonalData,
        admit: Admit,
        clock: Callable[[], datetime],
        chance: Callable[[int], bytes],
        timed_id: Callable[[datetime], str],
        settings: WalletSettings,
    ) -> None:
        self._credentials = credentials
        self._usages = usages
        self._presentations = presentations
        self._registry = registry
        self._keys = keys
        self._personal = personal
        self._admit = admit
        self._clock = clock
        self._chance = chance
        self._timed_id = timed_id
        self._issuer_number = settings.issuer_number
        self._window = timedelta(seconds=settings.window_seconds)
        self._skew = timedelta(seconds=settings.skew_seconds)
        self._kept = timedelta(seconds=settings.kept_seconds)

    # --- list and read ---------------------------------------------------------------------------

    async def credentials(self, keeper: str, *, after: str | None, limit: int) -> Page[wire.Credential]:
        """The certificates in one wallet, the last issued first."""
        found = await self._credentials.kept_by(keeper, after=after, limit=limit + 1)
        now = self._clock()
        return page([views.summary(one, self._registry, now=now) for one in found[:limit]], found, limit)

    async def credential(self, keeper: str, credential_id: str) -> wire.CredentialDetail:
        """One certificate of a wallet with its fields."""
        credential = _owned(keeper, await self._credentials.get(credential_id))
        return views.detail(credential, self._secrets(credential), self._registry, now=self._clock())

    async def usages(self, keeper: str, *, before: str | None, limit: int) -> Page[wire.UsageRecord]:
        """Who used the certificates of a wallet, newest first."""
        found = await self._usages.of_keeper(keeper, before=before, limit=limit + 1)
        return page([views.usage_record(one, self._registry) for one in found[:limit]], found, limit)

    async def checks(self, by: Requester, *, before: str | None, limit: int) -> Page[wire.CheckRecord]:
        """What a clerk checked in the last twelve hours, newest first."""
        since = self._timed_id(self._clock() - _SHIFT)
        found = await self._usages.of_clerk(by.clerk, since=since, before=before, limit=limit + 1)
        return page([views.check_record(one, self._registry) for one in found[:limit]], found, limit)

    # --- show ------------------------------------------------------------------------------------

    async def show(
        self, keeper: str, asked: wire.ShowCredential, *, deputy: Deputy | None = None
    ) -> wire.PresentationTicket:
        """Open a one-time code (亮证), or refuse; ``deputy`` shows it in the keeper's name."""
        credential = _owned(keeper, await self._credentials.showable(asked.credential_id))
        now = self._clock()
        of = self._registry.type(credential.type)
        scene = self._registry.scene(asked.scene)
        opening = open_presentation(
            of,
            scene,
            views.standing_of(credential),
            requested=asked.claims,
            now=now,
            window=self._window,
        )
        secret, code, mode = self._code(credential, of, scene, opening, now)
        presentation = OpenPresentation(
            id=lz1.presentation_id(secret),
            credential=credential.id,
            presenter=keeper,
            scene=scene.code,
            claims=opening.claims,
            mode=mode,
            issued_at=opening.issued_at.timestamp(),
            expires_at=opening.expires_at.timestamp(),
            deputy=deputy,
            digest=_digest(code) if mode is PresentationMode.SIGNED else None,
        )
        shown = Shown(
            id=self._timed_id(now),
            at=now,
            presentation=presentation.id,
            credential=credential.id,
            presenter=keeper,
            scene=scene.code,
            claims=opening.claims,
            deputy=deputy,
        )
        keep = opening.expires_at - now + self._kept
        await self._presentations.open(presentation, shown, keep_ms=int(keep.total_seconds() * 1000))
        return wire.PresentationTicket(
            presentation_id=presentation.id,
            code=code,
            mode=mode,
            scene=scene.code,
            claims=list(opening.claims),
            issued_at=opening.issued_at,
            expires_at=opening.expires_at,
        )

    def _code(
        self, credential: Showable, of: CredentialType, scene: Scene, opening: Opening, now: datetime
    ) -> tuple[bytes, str, PresentationMode]:
        """A code's secret, the code, and its mode: opaque where policy says so, or a phone could not show it.

        Names and addresses may be long, and a QR that a cheap camera cannot read helps nobody.
        """
        if opening.mode is PresentationMode.SIGNED:
            secret = self._chance(_TOKEN_BYTES[PresentationMode.SIGNED])
            today = now.astimezone(SHANGHAI).date()
            values = disclose(of, opening.claims, self._secrets(credential).claims, on=today)
            envelope = lz1.Envelope(
                issuer=self._issuer_number,
                issued_at=int(opening.issued_at.timestamp()),
                expires_at=int(opening.expires_at.timestamp()),
                token_id=secret,
                status=(credential.status_list, credential.status_index),
                scene=scene.id,
                type=of.id,
                claims=pack(of, values),
            )
            with suppress(TooLong):
                code = lz1.mint(envelope, key=self._keys.signing())
                if len(code) <= _DENSEST:
                    return secret, code, PresentationMode.SIGNED
        secret = self._chance(_TOKEN_BYTES[PresentationMode.OPAQUE])
        return secret, lz1.mint_opaque(secret), PresentationMode.OPAQUE

    async def progress(self, keeper: str, presentation_id: str) -> wire.PresentationProgress:
        """What became of a shown code; the use is there the moment the clerk has the answer."""
        followed = await self._presentations.follow(presentation_id)
        presentation = followed.presentation
        if presentation is None or presentation.presenter != keeper:
            raise PresentationUnknown
        if followed.used is not None:
            return wire.PresentationProgress(
                presentation_id=presentation_id,
                state=wire.PresentationState.USED,
                used=views.usage_record(followed.used, self._registry),
            )
        is_open = followed.open and self._clock().timestamp() < presentation.expires_at
        return wire.PresentationProgress(
            presentation_id=presentation_id,
            state=wire.PresentationState.OPEN if is_open else wire.PresentationState.ENDED,
        )

    async def withdraw(self, keeper: str, presentation_id: str) -> None:
        """End a shown code now; no-op if it ended already."""
        presentation = (await self._presentations.follow(presentation_id)).presentation
        if presentation is None or presentation.presenter != keeper:
            raise PresentationUnknown
        await self._presentations.withdraw(presentation_id)

    # --- verify ----------------------------------------------------------------------------------

    async def verify(self, by: Requester, asked: wire.Verify) -> wire.Verification:
        """Judge a scanned code and, if it is good, use it up: exactly one such answer a code.

        The clerk who got it may ask again with the same request id and is told the same; nothing but
        OK_ONLINE uses a code up.
        """
        admitted = self._admit(by.organisation, by.clerk)
        now = self._clock()
        scanned = self._scan(asked.code)
        if isinstance(scanned, Verdict):
            await admitted
            return await self._unfounded(by, scanned, now)
        # To look changes nothing, so it goes with the question whether this clerk may go on.
        looked = self._presentations.look(scanned.presentation)
        await admitted
        presentation, used = await looked
        believed = None
        if presentation is None or presentation.digest != scanned.digest:
            # Not, to the last character, what was handed out under this name: its signature must speak.
            read = self._read(scanned)
            if isinstance(read, Verdict):
                return await self._unfounded(by, read, now)
            believed = read
        request = f"{by.clerk} {asked.request_id}"
        if used is not None and used.clerk == by.clerk:
            kept = await self._presentations.answered(scanned.presentation, request=request)
            if kept is not None:
                return self._unseal(kept, scanned.presentation)
        if presentation is None or presentation.mode is not scanned.mode:
            return await self._unfounded(by, self._lapsed(believed, now), now)
        credential = await self._credentials.showable(presentation.credential)
        if credential is None:
            return await self._unfounded(by, Verdict.UNKNOWN_CODE, now)
        verdict = judge(
            Scan(
                issued_at=_instant(presentation.issued_at),
                expires_at=_instant(presentation.expires_at),
                scene=presentation.scene,
                clerk_scenes=by.scenes,
                status=status_at(views.standing_of(credential), now),
            ),
            now=now,
            skew=self._skew,
        )
        if not is_good(verdict):
            return await self._refused(by, presentation, credential, verdict, now)
        answer, usage = self._answer(by, presentation, credential, now)
        burn = await self._presentations.burn(
            presentation.id,
            request=request,
            answer=self._personal.seal(_pack_json(answer), presentation.id.encode()),
            event=_checked(usage),
        )
        match burn:
            case Burn.BURNT:
                return answer
            case Burn.USED:
                return await self._refused(by, presentation, credential, Verdict.ALREADY_USED, now)
            case Burn.GONE:
                return await self._unfounded(by, self._lapsed(believed, now), now)
            case kept:
                return self._unseal(kept, presentation.id)

    def _scan(self, code: str) -> _Scanned | Verdict:
        """What the text looks like: a presentation to look for, or why there is none."""
        text = code.strip()
        if not lz1.looks_signed(text):
            secret = lz1.read_opaque(text)
            if secret is None:
                return Verdict.UNREADABLE
            return _Scanned(lz1.presentation_id(secret), PresentationMode.OPAQUE, None, None)
        try:
            signed = lz1.take_apart(text)
        except Unreadable:
            return Verdict.UNREADABLE
        if signed.kid not in self._keys.verifying():
            return Verdict.KEY_UNKNOWN
        return _Scanned(lz1.presentation_id(signed.token_id), PresentationMode.SIGNED, signed, _digest(text))

    def _read(self, scanned: _Scanned) -> lz1.Envelope | Verdict | None:
        """What a signed code says, or why it is not believed; an opaque one says nothing."""
        if scanned.signed is None:
            return None
        try:
            return scanned.signed.read(keys=self._keys.verifying())
        except KeyUnknown:
            return Verdict.KEY_UNKNOWN
        except Tampered:
            return Verdict.TAMPERED
        except Unreadable:
            return Verdict.UNREADABLE

    def _lapsed(self, believed: lz1.Envelope | None, now: datetime) -> Verdict:
        """Why a code of which nothing is known any more is not good."""
        if believed is None:
            return Verdict.UNKNOWN_CODE
        issued_at, expires_at = _instant(believed.issued_at), _instant(believed.expires_at)
        return time_verdict(issued_at, expires_at, now=now, skew=self._skew) or Verdict.UNKNOWN_CODE

    def _answer(
        self, by: Requester, presentation: OpenPresentation, credential: Showable, now: datetime
    ) -> tuple[wire.Verification, Usage]:
        of = self._registry.type(credential.type)
        usage = self._usage(by, presentation, credential, Verdict.OK_ONLINE, now)
        claims = views.shown_claims(
            of, presentation.claims, self._secrets(credential), on=now.astimezone(SHANGHAI).date()
        )
        return (
            _verdict(
                Verdict.OK_ONLINE,
                now,
                of=of,
                usage=usage,
                issuer=credential.issuer_name,
                mode=presentation.mode,
                claims=claims,
            ),
            usage,
        )

    async def _refused(
        self,
        by: Requester,
        presentation: OpenPresentation,
        credential: Showable,
        verdict: Verdict,
        now: datetime,
    ) -> wire.Verification:
        """Say no, and let the holder see that somebody tried. The code is not used up."""
        usage = self._usage(by, presentation, credential, verdict, now)
        await self._presentations.note(_checked(usage))
        if verdict is Verdict.SCENE_DENIED:
            # Who may not check here learns nothing of what was shown.
            return _verdict(verdict, now)
        return _verdict(verdict, now, of=self._registry.type(credential.type), usage=usage)

    async def _unfounded(self, by: Requester, verdict: Verdict, now: datetime) -> wire.Verification:
        """Say no where no certificate can be told: one uniform answer, recorded in the audit trail."""
        event = Checked(
            id=self._timed_id(now), at=now, clerk=by.clerk, organisation=by.organisation, verdict=verdict
        )
        await self._presentations.note(event)
        return _verdict(verdict, now)

    def _usage(
        self,
        by: Requester,
        presentation: OpenPresentation,
        credential: Showable,
        verdict: Verdict,
        now: datetime,
    ) -> Usage:
        return Usage(
            id=self._timed_id(now),
            at=now,
            presentation=presentation.id,
            credential=credential.id,
            type=credential.type,
            keepers=credential.keepers,
            clerk=by.clerk,
            clerk_number=by.clerk_number,
            organisation=by.organisation,
            organisation_name=by.organisation_name,
            scene=presentation.scene,
            claims=presentation.claims if is_good(verdict) else (),
            verdict=verdict,
            deputy=presentation.deputy,
        )

    def _unseal(self, kept: bytes, presentation_id: str) -> wire.Verification:
        return _unpack_answer(self._personal.open(kept, presentation_id.encode()))

    # --- what others run for us ------------------------------------------------------------------

    @property
    def streams(self) -> list[str]:
        """The event streams to drain into `absorb`."""
        return self._presentations.streams

    async def absorb(self, entries: Sequence[bytes]) -> list[WalletEvent]:
        """Keep the usage records among ``entries`` of an event stream; all events, for the audit trail."""
        events = [unpack_event(entry) for entry in entries]
        await self._usages.add(
            event.usage for event in events if isinstance(event, Checked) and event.usage is not None
        )
        return events

    def jwks(self) -> JsonWebKeySet:
        """The keys shown codes may be signed with."""
        return msgspec.convert(KeySet(self._keys.verifying().values()).to_jwks(), JsonWebKeySet)

    def cose_keys(self) -> bytes:
        """The same as a COSE key set."""
        return KeySet(self._keys.verifying().values()).to_cose()

    # --- helpers ---------------------------------------------------------------------------------

    def _secrets(self, credential: Showable) -> Secrets:
        return open_secrets(credential, self._personal)


def _owned(keeper: str, credential: Held | None) -> Held:
    """``credential``, if it lies in that wallet; of another's nothing is told, not even that it exists."""
    if credential is None or keeper not in credential.keepers:
        raise CredentialUnknown
    return credential


def _verdict(
    verdict: Verdict,
    now: datetime,
    *,
    of: CredentialType | None = None,
    usage: Usage | None = None,
    issuer: str | None = None,
    mode: PresentationMode | None = None,
    claims: Sequence[wire.Claim] = (),
) -> wire.Verification:
    return wire.Verification(
        verdict=verdict,
        valid=is_good(verdict),
        advice=advice_for(verdict),
        checked_at=now,
        type_name=None if of is None else of.name,
        issuer_name=issuer,
        scene=None if usage is None else usage.scene,
        mode=mode,
        claims=list(claims),
        usage_id=None if usage is None else usage.id,
        shown_by=None if usage is None else views.shown_by(usage),
    )


def _checked(usage: Usage) -> Checked:
    return Checked(
        id=usage.id,
        at=usage.at,
        clerk=usage.clerk,
        organisation=usage.organisation,
        verdict=usage.verdict,
        usage=usage,
    )


def _digest(code: str) -> bytes:
    return sha256(code.encode()).digest()


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
