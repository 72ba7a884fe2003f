"""Reading events: what is accepted, what is settled on the way, what is refused and why."""

import msgspec
import pytest

from streams.wire.codec import decode, encode_event
from streams.wire.event import SHORT_TOPICS, TYPES, TYPES_BY_TOPIC, Event, Order
from streams.wire.needs import NEEDED_FIELDS
from streams.wire.reject import Reason, Rejection
from streams.wire.times import DAY, MINUTE, format_time
from tests.support.bad_input import ARRIVAL, KEY, BadInput, as_bytes, corpus, good, good_order

CONSENT = {"channel": "email", "state": "out", "scope": "all", "reason": "unsubscribe"}


def accepted(body: object, topic: str = "web", arrival: int = ARRIVAL) -> Event:
    event = decode(KEY, as_bytes(body), topic, arrival)
    assert isinstance(event, Event), event
    return event


@pytest.mark.parametrize("bad", corpus(), ids=lambda bad: bad.name)
def test_bad_input_is_rejected_with_its_reason_and_path(bad: BadInput) -> None:
    assert decode(bad.key, bad.value, bad.topic, ARRIVAL) == Rejection(bad.reason, bad.path)


def test_the_corpus_has_every_reason_that_a_record_alone_can_show() -> None:
    assert {bad.reason for bad in corpus()} == set(Reason) - {Reason.PARTITION}
    names = [bad.name for bad in corpus()]
    assert len(names) == len(set(names))


def test_the_event_of_the_wire_document_is_read() -> None:
    value = b"""{"v": 1, "id": "ord-7781", "source": "shop", "type": "order.completed", "customer_id": "c-42",
     "occurred_at": "2026-11-21T10:00:00.000Z", "surface": "web",
     "order": {"id": "7781", "total": "59.90", "currency": "EUR"}}"""
    assert decode(KEY, value, "web", ARRIVAL) == Event(
        v=1,
        id="ord-7781",
        source="shop",
        type="order.completed",
        customer_id="c-42",
        occurred_at=ARRIVAL,
        surface="web",
        order=Order(id="7781", total="59.90", currency="EUR"),
    )


def test_what_is_absent_is_none_and_quality_is_server() -> None:
    event = accepted(good())
    assert (event.time_quality, event.automated, event.activity) == ("server", False, None)
    parts = (event.message, event.order, event.consent, event.plan, event.profile, event.platform)
    assert parts == (None,) * 6


def test_unknown_fields_are_ignored_because_adding_one_is_compatible() -> None:
    assert accepted(good(loyalty={"tier": 3}), "web") == accepted(good(), "web")


def test_an_event_a_little_ahead_of_its_arrival_is_clamped_to_it() -> None:
    ahead = good(occurred_at=format_time(ARRIVAL + DAY))
    assert accepted(ahead).occurred_at == ARRIVAL


def test_an_event_more_than_a_day_ahead_is_refused() -> None:
    ahead = as_bytes(good(occurred_at=format_time(ARRIVAL + DAY + 1)))
    assert decode(KEY, ahead, "web", ARRIVAL) == Rejection(Reason.TIME, "$.occurred_at")


def test_an_event_long_before_its_arrival_is_read_as_it_is() -> None:
    assert accepted(good(occurred_at="1970-01-01T00:00:00.000Z")).occurred_at == 0


def test_a_guessed_time_keeps_its_interval_within_itself() -> None:
    guessed = good(
        type="app.uninstalled",
        time_quality="inferred",
        occurred_at=format_time(ARRIVAL + MINUTE),
        earliest_at=format_time(ARRIVAL + MINUTE),
    )
    event = accepted(guessed, "app")
    assert (event.earliest_at, event.occurred_at) == (ARRIVAL, ARRIVAL)


def test_an_interval_says_nothing_about_a_time_that_is_known() -> None:
    assert accepted(good(earliest_at="2020-01-01T00:00:00.000Z")).earliest_at is None


@pytest.mark.parametrize("topic", SHORT_TOPICS)
def test_a_change_of_consent_may_come_on_any_topic(topic: str) -> None:
    body = good(type="consent.changed", consent=CONSENT)
    event = accepted(body, topic)
    assert event.consent is not None
    assert (event.consent.axis, event.consent.list) == ("subscription", None)


def test_a_topic_that_we_do_not_know_carries_nothing() -> None:
    assert decode(KEY, as_bytes(good()), "sms", ARRIVAL) == Rejection(Reason.TYPE, "$.type")


def test_the_end_of_a_plan_becomes_a_number() -> None:
    plan = {"id": "gold", "tier": "premium", "ends_at": "2026-11-21T10:00:00.000Z"}
    event = accepted(good(type="plan.cancelled", plan=plan), "account")
    assert event.plan is not None
    assert event.plan.ends_at == ARRIVAL


def test_properties_of_depth_4_and_64_keys_are_read() -> None:
    body: dict[str, object] = {f"k{n}": {"a": {"b": {}}} for n in range(64)}
    assert accepted(good(properties=body, ext=body)).properties == body


def test_a_record_of_depth_32_and_brackets_in_texts_is_read() -> None:
    deep = b', "x": ' + b"[" * 31 + b"]" * 31 + b', "y": "' + b"[{" * 500 + rb'\"[["}'
    value = as_bytes(good())[:-1] + deep
    assert isinstance(decode(KEY, value, "web", ARRIVAL), Event)


def test_a_record_of_exactly_the_cap_is_read() -> None:
    value = as_bytes(good()).ljust(256 * 1024)
    assert isinstance(decode(KEY, value, "web", ARRIVAL), Event)


def test_a_customer_need_not_be_ascii() -> None:
    value = as_bytes(good(customer_id="\u5ba2-\U0001f600"))
    assert isinstance(decode("\u5ba2-\U0001f600".encode(), value, "web", ARRIVAL), Event)


def test_a_profile_may_remove_by_null() -> None:
    body = good(type="customer.updated", profile={"timezone": "Europe/Berlin", "cohort": None, "km": 1.5})
    assert accepted(body, "account").profile == {"timezone": "Europe/Berlin", "cohort": None, "km": 1.5}


def test_a_written_event_is_read_back_the_same() -> None:
    event = accepted(
        good_order(
            {"items": [{"product_id": "p", "quantity": 2, "price": "9.95"}]},
            properties={"a": [1, {"b": None}]},
            time_quality="device",
            activity=False,
        )
    )
    value = encode_event(event)
    assert decode(KEY, value, "web", ARRIVAL) == event
    assert b"null" not in value.replace(b'"b":null', b"")


def test_a_written_event_has_the_order_of_the_wire() -> None:
    names = list(msgspec.json.decode(encode_event(accepted(good_order()))))
    assert names == ["v", "id", "source", "type", "customer_id", "occurred_at", "surface", "order"]


def test_every_type_belongs_to_a_topic_and_every_need_to_a_type() -> None:
    assert tuple(TYPES_BY_TOPIC) == SHORT_TOPICS
    assert set(NEEDED_FIELDS) <= set(TYPES)
    assert len(TYPES) == 39
