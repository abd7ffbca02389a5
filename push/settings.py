"""The reminders' settings, from ``SUISHEN_PUSH_*``."""

from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

APNS_GROUP: Final = ("apns_key_file", "apns_key_id", "apns_team_id", "apns_topic")
JPUSH_GROUP: Final = ("jpush_app_key", "jpush_master_secret")
WEBPUSH_GROUP: Final = ("webpush_key_file", "webpush_contact")
SMS_GROUP: Final = ("sms_base_url", "sms_key", "sms_template")
"""Set together or not at all."""

Address = Annotated[str, Meta(pattern=r"^https?://\S+\Z")]


class PushSettings(Struct, frozen=True, kw_only=True):
    """When a city keeps quiet, how often it disturbs anybody, by which ways, and whom it believes."""

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
    apns_key_file: Annotated[
        Path | None,
        Meta(
            description="Apple's key for push (`.p8`); none: iPhones are not reached directly.",
            extra={"zh": "苹果推送密钥文件(.p8)；不设则不直接推送到 iPhone。"},
        ),
    ] = None
    apns_key_id: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Z0-9]{10}\Z")] | None,
        Meta(description="Its key id.", extra={"zh": "苹果推送密钥编号。"}),
    ] = None
    apns_team_id: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Z0-9]{10}\Z")] | None,
        Meta(description="The team it belongs to.", extra={"zh": "苹果开发者团队编号。"}),
    ] = None
    apns_topic: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9.-]{3,155}\Z")] | None,
        Meta(description="The app's bundle id.", extra={"zh": "iOS 应用的 Bundle ID。"}),
    ] = None
    apns_base_url: Annotated[
        Address,
        Meta(description="Where Apple's push service is.", extra={"zh": "苹果推送服务地址。"}),
    ] = "https://api.push.apple.com"
    apns_environment: Annotated[
        Literal["production", "development"],
        Meta(
            description="Which of Apple's two worlds that is; devices of the other are refused.",
            extra={"zh": "上述地址所属的苹果推送环境；另一环境的设备不予登记。"},
        ),
    ] = "production"
    apns_ca_file: Annotated[
        Path | None,
        Meta(
            description="PEM of the authorities believed there instead of this machine's.",
            extra={"zh": "访问苹果推送服务时唯一信任的根证书(PEM)；不设则用系统的。"},
        ),
    ] = None
    fcm_service_account_file: Annotated[
        Path | None,
        Meta(
            description="Google's key file of a service account; none: FCM is not used.",
            extra={"zh": "Google 服务账号密钥文件；不设则不使用 FCM。"},
        ),
    ] = None
    fcm_base_url: Annotated[
        Address,
        Meta(description="Where FCM is.", extra={"zh": "FCM 服务地址。"}),
    ] = "https://fcm.googleapis.com"
    fcm_token_url: Annotated[
        Address | None,
        Meta(
            description="Where its access tokens come from, if not where the key file says.",
            extra={"zh": "FCM 访问令牌的获取地址；不设则按密钥文件。"},
        ),
    ] = None
    jpush_app_key: Annotated[
        Annotated[str, Meta(pattern=r"^[0-9a-f]{24}\Z")] | None,
        Meta(
            description="The app's key at JPush; none: JPush is not used.",
            extra={"zh": "极光推送 AppKey；不设则不使用极光。"},
        ),
    ] = None
    jpush_master_secret: Annotated[
        Annotated[str, Meta(min_length=8)] | None,
        Meta(description="Its master secret.", extra={"zh": "极光推送 Master Secret。", "secret": True}),
    ] = None
    jpush_base_url: Annotated[
        Address,
        Meta(description="Where JPush is.", extra={"zh": "极光推送服务地址。"}),
    ] = "https://api.jpush.cn"
    jpush_cids_at_once: Annotated[
        int,
        Meta(
            description="How many `cid` are asked for at once; what the contract allows.",
            ge=1,
            le=1000,
            extra={"zh": "每次获取的 cid 个数，以合同为准。"},
        ),
    ] = 10
    jpush_vendors_file: Annotated[
        Path | None,
        Meta(
            description="JSON with the app's own channels at the makers, in place of ours, maker by maker.",
            extra={"zh": "各厂商消息分类与通道编号的 JSON，按厂商替换内置表。"},
        ),
    ] = None
    webpush_key_file: Annotated[
        Path | None,
        Meta(
            description="P-256 private key in PEM that browsers know us by; none: browsers are not reached.",
            extra={"zh": "浏览器推送(VAPID)所用的 P-256 私钥(PEM)；不设则不推送到浏览器。"},
        ),
    ] = None
    webpush_contact: Annotated[
        Annotated[str, Meta(pattern=r"^(mailto:\S+@\S+|https://\S+)\Z")] | None,
        Meta(
            description="Whom a push service may write to, `mailto:` or `https:`.",
            extra={"zh": "推送服务商可联系的地址，mailto: 或 https:。"},
        ),
    ] = None
    webpush_origins: Annotated[
        Annotated[tuple[Address, ...], Meta(min_length=1)],
        Meta(
            description="Push services we call; a browser that names another is refused.",
            extra={"zh": "允许调用的浏览器推送服务；其他一律拒绝。"},
        ),
    ] = (
        "https://fcm.googleapis.com",
        "https://updates.push.services.mozilla.com",
        "https://web.push.apple.com",
        "https://*.notify.windows.com",
    )
    sms_base_url: Annotated[
        Address | None,
        Meta(
            description="The text message gateway for notices; none: no notice goes by text message.",
            extra={"zh": "通知类短信网关地址；不设则不发通知短信。"},
        ),
    ] = None
    sms_key: Annotated[
        Annotated[str, Meta(min_length=8)] | None,
        Meta(description="Our key there.", extra={"zh": "通知类短信网关密钥。", "secret": True}),
    ] = None
    sms_template: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")] | None,
        Meta(
            description="The operator's template, whose only place is the text.",
            extra={"zh": "运营商报备的通知模板编号，仅含正文一个变量。"},
        ),
    ] = None
    sms_receipts_key: Annotated[
        Annotated[str, Meta(min_length=16)] | None,
        Meta(
            description="The gateway's key for us, with which it tells what became of messages at "
            "`/callbacks/sms`; none: its receipts are refused.",
            extra={"zh": "短信网关回传送达回执(/callbacks/sms)所用的密钥；不设则拒收回执。", "secret": True},
        ),
    ] = None
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
    call_seconds: Annotated[
        int,
        Meta(
            description="For how long a provider may take to answer; after half as long again whoever asked "
            "is taken for dead, and what was asked for unknown.",
            ge=2,
            le=120,
            extra={"zh": "等待服务商应答的最长秒数；再过一半时间仍无结果，即视为发送进程已死、结果未知。"},
        ),
    ] = 20
    orphaned_seconds: Annotated[
        int,
        Meta(
            description="After how long without a sign of life what a worker was given is another's.",
            ge=2,
            le=600,
            extra={"zh": "投递进程失联多少秒后，其任务由其他进程接手。"},
        ),
    ] = 30
    again_seconds: Annotated[
        int,
        Meta(
            description="After how long without an outcome a notice that is on no stream is put on one "
            "again.",
            ge=5,
            le=3600,
            extra={"zh": "通知在流中遗失且无结果多少秒后重新投递。"},
        ),
    ] = 120
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
    month_end: Annotated[
        Literal["last_day", "next_month"],
        Meta(
            description="Where a month has no such day: its last day is meant, or the day after it.",
            extra={"zh": "按月推算遇无对应日时：取月末（民法典第二百零二条）或次月一日。"},
        ),
    ] = "last_day"
    policies_file: Annotated[
        Path | None,
        Meta(
            description="The city's policies for enterprises, as docs/programmes.md says; none if unset.",
            extra={"zh": "本市惠企政策文件(见 docs/programmes.md)；不填则没有。"},
        ),
    ] = None

    def __repr__(self) -> str:
        return f"PushSettings(quiet_from={self.quiet_from!r}, quiet_to={self.quiet_to!r}, …)"
