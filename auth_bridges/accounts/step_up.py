"""Step-up: the policy's word on one request, and proving anew for that one request.

Refused with a challenge; the challenge is answered by a fresh proof; the same request, sent again with it,
goes through once. The proof must be the account's own: a provider login that leads to it, a code sent to
its phone, a face that was compared with its name and number since, or a certificate of a legal person
whose representative has that number.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from auth_bridges.accounts.codes import Codes, SentCode
from auth_bridges.accounts.people import People
from auth_bridges.challenges import LIVES, Challenge, Challenges, digest
from auth_bridges.models import Actor, CertificatePurpose, ClientFacts, FaceCheckState, ProviderSubject
from auth_bridges.ports import Audit, Chance, Clock, FaceCheck
from auth_bridges.refusals import (
    ChallengeRefused,
    FaceCheckUnknown,
    NoPhoneBound,
    ProviderNotOffered,
    ReauthenticationRequired,
    StepUpNotProved,
    StepUpRequired,
)
from auth_bridges.rules.assurance import level_of
from auth_bridges.rules.phones import former_answers
from auth_bridges.rules.policy import POLICY, Method, Operation, Requirement, Shortfall, shortfall
from auth_bridges.store import AuthStores
from auth_bridges.store.step_up import Answered
from auth_bridges.vault import Vault
from miniapp_schemas.problems import StepUp

Exchange = Callable[[str, str, str], Awaitable[ProviderSubject]]
"""A provider's word on who somebody is, for its one-time code, brought by a resident."""

_USED_KEPT: Final = 2 * LIVES


