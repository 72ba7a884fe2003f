"""A corpus of records that must end as rejects, generated: nothing large or binary lies in the repository.

Each entry has one fault only. The good record that they are made from is older than any clock that a test
runs under, so that a fault of time is one on purpose.
"""

import gzip
import json
from typing import Any, NamedTuple

from streams.wire.reject import Reason

CUSTOMER = "c-42"
KEY = CUSTOMER.encode()
ARRIVAL = 1_795_255_200_000  # 2026-11-21T10:00:00.000Z


class BadInput(NamedTuple):
    """One record: what is wrong with it, its bytes, what the decoder must say, and on which topic."""

    name: str
    key: bytes | None
    value: bytes | None
    reason: Reason
    path: str = ""
    topic: str = "web"


def good(**changes: object) -> dict[str, Any]:
    """A visit of the website; `changes` replace its fields, ``...`` removes one."""
    body = {
        "v": 1,
        "id": "visit-1",
        "source": "shop",
        "type": "web.visited",
        "customer_id": CUSTOMER,
        "occurred_at": "2024-01-01T10:00:00.000Z",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def good_order(order: dict[str, object] | None = None, **changes: object) -> dict[str, Any]:
    """A purchase on the website; `order` replaces parts of its order, ``...`` removes one."""
    parts = {"id": "7781", "total": "59.90", "currency": "EUR", **(order or {})}
    kept = {name: value for name, value in parts.items() if value is not ...}
    return good(**{"id": "order-1", "type": "order.completed", "surface": "web", "order": kept, **changes})


def as_bytes(body: object) -> bytes:
    """Write a record as most producers do."""
    return json.dumps(body).encode()


def nested(depth: int) -> str:
    """Arrays in arrays."""
    return "[" * depth + "]" * depth


def corpus() -> list[BadInput]:
    """Every entry, in a fixed order, names unique."""
    return [
        *_no_json(),
        *_out_of_bounds(),
        *_keys(),
        *_versions(),
        *_fields(),
        *_parts(),
        *_types(),
        *_times(),
    ]


def _no_json() -> list[BadInput]:
    text = json.dumps(good())
    plain = text.encode()
    values = {
        "half a record": plain[: len(plain) // 2],
        "a record and a half": plain + plain[:20],
        "blanks": b"  \n ",
        "no text at all": bytes(range(256)),
        "a single NUL": b"\0",
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without a mark": text.encode("utf-16-le"),
        "UTF-32": text.encode("utf-32"),
        "a byte order mark": b"\xef\xbb\xbf" + plain,
        "Latin-1": json.dumps(good(source="caf\xe9"), ensure_ascii=False).encode("latin-1"),
        "Latin-1 in a field that nobody reads": json.dumps(good(x="\xe9"), ensure_ascii=False).encode(
            "latin-1"
        ),
        "an overlong slash": plain.replace(b"visit-1", b"visit\xc0\xaf1"),
        "half a surrogate pair": as_bytes(good(id="\ud83d")),
        "half a surrogate pair in UTF-8": plain.replace(b"visit-1", b"\xed\xa0\xbd"),
        "NaN": as_bytes(good(properties={"score": float("nan")})),
        "Infinity": as_bytes(good(properties={"score": float("inf")})),
        "NaN in a field that nobody reads": as_bytes(good(score=float("nan"))),
        "a comment": plain.replace(b"{", b"{ /* hello */ ", 1),
        "a comma too many": plain[:-1] + b",}",
        "single quotes": plain.replace(b'"', b"'"),
        "a line feed in a text": plain.replace(b"visit-1", b"visit\n1"),
        "an unknown escape": plain.replace(b"visit-1", rb"visit\q1"),
        "a leading zero": plain.replace(b'"v": 1', b'"v": 01'),
        "gzip": gzip.compress(plain, mtime=0),
        "a schema registry frame": b"\x00\x00\x00\x00\x2a" + plain,
        "an XML document": b"<?xml version='1.0'?><event/>",
        "a form": b"v=1&id=visit-1&type=web.visited",
    }
    return [BadInput(name, KEY, value, Reason.JSON) for name, value in values.items()]


def _out_of_bounds() -> list[BadInput]:
    body = as_bytes(good())
    digits = b'{"v": 1, "id": ' + b"7" * 1_000_000 + b"}"
    deep = {33: "depth 33", 200: "depth 200", 5_000: "depth 5,000", 100_000: "depth 100,000"}
    return [
        BadInput("a null value", KEY, None, Reason.EMPTY),
        BadInput("no bytes", KEY, b"", Reason.EMPTY),
        BadInput("900 KB", KEY, as_bytes(good(properties={"note": "x" * 900_000})), Reason.SIZE),
        BadInput("one byte above the cap", KEY, body.ljust(256 * 1024 + 1), Reason.SIZE),
        BadInput("a number of 10^6 digits", KEY, digits, Reason.SIZE),
        *(
            BadInput(name, KEY, body[:-1] + f', "x": {nested(depth - 1)}}}'.encode(), Reason.DEPTH)
            for depth, name in deep.items()
        ),
        BadInput("brackets that never close", KEY, b"[" * 200_000, Reason.DEPTH),
        BadInput("objects that never close", KEY, b'{"a":' * 40_000, Reason.DEPTH),
        BadInput(
            "properties deeper than 4",
            KEY,
            as_bytes(good(properties={"a": {"b": [{"c": []}]}})),
            Reason.DEPTH,
            "$.properties",
        ),
        BadInput("ext deeper than 4", KEY, as_bytes(good(ext={"a": [[[[]]]]})), Reason.DEPTH, "$.ext"),
    ]


def _keys() -> list[BadInput]:
    body = as_bytes(good())
    keys = {
        "a null key": None,
        "an empty key": b"",
        "a key that is not UTF-8": b"\xff\xfe",
        "another customer's key": b"c-43",
        "a key in quotes": b'"c-42"',
        "a key with a blank": b"c-42 ",
        "a key in UTF-16": CUSTOMER.encode("utf-16-le"),
    }
    return [BadInput(name, key, body, Reason.KEY) for name, key in keys.items()]


def _versions() -> list[BadInput]:
    versions = {"0": 0, "2": 2, "-1": -1, "1.5": 1.5, "of 30 digits": 10**30}
    path = "$.v"
    return [
        *(
            BadInput(f"version {name}", KEY, as_bytes(good(v=version)), Reason.VERSION, path)
            for name, version in versions.items()
        ),
        BadInput(
            "version 2 of another shape",
            KEY,
            as_bytes({"v": 2, "ident": 7, "customer": {"id": CUSTOMER}}),
            Reason.VERSION,
            path,
        ),
        BadInput("a version in quotes", KEY, as_bytes(good(v="1")), Reason.FIELD, path),
        BadInput("true as a version", KEY, as_bytes(good(v=True)), Reason.FIELD, path),
        BadInput("no version", KEY, as_bytes(good(v=...)), Reason.FIELD, path),
    ]


def _fields() -> list[BadInput]:
    faults: dict[str, tuple[dict[str, Any], str]] = {
        "no id": ({"id": ...}, "$.id"),
        "no source": ({"source": ...}, "$.source"),
        "no type": ({"type": ...}, "$.type"),
        "no customer": ({"customer_id": ...}, "$.customer_id"),
        "no time": ({"occurred_at": ...}, "$.occurred_at"),
        "a number as id": ({"id": 7}, "$.id"),
        "null as id": ({"id": None}, "$.id"),
        "an empty id": ({"id": ""}, "$.id"),
        "an id of 129 characters": ({"id": "x" * 129}, "$.id"),
        "a source of 65 characters": ({"source": "x" * 65}, "$.source"),
        "a list as source": ({"source": ["shop"]}, "$.source"),
        "a customer of 129 characters": ({"customer_id": "x" * 129}, "$.customer_id"),
        "an object as type": ({"type": {}}, "$.type"),
        "seconds as time": ({"occurred_at": 1_704_103_200}, "$.occurred_at"),
        "an unknown surface": ({"surface": "kiosk"}, "$.surface"),
        "an unknown quality of time": ({"time_quality": "guess"}, "$.time_quality"),
        "a text as activity": ({"activity": "false"}, "$.activity"),
        "a number as automated": ({"automated": 0}, "$.automated"),
        "a text as properties": ({"properties": "{}"}, "$.properties"),
        "65 properties": ({"properties": {str(n): n for n in range(65)}}, "$.properties"),
        "65 properties further in": ({"properties": {"a": {str(n): n for n in range(65)}}}, "$.properties"),
        "a list as ext": ({"ext": []}, "$.ext"),
    }
    huge = as_bytes(good()).replace(b"}", b', "properties": {"n": ' + b"7" * 5_000 + b"}}")
    cloud_event = as_bytes({"specversion": "1.0", "id": "1", "data": good()})
    return [
        *(
            BadInput(name, KEY, as_bytes(good(**changes)), Reason.FIELD, path)
            for name, (changes, path) in faults.items()
        ),
        BadInput("a property of 5,000 digits", KEY, huge, Reason.FIELD, "$.properties[...]"),
        BadInput("a CloudEvent that lacks attributes", KEY, cloud_event, Reason.FIELD, "$.v"),
        BadInput("null", KEY, b"null", Reason.FIELD, "$"),
        BadInput("a list of events", KEY, as_bytes([good()]), Reason.FIELD, "$"),
        BadInput("a text", KEY, as_bytes(json.dumps(good())), Reason.FIELD, "$"),
        BadInput("a number", KEY, b"42", Reason.FIELD, "$"),
        BadInput("an empty object", KEY, b"{}", Reason.FIELD, "$.v"),
        BadInput(
            "a customer that begins with NUL",
            b"\0epoch",
            as_bytes(good(customer_id="\0epoch")),
            Reason.FIELD,
            "$.customer_id",
        ),
    ]


def _parts() -> list[BadInput]:
    """Faults in what a type needs."""
    consent = {"channel": "email", "state": "out", "scope": "all", "reason": "settings"}
    plan = {"id": "p", "tier": "gold"}
    items = [{"product_id": "p", "quantity": 1, "price": 5}]
    cases: list[tuple[str, dict[str, Any], str, str]] = [
        ("an order without its order", good_order() | {"order": None}, "$.order", "web"),
        ("an order without a surface", good_order(surface=...), "$.surface", "web"),
        ("an order without a total", good_order({"total": ...}), "$.order.total", "web"),
        ("a number as total", good_order({"total": 59.9}), "$.order.total", "web"),
        ("a total with a comma", good_order({"total": "59,90"}), "$.order.total", "web"),
        ("a total with an exponent", good_order({"total": "1e3"}), "$.order.total", "web"),
        ("a total in other digits", good_order({"total": "\u0665\u0669"}), "$.order.total", "web"),
        ("a currency of a sign", good_order({"currency": "\u20ac"}), "$.order.currency", "web"),
        ("a number as price", good_order({"items": items}), "$.order.items[0].price", "web"),
        (
            "a price with a sign of currency",
            good_order({"items": [{**items[0], "price": "5"}, {**items[0], "price": "$5"}]}),
            "$.order.items[1].price",
            "web",
        ),
        (
            "a negative quantity",
            good_order({"items": [{**items[0], "price": "5", "quantity": -1}]}),
            "$.order.items[0].quantity",
            "web",
        ),
        ("a custom event without a name", good(type="custom", surface="web"), "$.name", "web"),
        ("a custom event without a surface", good(type="custom", name="quiz"), "$.surface", "web"),
        ("a message event without its message", good(type="email.sent"), "$.message", "email"),
        ("a message without an id", good(type="email.sent", message={}), "$.message.id", "email"),
        ("an installation without a platform", good(type="app.installed"), "$.platform", "app"),
        ("an unknown platform", good(type="app.installed", platform="tv"), "$.platform", "app"),
        ("a change of consent without it", good(type="consent.changed"), "$.consent", "account"),
        (
            "consent that may be",
            good(type="consent.changed", consent={**consent, "state": "maybe"}),
            "$.consent.state",
            "account",
        ),
        (
            "consent to a list that has no name",
            good(type="consent.changed", consent={**consent, "scope": "list"}),
            "$.consent.list",
            "email",
        ),
        ("a plan of gold", good(type="plan.started", plan=plan), "$.plan.tier", "account"),
        (
            "a profile that holds a list",
            good(type="customer.updated", profile={"a": []}),
            "$.profile[...]",
            "account",
        ),
        ("a profile that is missing", good(type="customer.updated"), "$.profile", "account"),
        (
            "a profile with a number of 70 bits",
            good(type="customer.updated", profile={"a": 1 << 70}),
            "$.profile[...]",
            "account",
        ),
        (
            "a guessed time without its beginning",
            good(type="app.uninstalled", time_quality="inferred"),
            "$.earliest_at",
            "app",
        ),
    ]
    return [
        BadInput(name, KEY, as_bytes(body), Reason.FIELD, path, topic) for name, body, path, topic in cases
    ]


def _types() -> list[BadInput]:
    cases = {
        "an unknown type": ("web.dreamt", "web"),
        "an empty type": ("", "web"),
        "a type in capitals": ("WEB.VISITED", "web"),
        "a visit of the website on the shop's topic": ("web.visited", "store"),
        "an erasure on the app's topic": ("customer.erased", "app"),
    }
    return [
        BadInput(name, KEY, as_bytes(good(type=type_)), Reason.TYPE, "$.type", topic)
        for name, (type_, topic) in cases.items()
    ]


def _times() -> list[BadInput]:
    texts = {
        "the year 2999": "2999-01-01T00:00:00.000Z",
        "the year 1969": "1969-12-31T23:59:59.999Z",
        "the year 0000": "0000-01-01T00:00:00.000Z",
        "a date without a time": "2024-01-01",
        "a time without a zone": "2024-01-01T10:00:00.000",
        "the 30th of February": "2024-02-30T10:00:00.000Z",
        "25 o'clock": "2024-01-01T25:00:00.000Z",
        "a week date": "2024-W01-1T10:00:00.000Z",
        "seconds in quotes": "1704103200",
        "an empty time": "",
        "yesterday": "yesterday",
        "a time in other digits": "\u0662\u0660\u0662\u0664-01-01T10:00:00.000Z",
    }
    plan = {"id": "p", "tier": "premium", "ends_at": "soon"}
    return [
        *(
            BadInput(name, KEY, as_bytes(good(occurred_at=text)), Reason.TIME, "$.occurred_at")
            for name, text in texts.items()
        ),
        BadInput(
            "a plan that ends soon",
            KEY,
            as_bytes(good(type="plan.started", plan=plan)),
            Reason.TIME,
            "$.plan.ends_at",
            "account",
        ),
        BadInput(
            "an interval that begins once",
            KEY,
            as_bytes(good(type="app.uninstalled", time_quality="inferred", earliest_at="once")),
            Reason.TIME,
            "$.earliest_at",
            "app",
        ),
    ]
