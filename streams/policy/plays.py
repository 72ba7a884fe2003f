"""[plays.<name>]: what is done about a signal. Data: the code knows how to run plays, not which."""

from collections.abc import Mapping
from functools import cached_property
from math import isfinite
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from ..wire.times import DAY, HOUR
from .base import Label, Table, Word
from .durations import Duration, Period
from .names import CHANNEL_CHOICES, GUIDE_ROWS, VARIABLES, ChannelChoice, Condition, OfferKind
from .triggers import Trigger, check_goal, check_trigger
from .words import known


def _scalar(given: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    if isinstance(given, float) and not isfinite(given):
        raise ValueError("must be a finite number")
    if not isinstance(given, str | int | float) or (isinstance(given, int) and abs(given) > _LARGEST):
        raise ValueError("must be text in quotes, a number, or true or false")
    return given


_LARGEST: Final = 2**53
"""The largest whole number that every reader of JSON understands."""

Scalar = Annotated[bool | int | float | str, BeforeValidator(_scalar)]


def _channels(given: Any) -> Any:  # noqa: ANN401 - either form of the file
    if isinstance(given, str):
        if given not in CHANNEL_CHOICES:
            raise ValueError(
                known("way to choose a channel", given, CHANNEL_CHOICES) + "; or a list of channels"
            )
        return given
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise ValueError(f"must be one of {', '.join(CHANNEL_CHOICES)}, or a list of channels in order")
    if not given:
        raise ValueError("the list of channels is empty")
    if len(set(given)) != len(given):
        raise ValueError("a channel is named twice")
    return tuple(given)


def _one_of(what: str, names: tuple[str, ...]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in names:
            raise ValueError(known(what, name, names))
        return name

    return AfterValidator(check)


def flat(given: Any, path: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - either form of the file
    """`{"evidence.timing" = …}` and `evidence.timing = …` are the same question."""
    if not isinstance(given, Mapping):
        return given
    levelled: dict[str, Any] = {}
    for name, value in given.items():
        here = (*path, str(name))
        levelled |= flat(value, here) if isinstance(value, Mapping) else {".".join(here): value}
    return levelled


class Step(Table):
    """One message of a play, over one or several channels."""

    after: Duration = Field(default=0, description="after the moment at which the trigger became true")
    unless: Condition | None = Field(
        default=None,
        description="not after the `goal`, a `reaction` or a `return`",
    )
    only_if: Condition | None = Field(default=None, alias="if", description="only then; instead of `unless`")
    channels: Annotated[
        ChannelChoice | tuple[str, ...], BeforeValidator(_channels), PlainSerializer(lambda value: value)
    ] = Field(
        default="best_open",
        description="`all_open`, `best_open`, `other_than_signal`, `next_best`, or a list in order",
    )
    template: Label = Field(description="the messaging service's name of the message")
    list: Label = Field(default="promotions", description="kind of message for the preference centre (R18)")
    variables: tuple[Annotated[str, _one_of("variable", VARIABLES)], ...] = Field(
        default=(), description="what the message is filled with: `last_category`"
    )
    offer: tuple[OfferKind, ...] = Field(
        default=(),
        description="name an offer of these kinds (`new`, `sale`, `incentive`, `app`; R6); empty: none",
    )
    expires_after: Period = Field(default=48 * HOUR, description="of no use to the customer later than that")


class Play(Table):
    """What is done, for whom, and when it has worked."""

    on: Annotated[str, AfterValidator(check_trigger)] = Field(
        description="what it answers: `signal:<kind>`, `event:<type>`, `state:<name>`"
    )
    where: Annotated[dict[str, Scalar], BeforeValidator(flat)] = Field(
        default={},
        description='only where the signal (or event) has these values: `{ "evidence.timing" = "late" }`',
    )
    guide: tuple[Annotated[str, _one_of("row of the guide", GUIDE_ROWS)], ...] = Field(
        default=(), description="the rows of the guide that it serves"
    )
    priority: Annotated[int, Field(strict=True, ge=0, le=1_000)] = Field(
        default=50, description="among plays that answer the same, higher goes first"
    )
    goal: Annotated[str, AfterValidator(check_goal)] = Field(
        default="order",
        description=(
            "what counts as success: `any_activity`, `order`, `app`, `web`, `store`, `reaction`, `consent`, "
            "`plan`, or an event type"
        ),
    )
    goal_within: Period = Field(default=14 * DAY, description="of the trigger")
    changed_policy: Literal["finish", "stop"] = Field(
        default="finish", description="a play under way when a new policy comes: `finish` or `stop`"
    )
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100, description="in the order of time")

    @cached_property
    def trigger(self) -> Trigger:
        """`on`, taken apart."""
        return Trigger.of(self.on)

    @cached_property
    def conditions(self) -> tuple[tuple[tuple[str, ...], Scalar], ...]:
        """`where`, with its paths taken apart."""
        return tuple((tuple(path.split(".")), value) for path, value in self.where.items())


PlayName = Word
