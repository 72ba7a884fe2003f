"""What flows and what is true of it: pure, no clock, no I/O, no randomness."""
