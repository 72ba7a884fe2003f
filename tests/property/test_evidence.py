"""The verdict of every signal that any history yields is reached again from the signal alone (N6)."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from streams.telling import has_sentence, told
from streams.verify import verify
from streams.wire.reject import Rejection
from streams.wire.signal import Signal, decode_signal
from streams.wire.times import DAY, format_time, parse_time

from ..support.anything import CUSTOMERS, History, histories
from ..support.story import Story, T, consent, every, message, tell, weekly_buyer


def signals_of(story: Story) -> Iterator[Signal]:
    for effect in story.effects:
        if effect.topic.endswith(".signals.v1"):
            yield read(effect.value)


def read(value: bytes) -> Signal:
    found = decode_signal(value)
    assert not isinstance(found, Rejection)
    return found


@settings(max_examples=100)
@given(histories())
def test_every_signal_of_any_history_is_reached_again(history: History) -> None:
    for signal in signals_of(history.played()):
        assert verify(signal) == [], signal


@settings(max_examples=60)
@given(histories())
def test_why_answers_whatever_happened_and_says_what_is_open(history: History) -> None:
    story = history.played()
    standing = {(s["customer_id"], s["kind"], s["channel"], s.get("surface")) for s in open_at_the_end(story)}
    for who in sorted(set(CUSTOMERS)):
        answer = story.offline.why(who)
        open_ = {(who, r.kind, r.channel, r.surface) for r in answer.rows if r.verdict == "open"}
        assert open_ == {each for each in standing if each[0] == who}
        assert [r for row in answer.rows for r in row.reasons if not has_sentence(r)] == []
        assert told(answer)


def open_at_the_end(story: Story) -> list[dict[str, Any]]:
    left: dict[str, dict[str, Any]] = {}
    for signal in story.signals():
        if signal["action"] == "opened":
            left[signal["episode"]] = signal
        else:
            del left[signal["episode"]]
    return list(left.values())


def examples() -> list[Signal]:
    """One signal of each form."""
    back = [
        message(T + 41 * DAY, "email.complained"),
        consent(T + 20 * DAY, "push", "out", reason="settings"),
    ]
    story = tell(
        [
            *weekly_buyer(),
            *every(DAY, 80, T + 60 * DAY, "app.opened"),
            *every(DAY, 1, T + 50 * DAY, "web.visited"),
            consent(T, "email", "in"),
            consent(T, "push", "in"),
            *back,
            consent(T + 30 * DAY, "push", "in"),
        ],
        T + 70 * DAY,
    )
    found: dict[str, Signal] = {}
    for signal in signals_of(story):
        found.setdefault(f"{signal.evidence['rule']['by']}-{signal.action}", signal)
    return list(found.values())


EXAMPLES = examples()


def test_there_is_an_example_of_each_form() -> None:
    assert {signal.evidence["rule"]["by"] for signal in EXAMPLES} == {
        "silence",
        "return",
        "end",
        "push_opted_out",
        "email_opted_out",
    }


NO_MATTER: dict[str, set[str]] = {
    "silence": {
        *("precision", "alpha", "after", "c", "a", "b"),  # of other rules than `yearly`
        *("population", "prior_from"),  # where numbers are from
        "horizon",  # what it comes to in the time that counts matters: `horizon_days`
        *("at_least", "at_most", "explained", "ratio"),  # bounds that were not reached
    },
    "return": {"retract"},
    "end": set(),
    "push_opted_out": {"early"},
    "email_opted_out": set(),
}
"""What the verdicts of these examples do not rest on."""


def numbers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from numbers(inside, (*path, name))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


@pytest.mark.parametrize("signal", EXAMPLES, ids=lambda s: f"{s.evidence['rule']['by']}-{s.action}")
def test_a_number_that_was_changed_is_noticed_where_it_matters(signal: Signal) -> None:
    assert verify(signal) == []
    form = signal.evidence["rule"]["by"]
    for path, number in numbers(signal.evidence):
        changed = copy.deepcopy(signal)
        inside: Any = changed.evidence
        for name in path[:-1]:
            inside = inside[name]
        inside[path[-1]] = number * 3 + 2
        assert bool(verify(changed)) is (path[-1] not in NO_MATTER[form]), path


@pytest.mark.parametrize("signal", EXAMPLES, ids=lambda s: f"{s.evidence['rule']['by']}-{s.action}")
@pytest.mark.parametrize("field", ["at", "started_at", "kind", "episode", "id", "customer_id", "action"])
def test_a_field_that_was_changed_is_noticed(signal: Signal, field: str) -> None:
    changed = copy.deepcopy(signal)
    value = getattr(changed, field)
    setattr(changed, field, value + 1 if isinstance(value, int) else f"x{value}")
    assert verify(changed)


def test_a_signal_without_facts_or_with_broken_ones_is_told_and_never_raises() -> None:
    some = EXAMPLES[0].evidence["rule"]
    broken: list[Any] = [None, {}, [], {"by": "silence"}, {"by": "guess"}, {**some, "n": -7.5}]
    for rule in broken:
        changed = copy.deepcopy(EXAMPLES[0])
        changed.evidence["rule"] = rule
        assert verify(changed)


def test_numbers_survive_json() -> None:
    """What was read back is what was reckoned with, to the last bit."""
    for signal in EXAMPLES:
        again = json.loads(json.dumps(signal.evidence))
        assert again == signal.evidence
    assert parse_time(format_time(EXAMPLES[0].at)) == EXAMPLES[0].at
