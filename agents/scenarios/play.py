"""The course of a play, whoever plays: what to send before each tick, and what to make of the answers.

A player sends each round's facts and records, tells the time, and hands in what was published then:

    for round_ in play.rounds():
        … send round_.facts and round_.sendings, tick round_.at …
        play.hear(round_.at, effects)
        … ask why of each of round_.asked, and play.learn(round_.at, customer, answer) …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .script import Sending, last_tick, questions, sendings, tellings, ticks
from .service import Services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streams.timeline import Effect
    from streams.wire.control import Fact

    from .form import Scenario


class Round(NamedTuple):
    """What is sent before a tick, the tick (ms), whether a worker is killed while it makes the cut.

    ``asked`` are the customers of whom ``why`` is asked after it.
    """

    facts: Sequence[Fact]
    sendings: Sequence[Sending]
    at: int
    restart: bool
    asked: Sequence[str] = ()


class Published(NamedTuple):
    """A signal or command, and the tick (ms) after which it was published."""

    family: str
    body: dict[str, Any]
    tick: int
    effect: Effect


class Play:
    """Some scenarios that are played as one (``script.stages``)."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.scenarios = scenarios
        self.published: list[Published] = []
        self.answers: dict[tuple[int, str], dict[str, Any]] = {}
        self._services = [Services(scenario.services) for scenario in scenarios]
        self._of = {name: place for place, one in enumerate(scenarios) for name in one.customers}

    def rounds(self) -> Iterator[Round]:
        """The rounds in order; `hear` must be told of each before the next."""
        first, *told = tellings(self.scenarios[0])
        waiting = sorted((s for one in self.scenarios for s in sendings(one)), key=lambda sending: sending.at)
        restarts = sorted({at for one in self.scenarios for at in one.restarts})
        facts: list[Fact] = [first.fact]
        for at in sorted({at for one in self.scenarios for at in ticks(one)}):
            # What is told at the start holds from the start; all else comes after a tick of its moment.
            now = [each for each in told if each.at < at or each.at <= self.scenarios[0].start]
            told = told[len(now) :]
            count = next((i for i, sending in enumerate(waiting) if sending.at >= at), len(waiting))
            due, waiting = waiting[:count], waiting[count:]
            answers = [answer for services in self._services for answer in services.answers(at)]
            due = sorted([*due, *answers], key=lambda sending: sending.at)
            killed = [moment for moment in restarts if moment <= at]
            restarts = restarts[len(killed) :]
            asked = [who for one in self.scenarios for who in questions(one, at)]
            yield Round([*facts, *(each.fact for each in now)], due, at, bool(killed), asked)
            facts = []

    def hear(self, tick: int, effects: Iterable[Effect]) -> None:
        """Take in what was published after a tick (ms)."""
        for effect in effects:
            body = msgspec.json.decode(effect.value)
            family = "command" if ".commands." in effect.topic else "signal"
            self.published.append(Published(family, body, tick, effect))
            place = self._of.get(body["customer_id"])
            if family == "command" and place is not None:
                self._services[place].hear(body, tick)

    def learn(self, tick: int, customer: str, answer: dict[str, Any]) -> None:
        """Take in what `why` answers of a customer after a tick (ms)."""
        self.answers[tick, customer] = answer

    def of(self, scenario: Scenario) -> list[Published]:
        """What was published for the customers of one scenario while it lasted."""
        end = last_tick(scenario)
        return [
            each
            for each in self.published
            if each.body["customer_id"] in scenario.customers and each.tick <= end
        ]
