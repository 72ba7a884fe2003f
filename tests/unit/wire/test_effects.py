"""Signals and commands: bytes in the order of the wire, and back."""

import msgspec
import pytest

from streams.wire.command import (
    Command,
    ConsentAt,
    Message,
    PromisedOffer,
    decode_command,
    encode_command,
)
from streams.wire.headers import effect_headers
from streams.wire.reject import Reason, Rejection
from streams.wire.signal import decode_signal, encode_signal
from tests.support.effects import NOW, command, signal

TEXT = "2026-11-21T10:00:00.000Z"


def test_a_signal_has_the_order_of_the_wire() -> None:
    evidence = {"surface": {"occasions": 14, "silent": "24.1d"}}
    assert encode_signal(signal(evidence=evidence)) == (
        b'{"v":1,"id":"s","seq":7,"action":"opened","kind":"purchase_stopped","channel":null,'
        b'"customer_id":"c-42","episode":"e","started_at":"2026-10-28T10:00:00.000Z",'
        b'"at":"2026-11-21T10:00:00.000Z","stage":"cooling","historical":false,'
        b'"evidence":{"surface":{"occasions":14,"silent":"24.1d"}},"arm":"treat","cohort":null,"policy":"p"}'
    )


def test_a_closed_signal_has_a_reason_and_web_push_a_surface() -> None:
    value = encode_signal(signal(action="closed", reason="returned", channel="push", surface="web"))
    names = list(msgspec.json.decode(value))
    assert names[3:8] == ["action", "reason", "kind", "channel", "surface"]


def test_a_command_has_the_order_of_the_wire() -> None:
    known = {"last_category": "coffee"}
    message = Message(template="hello", list="promotions", variables=known, offer=None, personalised=True)
    assert encode_command(command(message=message)) == (
        b'{"v":1,"id":"k","seq":8,"action":"send","channel":"email","customer_id":"c-42","signal":"s",'
        b'"episode":"e","play":"win_back","step":1,"message":{"template":"hello","list":"promotions",'
        b'"variables":{"last_category":"coffee"},"offer":null,"personalised":true},'
        b'"not_before":"2026-11-21T10:00:00.000Z","expires_at":"2026-11-23T10:00:00.000Z",'
        b'"at":"2026-11-21T10:00:00.000Z","consent":{"state":"in","since":"2026-08-13T10:00:00.000Z"},"policy":"p"}'
    )


def test_a_cancel_names_what_it_cancels_and_leaves_out_what_it_has_not() -> None:
    cancel = command(
        action="cancel", message=None, not_before=None, expires_at=None, consent=None, cancels="c0"
    )
    names = list(msgspec.json.decode(encode_command(cancel)))
    expected = "v id seq action channel customer_id signal episode play step cancels at policy"
    assert names == expected.split()


def test_a_hold_of_pressure_has_no_cause_and_says_that_it_does_not_end() -> None:
    hold = Command(
        id="h",
        seq=1,
        action="hold",
        channel="push",
        surface="web",
        customer_id="c-42",
        signal=None,
        episode=None,
        play=None,
        step=None,
        at=NOW,
        policy="p",
    )
    assert encode_command(hold) == (
        b'{"v":1,"id":"h","seq":1,"action":"hold","channel":"push","surface":"web","customer_id":"c-42",'
        b'"signal":null,"episode":null,"play":null,"step":null,"until":null,'
        b'"at":"2026-11-21T10:00:00.000Z","policy":"p"}'
    )
    assert decode_command(encode_command(hold)) == hold


def test_offers_are_written_as_a_list() -> None:
    offer = PromisedOffer(id="beans", kind="sale", variables={"off": "10%"})
    message = Message(template="t", list="sale", variables={}, offer=[offer], personalised=False)
    value = encode_command(command(message=message))
    assert b'"offer":[{"id":"beans","kind":"sale","variables":{"off":"10%"}}]' in value
    assert decode_command(value) == command(message=message)


@pytest.mark.parametrize("changes", [{}, {"action": "closed", "reason": "returned"}, {"cohort": 3}])
def test_a_signal_is_read_back(changes: dict[str, object]) -> None:
    assert decode_signal(encode_signal(signal(**changes))) == signal(**changes)


@pytest.mark.parametrize(
    "changes",
    [{}, {"consent": None}, {"consent": ConsentAt("unknown", None)}, {"action": "hold", "until": NOW}],
)
def test_a_command_is_read_back(changes: dict[str, object]) -> None:
    assert decode_command(encode_command(command(**changes))) == command(**changes)


def test_a_bad_effect_is_a_rejection() -> None:
    value = encode_command(command())
    assert decode_command(value.replace(TEXT.encode(), b"noon")) == Rejection(Reason.TIME, "$.not_before")
    since = value.replace(b'"since":"2026', b'"since":"x026')
    assert decode_command(since) == Rejection(Reason.TIME, "$.consent.since")
    assert decode_command(None) == Rejection(Reason.EMPTY)
    assert decode_signal(b"{}") == Rejection(Reason.FIELD, "$.id")
    assert decode_signal(encode_signal(signal(v=2))) == Rejection(Reason.VERSION, "$.v")


def test_the_headers_are_cloud_events_and_name_the_subject_only() -> None:
    headers = effect_headers("signal.opened", "s", NOW, "c-42", "shop", b"00-1-2-01")
    assert headers == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"s"),
        ("ce_source", b"/shop/detect"),
        ("ce_type", b"com.holdfast.signal.opened.v1"),
        ("ce_time", TEXT.encode()),
        ("ce_subject", b"c-42"),
        ("content-type", b"application/json"),
        ("traceparent", b"00-1-2-01"),
    ]


def test_without_a_trace_there_is_no_trace_header() -> None:
    names = [name for name, _ in effect_headers("command.send", "c", NOW, "c-42", "shop")]
    assert "traceparent" not in names
