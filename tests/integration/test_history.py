"""A real history through the real worker on a real Kafka says, byte for byte, what the core alone says.

`python -m devkit.bench history` does the same with the whole of it, in hourly ticks.
"""

import itertools
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from devkit.bases import Base, write
from devkit.bench.play import Stage
from devkit.bench.proof import History, expect, published
from devkit.broker import RealKafka
from tests.support.history import kinds, part_of_history

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 4
_numbers = itertools.count()


@pytest.fixture
def history(tmp_path: Path) -> History:
    return part_of_history(tmp_path)


@pytest.fixture
def stage(history: History, kafka: RealKafka, tmp_path: Path) -> Stage:  # noqa: ARG001 - without one: no topics
    return Stage(kafka, tmp_path, f"history{os.getpid()}-{next(_numbers)}", PARTITIONS)


def test_a_history_through_kafka_gives_what_the_core_alone_gives(stage: Stage, history: History) -> None:
    expected = expect(history, stage.topics)
    said = kinds(expected.sent)
    for what in (
        ("opened", "purchase_stopped"),
        ("opened", "brand_stopped"),
        ("closed", "brand_stopped"),
        ("opened", "email_opted_out"),
        ("send", "email"),
        ("cancel", "email"),
    ):
        assert said[what], f"the part of the history has no {what}"
    assert expected.rejects == 0

    played = stage.play(history, expected)

    assert played.comparison.equal, played.comparison.summary()
    assert played.comparison.repeated == 0, "nothing happened that would be a reason to say anything twice"


def test_two_workers_give_the_same(stage: Stage, history: History) -> None:
    played = stage.play(history, expect(history, stage.topics), workers=2)

    assert played.comparison.equal, played.comparison.summary()


def test_a_worker_killed_three_times_on_the_way_gives_the_same(stage: Stage, history: History) -> None:
    played = stage.play(history, expect(history, stage.topics), kills=3)

    assert played.comparison.equal, played.comparison.summary()
    assert played.kills == 3


def test_a_backtest_says_what_the_worker_published(kafka: RealKafka, tmp_path: Path) -> None:
    # Fewer than thirty customers: nothing is learnt of everybody, which no role is there to put in force.
    file, out = tmp_path / "history.csv", tmp_path / "signals.jsonl"
    write(Base((0.5, 1.5, 4.0, 1.8), (1.0, 5.0), 60, starts=(0, 5), days=45, customers=28), file)
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, *sorted(rows, key=lambda row: row.split(",")[1])]) + "\n")
    stage = Stage(kafka, tmp_path, f"history{os.getpid()}-{next(_numbers)}", PARTITIONS)
    history = History([file], "1h", "0s", source="replay", currency="EUR")

    played = stage.play(history, expect(history, stage.topics))
    told = CliRunner().invoke(cli, ["backtest", "--history", str(file), "--signals", str(out)])

    assert told.exit_code == 0, told.output
    sent = published(kafka.bootstrap, stage.topics)
    signals = [value for topic, _, value, _ in sent if value and topic == stage.topics.signals.name]
    assert len(signals) >= 5
    assert sorted(out.read_bytes().splitlines()) == sorted(signals)
    assert played.comparison.equal
