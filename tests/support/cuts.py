"""A partition driven cut by cut, with the log beside it: what a recovery or a second execution would read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.offline import _Sent
from streams.policy.model import Policy
from streams.timeline import Executed, Partition
from streams.topics import Catalogue, catalogue
from streams.wire.control import Fact
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import parse_time

from .story import Happening, policy, policy_fact

EPOCH = 7
Sent = _Sent  # a record of an input as the lane hands it on; the same that the core alone is given


@dataclass
class CutDone:
    """A cut that was executed: what it was, the facts learned before it, and what it did."""

    n: int
    at: int
    control: int
    slices: list[list[Sent]]
    facts: list[tuple[int, Fact]]
    done: Executed


@dataclass
class Log:
    """One partition with its log. ``changelog`` holds every put in order."""

    partitions: int = 1
    number: int = 0
    policy_: Policy | None = None
    core: Partition = field(init=False)
    catalogue: Catalogue = field(init=False)
    cuts: list[CutDone] = field(default_factory=list)
    changelog: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.catalogue = catalogue(partitions=self.partitions)
        self.core = Partition(self.number, self.catalogue)
        self._control = 0
        self._offsets = [0] * len(SHORT_TOPICS)
        self._facts: list[tuple[int, Fact]] = []
        self.learn(policy_fact(self.policy_ or policy()))

    def learn(self, fact: Fact) -> None:
        self.core.learn(self._control, fact)
        self._facts.append((self._control, fact))
        self._control += 1

    def sent(
        self, topic: str, key: bytes | None, value: bytes | None, timestamp: int = 0
    ) -> tuple[int, Sent]:
        number = SHORT_TOPICS.index(topic)
        name = self.catalogue.inputs[number].name
        self._offsets[number] += 1
        return number, Sent(name, self.number, self._offsets[number] - 1, key, value, timestamp)

    def cut(
        self, at: int, happenings: Iterable[Happening] = (), *, records: Iterable[tuple[int, Sent]] = ()
    ) -> Executed:
        """Execute the next cut over these events and records; the one before it is committed."""
        slices: list[list[Sent]] = [[] for _ in SHORT_TOPICS]
        for number, record in [*records, *(self.sent(h.topic, h.key, h.value) for h in happenings)]:
            slices[number].append(record)
        n = len(self.cuts) + 1
        done = self.core.execute(n, EPOCH, at, slices, n - 1)
        self.cuts.append(CutDone(n, at, self._control, slices, self._facts, done))
        self._control += 1
        self._facts = []
        self.changelog += done.rows.items()
        return done

    def signals(self) -> list[tuple[str, int]]:
        """Action and ``at`` of each signal so far."""
        headers = [
            dict(effect.headers)
            for cut in self.cuts
            for effect in cut.done.effects
            if ".signals." in effect.topic
        ]
        return [(h["ce_type"].decode().split(".")[3], parse_time(h["ce_time"].decode())) for h in headers]

    def recovered(self, written: int, committed: int) -> Partition:
        """A new owner: the changelog is read up to cut ``written``, ``committed`` is the last commit."""
        core = Partition(self.number, self.catalogue)
        for cut in self.cuts[:written]:
            for key, value in cut.done.rows.items():
                core.restore(key, value)
        last = self.cuts[committed - 1] if committed else None
        for _ in core.restored(last.control + 1 if last else 0, last.at if last else 0):
            pass
        return core

    def again(self, core: Partition, cut: CutDone) -> Executed:
        """Execute a cut of the log on another core."""
        for offset, fact in cut.facts:
            core.learn(offset, fact)
        return core.execute(cut.n, EPOCH, cut.at, cut.slices, cut.n - 1)
