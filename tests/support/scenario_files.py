"""The scenarios of tests/scenarios, and which of them a short run plays on a real broker."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agents.scenarios.form import Scenario, read_file

FOLDER = Path(__file__).parents[1] / "scenarios"
ROWS: Sequence[str] = (
    *("D4", "D4 ✗", "D5a", "D5b", "D5c", "D6", "D6 ✗", "D7", "D7 ✗", "D8", "D8 ✗"),
    *("D10a", "D10a ✗", "D10b", "D10c", "R6", "R6 ✗", "R6b", "R6b ✗", "R8", "R9", "R9 ✗", "R15", "R15 ✗"),
    *("N2", "N3"),
)
"""The rows of mission.md that are built, ✗ for what must not happen."""

ROW = re.compile(r"[DRN][0-9]+[abc]?( ✗)?")


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    return tuple(scenario for file in sorted(FOLDER.glob("*.yaml")) for scenario in read_file(file))


def one_per_row() -> list[Scenario]:
    """For each row one scenario that shows it, and every one with a restart; few in all."""
    chosen = [scenario for scenario in all_scenarios() if scenario.restarts]
    for row in ROWS:
        showing = [scenario for scenario in all_scenarios() if row in scenario.guide]
        if showing and not any(scenario in chosen for scenario in showing):
            chosen.append(showing[0])
    return chosen


def name_of(scenario: Scenario) -> str:
    return f"{scenario.where}-{re.sub(r'[^a-z0-9]+', '_', scenario.title.lower())}"
