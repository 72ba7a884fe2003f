"""When which source was quiet for everybody, and when tokens were revoked in bursts (N5, design.md 4).

A ``source`` record on control says a state and since when. What follows from all of them so far is kept as
spans of time, so that a deadline months ahead still knows what lies behind it. The newest word holds: a
``quiet`` begins a span (one that touches an older span goes on from there), or moves the beginning of the
one that lasts; anything else ends it. One that ends before it began never was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .wire.control import SourceFact

Span = tuple[int, int]
"""From the first moment (ms) to the one after the last; ``LASTS`` while it goes on."""

LASTS: Final = 1 << 60

KEPT: Final = 64
"""Spans that are remembered of a source, the newest: more than one a week within the longest silence."""

PUSH: Final = "push"
"""The source that tells of revoked tokens."""


class Outages(msgspec.Struct, frozen=True, array_like=True):
    """What is known of the sources: spans in the order of time that do not touch, by source.

    Attributes:
        quiet: when nothing came from a source, for anybody.
        bursts: when tokens were revoked in numbers that are the provider's doing.
    """

    quiet: dict[str, list[Span]] = {}
    bursts: dict[str, list[Span]] = {}

    def after(self, fact: SourceFact) -> Outages:
        """The same, and what one more record says."""
        return Outages(
            _told(self.quiet, fact, begins=fact.state == "quiet"),
            _told(self.bursts, fact, begins=fact.state == "burst"),
        )

    def of(self, sources: Sequence[str]) -> Sequence[Span]:
        """When any of these sources was quiet."""
        if len(sources) == 1:
            return self.quiet.get(sources[0], ())
        return _joined(span for source in sources for span in self.quiet.get(source, ()))

    def bursting(self, at: int) -> bool:
        """Whether tokens were revoked in a burst at a moment (ms)."""
        return bool(self.burst_at(at))

    def burst_at(self, at: int) -> int:
        """When the burst began in which a moment lies (ms), 0 for none."""
        return next((since for since, until in self.bursts.get(PUSH, ()) if since <= at < until), 0)

    @property
    def ends(self) -> Span:
        """The beginning of the first and the end of the last time that any source was quiet."""
        spans = [span for spans in self.quiet.values() for span in spans]
        return (min(spans)[0], max(until for _, until in spans)) if spans else (0, 0)

    def lie_between(self, start: int, end: int) -> bool:
        """Whether a source may have been quiet between two moments (ms): never no where it was."""
        first, last = self.ends
        return start < last and end > first

    def __bool__(self) -> bool:
        """Whether there is anything to be looked up."""
        return bool(self.quiet or self.bursts)


NONE: Final = Outages()

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Outages).decode


def encode(outages: Outages) -> bytes:
    """The stored form, which lies beside the facts of the context."""
    return _pack(outages)


def decode(payload: bytes) -> Outages:
    """Read the stored form."""
    return _unpack(payload)


def _told(known: dict[str, list[Span]], fact: SourceFact, *, begins: bool) -> dict[str, list[Span]]:
    """The spans of one kind after a record."""
    spans = known.get(fact.source, [])
    told = _begun(spans, fact.since) if begins else _ended(spans, fact.since)
    others = {source: spans for source, spans in known.items() if source != fact.source}
    return {**others, fact.source: told} if told else others


def _begun(spans: Sequence[Span], since: int) -> list[Span]:
    """A span begins, or the one that lasts began at another moment."""
    over = [span for span in spans if span[1] != LASTS]
    touched = [start for start, until in over if until >= since]
    return [*(span for span in over if span[1] < since), (min([since, *touched]), LASTS)][-KEPT:]


def _ended(spans: list[Span], at: int) -> list[Span]:
    """The span that lasts ends, or never was."""
    if not spans or spans[-1][1] != LASTS:
        return spans
    start = spans[-1][0]
    return [*spans[:-1], (start, at)] if at > start else spans[:-1]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans of several sources as one list in which none touches another."""
    joined: list[Span] = []
    for since, until in sorted(spans):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return joined
