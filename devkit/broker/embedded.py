"""The embedded broker of `make demo` and most tests: from the confluent-kafka wheel, nothing to install.

What it is not: it knows no CreateTopics requests (make topics here), no compaction, no TLS, no access
rights; it keeps about 5 MB per partition and drops the oldest; latency cannot be measured on it, as new
data does not wake a waiting fetch.
"""

import json
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from .process import Child, ChildError

ROOT = Path(__file__).resolve().parents[2]


class EmbeddedBroker:
    """A running mock cluster, its brokers numbered from 1; made by `embedded_broker`.

    Attributes:
        bootstrap: The addresses, `host:port,host:port`.
        brokers: How many there are.
    """

    def __init__(self, child: Child, brokers: int) -> None:
        self._child = child
        self.brokers = brokers
        self.bootstrap: str = self._answer()["bootstrap"]

    @property
    def pid(self) -> int:
        """The process id of the cluster."""
        return self._child.pid

    def create_topic(self, name: str, partitions: int = 1, replication: int = 1) -> None:
        """Make a topic.

        Raises:
            ChildError: It exists, or the numbers make no sense.
        """
        self._do("topic", name, partitions, replication)

    def set_down(self, broker: int = 1) -> None:
        """Close a broker's connections and refuse new ones, until `set_up`."""
        self._do("down", broker)

    def set_up(self, broker: int = 1) -> None:
        """Let a broker that was down answer again."""
        self._do("up", broker)

    def set_rtt(self, milliseconds: int, broker: int = 1) -> None:
        """Let every answer of a broker take that long from now on."""
        self._do("rtt", broker, milliseconds)

    def push_request_errors(self, api: int, codes: Iterable[int]) -> None:
        """Answer the next requests of a kind with these errors, one each.

        Args:
            api: Kafka's number of the request: 0 produce, 1 fetch, 3 metadata, 8 offset commit, 11 join
            group, 12 heartbeat.
            codes: Kafka's error numbers; 0 lets a request pass.
        """
        self._do("push_errors", api, *codes)

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        """Move a partition's leader to another broker."""
        self._do("leader", topic, partition, broker)

    def freeze(self) -> None:
        """Stop the whole cluster in its tracks."""
        self._child.freeze()

    def thaw(self) -> None:
        """Let a frozen cluster go on."""
        self._child.thaw()

    def _do(self, command: str, *arguments: str | int) -> None:
        self._child.stdin.write(json.dumps([command, *arguments]).encode() + b"\n")
        self._child.stdin.flush()
        error = self._answer()["error"]
        if error:
            raise ChildError(f"embedded broker: {command} {arguments}: {error}")

    def _answer(self) -> dict[str, str]:
        line = self._child.stdout.readline()
        if not line:
            raise ChildError(f"the embedded broker ended:\n{self._child.output()}")
        answer: dict[str, str] = json.loads(line)
        return answer


@contextmanager
def embedded_broker(
    topics: Iterable[tuple[str, int]] = (), *, brokers: int = 1, rebalance_delay_ms: int = 0
) -> Generator[EmbeddedBroker]:
    """Run a mock cluster for the length of a `with` block.

    Args:
        topics: Names and partition counts to make at once; replicated on all brokers.
        brokers: How many brokers; several are needed to take one down and go on.
        rebalance_delay_ms: How long a new group waits for more members (the mock's own default is 3 s).

    Yields:
        The running broker.

    Raises:
        ChildError: It did not start; the message carries what it said.
    """
    command = [sys.executable, "-m", "devkit.broker.mock", str(brokers)]
    with Child(command, cwd=ROOT, pipes=True) as child:
        broker = EmbeddedBroker(child, brokers)
        broker._do("rebalance_delay", rebalance_delay_ms)  # noqa: SLF001 - ours, and no one else's business
        for name, partitions in topics:
            broker.create_topic(name, partitions, brokers)
        yield broker
