"""Turns rows of foreign files into events of the wire: which column is what, which type means what.

A type in a file is one of three things: a name of the wire (`web.visited`), one of the everyday names below,
or a name of the file's own that the user maps to either (`PURCH=order.completed@store`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any, NamedTuple

from streams.wire.event import TYPES_BY_TOPIC
from streams.wire.times import format_time

from .source import Line, parse_moment

COLUMNS = ("customer_id", "occurred_at", "type", "amount")
SURFACES = ("app", "web", "store")
WIRE_TYPES = frozenset(name for names in TYPES_BY_TOPIC.values() for name in names)
ON_A_SURFACE = ("order.completed", "order.refunded", "custom")

VISITS = {"app": "app.opened", "web": "web.visited", "store": "store.visited"}

CONSENTS = {
    "email.subscribed": ("email", "in", "asked"),
    "email.unsubscribed": ("email", "out", "unsubscribe"),
    "push.subscribed": ("push", "in", "asked"),
    "push.unsubscribed": ("push", "out", "settings"),
}
"""Everyday names of consent changes: channel, state, reason."""

ALIASES = {
    "purchase": "order.completed",
    "order": "order.completed",
    "refund": "order.refunded",
    "unsubscribe": "email.unsubscribed",
    "complaint": "email.complained",
    "message.sent": "email.sent",
    "message.delivered": "email.delivered",
    "message.opened": "email.opened",
    "message.clicked": "email.clicked",
    "message.engaged": "email.clicked",
}
"""Other everyday names; messages without a channel count as email, unless the user maps them."""

DEFAULT_TYPE = "purchase"
"""What a row is in a file without a type column: the plain list of orders that every shop has."""

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?")


class Meaning(NamedTuple):
    """What a type of the file means: a type of the wire, where it happened, and for a consent its body."""

    type: str
    surface: str | None
    consent: tuple[str, str, str] | None = None


class Shaped(NamedTuple):
    """An event made from a row, not yet encoded, with the short name of its topic."""

    topic: str
    event: dict[str, Any]
    occurred_at: int


@dataclass(frozen=True)
class Mapping:
    """How to read somebody's files.

    Attributes:
        columns: our column name → theirs, where they differ.
        types: their type → a name of the wire or an everyday name, with `@app`, `@web` or `@store` where it
            happened.
        surface: where orders and visits happened that do not say.
        source: the `source` of the events; (source, id) names an event for ever.
        currency: of the amounts.
    """

    columns: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    surface: str = "web"
    source: str = "replay"
    currency: str = "EUR"
    _meanings: dict[str, Meaning] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what can only be a slip, before any file is read.

        Raises:
            ValueError: an unknown column, surface or target type.
        """
        for ours in self.columns:
            if ours not in COLUMNS:
                raise ValueError(f"unknown column {ours!r}; ours are {', '.join(COLUMNS)}")
        if self.surface not in SURFACES:
            raise ValueError(f"unknown surface {self.surface!r}; it is one of {', '.join(SURFACES)}")
        if not 0 < len(self.source) <= 64:  # noqa: PLR2004  # the wire's limit
            raise ValueError("the source is a name of 1 to 64 characters")
        for theirs, target in self.types.items():
            self._meanings[theirs] = meaning_of(target, self.surface)

    def all_columns(self) -> dict[str, str]:
        """Name every column of ours and what the file calls it."""
        return {ours: self.columns.get(ours, ours) for ours in COLUMNS}

    def shape(self, line: Line) -> Shaped:
        """Make the event of a row.

        Raises:
            ValueError: the row is no event; the message says what to do.
        """
        fields = line.fields
        customer, when = fields["customer_id"], fields["occurred_at"]
        if not customer:
            raise ValueError("no customer id")
        occurred_at = parse_moment(when)
        meaning = self._meaning(fields.get("type", DEFAULT_TYPE))
        id_ = row_id(self.source, line)
        event: dict[str, Any] = {
            "v": 1,
            "id": id_,
            "source": self.source,
            "type": meaning.type,
            "customer_id": customer,
            "occurred_at": format_time(occurred_at),
        }
        self._fill(event, meaning, fields.get("amount", ""))
        return Shaped(topic_of(meaning.type, meaning.surface), event, occurred_at)

    def _meaning(self, name: str) -> Meaning:
        meaning = self._meanings.get(name)
        if meaning is None:
            try:
                meaning = meaning_of(name, self.surface)
            except ValueError as error:
                raise ValueError(f"{error}. Say what it means: --type {name!r}=order.completed@web") from None
            self._meanings[name] = meaning
        return meaning

    def _fill(self, event: dict[str, Any], meaning: Meaning, amount: str) -> None:
        kind = meaning.type.partition(".")[0]
        if kind in {"order", "custom"}:
            event["surface"] = meaning.surface
        if kind == "order":
            total = money(amount, refund=meaning.type == "order.refunded")
            event["order"] = {"id": event["id"], "total": total, "currency": self.currency}
        elif kind in {"email", "push", "in_app"} and meaning.type not in _NO_MESSAGE:
            event["message"] = {"id": event["id"]}
        elif meaning.type == "app.installed":
            event["platform"] = "other"
        elif meaning.consent is not None:
            channel, state, reason = meaning.consent
            event["consent"] = {"channel": channel, "state": state, "scope": "all", "reason": reason}
        elif meaning.type == "app.uninstalled":
            event.update(time_quality="inferred", earliest_at=event["occurred_at"])


