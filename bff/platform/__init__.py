"""What every domain stands on: settings, stores, identity, refusals, limits, the audit trail, and their wiring."""
