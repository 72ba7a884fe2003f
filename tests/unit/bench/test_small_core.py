"""The state-only core keeps what it says, wakes whom it should, and is the same after a recovery."""

from devkit.bench.load import Made, event
from devkit.bench.small_core import SILENCE, SmallPartition, unpack
from devkit.broker.records import Record
from streams.timeline import Executed
from streams.topics import catalogue
from streams.wire import row
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import HOUR

TOPICS = catalogue("small", 1)
AT = 1_795_000_000_000
WHO = b"c-0000007"


def execute(core: SmallPartition, n: int, at: int, *events: Made) -> Executed:
    slices: list[list[Record]] = [[] for _ in SHORT_TOPICS]
    for offset, made in enumerate(events):
        name = TOPICS.name(f"events.{made.topic}")
        slices[SHORT_TOPICS.index(made.topic)].append(Record(name, 0, offset, at, made.key, made.value, ()))
    return core.execute(n, 5, at, slices, n - 1)


def made(type_: str, at: int) -> Made:
    return event(type_, 7, at, f"{type_}-{at}")


def test_events_of_several_cuts_add_up_in_one_row_a_cut() -> None:
    core = SmallPartition(0, TOPICS)
    execute(core, 1, AT, made("app.opened", AT - 9), made("email.delivered", AT - 5))
    done = execute(core, 2, AT, made("web.visited", AT - 7), made("email.delivered", AT - 1))
    assert done.rows == {WHO: core.rows[WHO]}
    assert unpack(core.rows[WHO]) == (4, 2, AT - 7)
    assert (row.cut_of(core.rows[WHO]), row.epoch_of(core.rows[WHO])) == (2, 5)
    assert sum(counts.accepted for counts in done.counts.values()) == 2


def test_a_cut_that_was_executed_before_changes_nothing() -> None:
    core = SmallPartition(0, TOPICS)
    execute(core, 1, AT, made("app.opened", AT))
    before = dict(core.rows)
    done = execute(core, 1, AT, made("app.opened", AT))
    assert core.rows == before
    assert not done.rows
    assert sum(counts.ignored for counts in done.counts.values()) == 1


def test_a_month_of_silence_wakes_a_row_once_also_after_a_recovery() -> None:
    first = SmallPartition(0, TOPICS)
    execute(first, 1, AT, made("app.opened", AT))
    core = SmallPartition(0, TOPICS)
    for key, value in first.rows.items():
        core.restore(key, value)
    for _ in core.restored(1, AT):
        pass
    assert not execute(core, 2, AT + SILENCE - HOUR).rows
    assert set(execute(core, 3, AT + SILENCE).rows) == {WHO}
    assert row.wake_of(core.rows[WHO]) == 0
    assert not execute(core, 4, AT + SILENCE + HOUR).rows
