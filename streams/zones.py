"""Time zones by name, from the pinned ``tzdata`` alone: what the machine has installed decides nothing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

UTC: Final = "UTC"
"""What a calendar has where it says nothing."""


@cache
def names() -> frozenset[str]:
    """The names of all zones."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of a name.

    Raises:
        KeyError: if there is none.
    """
    if name not in names():
        raise KeyError(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
