"""The benchmarks that need a real Kafka run, small, and find equal what must be. Numbers do not matter."""

from argparse import ArgumentParser, Namespace
from types import ModuleType

import pytest

from devkit.bench import latency, mass, recovery, scale, stall

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def options(module: ModuleType, *arguments: str) -> Namespace:
    parser = ArgumentParser()
    module.add_arguments(parser)
    return parser.parse_args([*arguments, "--partitions", "2"])


def test_recovery_restores_every_customer_however_many_records_each_has() -> None:
    result = recovery.run(options(recovery, "--customers", "3000", "--records", "1", "2"))
    assert result.equal
    assert [row["customers"] for row in result.rows] == [3_000, 3_000]
    assert result.rows[1]["records"] - result.rows[0]["records"] == 3_000


def test_latency_has_every_kind_of_answer_at_every_rate() -> None:
    small = ("--customers", "5000", "--events", "0", "--rates", "200", "--seconds", "5")
    result = latency.run(options(latency, *small))
    kinds = {row["from → to"] for row in result.rows if row["events/s"] == 200}
    assert kinds == {"order → command", "opt-out → signal", "deadline and grace → signal"}
    assert all(0 <= row["p50 ms"] <= row["p99 ms"] <= row["largest ms"] for row in result.rows)


def test_everybody_who_is_due_in_a_mass_lapse_is_signalled() -> None:
    small = ("--customers", "2000", "--rate", "200", "--lead", "40", "--within", "3")
    result = mass.run(options(mass, *small))
    assert result.equal
    assert result.rows[0]["signals"] == 2_000


def test_two_workers_come_to_the_same_as_one() -> None:
    result = scale.run(options(scale, "--customers", "300", "--events", "10000"))
    assert result.equal, result.notes
    assert [row["workers"] for row in result.rows] == [1, 2]


def test_stalls_are_seen_from_inside_and_from_outside() -> None:
    result = stall.run(options(stall, "--customers", "2000", "--events", "20000", "--loads", "uniform"))
    assert [row["load"] for row in result.rows] == ["uniform"]
    assert all(row["answers"] > 0 and row["longest by its metric ≤ ms"] > 0 for row in result.rows)
