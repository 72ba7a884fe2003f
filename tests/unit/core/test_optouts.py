# ruff: noqa: ANN401 - fields of an event are whatever the wire allows
"""Opting out and in again: D7, D8, D10a to c, lists, do not contact; what closes the channel closes it."""

from typing import Any

import pytest

from streams.wire.times import DAY, HOUR, MINUTE, format_time

from ...support.story import Happening, Story, T, consent, event, every, message, policy, policy_fact, tell


def installed(at: int) -> Happening:
    return event(at, "app.installed", platform="ios")


def delivered(count: int, last: int, type_: str = "push.delivered", **more: Any) -> list[Happening]:
    return [message(last - i * DAY, type_, **more) for i in reversed(range(count))]


def play(*happenings: Happening, until: int = T + 2 * DAY, **changes: object) -> Story:
    return tell(happenings, max(until, *(h.arrives for h in happenings)), policy(**changes))


AGREED = [consent(T, "push", "in"), *delivered(14, T + 20 * DAY)]
OFF = T + 50 * DAY


def test_d7_a_decline_right_after_installing_is_an_early_notice_and_moves_no_stage() -> None:
    story = play(installed(T), consent(T + MINUTE, "push", "out"))
    (opened,) = story.signals()
    assert (opened["kind"], opened["channel"], opened["evidence"]["timing"]) == (
        "push_opted_out",
        "push",
        "early",
    )
    assert (opened["at"], opened["stage"]) == (format_time(T + MINUTE), "steady")
    assert story.commands() == []


def test_d7_is_told_once_however_often_declined_is_reported() -> None:
    repeats = [consent(T + MINUTE + i * HOUR, "push", "out") for i in range(10)]
    assert len(play(installed(T), *repeats).signals()) == 1


def test_d7_a_yes_taken_back_before_anything_was_sent_is_early() -> None:
    story = play(installed(T), consent(T + MINUTE, "push", "in"), consent(T + 5 * MINUTE, "push", "out"))
    (opened,) = story.signals()
    assert opened["evidence"]["timing"] == "early"


@pytest.mark.parametrize(
    ("sent", "off", "timing"),
    [(1, T + 20 * HOUR, "late"), (0, T + 24 * HOUR, "early"), (0, T + 24 * HOUR + 1, "late")],
    ids=["there was outreach", "at the bound", "beyond the bound"],
)
def test_d7_and_d8_are_divided_by_time_and_by_outreach(sent: int, off: int, timing: str) -> None:
    happenings = [installed(T), consent(T + MINUTE, "push", "in"), *delivered(sent, T + HOUR)]
    (opened,) = play(*happenings, consent(off, "push", "out")).signals()
    assert opened["evidence"]["timing"] == timing
    assert opened["evidence"]["delivered"] == sent


def test_d7_without_a_yes_is_early_however_long_after_installing() -> None:
    (opened,) = play(installed(T - 30 * DAY), consent(T, "push", "out")).signals("push_opted_out")
    assert opened["evidence"]["timing"] == "early"


@pytest.mark.parametrize("axis", ["subscription", "permission"])
def test_d8_a_yes_taken_back_after_outreach_is_late_and_strong(axis: str) -> None:
    off = consent(OFF, "push", "out", axis=axis, reason="settings")
    (opened,) = play(*AGREED, off, until=OFF + HOUR).signals("push_opted_out")
    assert (opened["evidence"]["timing"], opened["at"], opened["stage"]) == (
        "late",
        format_time(OFF),
        "cooling",
    )
    assert opened["evidence"]["agreed_since"] == format_time(T)
    assert opened["started_at"] == format_time(OFF)


def test_d8_repeats_are_one_signal_and_a_second_off_after_an_on_is_a_second() -> None:
    repeats = [consent(OFF + i * HOUR, "push", "out") for i in range(10)]
    on, again = consent(OFF + 10 * DAY, "push", "in"), consent(OFF + 20 * DAY, "push", "out")
    story = play(*AGREED, *repeats, on, again)
    first, closed, second = story.signals("push_opted_out")
    assert (first["action"], closed["action"], second["action"]) == ("opened", "closed", "opened")
    assert (closed["reason"], closed["at"]) == ("reconsented", format_time(OFF + 10 * DAY))
    assert first["episode"] != second["episode"]


def test_d8_two_axes_off_are_one_episode_that_ends_when_both_are_on() -> None:
    happenings = [
        *AGREED,
        consent(OFF, "push", "out", axis="permission"),
        consent(OFF + DAY, "push", "out"),
        consent(OFF + 2 * DAY, "push", "in", axis="permission"),
        consent(OFF + 3 * DAY, "push", "in"),
    ]
    opened, closed = play(*happenings).signals("push_opted_out")
    assert (opened["at"], closed["at"]) == (format_time(OFF), format_time(OFF + 3 * DAY))


