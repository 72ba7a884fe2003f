"""F28: workers of the release before and of this one share a changelog."""

import pytest

from agents.errors import ExitCode
from streams.wire.row import FORMAT
from tests.support.faults import PRODUCTION, Bed, Dice, Row
from tests.support.previous_form import as_form_1
from tests.support.topics import each, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PREVIOUS = "tests.support.previous_worker"


def forms(bed: Bed) -> set[int]:
    """The forms of the customers' rows in the changelog."""
    records = each(read_topic(bed.bootstrap, bed.topics.changelog.name, bed.partitions))
    return {r.value[0] for r in records if r.value and r.key and not r.key.startswith(b"\x00")}


@pytest.mark.fault("F28")
@pytest.mark.timeout(600)
def test_f28_a_fleet_is_upgraded_one_by_one_and_the_old_release_refuses_the_new_rows(
    bed: Bed, dice: Dice, row: Row
) -> None:
    row.schedule = "2 workers of 0.1.0's form, replaced one by one under load; then an old one is started"
    bed.start(2, settings=PRODUCTION, module=PREVIOUS)
    bed.load().start()
    bed.wait(bed.applied(900), "the old release applies events")
    assert forms(bed) == {1}
    for old in dice.shuffled(bed.workers):
        bed.stop(old)
        bed.replace(old)
        bed.wait(bed.shared, "the new one has taken the place of the old one")
        bed.recover()
    bed.wait(bed.applied(900), "the new release applies events")
    assert forms(bed) == {1, FORMAT}

    victim = dice.choose(bed.workers)
    bed.kill(victim)
    refused = bed.replace(victim, PREVIOUS)
    assert bed.expect_end(refused) == ExitCode.DATA_LOSS
    assert "this version cannot read" in refused.said
    bed.replace(refused)
    bed.recover()
    bed.finish(held=as_form_1)
