"""How fast it is, in ratios: against a floor and a peer, in one run, on one machine.

The law of this package: a figure is only told beside what it was measured against. Floor, peer and ours
run on the same servers, under the same load generator, in turns within a round; every answer is checked,
and what cannot be counted is said. ``docs/performance.md`` tells how to read it.
"""