def test_web_push_has_a_consent_and_an_episode_of_its_own() -> None:
    yes = consent(T, "push", "in", surface="web")
    no = consent(OFF, "push", "out", surface="web")
    story = play(*AGREED, yes, *delivered(1, T + DAY, surface="web", id_="w1"), no, until=OFF + HOUR)
    (opened,) = story.signals("push_opted_out")
    assert (opened["surface"], opened["channel"]) == ("web", "push")
    assert opened["evidence"]["delivered"] == 1
    app = play(*AGREED, consent(OFF, "push", "out"), until=OFF + HOUR).signals("push_opted_out")
    assert "surface" not in app[0]
    assert app[0]["episode"] != opened["episode"]


@pytest.mark.parametrize(
    ("reason", "how"),
    [
        ("unsubscribe", "unsubscribe"),
        ("settings", "unsubscribe"),
        ("complaint", "complaint"),
        ("blocked", "blocked"),
    ],
    ids=["D10a", "D10a by settings", "D10b", "D10c"],
)
def test_d10_leaving_email_says_how(reason: str, how: str) -> None:
    yes, no = consent(T, "email", "in"), consent(T + DAY, "email", "out", reason=reason)
    (opened,) = play(yes, no).signals()
    assert (opened["kind"], opened["channel"], opened["evidence"]["how"]) == ("email_opted_out", "email", how)
    assert (opened["at"], opened["stage"]) == (format_time(T + DAY), "cooling")
    assert opened["evidence"]["subscribed_since"] == format_time(T)


def test_d10b_a_complaint_reported_by_a_feedback_loop_is_an_opt_out() -> None:
    story = play(consent(T, "email", "in"), message(T + DAY, "email.complained"))
    (opened,) = story.signals()
    assert opened["evidence"]["how"] == "complaint"


def test_d10_is_told_once_and_ends_with_a_new_yes() -> None:
    happenings = [
        consent(T, "email", "in"),
        consent(T + DAY, "email", "out", reason="unsubscribe"),
        consent(T + DAY + HOUR, "email", "out", reason="unsubscribe"),
        message(T + DAY + 2 * HOUR, "email.complained"),
        consent(T + 2 * DAY, "email", "in", reason="repermission"),
    ]
    opened, closed = play(*happenings, until=T + 3 * DAY).signals()
    assert (opened["evidence"]["how"], closed["reason"]) == ("unsubscribe", "reconsented")


def test_d10_one_list_off_is_no_signal_and_the_last_one_is() -> None:
    lists = {"email": {"lists": ["promotions", "orders"]}}

    def switch(at: int, name: str, state: str) -> Happening:
        return consent(at, "email", state, scope="list", list=name, reason="settings")

    yes = consent(T, "email", "in")
    assert play(yes, switch(T + DAY, "promotions", "out"), channels=lists).signals() == []
    both = [yes, switch(T + DAY, "promotions", "out"), switch(T + DAY + HOUR, "orders", "out")]
    (opened,) = play(*both, channels=lists).signals()
    assert (opened["kind"], opened["evidence"]["how"]) == ("email_opted_out", "unsubscribe")
    again = play(*both, switch(T + 2 * DAY, "orders", "in"), channels=lists).signals()
    assert [s["action"] for s in again] == ["opened", "closed"]


def test_a_complaint_is_not_undone_by_a_list() -> None:
    def switch(at: int, state: str) -> Happening:
        return consent(at, "email", state, scope="list", list="promotions", reason="settings")

    happenings = [
        consent(T, "email", "in"),
        message(T + HOUR, "email.complained"),
        switch(T + 2 * HOUR, "out"),
        switch(T + 3 * HOUR, "in"),
    ]
    assert [s["action"] for s in play(*happenings).signals()] == ["opened"]


def test_an_import_is_nobodys_act_but_its_no_holds() -> None:
    story = play(consent(T, "email", "in"), consent(T + DAY, "email", "out", reason="import"))
    assert story.signals() == []


def test_a_no_of_somebody_who_never_joined_is_no_opt_out_of_email() -> None:
    for reason, told in (("declined", 0), ("asked", 0), ("unsubscribe", 1)):
        story = play(consent(T, "email", "out", reason=reason))
        assert len(story.signals("email_opted_out")) == told


def test_a_visit_closes_a_notice_of_a_kind_that_the_policy_no_longer_looks_for() -> None:
    story = Story(policy())
    story.play([event(T, "web.visited"), consent(T + HOUR, "push", "out")], [T + 2 * HOUR])
    story.offline.learn(policy_fact(policy(detect={"push_opted_out": {"enabled": False}})))
    story.play([event(T + 3 * HOUR, "web.visited")], [T + 4 * HOUR])
    assert [(s["action"], s.get("reason")) for s in story.signals("push_opted_out")] == [
        ("opened", None),
        ("closed", "disabled"),
    ]


