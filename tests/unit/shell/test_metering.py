"""What the lane does is counted once per cut, under names that say it."""

import re
from collections import defaultdict

import pytest

from agents.adapters.metrics import Metrics
from agents.lane.cuts import Verdict
from agents.lane.metering import Meter
from agents.lane.status import LaneStatus
from streams.timeline import Counts, Effect, Executed, Rejected
from streams.topics import catalogue
from streams.wire.control import Cut, SourceFact, Tick

from ..lane.carrying import NAMES, TOPICS, owning

OURS = catalogue("holdfast", 2)
NOON = 1_700_000_000_000


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def meter(metrics: Metrics) -> Meter:
    return Meter(metrics, OURS)


def told(metrics: Metrics, name: str) -> dict[str, float]:
    """Values of one metric by its labels."""
    found = re.findall(rf"^holdfast_{name}(?:{{(.*)}})? (\S+)$", metrics.render().decode(), re.MULTILINE)
    return {labels: float(value) for labels, value in found if float(value)}


def counts(**numbers: int) -> Counts:
    account = Counts()
    for name, number in numbers.items():
        setattr(account, name, number)
    return account


def test_a_cut_counts_its_records_effects_and_rejects(metrics: Metrics, meter: Meter) -> None:
    app, web = OURS.inputs[0].name, OURS.inputs[1].name
    done = Executed(
        rows={},
        effects=[
            Effect(OURS.signals.name, b"c", b"{}", [("ce_type", b"com.holdfast.signal.opened.v1")]),
            Effect("holdfast.commands.sms.v1", b"c", b"{}", [("ce_type", b"com.holdfast.command.send.v1")]),
        ],
        rejects=[Rejected(b"c", b"{", [("holdfast.reject.reason", b"json")])],
        counts={
            app: counts(
                read=3, read_bytes=300, accepted=2, accepted_bytes=290, rejected=1, rejected_bytes=10
            ),
            web: counts(),
        },
    )
    meter.left(done)
    meter.executed(3, 0.01)
    assert told(metrics, "records_total") == {
        'outcome="accepted",topic="app"': 2,
        'outcome="rejected",topic="app"': 1,
    }
    assert told(metrics, "record_bytes_total") == {
        'outcome="accepted",topic="app"': 290,
        'outcome="rejected",topic="app"': 10,
    }
    assert told(metrics, "signals_total") == {'action="opened"': 1}
    assert told(metrics, "commands_total") == {'channel="sms"': 1}
    assert told(metrics, "rejects_total") == {'reason="json"': 1}
    assert told(metrics, "cuts_total") == {'result="executed"': 1}
    assert told(metrics, "cut_records_sum") == {"": 3}


def test_what_is_read_from_control_is_counted_by_what_became_of_it(metrics: Metrics, meter: Meter) -> None:
    cut = Cut(epoch=1, n=1, at=NOON, from_={}, ends={})
    answer = Cut(epoch=1, n=1, at=NOON, from_={}, ends={}, tick=0)
    meter.control(Verdict.CUT, cut, external=False)
    meter.control(Verdict.VOID, cut, external=False)
    meter.control(Verdict.IGNORED, cut, external=False)
    meter.control(Verdict.CUT, answer, external=True)
    meter.control(Verdict.VOID, answer, external=True)
    meter.control(Verdict.TICK, Tick(at=NOON), external=True)
    meter.control(Verdict.TICK, Tick(at=NOON), external=False)
    meter.control(Verdict.FACT, SourceFact(source="web", state="quiet", since=NOON), external=False)
    assert told(metrics, "cuts_total") == {'result="void"': 3}
    assert told(metrics, "ticks_total") == {'result="answered"': 1, 'result="ignored"': 1}
    assert told(metrics, "facts_total") == {'kind="source"': 1}


def test_a_recovery_is_counted(metrics: Metrics, meter: Meter) -> None:
    meter.assigned()
    meter.recovered(records=1_000, resent=2)
    assert told(metrics, "rebalances_total") == {"": 1}
    assert told(metrics, "recovered_records_total") == {"": 1_000}
    assert told(metrics, "resent_effects_total") == {"": 2}


def test_a_partition_s_accounts_have_each_record_once_and_leave_with_it(metrics: Metrics) -> None:
    lane, _ = owning(lambda *_: None)
    meter = Meter(metrics, TOPICS)
    status, owned = LaneStatus(lane), lane.partitions[0]
    lane.consumer.answers, lane.consumer._committed_offset = {}, defaultdict(lambda: None)
    ledger, web = owned.ledger, NAMES[1]
    for _ in range(2):  # carried out, and carried out again
        ledger.enter(1, {web: 3}, [{web: counts(read=3, read_bytes=30, accepted=2, accepted_bytes=20,
                                                ignored=1, ignored_bytes=10)}], {})  # fmt: skip
    meter.refresh(lane, status)
    short = TOPICS.inputs[1].short.rpartition(".")[2]
    place = f'partition="0",topic="{short}"'
    assert told(metrics, "accounted_records") == {
        f'outcome="accepted",{place}': 2,
        f'outcome="ignored",{place}': 1,
    }
    assert told(metrics, "accounted_bytes") == {
        f'outcome="accepted",{place}': 20,
        f'outcome="ignored",{place}': 10,
    }
    del lane.partitions[0]
    meter.refresh(lane, status)
    assert told(metrics, "accounted_records") == {}
    assert told(metrics, "accounted_bytes") == {}
