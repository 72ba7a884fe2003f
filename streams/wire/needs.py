"""What each type of event cannot do without (wire.md, Event, "needed"), one small check a kind of need.

A check sees an event whose fields have the right form, and says which one is missing or no use.
"""

from collections.abc import Callable
from typing import Any, Final

from .event import TYPES, TYPES_BY_TOPIC, Event, Order
from .reject import Reason, Rejection
from .times import parse_time

Check = Callable[[Event], Rejection | None]


def missing(path: str) -> Rejection:
    """Say that a field is missing or of no use."""
    return Rejection(Reason.FIELD, path)


def nothing(_event: Event) -> Rejection | None:
    """Nothing is needed beyond what every event has."""
    return None


def message(event: Event) -> Rejection | None:
    """What happened to a message names it."""
    return missing("$.message") if event.message is None else None


def _order(event: Event) -> Rejection | None:
    if event.surface is None:
        return missing("$.surface")
    order = event.order
    if order is None:
        return missing("$.order")
    if not is_money(order.total):
        return missing("$.order.total")
    return _items(order) if order.items else None


def _items(order: Order) -> Rejection | None:
    for place, item in enumerate(order.items or ()):
        if not is_money(item.price):
            return missing(f"$.order.items[{place}].price")
    return None


def is_money(text: str) -> bool:
    """Say whether a text is a decimal number, as money must be: ``59.90``, ``-5``; not ``.5``, ``1e3``."""
    whole, point, cents = text.removeprefix("-").partition(".")
    return text.isascii() and whole.isdigit() and (cents.isdigit() if point else True)


def _custom(event: Event) -> Rejection | None:
    if event.surface is None:
        return missing("$.surface")
    return missing("$.name") if event.name is None else None


def _consent(event: Event) -> Rejection | None:
    consent = event.consent
    if consent is None:
        return missing("$.consent")
    return missing("$.consent.list") if consent.scope == "list" and consent.list is None else None


def _plan(event: Event) -> Rejection | None:
    plan = event.plan
    if plan is None:
        return missing("$.plan")
    if plan.ends_at is not None:
        text: Any = plan.ends_at  # text until here (times.Moment)
        try:
            plan.ends_at = parse_time(text)
        except ValueError:
            return Rejection(Reason.TIME, "$.plan.ends_at")
    return None


def _profile(event: Event) -> Rejection | None:
    return missing("$.profile") if event.profile is None else None


def _platform(event: Event) -> Rejection | None:
    return missing("$.platform") if event.platform is None else None


# What happened to a push that was sent; the other types of the topic are about the device's token.
_PUSHES: Final = ("sent", "delivered", "opened", "clicked", "bounced", "dropped", "dismissed")

NEEDED_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "app.installed": ("platform",),
    "order.completed": ("surface", "order"),
    "order.refunded": ("surface", "order"),
    "custom": ("surface", "name"),
    "consent.changed": ("consent",),
    "customer.updated": ("profile",),
    **{type_: ("plan",) for type_ in TYPES if type_.startswith("plan.")},
    **{type_: ("message",) for type_ in TYPES if type_.startswith(("email.", "in_app."))},
    **{f"push.{what}": ("message",) for what in _PUSHES},
}
"""By type; types without an entry need nothing beyond what every event has."""

_CHECKS: Final[dict[tuple[str, ...], Check]] = {
    (): nothing,
    ("platform",): _platform,
    ("surface", "order"): _order,
    ("surface", "name"): _custom,
    ("consent",): _consent,
    ("profile",): _profile,
    ("plan",): _plan,
    ("message",): message,
}

CHECKS_BY_TOPIC: Final[dict[str, dict[str, Check]]] = {
    topic: {type_: _CHECKS[NEEDED_FIELDS.get(type_, ())] for type_ in types}
    for topic, types in TYPES_BY_TOPIC.items()
}
"""By short topic and type; a type without an entry does not belong on that topic."""
