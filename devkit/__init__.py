"""For our own desks: brokers, the synthetic shop, benchmarks. Never deployed."""

import agents  # noqa: F401 - before anything that computes: it says how many threads that may start
