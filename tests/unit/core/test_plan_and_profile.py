# ruff: noqa: ANN401 - fields of an event are whatever the wire allows
"""D11 and R22: cancelled, resubscribed, retained; what is kept of a profile, and where it shows."""

from typing import Any

import pytest

from streams.customer.plan import tier
from streams.customer.profile import LONGEST, attributes
from streams.customer.state import Customer, customer_of
from streams.wire.times import DAY, HOUR, format_time

from ...support.story import Happening, Story, T, consent, event, policy, tell

QUIET = {f"{name}_stopped": {"enabled": False} for name in ("app", "web", "brand", "purchase", "store")}
KIND = "premium_cancelled"


def plan(at: int, what: str, id_: str = "gold", tier_: str = "premium", **more: Any) -> Happening:
    said = {"id": id_, "tier": tier_} | ({"ends_at": more.pop("ends_at")} if "ends_at" in more else {})
    return event(at, f"plan.{what}", plan=said, id_=f"{what}:{id_}:{at}", **more)


def play(*told: Happening, until: int = T + 5 * DAY, **changes: Any) -> Story:
    story_policy = policy(detect=QUIET, **changes)
    return tell(told, max(until, *(h.arrives for h in told)), story_policy, step=12 * HOUR)


def actions(story: Story, kind: str = KIND) -> list[tuple[str, str | None, str]]:
    return [(s["action"], s.get("reason"), s["at"]) for s in story.signals(kind)]


def kept(story: Story) -> Customer:
    (value,) = story.offline.partitions[0].rows.values()
    return customer_of(value)


def active(*days: float) -> list[Happening]:
    return [event(round(T + day * DAY), "web.visited") for day in days]


@pytest.mark.parametrize(
    ("days", "at"),
    [
        ((61, 70, 80, 90), 90),
        ((61.0, 61.2, 61.9, 90.9), None),  # two days
        ((60.9, 62, 70, 80), None),
        ((62, 70, 80, 91), None),
        ((75, 76, 77, 78, 79), 78),
    ],
    ids=["both ends", "twice a day", "too early", "too late", "the fourth"],
)
def test_r22_four_active_days_of_those_that_count_are_a_success(
    days: tuple[float, ...], at: float | None
) -> None:
    story = play(plan(T, "cancelled"), *active(*days), until=T + 95 * DAY)
    over = [] if at is None else [("closed", "retained", format_time(round(T + at * DAY)))]
    assert actions(story) == [("opened", None, format_time(T)), *over]


def test_r22_the_moment_is_the_same_whatever_the_order_of_the_visits() -> None:
    late = event(T + 62 * DAY, "web.visited", arrives=T + 79 * DAY)
    story = play(plan(T, "cancelled"), *active(65, 70, 75), late, until=T + 95 * DAY)
    assert actions(story)[1] == ("closed", "retained", format_time(T + 75 * DAY))


def test_r22_what_is_paid_for_still_does_not_count() -> None:
    cancelled = plan(T, "cancelled", ends_at=format_time(T + 68 * DAY))
    assert len(actions(play(cancelled, *active(62, 64, 70, 75), until=T + 95 * DAY))) == 1
    assert len(actions(play(cancelled, *active(68, 70, 75, 80), until=T + 95 * DAY))) == 2


def test_the_watch_ends_after_half_a_year_and_a_repeat_then_is_no_second_cancellation() -> None:
    again = plan(T + 185 * DAY, "cancelled")
    story = play(plan(T, "cancelled"), again, until=T + 190 * DAY)
    assert actions(story) == [
        ("opened", None, format_time(T)),
        ("closed", "expired", format_time(T + 180 * DAY)),
    ]


def test_a_start_that_comes_late_between_two_cancellations_makes_them_two() -> None:
    late = plan(T + DAY, "started", arrives=T + 3 * DAY)
    first, second = format_time(T), format_time(T + 2 * DAY)
    story = play(plan(T, "cancelled"), plan(T + 2 * DAY, "cancelled"), late)
    assert actions(story) == [
        ("opened", None, first),
        ("closed", "resubscribed", format_time(T + DAY)),
        ("opened", None, second),
    ]


@pytest.mark.parametrize(
    ("told", "at", "is_"),
    [
        ((), 1, "free"),
        ((plan(T, "started"),), 400, "premium"),
        ((plan(T, "started", tier_="free"),), 1, "free"),
        ((plan(T, "started"), plan(T + DAY, "cancelled", ends_at=format_time(T + 30 * DAY))), 29, "premium"),
        ((plan(T, "started"), plan(T + DAY, "cancelled", ends_at=format_time(T + 30 * DAY))), 30, "free"),
        ((plan(T, "started"), plan(T + DAY, "expired")), 2, "free"),
        ((plan(T, "started"), plan(T + DAY, "expired"), plan(T + 2 * DAY, "renewed")), 3, "premium"),
    ],
)
def test_the_tier_is_premium_for_as_long_as_something_is_paid_for(
    told: tuple[Happening, ...], at: int, is_: str
) -> None:
    customer = kept(play(event(T, "web.visited"), *told))
    assert tier(customer, T + at * DAY) == is_


# --- profile


def profile(at: int, **values: Any) -> Happening:
    more = {"arrives": values.pop("arrives")} if "arrives" in values else {}
    return event(at, "customer.updated", profile=values, id_=f"p{at}", **more)


def test_a_profile_keeps_what_somebody_may_ask_for_and_the_later_word_holds() -> None:
    story = play(
        profile(T, timezone="Europe/Berlin", shoe_size=43, segment="vip", interests="tea"),
        profile(T + 2 * DAY, timezone="Asia/Seoul", interests=None),
        profile(T + DAY, timezone="UTC", locale="ko", arrives=T + 3 * DAY),
        cohort={"attribute": "segment"},
    )
    assert attributes(kept(story)) == {"timezone": "Asia/Seoul", "locale": "ko", "segment": "vip"}


def test_a_text_that_is_too_long_is_none() -> None:
    story = play(profile(T, locale="de"), profile(T + DAY, locale="x" * (LONGEST + 1)))
    assert attributes(kept(story)) == {}


def test_every_signal_of_an_episode_names_the_cohort_at_its_opening() -> None:
    story = play(
        profile(T, segment="vip"),
        consent(T, "push", "in"),
        consent(T + DAY, "push", "out", reason="settings"),
        profile(T + 2 * DAY, segment="other"),
        consent(T + 3 * DAY, "push", "in"),
        cohort={"attribute": "segment"},
    )
    assert [(s["action"], s["cohort"]) for s in story.signals("push_opted_out")] == [
        ("opened", "vip"),
        ("closed", "vip"),
    ]


@pytest.mark.parametrize(
    ("where", "sent"),
    [
        ({"cohort": "vip"}, 1),
        ({"profile.color": "red"}, 1),
        ({"profile.color": "blue"}, 0),
        ({"plan.tier": "free"}, 1),
        ({"plan.tier": "premium"}, 0),
    ],
)
def test_a_play_may_ask_for_cohort_profile_and_plan(where: dict[str, Any], sent: int) -> None:
    answer = {"on": f"signal:{KIND}", "where": where, "steps": [{"channels": ["email"], "template": "stay"}]}
    story = play(
        profile(T, segment="vip", color="red"),
        consent(T, "email", "in"),
        plan(T + DAY, "cancelled"),
        cohort={"attribute": "segment"},
        plays={"stay": answer},
    )
    assert len(story.commands("send", "stay")) == sent
