"""The kinds of lapse, and how far each moves a customer along (mission.md 2, wire.md Signal)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.customer.device import APP_UNINSTALLED

if TYPE_CHECKING:
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy

SILENCE: Final = {
    "purchase": "purchase_stopped",
    "app": "app_stopped",
    "web": "web_stopped",
    "store": "store_stopped",
    "brand": "brand_stopped",
}
"""The kind that a stream's silence raises (D4, D5a-c, D6)."""

ROWS: Final = {"purchase": "D4", "app": "D5a", "web": "D5b", "store": "D5c", "brand": "D6"}
"""The row of the guide that a stream's silence is."""

SURFACE_STOPS: Final = frozenset({"purchase_stopped", "app_stopped", "web_stopped", "store_stopped"})
MESSAGE_DISENGAGED: Final = "message_disengaged"
PRESENT_BUT_DEAF: Final = "present_but_deaf"
DEAF_EVERYWHERE: Final = "deaf_everywhere"
PUSH_OPTED_OUT: Final = "push_opted_out"
EMAIL_OPTED_OUT: Final = "email_opted_out"
EMAIL_DECLINED: Final = "email_declined"
PREMIUM_CANCELLED: Final = "premium_cancelled"

DEAF: Final = frozenset({MESSAGE_DISENGAGED, PRESENT_BUT_DEAF, DEAF_EVERYWHERE})
"""D1, and D2 and D3 that rest on it."""

_COOLING: Final = frozenset({MESSAGE_DISENGAGED, PRESENT_BUT_DEAF, PUSH_OPTED_OUT, EMAIL_OPTED_OUT})
_LAPSING: Final = frozenset({DEAF_EVERYWHERE, PREMIUM_CANCELLED, "brand_stopped"})


def stage(customer: Customer, at: int, policy: Policy) -> str:
    """How far the customer is on the way out at ``at`` (ms): steady, cooling, lapsing or lost (wire.md)."""
    episodes = [e for e in customer.episodes if not is_notice(e)]
    if not episodes:
        return "steady"
    if any(_is_lost(e, at, policy) for e in episodes):
        return "lost"
    stops = sum(e.kind in SURFACE_STOPS for e in episodes)
    if stops > 1 or any(e.kind in _LAPSING for e in episodes):
        return "lapsing"
    return "cooling" if stops or any(e.kind in _COOLING for e in episodes) else "steady"


def is_notice(episode: Episode) -> bool:
    """Whether an episode is a notice and no lapse: D7 and D9 never move the stage (mission.md 2)."""
    return episode.kind == EMAIL_DECLINED or (episode.kind == PUSH_OPTED_OUT and episode.note == "early")


def is_sign_of_lapse(episode: Episode) -> bool:
    """Whether an episode is a sign of lapse besides deafness: D4-D6, D8, D10-D12 (mission.md 9, D3)."""
    return episode.kind not in DEAF and not is_notice(episode)


def _is_lost(episode: Episode, at: int, policy: Policy) -> bool:
    """D12, or D6 beyond its horizon."""
    if episode.kind == APP_UNINSTALLED:
        return True
    horizon = policy.detect.brand_stopped.horizon
    return episode.kind == "brand_stopped" and at - episode.started_at > horizon
