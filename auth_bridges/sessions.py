"""Sessions: opened, renewed by a single-use refresh token, ended.

The decision is in ``rules.sessions``; here it is carried out, so that two renewals at once make one
successor and a copied token ends the whole family.
"""

import logging
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from msgspec import Struct

from auth_bridges.models import (
    Audience,
    Ending,
    Link,
    Notice,
    NoticeKind,
    ProviderSession,
    RefreshToken,
    StoredSession,
)
from auth_bridges.ports import Audit, Chance, Notify
from auth_bridges.refusals import SessionEnded
from auth_bridges.rules.sessions import (
    HANDLE_BYTES,
    SECRET_BYTES,
    Answer,
    Presented,
    began_by,
    compose,
    is_alive,
    judge,
    lifetime,
    open_successor,
    present,
    seal_successor,
    session_id,
    token_hash,
)
from auth_bridges.store import EndedSessions, SessionStore
from miniapp_schemas.assurance import AssuranceLevel

_log: Final = logging.getLogger(__name__)


class Live(Struct, frozen=True, kw_only=True):
    """A session and the refresh token that is alive now."""

    session: StoredSession
    token: str

    def refresh(self, assurance: AssuranceLevel) -> RefreshToken:
        """The token to hand out to somebody who is at ``assurance`` now.

        A level that rose since the sign-in shortens the session: the more it opens, the sooner it ends.
        """
        ends = min(
            self.session.expires_at,
            self.session.started_at + lifetime(self.session.audience, assurance).absolute,
        )
        return RefreshToken(text=self.token, expires_at=ends)


