"""D12 and N12: the app is gone, between two moments, as surely as the source knows; and how it ends."""

import random

import pytest

from streams.wire.control import SourceFact
from streams.wire.times import DAY, HOUR, MINUTE, format_time

from ...support.story import Happening, Story, T, event, every, hourly, message, policy, tell

FIXED = policy(
    detect={
        "app_stopped": {"rule": "fixed", "after": "5d"},
        "brand_stopped": {"enabled": False},
        "web_stopped": {"enabled": False},
    }
)
DAILY = every(DAY, 11, T, "app.opened")
"""A session a day, the last at T."""


def play(*happenings: Happening, until: int = T + 20 * DAY) -> Story:
    return tell(happenings, max(until, *(h.arrives for h in happenings)), FIXED)


def lost(at: int) -> Happening:
    return event(at, "push.token_invalid")


def _coded(at: int, code: str) -> Happening:
    return event(at, "push.token_invalid", message={"id": "m", "code": code})


def interval(signal: dict[str, object]) -> tuple[str, str]:
    evidence = signal["evidence"]
    assert isinstance(evidence, dict)
    return evidence["interval"]["earliest_at"], evidence["interval"]["latest_at"]


def test_a_report_counts_at_once_and_the_last_session_is_the_earliest_moment() -> None:
    (opened,) = play(*DAILY, event(T + 6 * HOUR, "app.uninstalled"), until=T + DAY).signals("app_uninstalled")
    assert (opened["at"], opened["started_at"], opened["stage"]) == (
        format_time(T + 6 * HOUR),
        format_time(T + 6 * HOUR),
        "lost",
    )
    assert opened["evidence"]["grade"] == "hard"
    assert interval(opened) == (format_time(T), format_time(T + 6 * HOUR))


@pytest.mark.parametrize(
    ("earliest", "says"), [(T - 3 * DAY, T), (T + HOUR, T + HOUR)], ids=["seen later", "not before that"]
)
def test_an_inferred_report_is_bounded_by_what_it_says_and_by_the_last_session(
    earliest: int, says: int
) -> None:
    report = event(T + DAY, "app.uninstalled", time_quality="inferred", earliest_at=format_time(earliest))
    (opened,) = play(*DAILY, report, until=T + 2 * DAY).signals("app_uninstalled")
    assert interval(opened) == (format_time(says), format_time(T + DAY))


@pytest.mark.parametrize(
    ("back", "reason"),
    [
        (event(T + 2 * DAY, "app.opened"), "returned"),
        (event(T + 2 * DAY, "app.opened", activity=False), "returned"),
        (event(T + 2 * DAY, "app.installed", platform="ios"), "reinstalled"),
        (event(T + 2 * DAY, "push.token_registered"), "returned"),
    ],
    ids=["session", "in the background", "installed", "token"],
)
def test_a_hard_one_ends_with_the_next_sign_of_life(back: Happening, reason: str) -> None:
    story = play(*DAILY, event(T + DAY, "app.uninstalled"), back, until=T + 3 * DAY)
    opened, closed = story.signals("app_uninstalled")
    assert (closed["action"], closed["reason"], closed["at"]) == ("closed", reason, format_time(T + 2 * DAY))
    assert closed["episode"] == opened["episode"]


def test_visits_of_the_site_and_its_push_are_no_sign_of_the_app() -> None:
    story = play(
        *DAILY,
        event(T + DAY, "app.uninstalled"),
        event(T + 2 * DAY, "web.visited"),
        message(T + 3 * DAY, "push.clicked", surface="web"),
        event(T + 3 * DAY, "push.token_registered", surface="web"),
    )
    assert [s["action"] for s in story.signals("app_uninstalled")] == ["opened"]


def test_a_report_that_is_older_than_the_last_session_says_nothing() -> None:
    report = event(T - 12 * HOUR, "app.uninstalled", arrives=T + HOUR)
    assert play(*DAILY, report, until=T + DAY).signals() == []


def test_the_same_report_again_is_no_second_signal_even_after_the_return() -> None:
    report = event(T + DAY, "app.uninstalled")
    again = event(T + DAY, "app.uninstalled", id_="again", arrives=T + 3 * DAY)
    story = play(*DAILY, report, event(T + 2 * DAY, "app.updated"), again, until=T + 4 * DAY)
    assert [s["action"] for s in story.signals("app_uninstalled")] == ["opened", "closed"]


def test_a_lost_token_waits_until_the_silence_is_too_long() -> None:
    (opened,) = play(*DAILY, lost(T + DAY)).signals("app_uninstalled")
    assert (opened["at"], opened["started_at"]) == (format_time(T + 5 * DAY), format_time(T + DAY))
    assert opened["evidence"]["grade"] == "soft"
    assert interval(opened) == (format_time(T), format_time(T + DAY))


def test_a_token_lost_by_an_app_long_silent_waits_for_the_window_in_which_a_burst_shows() -> None:
    (opened,) = play(*DAILY, lost(T + 9 * DAY)).signals("app_uninstalled")
    assert opened["at"] == format_time(T + 9 * DAY + 60 * MINUTE)


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "invalid-argument", "BadDeviceToken", "403"])
def test_an_answer_with_other_causes_is_no_sign(code: str) -> None:
    assert play(*DAILY, _coded(T + DAY, code)).signals("app_uninstalled") == []


