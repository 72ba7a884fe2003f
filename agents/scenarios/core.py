"""The player in memory: the pure core, cut where a worker with an external clock would be ticked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.offline import Offline
from streams.topics import catalogue

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
    course, world = Play(scenarios), Offline(topics)
    for round_ in course.rounds():
        course.hear(round_.at, carry_out(round_, world))
    return course


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
    return judge(scenario, play([scenario]).of(scenario))


def channels_of(scenarios: Sequence[Scenario]) -> list[str]:
    """Every channel that a policy of these scenarios has."""
    policies = [one.policy for one in scenarios]
    policies += [told.policy for one in scenarios for told in one.told if told.policy is not None]
    return list(dict.fromkeys(name for policy in policies for name in policy.channels))
