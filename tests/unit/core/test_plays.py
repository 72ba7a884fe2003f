# ruff: noqa: ANN401 - parts of a policy and of a command are whatever the wire allows
"""What is done about a lapse: R6, R8, R9, R15 of the default policy, and the one door for messages."""

from typing import Any

import pytest

from streams.wire.control import Offer
from streams.wire.times import DAY, HOUR, MINUTE, format_time, parse_time

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
    offers_fact,
    policy,
    policy_fact,
    tell,
    weekly_buyer,
)

DAILY = every(DAY, 61, T, "store.visited")
START = T - 60 * DAY


def yes(*channels: str, at: int = START) -> list[Happening]:
    return [consent(at, channel, "in") for channel in channels]


def gone(*more: Happening, until: int = T + 8 * DAY, **changes: Any) -> Story:
    """A daily visitor of the store, never seen in the app or on the site, who stays away after T."""
    return tell([*DAILY, *more], until, policy(**changes))


def at(said: dict[str, Any]) -> int:
    return parse_time(said["at"])


def due(story: Story) -> int:
    return at(story.signals("brand_stopped", "opened")[0])


def sends(story: Story, play: str | None = None) -> list[dict[str, Any]]:
    return story.commands("send", play)


def test_r9_goes_to_all_open_channels_four_hours_apart_within_two_days() -> None:
    story = gone(*yes("email", "push", "ads"), until=T + 6 * DAY)
    first = due(story)
    hello = [c for c in sends(story, "win_back") if c["step"] == 1]
    assert [(c["channel"], at(c)) for c in hello] == [
        ("push", first),
        ("email", first + 4 * HOUR),
        ("ads", first + 8 * HOUR),
    ]
    assert [c["_"] for c in hello] == ["commands.push", "commands.email", "commands.ads"]
    assert {c["arm"] for c in story.signals("brand_stopped")} == {"treat"}


def test_r8_the_command_names_what_it_answers_and_rests_on() -> None:
    story = gone(*yes("email"))
    (signal,) = story.signals("brand_stopped")
    command = sends(story, "win_back")[0]
    assert command["at"] == command["not_before"] == signal["at"]
    assert command["expires_at"] == format_time(at(signal) + 48 * HOUR)
    assert (command["signal"], command["episode"]) == (signal["id"], signal["episode"])
    assert command["consent"] == {"state": "in", "since": format_time(START)}
    assert command["message"]["template"] == "win_back_hello"
    assert command["seq"] == signal["seq"] + 1


def test_r28_a_week_later_one_message_says_what_is_missed() -> None:
    story = gone(*yes("email"), until=T + 12 * DAY)
    hello, missed = sends(story, "win_back")
    assert at(missed) == at(hello) + 7 * DAY
    assert (missed["step"], missed["message"]["template"]) == (2, "win_back_what_you_miss")


def test_r9_a_visit_five_hours_later_cancels_what_is_out_and_stops_the_rest() -> None:
    first = due(gone(*yes("email", "push", "ads")))
    story = gone(*yes("email", "push", "ads"), event(first + 5 * HOUR, "app.opened"), until=T + 5 * DAY)
    assert [c["channel"] for c in sends(story)] == ["push", "email"]
    cancels = story.commands("cancel")
    assert [c["cancels"] for c in cancels] == [c["id"] for c in sends(story)]
    assert {at(c) for c in cancels} == {first + 5 * HOUR}
    assert story.signals("brand_stopped")[1]["reason"] == "returned"


def test_what_its_service_has_reported_on_is_not_cancelled() -> None:
    story = gone(*yes("email", "push"))
    first, push = due(story), sends(story)[0]
    report = message(first + HOUR, "push.delivered", push["id"])
    story = gone(*yes("email", "push"), report, event(first + 5 * HOUR, "app.opened"))
    (cancel,) = story.commands("cancel")
    assert cancel["channel"] == "email"


