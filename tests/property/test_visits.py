"""The quick way of a visit gives the bytes of the long one, for any history."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer.state import STREAMS
from streams.reading import Arrival
from streams.visits import Visited, Visits
from streams.wire.control import Known, PopulationFact, SourceFact
from streams.wire.times import DAY, HOUR, MINUTE

from ..support.cuts import Log
from ..support.story import Happening, T, event, policy
from .test_core_customers import POLICIES, late_histories, policies

OWN = (
    *POLICIES,
    policy(detect={"brand_stopped": {"at_least": "1h", "per_year": 300.0}, "web_stopped": {"grace": "5h"}}),
    policy(detect={"app_stopped": {"enabled": False}, "store_stopped": {"rule": "quantile"}}),
    policy(detect={"web_stopped": {"rule": "precision"}, "grace": "0s"}, memory="9d"),
    policy(calendar={"timezone": "America/Sao_Paulo"}, detect={"app_stopped": {"rule": "steered"}}),
    policy(calendar={"closed_weekdays": ["saturday", "sunday"], "closed_days": ["2025-03-05/2025-03-07"]}),
    policy(
        migration={"explained": 1, "delay_max": "2d"},
        detect={"app_stopped": {"rule": "fixed", "after": "1d"}},
    ),
    policy(detect={f"{name}_stopped": {"rule": "fixed", "after": "1h"} for name in ("app", "web", "store")}),
    policy(cohort={"attribute": "tier"}, detect={"web_stopped": {"rule": "quantile"}}),
)
HOURLY = len(OWN) - 2
"""The policy of an hour on each surface."""

STATES: Any = ("quiet", "quiet", "healthy", "burst")
SOURCES: Any = ("app", "web", "email")
Told = tuple[int, SourceFact | PopulationFact]
TYPES = (
    *("app.opened", "app.viewed", "web.visited", "store.visited", "custom", "email.clicked", "app.updated"),
    *("email.delivered", "email.delivered", "push.delivered", "email.opened", "order.completed"),
    *("in_app.shown", "in_app.clicked"),
)


@st.composite
def visits(draw: st.DrawFn) -> list[Happening]:
    """A customer who comes in bursts, mostly on a few surfaces, and is late now and then."""
    at, events = T, []
    for _ in range(draw(st.integers(3, 12))):
        at += draw(st.integers(1, 10 * 24)) * HOUR
        for _ in range(draw(st.integers(1, 6))):
            at += draw(st.integers(1, 90)) * MINUTE
            events.append(_visit(draw, at))
    return events


def _visit(draw: st.DrawFn, at: int) -> Happening:
    type_ = draw(st.sampled_from(TYPES))
    more: dict[str, Any] = {}
    if type_ == "custom":
        more = {"name": "n", "surface": draw(st.sampled_from(("app", "web")))}
    elif type_ == "order.completed":
        items = [{"product_id": "p", "quantity": 1, "price": "1", "category": draw(st.sampled_from("ab"))}]
        order = {"id": "o", "total": "1.00", "currency": "EUR"} | draw(
            st.sampled_from(({}, {"items": items}))
        )
        more = {"surface": draw(st.sampled_from(("app", "web", "store"))), "order": order}
    elif type_.startswith(("email.", "push.", "in_app.")):
        more = {"message": {"id": "m"}}
    if type_ == "push.delivered" and draw(st.booleans()):
        more["surface"] = "web"
    if draw(st.integers(0, 9)) == 0:
        more |= draw(st.sampled_from(({"activity": False}, {"automated": True})))
    if draw(st.integers(0, 4)) == 0:
        more["id_"] = draw(st.sampled_from(("e1", "e2", "e3")))  # sent twice, perhaps
    late = draw(st.sampled_from((0,) * 9 + (HOUR, 3 * DAY)))
    return replace(event(at, type_, **more), arrives=at + late)


@contextmanager
def counted(*, quick: bool) -> Iterator[Counter[bool]]:
    """Count who was taken the quick way; without ``quick`` nobody is."""
    way, taken = Visits.advance, Counter[bool]()

    def advance(
        self: Visits,
        stored: bytes,
        mine: Sequence[Arrival],
        now: int,
        n: int,
        epoch: int,
        *more: Any,  # noqa: ANN401 - and what else there is
    ) -> Visited | None:
        found = way(self, stored, mine, now, n, epoch, *more) if quick else None
        taken[found is not None] += 1
        return found

    with patch.object(Visits, "advance", advance):
        yield taken


@st.composite
def outages(draw: st.DrawFn) -> list[Told]:
    """Words on the sources, and when they are heard (ms), in order."""
    told: list[Told] = []
    at = T
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.integers(1, 20 * 24)) * HOUR
        source, state = draw(st.sampled_from(SOURCES)), draw(st.sampled_from(STATES))
        since = at - draw(st.integers(0, 30)) * HOUR
        told.append((at, SourceFact(source=source, state=state, since=since)))
    return told


@st.composite
def knowledge(draw: st.DrawFn) -> list[Told]:
    """What is learnt of everybody, and of a cohort, and when it is heard (ms), in order."""
    told: list[Told] = []
    at = T
    for version in range(1, draw(st.integers(2, 5))):
        at += draw(st.integers(1, 20 * 24)) * HOUR
        known = Known(m0=0.5, kappa0=1.5, a0=3.0, b0=1.2, a=1.0, b=4.0, customers=50, correction=[0.5] * 5)
        others = Known(m0=2.0, kappa0=3.0, a0=3.0, b0=1.2, a=1.0, b=4.0, customers=90)
        priors = {stream: {"": others, "gold": known} for stream in draw(st.sets(st.sampled_from(STREAMS)))}
        told.append((at, PopulationFact(version=version, priors=priors, responses={})))
    return told


def told(events: list[Happening], which: int, step: int, facts: Sequence[Told] = ()) -> tuple[Log, int]:
    log, waiting, facts = Log(policy_=OWN[which]), sorted(events, key=lambda h: h.arrives), list(facts)
    end = waiting[-1].arrives + 40 * DAY
    for at in range(T + step, end, step):
        while facts and facts[0][0] < at:
            log.learn(facts.pop(0)[1])
        now = [h for h in waiting if h.arrives < at]
        waiting = waiting[len(now) :]
        log.cut(at, now)
    return log, end


def assert_the_same(
    events: list[Happening], which: int, step: int, facts: Sequence[Told] = ()
) -> Counter[bool]:
    with counted(quick=True) as taken:
        quick, _ = told(events, which, step, facts)
    with counted(quick=False):
        slow, _ = told(events, which, step, facts)
    for left, right in zip(quick.cuts, slow.cuts, strict=True):
        assert left.done.rows == right.done.rows
        assert left.done.effects == right.done.effects
        counts = [(c.accepted, c.duplicate, c.ignored) for c in left.done.counts.values()]
        assert counts == [(c.accepted, c.duplicate, c.ignored) for c in right.done.counts.values()]
    return taken


@settings(max_examples=100)
@given(visits(), st.sampled_from(range(len(OWN))), st.sampled_from((HOUR, 7 * HOUR, 2 * DAY, 9 * DAY)))
def test_visits_the_quick_way_are_visits_the_long_way(events: list[Happening], which: int, step: int) -> None:
    assert_the_same(events, which, step)


@settings(max_examples=100)
@given(visits(), st.sampled_from(range(len(OWN))), st.sampled_from((HOUR, 7 * HOUR, 2 * DAY)), outages())
def test_so_they_are_while_sources_are_quiet(
    events: list[Happening], which: int, step: int, facts: list[Told]
) -> None:
    assert_the_same(events, which, step, facts)


def test_a_deadline_that_an_outage_put_off_does_not_just_move_on_with_its_occasion() -> None:
    """A visit, an outage past its deadline, a visit on the same day: what was put off counts no more."""
    events = [event(T, "app.opened"), event(T + 5 * HOUR, "app.opened")]
    words = [(T + HOUR, 0, T + 30 * MINUTE), (T + 4 * HOUR, 2, T + 4 * HOUR)]
    facts = [(at, SourceFact(source="app", state=STATES[state], since=since)) for at, state, since in words]
    assert_the_same(events, HOURLY, 10 * MINUTE, facts)
    log, _ = told(events, HOURLY, 10 * MINUTE, facts)
    assert log.signals()[0] == ("opened", T + 6 * HOUR)


@settings(max_examples=60)
@given(
    visits(), st.sampled_from((HOUR, 7 * HOUR, 2 * DAY)), knowledge(), st.sampled_from(("", "gold", "tin"))
)
def test_so_they_are_as_more_becomes_known_of_everybody(
    events: list[Happening], step: int, facts: list[Told], tier: str
) -> None:
    who = [event(T + 1, "customer.updated", profile={"tier": tier})] if tier else []
    assert_the_same([*who, *events], len(OWN) - 1, step, facts)


@settings(max_examples=40)
@given(late_histories(), policies, st.sampled_from((5 * HOUR, 3 * DAY)))
def test_so_is_everything_else_that_happens_to_customers(
    events: list[Happening], which: int, step: int
) -> None:
    assert_the_same(events, which, step)


def test_plain_visits_do_take_the_quick_way() -> None:
    events = [event(T + i * 8 * HOUR, ("app.opened", "web.visited")[i % 2]) for i in range(40)]
    taken = assert_the_same(events, 0, HOUR)
    assert taken[True] > 30
