"""What holds for any customers, whatever they do and whenever it is looked at."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer import state
from streams.tally import KEY as SUMS
from streams.volumes import RECENT, USUAL
from streams.wire import row
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import DAY, HOUR, MINUTE, parse_time

from ..support.cuts import Log
from ..support.story import Happening, Story, T, buy, consent, event, message, policy, said

SPAN = 90 * DAY
END = T + SPAN + 30 * DAY
CHANNELS = ("email", "push", "in_app", "ads", "all")
CAPS = {"promotional": 2, "promotional_per": "3d", "channel": 1, "channel_per": "36h"}
POLICIES = (
    policy(),
    policy(cap=CAPS, campaign={"spacing": "2h"}),
    policy(detect={"forgetting": 0.9, "grace": "0s"}, memory="20d", holdout={"share": 0.3}),
    policy(detect={name: {"rule": "fixed", "after": "3d"} for name in ("brand_stopped", "purchase_stopped")}),
    policy(
        channels={"email": {"lists": ["promotions", "orders"]}},
        cohort={"attribute": "segment"},
        detect={"app_stopped": {"enabled": False}},
    ),
    policy(
        message={"min_ignored": 3, "min_ignored_over": "4d", "per_year": 30.0, "baseline": 1},
        deaf={"consistent": "10d", "consistent_sends": 2},
        visit={"regular": 2, "regular_within": "8d"},
        detect={name: {"rule": "fixed", "after": "60d"} for name in ("brand_stopped", "web_stopped")},
    ),
)
SHORT_MEMORY = 2
policies = st.sampled_from(range(len(POLICIES)))
moments = st.integers(0, SPAN // MINUTE).map(lambda minutes: T + minutes * MINUTE)
customers = st.sampled_from(("c1", "c2"))


@st.composite
def happenings(draw: st.DrawFn) -> Happening:
    """An event of a customer, as it comes: in its moment."""
    at, who = draw(moments), draw(customers)
    kinds = ("visit", "visit", "visit", "buy", "consent", "consent", "message", "other", "other")
    kind = draw(st.sampled_from(kinds))
    if kind == "visit":
        return event(at, draw(st.sampled_from(("app.opened", "web.visited", "store.visited"))), who=who)
    if kind == "buy":
        return buy(at, draw(st.sampled_from(("app", "web", "store"))), who=who)
    if kind == "consent":
        return draw(consents(at, who))
    if kind == "message":
        return message(at, draw(st.sampled_from(MESSAGES)), who=who)
    if draw(st.integers(0, 9)) == 0:
        return event(at, "customer.erased", who=who)
    return draw(transitions(at, who))


MESSAGES = (
    *("push.delivered", "email.delivered", "email.clicked", "push.opened", "email.complained"),
    *("in_app.shown", "in_app.clicked", "in_app.dismissed"),
)


@st.composite
def mailings(draw: st.DrawFn) -> list[Happening]:
    """A channel on which something goes out every few days, answered at first perhaps."""
    name, who = draw(st.sampled_from(("email", "push", "in_app"))), draw(customers)
    gap, begun, answered = draw(st.integers(1, 5)), draw(moments), draw(st.integers(0, 4))
    delivered, reacted = ("shown", "clicked") if name == "in_app" else ("delivered", "opened")
    sent = [begun + number * gap * DAY for number in range(draw(st.integers(3, 10)))]
    sends = [message(at, f"{name}.{delivered}", who=who) for at in sent]
    return [*sends, *(message(at + 7 * HOUR, f"{name}.{reacted}", who=who) for at in sent[:answered])]


TRANSITIONS = (
    *("app.installed", "app.uninstalled", "push.token_invalid", "push.token_registered", "push.prompted"),
    *("plan.started", "plan.cancelled", "plan.expired", "customer.registered", "customer.updated"),
)


@st.composite
def transitions(draw: st.DrawFn, at: int, who: str) -> Happening:
    """What a system, a provider or a shop says of a customer."""
    type_ = draw(st.sampled_from(TRANSITIONS))
    more: dict[str, Any] = {}
    if type_ == "app.installed":
        more = {"platform": "ios"}
    elif type_.startswith("plan."):
        more = {"plan": {"id": draw(st.sampled_from(("gold", "silver"))), "tier": "premium"}}
    elif type_ == "customer.updated":
        more = {"profile": {"segment": draw(st.sampled_from(("vip", "other", None))), "locale": "de"}}
    return event(at, type_, who=who, **more)


@st.composite
def consents(draw: st.DrawFn, at: int, who: str) -> Happening:
    """A change of consent, with a yes more often than a no."""
    channel = draw(st.sampled_from(CHANNELS))
    more: dict[str, Any] = {}
    if channel == "push":
        more["axis"] = draw(st.sampled_from(("subscription", "subscription", "permission")))
        if draw(st.booleans()):
            more["surface"] = "web"
    elif channel == "email" and draw(st.integers(0, 3)) == 0:
        more |= {"scope": "list", "list": draw(st.sampled_from(("promotions", "orders")))}
    said_ = draw(st.sampled_from(("in", "in", "out")))
    reason = draw(st.sampled_from(("asked", "settings", "unsubscribe", "import", "blocked")))
    return consent(at, channel, said_, who=who, reason=reason, **more)


def is_import(h: Happening) -> bool:
    """Whether this is a consent that was said elsewhere, long ago perhaps."""
    return bool(h.body.get("consent", {}).get("reason") == "import")


def _once(events: list[Happening]) -> list[Happening]:
    """One event a moment for each customer: at one moment, order is the log's."""
    return list({(h.key, h.arrives): h for h in events}.values())