def test_what_has_expired_needs_no_cancel() -> None:
    first = due(gone(*yes("email")))
    story = gone(*yes("email"), event(first + 49 * HOUR, "app.opened"))
    assert len(sends(story)) == 1
    assert story.commands("cancel") == []


def test_a_retraction_cancels() -> None:
    late = event(T + 3 * DAY, "store.visited", arrives=T + 3 * DAY + 20 * HOUR)
    story = gone(*yes("email"), late, until=T + 4 * DAY)
    assert [s["action"] for s in story.signals("brand_stopped")] == ["opened", "retracted"]
    (cancel,) = story.commands("cancel")
    assert cancel["cancels"] == sends(story)[0]["id"]


@pytest.mark.parametrize("how", ["email", "all"])
def test_an_opt_out_cancels_what_is_out_on_its_channel(how: str) -> None:
    first = due(gone(*yes("email")))
    story = gone(*yes("email"), consent(first + HOUR, how, "out", reason="unsubscribe"))
    (cancel,) = story.commands("cancel")
    assert (cancel["channel"], at(cancel)) == ("email", first + HOUR)
    assert sends(story, "win_back")[1:] == []


def test_do_not_contact_takes_an_in_app_message_back_though_nobody_ever_spoke_of_in_app() -> None:
    shopping = [*weekly_buyer(), *every(DAY, 96, T + 25 * DAY, "app.opened")]
    no = consent(T + 21 * DAY, "all", "out", reason="settings")
    story = tell([*shopping, no], T + 25 * DAY)
    (send,) = sends(story, "promotion")
    (cancel,) = story.commands("cancel")
    assert (send["channel"], send["consent"]) == ("in_app", {"state": "not_required", "since": None})
    assert (cancel["cancels"], at(cancel)) == (send["id"], T + 21 * DAY)


def test_r9_an_unsubscribe_before_the_slot_keeps_the_slot_empty() -> None:
    first = due(gone(*yes("email", "push")))
    no = consent(first + 4 * HOUR - 10_000, "email", "out", reason="unsubscribe")
    story = gone(*yes("email", "push"), no, until=T + 4 * DAY)
    assert [c["channel"] for c in sends(story, "win_back")] == ["push"]


def test_an_opt_out_in_the_same_cut_wins_over_a_slot_before_it() -> None:
    first = due(gone(*yes("email")))
    story = Story().play([*DAILY, *yes("email")], hourly(START, T + DAY))
    story.play([consent(first + HOUR, "email", "out", reason="unsubscribe")], [first + 2 * HOUR])
    assert len(story.signals("brand_stopped")) == 1
    assert sends(story) == []


def test_a_yes_in_the_same_cut_does_not_count_for_a_slot_before_it() -> None:
    first = due(gone(*yes("email")))
    story = Story().play(DAILY, hourly(START, T + DAY))
    story.play([consent(first + HOUR, "email", "in")], [first + 2 * HOUR])
    assert sends(story) == []


def test_unknown_consent_is_no() -> None:
    assert gone().commands() == []


@pytest.mark.parametrize("axis", ["subscription", "permission"])
def test_push_is_closed_by_either_of_its_axes(axis: str) -> None:
    no = consent(T - 30 * DAY, "push", "out", axis=axis)
    story = gone(*yes("push"), no)
    assert [c for c in sends(story) if c["channel"] == "push"] == []
    assert [c["channel"] for c in sends(gone(*yes("push")))] != []


def test_where_app_push_is_closed_web_push_goes_and_says_so() -> None:
    web = consent(START, "push", "in", surface="web", id_="web-push")
    (command, *_) = sends(gone(web))
    assert (command["channel"], command["surface"]) == ("push", "web")
    (command, *_) = sends(gone(web, *yes("push")))
    assert "surface" not in command


