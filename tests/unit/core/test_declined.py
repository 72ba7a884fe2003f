"""D9: a new customer who does not want email, and whoever is none."""

import pytest

from streams.wire.times import DAY, HOUR, format_time

from ...support.story import Happening, Story, T, consent, event, policy, tell

QUIET = policy(detect={f"{name}_stopped": {"enabled": False} for name in ("app", "web", "brand")})
FIRST = event(T, "web.visited")


def play(*told: Happening, until: int = T + 5 * DAY) -> Story:
    return tell(told, max(until, *(h.arrives for h in told)), QUIET)


def no(at: int, reason: str = "declined", **more: object) -> Happening:
    return consent(at, "email", "out", reason=reason, **more)


@pytest.mark.parametrize("reason", ["declined", "asked"])
def test_a_no_within_two_weeks_of_the_first_event_is_a_notice(reason: str) -> None:
    (opened,) = play(FIRST, no(T + 14 * DAY, reason)).signals()
    assert (opened["kind"], opened["stage"], opened["evidence"]["how"]) == (
        "email_declined",
        "steady",
        reason,
    )
    assert play(FIRST, no(T + 14 * DAY + 1, reason)).signals() == []


def test_the_first_event_is_the_one_that_happened_first() -> None:
    late = event(T - 2 * DAY, "web.visited", arrives=T + DAY)
    assert play(FIRST, late, no(T + 13 * DAY)).signals() == []
    later_still = event(T - 2 * DAY, "web.visited", arrives=T + 14 * DAY)
    story = play(FIRST, later_still, no(T + 13 * DAY))
    assert [s["action"] for s in story.signals()] == ["opened", "retracted"]


def test_a_channel_that_was_never_joined_is_left_by_unsubscribing_and_not_declined() -> None:
    assert [s["kind"] for s in play(FIRST, no(T + DAY, "unsubscribe")).signals()] == ["email_opted_out"]


def test_no_answer_is_a_no_after_a_day_and_counts_from_signing_up() -> None:
    signed_up = event(T + HOUR, "customer.registered")
    (opened,) = play(FIRST, signed_up).signals()
    assert (opened["at"], opened["started_at"]) == (
        format_time(T + HOUR + DAY),
        format_time(T + HOUR),
    )
    assert opened["evidence"]["how"] == "unanswered"


@pytest.mark.parametrize(
    "answer",
    [
        consent(T + DAY, "email", "in"),
        consent(T, "email", "in", reason="import"),
        consent(T + 2 * HOUR, "email", "in", scope="list", list="promotions"),
        consent(T + 2 * HOUR, "all", "out", reason="settings"),
    ],
    ids=["in time", "imported", "a list", "do not contact"],
)
def test_who_has_answered_has(answer: Happening) -> None:
    assert play(FIRST, event(T + HOUR, "customer.registered"), answer).signals() == []


def test_somebody_known_for_long_who_signs_up_is_not_new() -> None:
    assert play(FIRST, event(T + 15 * DAY, "customer.registered"), until=T + 20 * DAY).signals() == []


def test_a_no_after_none_is_no_second_notice_and_a_yes_ends_it() -> None:
    story = play(
        FIRST,
        event(T, "customer.registered"),
        no(T + 2 * DAY),
        event(T, "customer.registered", id_="again", arrives=T + 2 * DAY),
        consent(T + 3 * DAY, "email", "in"),
    )
    assert [(s["action"], s.get("reason")) for s in story.signals()] == [
        ("opened", None),
        ("closed", "reconsented"),
    ]
