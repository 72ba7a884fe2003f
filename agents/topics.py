"""Compares a cluster's topics with the catalogue and creates what is missing; changes and deletes nothing.

A count that differs would place customers on other partitions than their rows, and a changelog that is not
compacted, or inputs that are, would lose data later, silently. So both are refused, with the way out.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, for_code

from streams.topics import Topic

from .adapters.described import FORBIDDEN, NONE, Described, describe
from .adapters.kafka import Untyped, client_options, connected
from .errors import GIVE_RIGHTS, ConfigurationError, InfrastructureError
from .rights import Right, refuse_missing_rights
from .settings import Settings

NOT_TOLD: Final = "cleanup policy unknown"
"""The reason of a step where only the count could be checked: the embedded broker does not tell more."""

_EXISTS: Final = 36
_FORBIDDEN: Final = frozenset({29, 31})
_VISIBLE_WITHIN: Final = 30.0
_SAFE_COPIES: Final = 3


class Existing(NamedTuple):
    """A topic of the cluster.

    Attributes:
        partitions: how many.
        config: its configuration; ``None`` where the broker does not tell (the embedded one).
        identity: its id; empty where the broker does not tell.
        copies: of each partition; 0 where the broker does not tell.
    """

    partitions: int
    config: Mapping[str, str] | None
    identity: str = ""
    copies: int = 0


class Step(NamedTuple):
    """What is to be done about one topic.

    Attributes:
        topic: as the catalogue has it.
        verdict: ``create``, ``ok`` or ``refuse``.
        reason: why it is refused, or what is worth knowing; empty if nothing is.
        way_out: what a person can do about a refusal.
    """

    topic: Topic
    verdict: Literal["create", "ok", "refuse"]
    reason: str = ""
    way_out: str = ""


class Cluster(NamedTuple):
    """What a cluster has of the topics that were asked for.

    Attributes:
        topics: that are there, by name.
        creates: whether it creates topics on request.
        allowed: what this principal may do, by topic; ``None`` for those of which the broker does not tell.
    """

    topics: Mapping[str, Existing]
    creates: bool
    allowed: Mapping[str, frozenset[str] | None]


def plan(wanted: Iterable[Topic], existing: Mapping[str, Existing]) -> list[Step]:
    """Decide what is to be done, topic by topic in the order given."""
    return [_judge(topic, existing.get(topic.name)) for topic in wanted]


def _judge(topic: Topic, found: Existing | None) -> Step:
    if found is None:
        return Step(topic, "create")
    if found.partitions != topic.partitions:
        return Step(
            topic,
            "refuse",
            f"has {found.partitions} partitions, {topic.partitions} are wanted",
            _way_out_of_count(topic, found.partitions),
        )
    if found.config is None:
        return Step(topic, "ok", NOT_TOLD)
    wanted, has = topic.config.get("cleanup.policy", "delete"), found.config.get("cleanup.policy", "delete")
    if _words(wanted) != _words(has):
        return Step(
            topic,
            "refuse",
            f"has cleanup.policy={has}, {wanted} is wanted",
            "set it with Kafka's own tools: kafka-configs --alter --entity-type topics "
            f"--entity-name {topic.name} --add-config cleanup.policy={wanted}",
        )
    return Step(topic, "ok", _differences(topic.config, found.config))


def _way_out_of_count(topic: Topic, partitions: int) -> str:
    if topic.partitions == 1:
        return "create it anew with one partition, or choose another topics.prefix"
    return (
        f"set topics.partitions to {partitions} if all topics have as many, or choose another topics.prefix; "
        "a count cannot change later, because rows would no longer be where their customers' events are"
    )


def _words(policy: str) -> frozenset[str]:
    return frozenset(word.strip() for word in policy.split(","))


def _differences(wanted: Mapping[str, str], has: Mapping[str, str]) -> str:
    """Settings that differ and are left alone: an operator may know better about times and sizes."""
    pairs = ((key, value, has.get(key, value)) for key, value in wanted.items())
    differing = [
        f"{key}={theirs} (ours: {value}{_too_small(key, value, theirs)})"
        for key, value, theirs in pairs
        if theirs != value
    ]
    return "left as it is: " + ", ".join(differing) if differing else ""


def _too_small(key: str, wanted: str, has: str) -> str:
    """A lower limit is borne, since a service's own may be lower still, and what exceeds it loses nothing."""
    smaller = key == "max.message.bytes" and int(has) < int(wanted)
    return "; a worker that needs more ends with 64 until it is raised" if smaller else ""


