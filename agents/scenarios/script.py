"""From scenarios to what is sent, and when the time is told. Pure: what comes back is handed in.

Several scenarios with the same policy and the same facts can be played as one, on one set of topics, as long
as no customer is in two of them; ``stages`` finds out which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streams.policy.parse import version
from streams.wire.codec import decode
from streams.wire.control import SourceFact
from streams.wire.reject import Rejection
from streams.wire.times import format_time

from .crowd import happenings
from .events import topic_of
from .facts import Told, fact_of, key_of
from .given import ScenarioError, Slip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .crowd import Happening
    from .events import EventLine
    from .form import Scenario

SOURCE: Final = "scenario"
_EVER: Final = 1 << 52
"""An arrival after any event: when a record is only read to see whether it can be."""


class Sending(NamedTuple):
    """A record of an input: when it arrives (ms), its topic's short name, key and value."""

    at: int
    topic: str
    customer: str
    value: bytes


def encode_event(event: dict[str, Any]) -> bytes:
    """An event as its producer writes it."""
    return msgspec.json.encode(event)


def sendings(scenario: Scenario) -> list[Sending]:
    """Everything that is sent in a scenario, in the order of arrival.

    Raises:
        ScenarioError: an event does not fit the wire.
    """
    sent = [sending for line in scenario.events for sending in _copies(line, scenario)]
    if scenario.crowd is not None:
        sent += [_of_crowd(each) for each in happenings(scenario.crowd, scenario.start, scenario.until)]
    return sorted(sent, key=lambda sending: sending.at)


def _copies(line: EventLine, scenario: Scenario) -> Iterator[Sending]:
    for copy in range(line.times):
        shift = copy * line.every
        event = _event(line, copy, shift)
        topic = topic_of(line.type, line.fields.get("surface"))
        occurred, arrival = line.at + shift, line.at + shift + line.late
        if any(o.source == topic and o.since <= occurred and arrival < o.until for o in scenario.outages):
            continue
        value = encode_event(event)
        read = decode(line.customer.encode(), value, topic, _EVER)
        if isinstance(read, Rejection):
            message = f"this {line.type} does not fit the wire: {read.reason} at {read.path}"
            raise ScenarioError([Slip(line.line, message)])
        for at in (arrival,) if line.twice is None else (arrival, arrival + line.twice):
            if at <= scenario.until:
                yield Sending(at, topic, line.customer, value)


def _of_crowd(each: Happening) -> Sending:
    """What one of the crowd does, as its producer sends it."""
    event = {
        "v": 1,
        "id": f"{each.customer}-{each.type}-{each.at}",
        "source": SOURCE,
        "type": each.type,
        "customer_id": each.customer,
        "occurred_at": format_time(each.at),
    }
    return Sending(each.at, topic_of(each.type, "web"), each.customer, encode_event(_filled(event)))


def _event(line: EventLine, copy: int, shift: int) -> dict[str, Any]:
    """One copy of an event, with what it needs and the line leaves out."""
    number = f"{line.number}.{copy + 1}" if line.times > 1 else line.number
    fields = dict(line.fields)
    given_id = fields.pop("id", None)
    occurred_at = fields.pop("occurred_at", line.at)
    event: dict[str, Any] = {
        "v": fields.pop("v", 1),
        "id": f"{line.customer}-{number}"
        if given_id is None
        else f"{given_id}-{copy + 1}"
        if copy
        else given_id,
        "source": fields.pop("source", SOURCE),
        "type": line.type,
        "customer_id": line.customer,
        "occurred_at": format_time(occurred_at + shift),
        **fields,
    }
    if "earliest_at" in event:
        event["earliest_at"] = format_time(event["earliest_at"] + shift)
    return _filled(event)


def _filled(event: dict[str, Any]) -> dict[str, Any]:
    """An event with the parts that its type needs."""
    family, _, what = event["type"].partition(".")
    if family == "order":
        event.setdefault("surface", "web")
        event["order"] = {
            "id": event["id"],
            "total": "10.00",
            "currency": "EUR",
            **(event.get("order") or {}),
        }
    elif event["type"] == "custom":
        event.setdefault("surface", "web")
        event.setdefault("name", "custom")
    elif family == "consent":
        event["consent"] = {"scope": "all", "reason": "settings", **(event.get("consent") or {})}
    elif family == "plan":
        plan = {"id": "plan", "tier": "premium", **(event.get("plan") or {})}
        if isinstance(plan.get("ends_at"), int):
            plan["ends_at"] = format_time(plan["ends_at"])
        event["plan"] = plan
    elif family in ("email", "push", "in_app") and not what.startswith(("token", "prompted")):
        event["message"] = {"id": event["id"], **(event.get("message") or {})}
    return event


def tellings(scenario: Scenario) -> list[Told]:
    """The facts of a scenario in the order of time: the policy, what it tells, and its outages."""
    first = Told(scenario.start, fact_of(scenario.policy), scenario.policy)
    window = scenario.policy.outage.window
    told = list(scenario.told)
    for o in scenario.outages:
        # Known only after the fact: so long it takes to tell an outage from a quiet hour.
        known = min(o.since + window, o.until)
        told.append(Told(known, SourceFact(source=o.source, state="quiet", since=o.since)))  # type: ignore[arg-type] # a topic's short name, checked when it was read
        told.append(Told(o.until, SourceFact(source=o.source, state="healthy", since=o.until)))  # type: ignore[arg-type] # as above
    return [first, *sorted(told, key=lambda each: each.at)]


def ticks(scenario: Scenario) -> set[int]:
    """The moments (ms) at which the time is told."""
    regular = set(range(scenario.start, scenario.until, scenario.every)) | {scenario.until}
    named = (at + grace for at in scenario.named for grace in scenario.graces if at <= scenario.until)
    return regular | {at for at in named if at >= scenario.start}


def questions(scenario: Scenario, tick: int) -> list[str]:
    """Who is asked about after a tick (ms): once the longest grace after the moment of a question is over."""
    grace = max(scenario.graces)
    return list(dict.fromkeys(each.customer for each in scenario.asked if each.at + grace == tick))


def last_tick(scenario: Scenario) -> int:
    """The tick (ms) after which a scenario is over."""
    return max(ticks(scenario))


def stages(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """The scenarios in groups that can be played as one."""
    found: list[tuple[object, list[Scenario]]] = []
    for scenario in scenarios:
        if scenario.crowd is not None:  # what is known of everybody depends on who is there
            found.append((None, [scenario]))
            continue
        key = (version(scenario.policy), tuple(map(key_of, tellings(scenario)[1:])))
        for other, members in found:
            if other == key and not any(member.customers & scenario.customers for member in members):
                members.append(scenario)
                break
        else:
            found.append((key, [scenario]))
    return [members for _, members in found]