def test_a_list_that_is_switched_off_takes_its_message_back_and_no_other() -> None:
    channels = {"email": {"lists": ["promotions", "orders"]}}
    (sent, *_) = sends(gone(*yes("email"), channels=channels))
    for list_, cancelled in (("promotions", [sent["id"]]), ("orders", [])):
        off = consent(at(sent) + HOUR, "email", "out", scope="list", list=list_, reason="settings")
        story = gone(*yes("email"), off, channels=channels)
        assert [cancel["cancels"] for cancel in story.commands("cancel")] == cancelled


def test_a_list_that_is_off_keeps_its_messages_back() -> None:
    channels = {"email": {"lists": ["promotions", "orders"]}}
    off = consent(T - DAY, "email", "out", scope="list", list="promotions", reason="settings")
    assert sends(gone(*yes("email"), off, channels=channels)) == []
    other = consent(T - DAY, "email", "out", scope="list", list="orders", reason="settings")
    assert len(sends(gone(*yes("email"), other, channels=channels))) > 0


PUSH_OFF = [*yes("push"), message(T - DAY, "push.delivered"), consent(T, "push", "out", reason="settings")]
VISITS = every(DAY, 61, T - HOUR, "app.opened")


def test_r15_after_an_opt_out_the_next_word_goes_by_another_channel_a_day_later() -> None:
    story = tell([*VISITS, *PUSH_OFF, *yes("email")], T + 2 * DAY)
    (command,) = sends(story)
    assert (command["play"], command["channel"], at(command)) == (
        "other_channel_after_push",
        "email",
        T + DAY,
    )


def test_r15_with_email_closed_in_app_is_left_while_the_customer_still_comes() -> None:
    (command,) = sends(tell([*VISITS, *PUSH_OFF], T + 2 * DAY))
    assert (command["channel"], command["consent"]["state"]) == ("in_app", "not_required")


def test_r15_never_by_the_closed_channel_nor_to_somebody_who_does_not_come() -> None:
    absent = every(DAY, 50, T - 8 * DAY, "app.opened")
    quiet = {"detect": {"brand_stopped": {"enabled": False}, "app_stopped": {"enabled": False}}}
    story = tell([*absent, *PUSH_OFF], T + 3 * DAY, policy(**quiet))
    assert [s["kind"] for s in story.signals()] == ["push_opted_out"]
    assert story.commands() == []


def test_an_early_opt_out_is_left_alone() -> None:
    happenings = [
        event(T, "app.installed", platform="ios"),
        consent(T + MINUTE, "push", "out"),
        *yes("email"),
    ]
    story = tell(happenings, T + 3 * DAY)
    assert len(story.signals("push_opted_out")) == 1
    assert story.commands() == []


SHOPPING = [*weekly_buyer(), *every(DAY, 96, T + 25 * DAY, "app.opened"), *yes("email")]
PURCHASE_DUE = parse_time("2025-03-21T07:36:33.436Z")
NEW = Offer(id="new", kind="new", categories=["tea"], from_=PURCHASE_DUE - 10 * DAY, until=None)
SALE = Offer(
    id="sale", kind="sale", categories=["coffee"], from_=PURCHASE_DUE - DAY, until=PURCHASE_DUE + 3 * DAY
)
SHORT = Offer(
    id="short", kind="sale", categories=["tea"], from_=PURCHASE_DUE - DAY, until=PURCHASE_DUE + 5 * HOUR
)
OLD = Offer(id="old", kind="new", categories=["tea"], from_=PURCHASE_DUE - 31 * DAY, until=None)


def promotion(*offers: Offer, category: str | None = None) -> dict[str, Any]:
    """The promotion that the weekly buyer gets, under these offers."""
    story = Story()
    story.offline.learn(offers_fact(*offers))
    shopping = [h for h in SHOPPING if h.body["type"] != "order.completed" or h.arrives < T]
    story.play([*shopping, buy(T, category=category)], hourly(T - 71 * DAY, T + 25 * DAY))
    (command,) = sends(story, "promotion")
    assert at(command) == PURCHASE_DUE
    message_: dict[str, Any] = command["message"]
    return message_


def names(message_: dict[str, Any]) -> list[str]:
    return [offer["id"] for offer in message_["offer"] or []]