async def look(settings: Settings, wanted: Iterable[Topic]) -> Cluster:
    """What the cluster has of these topics.

    Raises:
        ConfigurationError: this principal may not look at them.
        InfrastructureError: Kafka cannot be reached or does not answer.
    """
    async with _admin(settings) as admin:
        return await _look(admin, {topic.name for topic in wanted})


async def verify(
    settings: Settings, wanted: Iterable[Topic], needed: Iterable[Right] = (), *, configs: bool = True
) -> Cluster:
    """Check that topics are there and fit; a worker starts with this, as Faust would ignore a missing one.

    Args:
        settings: of the process.
        wanted: the topics.
        needed: the rights on them that this principal must have.
        configs: whether to look at their configurations too.

    Raises:
        ConfigurationError: a topic is missing or does not fit, or a right is missing.
        InfrastructureError: Kafka cannot be reached.
    """
    wanted = tuple(wanted)
    async with _admin(settings) as admin:
        cluster = await _look(admin, {topic.name for topic in wanted}, needed, with_configs=configs)
    steps = plan(wanted, cluster.topics)
    refuse_mismatches(steps)
    refuse_missing(steps)
    return cluster


async def check_rights(settings: Settings, needed: Iterable[Right]) -> bool:
    """Check that this principal has rights on topics, whether these exist or not; tells if the broker says.

    Raises:
        ConfigurationError: naming each that is missing.
        InfrastructureError: Kafka cannot be reached.
    """
    needed = [right for right in needed if right.resource == "topic"]
    async with _admin(settings) as admin:
        told = await describe(admin, {right.name for right in needed}) or {}
    refuse_missing_rights(needed, told)
    return any(topic.operations is not None for topic in told.values())


async def apply(settings: Settings, wanted: Iterable[Topic]) -> list[Step]:
    """Create what is missing, if nothing that exists is refused.

    Returns:
        What was found and done; ``create`` means: was created.

    Raises:
        ConfigurationError: something does not fit, or is missing and cannot or may not be created.
        InfrastructureError: Kafka cannot be reached or failed.
    """
    wanted = tuple(wanted)
    async with _admin(settings) as admin:
        cluster = await _look(admin, {topic.name for topic in wanted})
        steps = plan(wanted, cluster.topics)
        refuse_mismatches(steps)
        missing = [step.topic for step in steps if step.verdict == "create"]
        if missing and not cluster.creates:
            raise ConfigurationError(
                f"this broker creates no topics, and these are missing: {', '.join(t.name for t in missing)}",
                "it is the embedded one: devkit.broker.embedded_broker makes them when it starts",
            )
        if missing:
            await _create(admin, missing, settings.topics.replication_factor)
            await _until_visible(admin, wanted)
        return steps


def refuse_missing(steps: Sequence[Step]) -> None:
    """Raise if a topic is not there.

    Raises:
        ConfigurationError: naming all of them.
    """
    missing = [step.topic.name for step in steps if step.verdict == "create"]
    if missing:
        raise ConfigurationError(
            f"topics are missing: {', '.join(missing)}", "run `python -m agents topics apply`"
        )


def refuse_mismatches(steps: Sequence[Step]) -> None:
    """Raise if a topic exists in another form than the catalogue wants.

    Raises:
        ConfigurationError: naming each such topic, the reason and the way out.
    """
    refused = [step for step in steps if step.verdict == "refuse"]
    if refused:
        lines = [f"{step.topic.name} {step.reason}" for step in refused]
        ways_out = dict.fromkeys(step.way_out for step in refused)  # often the same for all
        raise ConfigurationError(
            "\n  ".join(["topics do not fit, and nothing was changed:", *lines]), "\n  ".join(ways_out)
        )


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncGenerator[Untyped]:
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    async with connected(admin, admin.close, settings.kafka):
        yield admin


