"""What a customer allows on each channel. Unknown is no.

Push has two axes: the *subscription* in the app and the system's *permission* (mission.md 6). A channel is
open for messages when its subscription is in and its permission, where it was ever reported, is not out. A
`do not contact` (channel ``all``) closes every channel until the customer opts in to one of them again. Of
two statements about one axis the later one holds; at the same moment the opt-out does (wire.md,
reliability.md S9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .state import IN, OUT, UNKNOWN, Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.wire.event import ConsentChange

    from .state import Customer

ALL: Final = "all"
WEB_PUSH: Final = "push:web"
LISTS: Final = "lists"
"""The stored reason of a channel that was closed because its last list was switched off."""


class Change(NamedTuple):
    """How one channel moved: UNKNOWN, IN or OUT, before and after."""

    channel: str
    before: int
    after: int
    since: int


def key_of(channel: str, surface: str | None) -> str:
    """The name under which a channel is kept: web push has a token and a consent of its own."""
    return WEB_PUSH if channel == "push" and surface == "web" else channel


def standing(channel: Channel) -> int:
    """Where the customer stands on a channel: OUT if any axis is, IN if any was agreed to, else UNKNOWN."""
    if OUT in (channel.subscription, channel.permission):
        return OUT
    return IN if IN in (channel.subscription, channel.permission) else UNKNOWN


def is_open(customer: Customer, key: str, *, needs_consent: bool = True) -> bool:
    """Whether messages may go out on this channel, as far as consent goes."""
    channel = customer.channels.get(key)
    barred = customer.channels.get(ALL)
    if barred is not None and barred.subscription == OUT:
        opted_in_since = (
            channel is not None
            and channel.subscription == IN
            and channel.subscription_since > barred.subscription_since
        )
        if not opted_in_since:
            return False
    if channel is None:
        return not needs_consent
    if OUT in (channel.subscription, channel.permission):
        return False
    return channel.subscription == IN or not needs_consent


def list_is_off(customer: Customer, key: str, list_: str) -> bool:
    """Whether the customer switched this kind of message off on this channel."""
    channel = customer.channels.get(key)
    return channel is not None and list_ in channel.lists_out


def since(customer: Customer, key: str) -> int | None:
    """Since when the subscription stands as it does (ms), None where nothing was ever said."""
    channel = customer.channels.get(key)
    return channel.subscription_since if channel is not None and channel.subscription else None


def apply(
    customer: Customer, change: ConsentChange, surface: str | None, at: int, lists: Sequence[str]
) -> list[Change]:
    """Take a statement of consent in, and tell which channels moved.

    Args:
        customer: whose consent it is; changed in place.
        change: what was said.
        surface: ``web`` for web push.
        at: when it was said (ms).
        lists: the kinds of message that the policy knows on this channel.
    """
    said = IN if change.state == "in" else OUT
    if change.scope == "list" and change.list is not None:
        return _switch_list(customer, key_of(change.channel, surface), change.list, said, at, lists)
    if change.channel == ALL:
        return _apply_to_all(customer, said, at, change.reason)
    permission = change.axis == "permission"
    return _moved(customer, key_of(change.channel, surface), said, at, change.reason, permission=permission)


def complain(customer: Customer, key: str, at: int) -> list[Change]:
    """A complaint is an opt-out of its channel (wire.md)."""
    return _moved(customer, key, OUT, at, "complaint", permission=False)


def _apply_to_all(customer: Customer, said: int, at: int, reason: str) -> list[Change]:
    """`Do not contact` closes what is open; its end opens nothing by itself."""
    _moved(customer, ALL, said, at, reason, permission=False)
    if said != OUT:
        return []
    known = [key for key in customer.channels if key != ALL]
    return [move for key in known for move in _moved(customer, key, OUT, at, reason, permission=False)]


def _switch_list(
    customer: Customer, key: str, list_: str, said: int, at: int, lists: Sequence[str]
) -> list[Change]:
    """One kind of message on or off. The last one off closes the channel; the first one on again opens it."""
    channel = customer.channel(key)
    if said == OUT:
        if at < channel.lists_in.get(list_, 0):
            return []
        channel.lists_in.pop(list_, None)
        channel.lists_out[list_] = max(at, channel.lists_out.get(list_, 0))
        if lists and all(name in channel.lists_out for name in lists):
            return _moved(customer, key, OUT, at, LISTS, permission=False)
        return []
    if at <= channel.lists_out.get(list_, -1):
        return []
    channel.lists_out.pop(list_, None)
    channel.lists_in[list_] = max(at, channel.lists_in.get(list_, 0))
    if channel.subscription == OUT and channel.reason == LISTS:
        return _moved(customer, key, IN, at, "settings", permission=False)
    return []


def _moved(
    customer: Customer, key: str, said: int, at: int, reason: str, *, permission: bool
) -> list[Change]:
    """Set one axis, unless something newer is known, and tell how the channel moved."""
    channel = customer.channel(key)
    before = standing(channel)
    now, known_since = (
        (channel.permission, channel.permission_since)
        if permission
        else (channel.subscription, channel.subscription_since)
    )
    if now != UNKNOWN and (at < known_since or (at == known_since and said == IN)):
        return []
    if now == said:
        if said == OUT:
            channel.reason = reason
        return []
    if permission:
        channel.permission, channel.permission_since = said, at
    else:
        channel.subscription, channel.subscription_since = said, at
    channel.reason = reason
    after = standing(channel)
    if after == before:
        return []
    return [Change(key, before, after, known_since if now == IN else 0)]
