"""What providers sign, seal and spell, and how it is taken apart: no store, no network, no clock."""
