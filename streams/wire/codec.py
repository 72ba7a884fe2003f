"""From a record's bytes to an event or a rejection: the hot path, and the door for everything hostile.

`decode` never raises. Its order is: what costs nothing to see (no value, too large, no key, too deep),
the form, the version, the type, what that type needs, the time, the key. The first fault found is reported.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from .bounds import MAX_BYTES, MAX_DEPTH, check_text, is_deeper
from .event import MAX_KEYS, Event
from .faults import fault_of
from .needs import CHECKS_BY_TOPIC, Check, message, missing, nothing
from .reject import Reason, Rejection
from .times import DAY, format_time, parse_time, recent_time

MAX_AHEAD: Final = DAY
"""How far before its time an event may arrive, milliseconds; nearer ones are clamped to their arrival."""
MAX_OBJECT_DEPTH: Final = 4

_EMPTY: Final = Rejection(Reason.EMPTY)
_SIZE: Final = Rejection(Reason.SIZE)
_DEPTH: Final = Rejection(Reason.DEPTH)
_KEY: Final = Rejection(Reason.KEY)
_VERSION: Final = Rejection(Reason.VERSION, "$.v")
_TYPE: Final = Rejection(Reason.TYPE, "$.type")
_TIME: Final = Rejection(Reason.TIME, "$.occurred_at")

_OBJECT: Final = ord("{")
_ARRAY: Final = ord("[")
_NO_CHECKS: Final[dict[str, Check]] = {}

_read: Final = msgspec.json.Decoder(Event).decode


def _moment(text: Any) -> int:  # noqa: ANN401 - text when read, and a number by its annotation (times.Moment)
    return parse_time(text)


def decode(  # noqa: PLR0911 - each fault of the envelope is told where it is seen
    key: bytes | None, value: bytes | None, topic: str, arrival: int
) -> Event | Rejection:
    """Read one record of an event topic.

    Args:
        key: the Kafka key; must be the customer.
        value: the Kafka value.
        topic: the short name of the topic, one of `SHORT_TOPICS`.
        arrival: milliseconds; the later of the record's timestamp and the partition's time.

    Returns:
        The event, its times in milliseconds and never later than `arrival`; or why it cannot be used.
        Whatever the bytes are, nothing is raised.
    """
    if not value:
        return _EMPTY
    if len(value) > MAX_BYTES:
        return _SIZE
    if not key:
        return _KEY
    # The checks of `bounds` spelt out: a call here is a tenth of the whole, and most events are flat.
    if (_ARRAY in value or value.rfind(_OBJECT) > 0) and (
        value.count(_OBJECT) + value.count(_ARRAY) > MAX_DEPTH and is_deeper(value)
    ):
        return _DEPTH
    try:
        if not value.isascii():
            check_text(value)
        event = _read(value)
        if _is_plain(event, key, topic, arrival):
            return event
    except Exception as error:  # noqa: BLE001 - whatever a decoder makes of hostile bytes is the record's fault
        return fault_of(value, error)
    return _check(event, key, topic, arrival)


def _is_plain(event: Event, key: bytes, topic: str, arrival: int) -> bool:
    """Whether an event is of the common kind and right: then it is settled; else `_check` tells.

    The common kind has nothing of the producer's own, and its time is known and not ahead.
    """
    check = CHECKS_BY_TOPIC.get(topic, _NO_CHECKS).get(event.type)
    if event.v != 1 or (check is not nothing and (check is not message or event.message is None)):
        return False
    if event.properties is not None or event.ext is not None or event.earliest_at is not None:
        return False
    if key[0] == 0:  # such keys are the changelog's own
        return False
    at = recent_time(event.occurred_at)  # type: ignore[arg-type] # text until here (times.Moment)
    if at < 0 or at > arrival or event.time_quality == "inferred" or event.customer_id.encode() != key:
        return False
    event.occurred_at = at
    return True


def _check(event: Event, key: bytes, topic: str, arrival: int) -> Event | Rejection:
    if event.v != 1:
        return _VERSION
    check = CHECKS_BY_TOPIC.get(topic, _NO_CHECKS).get(event.type)
    if check is None:
        return _TYPE
    fault = None if check is nothing else check(event)
    if fault is None:
        fault = _settle_time(event, arrival)
    if fault is None and (event.properties is not None or event.ext is not None):
        fault = _check_objects(event)
    if fault is not None:
        return fault
    customer = event.customer_id
    if customer[0] == "\0":
        return missing("$.customer_id")  # such keys are the changelog's own
    if customer.encode() != key:
        return _KEY
    return event


def _settle_time(event: Event, arrival: int) -> Rejection | None:
    """Put numbers in the place of texts, and clamp what is a little ahead."""
    try:
        at = parse_time(event.occurred_at)  # type: ignore[arg-type] # text until here (times.Moment)
    except ValueError:
        return _TIME
    if at > arrival:
        if at > arrival + MAX_AHEAD:
            return _TIME
        at = arrival
    elif at < 0:
        return _TIME  # before 1970: the clock of something that never had one
    event.occurred_at = at
    if event.time_quality == "inferred" or event.earliest_at is not None:
        return _settle_interval(event, at)
    return None


def _settle_interval(event: Event, at: int) -> Rejection | None:
    if event.time_quality != "inferred":
        event.earliest_at = None  # says nothing about a moment that is known
        return None
    if event.earliest_at is None:
        return missing("$.earliest_at")
    try:
        earliest = _moment(event.earliest_at)
    except ValueError:
        return Rejection(Reason.TIME, "$.earliest_at")
    event.earliest_at = max(0, min(earliest, at))
    return None


def _check_objects(event: Event) -> Rejection | None:
    if event.properties is not None:
        fault = _check_object(event.properties, "$.properties")
        if fault is not None:
            return fault
    return None if event.ext is None else _check_object(event.ext, "$.ext")


def _check_object(body: object, path: str) -> Rejection | None:
    """Hold an object of the producer's own to 64 keys each and a depth of 4, itself included."""
    level: list[object] = [body]
    for _ in range(MAX_OBJECT_DEPTH):
        for part in level:
            if isinstance(part, dict) and len(part) > MAX_KEYS:
                return missing(path)
        level = list(_inside(level))
        if not level:
            return None
    return Rejection(Reason.DEPTH, path)


def _inside(level: Iterable[object]) -> Iterable[object]:
    for part in level:
        values = part.values() if isinstance(part, dict) else part
        if isinstance(values, Iterable):
            yield from (value for value in values if isinstance(value, dict | list))


def encode_event(event: Event) -> bytes:
    """Write an event as a producer would: the order of fields of wire.md, absent optional fields left out."""
    body = {name: field for name, field in msgspec.structs.asdict(event).items() if field is not None}
    body["occurred_at"] = format_time(event.occurred_at)
    if event.earliest_at is not None:
        body["earliest_at"] = format_time(event.earliest_at)
    if not event.automated:
        del body["automated"]
    if event.time_quality == "server":
        del body["time_quality"]
    for name in ("message", "order", "consent", "plan"):
        if name in body:
            body[name] = _without_none(body[name])
    return msgspec.json.encode(body)


def _without_none(part: Any) -> Any:  # noqa: ANN401 - any of the structs inside an event
    body = {name: field for name, field in msgspec.structs.asdict(part).items() if field is not None}
    if "ends_at" in body:
        body["ends_at"] = format_time(body["ends_at"])
    if "items" in body:
        body["items"] = [_without_none(item) for item in body["items"]]
    return body
