"""The loads of the benchmarks are valid, in order, seeded, and distributed as they say."""

from collections import Counter
from collections.abc import Sequence

import pytest

from devkit.bench.load import LOADS, VISIT, Made, known, span
from streams.wire.codec import decode
from streams.wire.event import Event
from streams.wire.times import DAY, HOUR, MINUTE

END = 1_795_000_000_000
CUSTOMERS = 500


def made(load: str, count: int = 6_000, seed: int = 1) -> list[Made]:
    return list(LOADS[load](count, CUSTOMERS, END, seed))


def gaps(events: Sequence[Made]) -> list[int]:
    """Between two events of one customer (ms), over all customers."""
    last: dict[bytes, int] = {}
    found = []
    for event in events:
        if event.key in last:
            found.append(event.at - last[event.key])
        last[event.key] = event.at
    return found


@pytest.mark.parametrize("load", LOADS)
def test_every_event_is_valid_and_says_when_it_was_and_whose(load: str) -> None:
    for event in [*made(load), *known(CUSTOMERS, END)]:
        read = decode(event.key, event.value, event.topic, END)
        assert isinstance(read, Event), read
        assert (read.customer_id.encode(), read.occurred_at) == (event.key, event.at)


@pytest.mark.parametrize("load", LOADS)
def test_a_load_is_in_order_and_ends_where_it_should(load: str) -> None:
    moments = [event.at for event in made(load)]
    assert moments == sorted(moments)
    assert moments[-1] == END
    assert abs(END - moments[0] - span(load, 6_000, CUSTOMERS)) < 2 * MINUTE


@pytest.mark.parametrize("load", LOADS)
def test_a_seed_gives_the_same_events_and_another_seed_others(load: str) -> None:
    assert made(load) == made(load)
    assert {event.value for event in made(load)}.isdisjoint(event.value for event in made(load, seed=2))


def test_a_visitor_acts_some_six_times_within_minutes_and_returns_after_days() -> None:
    found = gaps(made("sessions"))
    within = [gap for gap in found if gap < HOUR]
    away = [gap for gap in found if gap > HOUR]
    assert 0.5 * MINUTE < sum(within) / len(within) < 2 * MINUTE
    assert 2 * DAY < sum(away) / len(away) < 4 * DAY
    visits = len(away) + CUSTOMERS
    assert abs(len(within) / visits - (VISIT - 1)) < 0.5


def test_a_uniform_load_draws_all_customers_alike() -> None:
    counts = Counter(event.key for event in made("uniform"))
    assert len(counts) == CUSTOMERS
    assert max(counts.values()) < 4 * 6_000 / CUSTOMERS


def test_known_customers_have_been_seen_on_two_surfaces_and_got_a_mail() -> None:
    events = list(known(CUSTOMERS, END))
    assert len({event.key for event in events}) == CUSTOMERS
    assert [event.topic for event in events if event.key == events[0].key] == ["app", "web", "email"]
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_no_id_occurs_twice_even_over_both_loads() -> None:
    ids = [decode(e.key, e.value, e.topic, END).id for load in LOADS for e in made(load)]  # type: ignore[union-attr]
    ids += [decode(e.key, e.value, e.topic, END).id for e in known(CUSTOMERS, END)]  # type: ignore[union-attr]
    assert len(set(ids)) == len(ids)
