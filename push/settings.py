"""The reminders' settings, from ``SUISHEN_PUSH_*``."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class PushSettings(Struct, frozen=True, kw_only=True):
    """When a city keeps quiet, how often it disturbs anybody, how it asks others and whom it believes."""

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
    campaign_backlog: Annotated[
        int,
        Meta(
            description="How many notices of a campaign may wait to be sent before no more are made.",
            ge=1_000,
            le=1_000_000,
            extra={"zh": "群发通知积压上限，达到后暂缓生成。"},
        ),
    ] = 20_000
    campaign_canary_seconds: Annotated[
        int,
        Meta(
            description="How long the first thousandth of a campaign is watched before the rest goes out.",
            ge=0,
            le=86_400,
            extra={"zh": "群发灰度（千分之一）的最短观察时间（秒）。"},
        ),
    ] = 120
    wechat_callback_token: Annotated[
        str | None,
        Meta(
            description="Token of the message push in WeChat's console; none: WeChat's messages are refused.",
            extra={"zh": "微信后台“消息推送”的 Token；不设则拒收微信推送。", "secret": True},
        ),
    ] = None
    wechat_callback_key: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{43}\Z")] | None,
        Meta(
            description="EncodingAESKey there, in secure mode; set, nothing in the clear is believed.",
            extra={"zh": "“消息推送”安全模式的 EncodingAESKey；设置后不再接受明文消息。", "secret": True},
        ),
    ] = None
    wechat_state: Annotated[
        Literal["formal", "trial", "developer"],
        Meta(
            description="Which release of the mini-program a message opens.",
            extra={"zh": "点击订阅消息所打开的小程序版本。"},
        ),
    ] = "formal"
    alipay_failures: Annotated[
        tuple[
            Annotated[
                str,
                Meta(
                    pattern=r"^[A-Za-z0-9_.-]{1,64}=(retry|next_channel|tombstone|stop_template|broken|configuration|no_credit)\Z"
                ),
            ],
            ...,
        ],
        Meta(
            description="What is done about Alipay's codes for template messages: `CODE=class`.",
            extra={"zh": "支付宝模板消息错误码的处置方式，形如 `CODE=类别`。"},
        ),
    ] = ()
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
