"""Brokers for our own desks: tests, demo and benchmarks start them here, and all in the same way.

Two kinds, because each can do what the other cannot. `embedded_broker` is the mock cluster of librdkafka:
it needs Python only, is up at once and fails on command (brokers down, slow, answering errors), but it
keeps little and compacts nothing. `real_kafka` is Apache Kafka itself, one KRaft process: it needs Java
and, the first time, Maven.

`kafka_cluster` is several real ones that replicate; `devkit.broker.secured` has the real one behind TLS,
passwords, client certificates and access lists.

All are context managers, they end with whoever started them, however that one ends.
"""

from .cluster import KafkaCluster, kafka_cluster
from .embedded import EmbeddedBroker, embedded_broker
from .jars import KafkaUnavailableError, kafka_available, kafka_jars
from .kafka import QUICK_COMPACTION, RealKafka, real_kafka
from .process import Child, ChildError

__all__ = [
    "QUICK_COMPACTION",
    "Child",
    "ChildError",
    "EmbeddedBroker",
    "KafkaCluster",
    "KafkaUnavailableError",
    "RealKafka",
    "embedded_broker",
    "kafka_available",
    "kafka_cluster",
    "kafka_jars",
    "real_kafka",
]
