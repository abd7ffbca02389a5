"""Ways to a phone: one module a provider, each held to that provider's protocol."""
