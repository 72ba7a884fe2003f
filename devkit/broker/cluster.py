"""Several Apache Kafka brokers that replicate each other: what one of them does alone, the others bear.

Each is broker and controller at once (KRaft, a quorum of all). Topics get as many copies as there are
brokers, and a record is acknowledged when all but one have it, as docs/operating.md asks of production.
"""

import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from .jars import kafka_jars
from .kafka import NO_CONFIG, READY_SECONDS, RealKafka
from .ports import LOOPBACK, ReservedPort

ANSWER_SECONDS = 10.0


class KafkaCluster:
    """Running brokers, numbered from 1; made by `kafka_cluster`.

    Attributes:
        brokers: By number, to be killed, frozen and restarted like any other.
        bootstrap: The addresses of all of them.
    """

    def __init__(self, brokers: Sequence[RealKafka]) -> None:
        self.brokers = dict(enumerate(brokers, 1))
        self.bootstrap = ",".join(broker.bootstrap for broker in brokers)

    def create_topics(self, topics: Iterable[tuple[str, int, Mapping[str, str]]]) -> None:
        """Make topics (name, partitions, config) with a copy on every broker; returns when all are led."""
        copies = len(self.brokers)
        quorum = {"min.insync.replicas": str(copies - 1)}
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        new = [NewTopic(name, count, copies, config={**quorum, **config}) for name, count, config in topics]
        for answer in admin.create_topics(new).values():
            answer.result()
        for broker in self.brokers.values():
            broker.wait_ready()

    def leader(self, topic: str, partition: int) -> int:
        """The number of the broker that leads a partition."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return int(
            admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].partitions[partition].leader
        )

    def coordinator(self, group: str) -> int:
        """The number of the broker that coordinates a group."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        asked = admin.describe_consumer_groups([group], request_timeout=ANSWER_SECONDS)
        return int(asked[group].result().coordinator.id)


@contextmanager
def kafka_cluster(size: int = 3) -> Generator[KafkaCluster]:
    """Run some brokers for the length of a `with` block; all are ready when the block begins.

    Raises:
        KafkaUnavailableError: Java, Maven or the jars are missing.
        ChildError: One did not start.
    """
    jars = kafka_jars()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="holdfast-kafka-", ignore_cleanup_errors=True)
            )
        )
        clients = [stack.enter_context(ReservedPort()).number for _ in range(size)]
        controllers = [stack.enter_context(ReservedPort()).number for _ in range(size)]
        voters = ",".join(f"{n}@{LOOPBACK}:{port}" for n, port in enumerate(controllers, 1))
        identity = ""
        brokers: list[RealKafka] = []
        for number, (client, controller) in enumerate(zip(clients, controllers, strict=True), 1):
            home = folder / str(number)
            home.mkdir()
            properties = _properties(number, size, voters)
            broker = RealKafka(home, jars, client, controller, properties, identity=identity)
            identity = broker.identity
            stack.callback(broker.close)
            brokers.append(broker)
        for broker in brokers:
            broker.launch()
        for broker in brokers:
            broker.wait_ready(READY_SECONDS)
        yield KafkaCluster(brokers)


def _properties(number: int, size: int, voters: str) -> Mapping[str, str]:
    return {
        **NO_CONFIG,
        "node.id": str(number),
        "controller.quorum.voters": voters,
        "offsets.topic.replication.factor": str(size),
        "default.replication.factor": str(size),
        "min.insync.replicas": str(size - 1),
        "replica.lag.time.max.ms": "5000",
        "controller.quorum.election.timeout.ms": "1000",
        "controller.quorum.fetch.timeout.ms": "2000",
        "unclean.leader.election.enable": "false",
    }
