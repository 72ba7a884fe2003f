"""``doctor``: what a worker would refuse or suffer from, found before it starts, by its own rules."""
