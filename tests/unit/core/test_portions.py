"""A cut in portions: the same bytes, whatever their size, and wherever a crash comes between them."""

from itertools import chain

import pytest

from streams import rates, volumes
from streams.executed import Counts, Executed, merged
from streams.tally import KEY as SUMS
from streams.timeline import Partition
from streams.wire import row
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import DAY, HOUR

from ...support.cuts import EPOCH, Log, Sent
from ...support.story import T, consent, event, every, message, policy, policy_fact

PEOPLE = [f"c{i}" for i in range(12)]
WHOLE = 10**9
OURS = (SUMS, rates.WHOLE, rates.NEW, volumes.USUAL, volumes.RECENT)


def slices_of(log: Log, at: int, until: int) -> list[list[Sent]]:
    """What happens in a while: visits, deliveries sent twice, refusals, records that cannot be read."""
    slices: list[list[Sent]] = [[] for _ in SHORT_TOPICS]
    happenings = [
        h
        for i, who in enumerate(PEOPLE)
        for h in (
            *every(3 * DAY + i * HOUR, 20, T + 20 * DAY, "app.opened", who=who),
            consent(T - 30 * DAY, "email", "in", who=who),
            *[message(T - 9 * DAY, "email.delivered", who=who)] * 2,
            event(T + 150 * DAY, "customer.erased", who=PEOPLE[3]),
        )
        if at <= h.arrives < until
    ]
    for h in happenings:
        number, sent = log.sent(h.topic, h.key, h.value)
        slices[number].append(sent)
    for value in (b"{", b"{}", None):
        number, sent = log.sent("web", b"c1", value)
        slices[number].insert(0, sent)
    return slices


def cuts_of() -> list[tuple[int, list[list[Sent]]]]:
    log, step = Log(), 12 * DAY
    return [(at + step, slices_of(log, at, at + step)) for at in range(T - 60 * DAY, T + 180 * DAY, step)]


CUTS = cuts_of()


def partition(size: int) -> Partition:
    core = Partition(0, Log().catalogue, size)
    core.learn(0, policy_fact(policy()))
    return core


def told(core: Partition) -> list[list[Executed]]:
    return [list(core.portions(n, EPOCH, at, slices, n - 2)) for n, (at, slices) in enumerate(CUTS, 1)]


def numbers(counts: Counts) -> list[object]:
    return [getattr(counts, name) for name in Counts.__slots__]


@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_the_size_of_the_portions_changes_no_byte(size: int) -> None:
    small, whole = partition(size), partition(WHOLE)
    parts = told(small)
    for some, (one,) in zip(parts, told(whole), strict=True):
        together = merged(some)
        assert list(together.rows.items()) == list(one.rows.items())
        assert together.effects == one.effects
        assert together.rejects == one.rejects
        assert {k: numbers(c) for k, c in together.counts.items()} == {
            k: numbers(c) for k, c in one.counts.items()
        }
    assert small.rows == whole.rows
    assert max(map(len, parts)) > 60 // size
    assert sum(len(part.effects) for some in parts for part in some) > 2 * len(PEOPLE)


def test_a_row_and_its_effects_are_in_one_portion_and_facts_in_the_first() -> None:
    for n, parts in enumerate(told(partition(1)), 1):
        for number, part in enumerate(parts):
            assert sum(not key.startswith(row.CONTEXT) for key in part.rows) <= 1
            assert {effect.key for effect in part.effects} <= part.rows.keys()
            facts = [key for key in part.rows if key.startswith(row.CONTEXT) and key not in OURS]
            assert bool(facts) == (n == 1 and number == 0)


def test_a_cut_with_nothing_to_do_is_one_portion_and_so_is_a_small_one() -> None:
    core = partition(1_000)
    at, slices = CUTS[0]
    assert len(list(core.portions(1, EPOCH, at, slices, 0))) == 1
    (idle,) = core.portions(2, EPOCH, at, [[] for _ in SHORT_TOPICS], 1)
    assert (idle.rows, idle.effects, idle.rejects) == ({}, [], [])


def test_a_crash_between_two_portions_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told(partition(WHOLE))
    for n, cut in enumerate(CUTS, 1):
        portions = told(partition(1))
        for written in range(0, len(portions[n - 1]), 9):
            core = Partition(0, Log().catalogue)
            before = portions[n - 1][:written]
            for part in [*(part for some in portions[: n - 1] for part in some), *before]:
                for key, value in part.rows.items():
                    core.restore(key, value)
            for _ in core.restored(1 if n > 1 else 0, CUTS[n - 2][0] if n > 1 else 0):
                pass
            if n == 1:
                core.learn(0, policy_fact(policy()))
            monkeypatch.setattr("streams.timeline.RESENT_AT_ONCE", 2)
            assert all(len({effect.key for effect in some}) <= 2 for some in core.resend(n - 1))
            resent = [*chain(*core.resend(n - 1))]
            done = core.execute(n, EPOCH, cut[0], cut[1], n - 2)
            assert sorted(resent) == sorted(effect for part in before for effect in part.effects)
            assert sorted([*resent, *done.effects]) == sorted(whole[n - 1][0].effects)
            after = {key: value for part in before for key, value in part.rows.items()} | done.rows
            expected = dict(whole[n - 1][0].rows)
            for rows in (after, expected):
                for key in (SUMS, volumes.USUAL, volumes.RECENT):
                    rows.pop(key, None)  # a crash may miss the statistics of its cut, and nothing else
            assert after == expected
