"""Which rights in Kafka each principal needs, and no more: one for each role of worker, one for operators.

`topics acl` prints the list, and a worker that lacks one of them refuses to start: Faust takes a topic that
it may not read for one that is not there, and gets ready without it (engine.md 4).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.tables import POPULATION, app_id, role_id
from streams.topics import Catalogue

from .adapters.described import FORBIDDEN, Described
from .errors import GIVE_RIGHTS, ConfigurationError


class Right(NamedTuple):
    """One entry of an access list: allow this principal these operations on this resource."""

    principal: str
    resource: str
    name: str
    operations: tuple[str, ...]


def rights(topics: Catalogue) -> list[Right]:
    """The access list of an installation; reading and writing include describing (Kafka's own rule)."""
    return [*_worker(topics), *_population(topics), *_operator(topics)]


def worker_rights(topics: Catalogue) -> list[Right]:
    """What a detect worker needs."""
    return list(_worker(topics))


def population_rights(topics: Catalogue) -> list[Right]:
    """What the population role needs."""
    return list(_population(topics))


def lacking(needed: Iterable[Right], told: Mapping[str, Described]) -> list[str]:
    """The rights on topics that this principal does not have, in words; nothing where the broker is silent.

    A topic that it may not even look at is told from one that does not exist by nobody: Kafka hides it.
    """
    found = []
    for right in needed:
        topic = told.get(right.name)
        if (
            right.resource != "topic"
            or topic is None
            or (topic.operations is None and topic.error != FORBIDDEN)
        ):
            continue
        missing = [name for name in right.operations if name not in (topic.operations or ())]
        if missing:
            found.append(f"{', '.join(missing)} on topic {right.name}")
    return found


def refuse_missing_rights(needed: Iterable[Right], told: Mapping[str, Described]) -> None:
    """Raise if this principal lacks rights on topics.

    Raises:
        ConfigurationError: naming each topic and what is missing.
    """
    refuse(lacking(needed, told))


def refuse(missing: Iterable[str]) -> None:
    """Raise if there is one.

    Raises:
        ConfigurationError: naming each.
    """
    lines = list(missing)
    if lines:
        raise ConfigurationError(
            "\n  ".join(["Kafka does not give this principal the rights that it needs:", *lines]), GIVE_RIGHTS
        )


def _worker(topics: Catalogue) -> Iterable[Right]:
    reads = {topic.name for topic in topics.inputs} | {topics.control.name, topics.facts.name}
    says = (topics.control, topics.facts, topics.signals, topics.rejects, topics.population)
    writes = {topic.name for topic in says}
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


def _population(topics: Catalogue) -> Iterable[Right]:
    """What the partitions tell is read, and what follows put in force."""
    for topic, operations in (
        (topics.population, ("Read",)),
        (topics.control, ("Write",)),
        (topics.facts, ("Read", "Write")),
    ):
        yield Right("population", "topic", topic.name, (*operations, "DescribeConfigs"))
    yield Right("population", "group", role_id(topics.prefix, POPULATION), ("Read",))


def _operator(topics: Catalogue) -> Iterable[Right]:
    """For ``topics apply``, ``policy publish``, ``offers publish`` and ``tick``."""
    for topic in topics.all:
        speaks = topic in (topics.control, topics.facts)
        operations = ("Read", "Write") if speaks else ()
        yield Right("operator", "topic", topic.name, (*operations, "Create", "Describe", "DescribeConfigs"))
