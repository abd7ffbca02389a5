"""Where the uses of an account are put together."""

from collections.abc import Mapping

from msgspec import Struct

from auth_bridges.accounts.codes import Codes
from auth_bridges.accounts.consents import ConsentLedger, Resting
from auth_bridges.accounts.grants_left import GrantsLeft
from auth_bridges.accounts.leaving import Leaving
from auth_bridges.accounts.linking import Linking
from auth_bridges.accounts.merging import Merging
from auth_bridges.accounts.overview import Overviews
from auth_bridges.accounts.people import People
from auth_bridges.accounts.phones import Phones
from auth_bridges.accounts.proving import Proving
from auth_bridges.accounts.step_up import Exchange, StepUps
from auth_bridges.challenges import Challenges
from auth_bridges.models import Actor, MergeCase
from auth_bridges.ports import (
    Admit,
    Audit,
    Chance,
    Clock,
    FaceCheck,
    Forget,
    Notify,
    PersonalData,
    PhoneByCode,
    PhoneByPacket,
    PopulationRegistry,
    SendCode,
    TellFormerPhone,
    TokenKeys,
)
from auth_bridges.rules.policy import Operation
from auth_bridges.sessions import Sessions
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault


class Outside(Struct, frozen=True, kw_only=True):
    """Those a city may have set up; what is None is refused as not offered. Phones go by provider."""

    send_code: SendCode | None = None
    tell_former_phone: TellFormerPhone | None = None
    registry: PopulationRegistry | None = None
    face: FaceCheck | None = None
    phone_by_code: Mapping[str, PhoneByCode] = {}
    phone_by_packet: Mapping[str, PhoneByPacket] = {}


class Accounts:
    """Everything residents do with their own account. One object a process."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        environment: str,
        stores: AuthStores,
        keys: TokenKeys,
        personal: PersonalData,
        exchange: Exchange,
        outside: Outside,
        admit: Admit,
        audit: Audit,
        notify: Notify,
        forget: Forget,
        clock: Clock,
        chance: Chance,
    ) -> None:
        sessions = Sessions(stores.sessions, stores.ended, audit=audit, chance=chance)
        vault = Vault(stores.resident_keys, personal, chance)
        people = People(stores.residents)
        grants_left = GrantsLeft(stores, audit=audit, notify=notify)
        self.clock = clock
        self._stores = stores
        self._people = people
        self.codes = Codes(
            store=stores.phone_codes,
            send=outside.send_code,
            personal=personal,
            admit=admit,
            audit=audit,
            clock=clock,
            chance=chance,
        )
        self.step_ups = StepUps(
            stores=stores,
            people=people,
            challenges=Challenges(keys, issuer=settings.token_issuer, environment=environment),
            codes=self.codes,
            vault=vault,
            exchange=exchange,
            face=outside.face,
            audit=audit,
            clock=clock,
            chance=chance,
        )
        self.merging = Merging(
            stores=stores, sessions=sessions, audit=audit, notify=notify, clock=clock, chance=chance
        )
        self.linking = Linking(
            stores=stores,
            people=people,
            merging=self.merging,
            step_ups=self.step_ups,
            sessions=sessions,
            exchange=exchange,
            audit=audit,
            notify=notify,
            clock=clock,
            chance=chance,
        )
        self.phones = Phones(
            stores=stores,
            people=people,
            step_ups=self.step_ups,
            codes=self.codes,
            vault=vault,
            personal=personal,
            by_code=outside.phone_by_code,
            by_packet=outside.phone_by_packet,
            tell_former=outside.tell_former_phone,
            lives=settings.proof_lives,
            admit=admit,
            audit=audit,
            notify=notify,
            clock=clock,
        )
        self.consents = ConsentLedger(
            stores=stores,
            people=people,
            step_ups=self.step_ups,
            resting=Resting(stores=stores, sessions=sessions, grants_left=grants_left, clock=clock),
            audit=audit,
            clock=clock,
        )
        self.proving = Proving(
            stores=stores,
            people=people,
            merging=self.merging,
            step_ups=self.step_ups,
            consents=self.consents,
            vault=vault,
            personal=personal,
            registry=outside.registry,
            face=outside.face,
            lives=settings.proof_lives,
            admit=admit,
            audit=audit,
            notify=notify,
            clock=clock,
            chance=chance,
        )
        self.leaving = Leaving(
            stores=stores,
            people=people,
            step_ups=self.step_ups,
            sessions=sessions,
            grants_left=grants_left,
            personal=personal,
            keys=keys,
            issuer=settings.token_issuer,
            audit=audit,
            notify=notify,
            forget=forget,
            clock=clock,
            chance=chance,
        )
        self.overviews = Overviews(
            stores=stores,
            people=people,
            step_ups=self.step_ups,
            vault=vault,
            personal=personal,
            audit=audit,
            clock=clock,
        )

    async def undo_merge(self, actor: Actor, case: str) -> MergeCase:
        """Restore both residents of a merge that is the actor's."""
        await self.step_ups.require(actor, Operation.UNDO_MERGE, case.encode())
        resident = await self._people.active(actor.resident)
        concerns = list(await self._stores.residents.tree_of(resident))
        return await self.merging.undo(case, concerns=concerns, actor=actor.resident)

    async def settle(self) -> None:
        """Finish what a process began that died: merges, ways in taken away, what is due."""
        await self.merging.settle()
        await self.linking.settle()
        await self.leaving.delete_due()
        await self.phones.settle()
        await self.leaving.settle_grants()
