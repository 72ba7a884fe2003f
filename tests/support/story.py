# ruff: noqa: ANN401 - fields of an event and of a policy are whatever the wire allows
"""What happened to customers, told as events and ticks, and what the core says about it.

A story is played through ``streams.offline``: events as bytes on their topics, cuts at ticks. What was sent
before a tick happened before it (wire.md), so an event of exactly a tick's moment comes after the tick.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from streams.offline import Offline
from streams.policy.builtin import DEFAULT
from streams.policy.model import Policy
from streams.policy.parse import changed, document, version
from streams.timeline import Effect
from streams.topics import catalogue
from streams.wire.control import Offer, OffersFact, PolicyFact
from streams.wire.event import SHORT_TOPICS, TYPES_BY_TOPIC
from streams.wire.times import DAY, HOUR, format_time, parse_time

P0 = {"m0": 2.5, "kappa0": 1.5, "a0": 3.0, "b0": 1.2, "a": 1.0, "b": 4.0}
"""The test prior of mission.md 9."""

T = parse_time("2025-03-01T12:00:00.000Z")
"""The moment around which most stories turn."""

TEST_POLICY = {
    "detect": {"forgetting": 1.0},
    "holdout": {"share": 0.0},
    "prior": dict.fromkeys(("purchase", "app", "web", "store", "brand"), P0),
}
"""The conventions of mission.md 9: prior P0 on every stream, no forgetting, no holdout."""


def policy(**changes: Any) -> Policy:
    """The default policy under the conventions, with changes."""
    return changed(DEFAULT, _merged(TEST_POLICY, changes))


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        own = merged.get(name)
        merged[name] = _merged(own, value) if isinstance(own, dict) and isinstance(value, dict) else value
    return merged


def policy_fact(policy_: Policy) -> PolicyFact:
    return PolicyFact(version=version(policy_), document=document(policy_))


def offers_fact(*offers: Offer) -> OffersFact:
    return OffersFact(version="o1", offers=list(offers))


@dataclass(frozen=True)
class Happening:
    """An event: when it reaches Kafka (ms), on which topic, and its body."""

    arrives: int
    topic: str
    body: dict[str, Any]

    @property
    def occurred(self) -> int:
        return parse_time(self.body["occurred_at"])

    @property
    def key(self) -> bytes:
        return str(self.body["customer_id"]).encode()

    @property
    def value(self) -> bytes:
        return json.dumps(self.body).encode()


_TOPIC = {type_: topic for topic in SHORT_TOPICS for type_ in TYPES_BY_TOPIC[topic]}


def event(
    at: int,
    type_: str,
    *,
    who: str = "c1",
    arrives: int | None = None,
    topic: str | None = None,
    id_: str | None = None,
    **fields: Any,
) -> Happening:
    """An event of a customer at ``at`` (ms); a late one ``arrives`` afterwards."""
    where = "account" if type_ == "consent.changed" else _TOPIC[type_]
    if fields.get("surface") and type_ in ("order.completed", "custom"):
        where = fields["surface"]
    body = {"v": 1, "id": id_ or f"{who}:{type_}:{at}", "source": "test", "type": type_, "customer_id": who}
    body |= {"occurred_at": format_time(at), **fields}
    return Happening(at if arrives is None else arrives, topic or where, body)


def buy(at: int, surface: str = "web", category: str | None = None, **more: Any) -> Happening:
    order: dict[str, Any] = {"id": f"o{at}", "total": "9.90", "currency": "EUR"}
    if category:
        order["items"] = [{"product_id": "p", "category": category, "quantity": 1, "price": "9.90"}]
    return event(at, "order.completed", surface=surface, order=order, **more)


def consent(at: int, channel: str, state: str, **more: Any) -> Happening:
    """A change of consent; fields of ``consent`` and of the event may both be given."""
    inner = {name: more.pop(name) for name in ("reason", "scope", "list", "axis") if name in more}
    said_: dict[str, Any] = {"channel": channel, "state": state, "scope": "all", "reason": "asked"} | inner
    name = f"{more.get('who', 'c1')}:{channel}:{state}:{sorted(inner.items())}:{at}"
    return event(at, "consent.changed", consent=said_, **{"id_": name, **more})


def message(at: int, type_: str, command_id: str | None = None, **more: Any) -> Happening:
    ref = {"id": f"m{at}"} | ({"command_id": command_id} if command_id else {})
    return event(at, type_, message=ref, **more)


def every(gap: int, count: int, last: int, type_: str, **more: Any) -> list[Happening]:
    """``count`` events of a type, ``gap`` apart (ms), up to ``last``."""
    return [event(last - i * gap, type_, **more) for i in reversed(range(count))]


def weekly_buyer(last: int = T) -> list[Happening]:
    """The buyer of D4: eleven purchases, every 7 d."""
    return [buy(last - i * 7 * DAY) for i in reversed(range(11))]


def said(effect: Effect) -> dict[str, Any]:
    """The value of an effect, with its topic's short name under ``_``."""
    return {"_": effect.topic.split(".", 1)[1].rsplit(".", 1)[0], **json.loads(effect.value)}


class Story:
    """An Offline under the conventions, and all that it said so far."""

    def __init__(self, policy_: Policy | None = None, partitions: int = 1) -> None:
        self.offline = Offline(catalogue(partitions=partitions))
        self.offline.learn(policy_fact(policy_ or policy()))
        self.effects: list[Effect] = []
        self.at = 0

    def play(self, happenings: Iterable[Happening], ticks: Iterable[int]) -> "Story":
        """Send what arrives before each tick, and tick."""
        waiting = sorted(happenings, key=lambda h: h.arrives)
        sent = 0
        for at in ticks:
            while sent < len(waiting) and waiting[sent].arrives < at:
                self.send(waiting[sent])
                sent += 1
            self.effects += self.offline.tick(at)
            self.at = at
        assert sent == len(waiting), "a story ended before all had happened"
        assert not self.offline.rejects, self.offline.rejects
        return self

    def send(self, happening: Happening) -> None:
        self.offline.send(happening.topic, happening.key, happening.value)

    @property
    def all(self) -> list[dict[str, Any]]:
        return [said(effect) for effect in self.effects]

    def signals(self, kind: str | None = None, action: str | None = None) -> list[dict[str, Any]]:
        return [
            s
            for s in self.all
            if s["_"] == "signals" and kind in (None, s["kind"]) and action in (None, s["action"])
        ]

    def commands(self, action: str | None = None, play: str | None = None) -> list[dict[str, Any]]:
        return [
            c
            for c in self.all
            if c["_"] != "signals" and action in (None, c["action"]) and play in (None, c["play"])
        ]


def hourly(start: int, until: int, step: int = HOUR) -> list[int]:
    """Ticks each ``step`` (ms) after ``start``, the last just after ``until``."""
    return list(range(start + step, until + step + 1, step))


def tell(
    happenings: Sequence[Happening],
    until: int,
    policy_: Policy | None = None,
    step: int = HOUR,
    extra: Sequence[int] = (),
) -> Story:
    """Play a whole story with a tick every ``step`` (ms) from its first event to ``until``."""
    first = min(h.arrives for h in happenings)
    return Story(policy_).play(happenings, sorted({*hourly(first, until, step), *extra}))
