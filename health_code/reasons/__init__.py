"""The registered reasons for evidence entered by hand (人工录入原因): there are no others."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta, Struct


class ManualReason(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One reason, in words, and the longest that evidence entered for it may count."""

    code: Annotated[str, Meta(pattern=r"^[A-Z_]{3,40}\Z")]
    zh: Annotated[str, Meta(min_length=5)]
    en: Annotated[str, Meta(min_length=5)]
    max_days: Annotated[int, Meta(ge=1, le=30)]


@cache
def manual_reasons() -> Mapping[str, ManualReason]:
    """Every registered reason by its code."""
    raw = (files(__package__) / "manual.json").read_bytes()
    return {reason.code: reason for reason in msgspec.json.decode(raw, type=list[ManualReason])}