def meaning_of(name: str, surface: str) -> Meaning:
    """Understand a type's name, with or without `@surface`.

    Args:
        name: of the wire, or an everyday name.
        surface: where it happened if the name does not say.

    Raises:
        ValueError: nobody knows it.
    """
    bare, _, where = name.partition("@")
    place = where or surface
    if place not in SURFACES:
        raise ValueError(f"unknown surface {where!r} in {name!r}; it is one of {', '.join(SURFACES)}")
    type_ = VISITS[place] if bare == "visit" else ALIASES.get(bare, bare)
    if type_ in CONSENTS:
        return Meaning("consent.changed", None, CONSENTS[type_])
    if type_ not in WIRE_TYPES or type_ in _NEEDS_MORE:
        raise ValueError(f"unknown type {name!r}{_suggestion(bare)}")
    return Meaning(type_, place if type_ in ON_A_SURFACE else None)


def topic_of(type_: str, surface: str | None) -> str:
    """Name the topic of a type (wire.md); orders and custom events go by their surface."""
    kind = type_.partition(".")[0]
    if type_ in ON_A_SURFACE:
        return surface or ""
    return "account" if kind in {"consent", "plan", "customer"} else "app" if kind == "in_app" else kind


def row_id(source: str, line: Line) -> str:
    """Name a row for ever: by its source, its line and all that it says, so equal rows are distinct events.

    The file's name does not enter, so a file may be moved; its content does, so two files may be sent one
    after another.
    """
    parts = (source, str(line.number), *(line.fields.get(name, "") for name in COLUMNS))
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def money(text: str, *, refund: bool) -> str:
    """Write an amount as the wire wants it; none is zero, and a refund is given as what was paid back.

    Raises:
        ValueError: it is no decimal number.
    """
    if not text:
        return "0"
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not _AMOUNT.fullmatch(text) or not amount.is_finite():
        raise ValueError(f"no amount: {text!r}; a decimal number is wanted, such as 59.90")
    return text.removeprefix("-") if refund else text


def everyday_names() -> Iterable[str]:
    """List the names that are no names of the wire."""
    return ("visit", *ALIASES, *CONSENTS)


_NO_MESSAGE = ("push.prompted", "push.token_registered", "push.token_invalid")
"""Types of a channel that speak of no message."""

_NEEDS_MORE = frozenset(
    {"custom", "consent.changed", "customer.updated"}
    | {name for name in WIRE_TYPES if name.startswith("plan.")}
)
"""Types whose events say more than four columns can: they come as JSON lines."""


def _suggestion(name: str) -> str:
    if name in _NEEDS_MORE:
        return ": its events carry more than these columns; give them as JSON lines"
    near = get_close_matches(name, [*everyday_names(), *WIRE_TYPES], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
