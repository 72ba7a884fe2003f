"""Closed lists of the words that a policy may use: kinds, choices of a channel, goals, variables."""

from typing import Final, Literal, get_args

from ..wire.event import TYPES

SilenceKind = Literal["purchase_stopped", "app_stopped", "web_stopped", "store_stopped", "brand_stopped"]
OtherKind = Literal[
    "message_disengaged",
    "present_but_deaf",
    "deaf_everywhere",
    "push_opted_out",
    "email_declined",
    "email_opted_out",
    "premium_cancelled",
    "app_uninstalled",
]
SILENCE_KINDS: Final[tuple[SilenceKind, ...]] = get_args(SilenceKind)
OTHER_KINDS: Final[tuple[OtherKind, ...]] = get_args(OtherKind)
KINDS: Final[tuple[str, ...]] = (*SILENCE_KINDS, *OTHER_KINDS)

RuleName = Literal["yearly", "steered", "precision", "quantile", "fixed"]
"""How long a silence is too long: each rule makes another promise."""

Condition = Literal["goal", "reaction", "return"]
"""What may stand in the way of a step (`unless`), or call for it (`if`)."""

ChannelChoice = Literal["all_open", "best_open", "other_than_signal", "next_best"]
"""How a step finds its channel; a list of channels in order is the other way."""

CHANNEL_CHOICES: Final[tuple[ChannelChoice, ...]] = get_args(ChannelChoice)

OfferKind = Literal["new", "sale", "incentive", "app"]

GOALS: Final = ("any_activity", "order", "app", "web", "store", "reaction", "consent", "plan")
"""What counts as success of a play; an event type may stand there too."""

VARIABLES: Final = ("last_category",)
"""What a message may be filled with: all of it is known of the customer from events."""

RESERVED_CHANNELS: Final = ("audience",)
"""Segments have this command topic, so no channel can."""

EVENT_TYPES: Final = TYPES
"""What a play may answer, besides signals, and may have as its goal."""

GUIDE_ROWS: Final = (*(f"R{number}" for number in range(1, 30)), "R6b")
"""The responses of the guide."""

ATTRIBUTES: Final = frozenset({"timezone", "locale", "nearest_store_km", "interests"})
"""Attributes of a profile that mean something to the product, besides those that a policy names."""

SIGNAL_FIELDS: Final = (
    "channel",
    "cohort",
    "evidence",
    "historical",
    "plan",
    "profile",
    "stage",
    "surface",
)
"""Where the `where` of a play on a signal may look."""

EVIDENCE: Final = {
    ("push_opted_out", "evidence.timing"): ("early", "late"),
    ("email_opted_out", "evidence.how"): ("unsubscribe", "complaint", "blocked"),
    ("app_uninstalled", "evidence.grade"): ("hard", "soft"),
    ("email_declined", "evidence.how"): ("asked", "declined", "unanswered"),
}
"""Evidence whose values are a closed list, by kind and path."""
