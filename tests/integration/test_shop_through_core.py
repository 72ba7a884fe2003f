"""The synthetic shop through the pure core, commands answered: true ends are found, and few others."""

import json
from typing import Any

import pytest

from devkit.shop import Shop
from streams.offline import Offline
from streams.topics import catalogue
from streams.wire.times import DAY, parse_time

TOPICS = catalogue("shop", 4)


class Season:
    """A year of the shop, with a tick a day; its messaging service carries out what is commanded."""

    def __init__(self) -> None:
        self.shop = Shop(11, 120, "2025-01-06T00:00:00.000Z", 365)
        self.core = Offline(TOPICS)
        self.signals: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        due = self.shop.start + DAY
        for event, topic in self.shop.events():
            while parse_time(event["occurred_at"]) >= due:
                self._tick(due)
                due += DAY
            self.core.send(topic, event["customer_id"].encode(), json.dumps(event).encode())
        self._tick(due)

    def _tick(self, at: int) -> None:
        for effect in self.core.tick(at):
            value = json.loads(effect.value)
            if effect.topic == TOPICS.signals.name:
                self.signals.append(value)
            else:
                self.commands.append(value)
                self.shop.respond(value)

    def opened(self, kind: str) -> list[tuple[str, int]]:
        return [
            (signal["customer_id"], parse_time(signal["at"]))
            for signal in self.signals
            if (signal["kind"], signal["action"]) == (kind, "opened")
        ]


@pytest.fixture(scope="module")
def season() -> Season:
    return Season()


def test_nothing_that_the_shop_sends_is_rejected(season: Season) -> None:
    assert season.core.rejects == []


@pytest.mark.parametrize(("kind", "stream"), [("brand_stopped", "visit"), ("purchase_stopped", "purchase")])
def test_most_ends_are_found_and_most_that_is_found_is_an_end(season: Season, kind: str, stream: str) -> None:
    # Who returns within weeks was no lapse to find, and an end close to the last day cannot be noticed yet;
    # a fading one may be noticed while it fades.
    ends = {
        truth.customer_id: truth.lapsed_at
        for truth in season.shop.truth()
        if truth.stream == stream
        and truth.lapsed_at
        and truth.lapsed_at + 60 * DAY < (truth.returned_at or season.shop.until)
    }
    assert len(ends) >= 10
    found = {who for who, at in season.opened(kind) if who in ends and at >= ends[who] - 60 * DAY}
    assert len(found) >= 0.8 * len(ends)

    everyone = {truth.customer_id for truth in season.shop.truth()}
    lapsed = {
        truth.customer_id for truth in season.shop.truth() if truth.stream == stream and truth.lapsed_at
    }
    alarmed = {who for who, _ in season.opened(kind)} - lapsed
    assert len(alarmed) < 0.4 * len(everyone - lapsed)


def test_some_are_won_back_and_their_episodes_close(season: Season) -> None:
    sent = {command["customer_id"] for command in season.commands if command["play"] == "win_back"}
    back = {truth.customer_id for truth in season.shop.truth() if truth.returned_at} & sent
    closed = {
        signal["customer_id"]
        for signal in season.signals
        if signal["kind"] == "brand_stopped" and signal.get("reason") == "returned"
    }
    assert back
    assert len(back & closed) >= 0.5 * len(back)