@pytest.mark.parametrize("code", ["UNREGISTERED", "NotRegistered", "Unregistered"])
def test_an_answer_that_names_the_token_as_unknown_is_one(code: str) -> None:
    assert len(play(*DAILY, _coded(T + DAY, code)).signals("app_uninstalled")) == 1


@pytest.mark.parametrize(("apart", "told"), [(270 * DAY - 1, 1), (270 * DAY, 0)])
def test_a_token_without_contact_for_270_days_has_merely_expired(apart: int, told: int) -> None:
    story = play(*DAILY, lost(T + apart), until=T + 275 * DAY)
    assert len(story.signals("app_uninstalled")) == told


def test_a_new_token_settles_it_and_so_does_a_session_that_arrives_first() -> None:
    new = event(T + DAY + MINUTE, "push.token_registered")
    assert play(*DAILY, lost(T + DAY), new).signals("app_uninstalled") == []
    late = event(T + DAY, "push.token_invalid", arrives=T + 3 * DAY)
    session = event(T + 2 * DAY, "app.opened")
    assert play(*DAILY, session, late).signals("app_uninstalled") == []


def test_a_session_takes_a_soft_one_back_and_a_second_loss_is_a_second_episode() -> None:
    story = play(*DAILY, lost(T + DAY), event(T + 7 * DAY, "app.opened"), lost(T + 8 * DAY))
    first, back, second = story.signals("app_uninstalled")
    assert (back["action"], back["at"], back["episode"]) == (
        "retracted",
        format_time(T + 7 * DAY),
        first["episode"],
    )
    assert (second["action"], second["started_at"]) == ("opened", format_time(T + 8 * DAY))
    assert second["episode"] != first["episode"]


def test_a_late_session_from_before_the_loss_takes_it_back_until_the_silence_is_too_long_again() -> None:
    late = event(T + 12 * HOUR, "app.opened", arrives=T + 5 * DAY + 2 * HOUR)
    first, back, second = play(*DAILY, lost(T + DAY), late).signals("app_uninstalled")
    assert (first["at"], back["action"]) == (format_time(T + 5 * DAY), "retracted")
    assert second["at"] == format_time(T + 5 * DAY + 12 * HOUR)


def test_a_report_makes_a_soft_one_hard_so_that_a_session_then_is_a_return() -> None:
    story = play(
        *DAILY, lost(T + DAY), event(T + 6 * DAY, "app.uninstalled"), event(T + 7 * DAY, "app.opened")
    )
    assert [s["action"] for s in story.signals("app_uninstalled")] == ["opened", "closed"]


# --- N12: a burst


CUSTOMERS = 120
BURST = T + 20 * DAY
LEFT, REVOKED = 0.1, 0.5


def burst(kind: str, seed: int = 5) -> tuple[Story, set[str]]:
    """Daily to weekly users; some leave, and the provider revokes half of all tokens within an hour."""
    chance = random.Random(seed)
    told: list[Happening] = []
    gone: set[str] = set()
    for number in range(CUSTOMERS):
        who, gap = f"c{number}", chance.choice((1, 2, 3, 4)) * DAY
        at, end = T + chance.randrange(DAY), BURST + 40 * DAY
        if chance.random() < LEFT:
            gone.add(who)
            end = BURST - chance.randrange(DAY)
        while at < end:
            told.append(event(at, "app.opened", who=who))
            at += gap + chance.randrange(DAY)
        if who in gone or chance.random() < REVOKED:
            told.append(event(BURST + chance.randrange(HOUR), kind, who=who))
    story = Story(FIXED)
    story.offline.learn(SourceFact(source="push", state="burst", since=BURST))
    story.play(told, hourly(T, BURST + 40 * DAY, 6 * HOUR))
    return story, gone


@pytest.mark.parametrize("kind", ["push.token_invalid", "app.uninstalled"])
def test_in_a_burst_false_uninstalls_are_few_and_each_is_taken_back_at_the_next_session(kind: str) -> None:
    story, gone = burst(kind)
    signals = story.signals("app_uninstalled")
    opened = {s["customer_id"] for s in signals if s["action"] == "opened"}
    back = [s for s in signals if s["action"] == "retracted"]
    assert gone <= opened, "who left is found"
    false = opened - gone
    assert len(false) <= CUSTOMERS * 0.05, "only who was away for longer than the threshold anyway"
    assert {s["customer_id"] for s in back} == false
    assert {s["evidence"]["grade"] for s in signals if s["action"] == "opened"} == {"soft"}


def test_without_the_burst_being_known_reports_are_believed_and_all_end_at_the_next_session() -> None:
    chance, told = random.Random(3), []
    for number in range(40):
        who, offset = f"c{number}", chance.randrange(DAY)
        told += [event(T + offset + n * DAY, "app.opened", who=who) for n in range(25)]
        told.append(event(BURST + chance.randrange(HOUR), "app.uninstalled", who=who))
    signals = tell(told, T + 25 * DAY, FIXED, step=6 * HOUR).signals("app_uninstalled")
    assert len([s for s in signals if s["action"] == "opened"]) == 40
    assert len([s for s in signals if s["action"] == "closed"]) == 40
