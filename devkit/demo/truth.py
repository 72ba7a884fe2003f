"""What was said, held against what the shop knows: which ends were found, and which alarms were false.

Three kinds of silence have a truth here: of purchases and of everything ("brand") one of their own, and a
surface's (app, web, store) only in so far as somebody who stopped visiting has left every surface. Ends of
reading messages are not counted: they are not looked for yet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from devkit.shop import Holiday, Shop, Truth
from devkit.shop.traits import FADE, customer_id, joined_at
from streams.wire.times import DAY

from .scene import Opening

STREAM_OF: Final = {"purchase_stopped": "purchase", "brand_stopped": "visit"}
"""The kinds whose ends can be counted, and the shop's stream that ends."""

SURFACES: Final = ("app_stopped", "web_stopped", "store_stopped")

YEAR: Final = 365.25 * DAY


class Span(NamedTuple):
    """From when to when (ms) something lasted."""

    since: int
    until: int

    def meets(self, other: "Span") -> bool:
        """Whether the two have a moment in common."""
        return self.since < other.until and other.since < self.until


@dataclass(slots=True)
class Verdict:
    """How one kind of alarm did.

    Attributes:
        kind: of the signals.
        alarms: opened and not taken back.
        ends: that really came; 0 where ends cannot be counted by this kind.
        found: of those ends.
        delays: from each end found to its alarm, days; 0 where it was raised while the habit faded.
        too_short: ends not found where the customer was back, or the time was over, within `SHORT`.
        right: alarms during a true end.
        fading: alarms while a habit was fading, before its end was complete.
        holiday: alarms during a holiday, which is no lapse.
        false: all others.
        years: that customers spent without an end, over all of them.
    """

    kind: str
    alarms: int = 0
    ends: int = 0
    found: int = 0
    too_short: int = 0
    right: int = 0
    fading: int = 0
    holiday: int = 0
    false: int = 0
    years: float = 0.0
    delays: list[float] = field(default_factory=list)

    @property
    def delay(self) -> float | None:
        """The median delay in days."""
        return median(self.delays) if self.delays else None

    @property
    def false_a_year(self) -> float:
        """False alarms per customer and year, holidays among them: the customer had not left."""
        return (self.false + self.holiday) / self.years if self.years else 0.0


SHORT: Final = 30 * DAY
"""An end of less than this had hardly time to be noticed."""


def judge(shop: Shop, episodes: Iterable[Opening]) -> list[Verdict]:
    """Compare the episodes of a whole run with the truth of its shop."""
    episodes = [episode for episode in episodes if episode.ended != "retracted"]
    book = _Book(shop)
    verdicts = [book.of_stream(kind, stream, episodes) for kind, stream in STREAM_OF.items()]
    return verdicts + [book.of_surface(kind, episodes) for kind in SURFACES]


class _Book:
    """The truth, by customer."""

    def __init__(self, shop: Shop) -> None:
        self._until = shop.until
        self._truths: dict[tuple[str, str], Truth] = {(t.customer_id, t.stream): t for t in shop.truth()}
        self._holidays: dict[str, Holiday] = {holiday.customer_id: holiday for holiday in shop.holidays()}
        self._joined = {
            customer_id(number): joined_at(shop.seed, number, shop.start, shop.days)
            for number in range(shop.customers)
        }

    def of_stream(self, kind: str, stream: str, episodes: Sequence[Opening]) -> Verdict:
        """A kind whose ends can be counted."""
        verdict = self._alarms(kind, stream, episodes)
        for truth in self._truths.values():
            span = self._span(truth)
            if truth.stream != stream or span is None:
                continue
            verdict.ends += 1
            alarms = [e for e in episodes if _is_about(e, kind, truth) and self._open(e).meets(span)]
            if alarms:
                verdict.found += 1
                verdict.delays.append(max(0, min(e.at for e in alarms) - span.since) / DAY)
            elif span.until - span.since < SHORT:
                verdict.too_short += 1
        return verdict

    def of_surface(self, kind: str, episodes: Sequence[Opening]) -> Verdict:
        """A surface: right if the customer had left all of them."""
        return self._alarms(kind, "visit", episodes)

    def _alarms(self, kind: str, stream: str, episodes: Sequence[Opening]) -> Verdict:
        verdict = Verdict(kind, years=self._years(stream))
        for episode in episodes:
            if episode.kind != kind:
                continue
            verdict.alarms += 1
            name = self._judge(episode, self._truths[episode.customer_id, stream])
            setattr(verdict, name, getattr(verdict, name) + 1)
        return verdict

    def _judge(self, episode: Opening, truth: Truth) -> str:
        span, opened = self._span(truth), self._open(episode)
        if span is not None and opened.meets(span):
            return "right"
        if span is not None and truth.kind == "fade" and opened.meets(Span(span.since - FADE, span.since)):
            return "fading"
        holiday = self._holidays.get(episode.customer_id)
        away = holiday is not None and Span(episode.started_at, opened.until).meets(
            Span(holiday.since, holiday.until)
        )
        return "holiday" if away else "false"

    def _span(self, truth: Truth) -> Span | None:
        if truth.lapsed_at is None or truth.lapsed_at >= self._until:
            return None
        return Span(truth.lapsed_at, self._until if truth.returned_at is None else truth.returned_at)

    def _open(self, episode: Opening) -> Span:
        return Span(episode.at, self._until if episode.ended_at is None else episode.ended_at)

    def _years(self, stream: str) -> float:
        spans = ((t.customer_id, self._span(t)) for t in self._truths.values() if t.stream == stream)
        lived = sum(self._until - self._joined[id_] - (s.until - s.since if s else 0) for id_, s in spans)
        return lived / YEAR


def _is_about(episode: Opening, kind: str, truth: Truth) -> bool:
    return episode.kind == kind and episode.customer_id == truth.customer_id
