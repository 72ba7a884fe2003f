"""Topics of a run's own on a real Kafka, and a folder for whoever works on them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from devkit.broker import ChildError, RealKafka
from streams.policy.parse import document, load_policy, version
from streams.topics import catalogue
from streams.wire.control import PolicyFact, encode

from .load import open_producer
from .member import DETECT, Member, environment

Config = Mapping[str, str]
NOTHING: Config = {}


class Ground:
    """What one run stands on.

    Args:
        kafka: runs.
        folder: where workers may keep files.
        prefix: of the topics, which must not exist yet.
        partitions: of each topic that is keyed by customer.
        more: names of topics besides the catalogue's, with as many partitions.
    """

    def __init__(
        self, kafka: RealKafka, folder: Path, prefix: str, partitions: int, more: Sequence[str] = ()
    ) -> None:
        self.kafka = kafka
        self.folder = folder / prefix
        self.topics = catalogue(prefix, partitions)
        self.partitions = partitions
        self._made = [*((t.name, t.partitions, t.config) for t in self.topics.all)]
        self._made += [(name, partitions, NOTHING) for name in more]
        kafka.create_topics(self._made)

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self.kafka.bootstrap

    def environment(self, settings: Config = NOTHING) -> dict[str, str]:
        """The environment of a worker on these topics."""
        more = {"HOLDFAST_DATA_DIR": str(self.folder), **settings}
        return environment(self.bootstrap, self.topics.prefix, self.partitions, more)

    def member(
        self, settings: Config = NOTHING, name: str | None = None, command: Sequence[str | Path] = DETECT
    ) -> Member:
        """A worker on these topics, not started yet."""
        return Member(self.environment(settings), name, command)

    def publish(self, policy: str) -> None:
        """Put a policy (TOML) in force in every partition, from its next cut on.

        Raises:
            ChildError: the broker does not take it.
        """
        parsed = load_policy(policy)
        value = encode(PolicyFact(version=version(parsed), document=document(parsed)))
        producer = open_producer(self.bootstrap, linger_ms=0)
        for number in range(self.partitions):
            producer.produce(self.topics.control.name, value, b"policy", number)
        if producer.flush(30):
            raise ChildError("the policy was not acknowledged")

    def clear(self) -> None:
        """Delete the topics: what was measured is measured, and the disk is needed."""
        self.kafka.delete_topics([name for name, _, _ in self._made])
