"""Who acts: everything that touches Kafka, a clock, the log or the web."""
