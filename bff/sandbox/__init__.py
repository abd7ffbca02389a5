"""A whole city on one laptop: embedded servers, provider simulators, synthetic people, the demo.

Nothing but ``bff.cli`` and tests imports this package. The product does not know it is being simulated
around: it is given other base URLs, and in production it refuses them.
"""
