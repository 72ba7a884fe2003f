"""What a broker says of topics when asked in full: their ids, and what this principal may do with them.

aiokafka asks in a form that is older than both. This is the form of Kafka 3.1 and newer (Metadata, version
12), built from aiokafka's own blocks and sent by its own client; who does not know it is asked in the old
way, and tells less. Unlike the old form it never makes a broker create what it is asked for.
"""

import base64
from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

_METADATA, _VERSION = 3, 12
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
        return request_struct_class([(_NO_ID, name, {}) for name in self._names], False, True, {})  # noqa: FBT003 - the schema's order


class Described(NamedTuple):
    """A topic.

    Attributes:
        error: Kafka's number: 0 it is there, 3 it is not, 29 this principal may not look at it.
        identity: The topic's id: another one under the same name is another topic.
        partitions: How many.
        copies: Of the partition that has the fewest.
        operations: What this principal may do.
    """

    error: int
    identity: str
    partitions: int
    copies: int
    operations: frozenset[str]


async def describe(admin: Any, names: Iterable[str]) -> dict[str, Described] | None:  # noqa: ANN401 - aiokafka's
    """Ask a started admin client's cluster; ``None`` if it does not tell (older brokers, the embedded one)."""
    try:
        answer = await admin._send_request(DescribeTopics(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    return {topic["topic"]: _described(topic) for topic in answer.to_object()["topics"]}


def operations_of(bits: int) -> frozenset[str]:
    """The operations that a bit field of Kafka's stands for."""
    return frozenset(name for number, name in OPERATIONS.items() if bits >> number & 1)


def _described(topic: dict[str, Any]) -> Described:
    partitions = topic["partitions"]
    return Described(
        topic["error_code"],
        base64.urlsafe_b64encode(topic["topic_id"]).decode().rstrip("="),
        len(partitions),
        min((len(partition["replicas"]) for partition in partitions), default=0),
        operations_of(topic["authorized_operations"]),
    )
