"""What a broker says of topics and groups when asked in full: ids, and what this principal may do with them.

aiokafka asks in forms that are older than both. Here are those of Kafka 3.1 and newer (Metadata, version 12,
and DescribeGroups, version 4), built from aiokafka's own blocks and sent by its own client. One that does
not know them tells less. Unlike the old form, this one never makes a broker create what it is asked for.
"""

import base64
from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final, NamedTuple

from aiokafka.client import CoordinationType
from aiokafka.errors import IncompatibleBrokerVersion, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    Bytes,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

_METADATA, _VERSION = 3, 12
_GROUPS, _GROUPS_VERSION = 15, 4
_NOT_TOLD: Final = -(2**31)
_NO_ID: Final = bytes(16)

OPERATIONS: Final = {3: "Read", 4: "Write", 5: "Create", 8: "Describe", 10: "DescribeConfigs"}
"""Kafka's numbers of the operations that matter here, as `topics acl` writes them."""

NONE, MISSING, FORBIDDEN = 0, 3, 29
"""Kafka's error numbers of a topic that is there, is not, or may not be looked at."""


class _Id(AbstractType[bytes]):
    """Sixteen bytes."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


_TAGS = ("tags", TaggedFields)
_BROKER = (("node_id", Int32), ("host", CompactString()), ("port", Int32), ("rack", CompactString()), _TAGS)
_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    _TAGS,
)
_TOPIC = (
    ("error_code", Int16),
    ("topic", CompactString()),
    ("topic_id", _Id),
    ("is_internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)),
    ("authorized_operations", Int32),
    _TAGS,
)


class _Answer(Response):
    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        ("topics", CompactArray(*_TOPIC)),
        _TAGS,
    )


class _Question(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = _VERSION
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Id), ("topic", CompactString()), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class DescribeTopics(Request[_Question]):
    """Asks for topics by name."""

    API_KEY = _METADATA

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)

    def build(self, request_struct_class: type[_Question]) -> _Question:
        """The request as it goes out."""
        return request_struct_class([(_NO_ID, name, {}) for name in self._names], False, True, {})


_MEMBER = (
    ("member_id", String("utf-8")),
    ("group_instance_id", String("utf-8")),
    ("client_id", String("utf-8")),
    ("client_host", String("utf-8")),
    ("member_metadata", Bytes),
    ("member_assignment", Bytes),
)


class _GroupAnswer(Response):
    API_KEY = _GROUPS
    API_VERSION = _GROUPS_VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            Array(
                ("error_code", Int16),
                ("group", String("utf-8")),
                ("state", String("utf-8")),
                ("protocol_type", String("utf-8")),
                ("protocol", String("utf-8")),
                ("members", Array(*_MEMBER)),
                ("authorized_operations", Int32),
            ),
        ),
    )


class _GroupQuestion(RequestStruct):
    API_KEY = _GROUPS
    API_VERSION = _GROUPS_VERSION
    RESPONSE_TYPE = _GroupAnswer
    SCHEMA = Schema(("groups", Array(String("utf-8"))), ("include_authorized_operations", Boolean))


class DescribeGroup(Request[_GroupQuestion]):
    """Asks for a group, and for the rights on it (aiokafka's own reads the answer wrongly)."""

    API_KEY = _GROUPS

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, request_struct_class: type[_GroupQuestion]) -> _GroupQuestion:
        """The request as it goes out."""
        return request_struct_class([self._group], True)


class Described(NamedTuple):
    """A topic.

    Attributes:
        error: Kafka's number: 0 it is there, 3 it is not, 29 this principal may not look at it.
        identity: The topic's id: another one under the same name is another topic.
        partitions: How many.
        copies: Of the partition that has the fewest.
        operations: What this principal may do; ``None`` if the broker does not tell.
    """

    error: int
    identity: str
    partitions: int
    copies: int
    operations: frozenset[str] | None


class DescribedGroup(NamedTuple):
    """A consumer group.

    Attributes:
        state: In Kafka's words; ``Dead`` if there is none of that name.
        members: How many.
        operations: As of a topic.
    """

    state: str
    members: int
    operations: frozenset[str] | None


async def describe(client: Any, names: Iterable[str]) -> dict[str, Described] | None:
    """Ask for topics by name; ``None`` if the broker is too old to tell.

    Args:
        client: A started admin client or consumer.
        names: Of the topics.
    """
    channel = client._client
    try:
        answer = await channel.send(channel.get_random_node(), DescribeTopics(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    return {topic["topic"]: _described(topic) for topic in answer.to_object()["topics"]}


async def describe_group(client: Any, group: str) -> DescribedGroup | None:
    """Ask for a group; ``None`` if the broker does not tell (the embedded one).

    Raises:
        GroupAuthorizationFailedError: this principal may not even look at it.
    """
    channel = client._client
    coordinator = await channel.coordinator_lookup(CoordinationType.GROUP, group)
    try:
        answer = await channel.send(coordinator, DescribeGroup(group))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    (found,) = answer.to_object()["groups"]
    if found["error_code"]:
        raise for_code(found["error_code"])(group)
    operations = _operations_of(found["authorized_operations"])
    return DescribedGroup(found["state"], len(found["members"]), operations)


def _described(topic: dict[str, Any]) -> Described:
    partitions = topic["partitions"]
    return Described(
        topic["error_code"],
        base64.urlsafe_b64encode(topic["topic_id"]).decode().rstrip("="),
        len(partitions),
        min((len(partition["replicas"]) for partition in partitions), default=0),
        _operations_of(topic["authorized_operations"]),
    )


def _operations_of(bits: int) -> frozenset[str] | None:
    if bits == _NOT_TOLD:
        return None
    return frozenset(name for number, name in OPERATIONS.items() if bits >> number & 1)
