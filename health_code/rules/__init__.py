"""Decisions of the health code. Pure: time, ids and chance are arguments; it answers or refuses."""
