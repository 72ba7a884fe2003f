"""How many lapse and how fast: the counts are those of the signals, whatever happened (G3, N13)."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import pytest

from streams import rates
from streams.executed import Effect
from streams.rates import EDGES, Rates
from streams.timeline import Partition
from streams.wire.episodes import EPISODES, Episodes
from streams.wire.reject import Rejection
from streams.wire.row import Item
from streams.wire.times import DAY, HOUR, MINUTE, format_time, parse_time
from tests.support.cuts import EPOCH, Log
from tests.support.story import T, consent, event, every, policy, policy_fact

from .test_portions import CUTS, partition, told

Key = tuple[str, str, str | None, str]


def in_signals(effects: Iterable[Effect]) -> Counter[Key]:
    """Day, kind, channel and outcome of each signal, as whoever reads the topic counts them."""
    counts: Counter[Key] = Counter()
    for effect in effects:
        if ".signals." in effect.topic:
            body = json.loads(effect.value)
            counts[body["at"][:10], body["kind"], body["channel"], body.get("reason") or body["action"]] += 1
    return counts


def in_told(told_: Episodes) -> Counter[Key]:
    """The same in a record; what is of earlier days has none."""
    counts: Counter[Key] = Counter()
    for day, some in [*told_.days.items(), ("", told_.earlier)]:
        for one in some:
            outcomes = {"opened": one.opened, "retracted": one.retracted, **one.closed}
            counts.update({(day, one.kind, one.channel, what): n for what, n in outcomes.items()})
    return +counts


def without_earlier_days(counts: Counter[Key], told_: Episodes) -> Counter[Key]:
    kept: Counter[Key] = Counter()
    for (day, *rest), number in counts.items():
        kept[(day if day in told_.days else "", *rest)] += number  # type: ignore[index] # three more
    return kept


def counts_of(core: Partition) -> Episodes:
    return core._rates.told()


def test_the_counts_are_those_of_the_signals_cut_by_cut() -> None:
    core, seen = partition(1), Counter[Key]()
    for n, (at, slices) in enumerate(CUTS, 1):
        done = core.execute(n, EPOCH, at, slices, n - 2)
        seen += in_signals(done.effects)
        told_ = counts_of(core)
        assert (told_.at, told_.since) == (at, 1)
        assert in_told(told_) == without_earlier_days(seen, told_)
    assert {what for *_, what in seen} >= {"opened", "erased"}
    assert sum(seen.values()) > 20


@pytest.mark.parametrize("stored_every", [10 * MINUTE, 100 * DAY], ids=["whole", "new"])
def test_wherever_a_crash_comes_every_signal_is_counted_once(
    monkeypatch: pytest.MonkeyPatch, stored_every: int
) -> None:
    monkeypatch.setattr(rates, "_STORED_EVERY", stored_every)
    monkeypatch.setattr("streams.timeline.RESENT_AT_ONCE", 2)
    portions = told(partition(1))
    whole = partition(1)
    for n, (at, slices) in enumerate(CUTS, 1):
        whole.execute(n, EPOCH, at, slices, n - 2)
        for written in range(0, len(portions[n - 1]) + 1, 7):
            core = Partition(0, Log().catalogue)
            for part in [*chain(*portions[: n - 1]), *portions[n - 1][:written]]:
                for key, value in part.rows.items():
                    core.restore(key, value)
            for _ in core.restored(1 if n > 1 else 0, CUTS[n - 2][0] if n > 1 else 0):
                pass
            if n == 1:
                core.learn(0, policy_fact(policy()))
            for _ in range(2):  # asked for twice, and counted once
                list(core.resend(n - 1))
            core.execute(n, EPOCH, at, slices, n - 2)
            assert counts_of(core) == counts_of(whole)


def signal(action: str, at: int, **more: str | float | bool) -> Item:
    body: dict[str, Any] = {"action": action, "kind": "app_stopped", "channel": None, "cohort": None}
    body |= {"started_at": format_time(at - 4 * DAY), "at": format_time(at), **more}
    return Item("signals", json.dumps(body).encode(), None)


def counted(*items: Item, cuts: Sequence[int] = (T,)) -> Rates:
    counts = Rates(3)
    counts.take(items)
    for n, at in enumerate(cuts, 1):
        counts.entries(n, at, EPOCH)
    return counts


def test_days_that_are_over_for_long_go_to_what_is_earlier_and_the_sum_stays() -> None:
    days = [signal("opened", T - number * DAY) for number in range(10)]
    told_ = counted(*days).told()
    assert len(told_.days) == rates.KEPT
    assert list(told_.days)[-1] == format_time(T)[:10]
    assert sum(in_told(told_).values()) == 10


def test_it_is_told_how_fast_they_lapse_and_how_long_they_were_away() -> None:
    back = signal("closed", T, reason="returned", started_at=format_time(T - 12 * DAY))
    gone = signal("closed", T, reason="expired")
    (one,) = counted(signal("opened", T), back, gone).told().lengths
    assert one.silent[EDGES.index(5)] == sum(one.silent) == 1, "more than three days and up to five"
    assert one.away[EDGES.index(14)] == sum(one.away) == 1, "who was forgotten did not come back"


def test_cohorts_and_channels_are_apart() -> None:
    some = [
        signal("opened", T, cohort="gold"),
        signal("opened", T, cohort=True),
        signal("opened", T, cohort=1),
    ]
    mail = signal("opened", T, kind="email_opted_out", channel="email")
    told_ = counted(*some, mail, signal("retracted", T), Item("commands.email", b"{}", None)).told()
    ((_, counts),) = told_.days.items()
    assert [(c.kind, c.channel, c.cohort, c.opened, c.retracted) for c in counts] == [
        ("app_stopped", None, "1", 1, 0),
        ("app_stopped", None, "gold", 1, 0),
        ("app_stopped", None, "true", 1, 0),
        ("app_stopped", None, None, 0, 1),
        ("email_opted_out", "email", None, 1, 0),
    ]


def test_it_is_told_a_minute_after_a_change_and_now_and_then() -> None:
    counts = Rates(3)
    assert counts.report() is None, "nothing is known before the first cut"
    counts.entries(1, T, EPOCH)
    first = counts.report()
    assert first is not None
    told_ = EPISODES.decode(first)
    assert not isinstance(told_, Rejection)
    assert (told_.partition, told_.cut, told_.at, told_.days) == (3, 1, T, {})
    assert counts.report() is None
    counts.take([signal("opened", T)])
    counts.entries(2, T + 59_000, EPOCH)
    assert counts.report() is None
    counts.entries(3, T + MINUTE, EPOCH)
    assert counts.report() is not None
    counts.entries(4, T + 10 * MINUTE, EPOCH)
    assert counts.report() is None
    counts.entries(5, T + 11 * MINUTE, EPOCH)
    assert counts.report() is not None


def test_half_a_cut_is_not_told() -> None:
    counts = counted(signal("opened", T))
    before = counts.told()
    counts.take([signal("opened", T)])
    assert counts.told() == before


def test_what_is_written_at_each_cut_stays_small() -> None:
    log, people = Log(policy_=policy()), [f"c{number}" for number in range(300)]
    happenings = [
        h
        for i, who in enumerate(people)
        for h in (*every(DAY, 5, T + i * HOUR, "app.opened", who=who), consent(T, "email", "in", who=who))
    ]
    sizes = []
    for at in range(T - 5 * DAY, T + 60 * DAY, HOUR):
        done = log.cut(at + HOUR, [h for h in happenings if at <= h.arrives < at + HOUR])
        sizes += [len(value) for key, value in done.rows.items() if key == rates.NEW and value]
    assert not sizes, "an hour apart all is stored"
    log.cut(T + 60 * DAY + 2 * HOUR, [event(T + 60 * DAY + HOUR, "app.opened", who="c1")])
    done = log.cut(T + 60 * DAY + 2 * HOUR + MINUTE, [event(T + 60 * DAY + HOUR, "app.opened", who="c2")])
    assert 0 < len(done.rows[rates.NEW] or b"") < 300
    assert parse_time(format_time(log.core._rates.told().at)) == T + 60 * DAY + 2 * HOUR + MINUTE
