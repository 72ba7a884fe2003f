"""The policy: everything that a brand decides, with a default for each name.

A policy is read once and asked for every event, so what the core asks often is prepared when it is read,
and is a plain attribute.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from ..wire.times import HOUR
from . import tables
from .base import Label, Table, Word
from .channels import Channel, with_built_in
from .detect import Detect
from .durations import YEAR, Duration, Period
from .names import ATTRIBUTES, RESERVED_CHANNELS
from .plays import Play

MESSAGES_KEPT: Final = 21
"""Deliveries and answers that are kept on a channel, besides those that D3 counts."""


def _channel_name(name: str) -> str:
    if name in RESERVED_CHANNELS:
        raise ValueError(f'"{name}" has a command topic of its own and cannot be a channel')
    return name


ChannelName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,31}$"), BeforeValidator(_channel_name)
]


class Policy(Table):
    """All names of a policy; a table that the file leaves out has its defaults."""

    version: Literal[1] = Field(default=1, description="of this form of file")
    name: Label = Field(default="default", description="for people; it shows in `policy show`")
    memory: Period = Field(
        default=2 * YEAR,
        description="a customer with nothing open and silent for longer is forgotten (has no row)",
    )
    historical_after: Duration = Field(
        default=48 * HOUR,
        description="what became true longer ago than this is signalled, and gets no command",
    )
    calendar: tables.Calendar = tables.Calendar()
    detect: Detect = Detect()
    prior: tables.Prior = tables.Prior()
    own: tables.Own = tables.Own()
    response: tables.Response = tables.Response()
    message: tables.Message = tables.Message()
    present: tables.Present = tables.Present()
    visit: tables.Visit = tables.Visit()
    deaf: tables.Deaf = tables.Deaf()
    dialback: tables.Dialback = tables.Dialback()
    followup: tables.Followup = tables.Followup()
    fallback: tables.Fallback = tables.Fallback()
    receptivity: tables.Receptivity = tables.Receptivity()
    promotion: tables.Promotion = tables.Promotion()
    interest: tables.Interest = tables.Interest()
    campaign: tables.Campaign = tables.Campaign()
    migration: tables.Migration = tables.Migration()
    crosspromo: tables.Crosspromo = tables.Crosspromo()
    store: tables.Store = tables.Store()
    sunset: tables.Sunset = tables.Sunset()
    optout: tables.Optout = tables.Optout()
    customer: tables.Customer = tables.Customer()
    prime: tables.Prime = tables.Prime()
    pitch: tables.Pitch = tables.Pitch()
    repermission: tables.Repermission = tables.Repermission()
    incentive: tables.Incentive = tables.Incentive()
    email: tables.Email = tables.Email()
    premium: tables.Premium = tables.Premium()
    uninstall: tables.Uninstall = tables.Uninstall()
    letgo: tables.Letgo = tables.Letgo()
    chance: tables.StillAChance = tables.StillAChance()
    cap: tables.Cap = tables.Cap()
    holdout: tables.Holdout = tables.Holdout()
    learn: tables.Learn = tables.Learn()
    outage: tables.Outage = tables.Outage()
    late: tables.Late = tables.Late()
    consent: tables.Consent = tables.Consent()
    rejects: tables.Rejects = tables.Rejects()
    cohort: tables.Cohort = tables.Cohort()
    channels: Annotated[dict[ChannelName, Channel], BeforeValidator(with_built_in)] = Field(
        default_factory=dict, validate_default=True
    )
    plays: dict[Word, Play] = Field(default_factory=dict)

    def model_post_init(self, _context: Any, /) -> None:  # noqa: ANN401 - pydantic's signature
        """Prepare what is asked for every event, so that no event pays for it."""
        prepared = (
            self.plays_on,
            self.channels_in_order,
            self.detect.silences,
            self.detect.rules,
            self.detect.enabled,
            self.attributes,
            self.exposure,
        )
        assert all(part is not None for part in prepared)

    @cached_property
    def plays_on(self) -> Mapping[str, tuple[tuple[str, Play], ...]]:
        """The plays that answer a trigger (`signal:brand_stopped`): highest priority first, then by name."""
        by_trigger: dict[str, list[tuple[str, Play]]] = {}
        for name, play in sorted(self.plays.items(), key=lambda entry: (-entry[1].priority, entry[0])):
            by_trigger.setdefault(play.on, []).append((name, play))
        return {trigger: tuple(plays) for trigger, plays in by_trigger.items()}

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The attributes of a profile that are kept: the product's, and those that this policy names."""
        paths = (path for play in self.plays.values() for path in play.where)
        asked = {path.split(".", 2)[1] for path in paths if path.startswith("profile.")}
        return ATTRIBUTES | asked | {self.cohort.attribute} - {""}

    @cached_property
    def exposure(self) -> tuple[int, int, int]:
        """How what was delivered is kept (`streams.customer.exposure.Span`).

        Late data may change what is as old as it may be late, D3 looks back `deaf.consistent`.
        """
        window = self.response.window
        kept = max(self.late.retract + window, self.deaf.consistent)
        return window, kept, MESSAGES_KEPT + self.deaf.consistent_sends

    @cached_property
    def channels_in_order(self) -> tuple[str, ...]:
        """The names of all channels, the one that goes first among equals first."""
        return tuple(sorted(self.channels, key=lambda name: (self.channels[name].order, name)))
