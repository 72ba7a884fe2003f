"""Control, version 1: what decides, in which order, at which time, under which rules (wire.md, Control).

The wire's ``from`` is ``from_`` here, a word of the language. Times are milliseconds.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from .bounds import check_text, out_of_bounds
from .event import SHORT_TOPICS, TextTime, Word
from .faults import fault_of
from .form import Form
from .reject import Reason, Rejection

Offset = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]


class Cut(Struct, kw_only=True, rename={"from_": "from"}):
    """Apply the inputs from `from_` up to `ends` (offsets by full topic name); it is now `at`.

    `after_loss`: what lay between the cut before and this one is lost, and a person has accepted that. Such
    a cut applies nothing; the chain begins anew with it: its `n` may leave numbers out, and its `from_` need
    not be the ends before.
    """

    v: int = 1
    kind: Literal["cut"] = "cut"
    epoch: int
    n: int
    at: TextTime
    from_: dict[str, Offset]
    ends: dict[str, Offset]
    tick: Offset | None = None
    after_loss: Literal[True] | None = None


class Tick(Struct, kw_only=True):
    """Everything sent before this happened before `at`."""

    v: int = 1
    kind: Literal["tick"] = "tick"
    at: TextTime


class PolicyFact(Struct, kw_only=True):
    """The policy that holds from here on; `version` is the hash of the canonical JSON of `document`."""

    v: int = 1
    kind: Literal["policy"] = "policy"
    version: Word
    document: dict[str, Any]


class Offer(Struct, kw_only=True, rename={"from_": "from"}):
    """What a promotion may name, from `from_` (for ``new``: when it appeared) until `until`."""

    id: Annotated[str, Meta(min_length=1, max_length=128)]
    kind: Literal["new", "sale", "incentive", "app"]
    categories: list[str] = []
    from_: TextTime
    until: TextTime | None = None
    variables: dict[str, Any] = {}


class OffersFact(Struct, kw_only=True):
    """The offers that hold from here on."""

    v: int = 1
    kind: Literal["offers"] = "offers"
    version: Word
    offers: list[Offer]


class Known(Struct, kw_only=True):
    """What is known of the customers of one stream, all or those of a cohort (model.md 3, 4 and (12)).

    Attributes:
        m0: centre of the log gap (log days).
        kappa0: its weight, in gaps.
        a0: shape of the spread.
        b0: its scale.
        a: dropout after an occasion is Beta(a, b).
        b: likewise.
        customers: how many with two gaps or more it was learnt from.
        c: the precision that `steered` asks for now.
        correction: what `yearly` and `quantile` multiply their share of gaps with, by experience
            (``streams.population.experience``); empty while nothing is to be corrected.
    """

    m0: float
    kappa0: Positive
    a0: Positive
    b0: Positive
    a: Positive
    b: Positive
    customers: Offset
    c: Annotated[float, Meta(gt=0, lt=1)] = 0.7
    correction: list[Positive] = []


class PopulationFact(Struct, kw_only=True):
    """What all customers together say about one: priors, and how they respond.

    `priors` are by stream and cohort; the cohort `""` is everybody. A stream that is not there is not
    known yet. `at` is up to when it was learnt, in the partitions' time.
    """

    v: int = 1
    kind: Literal["population"] = "population"
    version: Offset
    priors: dict[str, dict[str, Known]]
    responses: dict[str, Any]
    at: TextTime | None = None


class SourceFact(Struct, kw_only=True):
    """The health of one input since a moment; `source` is an event topic's short name.

    `by` tells what the population role went by: the ``volume``, or the ``age`` of an outage that has lasted
    so long that it is the new usual. A word without it is a person's.
    """

    v: int = 1
    kind: Literal["source"] = "source"
    source: Literal["app", "web", "store", "email", "push", "account"]
    state: Literal["quiet", "burst", "healthy"]
    since: TextTime
    by: Literal["volume", "age"] | None = None


Fact = PolicyFact | OffersFact | PopulationFact | SourceFact
"""What holds for everybody from its place on control on."""

ControlRecord = Cut | Tick | Fact

_OFFER: Final = Form(Offer, times=("from_", "until"))
FORMS: Final[dict[str, Form[Any]]] = {
    "cut": Form(Cut, times=("at",), omitted=("after_loss",)),
    "tick": Form(Tick, times=("at",)),
    "policy": Form(PolicyFact),
    "offers": Form(OffersFact),
    "population": Form(PopulationFact, times=("at",), omitted=("at",)),
    "source": Form(SourceFact, times=("since",), omitted=("by",)),
}

_header: Final = msgspec.json.Decoder(dict[str, Any])

assert set(SHORT_TOPICS) == {"app", "web", "store", "email", "push", "account"}  # what SourceFact names


def decode_control(value: bytes | None) -> ControlRecord | Rejection:
    """Read a record of the control topic; whatever the bytes are, nothing is raised."""
    if not value:
        return Rejection(Reason.EMPTY)
    fault = out_of_bounds(value)
    if fault is not None:
        return fault
    try:
        check_text(value)
        header = _header.decode(value)
    except Exception as error:  # noqa: BLE001 - whatever a decoder makes of hostile bytes is the record's fault
        return fault_of(value, error)
    kind = header.get("kind")
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        return Rejection(Reason.TYPE, "$.kind")
    if "v" not in header:
        return Rejection(Reason.FIELD, "$.v")
    record = form.decode(value)
    return _settle_offers(record) if isinstance(record, OffersFact) else record


def _settle_offers(fact: OffersFact) -> OffersFact | Rejection:
    for place, offer in enumerate(fact.offers):
        settled = _OFFER.settle(offer)
        if isinstance(settled, Rejection):
            return Rejection(settled.reason, settled.path.replace("$", f"$.offers[{place}]", 1))
    return fact


def encode(record: ControlRecord) -> bytes:
    """Write a control record: the same record gives the same bytes."""
    form = FORMS[record.kind]
    if not isinstance(record, OffersFact):
        return form.encode(record)
    body = form.body(record)
    body["offers"] = [_OFFER.body(offer) for offer in record.offers]
    return msgspec.json.encode(body)