async def _look(
    admin: Untyped, names: set[str], needed: Iterable[Right] = (), *, with_configs: bool = True
) -> Cluster:
    told = await describe(admin, names)
    if told is None:
        found = await _listed(admin, names)
    else:
        refuse_missing_rights(needed, told)
        found = {name: topic for name, topic in told.items() if topic.error == NONE}
        _refuse_hidden(name for name, topic in told.items() if topic.error == FORBIDDEN)
    configs = await _configs(admin, sorted(found)) if with_configs else None
    cluster = await admin.describe_cluster()
    controllers = [broker for broker in cluster["brokers"] if broker["node_id"] == cluster["controller_id"]]
    topics = {
        name: Existing(
            topic.partitions, None if configs is None else configs.get(name), topic.identity, topic.copies
        )
        for name, topic in found.items()
    }
    allowed = {name: topic.operations for name, topic in (told or {}).items()}
    return Cluster(topics, bool(controllers), allowed)


async def _listed(admin: Untyped, names: set[str]) -> dict[str, Described]:
    # All topics are asked for: a broker creates what it is asked for by name, if it creates topics by itself.
    listed = {entry["topic"]: len(entry["partitions"]) for entry in await admin.describe_topics(None)}
    return {name: Described(NONE, "", listed[name], 0, None) for name in names & listed.keys()}


def _refuse_hidden(names: Iterable[str]) -> None:
    hidden = sorted(names)
    if hidden:
        raise ConfigurationError(
            f"Kafka lets this principal not look at {', '.join(hidden)}, if they exist", GIVE_RIGHTS
        )


async def _configs(admin: Untyped, names: list[str]) -> dict[str, dict[str, str]] | None:
    if not names:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    try:
        answers = await admin.describe_configs(wanted)
    except IncompatibleBrokerVersion:
        return None
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for resource in answer.to_object()["resources"]:
            if resource["error_code"] in _FORBIDDEN:
                raise _forbidden("DescribeConfigs", resource["resource_name"])
            entries = resource["config_entries"]
            found[resource["resource_name"]] = {
                entry["config_names"]: entry["config_value"] for entry in entries
            }
    return found


async def _create(admin: Untyped, topics: Sequence[Topic], copies: int) -> None:
    wanted = [
        NewTopic(topic.name, topic.partitions, copies, topic_configs=_config(topic, copies))
        for topic in topics
    ]
    answer = await admin.create_topics(wanted)
    for name, code, text in answer.topic_errors:
        if code in _FORBIDDEN:
            raise _forbidden("Create", name)
        if code not in {0, _EXISTS}:  # somebody else created it meanwhile: it is verified below
            raise InfrastructureError(f"topic {name} was not created: {text or for_code(code).__name__}")


def _config(topic: Topic, copies: int) -> dict[str, str]:
    """The catalogue's settings; with three copies a write counts only when two have it."""
    return {**topic.config, **({"min.insync.replicas": "2"} if copies >= _SAFE_COPIES else {})}


def _forbidden(right: str, topic: str) -> ConfigurationError:
    return ConfigurationError(
        f"Kafka refuses {right} on topic {topic}", f"{GIVE_RIGHTS}, or let somebody who has them run this"
    )


async def _until_visible(admin: Untyped, wanted: Sequence[Topic]) -> None:
    """Wait until the new topics are known everywhere: a command that follows at once shall find them."""
    names = {topic.name for topic in wanted}
    end = asyncio.get_running_loop().time() + _VISIBLE_WITHIN
    while True:
        steps = plan(wanted, (await _look(admin, names)).topics)
        refuse_mismatches(steps)
        missing = [step.topic.name for step in steps if step.verdict == "create"]
        if not missing:
            return
        if asyncio.get_running_loop().time() > end:
            raise InfrastructureError(f"topics were created but do not appear: {', '.join(missing)}")
        await asyncio.sleep(0.1)
