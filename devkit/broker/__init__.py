"""The embedded broker and a real Apache Kafka, as context managers."""
