"""Silence: D4, D5a to c and D6 at the very moments of mission.md 9, and all that ends or undoes them."""

import pytest

from streams.wire.times import DAY, HOUR, MINUTE, format_time, parse_time

from ...support.cuts import Log
from ...support.story import (
    Happening,
    Story,
    T,
    buy,
    consent,
    event,
    every,
    hourly,
    message,
    policy,
    policy_fact,
    tell,
    weekly_buyer,
)

GRACE = 10 * MINUTE
DUE = T + 19 * DAY + 19 * HOUR + 36 * MINUTE + 33_436
"""2025-03-21T07:36:33.436Z: when the weekly buyer of D4 is due."""


def days(length: float) -> int:
    return round(length * DAY)


def moments(story: Story, kind: str) -> list[tuple[str, str]]:
    return [(s["action"], s["at"]) for s in story.signals(kind)]


def visits(until: int, type_: str = "app.opened", apart: int = DAY, back: int = 70 * DAY) -> list[Happening]:
    """Visits that go on up to a moment."""
    return every(apart, (until - T + back) // apart, until, type_)


def test_d4_opens_at_its_own_deadline_and_a_second_silence_opens_a_second_episode() -> None:
    story = tell([*weekly_buyer(), *visits(T + 75 * DAY), buy(T + 40 * DAY)], T + 75 * DAY)
    back = T + 40 * DAY
    first, closed, second = story.signals("purchase_stopped")
    assert (first["action"], first["at"]) == ("opened", "2025-03-21T07:36:33.436Z")
    assert first["started_at"] == format_time(T)
    assert (closed["action"], closed["reason"], closed["at"]) == ("closed", "returned", format_time(back))
    assert second["action"] == "opened"
    assert abs(parse_time(second["at"]) - (back + days(30.009))) < days(0.001)
    assert first["episode"] == closed["episode"] != second["episode"]
    assert len({s["id"] for s in (first, closed, second)}) == 3


def test_d4_says_how_it_was_reached() -> None:
    story = tell([*weekly_buyer(), *visits(T + 25 * DAY)], T + 25 * DAY)
    (opened,) = story.signals("purchase_stopped")
    surface, rule = opened["evidence"]["surface"], opened["evidence"]["rule"]
    assert surface == {
        "last_at": format_time(T),
        "occasions": 11,
        "typical_gap": "7.5d",
        "silent": "19.8d",
        "threshold": "19.8d",
        "threshold_from": "own",
    }
    assert (rule["x"], rule["rule"], rule["per_year"]) == (10, "yearly", 1.0)
    assert opened["historical"] is False


def test_d4_stays_quiet_when_the_purchase_comes_in_time() -> None:
    story = tell([*weekly_buyer(), *visits(T + 30 * DAY), buy(T + 19 * DAY)], T + 30 * DAY)
    assert story.signals("purchase_stopped") == []


def test_one_purchase_ever_is_pooled_and_waits_66_days() -> None:
    happenings = [buy(T), *visits(T + 70 * DAY, apart=2 * DAY, back=0)]
    assert tell(happenings[:13], T + 25 * DAY).signals("purchase_stopped") == []
    (opened,) = tell(happenings, T + 70 * DAY).signals("purchase_stopped")
    assert abs(parse_time(opened["at"]) - (T + days(66.636))) < days(0.001)
    assert opened["evidence"]["surface"]["threshold_from"] == "pooled"


@pytest.mark.parametrize(
    ("kind", "history", "others", "due"),
    [
        ("app_stopped", every(DAY, 61, T, "app.opened"), ("web.visited", DAY), 3.536),
        ("web_stopped", every(2 * DAY, 31, T, "web.visited"), ("store.visited", 2 * DAY), 7.176),
        ("store_stopped", every(14 * DAY, 9, T, "store.visited"), ("app.opened", DAY), 31.752),
    ],
    ids=["D5a", "D5b", "D5c"],
)
def test_d5_opens_on_its_surface_alone(
    kind: str, history: list[Happening], others: tuple[str, int], due: float
) -> None:
    type_, apart = others
    until = T + days(due) + DAY
    others_go_on = every(apart, 130 * DAY // apart, until + HOUR, type_)
    story = tell([*history, *others_go_on], until + 2 * HOUR)
    (opened,) = story.signals()
    assert (opened["kind"], opened["action"]) == (kind, "opened")
    assert abs(parse_time(opened["at"]) - (T + days(due))) < days(0.001)


def test_d6_opens_before_any_surface_alone() -> None:
    daily = [e for type_ in ("app.opened", "web.visited", "store.visited") for e in every(DAY, 61, T, type_)]
    story = tell(daily, T + days(3.3))
    (opened,) = story.signals()
    assert opened["kind"] == "brand_stopped"
    assert abs(parse_time(opened["at"]) - (T + days(3.175))) < days(0.001)
    assert opened["stage"] == "lapsing"
    later = tell(daily, T + days(3.6))
    assert later.signals()[0]["kind"] == "brand_stopped"
    assert {s["kind"] for s in later.signals()} >= {"app_stopped", "web_stopped"}


def test_d6_of_a_buyer_who_makes_no_visits() -> None:
    (opened,) = tell(weekly_buyer(), T + 17 * DAY).signals("brand_stopped")
    assert abs(parse_time(opened["at"]) - (T + days(16.875))) < days(0.001)


@pytest.mark.parametrize(("automated", "opens"), [(False, 0), (True, 1)])
def test_a_click_is_a_sign_of_life_and_a_machine_is_none(automated: bool, opens: int) -> None:  # noqa: FBT001
    daily = every(DAY, 62, T, "app.opened")
    click = message(T + 3 * DAY, "email.clicked", automated=automated)
    story = tell([*daily, click], T + days(3.3))
    assert len(story.signals("brand_stopped", "opened")) == opens


def test_nobody_is_told_before_the_grace_has_passed() -> None:
    ticks = [*hourly(T - 71 * DAY, DUE - HOUR), DUE, DUE + GRACE - 1]
    story = Story().play(weekly_buyer(), [t for t in ticks if t <= DUE + GRACE])
    assert story.signals("purchase_stopped") == []
    assert len(story.play([], [DUE + GRACE]).signals("purchase_stopped")) == 1


def test_what_is_late_but_within_the_grace_keeps_it_quiet() -> None:
    late = buy(DUE - HOUR, arrives=DUE + 5 * MINUTE)
    story = tell([*weekly_buyer(), *visits(T + 22 * DAY), late], T + 22 * DAY, step=MINUTE * 5)
    assert story.signals("purchase_stopped") == []


def test_late_activity_before_the_deadline_retracts() -> None:
    late = buy(T + 18 * DAY, arrives=T + 25 * DAY)
    story = tell([*weekly_buyer(), *visits(T + 26 * DAY), late], T + 26 * DAY)
    opened, retracted = story.signals("purchase_stopped")
    assert retracted["action"] == "retracted"
    assert retracted["at"] == format_time(T + 18 * DAY)
    assert retracted["episode"] == opened["episode"]
    assert retracted["evidence"]["event"]["occurred_at"] == format_time(T + 18 * DAY)
    assert story.signals()[-1]["stage"] == "steady"


@pytest.mark.parametrize(("at", "action"), [(DUE, "retracted"), (DUE + 1, "closed")])
def test_the_deadline_itself_divides_retracting_from_closing(at: int, action: str) -> None:
    late = buy(at, arrives=T + 25 * DAY)
    story = tell([*weekly_buyer(), *visits(T + 26 * DAY), late], T + 26 * DAY)
    assert [s["action"] for s in story.signals("purchase_stopped")] == ["opened", action]
    assert story.signals("purchase_stopped")[1]["at"] == format_time(at)


@pytest.mark.parametrize(("delay", "action"), [(29, "retracted"), (31, "closed")])
def test_what_comes_later_than_late_retract_closes(delay: int, action: str) -> None:
    at = T + 18 * DAY
    late = buy(at, arrives=at + delay * DAY)
    story = tell([*weekly_buyer(), *visits(T + 55 * DAY), late], T + 55 * DAY)
    assert [s["action"] for s in story.signals("purchase_stopped")][:2] == ["opened", action]


def test_late_activity_from_before_the_silence_leaves_the_episode_open() -> None:
    late = buy(T - 3 * DAY, arrives=T + 25 * DAY)
    story = tell([*weekly_buyer(), *visits(T + 26 * DAY), late], T + 26 * DAY)
    assert [s["action"] for s in story.signals("purchase_stopped")] == ["opened"]


def test_after_a_retraction_the_silence_counts_from_the_late_event() -> None:
    late = buy(T + 18 * DAY, arrives=T + 25 * DAY)
    story = tell([*weekly_buyer(), *visits(T + 50 * DAY), late], T + 50 * DAY)
    first, _, again = story.signals("purchase_stopped")
    assert again["action"] == "opened"
    assert again["started_at"] == format_time(T + 18 * DAY)
    assert again["episode"] != first["episode"]


def test_two_surface_stops_are_lapsing_and_their_end_is_steady() -> None:
    happenings = [
        *every(DAY, 61, T, "app.opened"),
        *every(DAY, 61, T, "web.visited"),
        *every(DAY, 75, T + 10 * DAY, "store.visited"),
        event(T + 6 * DAY, "app.opened"),
        event(T + 7 * DAY, "web.visited"),
    ]
    story = tell(happenings, T + 10 * DAY)
    stages = [(s["kind"], s["action"], s["stage"]) for s in story.signals()]
    assert stages == [
        ("app_stopped", "opened", "cooling"),
        ("web_stopped", "opened", "lapsing"),
        ("app_stopped", "closed", "cooling"),
        ("web_stopped", "closed", "steady"),
    ]


def test_a_backlog_of_one_topic_makes_nobody_silent() -> None:
    """Time stands while the inputs are behind, whatever the events that are read say."""
    log = Log()
    log.cut(T + HOUR, weekly_buyer())
    backlog = [
        log.sent(h.topic, h.key, h.value, h.arrives) for h in every(DAY, 60, T + 60 * DAY, "app.opened")
    ]
    done = log.cut(T + HOUR, records=backlog)
    assert (done.rejects, done.effects) == ([], [])
    purchase = buy(T + 15 * DAY)
    done = log.cut(T + 16 * DAY, [purchase])
    assert done.effects == [], "the purchase was in the other backlog"


def test_a_fixed_rule_waits_the_days_it_names_for_everybody() -> None:
    fixed = policy(detect={"purchase_stopped": {"rule": "fixed", "after": "10d"}})
    (opened,) = tell([*weekly_buyer(), *visits(T + 12 * DAY)], T + 12 * DAY, fixed).signals()
    assert (opened["kind"], opened["at"]) == ("purchase_stopped", format_time(T + 10 * DAY))
    assert opened["evidence"]["surface"]["threshold_from"] == "policy"


def test_a_precision_rule_uses_the_dropout_odds() -> None:
    rule = {"purchase_stopped": {"rule": "precision", "precision": 0.7, "horizon": "60d"}}
    story = tell([*weekly_buyer(), *visits(T + 20 * DAY)], T + 20 * DAY, policy(detect=rule))
    (opened,) = story.signals("purchase_stopped")
    assert abs(parse_time(opened["at"]) - (T + days(18.086641914))) <= 1


def test_bounds_hold_whatever_the_rule_says() -> None:
    least = policy(detect={"purchase_stopped": {"at_least": "25d"}})
    (opened,) = tell([*weekly_buyer(), *visits(T + 26 * DAY)], T + 26 * DAY, least).signals(
        "purchase_stopped"
    )
    assert opened["at"] == format_time(T + 25 * DAY)
    most = policy(detect={"purchase_stopped": {"at_most": "9d"}})
    (opened,) = tell([*weekly_buyer(), *visits(T + 10 * DAY)], T + 10 * DAY, most).signals("purchase_stopped")
    assert opened["at"] == format_time(T + 9 * DAY)


def test_a_kind_switched_off_is_not_looked_for_and_its_open_episodes_close() -> None:
    off = policy(detect={"purchase_stopped": {"enabled": False}})
    happenings = [*weekly_buyer(), *visits(T + 30 * DAY)]
    assert tell(happenings, T + 30 * DAY, off).signals("purchase_stopped") == []
    story = Story().play(
        [h for h in happenings if h.arrives < T + 22 * DAY], hourly(T - 71 * DAY, T + 22 * DAY)
    )
    story.offline.learn(policy_fact(off))
    story.play(
        [h for h in happenings if h.arrives >= T + 22 * DAY], hourly(T + 22 * DAY, T + 30 * DAY + HOUR)
    )
    opened, closed = story.signals("purchase_stopped")
    assert (closed["action"], closed["reason"]) == ("closed", "disabled")
    assert (opened["policy"], closed["policy"]) == (policy_fact(policy()).version, policy_fact(off).version)


def test_a_policy_that_changes_while_a_deadline_stands_is_asked_when_it_comes_due() -> None:
    """Later under the new policy: filed again. The signal names the policy that decided."""
    patient = policy(detect={"purchase_stopped": {"per_year": 0.5}})
    happenings = [*weekly_buyer(), *visits(T + 30 * DAY)]
    story = Story().play(
        [h for h in happenings if h.arrives < T + 15 * DAY], hourly(T - 71 * DAY, T + 15 * DAY)
    )
    story.offline.learn(policy_fact(patient))
    story.play(
        [h for h in happenings if h.arrives >= T + 15 * DAY], hourly(T + 15 * DAY, T + 30 * DAY + HOUR)
    )
    (opened,) = story.signals("purchase_stopped")
    (oracle,) = tell(happenings, T + 30 * DAY, patient).signals("purchase_stopped")
    assert parse_time(opened["at"]) > DUE
    assert opened["at"] == oracle["at"]
    assert opened["episode"] == oracle["episode"]
    assert opened["policy"] == policy_fact(patient).version


def test_what_became_true_long_ago_is_historical_and_gets_no_command() -> None:
    yes = consent(T - 70 * DAY, "email", "in")
    known = [yes, *weekly_buyer()]
    at_once = Story().play([], [T])
    for happening in known:
        at_once.send(happening)
    at_once.play([], [DUE + 3 * DAY])
    assert {(s["kind"], s["historical"]) for s in at_once.signals()} == {
        ("purchase_stopped", True),
        ("brand_stopped", True),
        ("web_stopped", True),
    }
    assert at_once.commands() == []
    assert {s["arm"] for s in at_once.signals()} == {"none"}
    followed = tell(known, DUE + 3 * DAY)
    assert followed.commands() != []
    assert {s["historical"] for s in followed.signals()} == {False}
    assert {s["id"] for s in followed.signals()} == {s["id"] for s in at_once.signals()}


def test_an_ill_told_custom_event_is_activity_only_where_somebody_acted() -> None:
    daily = every(DAY, 62, T, "app.opened")
    passive = event(T + 3 * DAY, "custom", surface="app", name="sync", activity=False)
    assert len(tell([*daily, passive], T + days(3.3)).signals("brand_stopped")) == 1
    active = event(T + 3 * DAY, "custom", surface="app", name="quiz")
    assert tell([*daily, active], T + days(3.3)).signals("brand_stopped") == []
