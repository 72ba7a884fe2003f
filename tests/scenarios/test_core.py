"""Every scenario, in memory."""

import pytest

from agents.scenarios import core
from agents.scenarios.form import Scenario
from agents.scenarios.script import stages
from tests.support.scenario_files import ROW, ROWS, all_scenarios, name_of


@pytest.mark.parametrize("scenario", all_scenarios(), ids=name_of)
def test_it_comes_out_as_the_scenario_says(scenario: Scenario) -> None:
    outcome = core.run(scenario)
    assert outcome.holds, outcome.report()


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
