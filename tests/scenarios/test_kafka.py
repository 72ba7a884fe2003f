"""One scenario per row, or all of them with HOLDFAST_SCENARIOS=all, through a real worker on a real Kafka."""

import os
from pathlib import Path

import pytest

from agents.scenarios.expect import judge
from agents.scenarios.form import Scenario
from agents.scenarios.script import stages
from devkit.broker import RealKafka
from tests.support.kafka_scenarios import KafkaStage
from tests.support.scenario_files import all_scenarios, chosen_stages

ALL = os.environ.get("HOLDFAST_SCENARIOS") == "all"
STAGES = stages(all_scenarios()) if ALL else chosen_stages()


def _name(stage: list[Scenario]) -> str:
    return "+".join(dict.fromkeys(scenario.where.partition(".")[0] for scenario in stage))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(len(STAGES)), ids=[_name(stage) for stage in STAGES])
async def test_worker_and_core_give_the_same_bytes_and_the_scenarios_hold(
    kafka: RealKafka, tmp_path: Path, number: int
) -> None:
    stage = KafkaStage(kafka, tmp_path, f"scenarios-{os.getpid()}-{number}", STAGES[number])
    await stage.play()
    for scenario in STAGES[number]:
        outcome = judge(scenario, stage.played.of(scenario), stage.played.answers)
        assert outcome.holds, outcome.report()
