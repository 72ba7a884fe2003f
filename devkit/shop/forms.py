"""The events of the shop in the form that travels (wire.md, event version 1), ready for JSON."""

from typing import Any, NamedTuple

from streams.wire.times import format_time

SOURCES = {
    "app": "shop-app",
    "web": "shop-web",
    "store": "till",
    "email": "esp",
    "push": "push-gateway",
    "account": "shop",
}
"""Who reports the events of a topic; ids are unique within each."""

VISIT_TYPES = {"app": "app.opened", "web": "web.visited", "store": "store.visited"}


class Happening(NamedTuple):
    """An event, and the short name of the topic on which it belongs."""

    event: dict[str, Any]
    topic: str


def happening(topic: str, type_: str, customer: str, number: int, at: int, **fields: object) -> Happening:
    """Write one event down.

    Args:
        topic: short name, such as `app` or `account`.
        type_: the event's type on the wire.
        customer: the customer id.
        number: of this event among the customer's; makes the id.
        at: when it happened, in milliseconds.
        **fields: further fields of the wire; those that are None are left out.
    """
    event: dict[str, Any] = {
        "v": 1,
        "id": f"{customer}-{number}",
        "source": SOURCES[topic],
        "type": type_,
        "customer_id": customer,
        "occurred_at": format_time(at),
    }
    event.update((name, value) for name, value in fields.items() if value is not None)
    return Happening(event, topic)


def money(amount: float) -> str:
    """Write an amount as the wire wants money: a decimal string."""
    return f"{amount:.2f}"


def consent(channel: str, state: str, reason: str, axis: str | None = None) -> dict[str, str]:
    """Write the body of a `consent.changed` about a whole channel."""
    body = {"channel": channel, "state": state, "scope": "all", "reason": reason}
    return body if axis is None else {**body, "axis": axis}
