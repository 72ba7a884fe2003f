"""What must hold for every input: reading never raises, and what is accepted is what was promised."""

import json
import re
from typing import Any

import pytest
from aiokafka.partitioner import murmur2 as kafka_murmur2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.wire.bounds import is_deeper
from streams.wire.codec import decode, encode_event
from streams.wire.command import decode_command
from streams.wire.control import decode_control
from streams.wire.event import SHORT_TOPICS, Event, human_surface
from streams.wire.facts import decode_fact
from streams.wire.partition import murmur2, partition_of
from streams.wire.reject import Reason, Rejection, reject_headers
from streams.wire.signal import decode_signal
from streams.wire.times import format_time, parse_time
from tests.support.bad_input import ARRIVAL, KEY, as_bytes, corpus, good, good_order

FIVE_CENTURIES = 500 * 366 * 86_400_000
# Our own names, places in lists, and "somewhere in this object": nothing that a producer wrote.
PATH = re.compile(r"(\$(\.[a-z_]+|\[\d+\]|\[\.\.\.\])*)?")

topics = st.sampled_from(SHORT_TOPICS)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)

MESSAGE = {"id": "m", "command_id": "c", "campaign": "spring"}
CONSENT = {"channel": "push", "state": "in", "scope": "list", "list": "sale", "reason": "asked"}
ITEMS = [{"product_id": "p", "quantity": 2, "price": "5.00", "category": "coffee"}]
GOOD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("web", good()),
    ("web", good_order()),
    ("store", good_order({"items": ITEMS}, surface="store", properties={"a": [1, {"b": None}]})),
    ("app", good(type="app.installed", platform="ios")),
    ("app", good(type="app.uninstalled", time_quality="inferred", earliest_at="2023-12-31T10:00:00.000Z")),
    ("app", good(type="custom", surface="app", name="quiz", ext={"k": "v"}, activity=True)),
    ("email", good(type="email.opened", message=MESSAGE, automated=True)),
    ("push", good(type="push.prompted", surface="web")),
    ("account", good(type="consent.changed", consent=CONSENT)),
    (
        "account",
        good(type="plan.started", plan={"id": "p", "tier": "premium", "ends_at": "2025-01-01T00:00:00Z"}),
    ),
    ("account", good(type="customer.updated", profile={"timezone": "Asia/Seoul", "km": 1.5, "vip": None})),
)


def judge(outcome: Event | Rejection, key: bytes | None) -> None:
    """Hold an outcome to what `decode` promises."""
    if isinstance(outcome, Rejection):
        assert isinstance(outcome.reason, Reason)
        assert PATH.fullmatch(outcome.path)
        assert all(isinstance(value, bytes) for _, value in reject_headers(outcome, "t", 0, 0))
        return
    assert outcome.customer_id.encode() == key
    assert 0 <= outcome.occurred_at <= ARRIVAL
    assert outcome.earliest_at is None or 0 <= outcome.earliest_at <= outcome.occurred_at
    assert set(human_surface(outcome)) <= {"purchase", "app", "web", "store", "brand"}


