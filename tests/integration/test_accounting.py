"""Every record of the inputs has one outcome, in number and in bytes, and none is passed over."""

from typing import Any

import pytest

from tests.support.lane_bench import PARTITIONS, STATIC, Bench, applies_more
from tests.support.topics import ends
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

OUTCOMES = ("accepted", "rejected", "duplicate", "ignored")


def inputs(worker: Worker) -> list[dict[str, Any]]:
    return [entry for part in worker.partitions() for entry in part["inputs"]]


def test_the_accounts_are_exact_from_the_first_record_on_wherever_a_worker_is_killed(bench: Bench) -> None:
    worker, load = bench.worker({**STATIC, "TOY_FAULT": "mutated:kill"}), bench.load()
    for point in ("mutated", "sent", "acked", "effects"):
        if not worker.running:
            worker.env["TOY_FAULT"] = f"{point}:kill"
            worker.start()
        worker.wait_ready()
        load.burst(500)
        worker.arm()
        load.burst(500, quiet=1)  # the other partitions
        load.flush()
        assert worker.wait_end() == -9
    worker.start().wait_ready()
    bench.wait_settled()
    wait_until(lambda: sum(entry["read"] for entry in inputs(worker)) == load.sent, "all are counted")
    for entry in inputs(worker):
        assert entry["read"] == sum(entry[outcome] for outcome in OUTCOMES)
        assert entry["read_bytes"] == sum(entry[f"{outcome}_bytes"] for outcome in OUTCOMES)
        assert (entry["counted_from"], entry["holes"]) == (0, 0)
        assert entry["counted"] == entry["applied"] == entry["read"] == entry["end"]
    rejected = sum(entry["rejected"] for entry in inputs(worker))
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.ledgers == PARTITIONS
    assert verdict.rejects == rejected > 0


def test_records_that_a_client_jumps_over_are_fetched_after_all(bench: Bench) -> None:
    worker = bench.worker({**STATIC, "TOY_FAULT": "turn:skip"}).wait_ready()
    load = bench.load(rate=4_000).start()
    wait_until(applies_more(worker, 500), "events are applied")
    worker.arm()
    wait_until(lambda: "offset jump" in worker.output(), "it is noticed")
    wait_until(applies_more(worker, 500), "and things go on")
    load.stop()
    bench.wait_settled()
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.holes == 0


def test_a_record_that_is_lost_inside_a_worker_ends_it_with_its_place_and_numbers(bench: Bench) -> None:
    worker = bench.worker({**STATIC, "TOY_FAULT": "turn:lose"}).wait_ready()
    worker.arm()
    load = bench.load(rate=500).start()
    assert worker.wait_end(40) == 71
    load.stop()
    assert '"error": "UnaccountedError"' in worker.said
    assert "1 too few" in worker.said
    assert any(
        f"{topic.name} {p}: applied from 0" in worker.said for topic in bench.topics.inputs for p in range(4)
    )
    assert "report it" in worker.said
    assert any(ends(bench.bootstrap, bench.topics.changelog.name, PARTITIONS).values())
