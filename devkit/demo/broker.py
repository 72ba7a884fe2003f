"""The demo's broker: the embedded one, or Apache Kafka."""

from collections.abc import Generator
from contextlib import contextmanager

from devkit.broker import embedded_broker, real_kafka
from streams.topics import Catalogue

KINDS = ("embedded", "real")

TITLES = {"embedded": "embedded broker", "real": "Apache Kafka"}

LACKS = {
    "embedded": "Starting the embedded broker: 5 MB a partition, nothing on disk, no compaction.",
    "real": "Starting Apache Kafka: one process, its data in a temporary folder.",
}
"""What to say about each."""


@contextmanager
def running_broker(kind: str, topics: Catalogue) -> Generator[str]:
    """Run a broker for the length of a `with` block.

    Args:
        kind: of `KINDS`.
        topics: the embedded broker creates none on request, so it makes them at its start.

    Yields:
        Its address.

    Raises:
        ChildError: it did not start.
        KafkaUnavailableError: there is no Apache Kafka to be had here.
    """
    if kind == "embedded":
        with embedded_broker([(topic.name, topic.partitions) for topic in topics.all]) as embedded:
            yield embedded.bootstrap
        return
    with real_kafka() as kafka:
        yield kafka.bootstrap
