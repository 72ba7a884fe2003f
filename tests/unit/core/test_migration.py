"""What a surface counts of the others, and what follows from it for a stop (R10, N9)."""

import random

import pytest

from streams.customer.elsewhere import OTHERS
from streams.customer.state import Customer, customer_of
from streams.lapse.migration import MoveFacts, Seen
from streams.wire.times import DAY, HOUR

from ...support.cuts import Log
from ...support.story import Happening, T, event, every, policy, tell

VISITS = {"app": "app.opened", "web": "web.visited", "store": "store.visited"}
WEEK = 7 * DAY


def after(happenings: list[Happening]) -> Customer:
    """The customer after all that, read in the order of arrival."""
    log = Log()
    for happening in sorted(happenings, key=lambda h: h.arrives):
        log.cut(happening.arrives + 1, [happening])
    return customer_of(log.core.rows[b"c1"])


def seen(customer: Customer, surface: str, other: str) -> tuple[int, int]:
    """What ``other`` counts since the last act on a surface: visits, and the gap to be expected (hours)."""
    counts: tuple[int, int, int, int] = getattr(customer, other).elsewhere
    return counts[:2] if OTHERS[other][0] == surface else counts[2:]


@pytest.mark.parametrize("seed", range(20))
def test_each_surface_counts_its_days_since_the_last_act_on_either_other(seed: int) -> None:
    chance = random.Random(seed)
    moments = sorted(chance.sample(range(T, T + 40 * DAY, HOUR), 60))
    told = [(at, chance.choice(list(VISITS))) for at in moments]
    customer = after([event(at, VISITS[surface]) for at, surface in told])
    for surface, others in OTHERS.items():
        last = max(at for at, s in told if s == surface)
        for other in others:
            days: dict[int, int] = {}
            for at, s in told:
                if s == other:
                    days.setdefault(at // DAY, at)
            since = [start for start in days.values() if start > last]
            if since:
                assert seen(customer, surface, other)[0] == len(since)


def test_the_gap_to_be_expected_is_that_of_before() -> None:
    weekly = every(WEEK, 20, T, "web.visited")
    stores = every(14 * DAY, 9, T + HOUR, "store.visited")
    daily = [event(T + number * DAY, "web.visited") for number in range(1, 15)]
    assert seen(after([*weekly, *stores, *daily]), "store", "web") == (14, 7 * 24)


def test_one_visit_before_is_no_rhythm_and_a_long_break_is_its_end() -> None:
    store = event(T, "store.visited")
    back = [event(T + number * DAY, "web.visited") for number in (3, 6, 9)]
    assert seen(after([event(T - 300 * DAY, "web.visited"), store, *back]), "store", "web") == (3, 0)
    old = every(WEEK, 9, T - 300 * DAY, "web.visited")
    assert seen(after([*old, store, *back]), "store", "web") == (3, 300 * 24)


def test_a_late_act_on_the_silent_surface_begins_the_count_anew() -> None:
    store, late = event(T, "store.visited"), event(T + 8 * DAY, "store.visited", arrives=T + 10 * DAY)
    visits = [event(T + number * DAY, "web.visited") for number in (3, 6, 9)]
    in_order = after([store, *visits, event(T + 8 * DAY, "store.visited")])
    assert seen(after([store, *visits, late]), "store", "web") == seen(in_order, "store", "web")
    assert seen(in_order, "store", "web")[0] == 1


@pytest.mark.parametrize(
    ("visits", "silent", "gap", "explained", "undecided"),
    [
        (3, 28, 0, True, False),
        (2, 28, 0, False, True),
        (1, 28, 0, False, True),
        (4, 28, 7, False, False),
        (6, 28, 7, True, False),
        (3, 28, 14, True, False),
        (2, 14, 14, False, False),
        (2, 9, 14, False, True),
        (1, 1, 14, False, False),
    ],
    ids=[
        *("begun", "begun, two", "begun, one", "as before", "half as many more", "twice as many"),
        *("two that an even habit may show", "two closer than that", "one of a habit says nothing"),
    ],
)
def test_three_visits_at_a_grown_rate_explain_and_one_or_two_wait(
    visits: int, silent: int, gap: int, *, explained: bool, undecided: bool
) -> None:
    web = Seen(surface="web", visits=visits, silent=silent * DAY, gap=gap * 24)
    move = MoveFacts(seen=[web], explained=3, ratio=1.5)
    assert (move.target(), move.is_undecided()) == ("web" if explained else "", undecided)


def test_the_busier_of_two_others_is_where_they_went() -> None:
    there = [Seen(surface=s, visits=n, silent=30 * DAY) for s, n in (("app", 4), ("web", 9), ("store", 4))]
    assert MoveFacts(seen=there, explained=3, ratio=1.5).target() == "web"


def test_what_is_explained_opens_nothing_until_they_were_back() -> None:
    stores = every(14 * DAY, 9, T, "store.visited")
    site = [event(T + number * DAY, "web.visited") for number in range(5, 100, 5)]
    story = tell([*stores, *site], T + 100 * DAY, policy(), step=6 * HOUR)
    assert story.signals("store_stopped") == []
    back = event(T + 60 * DAY, "store.visited")
    story = tell([*stores, *site, back], T + 130 * DAY, policy(), step=6 * HOUR)
    assert [s["started_at"] for s in story.signals("store_stopped", "opened")] == [
        back.body["occurred_at"]
    ], "the site was what it was by then"
