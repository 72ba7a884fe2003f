"""A worker that stands still ends by itself, with its stacks; one that waits for the brokers does not."""

from collections.abc import Generator
from pathlib import Path

import pytest

from devkit.broker import EmbeddedBroker
from streams.tables import app_id
from tests.support.oracle import judge
from tests.support.topics import Load, make_topics, settled
from tests.support.toy_core import ToyPartition
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 2
LINES_A_MINUTE = 100
QUICK = {
    "HOLDFAST_WATCHDOG": "4s",
    "HOLDFAST_KAFKA__SESSION_TIMEOUT": "3s",
    "HOLDFAST_KAFKA__REBALANCE_TIMEOUT": "3s",
}


class Bed:
    """One worker on an embedded broker, with a fault prepared."""

    def __init__(self, broker: EmbeddedBroker, folder: Path) -> None:
        self.broker = broker
        self.topics = make_topics(broker, "dog", PARTITIONS)
        self.worker = Worker(broker.bootstrap, "dog", PARTITIONS, folder, settings=QUICK)
        self.load = Load(broker.bootstrap, self.topics, rate=300)

    def applies(self) -> bool:
        return any(entry["applied"] for part in self.worker.partitions() for entry in part["inputs"])

    def recovers(self) -> None:
        """Start it again without a fault: all is applied, and the oracle agrees."""
        self.worker.env.pop("TOY_FAULT", None)
        if not self.worker.running:
            self.worker.start().wait_ready()
        self.load.stop()
        wait_until(settled(self.broker.bootstrap, self.topics, app_id("dog")), "all is committed")
        assert self.worker.stop() == 0
        judge(self.broker.bootstrap, self.topics, lambda p: ToyPartition(p, self.topics)).require_equal()


@pytest.fixture
def bed(embedded: EmbeddedBroker, tmp_path: Path) -> Generator[Bed]:
    made = Bed(embedded, tmp_path)
    yield made
    made.worker.close()


@pytest.mark.parametrize(
    ("fault", "what", "where"),
    [
        ("mutated:block", "the event loop has been blocked for", "in at"),
        ("acked:hang", "waits or is under way, no part of it done for", "in wrapped"),
        ("cut:swallow", "wait and no cut names them for", "in _read_own"),
        ("turn:cancel", "no turn of the loop that reads for", "in _beat"),
    ],
    ids=[
        "a loop that is blocked",
        "a cut that never ends",
        "a cut that never leaves",
        "a reading loop that died",
    ],
)
def test_what_stands_still_is_ended_with_its_stacks_and_nothing_is_lost(
    bed: Bed, fault: str, what: str, where: str
) -> None:
    bed.worker.env["TOY_FAULT"] = fault
    bed.worker.start().wait_ready()
    bed.load.start()
    wait_until(bed.applies, "events are applied")
    bed.worker.arm()
    assert bed.worker.wait_end(30) == 70
    assert what in bed.worker.said
    assert '"error": "StandstillError"' in bed.worker.said
    assert where in bed.worker.said
    if fault in ("acked:hang", "cut:swallow"):
        bed.recovers()


def test_a_worker_that_never_gets_through_joining_is_ended(bed: Bed) -> None:
    bed.worker.env |= {"TOY_FAULT": "claim:hang", "TOY_FAULT_AT_ONCE": "on"}
    bed.worker.start()
    assert bed.worker.wait_end(30) == 70
    assert "no progress in joining the group, reading the changelog or stopping" in bed.worker.said
    assert "in claim" in bed.worker.said or "in wrapped" in bed.worker.said


def test_an_outage_of_the_brokers_is_waited_out_alive_and_not_restarted(bed: Bed) -> None:
    worker = bed.worker.start().wait_ready()
    bed.load.start()
    wait_until(bed.applies, "events are applied")
    lines = len(worker.output().splitlines())
    bed.broker.set_down()
    wait_until(
        lambda: worker.output().count("standing still while the brokers do not answer") >= 3,
        "the watchdog has waited for several of its limits",
    )
    assert worker.get("/livez") == {"alive": True}
    assert not worker.is_ready()
    assert len(worker.output().splitlines()) - lines < LINES_A_MINUTE, "a library says it again and again"
    bed.broker.set_up()
    wait_until(worker.is_ready, "ready again")
    bed.recovers()
