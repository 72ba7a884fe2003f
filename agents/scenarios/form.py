"""The form of a scenario: from a YAML file to a typed scenario, each error with its line.

``docs/scenarios.md`` describes it for those who write one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from streams.policy.builtin import DEFAULT
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import DAY, HOUR

from . import asked, events, facts, wanted
from .crowd import crowd_of
from .given import Given, ScenarioError, Slip, read, unknown
from .moments import absolute, duration, moment, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from streams.policy.model import Policy

    from .asked import Question
    from .crowd import Crowd
    from .events import EventLine
    from .facts import Told
    from .wanted import Wanted

_NAMES: Final = (
    *("scenario", "guide", "start", "every", "until", "policy", "consent", "profile", "plan"),
    *("events", "service", "offers", "control", "outage", "restart", "then", "never", "only", "crowd", "why"),
)
REPORTS: Final[Mapping[str, Sequence[str]]] = {
    "email": ("sent", "delivered", "opened", "clicked", "bounced", "dropped", "complained"),
    "push": ("sent", "delivered", "opened", "clicked", "bounced", "dropped", "dismissed"),
    "in_app": ("shown", "clicked", "dismissed"),
}
"""What the service of a channel may report of a message."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A source that is quiet for everybody: its events between two moments (ms) are lost."""

    source: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, read. All moments and lengths are in ms.

    Attributes:
        title: what it shows.
        where: the file and line where it begins.
        guide: the rows of mission.md that it shows.
        start: the moment from which the others are told.
        until: the last tick.
        every: how far the regular ticks are apart.
        named: the moments that the file names; each gets a tick once the grace is over.
        policy: at the start.
        events: what happens.
        told: facts on control.
        services: by channel, what its service reports after how long.
        outages: sources that go quiet.
        restarts: when a worker is killed.
        wanted: what must be published, and what must not.
        only: nothing else may be published.
        asked: what `why` must answer.
        crowd: ordinary customers around the named ones; the population role is at work then.
    """

    title: str
    where: str
    guide: Sequence[str]
    start: int
    until: int
    every: int
    named: Sequence[int]
    policy: Policy
    events: Sequence[EventLine]
    told: Sequence[Told]
    services: Mapping[str, Mapping[str, int]]
    outages: Sequence[Outage]
    restarts: Sequence[int]
    wanted: Sequence[Wanted]
    only: bool
    asked: Sequence[Question]
    crowd: Crowd | None = None

    @property
    def graces(self) -> Sequence[int]:
        """How long each policy of the scenario waits for late events, after a deadline."""
        policies = [self.policy, *(told.policy for told in self.told if told.policy is not None)]
        return sorted({rule.grace for policy in policies for rule in policy.detect.silences.values()})

    @property
    def customers(self) -> frozenset[str]:
        """Everybody in it."""
        return frozenset(line.customer for line in self.events)

    def tell(self, at: int) -> str:
        """A moment for a reader."""
        return tell(at, self.start)


def read_file(file: Path, base: str = DEFAULT) -> list[Scenario]:
    """The scenarios of a file, ``---`` between them.

    Args:
        file: the YAML file.
        base: the text of the policy that the scenarios' `policy` changes.

    Raises:
        ScenarioError: something is wrong; each slip has its line.
        OSError: the file cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ScenarioError([Slip(1, "the file is not UTF-8 text")]) from None
    found = [_scenario(given, file.name, base) for given in read(text)]
    if not found:
        raise ScenarioError([Slip(1, "there is no scenario in it")])
    return found


def _scenario(given: Given, name: str, base: str) -> Scenario:
    table = given.named("a scenario", _NAMES)
    for needed in ("scenario", "start", "until"):
        if needed not in table:
            given.fail(f"`{needed}` is missing")
    start = absolute(table["start"], "start")
    until = moment(table["until"], start, "until")
    if until <= start:
        table["until"].fail("until must be later than start")
    policy = facts.policy_of(base, table.get("policy"), holdout_off=True)
    scenario = Scenario(
        title=table["scenario"].text("scenario"),
        where=f"{name}:{table['scenario'].line}",
        guide=_texts(table, "guide"),
        start=start,
        until=until,
        every=_every(table.get("every")),
        named=(),
        policy=policy,
        events=[*events.shorthands(table, start), *events.lines(table.get("events"), start, until)],
        told=list(facts.told(table, start, policy)),
        services=_services(table.get("service")),
        outages=list(_outages(table.get("outage"), start)),
        restarts=[moment(entry, start, "restart") for entry in _entries(table, "restart")],
        wanted=list(wanted.lines(table, start)),
        only=_only(table.get("only")),
        asked=list(asked.questions(table, start, until)),
        crowd=crowd_of(table["crowd"]) if "crowd" in table else None,
    )
    return replace(scenario, named=_named(scenario))


def _named(scenario: Scenario) -> list[int]:
    """The moments that a file names with `at`."""
    moments = {line.at for line in scenario.events if line.named}
    moments |= {told.at for told in scenario.told}
    moments |= {question.at for question in scenario.asked}
    moments |= {line.low for line in scenario.wanted if line.low is not None and line.low == line.high}
    return sorted(moments)


def _entries(table: dict[str, Given], name: str) -> list[Given]:
    return table[name].entries(name) if name in table else []


def _texts(table: dict[str, Given], name: str) -> list[str]:
    return [entry.text(name) for entry in _entries(table, name)]


def _every(given: Given | None) -> int:
    if given is None:
        return DAY
    every = duration(given, "every")
    if every < HOUR // 60:
        given.fail("every must be a minute or more")
    return every


def _only(given: Given | None) -> bool:
    if given is not None and not isinstance(given.plain, bool):
        given.fail("only must be true or false")
    return bool(given and given.plain)


def _services(given: Given | None) -> dict[str, dict[str, int]]:
    services: dict[str, dict[str, int]] = {}
    for channel, reports in (given.named("service", REPORTS) if given else {}).items():
        delays = reports.named(f"service.{channel}", REPORTS[channel])
        services[channel] = {report: duration(delay, report) for report, delay in delays.items()}
    return services


def _outages(given: Given | None, start: int) -> Iterator[Outage]:
    for entry in given.entries("outage") if given else []:
        table = entry.named("outage", ("surface", "from", "to"))
        if len(table) < len(("surface", "from", "to")):
            entry.fail("an outage needs surface, from and to")
        source = table["surface"].text("surface")
        if source not in SHORT_TOPICS:
            table["surface"].fail(unknown("a source", source, SHORT_TOPICS))
        outage = Outage(source, moment(table["from"], start, "from"), moment(table["to"], start, "to"))
        if outage.until <= outage.since:
            entry.fail("an outage ends after it begins")
        yield outage
