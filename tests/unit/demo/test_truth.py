"""The comparison with the truth: of a shop of which it is known, with alarms that are put there by hand."""

import io

import pytest
from rich.console import Console

from devkit.demo.ending import alarms, found
from devkit.demo.scene import Opening
from devkit.demo.truth import Verdict, judge
from devkit.shop import Shop, Truth
from streams.wire.times import DAY

START = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(7, 200, START, 365)


def ends(shop: Shop, stream: str) -> list[Truth]:
    return [t for t in shop.truth() if t.stream == stream and t.lapsed_at is not None]


def of(kind: str, verdicts: list[Verdict]) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.kind == kind)


def opening(truth: Truth, kind: str, after: int, until: int | None = None) -> Opening:
    assert truth.lapsed_at is not None
    at = truth.lapsed_at + after
    return Opening(truth.customer_id, kind, at - 20 * DAY, at, until, "returned" if until else "")


def test_without_alarms_all_ends_are_missed_and_nothing_is_false(shop: Shop) -> None:
    verdict = of("purchase_stopped", judge(shop, []))
    assert verdict.ends == len(ends(shop, "purchase")) > 20
    assert (verdict.found, verdict.alarms, verdict.false_a_year) == (0, 0, 0.0)
    assert verdict.delay is None


def test_an_alarm_after_the_end_finds_it_and_the_delay_is_told(shop: Shop) -> None:
    long_ends = [
        t for t in ends(shop, "visit") if (t.returned_at or shop.until) - (t.lapsed_at or 0) > 12 * DAY
    ]
    raised = [opening(truth, "brand_stopped", 10 * DAY) for truth in long_ends]
    verdict = of("brand_stopped", judge(shop, raised))
    assert verdict.found == verdict.right == len(raised) > 10
    assert verdict.delay == 10.0
    assert verdict.false == verdict.holiday == 0


def test_an_alarm_raised_while_the_habit_faded_and_still_open_at_the_end_finds_it_at_once(shop: Shop) -> None:
    truth = ends(shop, "visit")[0]
    verdict = of("brand_stopped", judge(shop, [opening(truth, "brand_stopped", -5 * DAY)]))
    assert (verdict.found, verdict.right, verdict.delays) == (1, 1, [0.0])


def test_an_alarm_that_was_over_before_the_end_is_none_that_found_it(shop: Shop) -> None:
    kinds = {truth.kind: truth for truth in ends(shop, "visit")}
    for kind, judged in (("fade", "fading"), ("sudden", "false")):
        truth = kinds[kind]
        assert truth.lapsed_at is not None
        raised = opening(truth, "brand_stopped", -9 * DAY, truth.lapsed_at - 2 * DAY)
        verdict = of("brand_stopped", judge(shop, [raised]))
        assert verdict.found == 0
        assert getattr(verdict, judged) + verdict.holiday == 1


def test_an_alarm_on_holiday_is_told_apart_and_counts_as_false(shop: Shop) -> None:
    gone = {t.customer_id for t in ends(shop, "visit")}
    away = next(h for h in shop.holidays() if h.customer_id not in gone)
    raised = Opening(
        away.customer_id, "brand_stopped", away.since, away.since + 10 * DAY, away.until, "returned"
    )
    verdict = of("brand_stopped", judge(shop, [raised]))
    assert (verdict.holiday, verdict.false) == (1, 0)
    assert verdict.false_a_year == pytest.approx(1 / verdict.years)


def test_an_alarm_for_somebody_who_never_left_is_false(shop: Shop) -> None:
    known = {h.customer_id for h in shop.holidays()}
    stayed = next(
        t for t in shop.truth() if t.stream == "visit" and t.kind == "never" and t.customer_id not in known
    )
    at = shop.start + 200 * DAY
    for kind in ("brand_stopped", "web_stopped"):
        verdict = of(kind, judge(shop, [Opening(stayed.customer_id, kind, at - DAY, at)]))
        assert (verdict.false, verdict.right) == (1, 0)


def test_an_alarm_that_was_taken_back_does_not_count(shop: Shop) -> None:
    raised = opening(ends(shop, "visit")[0], "brand_stopped", DAY)
    raised.ended, raised.ended_at = "retracted", raised.at
    assert of("brand_stopped", judge(shop, [raised])).alarms == 0


def test_both_tables_fit_eighty_columns(shop: Shop) -> None:
    out = io.StringIO()
    raised = [opening(truth, "purchase_stopped", DAY) for truth in ends(shop, "purchase")]
    verdicts = judge(shop, raised)
    console = Console(file=out, width=80)
    console.print(found(verdicts))
    console.print(alarms(verdicts))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in out.getvalue()
    assert any(line.startswith("stopped buying") and f"{len(raised)}" in line for line in lines)
