"""The reminders' settings, from ``SUISHEN_PUSH_*``."""

from typing import Annotated

from msgspec import Meta, Struct


class PushSettings(Struct, frozen=True, kw_only=True):
    """When a city keeps quiet."""

    quiet_from: Annotated[
        str,
        Meta(
            description="From when on nothing but what is urgent makes a phone ring, as HH:MM.",
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z",
            extra={"zh": "免打扰开始时间(HH:MM)，此后仅紧急消息会响铃。"},
        ),
    ] = "22:00"
    quiet_to: Annotated[
        str,
        Meta(
            description="Until when, as HH:MM.",
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z",
            extra={"zh": "免打扰结束时间(HH:MM)。"},
        ),
    ] = "08:00"
