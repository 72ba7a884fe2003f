"""For our own desks: brokers, the synthetic shop, benchmarks. Never deployed."""
