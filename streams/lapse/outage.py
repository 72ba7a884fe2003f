"""N5: a source that is quiet for everybody makes nobody silent (design.md 4, "Time that does not count").

Silence does not accrue while the source it hangs on is quiet: outages are pauses in it, and a deadline is
extended by them when it comes due. While the source is quiet, and for ``outage.grace`` after that, nothing
opens. An outage is known only after the fact: an episode whose silence turns out to be an outage in part
should not have opened when it did, and is retracted; it comes due again when the rest of its time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streams.customer.state import STREAMS
from streams.outages import LASTS
from streams.wire.times import MINUTE, format_time

from .episodes import end_on, find
from .evidence import Conclusion, Facts
from .kinds import SILENCE
from .silence_facts import Pause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.context import Visit
    from streams.customer.state import Customer
    from streams.outages import Span
    from streams.wire.signal import Signal

OUTAGE: Final = "outage"
"""Why a pause does not count, and why a silence that is due is held."""

SURFACES: Final = ("app", "web", "store")
_MESSAGES: Final = ("email", "push")
_TOLD_BY: Final = {"in_app": "app"}
_STREAM_OF: Final = {kind: stream for stream, kind in SILENCE.items()}


def sources_of(customer: Customer, stream: str) -> Sequence[str]:
    """The sources on which a stream's silence hangs.

    A surface hangs on its own. Purchases hang on the surface of the last one. The brand hangs on where the
    customer was last seen: on a surface, or else by a message, whichever channel brought it.
    """
    if stream in SURFACES:
        return (stream,)
    if stream == "purchase":
        return (STREAMS[customer.bought_on],) if customer.bought_on else ()
    last = customer.brand.last if customer.brand is not None else 0
    seen = [name for name in SURFACES if (c := getattr(customer, name)) is not None and c.last == last]
    return seen or _MESSAGES


def spans_of(visit: Visit, stream: str) -> Sequence[Span]:
    """The outages known of the sources on which a stream's silence hangs."""
    outages = visit.context.outages
    return outages.of(sources_of(visit.customer, stream)) if outages else ()


def pauses(visit: Visit, stream: str, last: int, now: int) -> tuple[Pause, ...]:
    """The outages in a silence since ``last``, as far as they are over or have lasted at ``now`` (ms)."""
    ended = [(since, until if until != LASTS else now) for since, until in spans_of(visit, stream)]
    within = _within(ended, last, max(now, last))
    return tuple(Pause(why=OUTAGE, since=since, until=until) for since, until in within)


def opens_at(visit: Visit, stream: str, now: int) -> int:
    """The earliest moment (ms) at which a silence of the stream may open; 0 if it may now."""
    return _held_until(visit, spans_of(visit, stream), now)


def told_at(visit: Visit, channel: str, now: int) -> int:
    """The same of what hangs on the reactions that a channel tells of (D1)."""
    return _held_until(visit, visit.context.outages.of((_TOLD_BY.get(channel, channel),)), now)


def _held_until(visit: Visit, spans: Sequence[Span], now: int) -> int:
    """Until when these outages hold what is due at ``now`` (ms); 0 if they do not.

    Until the source is well again that is not known: at least the grace after it lies ahead.
    """
    grace = visit.context.policy.outage.grace
    begun = [until for since, until in spans if since <= now]
    if not begun:
        return 0
    at = begun[-1] + grace if begun[-1] != LASTS else now + max(grace, MINUTE)
    return at if at > now else 0


def remember(visit: Visit, stream: str) -> None:
    """Keep with a silence that has just opened how much of it is known to be an outage."""
    episode = find(visit.customer, SILENCE[stream])
    if episode is not None and visit.context.outages:
        episode.outage = _length(_within(spans_of(visit, stream), episode.started_at, episode.at))


def review(visit: Visit) -> list[Signal]:
    """Retract open silences of which more turns out to be an outage than was known when they opened."""
    signals: list[Signal] = []
    for episode in list(visit.customer.episodes):
        stream = _STREAM_OF.get(episode.kind)
        if stream is None:
            continue
        within = _within(spans_of(visit, stream), episode.started_at, episode.at)
        facts = OutageFacts(
            stream=stream,
            started_at=episode.started_at,
            opened_at=episode.at,
            known=episode.outage,
            outages=tuple(Pause(why=OUTAGE, since=since, until=until) for since, until in within),
        )
        found = facts.conclude()
        if found is not None:
            signals.append(end_on(visit, episode, facts, found))
    return signals


class OutageFacts(Facts, tag="outage"):
    """The outages that are known by now in a silence that stands open.

    Attributes:
        stream: of the silence.
        started_at: of the episode (ms).
        opened_at: its deadline (ms).
        known: how much of the silence was known to be an outage when it opened (ms).
        outages: what is known now, between those two moments.
    """

    stream: str
    started_at: int
    opened_at: int
    known: int
    outages: tuple[Pause, ...] = ()

    def conclude(self) -> Conclusion | None:
        """Retracted, as of the newest outage, where more is known than was; else None."""
        if sum(pause.until - pause.since for pause in self.outages) <= self.known:
            return None
        newest = self.outages[-1]
        words: dict[str, Any] = {
            OUTAGE: {"since": format_time(newest.since), "until": format_time(newest.until)}
        }
        return Conclusion(SILENCE[self.stream], "retracted", self.started_at, newest.since, words)


def _within(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """What of these spans lies between two moments (ms)."""
    cut = [(max(since, start), min(until, end)) for since, until in spans]
    return [(since, until) for since, until in cut if since < until]


def _length(spans: Sequence[Span]) -> int:
    """How long these are together (ms)."""
    return sum(until - since for since, until in spans)
