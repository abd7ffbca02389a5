"""What a clerk should do next, in plain words, for every verdict."""

from typing import Final

from miniapp_schemas.base import Text
from miniapp_schemas.wallet import Verdict

__all__ = ["GOOD", "advice_for", "is_good"]

GOOD: Final = frozenset({Verdict.OK_ONLINE, Verdict.OK_OFFLINE})


def is_good(verdict: Verdict) -> bool:
    """Whether the certificate may be relied on without more ado."""
    return verdict in GOOD


def advice_for(verdict: Verdict) -> Text:
    """What to do next."""
    return _ADVICE[verdict]


_ADVICE: Final = {
    Verdict.OK_ONLINE: Text(
        zh="有效。请核对本人后办理。", en="Valid. Check that it is the person, then go on."
    ),
    Verdict.OK_OFFLINE: Text(
        zh="离线核验通过。未能查询是否已使用，请核对本人后办理。",
        en="Valid offline; whether it was used before is not known. Check that it is the person.",
    ),
    Verdict.STALE_STATUS: Text(
        zh="签名有效，但证照状态数据已过时。请联网重试，或查验实体证件。",
        en="Signed, but the status data is out of date. Go online and retry, or check the physical card.",
    ),
    Verdict.EXPIRED: Text(
        zh="二维码已过期，不能使用截图。请持证人刷新后重新出示。",
        en="The code has expired; a screenshot will not do. Ask for a fresh code.",
    ),
    Verdict.CLOCK_SKEW: Text(
        zh="二维码的时间晚于本机时间。请校准本机时间后重试。",
        en="The code comes from the future. Set this device's clock and scan again.",
    ),
    Verdict.CREDENTIAL_EXPIRED: Text(
        zh="证照已过有效期，请勿受理。请持证人向发证机关换证。",
        en="The certificate has expired: do not accept it. Its holder should renew it.",
    ),
    Verdict.NOT_YET_VALID: Text(
        zh="证照尚未生效，请勿受理。", en="The certificate is not valid yet: do not accept it."
    ),
    Verdict.REVOKED: Text(
        zh="证照已被吊销，请勿受理。可请持证人联系发证机关。",
        en="The certificate is revoked: do not accept it. Its holder may ask the issuer.",
    ),
    Verdict.SUSPENDED: Text(
        zh="证照已暂停使用，请勿受理。可请持证人联系发证机关。",
        en="The certificate is suspended: do not accept it. Its holder may ask the issuer.",
    ),
    Verdict.ALREADY_USED: Text(
        zh="此二维码已被核验过一次。请持证人刷新后重新出示。",
        en="This code has been used. Ask for a fresh code.",
    ),
    Verdict.SCENE_DENIED: Text(
        zh="此二维码不是为本场景出示的，或您无权核验本场景。请持证人选择正确的场景。",
        en="The code was not shown for your scene. Ask for one made for it.",
    ),
    Verdict.TAMPERED: Text(
        zh="签名不符，二维码可能被篡改，请勿受理，必要时报告。",
        en="The signature does not hold; the code may be forged. Do not accept it; report it if need be.",
    ),
    Verdict.KEY_UNKNOWN: Text(
        zh="不认识签名密钥。请联网更新信任列表后重试。",
        en="The signing key is not known. Go online, refresh the trust list and scan again.",
    ),
    Verdict.UNKNOWN_CODE: Text(
        zh="查无此码，或已失效。请持证人刷新后重新出示。",
        en="No such code, or it has lapsed. Ask for a fresh code.",
    ),
    Verdict.UNREADABLE: Text(
        zh="不是本系统的证照二维码。请对准证照二维码重新扫描。",
        en="Not one of our codes. Aim at the certificate's code and scan again.",
    ),
    Verdict.ONLINE_ONLY: Text(
        zh="此二维码不含证照数据，只能联网核验。请联网后重新扫描。",
        en="This code carries no data and can only be checked online. Go online and scan again.",
    ),
}
