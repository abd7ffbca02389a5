"""The texts every city has before anybody writes its own: each notice in Chinese and in English."""

from functools import cache
from importlib.resources import files

import msgspec

from push.rules.templates import TemplateContent, Words


@cache
def shipped() -> dict[str, TemplateContent]:
    """Every template there is, by name; no provider is bound to any."""
    zh, en = (
        msgspec.json.decode((files(__package__) / f"{language}.json").read_bytes(), type=dict[str, Words])
        for language in ("zh", "en")
    )
    return {name: TemplateContent(zh=words, en=en[name]) for name, words in zh.items()}