histories = st.tuples(st.lists(happenings(), min_size=5, max_size=40), st.lists(mailings(), max_size=2)).map(
    lambda parts: _once([*parts[0], *chain(*parts[1])])
)


@st.composite
def late_histories(draw: st.DrawFn) -> list[Happening]:
    """Some of the events arrive late, by up to fifty days."""
    events = draw(histories)
    return [
        replace(h, arrives=h.arrives + draw(st.sampled_from((0, 0, MINUTE, HOUR, 3 * DAY, 50 * DAY))))
        for h in events
    ]


def ticks(step: int, until: int = END) -> Iterator[int]:
    return iter(range(T + step, until + step, step))


def log_of(events: Iterable[Happening], step: int, which: int) -> Log:
    """A log with a cut every ``step`` (ms)."""
    log, waiting = Log(policy_=POLICIES[which]), sorted(events, key=lambda h: h.arrives)
    for at in range(T + step, END + 30 * DAY, step):
        now = [h for h in waiting if h.arrives < at]
        waiting = waiting[len(now) :]
        log.cut(at, now)
    return log


def without_seq(signal: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted((name, repr(value)) for name, value in signal.items() if name != "seq"))


@settings(max_examples=60)
@given(late_histories(), policies, st.lists(st.integers(0, END - T), min_size=1, max_size=60))
def test_every_history_and_every_rhythm_of_ticks_gives_an_answer(
    events: list[Happening], which: int, rhythm: list[int]
) -> None:
    last = max(h.arrives for h in events) + 1
    story = Story(POLICIES[which], partitions=2).play(
        events, sorted({*(T + r for r in rhythm), last, END + 60 * DAY})
    )
    for partition in story.offline.partitions:
        for value in partition.rows.values():
            assert row.is_leaving(value) or row.wake_of(value) > partition.at


@settings(max_examples=40)
@given(histories, policies, st.sampled_from((7 * HOUR, 11 * HOUR, DAY)))
def test_how_often_it_is_looked_at_does_not_matter_for_the_signals(
    events: list[Happening], which: int, step: int
) -> None:
    until = END
    said_by_somebody = [h for h in events if not is_import(h)]  # an import is kept from when it is learnt
    often, seldom = (
        Story(POLICIES[which]).play(said_by_somebody, [*ticks(s, until), until + DAY])
        for s in (3 * HOUR, step)
    )
    assert {without_seq(s) for s in often.signals()} == {without_seq(s) for s in seldom.signals()}


@settings(max_examples=40)
@given(histories, policies.filter(lambda which: which != SHORT_MEMORY), st.data())
def test_an_event_that_is_sent_again_changes_nothing(
    events: list[Happening], which: int, data: st.DataObject
) -> None:
    ordered = sorted(events, key=lambda h: h.arrives)
    log = Log(policy_=POLICIES[which])
    for h in ordered:
        log.cut(h.arrives + 1, [h])
    recent = [h for h in ordered if h.arrives > log.core.at - 27 * DAY]
    erased = {h.key: h.arrives for h in ordered if h.body["type"] == "customer.erased"}
    again = data.draw(st.sampled_from(recent))
    before = log.core.rows.get(again.key)
    if before is None or row.is_leaving(before) or again.arrives <= erased.get(again.key, 0):
        return  # nothing is known of a customer who was forgotten or erased, which is the point of it
    assert log.cut(log.core.at, [again]).effects == []
    assert row.unpack(log.core.rows[again.key]).body == row.unpack(before).body


