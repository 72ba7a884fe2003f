"""[channels.<name>]: the ways to a customer. Data, so that a brand adds one by adding a table."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from .base import Label, Several, Table, Text

_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_QUIET: Final = re.compile(rf"({_CLOCK})/({_CLOCK})")


def _quiet_hours(text: str) -> str:
    if text and _QUIET.fullmatch(text) is None:
        raise ValueError(f'"{text}" is no span of the day: write it as "21:00/08:00", or "" for none')
    return text


class Channel(Table):
    """One way to a customer."""

    consent: Literal["required", "not_required"] = Field(
        default="required",
        description="`required`: only after a yes. `not_required`: until a no, while the customer visits",
    )
    quiet_hours: Annotated[Text, AfterValidator(_quiet_hours)] = Field(
        default="", description='no message then, in the customer\'s time zone ("21:00/08:00"); empty: none'
    )
    lists: tuple[Label, ...] = Field(
        default=("promotions",),
        min_length=1,
        description="kinds of message that the preference centre offers (R18)",
    )
    order: Several = Field(default=5, description="among equals, lower goes first")


BUILT_IN: Final[Mapping[str, Mapping[str, Any]]] = {
    "push": {"order": 1},
    "email": {"order": 2},
    "in_app": {"order": 3, "consent": "not_required"},
    "ads": {"order": 4},
}
"""The channels that every policy has, and how they differ from `Channel`; an added one comes after them."""


def with_built_in(given: Any) -> Any:  # noqa: ANN401 - the raw table, judged field by field afterwards
    """The channels of a file, and the built-in ones with their defaults."""
    if not isinstance(given, Mapping):
        return given
    channels: dict[str, Any] = {}
    for name in (*BUILT_IN, *(name for name in given if name not in BUILT_IN)):
        own = given.get(name, {})
        channels[name] = {**BUILT_IN.get(name, {}), **own} if isinstance(own, Mapping) else own
    return channels
