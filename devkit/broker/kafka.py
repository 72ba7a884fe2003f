"""Apache Kafka itself: one KRaft process on loopback, its data in a temporary folder.

Ready means that it answers metadata with itself in it and every partition led, not that some time has
passed. The settings are those of a small machine (a heap of 384 MB, one cleaner thread, tiny segments where
a topic asks for them).
"""

import tempfile
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from .jars import kafka_jars
from .ports import LOOPBACK, ReservedPort
from .process import Child, ChildError

READY_SECONDS = 90.0  # it takes 4 s on an idle machine; a crowded one shall not make a test lie
ANSWER_SECONDS = 2.0
JVM = (
    "-Xms128m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
NO_CONFIG: Mapping[str, str] = MappingProxyType({})
# A topic with these compacts within seconds, to be seen in a test. Only closed segments are cleaned, and one
# closes on the next write.
QUICK_COMPACTION: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "compact",
        "delete.retention.ms": "1000",
        "max.compaction.lag.ms": "2000",
        "min.cleanable.dirty.ratio": "0.01",
        "min.compaction.lag.ms": "0",
        "segment.bytes": "1048576",
        "segment.ms": "1000",
    }
)


class RealKafka:
    """One Apache Kafka; made by `real_kafka`.

    Args:
        folder: Where its settings and data are; empty at first.
        jars: The folder of its jars.
        port: The port for clients.
        controller_port: The port on which it talks to itself.
        properties: Broker settings on top of, or instead of, ours.
        formatting: More arguments for the formatting of its storage, such as users.
        identity: Of the cluster that it belongs to; by default one of its own.

    Attributes:
        bootstrap: Its address, `host:port`; the same over every restart.
        folder: Its settings and data; gone when the `with` block has ended.
        identity: Of its cluster.
    """

    def __init__(
        self,
        folder: Path,
        jars: Path,
        port: int,
        controller_port: int,
        properties: Mapping[str, str] = NO_CONFIG,
        formatting: Sequence[str] = (),
        identity: str = "",
    ) -> None:
        self.bootstrap = f"{LOOPBACK}:{port}"
        self.folder = folder
        self._java = ["java", *JVM, "-cp", f"{jars}/*"]
        self._child: Child | None = None
        self._settings = folder / "server.properties"
        settings = _settings(folder / "data", port, controller_port) | dict(properties)
        self._settings.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        tool = [*self._java, "kafka.tools.StorageTool"]
        self.identity = identity or self._say([*tool, "random-uuid"]).strip().splitlines()[-1]
        self._say([*tool, "format", "-t", self.identity, "-c", str(self._settings), *formatting])

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        return self._running().pid

    @property
    def running(self) -> bool:
        """Whether the process is there (frozen or not)."""
        return self._child is not None and self._child.exit_code is None

    def start(self, seconds: float = READY_SECONDS) -> None:
        """Start it on its data, and return when it is ready; nothing happens if it runs.

        Raises:
            ChildError: It ended, or was not ready in time; the message carries what it said.
        """
        if self.running:
            return
        self.launch()
        self.wait_ready(seconds)

    def launch(self) -> None:
        """Start its process, and return at once: one of several is ready only with the others."""
        self._forget()
        self._child = Child([*self._java, "kafka.Kafka", self._settings], cwd=self.folder)

    def stop(self) -> int:
        """SIGTERM, and SIGKILL if that did not do; returns the exit code."""
        return self._running().stop()

    def kill(self) -> int:
        """SIGKILL: what it had not written to the page cache is lost; returns the exit code."""
        return self._running().kill()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self._running().freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        self._running().thaw()

    def restart(self, *, kill: bool = False) -> None:
        """Stop it (or kill it) and start it on the same data and port; returns when it is ready."""
        if self.running:
            self.kill() if kill else self.stop()
        self.start()

    def output(self) -> str:
        """The last of what it wrote: warnings and errors."""
        return self._child.output() if self._child else ""

    def create_topic(self, name: str, partitions: int = 1, config: Mapping[str, str] = NO_CONFIG) -> None:
        """Make a topic, and return when its partitions are led.

        Raises:
            confluent_kafka.KafkaException: The broker refused, for example because the topic exists.
        """
        self.create_topics([(name, partitions, config)])

    def create_topics(self, topics: Iterable[tuple[str, int, Mapping[str, str]]]) -> None:
        """Make several topics (name, partitions, config) with one request, and return when all are led."""
        new = [NewTopic(name, partitions, 1, config=dict(config)) for name, partitions, config in topics]
        if not new:
            return
        admin = self.admin()  # kept until all have answered: its end would cancel them
        for answer in admin.create_topics(new).values():
            answer.result()
        self.wait_ready(READY_SECONDS)

    def delete_topics(self, names: Iterable[str]) -> None:
        """Delete topics, and return when the broker has taken note; their files go in its own time."""
        admin = self.admin()
        for answer in admin.delete_topics(list(names)).values():
            answer.result()

    def close(self) -> None:
        """Stop it for good."""
        self._forget()

    def _forget(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _running(self) -> Child:
        if self._child is None:
            raise ChildError("this Kafka was not started")
        return self._child

    def _say(self, command: list[str]) -> str:
        with Child(command, cwd=self.folder) as child:
            if child.wait(READY_SECONDS):
                raise ChildError(f"{command[-1]}: {child.output()}")
            return child.output()

    def admin(self) -> AdminClient:
        """A new admin client of it, librdkafka's."""
        # a client that is made anew has no back-off from earlier failures; its log would only say "refused"
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when it answers metadata with every partition led.

        Raises:
            ChildError: It ended, or was not ready in time; the message carries what it said.
        """
        child = self._running()
        until = time.monotonic() + seconds
        admin = self.admin()
        while not self._answers(admin):
            if child.exit_code is not None:
                raise ChildError(f"Kafka ended with {child.exit_code}:\n{child.output()}")
            if time.monotonic() > until:
                raise ChildError(f"Kafka was not ready after {seconds} s:\n{child.output()}")
            time.sleep(0.05)

    def _answers(self, admin: AdminClient) -> bool:
        try:
            metadata = admin.list_topics(timeout=ANSWER_SECONDS)
        except KafkaException:
            return False
        partitions = (
            partition for topic in metadata.topics.values() for partition in topic.partitions.values()
        )
        return bool(metadata.brokers) and all(partition.leader >= 0 for partition in partitions)


@contextmanager
def real_kafka(*, port: int = 0, properties: Mapping[str, str] = NO_CONFIG) -> Generator[RealKafka]:
    """Run Apache Kafka for the length of a `with` block; it is ready when the block begins.

    Args:
        port: The port for clients; by default one that the system chooses.
        properties: Broker settings on top of, or instead of, ours.

    Yields:
        The running broker.

    Raises:
        KafkaUnavailableError: Java, Maven or the jars are missing.
        ChildError: It did not start.
        OSError: The chosen port is in use.
    """
    jars = kafka_jars()
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-kafka-", ignore_cleanup_errors=True) as folder,
        ReservedPort(port) as clients,
        ReservedPort() as controller,
    ):
        kafka = RealKafka(Path(folder), jars, clients.number, controller.number, properties)
        try:
            kafka.start()
            yield kafka
        finally:
            kafka.close()


def _settings(data: Path, port: int, controller_port: int) -> dict[str, str]:
    plain, controller = f"PLAINTEXT://{LOOPBACK}:{port}", f"CONTROLLER://{LOOPBACK}:{controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"{plain},{controller}",
        "advertised.listeners": plain,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",  # a topic that nobody made is a mistake to be seen
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",  # the default of 50 costs seconds at every start
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",  # after a kill it waits for its former session to lapse
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "2000",  # fault tests do not want to wait 6 s
        "log.cleaner.threads": "1",
        "log.cleaner.dedupe.buffer.size": "4194304",  # the default of 128 MB does not fit the heap
        "log.cleaner.backoff.ms": "1000",
        # records of tests may carry old timestamps; only topics that ask for a retention get one
        "log.retention.ms": "-1",
    }