class Sessions:
    """Carries out what becomes of sessions. Renewals that succeed are not audited: they decide nothing."""

    def __init__(
        self,
        store: SessionStore,
        ended: EndedSessions,
        *,
        audit: Audit,
        chance: Chance,
        notify: Notify | None = None,
    ) -> None:
        """``notify`` tells residents of a token of theirs that was copied; who renews for them has it."""
        self._store = store
        self._ended = ended
        self._audit = audit
        self._chance = chance
        self._notify = notify

    async def open(
        self,
        *,
        audience: Audience,
        subject: str,
        client: str,
        device: str | None,
        assurance: AssuranceLevel,
        methods: tuple[str, ...] = (),
        now: datetime,
        platform: str | None = None,
        origin: ProviderSession | None = None,
        link: str | None = None,
        rights: tuple[str, ...] | None = None,
    ) -> Live:
        """A new session for ``subject``, always with a new id (ASVS 7.2.4)."""
        lasts = lifetime(audience, assurance)
        handle = self._chance(HANDLE_BYTES)
        token = compose(handle, self._chance(SECRET_BYTES))
        session = StoredSession(
            id=session_id(handle),
            audience=audience,
            subject=subject,
            client=client,
            device=device,
            started_at=now,
            expires_at=now + lasts.absolute,
            idle_seconds=int(lasts.idle.total_seconds()),
            idle_ends_at=now + lasts.idle,
            platform=platform,
            current=token_hash(token),
            methods=methods,
            origin=origin,
            link=link,
            level=assurance,
            rights=rights,
        )
        await self._store.open(session)
        return Live(session=session, token=token)

    async def renew(
        self,
        token: str,
        *,
        audience: Audience,
        device: str | None,
        platform: str | None = None,
        now: datetime,
    ) -> Live:
        """Trade ``token`` for its successor, or refuse; a spent one ends the session for both holders."""
        presented = present(token)
        if presented is None:
            raise SessionEnded
        successor = compose(presented.handle, self._chance(SECRET_BYTES))
        rotated = await self._store.rotate(
            presented.session,
            audience=audience,
            spent=presented.hash,
            fresh=token_hash(successor),
            sealed=seal_successor(token, successor, self._chance(12)),
            now=now,
        )
        if rotated is not None:
            return Live(session=rotated, token=successor)
        session = await self._store.get(presented.session)
        answer = judge(session, presented, audience=audience, device=device, platform=platform, now=now)
        return await self._not_current(token, presented, session, answer, now=now)

    async def at(
        self,
        live: Live,
        assurance: AssuranceLevel,
        *,
        rights: tuple[str, ...] | None = None,
        now: datetime,
    ) -> Live:
        """``live``, with another name and other ends if its level or its rights are others now (ASVS 7.2.4).

        The old name is told to be over before the new one is kept: nothing was handed out yet, so who dies in
        between, or has their reply lost, is asked for the same again, and comes by here again.
        """
        session = live.session
        while (session.level, session.rights) != (assurance, rights):
            await self._ended.announce([session.sid], now=now)
            renamed = await self._store.rename(
                session,
                self._chance(HANDLE_BYTES).hex(),
                level=assurance,
                rights=rights,
                lasts=lifetime(session.audience, assurance),
                now=now,
            )
            if renamed is not None:
                await self._audit(
                    "session.renamed",
                    at=now,
                    actor=session.subject,
                    subject=renamed.sid,
                    outcome=assurance.value,
                    facts={"before": session.sid},
                )
            found = renamed or await self._store.get(session.id)
            if found is None or not is_alive(found, now):
                raise SessionEnded
            session = found
        return Live(session=session, token=live.token)

    async def is_open(self, token: str, *, now: datetime) -> bool:
        """Whether the session that refresh ``token`` belongs to is still alive."""
        presented = present(token)
        session = None if presented is None else await self._store.get(presented.session)
        return session is not None and is_alive(session, now)

    async def end(self, session: str, why: Ending, *, now: datetime) -> None:
        """End ``session`` in every process within a second, and its refresh token for good."""
        ended = await self._store.end(session, why=why, now=now)
        known = ended or await self._store.get(session)
        # Announced even if it had ended before: whoever ended it may have died in between.
        await self._ended.announce((session,) if known is None else known.names, now=now)
        if ended is not None:
            await self._audit(
                "session.ended",
                at=now,
                actor=ended.subject,
                subject=ended.sid,
                outcome=why.value,
                facts={"audience": ended.audience.value},
            )

    async def end_all(
        self, audience: Audience, subject: str, why: Ending, *, now: datetime, by: Link | None = None
    ) -> None:
        """End every session of ``subject``; only those that began by one way in, if it is named."""
        for each in await self._store.living(audience, subject):
            if by is None or began_by(each, by):
                await self.end(each.id, why, now=now)

    async def end_others(
        self, audience: Audience, subject: str, kept: str, why: Ending, *, now: datetime
    ) -> int:
        """End every session of ``subject`` but ``kept``; how many."""
        living = await self._store.living(audience, subject)
        others = [each.id for each in living if kept not in each.names]
        for session in others:
            await self.end(session, why, now=now)
        return len(others)

    async def alive(self, audience: Audience, subject: str, *, now: datetime) -> list[StoredSession]:
        """Somebody's sessions that can still be renewed, newest first."""
        return [each for each in await self._store.living(audience, subject) if is_alive(each, now)]

    async def _not_current(
        self,
        token: str,
        presented: Presented,
        session: StoredSession | None,
        answer: Answer,
        *,
        now: datetime,
    ) -> Live:
        if session is not None and answer is Answer.REPEAT and session.successor is not None:
            try:
                return Live(session=session, token=open_successor(token, session.successor))
            except InvalidTag:
                _log.error("a stored successor does not open under its predecessor")
                raise SessionEnded from None
        if answer is Answer.REVOKE:
            _log.warning("a spent refresh token was presented: session %s ended", presented.session)
            await self.end(presented.session, Ending.TOKEN_REUSED, now=now)
            if session is not None and session.audience is Audience.RESIDENT and self._notify is not None:
                kind = NoticeKind.SIGN_IN_COPIED
                name = f"{session.id}:{kind.value}"
                await self._notify(Notice(id=name, resident=session.subject, kind=kind, at=now))
        raise SessionEnded
