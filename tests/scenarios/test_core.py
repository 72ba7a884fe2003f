"""Every scenario, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from agents.scenarios import core
from agents.scenarios.asked import Question
from agents.scenarios.expect import judge
from agents.scenarios.form import Scenario
from agents.scenarios.play import Published
from agents.scenarios.script import last_tick, stages
from streams.telling import has_sentence, told
from streams.verify import verify
from streams.wire.reject import Rejection
from streams.wire.signal import decode_signal
from streams.wire.why import Why
from tests.support.scenario_files import ROW, ROWS, all_scenarios, name_of


@pytest.mark.parametrize("scenario", all_scenarios(), ids=name_of)
def test_it_comes_out_as_the_scenario_says(scenario: Scenario) -> None:
    asked = replace(scenario, asked=[*scenario.asked, *at_the_end(scenario)])
    played = core.play([asked])
    if not judge(asked, played.of(scenario), played.answers).holds:
        raise AssertionError(core.run(scenario).report())
    for published in played.of(scenario):
        if published.family == "signal":
            assert_is_reached_again(published.effect.value)
    for (tick, customer), answer in played.answers.items():
        assert_can_be_told(customer, answer)
        if tick == last_tick(scenario):
            assert_says_what_is_open(customer, answer, played.of(scenario))


def at_the_end(scenario: Scenario) -> list[Question]:
    """Why, of everybody, after the last tick."""
    at = last_tick(scenario) - max(scenario.graces)
    return [Question(0, at, customer, None, {}) for customer in sorted(scenario.customers)]


def assert_is_reached_again(value: bytes) -> None:
    """A signal carries what is needed to reach its verdict again, and no other one (N6)."""
    signal = decode_signal(value)
    assert not isinstance(signal, Rejection)
    assert verify(signal) == [], signal
    for moved in ({"at": signal.at + 1}, {"started_at": signal.started_at + 1}):
        assert verify(msgspec.structs.replace(signal, **moved)) != [], moved


def assert_says_what_is_open(customer: str, answer: dict[str, Any], came: Sequence[Published]) -> None:
    """What stands open by the signals is what `why` says."""
    standing: dict[str, tuple[str, str | None, str | None]] = {}
    for signal in (each.body for each in came if each.family == "signal"):
        if signal["customer_id"] == customer and signal["action"] == "opened":
            standing[signal["episode"]] = (signal["kind"], signal["channel"], signal.get("surface"))
        else:
            standing.pop(signal["episode"], None)
    rows = [row for row in answer["rows"] if row["verdict"] == "open"]
    assert sorted(map(str, standing.values())) == sorted(
        str((row["kind"], row.get("channel"), row.get("surface"))) for row in rows
    )


def assert_can_be_told(customer: str, answer: dict[str, Any]) -> None:
    """An answer is a page for people, and every reason in it has a sentence."""
    assert customer in told(msgspec.convert(answer, Why))
    words = {reason for row in answer["rows"] for reason in row["reasons"]}
    assert {word for word in words if not has_sentence(word)} == set(), "say it in streams/telling.py"


def test_every_row_that_is_built_is_shown_and_so_is_what_must_not_happen() -> None:
    shown = {row for scenario in all_scenarios() for row in scenario.guide}
    assert set(ROWS) <= shown
    assert [row for row in shown if not ROW.fullmatch(row)] == []


def test_scenarios_played_together_give_the_same_records_as_alone() -> None:
    """What lets many scenarios share a worker: nobody's records depend on who else is there."""
    for stage in stages(all_scenarios()):
        together = core.play(stage)
        for scenario in stage:
            alone = core.play([scenario]).of(scenario)
            assert [_told(each.body) for each in together.of(scenario)] == [
                _told(each.body) for each in alone
            ]


def _told(body: dict[str, object]) -> tuple[object, ...]:
    # Not `seq`: it begins at the time of the cut that made the row, and more company means more cuts.
    return tuple(body[name] for name in ("id", "action", "at", "policy"))
