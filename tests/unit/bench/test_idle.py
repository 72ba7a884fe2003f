"""Typical rows are what the product makes of a typical customer; cuts with nothing due wake nobody."""

from argparse import ArgumentParser

from devkit.bench import idle
from devkit.bench.idle import full_partition
from devkit.bench.steady import ANSWERS, POLICY, events
from devkit.bench.typical import rows
from streams.customer import state
from streams.policy.check import check
from streams.wire import row
from streams.wire.codec import decode
from streams.wire.event import SHORT_TOPICS, Event
from streams.wire.times import DAY

AT = 1_795_000_000_000


def test_a_typical_row_has_three_surfaces_and_two_open_channels() -> None:
    customer = state.customer_of(rows([AT])[0])
    assert all((customer.app, customer.web, customer.store, customer.brand))
    assert {name: channel.delivered for name, channel in customer.channels.items()} == {"email": 3, "push": 3}


def test_rows_for_other_moments_wake_at_other_moments() -> None:
    early, late = rows([AT - DAY, AT])
    assert row.wake_of(late) - row.wake_of(early) == DAY


def test_an_idle_cut_wakes_nobody_and_a_late_one_does() -> None:
    partition = full_partition(500, rows([AT - n * DAY for n in range(5)]), AT)
    nothing: list[list[object]] = [[] for _ in SHORT_TOPICS]
    partition.execute(2, 1, AT + 50, nothing, 1)  # type: ignore[arg-type] # empty; begins what is kept of all
    assert not partition.execute(3, 1, AT + 100, nothing, 2).rows  # type: ignore[arg-type] # empty
    assert partition.execute(4, 1, AT + 90 * DAY, nothing, 3).rows  # type: ignore[arg-type] # empty


def test_the_benchmark_runs_small() -> None:
    parser = ArgumentParser()
    idle.add_arguments(parser)
    result = idle.run(parser.parse_args(["--rows", "100", "2000", "--cuts", "50"]))
    assert [(found["rows"], found["woken"]) for found in result.rows] == [(100, 0), (2_000, 0)]
    assert all(found["CPU µs/cut"] > 0 for found in result.rows)


def test_the_policies_of_the_benchmarks_are_good() -> None:
    assert not [
        problem for text in (ANSWERS, POLICY) for problem in check(text) if problem.severity == "error"
    ]


def test_the_steady_load_is_valid_and_has_yes_and_no_of_the_same_customers() -> None:
    source = events(50, 7_000, 1)
    read = [
        decode(made.key, made.value, made.topic, made.at) for made in (next(source) for _ in range(3_000))
    ]
    assert all(isinstance(found, Event) for found in read)
    types = {found.type for found in read if isinstance(found, Event)}
    assert {"store.visited", "consent.changed", "order.completed"} <= types
    assert all(found.customer_id >= "c-0007000" for found in read if isinstance(found, Event))
