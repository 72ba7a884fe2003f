"""Compares what a scenario says with what came, and says readably where they part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from streams.wire.times import parse_time

from .moments import as_moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .asked import Question
    from .form import Scenario
    from .play import Published
    from .wanted import Wanted

Answers = dict[tuple[int, str], dict[str, Any]]
"""What `why` answered, by tick (ms) and customer."""

_SHOWN: Final = 12
"""Records listed in a report: enough to see what went on, few enough to be read."""
_ASIDE: Final = ("kind", "action", "customer_id")
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scenario: the failures, ready to be printed; none if it holds."""

    scenario: Scenario
    failures: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all is as the scenario says."""
        return not self.failures

    def report(self) -> str:
        """The failures under the scenario's title."""
        head = f"{self.scenario.where}: {self.scenario.title}"
        return "\n".join([head, *(_indented(failure) for failure in self.failures)])


def judge(scenario: Scenario, came: Sequence[Published], answers: Answers) -> Outcome:
    """Compare each line with the records that came, and with what `why` answered."""
    outcome = Outcome(scenario)
    expected: set[int] = set()
    for line in scenario.wanted:
        found = [place for place, record in enumerate(came) if not _differences(line, record, scenario)]
        expected |= set(found) if line.times else set()
        if len(found) != line.times:
            outcome.failures.append(_failure(line, [came[place] for place in found], came, scenario))
    grace = max(scenario.graces)
    for question in scenario.asked:
        answer = answers[question.at + grace, question.customer]
        outcome.failures.extend(_unanswered(question, answer, scenario))
    if scenario.only:
        extra = [record for place, record in enumerate(came) if place not in expected]
        if extra:
            lines = "\n".join(f"  {_told(record, scenario)}" for record in extra)
            outcome.failures.append(f"nothing more was expected (only: true), but there came:\n{lines}")
    return outcome


def _unanswered(question: Question, answer: Mapping[str, Any], scenario: Scenario) -> list[str]:
    """Where `why` does not answer as a line says; nothing if it does."""
    head = f"line {question.line}: why {question.customer} at {scenario.tell(question.at)}"
    if question.row is None:
        found: list[str] = []
        _compare("why", dict(question.whole), answer, scenario, found)
        return ["\n".join([f"{head}:", *(f"  {each}" for each in found)])] if found else []
    rows = [row for row in answer["rows"] if row["row"] == question.row["row"]]
    misses = [_misses(question.row, row, scenario) for row in rows]
    if any(not miss for miss in misses):
        return []
    if not rows:
        return [f"{head}: there is no entry for {question.row['row']}"]
    nearest = min(misses, key=len)
    return ["\n".join([f"{head}, {question.row['row']}:", *(f"  {each}" for each in nearest)])]


def _misses(wanted: Mapping[str, Any], row: Mapping[str, Any], scenario: Scenario) -> list[str]:
    """Where an entry of an answer is not what a line means; all reasons that are given are there."""
    found: list[str] = []
    for name, value in wanted.items():
        if name == "reasons" and isinstance(value, list):
            lacking = [reason for reason in value if reason not in row["reasons"]]
            found += [f"reasons are {row['reasons']}, without {reason}" for reason in lacking]
        else:
            _compare(name, value, row.get(name, _ABSENT), scenario, found)
    return found


def _failure(line: Wanted, found: Sequence[Published], came: Sequence[Published], scenario: Scenario) -> str:
    """One line that does not hold: what was expected, what came, and the nearest miss."""
    number = f"line {line.line}: expected {_times(line.times)} {_said(line, scenario)}, came {len(found)}"
    if found:
        return "\n".join([number, *(f"  {_told(record, scenario)}" for record in found[:_SHOWN])])
    alike = [record for record in came if line.family in (None, record.family)]
    if not alike:
        return f"{number}: no {line.family or 'record'} came at all"
    nearest = min(alike, key=lambda record: len(_differences(line, record, scenario)))
    parts = [number, f"  nearest: {_told(nearest, scenario)}"]
    parts += [f"    {difference}" for difference in _differences(line, nearest, scenario)]
    parts += ["  came:", *(f"    {_told(record, scenario)}" for record in alike[:_SHOWN])]
    if len(alike) > _SHOWN:
        parts.append(f"    … and {len(alike) - _SHOWN} more")
    return "\n".join(parts)


def _differences(line: Wanted, record: Published, scenario: Scenario) -> list[str]:
    """Where a record is not what a line means; nothing if it is."""
    if line.family not in (None, record.family):
        return [f"it is a {record.family}, not a {line.family}"]
    found: list[str] = []
    for name, wanted in line.fields.items():
        _compare(name, wanted, record.body.get(name, _ABSENT), scenario, found)
    at = parse_time(record.body["at"])
    if line.low is not None and at < line.low:
        found.append(f"at is {scenario.tell(at)}, earlier than {scenario.tell(line.low)}")
    if line.high is not None and at > line.high:
        found.append(f"at is {scenario.tell(at)}, later than {scenario.tell(line.high)}")
    return found


def _compare(path: str, wanted: Any, came: Any, scenario: Scenario, found: list[str]) -> None:  # noqa: ANN401 - JSON
    """Compare a value as far as it is given."""
    if isinstance(wanted, dict) and isinstance(came, dict):
        for name, inside in wanted.items():
            _compare(f"{path}.{name}", inside, came.get(name, _ABSENT), scenario, found)
        return
    if isinstance(wanted, list) and isinstance(came, list):
        if len(wanted) != len(came):
            found.append(f"{path} has {len(came)} entries, not {len(wanted)}: {came}")
            return
        for place, (one, other) in enumerate(zip(wanted, came, strict=True)):
            _compare(f"{path}[{place}]", one, other, scenario, found)
        return
    if not _same(wanted, came, scenario):
        shown = "not there" if came is _ABSENT else came
        found.append(f"{path} is {shown}, not {wanted}")


def _same(wanted: Any, came: Any, scenario: Scenario) -> bool:  # noqa: ANN401 - JSON
    if wanted is None or came is None or came is _ABSENT:
        return wanted is None and (came is None or came is _ABSENT)
    if isinstance(wanted, bool) or isinstance(came, bool):
        return wanted is came
    if isinstance(wanted, str) and isinstance(came, str) and (at := _time(came)) is not None:
        return as_moment(wanted, scenario.start) == at
    return bool(wanted == came)


def _time(text: str) -> int | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def _times(number: int) -> str:
    return {0: "never a", 1: "one"}.get(number, f"{number} times a")


def _said(line: Wanted, scenario: Scenario) -> str:
    """A line of the scenario in words."""
    fields = dict(line.fields)
    words = [line.family or "record", *(str(fields.pop(name)) for name in _ASIDE if name in fields)]
    words += [f"{name} {value}" for name, value in fields.items()]
    if line.low is not None and line.high is not None:
        words.append(f"at {scenario.tell(line.low)}")
        if line.high != line.low:
            words.append(f"to {scenario.tell(line.high)}")
    return " ".join(words)


def _told(record: Published, scenario: Scenario) -> str:
    """A record in words."""
    body = record.body
    words = [record.family, *(str(body[name]) for name in _ASIDE if name in body)]
    words += [
        f"{name} {body[name]}" for name in ("reason", "channel", "play", "step", "arm") if body.get(name)
    ]
    if body.get("historical"):
        words.append("historical")
    return f"{' '.join(words)} at {scenario.tell(parse_time(body['at']))}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
