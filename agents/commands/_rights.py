"""Which rights in Kafka each principal needs, and no more: one for the workers, one for operators."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.tables import app_id
from streams.topics import Catalogue


class Right(NamedTuple):
    """One entry of an access list: allow this principal these operations on this resource."""

    principal: str
    resource: str
    name: str
    operations: tuple[str, ...]


def rights(topics: Catalogue) -> list[Right]:
    """The access list of an installation; reading and writing include describing (Kafka's own rule)."""
    return [*_worker(topics), *_operator(topics)]


def _worker(topics: Catalogue) -> Iterable[Right]:
    reads = {topic.name for topic in topics.inputs} | {topics.control.name, topics.facts.name}
    writes = {topic.name for topic in (topics.control, topics.facts, topics.signals, topics.rejects)}
    writes |= {topic.name for topic in topics.commands.values()}
    both = topics.changelog.name
    for topic in topics.all:
        operations = [
            *(["Read"] if topic.name in reads or topic.name == both else []),
            *(["Write"] if topic.name in writes or topic.name == both else []),
            *(["Describe"] if topic.name not in reads | writes | {both} else []),  # looked at when it starts
            "DescribeConfigs",
        ]
        yield Right("worker", "topic", topic.name, tuple(operations))
    yield Right("worker", "group", app_id(topics.prefix), ("Read",))


def _operator(topics: Catalogue) -> Iterable[Right]:
    """For ``topics apply``, ``policy publish``, ``offers publish`` and ``tick``."""
    for topic in topics.all:
        speaks = topic in (topics.control, topics.facts)
        operations = ("Read", "Write") if speaks else ()
        yield Right("operator", "topic", topic.name, (*operations, "Create", "Describe", "DescribeConfigs"))
