"""The examination, from the outside in: what cannot be asked because of an earlier answer is not asked."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Generator
from contextlib import contextmanager

import redis.asyncio
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from agents.adapters.kafka import TOLERATED, client_options
from agents.errors import ConfigurationError, DataLossError, HoldfastError, InfrastructureError
from agents.facts import policy_in_force
from agents.lane.loss import Accepted
from agents.rights import worker_rights
from agents.settings import Settings
from agents.settings.model import Admin
from agents.start import check_group, check_standing, check_topics
from agents.topics import Cluster, check_rights, look
from streams.tables import app_id
from streams.topics import Catalogue, catalogue
from streams.wire.times import DAY

from .clock import clock_ahead
from .finding import Finding, fail, ok, warn
from .rows import LOOK_AT, read_ends

SAFE_COPIES = 3
_AHEAD = {True: "ahead of", False: "behind"}
REDIS_SECONDS = 2.0


async def examine(settings: Settings) -> AsyncGenerator[Finding]:
    """Give one finding after the other."""
    yield _transport(settings)
    yield _port(settings.admin)
    yield await _redis(settings)
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    for check, ask in (("kafka", _kafka), ("rights", _rights), ("group", _group)):
        finding = await _asked(check, ask(settings, topics))
        yield finding
        if finding.verdict == "fail":
            return
    try:
        with _known():
            topics = await check_topics(settings)
            cluster = await look(settings, topics.all)
    except HoldfastError as error:
        yield fail("topics", error)
        return
    yield ok("topics", f"all {len(topics.all)} are there, with {topics.control.partitions} partitions")
    yield _copies(cluster)
    yield _retention(topics, cluster)
    yield await _asked("clock", _clock(settings, topics))
    yield await _asked("offsets", _standing(settings, topics))
    yield await _asked("changelog", _changelog(settings, topics))
    yield await _asked("policy", _policy(settings, topics))


def _transport(settings: Settings) -> Finding:
    kafka = settings.kafka
    if kafka.allow_plaintext and kafka.security_protocol == "PLAINTEXT":
        return warn("settings", "Kafka is reached in plain text", "set kafka.security_protocol to SASL_SSL")
    return ok("settings", f"they fit; {kafka.security_protocol}, topics {settings.topics.prefix}.*")


def _port(admin: Admin) -> Finding:
    host = admin.host.strip("[]")
    try:
        with socket.create_server((host, admin.port), family=_family(host)):
            pass
    except OSError as error:
        return warn(
            "port",
            f"the admin server could not listen on {admin.host}:{admin.port} now: {error.strerror}",
            "fine if that is the worker itself; else set admin.port to another one, or to 0 for any free one",
        )
    return ok("port", f"the admin server can listen on {admin.host}:{admin.port or 'any free port'}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


async def _redis(settings: Settings) -> Finding:
    client = redis.asyncio.from_url(
        settings.redis.url.get_secret_value(),
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    try:
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy")
    except (RedisError, OSError, ValueError) as error:
        return warn(
            "redis",
            f"it does not answer ({type(error).__name__}); detection never reads it",
            "set redis.url if the view is wanted",
        )
    finally:
        await client.aclose()
    if policy != "noeviction":
        return warn(
            "redis",
            f"maxmemory-policy is {policy}: parts of the view may go missing",
            "set it to noeviction",
        )
    return ok("redis", "it answers, and evicts nothing")


def _copies(cluster: Cluster) -> Finding:
    few = sorted(name for name, topic in cluster.topics.items() if 0 < topic.copies < SAFE_COPIES)
    if few:
        return warn(
            "copies",
            f"{len(few)} topics have fewer than {SAFE_COPIES} copies: a lost disk may take them along",
            f"in production give them {SAFE_COPIES}, and min.insync.replicas=2, with Kafka's own tools",
        )
    lax = sorted(
        name
        for name, topic in cluster.topics.items()
        if topic.copies and int((topic.config or {}).get("min.insync.replicas", 2)) < 2  # noqa: PLR2004 - one and another
    )
    if lax:
        return warn(
            "copies",
            f"min.insync.replicas is 1 on {len(lax)} topics: a write counts that one broker alone has",
            "set it to 2 with Kafka's own tools",
        )
    return ok("copies", "each write is on two brokers at least")


def _retention(topics: Catalogue, cluster: Cluster) -> Finding:
    def kept(name: str) -> float:
        time = int((cluster.topics[name].config or {}).get("retention.ms", -1))
        return time if time >= 0 else float("inf")

    control = kept(topics.control.name)
    longer = [topic.name for topic in topics.inputs if kept(topic.name) > control]
    if longer:
        return warn(
            "retention",
            f"control is kept for {control / DAY:.1f} days, {', '.join(longer)} for longer",
            "keep control as long as the inputs: without its cuts they cannot be replayed",
        )
    return ok("retention", "control is kept as long as the inputs")


async def _kafka(settings: Settings, _topics: Catalogue) -> Finding:
    await look(settings, ())
    return ok("kafka", f"{settings.kafka.bootstrap} answers")


async def _rights(settings: Settings, topics: Catalogue) -> Finding:
    if not await check_rights(settings, worker_rights(topics)):
        return warn(
            "rights",
            "this broker tells neither them nor the ids of topics: no Kafka of 3.1 or newer",
            "with Kafka 3.1 or newer a topic that was made anew is known by its id, not by offsets alone",
        )
    return ok("rights", "this principal has all on topics that `topics acl` lists; Kafka is 3.1 or newer")


async def _group(settings: Settings, topics: Catalogue) -> Finding:
    group = await check_group(settings, topics)
    name = app_id(topics.prefix)
    return ok(
        "group", name if group is None else f"{name}: {group.state or 'Empty'}, {group.members} members"
    )


async def _clock(settings: Settings, topics: Catalogue) -> Finding:
    ahead = await clock_ahead(settings, topics)
    if ahead is None:
        return warn(
            "clock",
            "the brokers do not say what time it is: facts has no message.timestamp.type=LogAppendTime",
            "set it with Kafka's own tools",
        )
    if abs(ahead) > TOLERATED:
        return warn(
            "clock",
            f"this machine's clock is {abs(ahead) / 1000:.1f} s {_AHEAD[ahead > 0]} the brokers'",
            "synchronise it: people would fall silent too early, or too late",
        )
    return ok("clock", f"within {max(abs(ahead), 100) / 1000:.1f} s of the brokers'")


async def _standing(settings: Settings, topics: Catalogue) -> Finding:
    await check_standing(settings, topics, Accepted())
    return ok("offsets", "all that follows the committed offsets is there")


async def _changelog(settings: Settings, topics: Catalogue) -> Finding:
    ends = await read_ends(client_options(settings.kafka), topics)
    if ends.unreadable:
        return fail(
            "changelog",
            DataLossError(
                f"{topics.changelog.name}: this version cannot read {ends.unreadable}",
                "run the version that wrote it, or a newer one",
            ),
        )
    if ends.without_commits:
        return fail(
            "changelog",
            DataLossError(
                f"partitions {ends.without_commits} have rows, and no committed control offsets",
                "the start of a worker says what that means, and how to go on",
            ),
        )
    return ok("changelog", f"the last {LOOK_AT} records of each partition, {ends.read:,} in all, can be read")


async def _policy(settings: Settings, topics: Catalogue) -> Finding:
    fact = await policy_in_force(settings, topics)
    if fact is None:
        return warn(
            "policy",
            "none is published: the built-in default is in force",
            "`python -m agents policy publish`",
        )
    return ok("policy", f"{fact.version} is in force")


async def _asked(check: str, answer: Awaitable[Finding]) -> Finding:
    """The answer, unless it raises what a worker would end with."""
    try:
        with _known():
            return await answer
    except HoldfastError as error:
        return fail(check, error)


@contextmanager
def _known() -> Generator[None]:
    """An error of Kafka ends the check that met it, and not the examination."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise InfrastructureError(f"Kafka cannot be used: {error!r}") from None


def refused(error: ConfigurationError) -> Finding:
    """Settings that cannot be read at all."""
    return fail("settings", error)
