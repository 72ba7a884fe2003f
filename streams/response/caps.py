"""Rolling caps on promotional messages, over all channels and on each (mission.md 5, `cap`).

The windows are of event time and of any length, never calendar days; in-app counts like every other channel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.customer.state import Customer
    from streams.policy.model import Policy


def free_at(customer: Customer, channel: str, at: int, policy: Policy) -> int:
    """The earliest moment (ms) from ``at`` on when one more message here stays within the caps."""
    cap = policy.cap
    everywhere = [sent_at for sent_at, _ in customer.sends]
    here = [sent_at for sent_at, sent_on in customer.sends if sent_on == channel]
    return max(
        at,
        _room(everywhere, at, cap.promotional, cap.promotional_per),
        _room(here, at, cap.channel, cap.channel_per),
    )


def _room(sent: Sequence[int], at: int, most: int, per: int) -> int:
    """When a window of length ``per`` (ms) that ends there holds fewer than ``most`` of ``sent``."""
    if most <= 0:
        return at + per
    inside = sorted(moment for moment in sent if moment > at - per)
    return at if len(inside) < most else inside[len(inside) - most] + per


def count(customer: Customer, channel: str, at: int, policy: Policy) -> None:
    """Take a message sent at ``at`` (ms) into account, and drop those that no window reaches any more.

    A message may be made after one with a later moment, by as much as a cause may be answered late.
    """
    longest = max(policy.cap.promotional_per, policy.cap.channel_per) + policy.historical_after
    newest = max([at, *(moment for moment, _ in customer.sends)])
    kept = [(moment, sent_on) for moment, sent_on in customer.sends if moment > newest - longest]
    customer.sends = [*kept, (at, channel)]
