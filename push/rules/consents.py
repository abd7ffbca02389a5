"""On what each kind of notice rests, and the words residents agree to.

Account and health notices rest on law: that somebody signed in, that a colour changed, must be told to
whom it concerns (PIPL art. 13 (1) 3, Data Security Law art. 29), and refusing them is not offered. Whatever
else is sent rests on consent, topic by topic (PIPL art. 14). What concerns children is sensitive (art. 28)
and asks for the guardian's separate consent (art. 29, 31); policies matched to a person are a push by
automated decision, which anybody may refuse (art. 24). Nothing given is nothing sent: the notice waits in
the app, where only who opens it sees it. Withdrawing is one call, as giving is (art. 15).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from push.models import Topic


class Basis(StrEnum):
    """What a notice rests on."""

    LAW = "law"
    CONSENT = "consent"
    GUARDIAN = "guardian"


BASES: Final[Mapping[Topic, Basis]] = {
    Topic.VACCINATION: Basis.GUARDIAN,
    Topic.ENROLMENT: Basis.GUARDIAN,
    Topic.EXPIRY: Basis.CONSENT,
    Topic.INSURANCE: Basis.CONSENT,
    Topic.PENSION: Basis.CONSENT,
    Topic.POLICY: Basis.CONSENT,
    Topic.HEALTH: Basis.LAW,
    Topic.ACCOUNT: Basis.LAW,
}


class ConsentText(Struct, frozen=True, kw_only=True):
    """What is agreed to. Other words are another version: who agreed to the old ones is not asked again."""

    version: str
    zh: str
    en: str


TEXTS: Final[Mapping[Topic, ConsentText]] = {
    Topic.VACCINATION: ConsentText(
        version="vaccination-1",
        zh="我是孩子的监护人，同意使用孩子的出生日期和接种记录（敏感个人信息）计算接种时间并提醒我。"
        "锁屏上不显示孩子姓名和疫苗名称。我可以随时撤回，撤回不影响接种。",
        en="I am the child's guardian and agree that the child's date of birth and vaccination record "
        "(sensitive personal information) are used to work out when a dose is due and to remind me. A locked "
        "screen shows neither the child's name nor the vaccine. I can withdraw at any time; vaccination does "
        "not depend on it.",
    ),
    Topic.ENROLMENT: ConsentText(
        version="enrolment-1",
        zh="我是孩子的监护人，同意使用孩子的出生日期和户籍所在区（敏感个人信息）判断入园入学年份并提醒我登记时间。"
        "我可以随时撤回，撤回不影响报名。",
        en="I am the child's guardian and agree that the child's date of birth and district (sensitive "
        "personal information) are used to tell the year of enrolment and to remind me of the dates. I can "
        "withdraw at any time; enrolment does not depend on it.",
    ),
    Topic.EXPIRY: ConsentText(
        version="expiry-1",
        zh="我同意在证照到期前提醒我。我可以随时撤回。",
        en="I agree to be reminded before my certificates expire. I can withdraw at any time.",
    ),
    Topic.INSURANCE: ConsentText(
        version="insurance-1",
        zh="我同意使用我的社会保险参保状态提醒我缴费和办理时间。我可以随时撤回。",
        en="I agree that my social insurance status is used to remind me of dates. I can withdraw at any "
        "time.",
    ),
    Topic.PENSION: ConsentText(
        version="pension-1",
        zh="我同意使用我的养老金领取资格信息提醒我按时认证。我可以随时撤回。",
        en="I agree that my pension qualification is used to remind me to confirm it in time. I can withdraw "
        "at any time.",
    ),
    Topic.POLICY: ConsentText(
        version="policy-1",
        zh="我同意按企业或个人特征自动匹配政策并推送给我。我可以随时拒绝，拒绝后仍可自行查询全部政策。",
        en="I agree that policies are matched automatically to what is known of me or my enterprise and sent "
        "to me. I can refuse at any time and still look up every policy myself.",
    ),
}


def needs_consent(topic: Topic) -> bool:
    """Whether nothing may be sent of ``topic`` before somebody agreed."""
    return BASES[topic] is not Basis.LAW
