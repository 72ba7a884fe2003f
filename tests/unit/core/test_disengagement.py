# ruff: noqa: ANN401 - facts and changes of a policy are of any kind
"""D1: how many ignored messages are too many, and what counts as an answer."""

import re
from pathlib import Path
from typing import Any

import pytest

from streams.customer.exposure import CONVERTED, DELIVERED, REACTED, Exposure, put
from streams.lapse.ignored import allowed, survival
from streams.lapse.message_facts import DisengagedFacts
from streams.wire.times import DAY, HOUR

from ...support.story import Happening, Story, T, consent, event, message, policy, tell

LAPSES = Path(__file__).parents[3] / "docs" / "lapse.md"
WEEK = 7 * DAY


def test_the_vectors_of_the_model() -> None:
    """model.md 8, (10)."""
    found = [survival(7.0, 7.0, y) for y in range(1, 7)]
    assert found == pytest.approx([0.5, 0.26667, 0.15, 0.088235, 0.053922, 0.034056], rel=2e-5)
    assert survival(7.0, 7.0, 3) == pytest.approx(7 * 8 * 9 / (14 * 15 * 16), rel=1e-12)
    assert allowed(1.0, 7.0, 7.0, 7.0) == pytest.approx(0.038330, rel=1e-5)
    assert allowed(50.0, 30.0, 1.0, 40.0) == 0.6, "never more than what is more likely than not"


def facts(answered: int, ignored: int, ignored_since: int, **more: Any) -> DisengagedFacts:
    """So many answered and ignored in turn, a week apart; then a run."""
    sent = answered + ignored
    given: dict[str, Any] = {
        "channel": "email",
        "rule": "yearly",
        "min_ignored": 5,
        "min_ignored_over": 14 * DAY,
        "baseline": 2,
        "p0": 1.0,
        "q0": 3.0,
        "per_year": 1.0,
        "window": 3 * DAY,
        "answered": answered,
        "reacted": answered,
        "ignored": ignored,
        "last_reaction": T,
        "first": T - sent * WEEK + WEEK,
        "before": sent,
        "run": 0,
        "run_from": 0,
        "sends": tuple(T + number * WEEK for number in range(1, ignored_since + 1)),
    }
    return DisengagedFacts(**given | more)


def first_run(answered: int, ignored: int, **more: Any) -> int:
    """After how many ignored in a row D1 comes."""
    return next(run for run in range(1, 200) if facts(answered, ignored, run, **more).conclude())


def test_the_page_says_after_how_many_it_comes() -> None:
    rows = re.findall(r"^\| (\d+) of (\d+) \| (\d+) \|$", LAPSES.read_text(), re.MULTILINE)
    assert len(rows) == 4
    for answered, sent, run in (tuple(map(int, row)) for row in rows):
        assert first_run(answered, sent - answered) == run


def test_it_is_due_when_the_last_one_could_no_longer_be_answered() -> None:
    found = facts(6, 4, 9).conclude()
    assert found is not None
    assert (found.at, found.started_at) == (T + 6 * WEEK + 3 * DAY, T)
    assert found.words["messages"]["ignored"] == 6


def test_what_is_folded_of_a_run_counts() -> None:
    all_kept = facts(6, 4, 6).conclude()
    folded = facts(
        6, 4, 0, before=14, run=4, run_from=T + WEEK, sends=(T + 5 * WEEK, T + 6 * WEEK)
    ).conclude()
    assert folded == all_kept


@pytest.mark.parametrize(
    "more", [{"rule": "fixed", "min_ignored": 9}, {"min_ignored_over": 8 * WEEK}, {"min_ignored": 9}]
)
def test_the_least_numbers_hold_under_each_rule(more: dict[str, Any]) -> None:
    assert first_run(6, 4, **more) == 9


def test_fixed_asks_for_no_odds() -> None:
    assert first_run(2, 38, rule="fixed") == 5


def test_without_the_baseline_there_is_nothing_to_fall_from() -> None:
    never = facts(1, 40, 100)
    assert never.conclude() is None
    assert not never.is_engager()


