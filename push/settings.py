"""The reminders' settings, from ``SUISHEN_PUSH_*``."""

from typing import Annotated

from msgspec import Meta, Struct


class PushSettings(Struct, frozen=True, kw_only=True):
    """When a city keeps quiet, how often it disturbs anybody, and how fast it asks whom."""

    quiet_from: Annotated[
        str,
        Meta(
            description="From when on nothing but what is urgent makes a phone ring, as HH:MM.",
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z",
            extra={"zh": "免打扰开始时间(HH:MM)，此后仅紧急消息会响铃。"},
        ),
    ] = "22:00"
    quiet_to: Annotated[
        str,
        Meta(
            description="Until when, as HH:MM.",
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z",
            extra={"zh": "免打扰结束时间(HH:MM)。"},
        ),
    ] = "08:00"
    topic_per_day: Annotated[
        int,
        Meta(
            description="How many notices of one topic may make a resident's phone ring in a day.",
            ge=1,
            le=100,
            extra={"zh": "同一主题每人每天最多触达次数。"},
        ),
    ] = 5
    inbox_days: Annotated[
        int,
        Meta(
            description="For how many days a notice stays in the inbox.",
            ge=30,
            le=3650,
            extra={"zh": "站内信保存天数。"},
        ),
    ] = 365
    attempt_days: Annotated[
        int,
        Meta(
            description="For how many days it is kept what was tried for a notice.",
            ge=30,
            le=3650,
            extra={"zh": "发送台账保存天数。"},
        ),
    ] = 90
    per_second: Annotated[
        dict[
            Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,31}\Z")],
            Annotated[int, Meta(ge=1, le=1_000_000)],
        ],
        Meta(
            description='How often a second each provider may be asked, as JSON: `{"wechat": 2000}`.',
            extra={"zh": "各渠道每秒请求上限（JSON）。"},
        ),
    ] = {}
