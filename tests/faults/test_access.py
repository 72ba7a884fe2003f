"""F29: a right is missing, at the start or from one moment to the next."""

import pytest

from agents.errors import ExitCode
from agents.rights import worker_rights
from devkit.broker.secured import USERS, SecuredKafka
from tests.support.faults import Dice, Row, Scale

from .conftest import MakeBed

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.fault("F29")
@pytest.mark.timeout(600)
def test_f29_rights_that_are_missing_are_named_and_nothing_is_lost_meanwhile(
    secured: SecuredKafka, make_bed: MakeBed, dice: Dice, row: Row, scale: Scale
) -> None:
    tries = scale.pick(2, 5)
    row.bed = "Kafka, SASL_SSL"
    row.schedule = f"{tries} × a right taken away under load, and given back after the start was refused"
    bed = make_bed(secured.kafka)
    rights = worker_rights(bed.topics)
    for right in rights:
        secured.allow("worker", right.resource, right.name, *right.operations)
    bed.start(1, settings=secured.login("SCRAM-SHA-512"))
    bed.load().start()
    (worker,) = bed.workers
    for _ in range(tries):
        bed.wait(bed.applied(200), "events are applied")
        right = dice.choose(rights)
        verb = dice.choose(right.operations)
        row.inject(f"no {verb} on {right.name}")
        secured.forbid("worker", right.resource, right.name, verb)
        if dice.chance(0.5):
            bed.kill(worker)
        else:  # it looks now and then; some rights are missed at once
            assert bed.expect_end(worker) in {ExitCode.CONFIGURATION, ExitCode.INFRASTRUCTURE}
        bed.again(worker)
        assert bed.expect_end(worker) == ExitCode.CONFIGURATION
        assert right.name in worker.said
        assert verb in worker.said
        secured.allow("worker", right.resource, right.name, verb)
        bed.again(worker)
        bed.recover()
    bed.finish()
    assert not any(password in worker.said for password in USERS.values())
