"""The bridges' settings, from ``SUISHEN_AUTH_*``."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct


class AuthSettings(Struct, frozen=True, kw_only=True):
    """How people and departments sign in."""

    token_issuer: Annotated[
        str,
        Meta(
            description="The `iss` of our access tokens; the city's own address.",
            extra={"zh": "访问令牌中的 iss，即本市平台的地址。"},
            min_length=1,
            max_length=200,
        ),
    ]
    token_keys_dir: Annotated[
        Path,
        Meta(
            description="Folder of P-256 keys that sign access tokens, with a file `current`.",
            extra={"zh": "访问令牌签名密钥(P-256)所在目录，含 current 文件。"},
        ),
    ]
    access_token_seconds: Annotated[
        int,
        Meta(
            description="How long an access token lives; ten minutes at most.",
            extra={"zh": "访问令牌的有效秒数，最多十分钟。"},
            ge=60,
            le=600,
        ),
    ] = 600
    wechat_appid: Annotated[
        str,
        Meta(
            description="The mini-program's AppID.",
            extra={"zh": "微信小程序 AppID。"},
            pattern=r"^[A-Za-z0-9_-]{4,64}$",
        ),
    ]
    wechat_secret: Annotated[
        str,
        Meta(
            description="The mini-program's AppSecret.",
            extra={"zh": "微信小程序 AppSecret。", "secret": True},
            min_length=8,
            max_length=128,
        ),
    ]
    wechat_base_url: Annotated[
        str,
        Meta(
            description="Where WeChat answers.",
            extra={"zh": "微信服务端接口地址。"},
            pattern=r"^https?://[^/?#]+$",
        ),
    ] = "https://api.weixin.qq.com"
    oidc_keys_dir: Annotated[
        Path | None,
        Meta(
            description="Folder of P-256 keys by which OpenID providers know us, with a file `current`.",
            extra={"zh": "本平台作为 OpenID 客户端的签名密钥(P-256)所在目录，含 current 文件。"},
        ),
    ] = None
    citizen_issuer: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^?#\s]+\Z")] | None,
        Meta(
            description="Citizen Cloud's `issuer`; none: residents cannot sign in there.",
            extra={"zh": "市民云的 issuer；不设则不提供市民云登录。"},
        ),
    ] = None
    citizen_client_id: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}\Z")] | None,
        Meta(
            description="Our name at Citizen Cloud.",
            extra={"zh": "本平台在市民云的 client_id。"},
        ),
    ] = None
    citizen_redirect_uri: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^#\s]+\Z")] | None,
        Meta(
            description="Our page that residents come back to from there, exactly as registered.",
            extra={"zh": "市民云登录后返回的本平台页面地址，须与登记的完全一致。"},
        ),
    ] = None
    clerk_sso_redirect_uri: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^#\s]+\Z")] | None,
        Meta(
            description="Our page that clerks come back to from their organisation's own sign-in; "
            "none: passphrases only.",
            extra={"zh": "核验员单点登录后返回的本平台页面地址；不设则仅用口令登录。"},
        ),
    ] = None
    legal_person_roots_file: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities whose certificates prove legal persons; "
            "none: not offered.",
            extra={"zh": "法人数字证书受信任根证书的 PEM 文件；不设则不提供法人一证通。"},
        ),
    ] = None
    legal_person_uscc_oid: Annotated[
        str,
        Meta(
            description="Where a certificate names the credit code: of its subject, or else an extension.",
            extra={"zh": "证书中统一社会信用代码所在的主体属性或扩展的 OID。"},
            pattern=r"^[0-2](\.[0-9]+)+\Z",
        ),
    ] = "2.5.4.97"
    legal_person_name_oid: Annotated[
        str,
        Meta(
            description="The same for the organisation's name.",
            extra={"zh": "证书中单位名称所在的主体属性或扩展的 OID。"},
            pattern=r"^[0-2](\.[0-9]+)+\Z",
        ),
    ] = "2.5.4.10"
    legal_person_representative_oid: Annotated[
        str,
        Meta(
            description="The same for the legal representative's ID number.",
            extra={"zh": "证书中法定代表人公民身份号码所在的主体属性或扩展的 OID。"},
            pattern=r"^[0-2](\.[0-9]+)+\Z",
        ),
    ] = "1.2.156.10260.4.1.1"
    wechat_fallback_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^/?#]+$")] | None,
        Meta(
            description="Where it answers when that cannot be reached: `https://api2.weixin.qq.com`.",
            extra={"zh": "上述地址连接不上时使用的微信容灾域名，如 `https://api2.weixin.qq.com`。"},
        ),
    ] = None
    wechat_secure_dir: Annotated[
        Path | None,
        Meta(
            description="Folder of the secure API's keys: `<serial>.aes256` or `.sm4` (base64), `app.pem`, "
            "`platform-<serial>.pem`; none: calls are not sealed.",
            extra={
                "zh": "微信服务端 API 签名加密的密钥目录：`<编号>.aes256` 或 `.sm4`（base64）、`app.pem`、"
                "`platform-<编号>.pem`；不设则不加密。"
            },
        ),
    ] = None
    sign_ins_per_address: Annotated[
        int,
        Meta(
            description="Sign-ins a minute from one address; a whole quarter may share one.",
            extra={"zh": "同一网络地址每分钟登录上限（运营商出口地址由多人共用）。"},
            ge=1,
        ),
    ] = 1200
    sign_ins_per_device: Annotated[
        int,
        Meta(
            description="Sign-ins a minute from one device.",
            extra={"zh": "同一设备每分钟登录上限。"},
            ge=1,
        ),
    ] = 20
    sign_ins_per_subject: Annotated[
        int,
        Meta(
            description="Sign-ins a minute of one person at one provider.",
            extra={"zh": "同一登录平台账号每分钟登录上限。"},
            ge=1,
        ),
    ] = 20
    refreshes_per_address: Annotated[
        int,
        Meta(
            description="Refreshes a minute from one address.",
            extra={"zh": "同一网络地址每分钟续期上限。"},
            ge=1,
        ),
    ] = 6000
    tries_per_clerk: Annotated[
        int,
        Meta(
            description="Passphrase tries a minute for one clerk, whoever tries.",
            extra={"zh": "每名核验员每分钟口令尝试上限。"},
            ge=1,
        ),
    ] = 6
    assertions_per_department: Annotated[
        int,
        Meta(
            description="Sign-ins a minute for one department.",
            extra={"zh": "每个发证机关每分钟登录上限。"},
            ge=1,
        ),
    ] = 60

    def __repr__(self) -> str:
        return f"AuthSettings(token_issuer={self.token_issuer!r}, wechat_appid={self.wechat_appid!r}, …)"
