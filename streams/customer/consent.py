"""What a customer allows on each channel. Unknown is no.

Push has two axes: the *subscription* in the app and the system's *permission* (mission.md 6). A channel is
open for messages when its subscription is in and its permission, where it was ever reported, is not out. A
`do not contact` (channel ``all``) closes every channel until the customer opts in to one of them again. Of
two statements about one axis the later one holds, in whatever order they arrive; at the same moment the
opt-out does (wire.md, reliability.md S9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .state import IN, OUT, UNKNOWN, Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.wire.event import ConsentChange

    from .state import Customer

ALL: Final = "all"
PUSH: Final = "push"
WEB_PUSH: Final = "push:web"
LISTS: Final = "lists"
"""The stored reason of a channel that was closed because its last list was switched off."""


MOST_NAMES: Final = 64
"""Names of channels, and of lists on one, that are kept though no policy knows them: a row stays small."""


_LASTING: Final = frozenset({"complaint", "blocked"})
"""Reasons that no weaker one hides, as long as the channel is closed (R20)."""


class Change(NamedTuple):
    """How one channel moved.

    Attributes:
        channel: which one, by its key.
        before: UNKNOWN, IN or OUT. OUT, and OUT after: only now it is known that they had agreed before.
        after: the same.
        since: since when it was IN before (ms).
        at: when it moved (ms).
        reason: of wire.md, why.
    """

    channel: str
    before: int
    after: int
    since: int
    at: int
    reason: str


def key_of(channel: str, surface: str | None) -> str:
    """The name under which a channel is kept: web push has a token and a consent of its own."""
    return WEB_PUSH if channel == PUSH and surface == "web" else channel


def standing(channel: Channel) -> int:
    """Where the customer stands on a channel: OUT if any axis is, IN if any was agreed to, else UNKNOWN."""
    if OUT in (channel.subscription, channel.permission):
        return OUT
    return IN if IN in (channel.subscription, channel.permission) else UNKNOWN


def open_since(customer: Customer, key: str, *, needs_consent: bool = True) -> int | None:
    """Since when (ms) messages may go out on this channel, as far as consent goes; None if it is closed."""
    channel, everything = customer.channels.get(key), customer.channels.get(ALL)
    since_all = everything.subscription_since if everything is not None else 0
    if everything is not None and everything.subscription == OUT:
        opted_in_later = (
            channel is not None and channel.subscription == IN and channel.subscription_since > since_all
        )
        if not opted_in_later:
            return None
    if channel is None:
        return None if needs_consent else since_all
    if OUT in (channel.subscription, channel.permission) or (needs_consent and channel.subscription != IN):
        return None
    return max(since_all, channel.subscription_since, channel.permission_since)


def list_is_off(customer: Customer, key: str, list_: str) -> bool:
    """Whether the customer switched this kind of message off on this channel."""
    channel = customer.channels.get(key)
    return channel is not None and list_ in channel.lists_out


def since(customer: Customer, key: str) -> int | None:
    """Since when the subscription stands as it does (ms), None where nothing was ever said."""
    channel = customer.channels.get(key)
    return channel.subscription_since if channel is not None and channel.subscription else None


def apply(
    customer: Customer,
    change: ConsentChange,
    surface: str | None,
    at: int,
    lists: Sequence[str] | None,
) -> list[Change]:
    """Take a statement of consent in, and tell which channels moved.

    Args:
        customer: whose consent it is; changed in place.
        change: what was said.
        surface: ``web`` for web push.
        at: when it was said (ms).
        lists: the kinds of message that the policy knows on this channel, None where it has no such channel.
    """
    said = IN if change.state == "in" else OUT
    if change.channel == ALL:
        return _apply_to_all(customer, said, at, change.reason)
    key = key_of(change.channel, surface)
    if lists is None and key not in customer.channels and len(customer.channels) >= MOST_NAMES:
        return []
    if change.scope == "list" and change.list is not None:
        moves = _switch_list(customer, key, change.list, said, at, lists or ())
        return [move._replace(reason=change.reason) for move in moves]
    return _moved(customer, key, said, at, change.reason, permission=change.axis == "permission")


def complain(customer: Customer, key: str, at: int) -> list[Change]:
    """A complaint is an opt-out of its channel (wire.md)."""
    return _moved(customer, key, OUT, at, "complaint", permission=False)


def _apply_to_all(customer: Customer, said: int, at: int, reason: str) -> list[Change]:
    """`Do not contact` closes what was agreed to; its end opens nothing by itself.

    The newest one is remembered (as the ``permission_since`` of ``all``, which has no such axis), so that a
    yes from before it, which arrives later, opens nothing either.
    """
    barred = standing(customer.channel(ALL)) == OUT
    _moved(customer, ALL, said, at, reason, permission=False)
    if said != OUT:
        return []
    everything = customer.channel(ALL)
    everything.permission_since = max(everything.permission_since, at)
    agreed = [
        key
        for key, channel in customer.channels.items()
        if key != ALL and (channel.subscription or (channel.permission and not barred))
    ]
    return [move for key in agreed for move in _moved(customer, key, OUT, at, reason, permission=False)]


def _switch_list(
    customer: Customer, key: str, list_: str, said: int, at: int, lists: Sequence[str]
) -> list[Change]:
    """One kind of message on or off. The last one off closes the channel; the first one on again opens it."""
    channel = customer.channel(key)
    spoken_of = channel.lists_out.keys() | channel.lists_in.keys()
    if list_ not in spoken_of and list_ not in lists and len(spoken_of) >= MOST_NAMES:
        return []
    if said == OUT:
        return _list_off(customer, key, list_, at, lists)
    if at <= channel.lists_out.get(list_, -1):
        return []
    channel.lists_out.pop(list_, None)
    channel.lists_in[list_] = max(at, channel.lists_in.get(list_, 0))
    if channel.subscription == OUT and channel.reason == LISTS:
        return _moved(customer, key, IN, at, "settings", permission=False)
    return []


def _list_off(customer: Customer, key: str, list_: str, at: int, lists: Sequence[str]) -> list[Change]:
    """One kind of message off, unless it was switched on later; the last one off closes the channel."""
    channel = customer.channel(key)
    if at < channel.lists_in.get(list_, 0):
        return []
    channel.lists_in.pop(list_, None)
    channel.lists_out[list_] = max(at, channel.lists_out.get(list_, 0))
    if lists and all(name in channel.lists_out for name in lists):
        return _moved(customer, key, OUT, at, LISTS, permission=False)
    return []


def _moved(
    customer: Customer, key: str, said: int, at: int, reason: str, *, permission: bool
) -> list[Change]:
    """Set one axis, unless something newer is known, and tell how the channel moved."""
    everything = customer.channels.get(ALL)
    if said == IN and not permission and key != ALL and everything and at <= everything.permission_since:
        return _barred(customer, key, at, everything)
    channel = customer.channel(key)
    before, agreed = standing(channel), agreed_since(channel, at)
    if said == OUT and before == IN and not agreed:
        before = UNKNOWN  # they agreed by the other axis, and only after this
    if _is_newest(channel, said, at, "permission" if permission else "subscription"):
        _give_reason(channel, before, said, reason)
    elif said == OUT == before and reason in _LASTING:
        channel.reason = reason
    after = standing(channel)
    if after != before:
        channel.had_agreed = agreed if after == OUT else 0
        return [Change(key, before, after, agreed, at, reason)]
    return _belated(key, channel, at) if said == IN else []


def _give_reason(channel: Channel, before: int, said: int, reason: str) -> None:
    """Note why an axis stands as it does, unless the channel was closed for a better reason."""
    if before == OUT and said == OUT and (reason == LISTS or channel.reason in _LASTING):
        return  # whoever left for good has not merely switched the last list off
    channel.reason = reason


def _barred(customer: Customer, key: str, at: int, everything: Channel) -> list[Change]:
    """A yes from before a `do not contact` opens nothing: the channel was closed by that one."""
    moves = _moved(customer, key, OUT, everything.permission_since, everything.reason, permission=False)
    belated = _belated(key, customer.channel(key), at)
    return [move._replace(before=IN, since=move.since or at) for move in moves] or belated


def _belated(key: str, channel: Channel, at: int) -> list[Change]:
    """A yes from before the no that stands, of which nothing was known: they had agreed, and left."""
    if key == ALL or standing(channel) != OUT or channel.had_agreed:
        return []
    left_at = _left_at(channel)
    if at > left_at:
        return []
    channel.had_agreed = at
    return [Change(key, OUT, OUT, at, left_at, "settings" if channel.reason == LISTS else channel.reason)]


def _left_at(channel: Channel) -> int:
    """When a channel that is closed was closed (ms): by its first axis."""
    subscription = channel.subscription_since if channel.subscription == OUT else None
    permission = channel.permission_since if channel.permission == OUT else None
    return min(at for at in (subscription, permission) if at is not None)


def _is_newest(channel: Channel, said: int, at: int, axis: str) -> bool:
    """Take a statement on one axis in; false if a newer one is known."""
    now, since = getattr(channel, axis), getattr(channel, f"{axis}_since")
    newest = since + getattr(channel, f"{axis}_again")
    if now != UNKNOWN and (at < newest or (at == newest and said == IN)):
        return False
    if now == said:
        setattr(channel, f"{axis}_again", at - since)
    else:
        setattr(channel, axis, said)
        setattr(channel, f"{axis}_since", at)
        setattr(channel, f"{axis}_again", 0)
    return True


def agreed_since(channel: Channel, at: int) -> int:
    """Since when (ms) the customer stands by a yes on this channel, of those said by ``at``; 0 for none."""
    if standing(channel) != IN:
        return 0
    subscription = channel.subscription_since if channel.subscription == IN else 0
    permission = channel.permission_since if channel.permission == IN else 0
    return max(since if since <= at else 0 for since in (subscription, permission))
