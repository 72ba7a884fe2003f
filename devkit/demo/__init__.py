"""The first minute: a shop's year through Kafka and a worker, with what comes of it on the screen.

Nothing here is known to the product: it feeds the event topics and reads signals and commands as anybody
outside would, and compares them in the end with what the synthetic shop knows to be true.
"""