def test_a_row_stays_small() -> None:
    x, span = Exposure(), policy().exposure
    for number in range(400):
        put(x, DELIVERED, T + number * DAY, f"m{number}", span)
        put(x, REACTED, T + number * DAY + HOUR, f"m{number}", span)
        put(x, CONVERTED, T + number * DAY + 2 * HOUR, None, span)
    assert len(x.log) <= 8 * 24


# --- through the core


def mailing(answers: dict[int, Happening], count: int = 16) -> list[Happening]:
    """An email a week, those of the first ten answered in turn."""
    sends = [message(T + number * WEEK, "email.delivered") for number in range(1, count + 1)]
    clicks = [message(T + number * WEEK + HOUR, "email.clicked") for number in (1, 3, 5, 7, 9, 10)]
    return [consent(T, "email", "in"), *sends, *clicks, *answers.values()]


def opened(*more: Happening, **changes: Any) -> list[dict[str, Any]]:
    plays = dict.fromkeys(policy().plays) | changes.pop("plays", {})
    events = mailing(dict(enumerate(more)))
    story = tell(events, T + 18 * WEEK, policy(plays=plays, **changes), step=DAY)
    return story.signals("message_disengaged", "opened")


LATER = T + 15 * WEEK + DAY
"""A day after the fifth that is ignored."""


def test_it_opens_without_more() -> None:
    assert [signal["evidence"]["messages"]["ignored"] for signal in opened()] == [6]


@pytest.mark.parametrize(
    "answer",
    [
        message(LATER, "email.clicked"),
        message(LATER, "email.opened"),
        event(LATER, "email.clicked", message={"id": f"m{T + 15 * WEEK}"}),
        message(LATER + 4 * DAY, "email.clicked"),
    ],
    ids=["click", "open", "of this very message", "of a message long past"],
)
def test_a_person_who_answers_still_listens(answer: Happening) -> None:
    assert opened(answer) == []


@pytest.mark.parametrize(
    "nothing",
    [
        message(LATER, "email.opened", automated=True),
        message(LATER, "email.clicked", activity=False),
        message(LATER, "push.clicked"),
        event(LATER, "web.visited"),
    ],
    ids=["a machine", "nobody", "another channel", "a visit"],
)
def test_what_is_no_answer_changes_nothing(nothing: Happening) -> None:
    assert len(opened(nothing)) == 1


ELSEWHERE = {
    "on": "event:in_app.dismissed",
    "goal": "web",
    "steps": [{"channels": ["email"], "template": "come_back"}],
}


@pytest.mark.parametrize(("ours", "count"), [(True, 0), (False, 1)])
def test_the_goal_of_a_play_answers_what_we_commanded_and_nothing_else(*, ours: bool, count: int) -> None:
    begun = T + 16 * WEEK - 2 * DAY
    sent_at, visited = T + 16 * WEEK - DAY, event(T + 16 * WEEK + DAY, "web.visited")
    ref = {"id": "own"} | ({"command_id": "x"} if ours else {})
    play = message(begun, "in_app.dismissed")
    sent = event(sent_at, "email.delivered", message=ref)
    assert len(opened(play, sent, visited, plays={"elsewhere": ELSEWHERE})) == count


def test_who_is_forgotten_but_for_a_no_wakes_for_no_message() -> None:
    """The no to a channel that needs no consent outlives the memory; what was delivered there does not."""
    sends = [message(T + number * DAY, "in_app.shown") for number in range(20)]
    clicks = [message(T + number * DAY + HOUR, "in_app.clicked") for number in range(3)]
    no = consent(T + 20 * DAY, "in_app", "out")
    story = Story(policy(memory="30d", plays=dict.fromkeys(policy().plays)))
    story.play([*sends, *clicks, no], [T + 21 * DAY, T + 100 * DAY, T + 300 * DAY])
    assert story.offline.why("c1").channels["in_app"].delivered == 20
    assert [signal["kind"] for signal in story.signals("message_disengaged", "opened")] == []
