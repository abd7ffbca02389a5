"""What every domain stands on: settings, stores, identity, refusals, limits, audit, and their wiring."""
