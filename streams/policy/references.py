"""Whether the names that steps use exist: channels, lists, offers.

Works on the document as it was written, even if other parts are wrong: everything is told at once.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .channels import BUILT_IN
from .names import SILENCE_KINDS
from .problems import Finding, Path
from .raw import steps, table, tables, text, words
from .words import known

_LISTS: Final = ("promotions",)


def references(given: Mapping[str, Any]) -> Iterator[Finding]:
    """Every name that means nothing where it stands."""
    channels = _channels(given)
    for name, play in tables(table(given, "plays")):
        for number, step in enumerate(steps(play)):
            path = ("plays", name, "steps", number)
            yield from _step_channels(path, step, channels)
            yield from _step_list(path, step, channels)
            yield from _other_than_what(path, step, play)
            yield from _incentive(path, step, given)


def _channels(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The channels that the policy has, with their lists."""
    channels: dict[str, tuple[str, ...]] = dict.fromkeys(BUILT_IN, _LISTS)
    for name, channel in tables(table(given, "channels")):
        channels[name] = tuple(words(channel, "lists")) or _LISTS
    return channels


def _step_channels(path: Path, step: Mapping[str, Any], channels: Mapping[str, Any]) -> Iterator[Finding]:
    chosen = step.get("channels")
    for number, name in enumerate(chosen if isinstance(chosen, list | tuple) else ()):
        if isinstance(name, str) and name not in channels:
            yield Finding((*path, "channels", number), known("channel", name, channels))


def _step_list(
    path: Path, step: Mapping[str, Any], channels: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """A list that no channel has is one that nobody could ever leave."""
    wanted = step.get("list", _LISTS[0])
    named = [name for name in words(step, "channels") if name in channels]
    lists = sorted({entry for name in named or channels for entry in channels[name]})
    if isinstance(wanted, str) and wanted not in lists:
        where = f"channels {', '.join(named)}" if named else "any channel"
        yield Finding((*path, "list"), f"{known('list', wanted, lists)} (see `lists` of {where})")


def _other_than_what(path: Path, step: Mapping[str, Any], play: Mapping[str, Any]) -> Iterator[Finding]:
    trigger = text(play, "on")
    if step.get("channels") == "other_than_signal" and trigger.removeprefix("signal:") in SILENCE_KINDS:
        yield Finding((*path, "channels"), f'{trigger} is about no channel: write "best_open"')


def _incentive(path: Path, step: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Finding]:
    offer = step.get("offer")
    if table(given, "incentive").get("allowed") is True or not isinstance(offer, list | tuple):
        return
    if "incentive" in offer:
        message = "incentive.allowed is false, so no incentive will be named"
        yield Finding((*path, "offer", list(offer).index("incentive")), message, "warning")
