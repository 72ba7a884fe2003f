"""F5: all brokers are away, for seconds or a minute, and come back to a burst or to steady load."""

import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import NamedTuple

import pytest

from devkit.broker import RealKafka
from tests.support.faults import Bed, Dice, Row, Scale
from tests.support.faults.load import ShopLoad
from tests.support.worker import Worker

from .conftest import MakeBed

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

BURST = 3_000
RECOVERY = 30.0
LINES_A_MINUTE = 100
LONG_ENOUGH = 12.0
"""Seconds of an outage after which a worker must have noticed."""


class Outage(NamedTuple):
    """How long (s), whether the broker is killed or frozen, and what comes when it is back."""

    seconds: float
    kill: bool
    burst: bool

    def __str__(self) -> str:
        how = "killed" if self.kill else "frozen"
        return f"{self.seconds:.1f} s {how}, {'burst' if self.burst else 'steady load'} at the return"


def outages(scale: Scale, dice: Dice) -> list[Outage]:
    """Those of the guide: each length, and short ones again and again."""
    long = scale.pick([5.0], [5.0, 30.0, 60.0], [5.0, 30.0, 60.0, 300.0])
    short = [dice.between(2, 6) for _ in range(scale.pick(2, 10, 30))]
    planned = [*long, *short]
    return dice.shuffled(
        [Outage(seconds, bool(n % 2), bool(n // 2 % 2)) for n, seconds in enumerate(planned)]
    )


@pytest.mark.fault("F5")
@pytest.mark.quick
@pytest.mark.timeout(2400)
def test_f5_brokers_that_are_away_and_come_back(
    own_kafka: RealKafka, make_bed: MakeBed, dice: Dice, row: Row, scale: Scale
) -> None:
    planned = outages(scale, dice)
    lengths = ", ".join(f"{outage.seconds:.0f}" for outage in planned)
    row.schedule = f"all brokers away {len(planned)} times ({lengths} s), killed or frozen in turn"
    bed = make_bed(own_kafka)
    bed.start(2)
    load = bed.load().start()
    for outage in planned:
        bed.pass_time(dice.between(1, 3))
        be_away(bed, load, own_kafka, outage)
        took = bed.recover(RECOVERY + outage.seconds)
        row.inject(f"recovered after {took:.1f} s")
    row.notes.append(f"{bed.restarts} restarts")
    verdict = bed.finish()
    assert not verdict.holes
    assert max(row.recovery) < RECOVERY


def be_away(bed: Bed, load: ShopLoad, kafka: RealKafka, outage: Outage) -> None:
    """Take the broker away and bring it back; meanwhile workers say little, live, and are not ready."""
    if outage.burst:
        load.pause()
    lines, restarts = written(bed), bed.restarts
    bed.row.inject(str(outage))
    if outage.kill:
        kafka.kill()
    else:
        kafka.freeze()
    live, ready = watch(bed, outage.seconds)
    said = written(bed) - lines
    if outage.burst:
        load.burst(BURST)
        load.resume()
    if outage.kill:
        kafka.start()
    else:
        kafka.thaw()
    bed.row.inject(f"back; {said} lines, {bed.restarts - restarts} restarts")
    assert said < LINES_A_MINUTE * max(outage.seconds, 60) / 60 * len(bed.workers), "too many log lines"
    assert live, "/livez turned false in an outage"
    if outage.seconds > LONG_ENOUGH:
        assert not ready, "/readyz is still true at the end of an outage"


def watch(bed: Bed, seconds: float) -> tuple[bool, bool]:
    """Whether all workers that answered were alive all the time, and whether all were ready at the end.

    One that is being started again does not answer yet; one that never answers is not alive.
    """
    until = time.monotonic() + seconds
    live, ready = True, True
    answered: set[Worker] = set()
    while time.monotonic() < until:
        bed.pass_time(min(1.0, max(0.0, until - time.monotonic())))
        states = {worker: status(worker, "/livez") for worker in bed.running}
        live = live and all(state in (200, None) for state in states.values())
        answered |= {worker for worker, state in states.items() if state == HTTPStatus.OK}
        ready = all(status(worker, "/readyz") == HTTPStatus.OK for worker in bed.running)
    return live and answered >= set(bed.running), ready


def status(worker: Worker, path: str) -> int | None:
    """The status that the admin server answers; None if it is not there (yet)."""
    url = worker.url()
    if url is None:
        return None
    try:
        with urllib.request.urlopen(url + path, timeout=2) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return None


def written(bed: Bed) -> int:
    """Lines that all workers wrote so far."""
    return sum(worker.output().count("\n") for worker in bed.workers)
