"""Scenarios: what the product does, as YAML files that run (docs/scenarios.md).

``form`` reads a file, ``script`` lays out what is to be sent and when the time is told, ``service`` answers
the commands, ``core`` plays it all in memory, ``expect`` compares. The same parts play a scenario through a
real broker in the tests, so that both ways cannot drift apart.
"""
