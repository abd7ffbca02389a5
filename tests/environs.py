"""Environments of processes that do not exist: complete, and each in one way wrong."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COMPLETE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SUISHEN_ENV": "test",
        "SUISHEN_MONGO_URL": "mongodb://app:mongo-pass@10.0.0.5/?replicaSet=rs0",  # pragma: allowlist secret
        "SUISHEN_REDIS_URL": "redis://:redis-pass@10.0.0.6:6379/0",
        "SUISHEN_ID_HASH_KEY": "0f" * 16 + "1e" * 16,
        "SUISHEN_ID_SEAL_KEYS": ",".join(("2d" * 16 + "3c" * 16, "4b" * 16 + "5a" * 16)),
        "SUISHEN_AUTH_TOKEN_ISSUER": "https://suishen.city.gov.cn",
        "SUISHEN_AUTH_TOKEN_KEYS_DIR": "/etc/suishen/token-keys",
        "SUISHEN_AUTH_WECHAT_APPID": "wx0123456789abcdef",
        "SUISHEN_AUTH_WECHAT_SECRET": "wechat-secret-0123456789",
        "SUISHEN_AUTH_CLERK_SECOND_FACTOR": "offered",
        "SUISHEN_WALLET_KEYS_DIR": "/etc/suishen/wallet-keys",
        "SUISHEN_HEALTH_KEYS_DIR": "/etc/suishen/health-keys",
        "SUISHEN_METRICS_TOKEN": "metrics-token-0123456789",
    }
)
SECRETS: Final = (
    "mongo-pass",
    "redis-pass",
    COMPLETE["SUISHEN_ID_HASH_KEY"],
    *COMPLETE["SUISHEN_ID_SEAL_KEYS"].split(","),
    COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"],
    COMPLETE["SUISHEN_METRICS_TOKEN"],
)