@settings(max_examples=40)
@given(late_histories(), policies, st.randoms(use_true_random=False))
def test_the_order_within_a_cut_does_not_matter(
    events: list[Happening], which: int, chance: random.Random
) -> None:
    left = log_of(events, 3 * DAY, which)
    right = Log(policy_=POLICIES[which])
    for cut in left.cuts:
        records = [(number, record) for number, slice_ in enumerate(cut.slices) for record in slice_]
        chance.shuffle(records)
        right.cut(cut.at, records=records)
    assert sorted(e for c in left.cuts for e in c.done.effects) == sorted(
        e for c in right.cuts for e in c.done.effects
    )
    assert left.core.rows == right.core.rows


@settings(max_examples=40)
@given(late_histories(), policies, st.data())
def test_a_crash_at_any_cut_leaves_the_same_bytes(
    events: list[Happening], which: int, data: st.DataObject
) -> None:
    log = log_of(events, 2 * DAY, which)
    written = data.draw(st.integers(1, len(log.cuts)))
    committed = data.draw(st.integers(max(0, written - 1), written))
    core = log.recovered(written, committed)
    missed = (effect for cut in log.cuts[committed:written] for effect in cut.done.effects)
    assert [*chain(*core.resend(committed))] == sorted(missed, key=lambda effect: effect.key)
    for cut in log.cuts[committed:]:
        done = log.again(core, cut)
        assert done.effects == ([] if cut.n <= written else cut.done.effects)
        if cut.n > written:
            assert _exact(done.rows) == _exact(cut.done.rows)
    assert {k: row.without_outbox(v) for k, v in core.rows.items()} == {
        k: row.without_outbox(v) for k, v in log.core.rows.items()
    }


