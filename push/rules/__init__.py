"""Decisions of the reminders. Pure: time, ids and chance are arguments; it answers or refuses."""
