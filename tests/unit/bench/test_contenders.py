"""The table and the plots of the contenders; and they themselves, small, on a real Kafka."""

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from devkit.bench import contenders
from devkit.bench.contenders import MICROS, with_ratios
from devkit.bench.plot import bars, course
from devkit.bench.report import Row
from devkit.bench.runners import CONTENDERS, last_look
from devkit.bench.seen import progress

ROWS: list[Row] = [
    {
        "customers": customers,
        "load": load,
        "contender": contender,
        MICROS: micros * (2 if customers > 10 else 1),
    }
    for customers in (10, 1_000)
    for load in ("uniform", "sessions")
    for contender, micros in (("ours", 20.0), ("theirs", 200.0), ("limit", 2.0))
]


def test_ratios_are_within_the_same_customers_and_load() -> None:
    rows = with_ratios(ROWS)
    assert [row["to the cheapest"] for row in rows[:3]] == [10, 100, 1]
    assert [row["to ours"] for row in rows[-3:]] == [1, 10, 0.1]


def test_a_plot_of_the_same_rows_is_the_same_file_and_shows_every_contender_and_number(
    tmp_path: Path,
) -> None:
    first, second = bars(ROWS, "one", folder=tmp_path), bars(ROWS, "two", folder=tmp_path)
    text = first.read_text()
    assert text == second.read_text()
    assert all(
        word in text for word in ("ours", "theirs", "limit", "1,000 customers", "sessions", ">400<", MICROS)
    )
    assert str(tmp_path) not in text
    assert "<dc:date>" not in text


def test_other_rows_give_another_plot(tmp_path: Path) -> None:
    other = [{**row, MICROS: row[MICROS] + 1} for row in ROWS]
    assert bars(ROWS, "one", folder=tmp_path).read_text() != bars(other, "two", folder=tmp_path).read_text()


def test_a_course_shows_each_value_and_bears_a_hole(tmp_path: Path) -> None:
    samples = [
        {"minute": 0.0, "lag": 5.0, "MiB": 90.0},
        {"minute": 1.0, "MiB": 91.0},
        {"minute": 2.0, "lag": 0.0},
    ]
    text = course(samples, ("lag", "MiB"), "soak", marks=(1.0,), folder=tmp_path).read_text()
    assert all(f">{word}<" in text for word in ("lag", "MiB", "minutes"))


@pytest.mark.parametrize(
    ("before", "behind"), [("", ""), ("[2026-11-24 19:58:51,307] [25411] [WARNING] ", " ")]
)
def test_progress_is_read_as_printed_and_as_faust_logs_it(before: str, behind: str) -> None:
    lines = "".join(f"{before}{progress(events, 3)}{behind}\n" for events in (10, 20))
    found = last_look(f"hello\n{lines}{before}progress 30 3 0.1")  # the last line is not whole yet
    assert found is not None
    assert (found[0].events, found[1]) == (20, 3)
    assert abs(found[0].cpu - time.process_time()) < 1
    assert last_look("hello\n") is None


def options(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    contenders.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.kafka
@pytest.mark.slow
def test_all_contenders_know_the_same_of_a_small_load() -> None:
    small = ("--customers", "300", "--events", "4000", "--partitions", "2", "--loads", "sessions")
    result = contenders.run(options(*small))
    assert result.equal, result.notes
    assert [row["contender"] for row in result.rows] == [contender.name for contender in CONTENDERS.values()]
    assert all(row["measured"] > 0 for row in result.rows)
