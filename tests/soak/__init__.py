"""The soak: the shipped worker under a steady load for many minutes, killed again and again, then judged.

It belongs to the tests, since the oracle does; it measures with what the benchmarks measure with.
"""
