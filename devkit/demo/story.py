"""What is played: a year of the synthetic shop, or the user's own history."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agents.replay.history import HistoryEvent, read_history
from agents.replay.mapping import Mapping
from agents.replay.source import BadRow, HistoryError
from devkit.shop import Shop
from streams.wire.control import OffersFact, decode_control
from streams.wire.times import parse_time

_encode = msgspec.json.Encoder().encode


class Story(Protocol):
    """Events in order of time, and what answers to commands."""

    @property
    def title(self) -> str:
        """Whose events these are."""

    @property
    def since(self) -> int:
        """Event time of the beginning (ms)."""

    @property
    def until(self) -> int:
        """Event time of the last tick (ms)."""

    def events(self) -> Iterator[HistoryEvent]:
        """The events; what `respond` causes comes out in its place."""

    def respond(self, command: dict[str, Any]) -> None:
        """Be the messaging service for a command, decoded from JSON."""

    def offers(self) -> OffersFact | None:
        """What promotions may name."""


class ShopStory:
    """The synthetic shop.

    Args:
        shop: not played yet.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.title = f"a shop with {shop.customers} customers"
        self.since, self.until = shop.start, shop.until

    def events(self) -> Iterator[HistoryEvent]:
        """Play the shop."""
        for event, topic in self.shop.events():
            key = event["customer_id"].encode()
            yield HistoryEvent(topic, key, _encode(event), parse_time(event["occurred_at"]))

    def respond(self, command: dict[str, Any]) -> None:
        """Let the shop's messaging service carry a command out."""
        self.shop.respond(command)

    def offers(self) -> OffersFact:
        """All offers of the shop's time; each holds from its own beginning."""
        body = {"v": 1, "kind": "offers", "version": f"shop-{self.shop.seed}", "offers": self.shop.offers()}
        fact = decode_control(_encode(body))
        assert isinstance(fact, OffersFact)
        return fact


class HistoryStory:
    """The user's own history. Read once here, to know its length and its faults before anything is started.

    Args:
        path: CSV or JSON lines, gzip or not, in any order.
        mapping: what the file calls things.

    Attributes:
        bad: rows that are no events; they are left out.

    Raises:
        HistoryError: the file cannot be read, or has no usable row.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self._path, self._mapping = path, mapping
        self.bad: list[BadRow] = []
        self.title = path.name
        self.count, first, last = 0, 0, 0
        self.customers: set[bytes] = set()
        for event in read_history([path], mapping, sort=True, on_bad=self.bad.append):
            first = first if self.count else event.occurred_at
            last = event.occurred_at
            self.count += 1
            self.customers.add(event.key)
        if not self.count:
            why = f"; the first row says: {self.bad[0]}" if self.bad else ""
            raise HistoryError(f"{path}: no events in it{why}")
        self.since, self.until = first, last + 1

    def events(self) -> Iterator[HistoryEvent]:
        """Read the file again."""
        return read_history([self._path], self._mapping, sort=True, on_bad=_known)

    def respond(self, command: dict[str, Any]) -> None:
        """Do nothing: how these customers would have reacted, nobody knows."""

    def offers(self) -> None:
        """None are known."""


def _known(_row: BadRow) -> None:
    """It was counted when the file was read first."""


def bad_rows(story: HistoryStory, most: int = 3) -> Sequence[str]:
    """What to say about rows that were left out."""
    if not story.bad:
        return ()
    more = [f"  and {len(story.bad) - most:,} more"] if len(story.bad) > most else []
    return [f"{len(story.bad):,} rows were left out:", *(f"  {row}" for row in story.bad[:most]), *more]
