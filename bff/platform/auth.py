"""Who is calling, wired: providers, sign-in, accounts, acting for others, and the directory of clerks."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from redis.asyncio import Redis

from auth_bridges.accounts import Accounts, Outside
from auth_bridges.acting import ActingService
from auth_bridges.bridges.alipay import AlipayBridge
from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.bridges.alipay_face import AlipayFaceCheck
from auth_bridges.bridges.alipay_phone import AlipayPhone
from auth_bridges.bridges.alipay_transport import alipay_app
from auth_bridges.bridges.family import FamilyBridge
from auth_bridges.bridges.oidc import OpenIdProvider
from auth_bridges.bridges.population import Population
from auth_bridges.bridges.revocation import Revocations
from auth_bridges.bridges.sms import SmsGateway
from auth_bridges.bridges.wechat import WechatBridge
from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.bridges.wechat_secure import SecureChannel, read_secure_keys
from auth_bridges.bridges.wechat_token import StableToken
from auth_bridges.bridges.wechat_wire import WechatWire
from auth_bridges.codec.certificates import Certificate, read_bundle
from auth_bridges.elsewhere import Elsewhere
from auth_bridges.federation import Federation
from auth_bridges.legal_persons import LegalPersons
from auth_bridges.passphrases import Passphrases
from auth_bridges.ports import Admit, CameIn, Chance, Clock, Forget, LearntCertificates
from auth_bridges.provider_tokens import ProviderTokens
from auth_bridges.refusals import ProviderNotOffered
from auth_bridges.registrar import Registrar
from auth_bridges.second_factors import SecondFactors
from auth_bridges.service import AuthService
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores, ProviderTokenStore, SessionKeys
from auth_bridges.tokens import AccessTokens
from bff.platform.audit import AuditRecorder
from bff.platform.coalesce import together
from bff.platform.idnumbers import IdNumbers
from bff.platform.keys import KeyRing
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_outbox import NoticeIntents
from bff.platform.redis import ScriptRunner
from bff.platform.settings import Environment, is_unfit
from push.store.outbox import OutboxStore


class AuthParts:
    """Everything of sign-in and accounts that a process needs."""

    def __init__(
        self,
        *,
        mongo: Database,
        redis: Redis,
        run: ScriptRunner,
        http: Outbound,
        token_keys: KeyRing,
        personal: IdNumbers,
        recorder: AuditRecorder,
        admit: Admit,
        forget: Forget,
        came_in: CameIn,
        types: Sequence[str],
        environment: Environment,
        clock: Clock,
        chance: Chance,
        settings: AuthSettings,
    ) -> None:
        self.oidc_keys = None if settings.oidc_keys_dir is None else KeyRing(settings.oidc_keys_dir)
        tokens = self.tokens = AccessTokens(
            token_keys,
            issuer=settings.token_issuer,
            environment=environment.in_tokens,
            lifetime=timedelta(seconds=settings.access_token_seconds),
        )
        self.stores = AuthStores(mongo, redis, run=run, together=together)
        self.notify = NoticeIntents(self.stores.notices, OutboxStore(mongo["push_outbox"]), personal)
        self.alipay = _alipay(settings, http, self.stores.alipay_certificates, clock, chance)
        wechat, self.wechat = _wechat(
            settings,
            environment,
            http=http,
            redis=redis,
            run=run,
            personal=personal,
            clock=clock,
            chance=chance,
        )
        passphrases = Passphrases(chance)
        self.second_factors = SecondFactors(
            self.stores,
            demanded=settings.clerk_second_factor == "demanded",
            personal=personal,
            audit=recorder.record,
            clock=clock,
            chance=chance,
        )
        self.auth = AuthService(
            settings=settings,
            stores=self.stores,
            bridges=[wechat, *([] if self.alipay is None else [AlipayBridge(self.alipay)])],
            tokens=tokens,
            personal=personal,
            passphrases=passphrases,
            second_factors=self.second_factors,
            admit=admit,
            audit=recorder.record,
            notify=self.notify,
            came_in=came_in,
            clock=clock,
            chance=chance,
        )
        self.legal_persons = LegalPersons(
            settings=settings,
            roots=_roots(settings.legal_person_roots_file),
            revocation=Revocations(http, clock, chance),
            stores=self.stores,
            personal=personal,
            admit=admit,
            audit=recorder.record,
            clock=clock,
            chance=chance,
        )
        self.federation = Federation(
            settings=settings,
            stores=self.stores,
            auth=self.auth,
            provider=partial(self._provider, http, clock, chance),
            personal=personal,
            admit=admit,
            audit=recorder.record,
            clock=clock,
            chance=chance,
        )
        self.registrar = Registrar(
            stores=self.stores,
            personal=personal,
            passphrases=passphrases,
            second_factors=self.second_factors,
            enrolment=timedelta(days=settings.clerk_second_factor_days),
            lives=settings.proof_lives,
            audit=recorder.record,
            clock=clock,
            chance=chance,
            may_be_asked=lambda address: not is_unfit(environment, address),
            types=types,
        )
        self.accounts = Accounts(
            settings=settings,
            environment=environment.in_tokens,
            stores=self.stores,
            keys=token_keys,
            personal=personal,
            exchange=self.auth.subject_of,
            outside=self._outside(settings, http, clock),
            admit=admit,
            audit=recorder.record,
            notify=self.notify,
            forget=forget,
            clock=clock,
            chance=chance,
        )
        self.elsewhere = Elsewhere(self.federation, self.accounts)
        self.acting = ActingService(
            stores=self.stores,
            tokens=tokens,
            personal=personal,
            family=_family(http, settings),
            legal=None if settings.legal_person_roots_file is None else self.legal_persons,
            gate=self.accounts.step_ups.require,
            notify=self.notify,
            admit=admit,
            audit=recorder.record,
            clock=clock,
            chance=chance,
        )

    def client_keys(self) -> KeyRing:
        """The keys by which OpenID providers know us, or a refusal where none is asked."""
        if self.oidc_keys is None:
            raise ProviderNotOffered
        return self.oidc_keys

    def _outside(self, settings: AuthSettings, http: Outbound, clock: Clock) -> Outside:
        """Those the city has set up; half a setting is none."""
        sms = registry = face = packets = None
        if settings.sms_base_url is not None and settings.sms_key is not None:
            sms = SmsGateway(http, base_url=settings.sms_base_url, key=settings.sms_key)
        if settings.population_base_url is not None and settings.population_key is not None:
            registry = Population(http, base_url=settings.population_base_url, key=settings.population_key)
        if self.alipay is not None and settings.face_return_url is not None:
            face = AlipayFaceCheck(self.alipay, return_url=settings.face_return_url)
        if self.alipay is not None:
            packets = AlipayPhone(self.alipay, self.stores.packets, clock)
        return Outside(
            send_code=sms,
            tell_former_phone=None if sms is None else sms.tell_replaced,
            registry=registry,
            face=face,
            phone_by_code={"wechat": self.wechat},
            phone_by_packet={} if packets is None else {"alipay": packets},
        )

    def _provider(
        self,
        http: Outbound,
        clock: Clock,
        chance: Chance,
        *,
        issuer: str,
        client_id: str,
        redirect_uri: str,
        pushed: bool,
    ) -> OpenIdProvider:
        return OpenIdProvider(
            http,
            issuer=issuer,
            client_id=client_id,
            redirect_uri=redirect_uri,
            pushed=pushed,
            keys=self.client_keys(),
            clock=clock,
            chance=chance,
        )


def _wechat(
    settings: AuthSettings,
    environment: Environment,
    *,
    http: Outbound,
    redis: Redis,
    run: ScriptRunner,
    personal: IdNumbers,
    clock: Clock,
    chance: Chance,
) -> tuple[WechatBridge, WechatApi]:
    """Who asks WeChat: for whom signs in, and for everything else."""
    urls = [url for url in (settings.wechat_base_url, settings.wechat_fallback_url) if url]
    wire = WechatWire(http, base_urls=urls)
    appid, secret = settings.wechat_appid, settings.wechat_secret
    name = f"{environment.value}:wechat:{appid}"
    session_keys = SessionKeys(redis, run, personal, appid=appid, clock=clock)
    secure = None
    if settings.wechat_secure_dir is not None:
        keys = read_secure_keys(settings.wechat_secure_dir)
        secure = SecureChannel(keys, appid=appid, clock=clock, chance=chance)
    api = WechatApi(
        wire,
        appid=appid,
        tokens=ProviderTokens(
            store=ProviderTokenStore(redis, personal, name=name),
            fetch=StableToken(wire, appid=appid, secret=secret),
            clock=clock,
            chance=chance,
        ),
        session_keys=session_keys,
        secure=secure,
        clock=clock,
    )
    return WechatBridge(wire, appid=appid, secret=secret, keep=session_keys.keep), api


def _family(http: Outbound, settings: AuthSettings) -> FamilyBridge | None:
    if settings.family_base_url is None or settings.family_key is None:
        return None
    return FamilyBridge(http, base_url=settings.family_base_url, key=settings.family_key)


def _alipay(
    settings: AuthSettings,
    http: Outbound,
    learnt: LearntCertificates,
    clock: Clock,
    chance: Chance,
) -> AlipayClient | None:
    """Who asks Alipay; nobody in a city that has no app there."""
    app = alipay_app(settings)
    if app is None:
        return None
    return AlipayClient(
        http,
        app,
        base_url=settings.alipay_base_url,
        transport=settings.alipay_transport,
        learnt=learnt,
        clock=clock,
        chance=chance,
    )


def _roots(file: Path | None) -> Sequence[Certificate]:
    return () if file is None else read_bundle(file.read_bytes())
