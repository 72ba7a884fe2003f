"""The player in memory: the pure core, cut where a worker with an external clock would be ticked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streams.offline import Offline
from streams.telling import told
from streams.topics import catalogue
from streams.wire.why import Why, encode_why

from .asked import Question
from .expect import Outcome, judge
from .play import Play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.timeline import Effect
    from streams.topics import Catalogue

    from .form import Scenario
    from .play import Round

PARTITIONS: Final = 2


def play(scenarios: Sequence[Scenario], topics: Catalogue | None = None) -> Play:
    """Play some scenarios as one (``script.stages``).

    Raises:
        ScenarioError: an event does not fit the wire.
    """
    topics = topics or catalogue(partitions=PARTITIONS, channels=channels_of(scenarios))
    course, world = Play(scenarios), world_of(scenarios, topics)
    for round_ in course.rounds():
        course.hear(round_.at, carry_out(round_, world))
        for customer in round_.asked:
            course.learn(round_.at, customer, explain(customer, world))
    return course


def world_of(scenarios: Sequence[Scenario], topics: Catalogue) -> Offline:
    """What a play happens to; with a crowd the population role is at work."""
    return Offline(topics, population=any(scenario.crowd is not None for scenario in scenarios))


def explain(customer: str, world: Offline) -> dict[str, Any]:
    """What `why` answers of a customer now, as JSON has it."""
    answer: dict[str, Any] = msgspec.json.decode(encode_why(world.why(customer)))
    return answer


def carry_out(round_: Round, world: Offline) -> list[Effect]:
    """Send what a round sends, tell the time, and give what is published then."""
    for fact in round_.facts:
        world.learn(fact)
    for sending in round_.sendings:
        world.send(sending.topic, sending.customer.encode(), sending.value)
    return world.tick(round_.at)


def run(scenario: Scenario) -> Outcome:
    """Play one scenario, and compare what it says with what came.

    Raises:
        ScenarioError: an event does not fit the wire.
    """
    played = play([scenario])
    outcome = judge(scenario, played.of(scenario), played.answers)
    if not outcome.holds:
        outcome.failures.extend(_explained(scenario))
    return outcome


def _explained(scenario: Scenario) -> list[str]:
    """What `why` answers of the customers whose signals are named, at their moments."""
    asked = [
        Question(line.line, line.high, line.fields["customer_id"], None, {})
        for line in scenario.wanted
        if line.family == "signal" and line.times and line.high is not None and "customer_id" in line.fields
    ]
    played = play([replace(scenario, asked=asked, wanted=())])
    return [told(msgspec.convert(answer, Why)) for answer in played.answers.values()]


def channels_of(scenarios: Sequence[Scenario]) -> list[str]:
    """Every channel that a policy of these scenarios has."""
    policies = [one.policy for one in scenarios]
    policies += [told.policy for one in scenarios for told in one.told if told.policy is not None]
    return list(dict.fromkeys(name for policy in policies for name in policy.channels))
