"""The health code's settings, from ``SUISHEN_HEALTH_*``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from health_code.rules.freshness import Limits


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
            description="How long a shown code is good at most, with the five seconds clocks may differ by.",
            extra={"zh": "动态健康码的有效秒数上限（含五秒时钟误差）。"},
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
    polled_file: Annotated[
        Path | None,
        Meta(
            description="Sources that are asked: a JSON list of objects with `id`, `name`, `kinds`, `url`, "
            "`key`. Each answers `GET url?cursor=…` with `items` as they are reported, `cursor` and `more`.",
            extra={"zh": "需主动拉取的数据来源清单(JSON)：`id`、`name`、`kinds`、`url`、`key`。"},
        ),
    ] = None
    vouchers_file: Annotated[
        Path | None,
        Meta(
            description="Places that are asked about what residents carry: a JSON list of objects with `id`, "
            '`name`, `area`, `url`, `key`. Each answers `POST url` of `{"hash": "…"}` with `standing`.',
            extra={
                "zh": "居民自带证明的核验地清单(JSON)：`id`、`name`、`area`、`url`、`key`;仅核对加盐哈希。"
            },
        ),
    ] = None
    trust_dir: Annotated[
        Path | None,
        Meta(
            description="Folder of keys and revocation lists of other places' certificates: PEM, did.json, "
            "and the keys of a card issuer at the path of its address, `HOST/PATH/.well-known/jwks.json`; "
            "of a card's keys that do not say whose they are nobody is believed.",
            extra={
                "zh": "外地证明的验证公钥和吊销列表所在目录：PEM、did.json；智能健康卡签发方的公钥按其网址"
                "存放，未写明签发方的不予采信；不设则不认可外地证明。"
            },
        ),
    ] = None
    guard_per_minute: Annotated[
        int,
        Meta(
            description="Codes a guard may check a minute.",
            extra={"zh": "每名查验员每分钟验码上限。"},
            ge=1,
        ),
    ] = 300
    manual_cohort_people: Annotated[
        int,
        Meta(
            description="From how many people of one reason on an entry by hand is held, with an alarm.",
            extra={"zh": "同一原因的人工录入涉及多少人起暂缓生效并报警。"},
            ge=2,
            le=1_000,
        ),
    ] = 10
    manual_cohort_hours: Annotated[
        int,
        Meta(
            description="Within how many hours these people are counted.",
            extra={"zh": "上述人数的统计时段(小时)。"},
            ge=1,
            le=720,
        ),
    ] = 72
    manual_lapse_hours: Annotated[
        int,
        Meta(
            description="How long an entry by hand waits for its second, or third, person.",
            extra={"zh": "人工录入等待复核的小时数，逾期作废。"},
            ge=1,
            le=168,
        ),
    ] = 24
    appeal_hours: Annotated[
        int,
        Meta(
            description="Within how many hours an appeal is to be decided; later it counts as overdue.",
            extra={"zh": "申诉的办理时限(小时)，逾期升级督办。"},
            ge=1,
            le=720,
        ),
    ] = 24
    scan_days: Annotated[
        int,
        Meta(
            description="Days for which it is kept that a guard scanned a code; no name is in it.",
            extra={"zh": "验码记录(不含姓名)的保存天数。"},
            ge=1,
            le=60,
        ),
    ] = 25
    checkins_per_minute: Annotated[
        int,
        Meta(
            description="Venue codes a person may scan a minute.",
            extra={"zh": "每人每分钟扫场所码上限。"},
            ge=1,
        ),
    ] = 10
    printed_checkins_per_minute: Annotated[
        int,
        Meta(
            description="Check-ins a minute by one venue's printed code, which anybody may have forwarded.",
            extra={"zh": "单个场所纸质码每分钟登记上限；纸质码可被转发，证明力弱。"},
            ge=1,
        ),
    ] = 60
    venue_alarm_people: Annotated[
        int,
        Meta(
            description="People refused at one venue within ten minutes at which an alarm is raised.",
            extra={"zh": "十分钟内同一场所码被拒人数达到此数即报警。"},
            ge=1,
            le=10_000,
        ),
    ] = 50
    checkin_days: Annotated[
        int,
        Meta(
            description="Days a check-in at a venue is remembered, unless its division orders otherwise.",
            extra={"zh": "场所登记的保存天数，辖区另有规定的除外。"},
            ge=1,
            le=365,
        ),
    ] = 25
    checkin_days_by_division: Annotated[
        dict[
            Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")],
            Annotated[int, Meta(ge=1, le=365)],
        ],
        Meta(
            description='What divisions order instead, as JSON: `{"310000": 14}`; the nearest one counts.',
            extra={"zh": "各行政区划另行规定的保存天数（JSON），以最近一级为准。"},
        ),
    ] = {}

    @property
    def limits(self) -> Limits:
        """How old a colour may be and still be shown."""
        return Limits(
            green=timedelta(minutes=self.green_limit_minutes),
            yellow=timedelta(minutes=self.yellow_limit_minutes),
        )
