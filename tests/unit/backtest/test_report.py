"""The numbers of a report, counted by hand (`played`)."""

import pytest

from agents.backtest.heard import nothing
from agents.backtest.report import report
from agents.backtest.returns import curve
from agents.backtest.text import text_of
from tests.unit.backtest.played import played, task


def test_false_alarms_delay_and_precision_of_a_kind() -> None:
    found = report(task(), played())["policies"][0]["silence"]["purchase_stopped"]

    years = 8 * (2 + 10 + 40) / 365.25
    assert found["promised"] == {"false_alarms_per_year": 1.0}
    assert (found["active"], found["lapsed"], found["false_alarms"]) == (24, 3, 16)
    assert found["false_alarms_per_year"]["value"] == round(16 / years, 4)
    assert found["false_share"] == round(16 / 19, 4)
    assert found["mean_delay_days"] == 9.0
    assert found["lead_days"] == {"30": 21.0, "60": 51.0, "90": 81.0}
    assert found["fixed"]["30"]["false_alarms"] == 8


def test_who_pays_is_told_by_thirds_with_the_equally_noisy_rule_beside() -> None:
    found = report(task(), played())["policies"][0]["silence"]["purchase_stopped"]

    assert [part["false_alarms"] for part in found["by_cadence"]] == [0, 5, 5]  # from four occasions on
    assert found["equally_noisy"]["days"] == 2.0  # whoever stays away longer than two days: 16 of 24
    assert [part["equally_noisy"]["false_alarms"] for part in found["by_cadence"]] == [0, 5, 5]
    assert sum(part["false_alarms"] for part in found["by_occasions"]) == 16


def test_messages_by_channel_and_customer() -> None:
    found = report(task(), played())["policies"][0]["messages"]

    assert found == {
        "by_channel": {"email": 5},
        "sent": 5,
        "customers": 2,
        "most_for_one": 4,
        "customers_by_number": {"0": 1, "1": 1, "4": 1},
    }


def test_the_curve_counts_who_is_still_away_as_long_as_they_were_watched() -> None:
    counts = nothing()
    for how, day in (("returned", 1), ("open", 2), ("returned", 3), ("ended", 3)):
        counts.returns[0, "app_stopped", how, day] += 1

    points = curve(counts, 0, "app_stopped")

    assert [(p["day"], p["watched"], p["share"]) for p in points] == [(1, 4, 0.25), (3, 2, 0.625)]


@pytest.mark.parametrize(
    "words", ["back in 30 d", "fixed, as noisy: 2.0 d", "after 1 occasion ", "fast third", "at most 4"]
)
def test_the_text_has_the_words(words: str) -> None:
    assert words in text_of(report(task(), played()))
