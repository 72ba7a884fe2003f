"""The schema files: in step with the types, valid themselves, and true of what is read and written."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema  # type: ignore[import-untyped] # carries no types, and its stubs would be one more pin
import msgspec
import pytest

from devkit.schemas import FOLDER
from streams.offline import Offline
from streams.rates import Rates
from streams.topics import catalogue
from streams.wire import control
from streams.wire.codec import decode, encode_event
from streams.wire.command import ACTIONS, Message, PromisedOffer, encode_command
from streams.wire.control import Cut, Offer, OffersFact, PolicyFact, PopulationFact, SourceFact, Tick
from streams.wire.episodes import EPISODES
from streams.wire.event import Event
from streams.wire.facts import Owner, fact_records, owner_record
from streams.wire.headers import effect_headers
from streams.wire.population import SUMS
from streams.wire.reject import Reason, Rejection, reject_headers
from streams.wire.row import Item
from streams.wire.schemas import files, schemas
from streams.wire.signal import encode_signal
from streams.wire.times import DAY
from tests.support.bad_input import ARRIVAL, KEY, BadInput, as_bytes, corpus, good, good_order
from tests.support.effects import command, signal
from tests.support.story import event

SCHEMAS = schemas()

OFFERS = OffersFact(
    version="x", offers=[Offer(id="o", kind="sale", categories=["coffee"], from_=0, until=ARRIVAL)]
)
FACTS = (
    PolicyFact(version="abc", document={"a": {}}),
    OFFERS,
    PopulationFact(version=1, priors={}, responses={}),
    SourceFact(source="web", state="quiet", since=0),
)
CONTROL = (
    Cut(epoch=1, n=2, at=ARRIVAL, from_={"t": 0}, ends={"t": 5}, tick=None),
    Cut(epoch=1, n=2, at=ARRIVAL, from_={"t": 0}, ends={"t": 5}, tick=7),
    Tick(at=0),
    *FACTS,
)
CONSENT = {
    "channel": "all",
    "state": "out",
    "scope": "list",
    "list": "sale",
    "reason": "settings",
    "axis": "permission",
}
EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("web", good()),
    ("web", good_order({"items": [{"product_id": "p", "quantity": 0.5, "price": "-1"}]})),
    ("app", good(type="app.uninstalled", time_quality="inferred", earliest_at="2023-01-01 00:00:00+01:00")),
    ("app", good(type="custom", surface="app", name="quiz", properties={}, ext=None, loyalty=1)),
    ("email", good(type="email.sent", message={"id": "m"})),
    ("account", good(type="consent.changed", consent=CONSENT)),
    (
        "account",
        good(type="plan.expired", plan={"id": "p", "tier": "free", "ends_at": "2024-01-01T00:00:00Z"}),
    ),
    ("account", good(type="customer.updated", profile={"a": None, "b": True, "c": -(1 << 63), "d": 1.5})),
)


def valid(name: str, body: object) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(body))


def test_the_files_are_in_step_with_the_types() -> None:
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
    assert on_disk == files(), "run `make schemas`"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_schema_and_refuses_nothing_at_all(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert not valid(name, {})
    assert not valid(name, [])


@pytest.mark.parametrize(("topic", "body"), EVENTS)
def test_an_event_that_is_accepted_is_valid_as_it_came_and_as_we_write_it(
    topic: str, body: dict[str, Any]
) -> None:
    event = decode(KEY, as_bytes(body), topic, ARRIVAL)
    assert isinstance(event, Event)
    assert valid("event", body)
    assert valid("event", json.loads(encode_event(event)))


# What no schema of one value can see: on which topic it came, what lies inside the producer's own objects,
# and whether a whole number was written as one or as a float.
JUDGED_BY_THE_DECODER = {
    "a visit of the website on the shop's topic",
    "an erasure on the app's topic",
    "65 properties further in",
    "a property of 5,000 digits",
    "a profile with a number of 70 bits",
}


@pytest.mark.parametrize(
    "bad",
    [
        bad
        for bad in corpus()
        if bad.reason in {Reason.FIELD, Reason.TYPE, Reason.VERSION} and bad.name not in JUDGED_BY_THE_DECODER
    ],
    ids=lambda bad: bad.name,
)
def test_what_is_refused_for_its_form_is_not_valid(bad: BadInput) -> None:
    assert bad.value is not None
    assert not valid("event", json.loads(bad.value))


@pytest.mark.parametrize("record", CONTROL, ids=lambda record: record.kind)
def test_control_records_are_valid_and_need_each_field_that_reading_needs(
    record: control.ControlRecord,
) -> None:
    body = json.loads(control.encode(record))
    name = f"control.{record.kind}"
    assert valid(name, body)
    for field in body:
        lacking = {kept: value for kept, value in body.items() if kept != field}
        readable = not isinstance(control.decode_control(msgspec.json.encode(lacking)), Rejection)
        assert valid(name, lacking) == readable, field


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.kind)
def test_facts_are_valid(fact: PolicyFact | OffersFact | PopulationFact | SourceFact) -> None:
    assert all(valid("facts", json.loads(value)) for _, value in fact_records(fact))


def test_owners_are_valid_facts() -> None:
    _, value = owner_record(3, Owner(url="http://127.0.0.1:1", epoch=1))
    assert valid("facts", json.loads(value))
    assert not valid("facts", json.loads(value) | {"epoch": "1"})


def test_sums_of_a_partition_are_valid() -> None:
    world = Offline(catalogue(partitions=1))
    visit = event(ARRIVAL, "web.visited")
    world.send("web", visit.key, visit.value)
    world.tick(ARRIVAL + DAY)
    (core,) = world.partitions
    told = json.loads(SUMS.encode(core.sums(ARRIVAL + DAY)))
    assert told["streams"]["web"]["since"] == ARRIVAL // DAY
    assert valid("population.sums", told)
    assert not valid("population.sums", told | {"at": 5})


def test_counts_of_signals_are_valid() -> None:
    counts = Rates(3)
    counts.take([Item("signals", encode_signal(signal()), None)])
    counts.entries(1, ARRIVAL, 7)
    told = json.loads(EPISODES.encode(counts.told()))
    assert valid("population.episodes", told)
    ((day, _),) = told["days"].items()
    assert not valid("population.episodes", told | {"days": {"today": told["days"][day]}})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"channel": "push", "surface": "web", "cohort": "b", "historical": True}, True),
        ({"action": "closed", "reason": "let_go"}, True),
        ({"action": "closed"}, False),
        ({"reason": "returned"}, False),
        ({"kind": "bored"}, False),
        ({"stage": "gone"}, False),
        ({"seq": "1"}, False),
    ],
)
def test_a_signal_is_valid_when_the_wire_allows_it(changes: dict[str, object], *, expected: bool) -> None:
    value = encode_signal(signal(**changes))
    assert valid("signal", json.loads(value)) == expected


HELD = {"signal": None, "episode": None, "play": None, "step": None, "message": None, "consent": None}
OFFER = PromisedOffer(id="o", kind="sale", variables={})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"message": Message(template="t", list="x", variables={}, offer=[OFFER], personalised=True)}, True),
        ({"message": None}, False),
        ({"action": "cancel", "message": None, "cancels": "c0"}, True),
        ({"action": "cancel"}, False),
        ({"action": "hold", **HELD}, True),
        ({"action": "hold", "until": ARRIVAL, **HELD}, True),
        ({"action": "release", **HELD}, True),
        ({"action": "audience_add", "audience": "loyal", **HELD}, True),
        ({"action": "audience_remove", **HELD}, False),
        ({"action": "shout"}, False),
    ],
)
def test_a_command_is_valid_when_the_wire_allows_it(changes: dict[str, object], *, expected: bool) -> None:
    value = encode_command(command(**changes))
    assert valid("command", json.loads(value)) == expected


@pytest.mark.parametrize(
    ("name", "encode"),
    [("signal", lambda: encode_signal(signal())), ("command", lambda: encode_command(command()))],
)
def test_what_is_always_written_is_required(name: str, encode: Callable[[], bytes]) -> None:
    body = json.loads(encode())
    optional = {"message", "not_before", "expires_at", "consent"} if name == "command" else set()
    assert set(SCHEMAS[name]["required"]) == set(body) - optional


@pytest.mark.parametrize("rejection", [Rejection(reason, "$.order.items[0].price") for reason in Reason])
def test_the_headers_of_rejects_are_valid(rejection: Rejection) -> None:
    headers = {name: value.decode() for name, value in reject_headers(rejection, "t", 3, 17)}
    assert valid("reject-headers", headers)
    assert not valid("reject-headers", headers | {"holdfast.reject.detail": "59,90"})


@pytest.mark.parametrize("type_", [f"command.{action}" for action in ACTIONS] + ["signal.retracted"])
@pytest.mark.parametrize("trace", [None, b"00-1-2-01"])
def test_the_headers_of_effects_are_valid(type_: str, trace: bytes | None) -> None:
    headers = {name: value.decode() for name, value in effect_headers(type_, "i", 0, "c-42", "shop", trace)}
    assert valid("effect-headers", headers)
    assert set(headers) <= set(SCHEMAS["effect-headers"]["properties"])


def test_the_examples_of_the_wire_document_are_valid() -> None:
    event = """{"v": 1, "id": "ord-7781", "source": "shop", "type": "order.completed", "customer_id": "c-42",
     "occurred_at": "2026-11-21T10:00:00.000Z", "surface": "web",
     "order": {"id": "7781", "total": "59.90", "currency": "EUR"}}"""
    opened = """{"v": 1, "id": "i", "seq": 7, "action": "opened", "kind": "purchase_stopped", "channel": null,
     "customer_id": "c-42", "episode": "e", "started_at": "2026-11-21T10:00:00.000Z",
     "at": "2026-11-21T10:00:00.000Z", "stage": "cooling", "historical": false,
     "evidence": {"surface": {"last_at": "2026-11-21T10:00:00.000Z", "occasions": 14, "typical_gap": "6.8d",
      "silent": "24.1d", "threshold": "24.0d", "threshold_from": "own"}},
     "arm": "treat", "cohort": null, "policy": "p"}"""
    sent = """{"v": 1, "id": "i", "seq": 8, "action": "send", "channel": "email", "customer_id": "c-42",
     "signal": "s", "episode": "e", "play": "win_back", "step": 1,
     "message": {"template": "win_back_hello", "list": "promotions", "variables": {"last_category": "coffee"},
                 "offer": null, "personalised": true},
     "not_before": "2026-11-21T10:00:00.000Z", "expires_at": "2026-11-21T10:00:00.000Z",
     "at": "2026-11-21T10:00:00.000Z", "consent": {"state": "in", "since": "2026-11-21T10:00:00.000Z"},
     "policy": "p"}"""
    for name, text in (("event", event), ("signal", opened), ("command", sent)):
        jsonschema.validate(json.loads(text), SCHEMAS[name])
