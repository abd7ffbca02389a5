"""What the reminders say no to."""

__all__: list[str] = []
