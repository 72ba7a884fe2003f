"""Who moved where does not depend on the order in which it is told, within the grace (R10, N9)."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer.state import Customer, customer_of
from streams.lapse.kinds import stage
from streams.wire.times import DAY, HOUR

from ..support.story import Happening, Story, T, event, policy

SPAN = 60
END = T + (SPAN + 60) * DAY
FIXED = {"rule": "fixed", "after": "7d"}
POLICIES = (
    policy(detect={"grace": "2h"}),
    policy(detect={"grace": "2h", "app_stopped": FIXED, "web_stopped": FIXED}),
    policy(
        calendar={"timezone": "Europe/Berlin", "closed_weekdays": ["sunday"]},
        detect={"grace": "2h", "store_stopped": {"rule": "steered"}},
        migration={"explained": 2, "ratio": 1.0, "delay_max": "3d"},
    ),
)
VISITS = ("app.opened", "web.visited", "store.visited")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Happening], list[Happening]]:
    """Visits of three surfaces, as they come, and as they come with delays within the grace."""
    minutes = draw(st.lists(st.integers(0, SPAN * 24 * 12), min_size=3, max_size=14, unique=True))
    told = [event(T + m * HOUR // 12, draw(st.sampled_from(VISITS))) for m in sorted(minutes)]
    late = [draw(st.integers(0, 5)) * HOUR // 5 for _ in told]
    return told, [replace(h, arrives=h.arrives + by) for h, by in zip(told, late, strict=True)]


def ended(told: list[Happening], which: int) -> Customer:
    """What is kept of the customer in the end; it is looked at around each arrival."""
    looks = {at for h in told for at in (h.arrives, h.arrives + 1)}
    story = Story(POLICIES[which]).play(told, sorted({*looks, END}))
    (value,) = story.offline.partitions[0].rows.values()
    return customer_of(value)


def outcome(customer: Customer, which: int) -> tuple[Any, ...]:
    """The phase, what stands open since when, and who moved where."""
    open_ = sorted((e.kind, e.started_at) for e in customer.episodes)
    moved = sorted((e.surface, e.to, e.since) for e in customer.migrations if e.to)
    return stage(customer, END, POLICIES[which]), open_, moved


@settings(max_examples=50)
@given(histories(), st.sampled_from(range(len(POLICIES))))
def test_late_within_the_grace_ends_in_the_same_phase_episodes_and_moves(
    history: tuple[list[Happening], list[Happening]], which: int
) -> None:
    told, delayed = history
    assert outcome(ended(delayed, which), which) == outcome(ended(told, which), which)


@settings(max_examples=20)
@given(histories(), st.sampled_from(range(len(POLICIES))), st.sampled_from((5 * HOUR, 3 * DAY, 40 * DAY)))
def test_how_often_it_is_looked_at_changes_neither_rhythms_nor_moves_nor_signals(
    history: tuple[list[Happening], list[Happening]], which: int, step: int
) -> None:
    told, _ = history
    often, seldom = (
        Story(POLICIES[which]).play(told, [*range(T + every, END, every), END]) for every in (7 * HOUR, step)
    )
    assert [s["id"] for s in often.signals()] == [s["id"] for s in seldom.signals()]
    left, right = (customer_of(*story.offline.partitions[0].rows.values()) for story in (often, seldom))
    assert left.migrations == right.migrations
    assert left.cadences() == right.cadences()
