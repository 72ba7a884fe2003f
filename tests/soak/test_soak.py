"""What a soak notes is right, its judgement can fail, and a short one passes on a real Kafka."""

import pytest

from devkit.bench.report import Result
from tests.soak.__main__ import note, soak
from tests.soak.run import Course, Plan
from tests.support.judging import Sent, Verdict


def course() -> Course:
    samples = [
        {"minute": minute, "life": life, "age": age, "MiB": 100 + minute, "descriptors": 13, "cores": 0.2}
        for minute, life, age in ((0.5, 0, 30), (1.5, 0, 90), (2.5, 1, 20), (3.5, 1, 80), (4.5, 1, 140))
    ]
    for sample, lag in zip(samples, (40, 30, None, 20, 0), strict=True):
        if lag is not None:
            sample["lag"] = lag
    samples[2]["MiB"] = 900.0
    return Course(settling=60, samples=samples, kills=[2.0], ready=[3.0, 4.0], sent=100, settled=1.0)


def good() -> Verdict:
    return Verdict(events=100, effects=7)


def judged(verdict: Verdict) -> Result:
    result = Result("soak")
    note(result, course(), verdict)
    return result


def test_the_slope_is_over_processes_that_have_settled() -> None:
    assert course().slope() == pytest.approx(10)
    assert Course(settling=60).slope() == 0


def test_each_life_has_a_row() -> None:
    first, second = course().lives()
    assert (first["ready after s"], first["largest lag"], first["lag at its end"]) == (3.0, 40, 30)
    assert (second["life"], second["MiB at its end"], second["lag at its end"]) == (2, 104.5, 0)


def test_what_the_oracle_finds_equal_passes_and_keeps_the_course() -> None:
    result = judged(good())
    assert result.equal
    assert (len(result.samples), result.marks, len(result.rows)) == (5, [2.0], 2)


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(events=99, effects=7),
        Verdict(events=100, effects=0),
        Verdict(events=100, effects=7, missing=[Sent("signals", b"anna", b"1", ())]),
        Verdict(events=100, effects=7, wrong_rows=[b"anna"]),
        Verdict(events=100, effects=7, uncommitted={("app", 0): 3}),
    ],
    ids=["an event is missing", "nothing was compared", "a lost signal", "a wrong row", "lag"],
)
def test_what_the_oracle_finds_fails(verdict: Verdict) -> None:
    result = judged(verdict)
    assert not result.equal
    assert len(result.notes) > len(judged(good()).notes)


@pytest.mark.kafka
@pytest.mark.slow
def test_a_short_soak_with_a_kill_is_equal() -> None:
    result = soak(Plan(seconds=25, rate=500, customers=400, kill_every=10, sample_every=2), partitions=2)
    assert result.equal, result.notes
    assert result.marks
    assert len(result.rows) == len(result.marks) + 1
