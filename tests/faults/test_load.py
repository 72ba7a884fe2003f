"""F22, F23: nothing leaks in a while of steady load, and a burst is borne."""

import time
from pathlib import Path

import pytest

from devkit.bench.machine import resident_mib
from tests.support.faults import Bed, Row, Scale

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.fault("F22")
@pytest.mark.timeout(900)
def test_f22_memory_and_descriptors_stay_flat_in_a_soak(bed: Bed, row: Row, scale: Scale) -> None:
    seconds, grown = scale.pick(30, 90, 600), scale.pick(8.0, 8.0, 12.0)
    row.schedule = f"{seconds} s of steady load"
    bed.start(2)
    bed.load().start()
    bed.pass_time(seconds / 3)  # warm
    claims = [bed.claims(worker) for worker in bed.workers]
    memory = [[resident_mib(worker.child.pid)] for worker in bed.workers]
    files = [[descriptors(worker.child.pid)] for worker in bed.workers]
    until = time.monotonic() + seconds * 2 / 3
    while time.monotonic() < until:
        bed.pass_time(5)
        for number, worker in enumerate(bed.workers):
            memory[number].append(resident_mib(worker.child.pid))
            files[number].append(descriptors(worker.child.pid))
    rise = max(found[-1] - found[0] for found in memory)
    row.notes.append(f"at most {max(map(max, memory)):.0f} MiB, {rise:+.1f} MiB after the first third")
    bed.finish()
    assert rise < grown
    assert all(found[-1] <= found[0] + 2 for found in files), files
    assert claims == [worker.said.count("partitions claimed") for worker in bed.workers], "0 rebalances"


@pytest.mark.fault("F23")
@pytest.mark.timeout(600)
def test_f23_a_burst_of_ten_times_the_load_is_borne(bed: Bed, row: Row, scale: Scale) -> None:
    seconds = scale.pick(5, 20, 120)
    row.schedule = f"3,000 events/s for {seconds} s, an inbox of 2,000 records, nobody reads the commands"
    bed.start(2, settings={"HOLDFAST_INBOX": "2000"})
    load = bed.load().start()
    bed.pass_time(5)
    before = [resident_mib(worker.child.pid) for worker in bed.workers]
    row.inject("ten times the load")
    load.rate *= 10
    most, lag = list(before), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        bed.pass_time(0.5)
        most = [max(known, resident_mib(w.child.pid)) for known, w in zip(most, bed.workers, strict=True)]
        lag = max(lag, bed.lag())
    load.rate //= 10
    row.inject(f"the usual load; at most {lag:,} records waited")
    took = bed.recover(180)
    rise = max(after - known for known, after in zip(before, most, strict=True))
    row.notes.append(f"at most {lag:,} records behind, {rise:+.0f} MiB")
    bed.finish()
    assert took < 300 * seconds / 120
    assert rise < 100
    assert not bed.restarts
