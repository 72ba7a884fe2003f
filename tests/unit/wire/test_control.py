"""Control records, read and written."""

from typing import Any

import msgspec
import pytest

from streams.wire.control import (
    ControlRecord,
    Cut,
    Known,
    Offer,
    OffersFact,
    PolicyFact,
    PopulationFact,
    SourceFact,
    Tick,
    decode_control,
    encode,
)
from streams.wire.reject import Reason, Rejection
from tests.support.bad_input import ARRIVAL

TEXT = "2026-11-21T10:00:00.000Z"
CUT = Cut(epoch=812, n=4711, at=ARRIVAL, from_={"a": 1}, ends={"a": 3}, tick=None)
OFFER = Offer(
    id="beans", kind="sale", categories=["coffee"], from_=ARRIVAL, until=None, variables={"off": "10%"}
)
KNOWN = Known(m0=2.5, kappa0=1.5, a0=3.0, b0=1.2, a=1.0, b=4.0, customers=30, correction=[1.0, 0.5])
RECORDS: list[ControlRecord] = [
    CUT,
    Cut(epoch=1, n=1, at=0, from_={}, ends={}, tick=9),
    Tick(at=ARRIVAL),
    PolicyFact(version="abc", document={"lapse": {"grace": "1h"}}),
    OffersFact(version="abc", offers=[OFFER, Offer(id="new", kind="new", from_=0, until=ARRIVAL)]),
    OffersFact(version="none", offers=[]),
    PopulationFact(version=3, priors={"web": {"": KNOWN}}, responses={}),
    SourceFact(source="web", state="quiet", since=ARRIVAL),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind)
def test_what_is_written_is_read_back(record: ControlRecord) -> None:
    assert decode_control(encode(record)) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind)
def test_the_same_record_gives_the_same_bytes(record: ControlRecord) -> None:
    again = decode_control(encode(record))
    assert not isinstance(again, Rejection)
    assert encode(again) == encode(record)


def test_a_cut_is_written_as_the_wire_has_it() -> None:
    assert encode(CUT) == (
        b'{"v":1,"kind":"cut","epoch":812,"n":4711,"at":"2026-11-21T10:00:00.000Z",'
        b'"from":{"a":1},"ends":{"a":3},"tick":null}'
    )


def body(record: ControlRecord, **changes: object) -> bytes:
    fields: dict[str, Any] = {**msgspec.json.decode(encode(record)), **changes}
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not ...})


@pytest.mark.parametrize(
    ("value", "reason", "path"),
    [
        (None, Reason.EMPTY, ""),
        (b"", Reason.EMPTY, ""),
        (b"{", Reason.JSON, ""),
        (b"\xff", Reason.JSON, ""),
        (b'{"kind": "tick", "x": "\xff"}', Reason.JSON, ""),
        (b"[" * 300_000, Reason.SIZE, ""),
        (b"[" * 40, Reason.DEPTH, ""),
        (b"[]", Reason.FIELD, "$"),
        (b"{}", Reason.TYPE, "$.kind"),
        (body(CUT, kind="snip"), Reason.TYPE, "$.kind"),
        (body(CUT, kind=7), Reason.TYPE, "$.kind"),
        (body(CUT, v=2), Reason.VERSION, "$.v"),
        (body(CUT, v=...), Reason.FIELD, "$.v"),
        (body(CUT, v=2, at=...), Reason.VERSION, "$.v"),
        (body(CUT, n="4711"), Reason.FIELD, "$.n"),
        (body(CUT, at=...), Reason.FIELD, "$.at"),
        (body(CUT, at="noon"), Reason.TIME, "$.at"),
        (body(CUT, ends={"a": -1}), Reason.FIELD, "$.ends[...]"),
        (body(CUT, **{"from": ...}), Reason.FIELD, "$.from"),
        (body(Tick(at=0), at="noon"), Reason.TIME, "$.at"),
        (
            body(RECORDS[4], offers=[{"id": "x", "kind": "sale", "from": "noon"}]),
            Reason.TIME,
            "$.offers[0].from",
        ),
        (
            body(RECORDS[4], offers=[{"id": "x", "kind": "gift", "from": TEXT}]),
            Reason.FIELD,
            "$.offers[0].kind",
        ),
        (body(RECORDS[7], state="ill"), Reason.FIELD, "$.state"),
        (body(RECORDS[7], source="sms"), Reason.FIELD, "$.source"),
    ],
)
def test_a_bad_control_record_is_refused(value: bytes | None, reason: Reason, path: str) -> None:
    assert decode_control(value) == Rejection(reason, path)


def test_what_an_offer_leaves_out_is_empty() -> None:
    fact = decode_control(body(RECORDS[5], offers=[{"id": "x", "kind": "app", "from": TEXT}]))
    assert isinstance(fact, OffersFact)
    assert fact.offers == [Offer(id="x", kind="app", categories=[], from_=ARRIVAL, until=None, variables={})]