def _exact(rows: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    """What of a cut is exact: statistics of everybody may miss what was in hand at a crash (design.md 8)."""
    return {key: value for key, value in rows.items() if key not in (SUMS, USUAL, RECENT)}


@settings(max_examples=20)
@given(late_histories(), policies)
def test_two_runs_are_the_same_to_the_byte(events: list[Happening], which: int) -> None:
    last = max(h.arrives for h in events)
    left, right = (
        Story(POLICIES[which], partitions=2).play(events, ticks(12 * HOUR, last + DAY)) for _ in range(2)
    )
    assert left.effects == right.effects


# --- consent and caps, recounted from the topics alone


def _stands(events: Iterable[Happening], channel: str, surface: str | None, axis: str) -> tuple[int, str]:
    """The newest statement on an axis; at one moment the no."""
    newest = (-1, "unknown")
    for h in events:
        body = h.body
        if body["type"] == "email.complained" and (channel, axis) == ("email", "subscription"):
            newest = max(newest, (h.occurred, "out"))
        said_ = body.get("consent")
        if not said_ or said_["scope"] == "list" or said_["channel"] != channel:
            continue
        if channel == "all" or (body.get("surface"), said_.get("axis", "subscription")) == (surface, axis):
            newest = max(newest, (h.occurred, said_["state"]))
    return newest


def _auditor_allows(events: list[Happening], command: dict[str, Any]) -> bool:
    """Whether these statements of a customer allow a command; lists are another matter."""
    channel, surface = command["channel"], command.get("surface")
    at, state_ = _stands(events, channel, surface, "subscription")
    permission = _stands(events, channel, surface, "permission")[1]
    barred = max((h.occurred for h in events if _says_no_to_all(h)), default=-1)
    if channel == "in_app":
        still_barred = _stands(events, "all", None, "subscription")[1] == "out"
        return state_ != "out" and not (still_barred and barred >= at)
    return state_ == "in" and permission != "out" and at > barred


def _says_no_to_all(h: Happening) -> bool:
    said_ = h.body.get("consent", {})
    return (said_.get("channel"), said_.get("state")) == ("all", "out")


@settings(max_examples=40)
@given(late_histories(), policies, st.sampled_from((5 * HOUR, DAY)))
def test_no_message_goes_out_on_a_channel_that_is_closed_at_its_moment_or_at_the_end_of_its_cut(
    events: list[Happening], which: int, step: int
) -> None:
    welcome = [consent(T, c, "in", who=who) for c in ("email", "push", "ads") for who in ("c1", "c2")]
    lists = [h for h in events if h.body.get("consent", {}).get("scope") == "list"]
    known = [*welcome, *(h for h in events if h not in lists and h.body["type"] != "customer.erased")]
    story, waiting = Story(POLICIES[which]), sorted(known, key=lambda h: h.arrives)
    for at in ticks(step, END + 30 * DAY):
        applied = [h for h in waiting if h.arrives < at]
        for h in applied[len([h for h in waiting if h.arrives < story.at]) :]:
            story.send(h)
        story.at = at
        effects = story.offline.tick(at)
        for command in map(said, effects):
            if command["_"] == "signals" or command["action"] != "send":
                continue
            of_customer = [h for h in applied if h.key == command["customer_id"].encode()]
            assert _auditor_allows(of_customer, command), "at the end of its cut"
            then = [h for h in of_customer if h.occurred <= parse_time(command["at"])]
            assert _auditor_allows(then, command), "at its moment"


@settings(max_examples=25)
@given(late_histories(), st.sampled_from((4 * HOUR, DAY)))
def test_caps_are_never_exceeded_when_recounted_from_the_commands(events: list[Happening], step: int) -> None:
    which = 1
    yes = [consent(T, c, "in", who=who) for c in ("email", "push", "ads") for who in ("c1", "c2")]
    story = Story(POLICIES[which]).play([*yes, *events], ticks(step, END + 30 * DAY))
    cap = POLICIES[which].cap
    for who in ("c1", "c2"):
        sends = [
            (parse_time(c["at"]), c["channel"]) for c in story.commands("send") if c["customer_id"] == who
        ]
        for at, channel in sends:
            assert sum(at - cap.promotional_per < other <= at for other, _ in sends) <= cap.promotional
            here = [other for other, on in sends if on == channel]
            assert sum(at - cap.channel_per < other <= at for other in here) <= cap.channel
        assert len({c["id"] for c in story.commands() if c["customer_id"] == who}) == len(
            [c for c in story.commands() if c["customer_id"] == who]
        )


@settings(max_examples=40)
@given(late_histories(), policies)
def test_a_row_wakes_at_the_first_moment_at_which_anything_changes(
    events: list[Happening], which: int
) -> None:
    log = Log(policy_=POLICIES[which])
    log.cut(max(h.arrives for h in events) + 1, events)
    for _ in range(25):
        wakes = {key: row.wake_of(value) for key, value in log.core.rows.items() if row.wake_of(value)}
        if not wakes:
            break
        first = min(wakes.values())
        bodies = {key: row.unpack(value).body for key, value in log.core.rows.items()}
        for key, value in log.cut(first - 1).rows.items():
            if key.startswith(row.CONTEXT):
                continue  # what a partition counts of everybody moves with its time
            assert value is None, "only rows that left may go"
            assert key not in wakes
        done = log.cut(first)
        for key in (key for key, wake in wakes.items() if wake == first):
            changed = done.rows[key]
            assert changed is not None
            assert row.unpack(changed).body != bodies[key]


@settings(max_examples=30)
@given(late_histories(), policies)
def test_effects_of_a_customer_are_numbered_without_holes_until_the_row_goes(
    events: list[Happening], which: int
) -> None:
    story = Story(POLICIES[which]).play(events, ticks(6 * HOUR, END + 30 * DAY))
    for who in ("c1", "c2"):
        seqs = [s["seq"] for s in story.all if s["customer_id"] == who]
        assert seqs == sorted(set(seqs))
        steps = [after - before for before, after in pairwise(seqs)]
        forgotten = sum(
            s["action"] == "closed" and s["reason"] in ("expired", "erased") for s in story.signals()
        )
        erased = sum(h.body["type"] == "customer.erased" for h in events)
        assert sum(step != 1 for step in steps) <= forgotten + erased


def test_the_packed_row_gives_the_customer_back() -> None:
    customer = state.Customer(first_seen=T)
    customer.channel("email").lists_out["promotions"] = T
    assert state.decode(*state.encode(customer)) == customer
    assert state.Customer(first_seen=T).channels == {}, "defaults are not shared"
    assert set(SHORT_TOPICS) >= {"app", "web", "store"}
