"""Reaching the verdict of a signal again from the signal alone (N6).

Its facts are read back from the evidence, they conclude again (``streams.lapse.evidence``), and what they
conclude is compared with what the signal says: kind, moments, reason, and the words beside the facts. Its ids
are reckoned again too. So whoever changes a number of it that matters is noticed.

What no signal can tell is left alone: the stage (the customer's other episodes), ``historical`` (the time of
the cut that found it) and the arm (the policy's salt).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from .lapse.cancellation import CancelFacts, WatchFacts
from .lapse.deaf_facts import AbsentFacts, ConsequenceFacts, EverywhereFacts, PresentFacts
from .lapse.declined import DeclinedFacts
from .lapse.evidence import EndFacts, RetractFacts
from .lapse.message_facts import DisengagedFacts, HeardFacts, RecountFacts
from .lapse.migration import MovedFacts
from .lapse.optout import EmailOutFacts, PushOutFacts
from .lapse.outage import OutageFacts
from .lapse.silence_facts import ReturnFacts, SilenceFacts
from .lapse.uninstall import BurstFacts, LostFacts, RemovedFacts, UnprovenFacts
from .wire.ids import episode_id, signal_id
from .wire.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .lapse.evidence import Conclusion
    from .wire.signal import Signal

FORMS: Final = (
    SilenceFacts
    | ReturnFacts
    | MovedFacts
    | EndFacts
    | OutageFacts
    | RetractFacts
    | PushOutFacts
    | EmailOutFacts
    | DeclinedFacts
    | CancelFacts
    | WatchFacts
    | RemovedFacts
    | LostFacts
    | BurstFacts
    | UnprovenFacts
    | DisengagedFacts
    | HeardFacts
    | RecountFacts
    | PresentFacts
    | AbsentFacts
    | EverywhereFacts
    | ConsequenceFacts
)
"""Every form of facts; the name under ``by`` tells which."""


class Difference(NamedTuple):
    """A field of which the signal says one thing and its facts another.

    Attributes:
        field: its path: ``at``, ``evidence.surface.threshold``.
        sentence: what is wrong, for a person.
    """

    field: str
    sentence: str


def verify(signal: Signal) -> list[Difference]:
    """Where a signal is not what its evidence concludes; empty if it is. Never raises."""
    rule = signal.evidence.get("rule")
    if not isinstance(rule, dict):
        return [Difference("evidence.rule", "it carries no facts, so its verdict cannot be reached again")]
    try:
        found = msgspec.convert(rule, FORMS).conclude()
    except msgspec.ValidationError as error:
        return [Difference("evidence.rule", f"its facts cannot be read: {error}")]
    except (ArithmeticError, ValueError, KeyError) as error:
        return [Difference("evidence.rule", f"its facts cannot be reckoned with: {type(error).__name__}")]
    if found is None:
        return [Difference("evidence.rule", f"its facts do not conclude that anything {signal.action}")]
    return [*_verdict(signal, found), *_words("evidence", found.words, signal.evidence), *_ids(signal)]


def _verdict(signal: Signal, found: Conclusion) -> Iterator[Difference]:
    """Where the verdict differs."""
    for field in ("kind", "action", "channel", "surface", "reason"):
        yield from _same(field, getattr(signal, field), getattr(found, field))
    for field in ("started_at", "at"):
        said, again = getattr(signal, field), getattr(found, field)
        yield from _same(field, _moment(said), _moment(again))


def _words(path: str, again: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[Difference]:
    """Where the words beside the facts differ from what the facts conclude."""
    for name, value in again.items():
        inside = said.get(name)
        if isinstance(value, dict) and isinstance(inside, dict):
            yield from _words(f"{path}.{name}", value, inside)
        else:
            yield from _same(f"{path}.{name}", inside, value)


def _ids(signal: Signal) -> Iterator[Difference]:
    """Where the ids are not those of this episode and action."""
    number = signal.evidence.get("number", 1)
    if not isinstance(number, int):
        yield Difference("evidence.number", f"it says {number}, which is no number")
        return
    about = signal.customer_id, signal.kind, signal.channel, signal.surface, signal.started_at
    yield from _same("episode", signal.episode, episode_id(*about, number))
    yield from _same("id", signal.id, signal_id(signal.episode, signal.action))


def _same(field: str, said: object, again: object) -> Iterator[Difference]:
    """The difference in one field, if there is one."""
    if said != again or isinstance(said, bool) is not isinstance(again, bool):
        yield Difference(field, f"it says {_shown(said)}, the facts conclude {_shown(again)}")


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def _moment(at: int) -> str:
    try:
        return format_time(at)
    except (OverflowError, ValueError):
        return str(at)
