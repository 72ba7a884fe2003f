"""The answer to "why": what is known of one customer now, and what each row of the guide makes of it.

It is asked of the worker that owns the customer (``/why/<customer>`` of its admin server). Moments are texts
here: nobody reckons with an answer.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

VERDICTS: Final = ("idle", "watching", "held", "open", "explained", "refused", "later", "done")

Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Surface(Struct, kw_only=True):
    """The rhythm of one stream: as the evidence of a silence, up to now, and when it comes due."""

    last_at: Moment
    occasions: int
    typical_gap: str
    silent: str
    threshold: str
    threshold_from: str
    rule: str
    due_at: Moment | None


class Channel(Struct, kw_only=True, omit_defaults=True):
    """One way to the customer. ``reacted`` is there where messages can be ignored: how many were answered.

    ``consent`` is ``in``, ``out`` or ``unknown``, with its reason where it is out; ``reach`` is what it would
    say to a promotion now: ``yes``, ``later`` (``when``) or ``no``, and ``why``.
    """

    consent: Literal["in", "out", "unknown"]
    since: Moment | None
    delivered: int
    reacted: int | None = None
    consent_reason: str | None = None
    lists_off: tuple[str, ...] = ()
    reach: Literal["yes", "later", "no"] | None = None
    why: str | None = None
    when: Moment | None = None


class Row(Struct, kw_only=True, omit_defaults=True):
    """What a row of the guide makes of the customer.

    ``kind``, ``channel`` and ``surface`` are of the signal that it would open, ``play`` and ``step`` of the
    play that answers. ``due_at`` is when time alone changes the verdict; ``evidence`` is what a signal
    would carry now.
    """

    row: str
    verdict: str
    reasons: tuple[str, ...]
    since: Moment | None = None
    due_at: Moment | None = None
    kind: str | None = None
    channel: str | None = None
    surface: str | None = None
    play: str | None = None
    step: int | None = None
    evidence: dict[str, Any] = {}


class Why(Struct, kw_only=True):
    """The answer, as of ``at``. ``first_seen`` is null for a customer of whom nothing is known."""

    customer_id: str
    at: Moment
    first_seen: Moment | None
    stage: str
    policy: str
    surfaces: dict[str, Surface]
    channels: dict[str, Channel]
    rows: list[Row]


_decoder: Final = msgspec.json.Decoder(Why)


def encode_why(answer: Why) -> bytes:
    """Write an answer."""
    return msgspec.json.encode(answer)


def decode_why(value: bytes) -> Why:
    """Read an answer.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(value)
