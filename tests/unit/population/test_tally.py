"""What a partition adds up over its customers: the same as counting them, whatever became of them since."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer.state import STREAMS, customer_of
from streams.population.dropout import UNIT
from streams.population.fixed import number
from streams.population.gaps import Sums, contributions
from streams.tally import KEY
from streams.timeline import Partition
from streams.wire import row
from streams.wire.control import Known, PopulationFact
from streams.wire.population import PartitionSums
from streams.wire.times import DAY, HOUR

from ...property.test_core_customers import late_histories
from ...support.cuts import Log
from ...support.story import Happening, T, event, policy

KNOWN = Known(m0=1.0, kappa0=1.0, a0=3.0, b0=1.0, a=0.5, b=2.0, customers=40)


def played(happenings: Iterable[Happening], step: int, until: int, **changes: Any) -> Log:  # noqa: ANN401 - a policy's
    log, waiting = Log(policy_=policy(**changes)), sorted(happenings, key=lambda h: h.arrives)
    for at in range(T, until, step):
        now = [happening for happening in waiting if happening.arrives < at]
        waiting = waiting[len(now) :]
        log.cut(at, now)
    return log


def counted(core: Partition, stream: str, forgetting: float, cohort: str | None = None) -> Sums:
    """The sums of the rows as they are."""
    rhythms = [(0.0, 0.0, 0.0, 0.0)]
    for value in core.rows.values():
        if not row.is_leaving(value):
            customer = customer_of(value)
            mine = str(customer.profile.get("tier", (0, ""))[1])
            c = getattr(customer, stream)
            if c is not None and cohort in (None, mine):
                rhythms.append((c.x, c.n, c.mean, c.m2))
    return contributions(np.array(rhythms).T, forgetting)


def told(sums: PartitionSums, stream: str, cohort: str = "") -> Sums:
    return Sums(*map(int, sums.streams[stream].sums[cohort]))


@settings(max_examples=60)
@given(late_histories(), st.sampled_from((1.0, 0.9)), st.sampled_from((9 * HOUR, 3 * DAY)))
def test_whatever_happened_the_sums_are_those_of_the_rows(
    happenings: list[Happening], forgetting: float, step: int
) -> None:
    end = max(h.arrives for h in happenings) + 60 * DAY
    log = played(happenings, step, end, detect={"forgetting": forgetting}, memory="40d")
    sums = log.core.sums(end)
    for stream in STREAMS:
        assert told(sums, stream) == counted(log.core, stream, forgetting)


def visits(count: int, gap: int = 2 * DAY, who: str = "c1", begin: int = T) -> list[Happening]:
    return [event(begin + i * gap, "web.visited", who=who) for i in range(count)]


def test_who_is_forgotten_or_erased_leaves_nothing() -> None:
    erased = event(T + 20 * DAY, "customer.erased", who="c2")
    log = played([*visits(5), *visits(5, who="c2"), erased], DAY, T + 60 * DAY, memory="40d")
    assert told(log.core.sums(T + 60 * DAY), "web") == Sums()
    assert sum(map(len, log.core.rows)) == 0


def test_trials_are_over_after_the_horizon_returned_or_not() -> None:
    log = played(visits(5), DAY, T + 200 * DAY)
    at_first, over = log.core.sums(T + 200 * DAY).streams["web"], 5
    assert sum(at_first.trials) == over
    assert sum(at_first.gone) == 1
    assert at_first.trials[:5] == [1] * 5
    assert at_first.gone[4] == 1
    young = played(visits(5), DAY, T + 20 * DAY).core.sums(T + 20 * DAY).streams["web"]
    assert sum(young.trials) == 0
    assert all(0 < units < UNIT for units in at_first.survivals[:5])


def test_gaps_that_close_are_counted_with_their_length_and_their_alarms() -> None:
    fixed = {"web_stopped": {"rule": "fixed", "after": "5d"}}
    happenings = [*visits(5), event(T + 30 * DAY, "web.visited"), event(T + 120 * DAY, "web.visited")]
    log = played(happenings, DAY, T + 121 * DAY, detect=fixed)
    days = log.core.sums(T + 121 * DAY).streams["web"].days
    assert T // DAY + 120 not in days  # longer than the horizon: it says nothing of who is active
    assert days == {}  # and what was forty days ago is not asked for any more
    days = played(happenings, DAY, T + 32 * DAY, detect=fixed).core.sums(T + 32 * DAY).streams["web"].days
    assert sum(sum(day.closed) for day in days.values()) == 5
    assert sum(sum(day.alarmed) for day in days.values()) == 1
    late = days[T // DAY + 30]
    assert (late.alarmed, late.closed) == ([0, 0, 1, 0, 0], [0, 0, 1, 0, 0])
    assert late.length[2] == pytest.approx(22 * DAY, rel=1e-9)


def test_where_closed_days_do_not_count_lengths_are_those_of_the_calendar() -> None:
    """A budget is for a year of the calendar, whatever the days in it (docs/lapse.md)."""
    closed = {"closed_weekdays": ["sunday"]}
    happenings = visits(12, 7 * DAY)
    until = happenings[-1].occurred + 2 * DAY
    web = played(happenings, DAY, until, calendar=closed).core.sums(until).streams["web"]
    lengths = [length for day in web.days.values() for length in day.length if length]
    assert lengths
    assert set(lengths) == {7 * DAY}
    assert max(place for place, count in enumerate(web.pit) if count) < 99


def test_cohorts_are_apart_and_who_changes_moves_over() -> None:
    named = {"cohort": {"attribute": "tier"}}
    happenings = [
        event(T + 1, "customer.updated", who="a", profile={"tier": "gold"}),
        *visits(6, who="a", begin=T + HOUR),
        *visits(4, who="b", begin=T + HOUR),
        event(T + 20 * DAY, "customer.updated", who="b", profile={"tier": "gold"}),
    ]
    before = played(happenings, DAY, T + 15 * DAY, **named)
    sums = before.core.sums(T + 15 * DAY)
    assert number(told(sums, "web", "gold").k) == number(told(sums, "web").k) == 1
    after = played(happenings, DAY, T + 25 * DAY, **named)
    sums = after.core.sums(T + 25 * DAY)
    assert number(told(sums, "web", "gold").k) == 2
    assert told(sums, "web") == Sums()
    assert told(sums, "web", "gold") == counted(after.core, "web", 1.0, "gold")


def test_another_policy_has_the_customers_counted_anew() -> None:
    log = played([*visits(30), *visits(8, who="c2")], DAY, T + 61 * DAY)
    log.learn(policy_of(forgetting=0.8))
    log.cut(T + 61 * DAY)
    sums = log.core.sums(T + 61 * DAY)
    assert told(sums, "web") == counted(log.core, "web", 0.8)
    assert sum(sums.streams["web"].trials) == 0  # none is over; those under way are kept
    log.cut(T + 200 * DAY)
    assert sum(log.core.sums(T + 200 * DAY).streams["web"].trials) == 38


def policy_of(forgetting: float) -> Any:  # noqa: ANN401 - a fact
    from ...support.story import policy_fact  # noqa: PLC0415 - for this alone

    return policy_fact(policy(detect={"forgetting": forgetting}))


def test_the_sums_are_stored_and_recovered() -> None:
    log = played(visits(30), DAY, T + 61 * DAY)
    assert any(KEY in cut.done.rows for cut in log.cuts)
    core = log.recovered(written=len(log.cuts), committed=len(log.cuts))
    again = core.execute(len(log.cuts) + 1, 9, T + 61 * DAY, [[] for _ in range(6)], len(log.cuts))
    assert KEY not in again.rows  # nothing moved
    assert core.sums(T + 61 * DAY) == log.core.sums(T + 61 * DAY)


def test_rows_of_a_worker_that_kept_no_sums_are_counted_when_it_starts() -> None:
    log = played(visits(30), DAY, T + 61 * DAY)
    log.changelog = [(key, value) for key, value in log.changelog if key != KEY]
    core = log.recovered(written=len(log.cuts), committed=len(log.cuts))
    core.execute(len(log.cuts) + 1, 9, T + 62 * DAY, [[] for _ in range(6)], len(log.cuts))
    assert told(core.sums(T + 62 * DAY), "web") == counted(log.core, "web", 1.0)


def test_what_is_known_of_everybody_moves_the_next_deadline_and_the_evidence_names_it() -> None:
    log = played(visits(3), DAY, T + 5 * DAY)
    unknown = customer_of(log.core.rows[b"c1"]).web
    log.learn(PopulationFact(version=5, priors={"web": {"": KNOWN}}, responses={}))
    log.cut(T + 7 * DAY, [event(T + 6 * DAY, "web.visited")])
    known = customer_of(log.core.rows[b"c1"]).web
    assert unknown is not None
    assert known is not None
    assert known.due_at - known.last < unknown.due_at - unknown.last
    assert log.core.sums(T + 7 * DAY).version == 5
