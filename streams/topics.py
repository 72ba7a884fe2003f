"""The catalogue of topics: name, partitions, how long what is kept, and what for (wire.md, Topics).

Everything that creates, checks, reads or writes a topic takes its name from here, so that a prefix or a
channel of a brand's own changes all of them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from .tables import CUSTOMERS, changelog_name
from .wire.bounds import MAX_BYTES
from .wire.event import SHORT_TOPICS
from .wire.times import DAY, HOUR

CHANNELS: Final = ("push", "email", "in_app", "ads", "audience")
"""The channels of the default policy; a brand's own come from its policy."""

_KEPT_INPUT: Final = 28 * DAY
_KEPT_COMMANDS: Final = 7 * DAY
_KEPT_REJECTS: Final = 14 * DAY
_KEPT_POPULATION: Final = 7 * DAY

# A reject is somebody else's record with our headers: room for Kafka's default limit of 1 MiB, twice.
_REJECT_BYTES: Final = 2 * 1024 * 1024

# A row carries its outbox: some 2.5 MB for a customer who has a full cut (5,000 records) alone. Six times it.
_ROW_BYTES: Final = 16 * 1024 * 1024

_EVENTS: Final[Mapping[str, str]] = {
    "app": "what customers did in the app",
    "web": "what customers did on the website",
    "store": "what customers did in physical shops",
    "email": "what happened to emails to them",
    "push": "what happened to pushes to them",
    "account": "consent, plan, profile, erasure: what no single channel owns",
}


class Topic(NamedTuple):
    """One topic: its short name, its full name, what it must be like, and why it exists."""

    short: str
    name: str
    partitions: int
    config: Mapping[str, str]
    purpose: str


@dataclass(frozen=True)
class Catalogue:
    """All topics of one installation.

    Attributes:
        prefix: begins every name.
        inputs: the six event topics, in the order of `SHORT_TOPICS`.
        commands: by channel.
        changelog: of the customers table, as Faust names it.
    """

    prefix: str
    inputs: tuple[Topic, ...]
    control: Topic
    facts: Topic
    signals: Topic
    commands: Mapping[str, Topic]
    rejects: Topic
    population: Topic
    changelog: Topic
    _names: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = {topic.short: topic.name for topic in self.all}
        object.__setattr__(self, "_names", MappingProxyType(names))

    @property
    def all(self) -> tuple[Topic, ...]:
        """Every topic, inputs first; the changelog last."""
        return (
            *self.inputs,
            self.control,
            self.facts,
            self.signals,
            *self.commands.values(),
            self.rejects,
            self.population,
            self.changelog,
        )

    def name(self, short: str) -> str:
        """Give the full name of a topic.

        Args:
            short: ``events.app``, ``control``, ``commands.email`` …

        Raises:
            KeyError: there is no such topic.
        """
        return self._names[short]


def catalogue(prefix: str = "holdfast", partitions: int = 8, channels: Sequence[str] = CHANNELS) -> Catalogue:
    """Lay out the topics of one installation.

    Args:
        prefix: begins every name.
        partitions: of all topics that are read or written by customer.
        channels: each gets a topic of commands.
    """

    def topic(short: str, count: int, config: Mapping[str, str], purpose: str) -> Topic:
        return Topic(short, f"{prefix}.{short}.v1", count, config, purpose)

    kept = _deleted_after(_KEPT_INPUT)
    return Catalogue(
        prefix=prefix,
        inputs=tuple(topic(f"events.{short}", partitions, kept, _EVENTS[short]) for short in SHORT_TOPICS),
        control=topic("control", partitions, kept, "cuts, ticks, policies, offers, population, sources"),
        facts=topic("facts", 1, _COMPACTED, "what is in force, and which worker owns which partition"),
        signals=topic("signals", partitions, kept, "lapse signals: opened, closed, retracted"),
        commands=MappingProxyType(
            {
                channel: topic(
                    f"commands.{channel}",
                    partitions,
                    _deleted_after(_KEPT_COMMANDS),
                    f"what the messaging service of {channel} is to do",
                )
                for channel in channels
            }
        ),
        rejects=topic("rejects", partitions, _REJECTED, "records that could not be used, byte for byte"),
        population=topic("population", 1, _deleted_after(_KEPT_POPULATION), "each partition's sums"),
        changelog=Topic(
            "changelog", changelog_name(prefix), partitions, _CHANGELOG, f"the changelog of {CUSTOMERS.name}"
        ),
    )


def _deleted_after(milliseconds: int, **more: str) -> Mapping[str, str]:
    config = {"cleanup.policy": "delete", "retention.ms": str(milliseconds), **more}
    return MappingProxyType(config)


# The brokers' own time of each fact tells a worker whether its clock is right: nothing else in Kafka does.
_COMPACTED: Final = MappingProxyType({"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"})
_REJECTED: Final = MappingProxyType(
    {**_deleted_after(_KEPT_REJECTS), "max.message.bytes": str(max(_REJECT_BYTES, MAX_BYTES))}
)
# The lag keeps a zombie's rows and the marker that outlaws them side by side for longer than any recovery.
# An erased customer's row is gone from the disk within a week (reliability S8), and a
# tombstone outlives the longest absence that the inputs' retention allows.
_CHANGELOG: Final = MappingProxyType(
    {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": str(HOUR),
        "max.compaction.lag.ms": str(7 * DAY),
        "min.cleanable.dirty.ratio": "0.1",
        "delete.retention.ms": str(_KEPT_INPUT),
        "max.message.bytes": str(_ROW_BYTES),
    }
)