def paths_in(body: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a body, the body itself first."""
    found = [here]
    if isinstance(body, dict):
        for name, part in body.items():
            found += paths_in(part, (*here, name))
    elif isinstance(body, list):
        for place, part in enumerate(body):
            found += paths_in(part, (*here, place))
    return found


def replaced(body: Any, path: tuple[str | int, ...], part: object) -> Any:  # noqa: ANN401 - JSON
    """Copy a body with another part in one place."""
    if not path:
        return part
    copy = body.copy()
    copy[path[0]] = replaced(body[path[0]], path[1:], part)
    return copy


@pytest.mark.parametrize(("topic", "body"), GOOD)
def test_the_events_that_are_mutated_below_are_good(topic: str, body: dict[str, Any]) -> None:
    assert isinstance(decode(KEY, as_bytes(body), topic, ARRIVAL), Event)


@given(st.none() | st.binary(max_size=200), st.none() | st.binary(max_size=600), topics)
def test_arbitrary_bytes_never_raise(key: bytes | None, value: bytes | None, topic: str) -> None:
    judge(decode(key, value, topic, ARRIVAL), key)


@given(anything, topics)
def test_arbitrary_json_never_raises(body: object, topic: str) -> None:
    judge(decode(KEY, as_bytes(body), topic, ARRIVAL), KEY)


@settings(max_examples=300)
@given(st.data(), st.sampled_from(GOOD), anything)
def test_a_good_event_with_any_part_replaced_never_raises(
    data: st.DataObject, case: tuple[str, dict[str, Any]], part: object
) -> None:
    topic, body = case
    path = data.draw(st.sampled_from(paths_in(body)))
    judge(decode(KEY, as_bytes(replaced(body, path, part)), topic, ARRIVAL), KEY)


@settings(max_examples=300)
@given(st.data(), st.sampled_from(GOOD), st.binary(max_size=6), st.integers(0, 6))
def test_a_good_event_with_bytes_replaced_never_raises(
    data: st.DataObject, case: tuple[str, dict[str, Any]], inserted: bytes, removed: int
) -> None:
    topic, body = case
    value = as_bytes(body)
    place = data.draw(st.integers(0, len(value)))
    judge(decode(KEY, value[:place] + inserted + value[place + removed :], topic, ARRIVAL), KEY)


@given(st.sampled_from(GOOD), st.text(max_size=140))
def test_an_event_is_accepted_only_with_its_customer_as_key(
    case: tuple[str, dict[str, Any]], customer: str
) -> None:
    topic, body = case
    outcome = decode(customer.encode(), as_bytes({**body, "customer_id": customer}), topic, ARRIVAL)
    judge(outcome, customer.encode())
    usable = 1 <= len(customer) <= 128 and customer[0] != "\0"
    assert isinstance(outcome, Event) == usable


@given(st.sampled_from(GOOD), st.integers(0, ARRIVAL), st.text(min_size=1, max_size=128))
def test_what_is_accepted_is_written_and_read_back_the_same(
    case: tuple[str, dict[str, Any]], at: int, id_: str
) -> None:
    topic, body = case
    changed = {**body, "id": id_, "occurred_at": format_time(at)}
    event = decode(KEY, as_bytes(changed), topic, ARRIVAL)
    assert isinstance(event, Event)
    assert event.occurred_at == at
    assert decode(KEY, encode_event(event), topic, ARRIVAL) == event


@given(st.none() | st.binary(max_size=30), st.none() | st.binary(max_size=300) | anything.map(as_bytes))
def test_no_other_form_raises_either(key: bytes | None, value: bytes | None) -> None:
    for outcome in (
        decode_control(value),
        decode_signal(value),
        decode_command(value),
        decode_fact(key, value),
        decode_fact(b"owner:1", value),
    ):
        assert not isinstance(outcome, Rejection) or PATH.fullmatch(outcome.path)


@pytest.mark.parametrize("bad", corpus(), ids=lambda bad: bad.name)
def test_no_other_form_raises_on_the_corpus(bad: Any) -> None:  # noqa: ANN401 - an entry of the corpus
    for outcome in (decode_control(bad.value), decode_signal(bad.value), decode_command(bad.value)):
        assert isinstance(outcome, Rejection)


def depth(body: object) -> int:
    if isinstance(body, dict):
        return 1 + max(map(depth, body.values()), default=0)
    return 1 + max(map(depth, body), default=0) if isinstance(body, list) else 0


@given(anything, st.integers(0, 6))
@example({"a": '"[[[['}, 1)
@example({"a\\": ["\\", '\\"[']}, 2)
def test_depth_is_that_of_the_json(body: object, limit: int) -> None:
    assert is_deeper(as_bytes(body), limit) == (depth(body) > limit)
    assert is_deeper(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), limit) == (
        depth(body) > limit
    )


@given(st.integers(-FIVE_CENTURIES, FIVE_CENTURIES))
def test_a_moment_that_was_written_is_read_back(ms: int) -> None:
    assert parse_time(format_time(ms)) == ms


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fullmatch=True))
def test_a_text_is_a_moment_or_a_value_error(text: str) -> None:
    try:
        ms = parse_time(text)
    except ValueError:
        return
    assert parse_time(format_time(ms)) == ms


@given(st.binary(max_size=200), st.integers(1, 64))
def test_a_key_lies_where_the_clients_of_kafka_put_it(key: bytes, partitions: int) -> None:
    assert murmur2(key) == kafka_murmur2(key) & 0xFFFFFFFF
    assert partition_of(key, partitions) == (kafka_murmur2(key) & 0x7FFFFFFF) % partitions
