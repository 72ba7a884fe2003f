"""The scenarios of tests/scenarios, and which of them a short run plays on a real broker."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agents.scenarios.form import Scenario, read_file
from agents.scenarios.script import stages

FOLDER = Path(__file__).parents[1] / "scenarios"
ROWS: Sequence[str] = (
    *("D1", "D1 ✗", "D2", "D2 ✗", "D3", "D3 ✗"),
    *("D4", "D4 ✗", "D5a", "D5a ✗", "D5b", "D5b ✗", "D5c", "D5c ✗", "D6", "D6 ✗", "D7", "D7 ✗", "D8", "D8 ✗"),
    *("D9", "D9 ✗", "D10a", "D10a ✗", "D10b", "D10c", "D10c ✗", "D11", "D11 ✗", "D12", "D12 ✗"),
    *("R1", "R1 ✗", "R4", "R5", "R6", "R6 ✗", "R6b", "R6b ✗", "R7 ✗", "R8", "R8 ✗", "R9", "R9 ✗"),
    *("R10", "R10 ✗", "R15", "R15 ✗", "R18 ✗", "R22", "R22 ✗"),
    *("N1", "N2", "N3", "N5", "N6", "N7", "N8", "N9", "N12", "N14", "N14 ✗"),
)
"""The rows of mission.md of which a scenario shows something, ✗ for what must not happen."""

ROW = re.compile(r"[DRN][0-9]+[abc]?( ✗)?")


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    return tuple(scenario for file in sorted(FOLDER.glob("*.yaml")) for scenario in read_file(file))


def chosen_stages() -> list[list[Scenario]]:
    """Stages (scenarios that can share a worker) until each row is shown, the widest first.

    Those with a restart are always among them.
    """
    left = stages(all_scenarios())
    chosen = [stage for stage in left if any(scenario.restarts for scenario in stage)]
    missing = set(ROWS) - _shown(chosen)
    while missing:
        best = max(left, key=lambda stage: len(missing & _shown([stage])))
        assert missing & _shown([best]), f"no scenario shows {missing}"
        chosen.append(best)
        missing -= _shown([best])
    return chosen


def _shown(some: Sequence[Sequence[Scenario]]) -> set[str]:
    return {row for stage in some for scenario in stage for row in scenario.guide}


def name_of(scenario: Scenario) -> str:
    return f"{scenario.where}-{re.sub(r'[^a-z0-9]+', '_', scenario.title.lower())}"
