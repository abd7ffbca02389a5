"""The bridges' settings, from ``SUISHEN_AUTH_*``."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from auth_bridges.codec.alipay_keys import (
    aes_key,
    certificate_sn,
    certified_keys,
    certifies,
    private_key,
    public_key,
    root_sn,
)
from miniapp_schemas.assurance import AssuranceLevel


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
            pattern=r"^[A-Za-z0-9_-]{4,64}\Z",
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
            pattern=r"^https?://[^/?#\s]+\Z",
        ),
    ] = "https://api.weixin.qq.com"
    family_base_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^/?#\s]+\Z")] | None,
        Meta(
            description="Where the city's family register answers; none: nobody acts as a guardian.",
            extra={"zh": "家庭关系登记系统地址；不设则不开通监护人代办。"},
        ),
    ] = None
    family_key: Annotated[
        Annotated[str, Meta(min_length=16, max_length=128)] | None,
        Meta(
            description="Our key at the family register.",
            extra={"zh": "访问家庭关系登记系统的密钥。", "secret": True},
        ),
    ] = None
    wechat_fallback_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^/?#\s]+\Z")] | None,
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
    alipay_appid: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{4,64}\Z")] | None,
        Meta(
            description="The mini-program's AppID at Alipay; none: no sign-in through Alipay.",
            extra={"zh": "支付宝小程序 AppID；不设则不提供支付宝登录。"},
        ),
    ] = None
    alipay_private_key: Annotated[
        str | None,
        Meta(
            description="Our RSA key there, PKCS#1 or PKCS#8, PEM or bare base64.",
            extra={"zh": "应用私钥（RSA2，PKCS#1 或 PKCS#8，PEM 或纯 base64）。", "secret": True},
        ),
    ] = None
    alipay_public_key: Annotated[
        str | None,
        Meta(
            description="Alipay's key for this app, PEM or bare base64; or the three certificates below.",
            extra={"zh": "支付宝公钥（PEM 或纯 base64）；与下列三项证书二选一。"},
        ),
    ] = None
    alipay_app_certificate: Annotated[
        str | None,
        Meta(
            description="Certificate mode: the certificate of our key, PEM.",
            extra={"zh": "证书模式：应用公钥证书（PEM）。"},
        ),
    ] = None
    alipay_certificates: Annotated[
        str | None,
        Meta(
            description="Certificate mode: Alipay's certificate, PEM; the next is fetched when it comes.",
            extra={"zh": "证书模式：支付宝公钥证书（PEM）；更换后的新证书自动下载并校验。"},
        ),
    ] = None
    alipay_root_certificates: Annotated[
        str | None,
        Meta(
            description="Certificate mode: Alipay's root certificates, PEM, as downloaded.",
            extra={"zh": "证书模式：支付宝根证书（PEM，按下载原样）。"},
        ),
    ] = None
    alipay_aes_key: Annotated[
        str | None,
        Meta(
            description="Key of content encryption, base64; needed for phone numbers.",
            extra={"zh": "接口内容加密密钥（AES，base64）；获取手机号时需要。", "secret": True},
        ),
    ] = None
    alipay_transport: Annotated[
        Literal["v2", "v3"],
        Meta(
            description="Which of its two protocols we speak with Alipay.",
            extra={"zh": "与支付宝通信所用的协议版本。"},
        ),
    ] = "v2"
    alipay_base_url: Annotated[
        str,
        Meta(
            description="Where Alipay answers.",
            extra={"zh": "支付宝开放平台接口地址。"},
            pattern=r"^https?://[^/?#\s]+\Z",
        ),
    ] = "https://openapi.alipay.com"
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
            description="Passphrase tries a minute for one clerk from one address, and from each device that "
            "signed them in before; from everywhere else together ten times as many.",
            extra={
                "zh": "每名核验员每分钟口令尝试上限：按来源地址计；曾成功登录的设备单独计；其余合计为十倍。"
            },
            ge=1,
        ),
    ] = 6
    clerk_second_factor: Annotated[
        Literal["demanded", "offered"],
        Meta(
            description="`demanded`: no clerk begins a shift with a passphrase alone; "
            "`offered`: only who set up a second factor needs it.",
            extra={"zh": "`demanded`：核验员一律须用口令加动态口令登录；`offered`：仅已绑定者须用。"},
        ),
    ] = "demanded"
    clerk_second_factor_days: Annotated[
        int,
        Meta(
            description="How long a clerk newly registered may set up a second factor with the passphrase.",
            extra={"zh": "核验员登记后可凭口令自行绑定动态口令的天数。"},
            ge=1,
            le=365,
        ),
    ] = 14
    assertions_per_department: Annotated[
        int,
        Meta(
            description="Sign-ins a minute for one department.",
            extra={"zh": "每个发证机关每分钟登录上限。"},
            ge=1,
        ),
    ] = 60

    sms_base_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^/?#\s]+\Z")] | None,
        Meta(
            description="Where the text message gateway answers; not set, no codes are sent. Templates: "
            "`one-time-code`, `phone-replaced`.",
            extra={"zh": "短信网关地址；不设则不提供验证码。模板：`one-time-code`、`phone-replaced`。"},
        ),
    ] = None
    sms_key: Annotated[
        Annotated[str, Meta(min_length=8, max_length=256)] | None,
        Meta(
            description="Our key at the text message gateway.",
            extra={"zh": "短信网关密钥。", "secret": True},
        ),
    ] = None
    population_base_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^/?#\s]+\Z")] | None,
        Meta(
            description="Where the population registry answers; not set, nobody becomes real-name by it.",
            extra={"zh": "人口库核验接口地址；不设则不提供姓名与证件号码核验。"},
        ),
    ] = None
    population_key: Annotated[
        Annotated[str, Meta(min_length=8, max_length=256)] | None,
        Meta(
            description="Our key at the population registry.",
            extra={"zh": "人口库核验接口密钥。", "secret": True},
        ),
    ] = None
    face_return_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^#\s]+\Z")] | None,
        Meta(
            description="Our page that people come back to from a face check; not set, there are none.",
            extra={"zh": "人脸核身完成后返回的本平台页面地址；不设则不提供人脸核身。"},
        ),
    ] = None
    phone_proof_days: Annotated[
        int,
        Meta(
            description="How long a bound phone counts (L1).",
            extra={"zh": "手机绑定的有效天数(L1)。"},
            ge=1,
            le=3650,
        ),
    ] = 365
    registry_proof_days: Annotated[
        int,
        Meta(
            description="How long name and number that were checked count (L2).",
            extra={"zh": "姓名与证件号码核验的有效天数(L2)。"},
            ge=1,
            le=3650,
        ),
    ] = 1095
    face_proof_days: Annotated[
        int,
        Meta(
            description="How long a face check counts (L3).",
            extra={"zh": "人脸核身的有效天数(L3)。"},
            ge=1,
            le=3650,
        ),
    ] = 365
    certificate_proof_days: Annotated[
        int,
        Meta(
            description="How long a certificate or a visit at a counter counts (L3C).",
            extra={"zh": "数字证书或窗口核验的有效天数(L3C)。"},
            ge=1,
            le=3650,
        ),
    ] = 1095

    @property
    def proof_lives(self) -> Mapping[AssuranceLevel, timedelta]:
        """How long a proof of each level counts."""
        return {
            AssuranceLevel.L1: timedelta(days=self.phone_proof_days),
            AssuranceLevel.L2: timedelta(days=self.registry_proof_days),
            AssuranceLevel.L3: timedelta(days=self.face_proof_days),
            AssuranceLevel.L3C: timedelta(days=self.certificate_proof_days),
        }

    def __repr__(self) -> str:
        return f"AuthSettings(token_issuer={self.token_issuer!r}, wechat_appid={self.wechat_appid!r}, …)"


class GroupProblem(Struct, frozen=True, kw_only=True):
    """What is wrong with settings that are right one by one, told at one of them."""

    field: str
    zh: str
    en: str


_CERTIFICATES: Final = ("alipay_app_certificate", "alipay_certificates", "alipay_root_certificates")
_READ: Final[Mapping[str, tuple[Callable[[str], object], str, str]]] = {
    "alipay_private_key": (private_key, "2048 位以上的 RSA 私钥", "an RSA private key of 2048 bits or more"),
    "alipay_public_key": (public_key, "2048 位以上的 RSA 公钥", "an RSA public key of 2048 bits or more"),
    "alipay_app_certificate": (certificate_sn, "PEM 证书", "a certificate in PEM"),
    "alipay_certificates": (certified_keys, "PEM 证书", "certificates in PEM"),
    "alipay_root_certificates": (root_sn, "含 RSA 根证书的 PEM", "PEM with roots signed with RSA"),
    "alipay_aes_key": (aes_key, "base64 编码的 16 字节密钥", "16 bytes in base64"),
}


def alipay_problems(given: Mapping[str, object]) -> Iterator[GroupProblem]:
    """What keeps the Alipay settings from being a whole; nothing if none of them is ``given``."""
    texts = {field: text for field in (*_READ, "alipay_appid") if isinstance(text := given.get(field), str)}
    if not texts:
        return
    for field in ("alipay_appid", "alipay_private_key"):
        if field not in texts:
            yield GroupProblem(field=field, zh="支付宝登录缺少此项", en="needed for sign-in through Alipay")
    certificates = [field for field in _CERTIFICATES if field in texts]
    if ("alipay_public_key" in texts) == bool(certificates):
        yield GroupProblem(
            field="alipay_public_key",
            zh="支付宝公钥与三项证书须且只能设置一种",
            en="set either Alipay's key or the three certificates",
        )
    elif 0 < len(certificates) < len(_CERTIFICATES):
        for field in _CERTIFICATES:
            if field not in texts:
                yield GroupProblem(field=field, zh="证书模式缺少此项", en="needed in certificate mode")
    unread = [field for field in texts if field in _READ and not _reads(field, texts[field])]
    for field in unread:
        _, zh, en = _READ[field]
        yield GroupProblem(field=field, zh=f"值不合要求：应为 {zh}", en=f"malformed: it must be {en}")
    pair = {"alipay_private_key", "alipay_app_certificate"}
    if not pair & set(unread) and pair <= texts.keys():
        key = private_key(texts["alipay_private_key"])
        if not certifies(texts["alipay_app_certificate"], key):
            yield GroupProblem(
                field="alipay_app_certificate", zh="证书与应用私钥不匹配", en="not the certificate of our key"
            )


def _reads(field: str, text: str) -> bool:
    try:
        _READ[field][0](text)
    except ValueError:
        return False
    return True
