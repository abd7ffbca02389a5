"""海屿市 (Haiyu): a city that does not exist, with its people, departments, counters and certificates.

Everything is fixed, so that two machines and two runs have the same city, and everything is made so that it
can belong to nobody, while it passes every check a real one passes:

- ID numbers (公民身份号码) begin with 310000, the GB/T 2260 code of a municipality as a whole; numbers are
  given out under the codes of its districts. (A code outside the list, such as 990000, would be refused by
  any check that looks the place up, ours included.) Birth date, order code and check character are right.
- Phone numbers begin with 154, a range that is given to no operator.
- Names of organisations are of this city; their credit codes (统一社会信用代码) have right check characters
  around an organisation code that counts from 99000001.
- Passphrases stand here in the open. They open a sandbox and nothing else.
"""

from datetime import date
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from stdnum.cn import ric, uscc

from bff.sandbox.alipay_ids import AlipayApp, Names, open_id_of
from bff.sandbox.wechat_ids import WechatApp, openid_of
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.wallet import Holder, IssueCredential

NAME: Final = "海屿市"
APP: Final = WechatApp(appid="wxsim0haiyu000001", secret="sim-haiyu-secret-0001", open_platform="haiyu")  # noqa: S106
SMS_KEY: Final = "sim-haiyu-sms-0001"
SMS_RECEIPTS_KEY: Final = "sim-haiyu-sms-receipts-0001"
PUSH_TOKEN: Final = "sim-haiyu-push-0001"  # noqa: S105
PUSH_KEY: Final = "simhaiyu" * 5 + "sim"
"""Token and EncodingAESKey of WeChat's message push (消息推送)."""
POPULATION_KEY: Final = "sim-haiyu-population-0001"
CITIZENS: Final = "citizens"
CITIZEN_CLIENT: Final = "sim-suishen"
CLERK_CLIENT: Final = "sim-suishen-clerks"


ALIPAY_APP: Final = AlipayApp(appid="sim2021haiyu0001", names=Names.BOTH, certificates=True)


class Department(Struct, frozen=True, kw_only=True):
    """A department that issues (发证机关); its id is its credit code, as GB/T 36904 wants it."""

    key: str
    id: str
    name: str
    types: tuple[str, ...]
    scopes: tuple[str, ...] = ("wallet:issue", "wallet:status")


class Person(Struct, frozen=True, kw_only=True):
    """A resident. ``assurance`` is None for somebody the city has never seen."""

    key: str
    name: str
    id_number: str
    phone: str
    assurance: AssuranceLevel | None
    story_zh: str
    story_en: str
    has_phone: bool = True

    @property
    def openid(self) -> str:
        """What the simulated WeChat calls this person in our app."""
        return openid_of(APP.appid, self.key)

    @property
    def alipay_open_id(self) -> str:
        """What the simulated Alipay calls them there."""
        return open_id_of(ALIPAY_APP.appid, self.key)


class Organisation(Struct, frozen=True, kw_only=True):
    """Where certificates are checked (用证单位)."""

    key: str
    id: str
    name: str


class Clerk(Struct, frozen=True, kw_only=True):
    """Who checks them (核验员), and in which scenes."""

    organisation: str
    number: str
    passphrase: str
    scenes: tuple[str, ...]
    story_zh: str
    story_en: str
    scopes: tuple[str, ...] = ("wallet:verify",)
    second_factor: str | None = None
    """The secret in this clerk's authenticator, base32; ``/_sim/authenticator`` shows its codes."""


class Fate(StrEnum):
    """What the department did to a certificate after issuing it."""

    SUSPENDED = "suspend"
    REVOKED = "revoke"


class Certificate(Struct, frozen=True, kw_only=True):
    """A certificate, as its department issues it and what became of it."""

    department: str
    content: IssueCredential
    fate: Fate | None = None
    reason: str = ""


def _id_number(born: date, order: int) -> str:
    """A number that passes GB 11643; an odd ``order`` is a man's."""
    body = f"310000{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(f"{body}0")


