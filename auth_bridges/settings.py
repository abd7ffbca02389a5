"""The bridges' settings, from ``SUISHEN_AUTH_*``."""

from msgspec import Struct


class AuthSettings(Struct, frozen=True, kw_only=True):
    """How people and departments sign in."""
