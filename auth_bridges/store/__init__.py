"""Where people, organisations and sessions are kept.

MongoDB, majority and journal, is the truth of all of it: who is acknowledged as signed in survives
any one machine. Redis holds what is worthless after minutes: that a one-time code was seen, which sessions
just ended, a provider's access token and session keys. Losing Redis can let a code be tried twice (the
provider then refuses it) and an ended session's access token live its ten minutes out; never more.
"""

from redis.asyncio import Redis

from auth_bridges.ports import RunScript, Together
from auth_bridges.store.alipay_certificates import AlipayCertificates
from auth_bridges.store.consents import Consents
from auth_bridges.store.deletions import Deletions
from auth_bridges.store.directory import Directory
from auth_bridges.store.documents import Database
from auth_bridges.store.face_checks import FaceChecks
from auth_bridges.store.flows import ProviderSessions, SignInFlows
from auth_bridges.store.grants import Grants
from auth_bridges.store.legal_persons import CertificateChallenges, LegalPersonProofs
from auth_bridges.store.merges import MergeCases
from auth_bridges.store.moments import EndedSessions, KnownDevices, OneTime, SignInReplies
from auth_bridges.store.notices import AccountNotices
from auth_bridges.store.packets import Packets
from auth_bridges.store.provider_tokens import ProviderTokenStore
from auth_bridges.store.resident_keys import ResidentKeys
from auth_bridges.store.residents import Residents
from auth_bridges.store.second_factors import SecondFactors
from auth_bridges.store.session_keys import SessionKeys
from auth_bridges.store.sessions import SessionStore
from auth_bridges.store.step_up import AnsweredChallenges, PhoneCodes

__all__ = [
    "AccountNotices",
    "AlipayCertificates",
    "AnsweredChallenges",
    "AuthStores",
    "CertificateChallenges",
    "Consents",
    "Deletions",
    "Directory",
    "EndedSessions",
    "FaceChecks",
    "Grants",
    "KnownDevices",
    "LegalPersonProofs",
    "MergeCases",
    "OneTime",
    "Packets",
    "PhoneCodes",
    "ProviderSessions",
    "ProviderTokenStore",
    "ResidentKeys",
    "Residents",
    "SecondFactors",
    "SessionKeys",
    "SessionStore",
    "SignInFlows",
    "SignInReplies",
]


class AuthStores:
    """Every store of this package, on one database and one Redis."""

    def __init__(self, database: Database, redis: Redis, *, run: RunScript, together: Together) -> None:
        self.residents = Residents(database["residents"], database["links"], together)
        self.directory = Directory(database["organisations"], database["clerks"])
        self.second_factors = SecondFactors(database["clerk_second_factors"], redis, run)
        self.sessions = SessionStore(database["sessions"], together)
        self.grants = Grants(database["acting_grants"])
        self.packets = Packets(database["packets"])
        self.alipay_certificates = AlipayCertificates(database["alipay_certificates"])
        self.resident_keys = ResidentKeys(database["resident_keys"], together)
        self.merges = MergeCases(database["merge_cases"], database["residents"], database["links"])
        self.notices = AccountNotices(database["account_notices"])
        self.face_checks = FaceChecks(database["face_checks"])
        self.consents = Consents(database["consents"])
        self.deletions = Deletions(database["deletions"])
        self.phone_codes = PhoneCodes(redis)
        self.answered = AnsweredChallenges(redis)
        self.one_time = OneTime(redis, run)
        self.known_devices = KnownDevices(redis)
        self.replies = SignInReplies(redis, run)
        self.ended = EndedSessions(redis)
        self.flows = SignInFlows(redis)
        self.challenges = CertificateChallenges(redis)
        self.legal_persons = LegalPersonProofs(database["legal_person_proofs"])
        self.provider_sessions = ProviderSessions(database["sessions"], database["provider_logouts"])

    async def ensure_indexes(self) -> None:
        """Make every index; harmless when they are there."""
        await self.residents.ensure_indexes()
        await self.directory.ensure_indexes()
        await self.sessions.ensure_indexes()
        await self.grants.ensure_indexes()
        await self.merges.ensure_indexes()
        await self.notices.ensure_indexes()
        await self.face_checks.ensure_indexes()
        await self.consents.ensure_indexes()
        await self.deletions.ensure_indexes()
        await self.provider_sessions.ensure_indexes()
        await self.legal_persons.ensure_indexes()
