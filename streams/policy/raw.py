"""Walking over a document as it was written, where anything may stand anywhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from .durations import parse


def table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table of this name; empty if there is none, or something else."""
    found = given.get(name)
    return found if isinstance(found, Mapping) else {}


def tables(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is a table, by name."""
    return ((name, found) for name, found in given.items() if isinstance(found, Mapping))


def steps(play: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps of a play; one that is no table has nothing in it."""
    found = play.get("steps")
    if not isinstance(found, list | tuple):
        return []
    return [step if isinstance(step, Mapping) else {} for step in found]


def duration(given: Mapping[str, Any], name: str, default: int) -> int | None:
    """The duration of this name in milliseconds; None if it is none."""
    if name not in given:
        return default
    try:
        return parse(given[name])
    except (ValueError, TypeError):
        return None


def text(given: Mapping[str, Any], name: str, default: str = "") -> str:
    """The text of this name; empty if it is something else."""
    found = given.get(name, default)
    return found if isinstance(found, str) else ""


def words(given: Mapping[str, Any], name: str) -> list[str]:
    """The texts in the list of this name; none if it is no list."""
    found = given.get(name)
    return [word for word in found if isinstance(word, str)] if isinstance(found, list | tuple) else []