class StepUps:
    """Lets requests through that satisfy the policy."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        challenges: Challenges,
        codes: Codes,
        vault: Vault,
        exchange: Exchange,
        face: FaceCheck | None,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._stores = stores
        self._people = people
        self._challenges = challenges
        self._codes = codes
        self._vault = vault
        self._exchange = exchange
        self._face = face
        self._audit = audit
        self._clock = clock
        self._chance = chance

    async def require(self, actor: Actor, operation: Operation, payload: bytes) -> None:
        """Return if ``actor`` may do ``operation`` with ``payload`` now; else refuse with a challenge."""
        now = self._clock()
        needed = await self._needed(actor, operation)
        level, since, methods = actor.level, actor.auth_time, actor.methods
        if actor.challenge is not None:
            answered = await self._answer_to(actor, actor.challenge, operation, payload, now)
            # A level proved in between counts before the token tells of it.
            level = level_of((await self._people.active(actor.resident)).proofs, now)
            since, methods = datetime.fromtimestamp(answered.at, UTC), frozenset({answered.method})
        lacking = shortfall(needed, level=level, auth_time=since, methods=methods, now=now)
        if lacking is None:
            return
        name = self._chance(16).hex()
        challenge, ends = self._challenges.give(actor, operation, payload, name=name, now=now)
        step_up = StepUp(
            challenge=challenge,
            operation=operation.value,
            level=needed.level,
            methods=sorted(method.value for method in needed.methods),
            expires_at=ends,
        )
        await self._told(actor, operation, f"required: {lacking.value}", now)
        if lacking is Shortfall.LEVEL:
            raise StepUpRequired(needed=needed.level, step_up=step_up)
        raise ReauthenticationRequired(step_up=step_up)

    async def answer_by_provider(self, actor: Actor, challenge: str, provider: str, code: str) -> datetime:
        """Answer ``challenge`` by a provider's fresh word; until when it may be used."""
        await self.may_answer_by_provider(actor, challenge)
        subject = await self._exchange(provider, code, actor.resident)
        return await self.answer_by_subject(actor, challenge, subject)

    async def may_answer_by_provider(self, actor: Actor, challenge: str) -> str:
        """The name of ``challenge`` if ``actor`` may answer it by a provider's word, or refuse."""
        given = await self._may_answer(actor, challenge, Method.PROVIDER, self._clock())
        return given.jti

    async def answer_by_subject(self, actor: Actor, challenge: str, subject: ProviderSubject) -> datetime:
        """Answer ``challenge`` by whom a provider has just said they are; until when it may be used."""
        now = self._clock()
        given = await self._may_answer(actor, challenge, Method.PROVIDER, now)
        link = await self._stores.residents.link_of(subject)
        led_to = None if link is None else await self._stores.residents.root_of(link.resident)
        if link is None or link.leaving_at is not None or led_to is None or led_to.id != actor.resident:
            await self._told(actor, given.opn, "not proved", now, **subject.told)
            raise StepUpNotProved
        return await self._answered(actor, given, Method.PROVIDER, now, **subject.told)

    async def send_code(self, actor: Actor, challenge: str, client: ClientFacts) -> SentCode:
        """Send a code to the phone that answers, to answer ``challenge`` with: for days the former one."""
        now = self._clock()
        given = await self._may_answer(actor, challenge, Method.SMS, now)
        resident = await self._people.active(actor.resident)
        of = self._vault.former_phone if former_answers(resident, now) else self._vault.phone
        phone = await of(resident)
        if phone is None:
            raise NoPhoneBound
        return await self._codes.send(phone, actor, client, purpose=_purpose(given))

    async def answer_by_phone(self, actor: Actor, challenge: str, request: str, code: str) -> datetime:
        """Answer ``challenge`` by the code that was sent for it; until when it may be used."""
        now = self._clock()
        given = await self._may_answer(actor, challenge, Method.SMS, now)
        await self._codes.check(request, code, actor, purpose=_purpose(given))
        return await self._answered(actor, given, Method.SMS, now)

    async def answer_by_face(self, actor: Actor, challenge: str, check: str) -> datetime:
        """Answer ``challenge`` by a face check that was begun since and passed; until when it may be used.

        What was seen before the challenge was given is no fresh proof, and one check answers once.
        """
        now = self._clock()
        given = await self._may_answer(actor, challenge, Method.FACE, now)
        if self._face is None:
            raise ProviderNotOffered
        found = await self._stores.face_checks.get(check, resident=actor.resident)
        if found is None:
            raise FaceCheckUnknown
        seen = found.started_at >= datetime.fromtimestamp(given.exp, UTC) - LIVES
        if seen:
            seen = await self._face.result(found.certification) is FaceCheckState.PASSED
        name, mine = f"face-check:{found.id}", self._chance(16).hex()
        if not seen or not await self._stores.one_time.claim(name, owner=mine, keep=_USED_KEPT):
            await self._told(actor, given.opn, "not proved", now)
            raise StepUpNotProved
        return await self._answered(actor, given, Method.FACE, now)

    async def answer_by_certificate(self, actor: Actor, challenge: str) -> datetime:
        """Answer ``challenge`` by a legal person's certificate shown since in this session, for this.

        Each showing answers once; until when the answer may be used.
        """
        now = self._clock()
        given = await self._may_answer(actor, challenge, Method.CERTIFICATE, now)
        asked_at = datetime.fromtimestamp(given.exp, UTC) - LIVES
        shown = await self._stores.legal_persons.of(
            actor.resident, actor.session, CertificatePurpose.STEP_UP, now=now
        )
        for proof in shown:
            name, mine = f"legal-person:{proof.id}", self._chance(16).hex()
            if proof.at >= asked_at and await self._stores.one_time.claim(name, owner=mine, keep=_USED_KEPT):
                return await self._answered(actor, given, Method.CERTIFICATE, now)
        await self._told(actor, given.opn, "not proved", now)
        raise StepUpNotProved

    # --- how ------------------------------------------------------------------------------------------

    async def _may_answer(self, actor: Actor, challenge: str, method: Method, now: datetime) -> Challenge:
        given = self._challenges.read(challenge, actor, now=now)
        if method not in (await self._needed(actor, given.opn)).methods:
            raise StepUpNotProved
        return given

    async def _needed(self, actor: Actor, operation: Operation) -> Requirement:
        needed = POLICY[operation]
        less = needed.of(phone=True)
        if less == needed or not self._codes.offered:
            return needed
        resident = await self._stores.residents.get(actor.resident)
        return needed if resident is None or resident.phone is None else less

    async def _answered(
        self, actor: Actor, given: Challenge, method: Method, now: datetime, **told: str
    ) -> datetime:
        answered = Answered(at=now.timestamp(), method=method.value)
        await self._stores.answered.note(given.jti, answered, lives=LIVES)
        await self._told(actor, given.opn, f"answered: {method.value}", now, **told)
        return datetime.fromtimestamp(given.exp, UTC)

    async def _answer_to(
        self, actor: Actor, challenge: str, operation: Operation, payload: bytes, now: datetime
    ) -> Answered:
        """The answer to ``challenge``, once: whoever comes second with it is refused."""
        given = self._challenges.read(challenge, actor, now=now)
        if (given.opn, given.pld) != (operation, digest(payload)):
            await self._told(actor, operation, "challenge of another request", now)
            raise ChallengeRefused
        answered = await self._stores.answered.take(given.jti)
        mine = self._chance(16).hex()
        if answered is None or not await self._stores.one_time.claim(
            f"challenge:{given.jti}", owner=mine, keep=_USED_KEPT
        ):
            raise ChallengeRefused
        return answered

    async def _told(
        self, actor: Actor, operation: Operation, outcome: str, now: datetime, **told: str
    ) -> None:
        await self._audit(
            "step_up",
            at=now,
            actor=actor.resident,
            subject=actor.session,
            outcome=outcome,
            facts={"operation": operation.value, **told},
        )


def _purpose(given: Challenge) -> str:
    return f"step-up:{given.jti}"
