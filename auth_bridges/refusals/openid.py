"""A sign-in at an OpenID provider that is over, mixed up, or vouched for by a token that is none."""

from miniapp_schemas.problems import ProblemAction
from miniapp_schemas.refusals import Kind, Refusal


class FlowEnded(Refusal):
    """The sign-in this answer belongs to was never begun, took too long, or was already finished."""

    code = "SIGN_IN_FLOW_ENDED"
    kind = Kind.CONFLICT
    title_zh = "登录流程已结束"
    title_en = "This sign-in is over"
    detail_zh = "请重新登录。"
    detail_en = "Please sign in again."
    action = ProblemAction.SIGN_IN


class FlowElsewhere(Refusal):
    """The sign-in was begun on another device: an answer that was carried over opens nothing."""

    code = "SIGN_IN_FLOW_ELSEWHERE"
    kind = Kind.CONFLICT
    title_zh = "登录须在同一设备完成"
    title_en = "Sign-in begun elsewhere"
    detail_zh = "请在开始登录的设备上完成，或重新登录。"
    detail_en = "Finish on the device where you began, or begin again."
    action = ProblemAction.SIGN_IN


class ProviderMixedUp(Refusal):
    """The answer does not say it is of the provider that was asked (RFC 9207)."""

    code = "PROVIDER_MIXED_UP"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录平台不符"
    title_en = "Answer of another provider"
    detail_zh = "登录应答并非来自所请求的平台，请重新登录。"
    detail_en = "The answer is not of the provider that was asked; please sign in again."
    action = ProblemAction.SIGN_IN


class ProviderTokenRefused(Refusal):
    """What a provider signed is not to be believed; each way of being wrong has its own code."""

    code = "PROVIDER_TOKEN_REFUSED"
    kind = Kind.UNAUTHENTICATED
    title_zh = "登录平台的凭证无效"
    title_en = "The provider's token is refused"
    detail_zh = "登录平台返回的凭证不可信，请重新登录。"
    detail_en = "The provider's token is not to be believed; please sign in again."
    action = ProblemAction.SIGN_IN


class ProviderTokenUnreadable(ProviderTokenRefused):
    """It has not the form of such a token."""

    code = "PROVIDER_TOKEN_UNREADABLE"


class ProviderTokenWeak(ProviderTokenRefused):
    """It tells of a sign-in with less than the organisation's second factor (``acr``, ``amr``)."""

    code = "PROVIDER_TOKEN_WEAK"


class ProviderTokenKind(ProviderTokenRefused):
    """It is a token, of another kind than the one asked for."""

    code = "PROVIDER_TOKEN_KIND"


class ProviderTokenAlgorithm(ProviderTokenRefused):
    """Its algorithm is none we accept, or not its key's."""

    code = "PROVIDER_TOKEN_ALGORITHM"


class ProviderTokenKey(ProviderTokenRefused):
    """Its key is none the provider publishes."""

    code = "PROVIDER_TOKEN_KEY"


class ProviderTokenForged(ProviderTokenRefused):
    """Its signature is not its key's."""

    code = "PROVIDER_TOKEN_FORGED"


class ProviderTokenIssuer(ProviderTokenRefused):
    """It was made by another provider."""

    code = "PROVIDER_TOKEN_ISSUER"


class ProviderTokenAudience(ProviderTokenRefused):
    """It was made for somebody else, or for others too."""

    code = "PROVIDER_TOKEN_AUDIENCE"


class ProviderTokenTime(ProviderTokenRefused):
    """It has ended, or was made in the future or too long ago."""

    code = "PROVIDER_TOKEN_TIME"


class ProviderTokenNonce(ProviderTokenRefused):
    """It belongs to another sign-in."""

    code = "PROVIDER_TOKEN_NONCE"


class ProviderTokenReplayed(ProviderTokenRefused):
    """It was presented before."""

    code = "PROVIDER_TOKEN_REPLAYED"