def test_r6_one_promotion_names_what_is_new_and_on_sale() -> None:
    assert names(promotion(NEW, SALE, SHORT, OLD)) == ["new", "sale"]


def test_r6_without_offers_nothing_is_named() -> None:
    assert promotion()["offer"] is None
    assert promotion(SHORT, OLD)["offer"] is None


def test_r6b_only_offers_of_the_own_category_are_personal() -> None:
    own = promotion(NEW, SALE, category="coffee")
    assert (names(own), own["personalised"]) == (["sale"], True)
    other = promotion(NEW, SALE, category="shoes")
    assert (names(other), other["personalised"]) == (["new", "sale"], False)
    none = promotion(category="coffee")
    assert (none["offer"], none["personalised"]) == (None, False)


def test_r6_a_purchase_before_the_slot_leaves_no_command() -> None:
    story = tell([*SHOPPING, buy(T + 19 * DAY)], T + 25 * DAY)
    assert story.commands() == []


def test_a_purchase_ends_the_promotion_and_a_visit_does_not() -> None:
    story = tell([*SHOPPING, buy(T + 21 * DAY)], T + 25 * DAY)
    (send,) = sends(story)
    (cancel,) = story.commands("cancel")
    assert (cancel["cancels"], at(cancel)) == (send["id"], T + 21 * DAY)
    assert tell(SHOPPING, T + 25 * DAY).commands("cancel") == []


def windows_hold(commands: list[dict[str, Any]], most: int, per: int) -> bool:
    moments = sorted(at(c) for c in commands)
    return all(sum(m - per < other <= m for other in moments) <= most for m in moments)


def test_caps_hold_over_rolling_windows_and_later_sends_when_there_is_room() -> None:
    """Two an hour are allowed here; the third waits for the window, at the moment that reach named."""
    caps = {
        "cap": {"promotional": 2, "promotional_per": "10h", "channel": 2, "channel_per": "10h"},
        "campaign": {"spacing": "1h"},
    }
    story = gone(*yes("email", "push", "ads"), until=T + 5 * DAY, **caps)
    first = due(story)
    hello = [c for c in sends(story, "win_back") if c["step"] == 1]
    assert [at(c) - first for c in hello] == [0, HOUR, 10 * HOUR]
    assert [c["channel"] for c in hello] == ["push", "email", "ads"]
    assert windows_hold(sends(story), 2, 10 * HOUR)


def test_messages_of_a_campaign_keep_their_distance_also_after_waiting() -> None:
    """A receipt an hour before makes two of them wait for the same moment; they do not leave together."""
    receipt = {
        "on": "event:email.delivered",
        "steps": [{"template": "receipt", "channels": ["email"]}],
    }
    changes: dict[str, Any] = {
        "cap": {"promotional": 2, "promotional_per": "10h", "channel": 5, "channel_per": "10h"},
        "plays": {"receipt": receipt},
    }
    first = due(gone(*yes("email", "push", "ads")))
    told = message(first - HOUR, "email.delivered")
    story = gone(*yes("email", "push", "ads"), told, until=T + 6 * DAY, **changes)
    assert [at(c) - first for c in sends(story, "receipt")] == [-HOUR]
    hello = [at(c) - first for c in sends(story, "win_back") if c["step"] == 1]
    assert hello == [0, 9 * HOUR, 13 * HOUR]


def test_a_message_that_must_wait_longer_than_it_is_of_use_is_dropped() -> None:
    caps = {"cap": {"promotional": 1, "promotional_per": "7d", "channel": 1, "channel_per": "7d"}}
    story = gone(*yes("email", "push"), until=T + 20 * DAY, **caps)
    moments = [at(c) - due(story) for c in sends(story, "win_back")]
    assert moments == [0, 7 * DAY], "the second channel's day never came; the second step's did"


