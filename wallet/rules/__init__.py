"""Decisions of the wallet. Pure: time, ids and chance are arguments; the answer is a value or a refusal."""
