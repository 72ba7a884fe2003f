"""What happens in a scenario: the lines of `events`, and the shorthands for consent, profile and plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streams.wire.event import TYPES, TYPES_BY_TOPIC, Event

from .given import Given, unknown
from .moments import duration, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELDS: Final = tuple(field.encode_name for field in msgspec.structs.fields(Event))
_OWN: Final = ("at", "customer", "repeat", "late", "twice")
_MOMENTS: Final = ("occurred_at", "earliest_at")


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line: an event, or several a fixed time apart.

    Attributes:
        line: of the file.
        number: of the line among the scenario's, which makes the ids.
        at: when the first occurred (ms).
        customer: whose event it is.
        type: of the wire.
        fields: the wire's other fields, as written; moments are in ms.
        every: time between the copies (ms).
        times: how many there are.
        late: how much later than it occurred each arrives (ms).
        twice: how long after its arrival it is sent again (ms), None for once.
        named: whether the file names `at`, and does not only imply it.
    """

    line: int
    number: str
    at: int
    customer: str
    type: str
    fields: dict[str, Any]
    every: int = 0
    times: int = 1
    late: int = 0
    twice: int | None = None
    named: bool = True


def lines(given: Given | None, start: int, until: int) -> Iterator[EventLine]:
    """The lines of `events`."""
    for number, entry in enumerate(given.entries("events") if given else [], 1):
        yield _line(entry, number, start, until)


def _line(entry: Given, number: int, start: int, until: int) -> EventLine:
    table = entry.named("an event", (*_OWN, *_FIELDS))
    for needed in ("at", "type"):
        if needed not in table:
            entry.fail(f"an event needs `{needed}`")
    who = table.get("customer") or table.get("customer_id")
    if who is None:
        entry.fail("an event needs `customer`")
    type_ = table["type"].text("type")
    if type_ not in TYPES:
        table["type"].fail(unknown("a type of event", type_, TYPES))
    at = moment(table["at"], start)
    if at > until:
        table["at"].fail("this would happen after `until`")
    every, times = _repeat(table.get("repeat"))
    return EventLine(
        line=entry.line,
        number=str(number),
        at=at,
        customer=who.text("customer"),
        type=type_,
        fields=_fields(table, start),
        every=every,
        times=times,
        late=duration(table["late"], "late") if "late" in table else 0,
        twice=duration(table["twice"], "twice") if "twice" in table else None,
    )


def _repeat(given: Given | None) -> tuple[int, int]:
    if given is None:
        return 0, 1
    table = given.named("repeat", ("every", "times"))
    if len(table) != len(("every", "times")):
        given.fail("repeat needs every and times: {every: 7d, times: 10}")
    return duration(table["every"], "every"), table["times"].count("times")


def _fields(table: dict[str, Given], start: int) -> dict[str, Any]:
    fields = {
        name: given.plain
        for name, given in table.items()
        if name not in _OWN and name not in ("type", "customer_id")
    }
    for name in _MOMENTS:
        if name in table:
            fields[name] = moment(table[name], start, name)
    if isinstance(fields.get("plan"), dict) and "ends_at" in fields["plan"]:
        ends_at = table["plan"].table("plan")["ends_at"]
        fields["plan"] = {**fields["plan"], "ends_at": moment(ends_at, start, "ends_at")}
    return fields


def shorthands(table: dict[str, Given], start: int) -> Iterator[EventLine]:
    """The events of `consent`, `profile` and `plan`, all at the start."""
    for customer, given in _by_customer(table, "consent"):
        for channel, said in given.table(f"consent of {customer}").items():
            yield _consent(customer, channel, said, start)
    for customer, given in _by_customer(table, "profile"):
        profile = {name: value.plain for name, value in given.table(f"profile of {customer}").items()}
        yield _implied(
            given, f"{customer}-profile", start, customer, "customer.updated", {"profile": profile}
        )
    for customer, given in _by_customer(table, "plan"):
        plan = {"tier": given.plain} if isinstance(given.plain, str) else given.plain
        yield _implied(given, f"{customer}-plan", start, customer, "plan.started", {"plan": plan})


def _by_customer(table: dict[str, Given], name: str) -> Iterator[tuple[str, Given]]:
    if name in table:
        yield from table[name].table(name).items()


def _consent(customer: str, channel: str, said: Given, start: int) -> EventLine:
    name, _, surface = channel.partition(":")
    body = {"state": said.plain} if isinstance(said.plain, str) else said.plain
    if not isinstance(body, dict) or body.get("state") not in ("in", "out"):
        said.fail(f"consent to {channel} must be `in` or `out`")
    fields: dict[str, Any] = {"consent": {"channel": name, "reason": "asked", **body}}
    if surface:
        fields["surface"] = surface
    return _implied(said, f"{customer}-consent-{channel}", start, customer, "consent.changed", fields)


def _implied(
    given: Given, number: str, start: int, customer: str, type_: str, fields: dict[str, Any]
) -> EventLine:
    return EventLine(given.line, number, start, customer, type_, fields, named=False)


def topic_of(type_: str, surface: object) -> str:
    """The topic (its short name) of a type; where there are several, the surface says which."""
    topics = [topic for topic, types in TYPES_BY_TOPIC.items() if type_ in types]
    if type_ == "consent.changed":
        return "account"
    if isinstance(surface, str) and surface in topics:
        return surface
    return "web" if "web" in topics else topics[0]
