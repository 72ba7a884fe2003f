"""Plays a history into a Kafka through `python -m agents replay`, with workers that are killed on the way."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devkit.broker import Child, ChildError, RealKafka
from devkit.broker.records import committed, ends, open_reader
from streams.tables import app_id
from streams.topics import Catalogue, catalogue

from .machine import ROOT
from .member import Member, environment, wait_until
from .proof import Comparison, Expected, History, compare, published

if TYPE_CHECKING:
    from confluent_kafka import Consumer

# A replay waits for each tick's cut: with a pace of 50 ms, a year of hours would take ten minutes of waiting.
QUICK_CUTS = {"HOLDFAST_CUT__EVERY": "5ms", "HOLDFAST_CUT__LOOKS": "1"}
EXTERNAL = {
    "HOLDFAST_CLOCK": "external",
    "HOLDFAST_KAFKA__SESSION_TIMEOUT": "6s",
    "HOLDFAST_KAFKA__HEARTBEAT_INTERVAL": "1s",
    "HOLDFAST_KAFKA__REBALANCE_TIMEOUT": "8s",
    "HOLDFAST_KAFKA__REQUEST_TIMEOUT": "15s",
    **QUICK_CUTS,
}
REPLAY_SECONDS = 7200.0
SETTLE_SECONDS = 120.0


class Played(NamedTuple):
    """How a run went.

    Attributes:
        comparison: with what the core alone says.
        seconds: from the first event sent to the last offset committed.
        cpu_seconds: of the workers in that time, all their lives, restarts and recovery included.
        kills: how often a worker was killed while the replay ran.
    """

    comparison: Comparison
    seconds: float
    cpu_seconds: float
    kills: int


class Stage:
    """Topics of a run's own on a Kafka, and the workers on them.

    Args:
        kafka: runs.
        folder: where the workers may keep files.
        prefix: of the topics, which must not exist yet.
        partitions: of each topic.
    """

    def __init__(self, kafka: RealKafka, folder: Path, prefix: str, partitions: int) -> None:
        self.topics: Catalogue = catalogue(prefix, partitions)
        self._bootstrap = kafka.bootstrap
        self._env = environment(
            kafka.bootstrap, prefix, partitions, {**EXTERNAL, "HOLDFAST_DATA_DIR": str(folder)}
        )
        kafka.create_topics([(topic.name, topic.partitions, topic.config) for topic in self.topics.all])

    def play(self, history: History, expected: Expected, *, workers: int = 1, kills: int = 0) -> Played:
        """Play a history through some workers, kill the first of them on the way, and compare.

        Raises:
            ChildError: a worker or the replay ended, or a kill came after the end of the replay.
            TimeoutError: something did not come.
        """
        members = [Member(self._env, f"worker-{number}") for number in range(workers)]
        reader = open_reader(self._bootstrap, app_id(self.topics.prefix))
        try:
            for member in members:
                member.start()
            for member in members:
                member.wait_ready(self.topics.control.partitions // workers)
            before, begun = sum(member.cpu for member in members), time.monotonic()
            self._replay(history, members, _Moments(self.topics, reader, expected.ticks, kills))
            wait_until(lambda: self._settled(reader), "all cuts are committed", SETTLE_SECONDS)
            seconds = time.monotonic() - begun
            cpu = sum(member.cpu for member in members) - before
            for member in members:
                member.end_well()
        finally:
            for member in members:
                member.close()
            reader.close()
        found = compare(expected.sent, published(self._bootstrap, self.topics))
        return Played(found, seconds, cpu, sum(member.kills for member in members))

    def _replay(self, history: History, members: Sequence[Member], moments: "_Moments") -> None:
        command = [sys.executable, "-m", "agents", "replay", *history.arguments()]
        with Child(command, cwd=ROOT, env=self._env) as replay:
            until = time.monotonic() + REPLAY_SECONDS
            while replay.exit_code is None:
                if moments.come():
                    members[0].kill()
                    members[0].start()
                if time.monotonic() > until:
                    raise TimeoutError(f"the replay has not ended:\n{replay.output()}")
                time.sleep(0.05)
            if replay.exit_code:
                raise ChildError(
                    f"the replay ended with {replay.exit_code}:\n{replay.output()}\n{members[0].output()}"
                )
        if moments.left:
            raise ChildError(f"the replay was over before {moments.left} of the kills")

    def _settled(self, reader: "Consumer") -> bool:
        """Whether the last cut of every partition, the last record of control, is committed."""
        control, count = self.topics.control.name, self.topics.control.partitions
        return ends(reader, control, count) == committed(reader, control, count)


class _Moments:
    """When to kill: at equal shares of the ticks, by what control has of them."""

    def __init__(self, topics: Catalogue, reader: "Consumer", ticks: int, kills: int) -> None:
        self._control, self._partitions, self._reader = topics.control.name, topics.control.partitions, reader
        records = 2 * ticks * self._partitions  # a tick and its cut, for each partition
        self._at = [records * (number + 1) // (kills + 1) for number in range(kills)]

    @property
    def left(self) -> int:
        """Kills that are still to come."""
        return len(self._at)

    def come(self) -> bool:
        """Whether it is time, at most once for each kill."""
        if not self._at or sum(ends(self._reader, self._control, self._partitions).values()) < self._at[0]:
            return False
        del self._at[0]
        return True
