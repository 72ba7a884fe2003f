"""What was delivered and what was answered: the same in whatever order it is learnt (D1)."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.customer.exposure import (
    CONVERTED,
    DELIVERED,
    OURS,
    REACHED,
    REACTED,
    REPEATED,
    Exposure,
    Span,
    put,
    read,
)
from streams.wire.times import DAY, HOUR

from ..support.story import Happening, Story, T, buy, consent, event, message, policy
from .test_core_customers import END, without_seq

WINDOW, LATE = 3 * DAY, 30 * DAY
SPAN: Span = (WINDOW, LATE + WINDOW, 10_000)
IDS = (None, "a", "b", "c", "d")

Entry = tuple[int, int, str | None]
"""Moment, kind, message id."""

entries = st.tuples(
    st.integers(0, 120 * 24).map(lambda hours: T + hours * HOUR),
    st.sampled_from((DELIVERED, DELIVERED, DELIVERED, OURS, REACTED, REACTED, CONVERTED, REACHED)),
    st.sampled_from(IDS),
)
histories = st.lists(entries, max_size=40, unique_by=lambda entry: entry[0])


def taken(history: list[Entry], span: Span = SPAN) -> Exposure:
    x = Exposure()
    for at, kind, id_ in history:
        put(x, kind, at, id_, span)
    return x


def by_the_definition(history: list[Entry], since: int) -> tuple[int, int, int, int, list[int]]:
    """Answered, other reactions, ignored before the last one, its moment, ignored since: one by one.

    Of neither kind is what was ignored between the last reaction up to ``since`` and ``since``: given up.
    """
    sends = sorted(entry for entry in history if entry[1] in (DELIVERED, OURS))
    answered, others, last, heard = set[int](), 0, 0, 0
    for at, kind, id_ in sorted(history):
        in_time = [send for send in sends if send[0] <= at <= send[0] + WINDOW]
        if kind == REACTED:
            mine = [send for send in in_time if send[2] == id_] or in_time
            answered |= {send[0] for send in mine[-1:]}
            others += not mine
            last = at
        elif kind in (CONVERTED, REACHED):
            mine = [send for send in in_time if kind == CONVERTED or send[1] == OURS]
            answered |= {send[0] for send in mine}
            last = at if mine else last
        heard = last if at <= since else heard
    ignored = [at for at, _, _ in sends if at not in answered and not heard < at <= since]
    run = [at for at in ignored if at > max(last, since)]
    return len(answered), others, len(ignored) - len(run), last, run


def as_read(x: Exposure, since: int) -> tuple[int, int, int, int, int, int]:
    heard = read(x, since, WINDOW)
    first = heard.run_from if heard.run else (heard.sends[0] if heard.sends else 0)
    run = heard.run + len(heard.sends)
    return heard.answered, heard.others, heard.ignored, heard.last_reaction, run, first


@given(histories, st.sampled_from((0, T + 5 * DAY)))
def test_it_is_what_the_definition_says(history: list[Entry], since: int) -> None:
    answered, others, ignored, last, run = by_the_definition(history, since)
    found = as_read(taken(sorted(history), (WINDOW, 1000 * DAY, 10_000)), since)
    assert found == (answered, others, ignored, last, len(run), run[0] if run else 0)


@given(histories, st.sampled_from((0, T + 5 * DAY, T + 60 * DAY)))
def test_what_is_folded_says_the_same(history: list[Entry], since: int) -> None:
    """The channel opened anew at ``since``: much of what was delivered before had been folded by then.

    Not where it opened between a send and its answer: the sums do not tell what was ignored between them.
    """
    sends = [at for at, kind, _ in history if kind <= OURS]
    answers = [at for at, kind, _ in history if kind > OURS]
    assume(not any(send <= since < answer <= send + WINDOW for send in sends for answer in answers))
    kept, folded = taken(sorted(history), (WINDOW, 1000 * DAY, 10_000)), Exposure()
    for at, kind, id_ in sorted(history):
        put(folded, kind, at, id_, SPAN, since if at > since else 0)
    assert as_read(folded, since) == as_read(kept, since)
    assert (folded.sent, folded.first) == (kept.sent, kept.first)


@given(histories, st.data())
def test_the_order_of_arrival_within_the_allowed_lateness_leaves_nothing(
    history: list[Entry], data: st.DataObject
) -> None:
    late = [(at + data.draw(st.integers(0, LATE)), (at, kind, id_)) for at, kind, id_ in history]
    assert taken([entry for _, entry in sorted(late)]) == taken(sorted(history))


@given(histories, st.data())
def test_an_answer_that_is_sent_again_changes_nothing(history: list[Entry], data: st.DataObject) -> None:
    answers = [entry for entry in history if entry[1] not in (DELIVERED, OURS)]
    x = taken(sorted(history))
    if not answers:
        return
    at, kind, id_ = data.draw(st.sampled_from(answers))
    before = replace_log(x)
    assert put(x, kind, at, id_, SPAN) == REPEATED
    assert x == before


def replace_log(x: Exposure) -> Exposure:
    copy = Exposure()
    for name in Exposure.__struct_fields__:
        setattr(copy, name, getattr(x, name))
    return copy


@given(histories, st.integers(2, 12))
def test_no_more_is_kept_than_may_be(history: list[Entry], most: int) -> None:
    x = Exposure()
    for at, kind, id_ in history:
        put(x, kind, at, id_, (WINDOW, LATE + WINDOW, most))
        assert len(x.log) <= 8 * most
        read(x, 0, WINDOW)
    assert x.sent == sum(kind in (DELIVERED, OURS) for _, kind, _ in history)


# --- through the whole core

EASY = policy(
    message={"min_ignored": 3, "min_ignored_over": "4d", "per_year": 30.0, "baseline": 1},
    deaf={"consistent": "10d", "consistent_sends": 2},
    visit={"regular": 2, "regular_within": "8d"},
    plays=dict.fromkeys(policy().plays),
    detect={kind: {"enabled": False} for kind in ("purchase_stopped", "app_stopped", "brand_stopped")},
)
CHANNELS = ("email", "push", "push:web")


@st.composite
def mailings(draw: st.DrawFn, channel: str) -> list[Happening]:
    """Something goes out on a channel now and then, and is answered at first: no more than is kept of it."""
    gap = draw(st.integers(2, 6))
    name, _, surface = channel.partition(":")
    more: dict[str, Any] = {"surface": surface} if surface else {}
    events: list[Happening] = []
    for number in range(draw(st.integers(4, 14))):
        at = T + number * gap * DAY + draw(st.integers(0, 20)) * HOUR
        ref = {"id": f"m{number}"} if draw(st.booleans()) else {"id": "m"}
        events.append(event(at, f"{name}.delivered", message=ref, id_=f"{channel}{number}", **more))
        if draw(st.integers(0, 9)) < 8 - 3 * number // 2:
            answered_at = at + draw(st.integers(1, 80)) * HOUR + 1
            events.append(event(answered_at, f"{name}.opened", message=ref, **more))
    return events


@st.composite
def lives(draw: st.DrawFn) -> list[Happening]:
    """One customer with some mailings, some visits, a purchase perhaps."""
    on = draw(st.sets(st.sampled_from(CHANNELS), min_size=1))
    events = [h for channel in sorted(on) for h in draw(mailings(channel))]
    visits = draw(
        st.dictionaries(st.integers(0, 90), st.sampled_from(("app.opened", "web.visited")), max_size=12)
    )
    events += [event(T + day * DAY + 2 * HOUR + 2, type_) for day, type_ in visits.items()]
    bought = draw(st.lists(st.integers(0, 90), max_size=2))
    events += [buy(T + day * DAY + 3 * HOUR + 3, "store") for day in bought]
    return list({(h.body["type"], h.body.get("surface"), h.arrives): h for h in events}.values())


def told(events: list[Happening], step: int) -> Story:
    agreed = [consent(T - DAY, c.partition(":")[0], "in", **_surface(c)) for c in CHANNELS]
    ticks = [*range(T + step, END, step), END + 60 * DAY]
    return Story(EASY).play([*agreed, *events], ticks)


def _surface(channel: str) -> dict[str, Any]:
    return {"surface": "web", "id_": "web"} if channel.endswith(":web") else {}


def standing(story: Story) -> set[tuple[Any, ...]]:
    left: dict[str, tuple[Any, ...]] = {}
    for signal in story.signals("message_disengaged"):
        if signal["action"] == "opened":
            left[signal["episode"]] = (signal["channel"], signal.get("surface"), signal["started_at"])
        else:
            del left[signal["episode"]]
    return set(left.values())


@settings(max_examples=60)
@given(lives(), st.data())
def test_late_deliveries_and_answers_end_in_the_same_episodes(
    events: list[Happening], data: st.DataObject
) -> None:
    late = [replace(h, arrives=h.arrives + data.draw(st.sampled_from(LATENESS))) for h in events]
    assert standing(told(late, 12 * HOUR)) == standing(told(events, 12 * HOUR))


LATENESS = (0, 0, 0, 0, HOUR, DAY, 4 * DAY, 12 * DAY, 29 * DAY)


@settings(max_examples=40)
@given(lives(), st.sampled_from((7 * HOUR, 2 * DAY)))
def test_how_often_it_is_looked_at_does_not_matter(events: list[Happening], step: int) -> None:
    often, seldom = (told(events, each).signals() for each in (HOUR * 3, step))
    assert {without_time_of_look(s) for s in often} == {without_time_of_look(s) for s in seldom}


def without_time_of_look(signal: dict[str, Any]) -> tuple[Any, ...]:
    return without_seq({name: value for name, value in signal.items() if name != "historical"})


def test_the_stories_do_come_to_all_three() -> None:
    """What the laws above are about happens in them."""
    events = [
        message(T + number * 2 * DAY, f"{name}.{what}", id_=f"{name}{what}{number}")
        for name in ("email", "push")
        for what in ("delivered", "opened")
        for number in range(14 if what == "delivered" else 3)
    ]
    events = [replace(h, arrives=h.arrives) for h in events]
    visits = [event(T + day * DAY + HOUR, "web.visited") for day in range(0, 40, 3)]
    story = Story(EASY).play(
        [*(consent(T - DAY, c, "in") for c in ("email", "push")), *events, *visits],
        range(T + DAY, T + 60 * DAY, DAY),
    )
    kinds = {signal["kind"] for signal in story.signals()}
    assert kinds >= {"message_disengaged", "present_but_deaf", "deaf_everywhere"}
