"""Reminders (提醒): what is due to whom and when, computed from dated programmes."""
