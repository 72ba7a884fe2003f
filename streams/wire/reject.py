"""What is wrong with a record that cannot be used, and how the rejects topic says so (wire.md, Reject).

A record that cannot be read is data: it leaves byte for byte on a topic of its own, with a reason from a
closed list and the path of the fault, never a value, because values are about people.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Reason(StrEnum):
    """The closed list of reasons."""

    JSON = "json"  # not strict UTF-8 JSON
    SIZE = "size"  # larger than the cap
    DEPTH = "depth"  # nested deeper than the cap
    VERSION = "version"  # a version that we do not know
    FIELD = "field"  # a field is missing, of the wrong form or not allowed
    TYPE = "type"  # a type that is unknown or does not belong on this topic
    TIME = "time"  # a moment that cannot be read or cannot be true
    KEY = "key"  # the key is missing or not the customer
    PARTITION = "partition"  # the record lies where its key does not belong
    EMPTY = "empty"  # there is no value


class Rejection(NamedTuple):
    """Why a record cannot be used, and where in it the fault is: ``$.order.total``, or nothing."""

    reason: Reason
    path: str = ""


_CLASS: Final = "com.holdfast.Rejected"


def reject_headers(rejection: Rejection, topic: str, partition: int, offset: int) -> list[tuple[str, bytes]]:
    """Write the headers of a reject.

    Args:
        rejection: what is wrong.
        topic: the full name of the topic on which the record came.
        partition: its partition there.
        offset: its offset there.

    Returns:
        Our own five headers, then the names of Kafka Connect that existing viewers of dead letters show.
    """
    reason = rejection.reason.value.encode()
    detail = rejection.path.encode()
    place = (topic.encode(), str(partition).encode(), str(offset).encode())
    stage = b"KEY_CONVERTER" if rejection.reason is Reason.KEY else b"VALUE_CONVERTER"
    return [
        ("holdfast.reject.reason", reason),
        ("holdfast.reject.detail", detail),
        ("holdfast.reject.topic", place[0]),
        ("holdfast.reject.partition", place[1]),
        ("holdfast.reject.offset", place[2]),
        ("__connect.errors.topic", place[0]),
        ("__connect.errors.partition", place[1]),
        ("__connect.errors.offset", place[2]),
        ("__connect.errors.stage", stage),
        ("__connect.errors.exception.class.name", f"{_CLASS}.{rejection.reason.value}".encode()),
        ("__connect.errors.exception.message", reason + b" " + detail if detail else reason),
    ]