def test_do_not_contact_leaves_every_channel() -> None:
    happenings = [
        consent(T, "push", "in"),
        consent(T, "email", "in"),
        consent(OFF, "all", "out", reason="settings"),
    ]
    story = play(*happenings, until=OFF + HOUR)
    assert {(s["kind"], s["at"]) for s in story.signals()} >= {
        ("push_opted_out", format_time(OFF)),
        ("email_opted_out", format_time(OFF)),
    }


def test_a_kind_that_is_switched_off_stays_quiet_and_the_channel_closes_all_the_same() -> None:
    detect = {"email_opted_out": {"enabled": False}}
    story = play(consent(T, "email", "in"), consent(T + DAY, "email", "out"), detect=detect)
    assert story.signals() == []


def test_consent_on_any_other_type_of_event_says_nothing() -> None:
    smuggled = event(
        T + HOUR,
        "app.opened",
        consent={"channel": "email", "state": "out", "scope": "all", "reason": "unsubscribe"},
    )
    assert play(consent(T, "email", "in"), smuggled).signals() == []


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_statements_at_one_moment_the_no_holds(reverse: bool) -> None:  # noqa: FBT001 - a parameter
    both = [consent(T + DAY, "email", "out", reason="unsubscribe"), consent(T + DAY, "email", "in")]
    story = play(consent(T, "email", "in"), *(reversed(both) if reverse else both))
    assert [s["action"] for s in story.signals()] == ["opened"]


def test_a_no_that_was_said_again_is_not_undone_by_a_yes_from_before() -> None:
    """The SDK repeats "off"; a yes from between the two arrives late."""
    late = consent(T + 2 * DAY, "push", "in", arrives=T + 4 * DAY)
    happenings = [
        *AGREED[:1],
        *delivered(1, T + HOUR),
        consent(T + DAY, "push", "out"),
        consent(T + 3 * DAY, "push", "out"),
        late,
    ]
    assert [s["action"] for s in play(*happenings, until=T + 5 * DAY).signals("push_opted_out")] == ["opened"]


def test_a_yes_that_was_said_again_is_not_undone_by_a_no_from_before() -> None:
    late = consent(T + 2 * DAY, "email", "out", reason="unsubscribe", arrives=T + 4 * DAY)
    happenings = [consent(T, "email", "in"), consent(T + 3 * DAY, "email", "in"), late]
    assert play(*happenings, until=T + 5 * DAY).signals() == []


def test_d8_stays_open_beside_a_life_that_goes_on() -> None:
    story = play(*AGREED, consent(OFF, "push", "out"), *every(DAY, 60, OFF + 5 * DAY, "app.opened"))
    assert [s["action"] for s in story.signals("push_opted_out")] == ["opened"]


def test_do_not_contact_said_again_after_a_delivery_is_no_opt_out_of_what_was_never_joined() -> None:
    happenings = [
        consent(T, "all", "out", reason="settings"),
        message(T + HOUR, "email.delivered"),
        consent(T + 2 * HOUR, "push", "in", axis="permission"),
        consent(T + DAY, "all", "out", reason="settings"),
    ]
    assert play(*happenings).signals() == []


def test_an_install_that_is_read_before_an_older_opt_out_does_not_make_it_early() -> None:
    happenings = [
        consent(T, "push", "in"),
        event(T + 100 * DAY, "app.installed", platform="ios"),
        consent(T + 50 * DAY, "push", "out", reason="settings"),
    ]
    (signal,) = play(*happenings).signals()
    assert signal["evidence"]["timing"] == "late"


def test_do_not_contact_is_an_opt_out_of_push_that_only_the_system_knew_of() -> None:
    happenings = [
        consent(T, "push", "in", axis="permission"),
        consent(T + DAY, "all", "out", reason="settings"),
    ]
    (signal,) = play(*happenings).signals()
    assert (signal["kind"], signal["evidence"]["timing"]) == ("push_opted_out", "late")


def test_invented_lists_and_channels_do_not_make_a_row_grow_for_ever() -> None:
    lists = [consent(T + i, "email", "out", scope="list", list=f"list-{i}") for i in range(300)]
    channels = [consent(T + i, f"channel-{i}", "out", reason="settings") for i in range(300)]
    known = consent(T + HOUR, "email", "out", reason="unsubscribe")
    story = play(*lists, *channels, known)
    (value,) = [v for p in story.offline.partitions for v in p.rows.values()]
    assert len(value) < 10_000
    assert [s["kind"] for s in story.signals()] == ["email_opted_out"]
