"""The wallet's settings, from ``SUISHEN_WALLET_*``."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct


class WalletSettings(Struct, frozen=True, kw_only=True):
    """How codes are made and how long they live."""

    keys_dir: Annotated[
        Path,
        Meta(
            description="Folder of P-256 keys that sign shown codes, with a file `current`.",
            extra={"zh": "亮证签名密钥(P-256)所在目录,含 current 文件。"},
        ),
    ]
    issuer_number: Annotated[
        int,
        Meta(
            description="The city's number in the `iss` of a code; up to 23 it takes one byte less.",
            extra={"zh": "二维码 iss 中的城市编号。"},
            ge=0,
            le=65535,
        ),
    ] = 1
    window_seconds: Annotated[
        int,
        Meta(
            description="How long a shown code lives.",
            extra={"zh": "亮证二维码的有效秒数。"},
            ge=2,
            le=300,
        ),
    ] = 90
    skew_seconds: Annotated[
        int,
        Meta(description="Clock skew borne.", extra={"zh": "允许的时钟偏差(秒)。"}, ge=0, le=5),
    ] = 5
    kept_seconds: Annotated[
        int,
        Meta(
            description="How long a code's fate is remembered after it ended, to answer retries.",
            extra={"zh": "二维码失效后保留结果的秒数,用于应答重试。"},
            ge=60,
            le=86_400,
        ),
    ] = 900
    event_shards: Annotated[
        int,
        Meta(
            description="Redis streams the wallet's events are spread over; drain them before changing it.",
            extra={"zh": "钱包事件分布的 Redis 流数量,更改前须排空。"},
            ge=1,
            le=64,
        ),
    ] = 4
    clerk_per_minute: Annotated[
        int,
        Meta(
            description="Verifications a clerk may make a minute.",
            extra={"zh": "每名核验员每分钟核验上限。"},
            ge=1,
        ),
    ] = 300
    organisation_per_minute: Annotated[
        int,
        Meta(
            description="Verifications an organisation may make a minute.",
            extra={"zh": "每个用证单位每分钟核验上限。"},
            ge=1,
        ),
    ] = 30_000
