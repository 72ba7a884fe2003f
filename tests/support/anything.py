"""Anything that may happen to customers: events of every type, some late, and facts of every kind between."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from streams.policy.model import Policy
from streams.wire.control import Fact, Known, PopulationFact, SourceFact
from streams.wire.event import TYPES
from streams.wire.times import DAY, HOUR, MINUTE

from .story import Happening, Story, T, event, policy, policy_fact

SPAN = 200 * DAY
CUSTOMERS = ("c1", "c1", "c2")

COMMON = (
    *("app.opened", "web.visited", "store.visited", "order.completed"),
    *("email.delivered", "email.clicked", "push.delivered", "push.opened", "consent.changed"),
)
"""What most events are."""

POLICIES = (
    policy(),
    policy(detect={"forgetting": 0.9, "grace": "0s"}, memory="60d", holdout={"share": 0.3}),
    policy(calendar={"closed_weekdays": ["saturday"], "timezone": "Europe/Berlin"}),
    policy(detect={"brand_stopped": {"rule": "fixed", "after": "3d"}, "app_stopped": {"enabled": False}}),
    policy(detect={name: {"rule": "quantile"} for name in ("purchase_stopped", "web_stopped")}),
    policy(detect={name: {"rule": "precision"} for name in ("app_stopped", "brand_stopped")}),
    policy(detect={name: {"rule": "steered"} for name in ("web_stopped", "store_stopped")}),
    policy(message={"min_ignored": 2, "min_ignored_over": "1d", "baseline": 1}, cohort={"attribute": "tier"}),
)


class History(NamedTuple):
    """Events, facts with the moments (ms) at which they are told, and when it is looked at (ms)."""

    happenings: Sequence[Happening]
    facts: Sequence[tuple[int, Fact]]
    ticks: Sequence[int]

    def played(self) -> Story:
        """All of it, to the end."""
        story, told = Story(partitions=2), list(self.facts)
        waiting = sorted(self.happenings, key=lambda h: h.arrives)
        for at in self.ticks:
            while told and told[0][0] < at:
                story.offline.learn(told.pop(0)[1])
            due = [h for h in waiting if h.arrives < at]
            waiting = waiting[len(due) :]
            story.play(due, [at])
        return story


_moments = st.integers(0, SPAN // MINUTE).map(lambda minutes: T + minutes * MINUTE)
_lateness = st.sampled_from((0, 0, 0, 0, HOUR, 3 * DAY, 50 * DAY))


@st.composite
def _runs(draw: st.DrawFn) -> list[Happening]:
    """Some events of one type, a fixed time apart."""
    type_ = draw(st.one_of(st.sampled_from(TYPES), st.sampled_from(COMMON), st.sampled_from(COMMON)))
    who, start = draw(st.sampled_from(CUSTOMERS)), draw(_moments)
    gap, count = draw(st.sampled_from((HOUR, DAY, 3 * DAY, 7 * DAY))), draw(st.integers(1, 20))
    fields = draw(_fields(type_))
    return [
        event(at, type_, who=who, arrives=at + draw(_lateness), **fields)
        for at in range(start, start + gap * count, gap)
    ]


@st.composite
def _fields(draw: st.DrawFn, type_: str) -> dict[str, Any]:
    """What an event of a type needs, and some of what it may have."""
    family, _, what = type_.partition(".")
    fields: dict[str, Any] = {}
    if family in ("order", "custom"):
        fields["surface"] = draw(st.sampled_from(("app", "web", "store")))
        fields |= (
            {"order": {"id": "o", "total": "9.90", "currency": "EUR"}}
            if family == "order"
            else {"name": "quiz"}
        )
    elif family == "consent":
        fields["consent"] = draw(_consents)
    elif family == "plan":
        fields["plan"] = {
            "id": draw(st.sampled_from("ab")),
            "tier": draw(st.sampled_from(("free", "premium"))),
        }
    elif type_ == "customer.updated":
        fields["profile"] = {"tier": draw(st.sampled_from(("gold", "base")))}
    elif type_ == "app.installed":
        fields["platform"] = "ios"
    elif family in ("email", "push", "in_app") and not what.startswith(("token", "prompted")):
        fields["message"] = {"id": draw(st.sampled_from("xyz"))}
    if family == "push" and draw(st.booleans()):
        fields["surface"] = "web"
    if what in ("opened", "clicked") and draw(st.integers(0, 3)) == 0:
        fields["automated"] = True
    return fields


_consents = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(("email", "push", "all")),
        "state": st.sampled_from(("in", "in", "out")),
        "scope": st.just("all"),
        "reason": st.sampled_from(("asked", "settings", "unsubscribe", "declined", "import", "blocked")),
    }
)

_priors = st.builds(
    Known,
    m0=st.floats(0.0, 4.0),
    kappa0=st.floats(0.3, 10.0),
    a0=st.floats(2.0, 20.0),
    b0=st.floats(0.1, 10.0),
    a=st.floats(0.05, 2.0),
    b=st.floats(0.05, 9.0),
    customers=st.just(100),
    c=st.floats(0.1, 0.9),
    correction=st.sampled_from(([], [0.5, 0.8, 1.0, 1.2, 2.0])),
)

_facts = st.one_of(
    st.sampled_from([policy_fact(each) for each in POLICIES]),
    st.builds(
        PopulationFact,
        version=st.integers(1, 9),
        priors=st.fixed_dictionaries(
            {name: st.fixed_dictionaries({"": _priors}) for name in ("app", "brand")}
        ),
        responses=st.just({}),
    ),
    st.builds(
        SourceFact,
        source=st.sampled_from(("app", "web", "store", "email", "push")),
        state=st.sampled_from(("quiet", "burst", "healthy")),
        since=_moments,
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A history of two customers over most of a year."""
    runs = draw(st.lists(_runs(), min_size=3, max_size=14))
    once = {
        (h.key, h.body["occurred_at"]): h for run in runs for h in run
    }  # at one moment, order is the log's
    facts = draw(st.lists(st.tuples(_moments, _facts), max_size=6))
    first: list[tuple[int, Fact]] = [(T, policy_fact(draw(policies)))]
    end = max([T + SPAN, *(h.arrives for h in once.values())]) + 90 * DAY
    ticks = set(range(T, end, draw(st.sampled_from((DAY, 7 * DAY, 90 * DAY)))))
    ticks |= {T + hours * HOUR for hours in draw(st.lists(st.integers(1, (end - T) // HOUR), max_size=20))}
    told = sorted([*first, *facts], key=lambda each: each[0])
    return History(list(once.values()), told, sorted({*ticks, end}))


policies: st.SearchStrategy[Policy] = st.sampled_from(POLICIES)