def _credit_code(kind: str, count: int, division: str = "310000") -> str:
    """A code that passes GB 32100 and, in its middle, GB 11714; ``kind`` is its first two characters."""
    organisation = f"{99000000 + count:08d}"
    weighed = sum(
        int(digit) * weight for digit, weight in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    body = f"{kind}{division}{organisation}{'0X987654321'[weighed % 11]}"
    return body + uscc.calc_check_digit(body)


DEPARTMENTS: Final = (
    Department(
        key="police",
        id=_credit_code("11", 1),
        name="海屿市公安局",
        types=("resident-id-card", "residence-permit", "driving-licence", "push:HOUSEHOLD"),
        scopes=("health:trace", "push:report", "wallet:issue", "wallet:status"),
    ),
    Department(
        key="market",
        id=_credit_code("11", 2),
        name="海屿市市场监督管理局",
        types=("business-licence", "push:ENTERPRISE"),
        scopes=("push:report", "wallet:issue", "wallet:status"),
    ),
    Department(
        key="health",
        id=_credit_code("11", 3),
        name="海屿市卫生健康委员会",
        types=("birth-certificate",),
    ),
    Department(
        key="social",
        id=_credit_code("11", 4),
        name="海屿市人力资源和社会保障局",
        types=("push:INSURANCE", "push:PENSION", "social-security-card"),
        scopes=("push:report", "wallet:issue", "wallet:status"),
    ),
    Department(
        key="land",
        id=_credit_code("11", 5),
        name="海屿市自然资源和规划局",
        types=("property-certificate",),
    ),
)

SOURCES: Final = (
    Department(
        key="cdc",
        id=_credit_code("12", 6),
        name="海屿市疾病预防控制中心",
        types=(
            "health:AREA_STAY",
            "health:ENTERED",
            "health:EXPOSED",
            "health:ISOLATION_RELEASED",
            "health:ISOLATION_START",
            "health:VACCINATED",
            "push:BIRTH",
            "push:DOSE",
        ),
        scopes=("health:report", "health:trace", "push:report"),
    ),
    Department(
        key="laboratory",
        id=_credit_code("12", 7),
        name="海屿市医学检验中心",
        types=("health:RESULT", "health:SAMPLED"),
        scopes=("health:report",),
    ),
    Department(
        key="sichuan",
        id=_credit_code("12", 8, "510000"),
        name="四川省健康码服务",
        types=("health:FOREIGN_CERT",),
        scopes=("health:report",),
    ),
)
"""Who reports what health codes follow from, and issues no certificate."""

L0, L1, L2 = AssuranceLevel.L0, AssuranceLevel.L1, AssuranceLevel.L2

PEOPLE: Final = (
    Person(
        key="lin",
        name="林晓月",
        id_number=_id_number(date(1990, 3, 15), 902),
        phone="15400000001",
        assurance=L2,
        story_zh="五种有效证照，林小满的母亲",
        story_en="five valid certificates; mother of Lin Xiaoman",
    ),
    Person(
        key="chen",
        name="陈志远",
        id_number=_id_number(date(1988, 11, 2), 901),
        phone="15400000002",
        assurance=L2,
        story_zh="驾驶证被暂扣，林小满的父亲",
        story_en="driving licence suspended; father of Lin Xiaoman",
    ),
    Person(
        key="child",
        name="林小满",
        id_number=_id_number(date(2021, 5, 21), 904),
        phone="",
        assurance=None,
        has_phone=False,
        story_zh="五岁，证照由父母代持",
        story_en="a child: the parents keep her certificates",
    ),
    Person(
        key="wang",
        name="王桂芳",
        id_number=_id_number(date(1948, 9, 9), 906),
        phone="15400000003",
        assurance=L2,
        story_zh="长者，身份证长期有效；李国强的母亲，可请他代办",
        story_en="an elder, ID card without an end; mother of Li Guoqiang, who may act for her",
    ),
    Person(
        key="abdu",
        name="阿卜杜热合曼·吐尔逊·买买提艾力",
        id_number=_id_number(date(1985, 1, 8), 903),
        phone="15400000004",
        assurance=L2,
        story_zh="姓名很长，持居住证",
        story_en="a long name; residence permit",
    ),
    Person(
        key="zheng",
        name="郑𬭎昊",
        id_number=_id_number(date(1996, 7, 30), 905),
        phone="15400000005",
        assurance=L2,
        story_zh="姓名含生僻字（基本平面之外）",
        story_en="a rare character in the name, beyond the basic plane",
    ),
    Person(
        key="zhao",
        name="赵文博",
        id_number=_id_number(date(1979, 12, 1), 907),
        phone="15400000006",
        assurance=L2,
        story_zh="身份证已过期",
        story_en="ID card expired",
    ),
    Person(
        key="qian",
        name="钱思源",
        id_number=_id_number(date(1992, 6, 18), 909),
        phone="15400000007",
        assurance=L2,
        story_zh="驾驶证被吊销",
        story_en="driving licence revoked",
    ),
    Person(
        key="sun",
        name="孙雅婷",
        id_number=_id_number(date(2000, 2, 29), 908),
        phone="15400000008",
        assurance=L2,
        story_zh="居住证尚未生效",
        story_en="residence permit not yet valid",
    ),
    Person(
        key="li",
        name="李国强",
        id_number=_id_number(date(1972, 4, 4), 911),
        phone="15400000009",
        assurance=L2,
        story_zh="企业法定代表人，持营业执照",
        story_en="legal representative: keeps a business licence",
    ),
    Person(
        key="zhou",
        name="周子涵",
        id_number=_id_number(date(2003, 10, 10), 912),
        phone="15400000010",
        assurance=L1,
        story_zh="仅绑定手机，不能亮证",
        story_en="phone bound only: may not show anything yet",
    ),
    Person(
        key="wu",
        name="吴佳怡",
        id_number=_id_number(date(1999, 8, 8), 914),
        phone="15400000011",
        assurance=None,
        story_zh="第一次来，平台不认识",
        story_en="here for the first time: unknown to the city",
    ),
)
_PERSON: Final = {person.key: person for person in PEOPLE}

GUARDIANS: Final = (("lin", "child"), ("chen", "child"))
"""Whom the family register knows as a guardian, and of whom."""
FAMILY_KEY: Final = "sim-haiyu-family-0001"

MACAO_KEY: Final = "sim-haiyu-macao-0001"

ENTERPRISE: Final = Organisation(key="teahouse", id=_credit_code("91", 11), name="海屿听潮茶业有限公司")

ORGANISATIONS: Final = (
    Organisation(key="hotel", id="haiyu-hotel", name="海屿望海大酒店"),
    Organisation(key="bank", id="haiyu-bank", name="海屿市民银行人民路支行"),
    Organisation(key="police-post", id="haiyu-police-post", name="海屿市公安局滨海派出所"),
    Organisation(key="hospital", id="haiyu-hospital", name="海屿市第一人民医院"),
    Organisation(key="counter", id="haiyu-counter", name="海屿市政务服务中心"),
    Organisation(key="museum", id="haiyu-museum", name="海屿市博物馆"),
    Organisation(key="health-office", id="haiyu-health-office", name="海屿市卫生健康委员会规则处"),
    Organisation(key="cdc-office", id="haiyu-cdc-office", name="海屿市疾病预防控制中心应急办"),
    Organisation(key="operations", id="haiyu-operations", name="海屿市城市运行中心"),
    Organisation(key="press-office", id="haiyu-press-office", name="海屿市政府新闻办公室"),
)
SIGNING_ON: Final = "haiyu-bank"
"""The organisation whose clerks may sign in where its people do (单点登录)."""
_ORGANISATION: Final = {organisation.key: organisation for organisation in ORGANISATIONS}

CLERKS: Final = (
    Clerk(
        organisation="haiyu-hotel",
        number="1001",
        passphrase="lantern-harbour-1001",  # noqa: S106
        scenes=("general", "hotel.checkin"),
        story_zh="酒店前台",
        story_en="hotel desk",
    ),
    Clerk(
        organisation="haiyu-hotel",
        number="1002",
        passphrase="lantern-harbour-1002",  # noqa: S106
        scenes=("general", "hotel.checkin"),
        story_zh="酒店前台，第二人",
        story_en="hotel desk, the second one",
    ),
    Clerk(
        organisation="haiyu-bank",
        number="2001",
        passphrase="abacus-willow-2001",  # noqa: S106
        scenes=("general", "bank.counter", "business.check"),
        story_zh="银行柜员",
        story_en="bank teller",
    ),
    Clerk(
        organisation="haiyu-police-post",
        number="3001",
        passphrase="granite-signal-3001",  # noqa: S106
        scenes=("general", "police.check", "traffic.check"),
        story_zh="派出所民警",
        story_en="police officer",
    ),
    Clerk(
        organisation="haiyu-hospital",
        number="4001",
        passphrase="camphor-lighthouse-4001",  # noqa: S106
        scenes=("hospital.registration",),
        story_zh="医院挂号处，可验健康码",
        story_en="hospital registration; may check health codes",
        scopes=("health:check", "wallet:verify"),
    ),
    Clerk(
        organisation="haiyu-counter",
        number="5001",
        passphrase="stapler-magnolia-5001",  # noqa: S106
        scenes=("general", "gov.counter", "school.enrolment", "business.check"),
        story_zh="政务窗口，可为居民帮办，登记场所并批准流调查询；运营提醒",
        story_en="government counter; acts for residents in a case; venue codes, exposure queries; reminders",
        scopes=(
            "acting:assist",
            "health:appeals",
            "health:approve",
            "health:check",
            "health:manual",
            "health:manual-release",
            "health:venues",
            "push:operate",
            "wallet:verify",
        ),
    ),
    Clerk(
        organisation="haiyu-museum",
        number="6001",
        passphrase="bronze-turnstile-6001",  # noqa: S106
        scenes=("venue.entry",),
        story_zh="场馆门岗，只能核验入场，可验健康码",
        story_en="museum gate: entry only, lacks every other scene; may check health codes",
        scopes=("health:check", "wallet:verify"),
    ),
    Clerk(
        organisation="haiyu-health-office",
        number="7001",
        passphrase="ledger-cypress-7001",  # noqa: S106
        scenes=(),
        story_zh="健康码规则：拟定；人工录入与申诉复核",
        story_en="health code rules: proposes; enters by hand, reviews appeals",
        scopes=("health:appeals", "health:manual", "health:rules"),
    ),
    Clerk(
        organisation="haiyu-cdc-office",
        number="8001",
        passphrase="beacon-juniper-8001",  # noqa: S106
        scenes=(),
        story_zh="健康码规则：由第二人发布；另一单位复核人工录入与申诉，批准流调查询",
        story_en="health code rules: publishes; the other side of entries, appeals and exposure queries",
        scopes=("health:appeals", "health:approve", "health:manual", "health:rules"),
    ),
    Clerk(
        organisation="haiyu-operations",
        number="9001",
        passphrase="orchard-beacon-9001",  # noqa: S106
        scenes=(),
        story_zh="提醒运维：通道、死信，拟定群发",
        story_en="runs the reminders: lanes, dead letters; drafts campaigns",
        scopes=("push:operate",),
    ),
    Clerk(
        organisation="haiyu-press-office",
        number="9002",
        passphrase="harvest-lantern-9002",  # noqa: S106
        scenes=(),
        story_zh="提醒运维：由第二人批准群发",
        story_en="runs the reminders: the second person, who approves campaigns",
        scopes=("push:operate",),
    ),
    Clerk(
        organisation="haiyu-hotel",
        number="1003",
        passphrase="lantern-harbour-1003",  # noqa: S106
        scenes=("general", "hotel.checkin"),
        story_zh="酒店前台，登录须用动态口令",
        story_en="hotel desk, signs in with a one-time code as well",
        second_factor="HAIYUHAIYUHAIYUHAIYUHAIYUHAIYU23",
    ),
)


def _of(person: Person, *keepers: Person) -> Holder:
    return Holder(
        name=person.name, id_number=person.id_number, keepers=[keeper.id_number for keeper in keepers]
    )


def _sex(person: Person) -> str:
    return "男" if int(person.id_number[16]) % 2 else "女"


def _born(person: Person) -> str:
    number = person.id_number
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _id_card(key: str, count: int, since: date, until: date | None, *, ethnicity: str = "汉") -> Certificate:
    person = _PERSON[key]
    parents = (_PERSON["lin"], _PERSON["chen"]) if key == "child" else ()
    return Certificate(
        department="police",
        content=IssueCredential(
            type="resident-id-card",
            serial=f"SFZ{count:07d}",
            holder=_of(person, *parents),
            claims={
                "sex": _sex(person),
                "ethnicity": ethnicity,
                "birthDate": _born(person),
                "address": f"海屿市滨海区听潮路{count}号",
            },
            valid_from=since,
            valid_until=until,
        ),
    )


def _residence_permit(key: str, count: int, since: date, until: date, registered: str) -> Certificate:
    person = _PERSON[key]
    return Certificate(
        department="police",
        content=IssueCredential(
            type="residence-permit",
            serial=f"JZZ{count:07d}",
            holder=_of(person),
            claims={
                "sex": _sex(person),
                "birthDate": _born(person),
                "registeredResidence": registered,
                "currentResidence": f"海屿市滨海区望海街{count}弄{count}号",
            },
            valid_from=since,
            valid_until=until,
        ),
    )


def _driving_licence(
    key: str, count: int, classes: str, *, fate: Fate | None = None, reason: str = ""
) -> Certificate:
    person = _PERSON[key]
    return Certificate(
        department="police",
        content=IssueCredential(
            type="driving-licence",
            serial=f"JSZ{count:07d}",
            holder=_of(person),
            claims={
                "sex": _sex(person),
                "birthDate": _born(person),
                "vehicleClasses": classes,
                "firstLicensedOn": "2015-05-10",
                "fileNumber": f"3100{count:08d}",
            },
            valid_from=date(2025, 5, 10),
            valid_until=date(2035, 5, 9),
        ),
        fate=fate,
        reason=reason,
    )


def _social_security_card(key: str, count: int) -> Certificate:
    return Certificate(
        department="social",
        content=IssueCredential(
            type="social-security-card",
            serial=f"SBK{count:07d}",
            holder=_of(_PERSON[key]),
            claims={"cardNumber": f"HY{count:08d}", "bankName": "海屿市民银行"},
            valid_from=date(2024, 1, 1),
            valid_until=date(2033, 12, 31),
        ),
    )


CERTIFICATES: Final = (
    _id_card("lin", 1, date(2021, 6, 1), date(2041, 6, 1)),
    _driving_licence("lin", 1, "C1"),
    _residence_permit("lin", 1, date(2024, 3, 1), date(2033, 3, 1), "邻省青禾县稻香镇1号"),
    _social_security_card("lin", 1),
    Certificate(
        department="land",
        content=IssueCredential(
            type="property-certificate",
            serial="BDC0000001",
            holder=_of(_PERSON["lin"]),
            claims={
                "propertyNumber": "海(2024)滨海区不动产权第0000001号",
                "propertyLocation": "海屿市滨海区听潮路1号",
                "propertyArea": "89.60平方米",
                "propertyUse": "住宅",
            },
            valid_from=date(2024, 4, 1),
        ),
    ),
    _id_card("chen", 2, date(2019, 1, 1), date(2039, 1, 1)),
    _driving_licence("chen", 2, "C1,D", fate=Fate.SUSPENDED, reason="交通违法记满12分，暂扣机动车驾驶证"),
    _id_card("child", 3, date(2025, 5, 21), date(2030, 5, 21)),
    Certificate(
        department="health",
        content=IssueCredential(
            type="birth-certificate",
            serial="CSZ0000001",
            holder=_of(_PERSON["child"], _PERSON["lin"], _PERSON["chen"]),
            claims={
                "sex": _sex(_PERSON["child"]),
                "birthDate": _born(_PERSON["child"]),
                "birthPlace": "海屿市第一人民医院",
                "motherName": _PERSON["lin"].name,
                "fatherName": _PERSON["chen"].name,
                "certificateNumber": "X310000001",
            },
            valid_from=date(2021, 5, 25),
        ),
    ),
    _id_card("wang", 4, date(2018, 9, 9), None),
    _social_security_card("wang", 2),
    _id_card("abdu", 5, date(2020, 1, 8), date(2040, 1, 8), ethnicity="维吾尔"),
    _residence_permit("abdu", 2, date(2025, 1, 1), date(2034, 1, 1), "邻区胡杨县绿洲镇2号"),
    _id_card("zheng", 6, date(2022, 7, 30), date(2042, 7, 30)),
    _id_card("zhao", 7, date(2005, 12, 1), date(2025, 12, 1)),
    _id_card("qian", 8, date(2018, 6, 18), date(2038, 6, 18)),
    _driving_licence("qian", 3, "B2", fate=Fate.REVOKED, reason="因严重交通违法，机动车驾驶证被吊销"),
    _id_card("sun", 9, date(2020, 2, 29), date(2040, 2, 28)),
    _residence_permit("sun", 3, date(2099, 1, 1), date(2100, 1, 1), "邻省青禾县稻香镇3号"),
    _id_card("li", 10, date(2017, 4, 4), date(2037, 4, 4)),
    Certificate(
        department="market",
        content=IssueCredential(
            type="business-licence",
            serial="YYZZ000001",
            holder=Holder(name=ENTERPRISE.name, uscc=ENTERPRISE.id, keepers=[_PERSON["li"].id_number]),
            claims={
                "organisationKind": "有限责任公司",
                "legalRepresentative": _PERSON["li"].name,
                "registeredCapital": "伍佰万元整",
                "establishedOn": "2016-08-18",
                "premises": "海屿市滨海区望海街11号",
                "businessScope": "茶叶批发、零售；预包装食品销售",
            },
            valid_from=date(2016, 8, 18),
        ),
    ),
    _id_card("zhou", 11, date(2021, 10, 10), date(2031, 10, 10)),
)


HEALTH_RULES: Final = Path(__file__).with_name("haiyu-rules.json")
"""The law on health codes in this city."""


def person(key: str) -> Person:
    """The resident called ``key``."""
    return _PERSON[key]


def organisation(key: str) -> Organisation:
    """The organisation called ``key``."""
    return _ORGANISATION[key]


def synthetic_identifiers() -> frozenset[str]:
    """Every string that names one of these people: what no log line may hold."""
    strings = {
        text
        for person in PEOPLE
        for text in (
            *(person.name, person.id_number, person.phone),
            *((person.openid, person.alipay_open_id) if person.has_phone else ()),
        )
    }
    numbers = {
        value
        for certificate in CERTIFICATES
        for name, value in certificate.content.claims.items()
        if name
        in {"address", "cardNumber", "certificateNumber", "currentResidence", "fileNumber", "propertyNumber"}
    }
    return frozenset((strings | numbers) - {""})


def fingerprint() -> str:
    """Changes whenever the city does: a data folder that holds another one has to be seeded again."""
    apps = [APP.appid, ALIPAY_APP.appid, SIGNING_ON]
    rules = HEALTH_RULES.read_bytes()
    everything = [apps, DEPARTMENTS, SOURCES, PEOPLE, GUARDIANS, ORGANISATIONS, CLERKS, CERTIFICATES, rules]
    return sha256(msgspec.json.encode(everything)).hexdigest()
