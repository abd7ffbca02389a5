"""The health code's settings, from ``SUISHEN_HEALTH_*``."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct


class HealthSettings(Struct, frozen=True, kw_only=True):
    """Whose rules decide, and how long codes and colours live."""

    keys_dir: Annotated[
        Path,
        Meta(
            description="Folder of P-256 keys that sign offline and paper health codes, with a file "
            "`current`. Keep a key 180 days after its last use: paper lives as long.",
            extra={"zh": "离线码、纸质码签名密钥(P-256)所在目录，含 current 文件；停用后须保留 180 天。"},
        ),
    ]
    jurisdiction: Annotated[
        str,
        Meta(
            description="Whose rules decide: a division code of GB/T 2260.",
            pattern=r"^[0-9]{6}\Z",
            extra={"zh": "适用规则的行政区划代码(GB/T 2260)。"},
        ),
    ] = "310000"
    window_seconds: Annotated[
        int,
        Meta(
            description="How long a shown code lives.",
            extra={"zh": "动态健康码的有效秒数。"},
            ge=30,
            le=60,
        ),
    ] = 60
    green_limit_minutes: Annotated[
        int,
        Meta(
            description="How old a green may be before it is grey because nothing confirmed it.",
            extra={"zh": "绿码未经确认的最长分钟数，超过则显示灰码。"},
            ge=5,
            le=10_080,
        ),
    ] = 1_440
    yellow_limit_minutes: Annotated[
        int,
        Meta(
            description="The same for yellow. Red has no limit: it never goes away by missing data.",
            extra={"zh": "黄码未经确认的最长分钟数；红码无上限，数据缺失不会使红码消失。"},
            ge=5,
            le=44_640,
        ),
    ] = 10_080
    guard_per_minute: Annotated[
        int,
        Meta(
            description="Codes a guard may check a minute.",
            extra={"zh": "每名查验员每分钟验码上限。"},
            ge=1,
        ),
    ] = 300
    scan_days: Annotated[
        int,
        Meta(
            description="Days for which it is kept that a guard scanned a code; no name is in it.",
            extra={"zh": "验码记录(不含姓名)的保存天数。"},
            ge=1,
            le=60,
        ),
    ] = 25