def test_no_spacing_sends_to_every_channel_once_and_ends() -> None:
    story = gone(*yes("email", "push"), campaign={"spacing": "0s"}, until=T + 5 * DAY)
    assert [c["channel"] for c in sends(story) if c["step"] == 1] == ["push", "email"]


def test_a_cap_of_nothing_sends_nothing() -> None:
    assert gone(*yes("email"), cap={"promotional": 0}).commands() == []


def test_a_holdout_gets_nothing_and_its_signal_says_so() -> None:
    story = gone(*yes("email"), holdout={"share": 1.0})
    assert {s["arm"] for s in story.signals("brand_stopped")} == {"holdout"}
    assert {s["arm"] for s in story.signals("store_stopped")} == {"none"}
    assert story.commands() == []


def test_a_downtime_past_the_expiry_sends_nothing() -> None:
    story = Story(policy(historical_after="30d")).play([*DAILY, *yes("email")], hourly(START, T + DAY))
    story.play([], [T + 6 * DAY])
    assert len(story.signals("brand_stopped")) == 1
    assert story.signals("brand_stopped")[0]["historical"] is False
    assert sends(story, "win_back") == []


def test_a_step_later_than_the_goals_time_still_comes() -> None:
    steps = [{"template": "a"}, {"template": "b", "after": "20d"}]
    slow = {"plays": {"win_back": {"goal_within": "2d", "steps": steps}}}
    story = gone(*yes("email"), until=T + 30 * DAY, **slow)
    assert [c["message"]["template"] for c in sends(story, "win_back")] == ["a", "b"]


def test_what_is_out_when_the_goals_time_is_over_is_cancelled_all_the_same() -> None:
    steps = [{"template": "a", "expires_after": "10d"}]
    play = {"plays": {"win_back": {"goal_within": "1d", "steps": steps}}}
    first = due(gone(*yes("email")))
    story = gone(*yes("email"), event(first + 5 * DAY, "app.opened"), until=T + 12 * DAY, **play)
    (cancel,) = story.commands("cancel")
    assert cancel["cancels"] == sends(story)[0]["id"]


def test_a_reaction_keeps_the_next_step_back_where_it_asks_for_that() -> None:
    steps = [{"template": "a"}, {"template": "b", "after": "3d", "unless": "reaction"}]
    play = {"plays": {"promotion": {"goal": "order", "steps": steps}}}
    opened = message(PURCHASE_DUE + DAY, "email.opened")
    machine = message(PURCHASE_DUE + DAY, "email.opened", automated=True)
    quiet, told = (
        tell([*SHOPPING, e], T + 25 * DAY, policy(**play)).commands("send", "promotion")
        for e in (opened, machine)
    )
    assert [c["message"]["template"] for c in quiet] == ["a"]
    assert [c["message"]["template"] for c in told] == ["a", "b"]


def test_a_play_on_an_event_answers_it_once_though_it_is_sent_twice() -> None:
    play = {
        "on": "event:app.installed",
        "goal": "order",
        "goal_within": "1h",
        "steps": [{"template": "welcome", "channels": ["email"], "expires_after": "2h"}],
    }
    installed = event(T, "app.installed", platform="ios")
    again = event(T, "app.installed", platform="ios", arrives=T + 3 * HOUR)
    happenings = [*yes("email", at=T - DAY), installed, again]
    story = tell(happenings, T + 10 * HOUR, policy(plays={"welcome": play}))
    (command,) = story.commands()
    assert (command["signal"], command["episode"], command["play"]) == (None, None, "welcome")


def test_a_play_that_the_policy_no_longer_has_stops_and_takes_back() -> None:
    first = due(gone(*yes("email")))
    story = Story().play([*DAILY, *yes("email")], hourly(START, first + HOUR))
    assert len(sends(story)) == 1
    story.offline.learn(policy_fact(policy(plays={"win_back": None})))
    story.play([], hourly(first + 2 * HOUR, first + 9 * DAY))
    assert len(story.commands("send")) == 1
    assert len(story.commands("cancel")) <= 1, "taken back, unless it had expired"
