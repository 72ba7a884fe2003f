"""A partition: cuts, accounts, rejects, recovery; and the envelope and the index below it."""

import json
from itertools import chain

import pytest

from streams.deadlines import Deadlines
from streams.facts import FactsInForce
from streams.timeline import Counts, Executed
from streams.wire import row
from streams.wire.control import Offer, OffersFact, PopulationFact, SourceFact
from streams.wire.partition import partition_of
from streams.wire.row import Item, StoredFormError
from streams.wire.times import DAY, HOUR

from ...support.cuts import EPOCH, Log, Sent
from ...support.story import (
    T,
    buy,
    consent,
    event,
    every,
    message,
    offers_fact,
    policy,
    policy_fact,
    weekly_buyer,
)

STORY = [*weekly_buyer(), consent(T - 70 * DAY, "email", "in"), *weekly_buyer(T + 120 * DAY)[6:]]


def told(apart: int = 6 * HOUR, until: int = T + 150 * DAY) -> Log:
    """A log with a cut every so often."""
    log, waiting = Log(), sorted(STORY, key=lambda h: h.arrives)
    for at in range(T - 70 * DAY + apart, until, apart):
        now = [h for h in waiting if h.arrives < at]
        waiting = waiting[len(now) :]
        log.cut(at, now)
    return log


def total(done: Executed, name: str) -> int:
    return sum(getattr(counts, name) for counts in done.counts.values())


def assert_adds_up(counts: Counts) -> None:
    assert counts.read == counts.accepted + counts.duplicate + counts.ignored + counts.rejected
    outcomes = counts.accepted_bytes + counts.duplicate_bytes + counts.ignored_bytes + counts.rejected_bytes
    assert counts.read_bytes == outcomes


# --- accounts and rejects


def test_what_cannot_be_used_becomes_a_reject_with_its_bytes_and_its_place() -> None:
    log = Log()
    record = log.sent("web", b"c1", b"{not json")
    done = log.cut(T, records=[record])
    (rejected,) = done.rejects
    assert (rejected.key, rejected.value) == (b"c1", b"{not json")
    assert done.counts["holdfast.events.web.v1"].rejected_at == [1]
    headers = dict(rejected.headers)
    assert headers["holdfast.reject.reason"] == b"json"
    assert headers["holdfast.reject.topic"] == b"holdfast.events.web.v1"
    assert headers["holdfast.reject.offset"] == b"0"
    counts = done.counts["holdfast.events.web.v1"]
    assert (counts.read, counts.rejected, counts.accepted) == (1, 1, 0)
    assert counts.rejected_bytes == counts.read_bytes == len(b"c1{not json")
    assert log.core.rows == {}


def test_an_event_under_a_foreign_key_is_rejected() -> None:
    log, h = Log(), event(T, "app.opened")
    done = log.cut(T + HOUR, records=[log.sent("app", b"c2", h.value), log.sent("app", None, h.value)])
    reasons = [dict(rejected.headers)["holdfast.reject.reason"] for rejected in done.rejects]
    assert reasons == [b"key", b"key"]


def test_an_event_on_a_foreign_partition_is_rejected() -> None:
    mine, foreign = (next(c for c in map(str, range(99)) if partition_of(c.encode(), 4) == p) for p in (1, 2))
    log = Log(partitions=4, number=1)
    done = log.cut(T + HOUR, [event(T, "app.opened", who=mine), event(T, "app.opened", who=foreign)])
    (rejected,) = done.rejects
    assert dict(rejected.headers)["holdfast.reject.reason"] == b"partition"
    assert set(log.core.rows) == {mine.encode()}


def test_an_event_from_the_future_is_judged_by_the_later_of_timestamp_and_partition_time() -> None:
    ahead = event(T + 25 * HOUR, "app.opened")
    log = Log()
    done = log.cut(T, records=[log.sent("app", ahead.key, ahead.value)])
    assert dict(done.rejects[0].headers)["holdfast.reject.reason"] == b"time"
    assert log.cut(T, records=[log.sent("app", ahead.key, ahead.value, timestamp=T + 2 * HOUR)]).rejects == []
    assert log.cut(T + 2 * HOUR, [ahead]).rejects == []


def test_what_counts_and_is_sent_twice_is_a_duplicate() -> None:
    log = Log()
    delivery, purchase = message(T, "push.delivered"), buy(T)
    done = log.cut(T + HOUR, [delivery, delivery, purchase])
    assert (total(done, "accepted"), total(done, "duplicate")) == (2, 1)
    before = dict(log.core.rows)
    done = log.cut(T + 2 * HOUR, [delivery, purchase])
    assert (total(done, "accepted"), total(done, "duplicate")) == (0, 2)
    assert log.core.rows == before
    assert all(key.startswith(row.CONTEXT) for key in done.rows), "no customer changes"


def test_a_duplicate_within_28_days_is_known_and_the_65th_counted_event_pushes_out_the_first() -> None:
    log, first = Log(), message(T, "push.delivered")
    log.cut(T + HOUR, [first])
    log.cut(T + 28 * DAY, [message(T + 27 * DAY, "push.delivered")])
    assert total(log.cut(T + 28 * DAY + HOUR, [first]), "duplicate") == 1
    log = Log()
    log.cut(T + HOUR, [first])
    others = [message(T + i * 60_000, "push.delivered") for i in range(1, 64)]
    assert total(log.cut(T + 2 * HOUR, [*others, first]), "duplicate") == 1
    log.cut(T + 3 * HOUR, [message(T + 2 * HOUR, "push.delivered")])
    assert total(log.cut(T + 4 * HOUR, [first]), "duplicate") == 0


def test_the_accounts_add_up() -> None:
    log = told()
    bad = [log.sent("app", b"c1", b"{}"), log.sent("app", b"c1", None)]
    log.cut(T + 151 * DAY, [STORY[0], event(T, "app.opened")], records=bad)
    for cut in log.cuts:
        for counts in cut.done.counts.values():
            assert_adds_up(counts)
    assert sum(total(cut.done, "read") for cut in log.cuts) == len(STORY) + 4
    assert sum(total(cut.done, "rejected") for cut in log.cuts) == 2


def test_events_of_a_cut_apply_in_the_order_in_which_they_occurred() -> None:
    log = Log()
    off, on = consent(T + DAY, "push", "out"), consent(T, "push", "in")
    (effect,) = log.cut(T + 2 * DAY, [off, message(T + HOUR, "push.delivered"), on]).effects
    assert json.loads(effect.value)["evidence"]["timing"] == "late"


# --- effects


def test_an_effect_goes_to_its_topic_under_its_customer_with_the_headers_of_its_value() -> None:
    log = told()
    effects = [effect for cut in log.cuts for effect in cut.done.effects]
    assert {effect.topic for effect in effects} == {"holdfast.signals.v1", "holdfast.commands.email.v1"}
    for effect in effects:
        value, headers = json.loads(effect.value), dict(effect.headers)
        family = "signal" if "signals" in effect.topic else "command"
        assert effect.key == b"c1"
        assert headers["ce_id"] == value["id"].encode()
        assert headers["ce_type"] == f"com.holdfast.{family}.{value['action']}.v1".encode()
        assert headers["ce_time"] == value["at"].encode()
        assert headers["ce_subject"] == b"c1"


def test_the_trace_of_the_cause_goes_on_with_its_effects() -> None:
    log = Log()
    h = consent(T, "push", "out")
    number, record = log.sent(h.topic, h.key, h.value)
    traced = Sent(
        record.topic, 0, record.offset, record.key, record.value, 0, [("traceparent", b"00-aa-bb-01")]
    )
    (effect,) = log.cut(T + HOUR, records=[(number, traced)]).effects
    assert dict(effect.headers)["traceparent"] == b"00-aa-bb-01"


def test_an_idle_cut_does_nothing() -> None:
    log = told()
    log.cut(T + 150 * DAY)
    done = log.cut(T + 150 * DAY + 1)
    assert (done.rows, done.effects, done.rejects) == ({}, [], [])


def test_time_never_goes_back() -> None:
    log = Log()
    log.cut(T)
    log.cut(T - DAY)
    assert log.core.at == T


# --- recovery


def test_a_recovery_has_the_rows_the_time_and_the_facts_of_the_owner_before() -> None:
    log = told()
    end = len(log.cuts)
    core = log.recovered(written=end, committed=end)
    assert {key: row.without_outbox(value) for key, value in core.rows.items()} == {
        key: row.without_outbox(value) for key, value in log.core.rows.items()
    }
    assert core.at == log.core.at
    assert (core.facts.version, core.facts.published) == (policy_fact(policy()).version, True)


@pytest.mark.parametrize("committed", [0, 1, 100, 365, 500, 700])
def test_execution_from_any_commit_on_gives_the_same_bytes(committed: int) -> None:
    log = told()
    core = log.recovered(written=committed, committed=committed)
    for cut in log.cuts[committed:]:
        done = log.again(core, cut)
        assert done.effects == cut.done.effects
        assert done.rows == cut.done.rows
    assert core.rows == log.core.rows


def test_a_cut_that_the_rows_carry_already_changes_nothing() -> None:
    log = told()
    saying = [cut for cut in log.cuts if cut.done.effects]
    assert len(saying) > 4
    for cut in saying:
        core = log.recovered(written=cut.n, committed=cut.n - 1)
        before = dict(core.rows)
        done = log.again(core, cut)
        assert done.effects == []
        assert [key for key in done.rows if not key.startswith(row.CONTEXT)] == []
        assert core.rows == before
        assert sum(c.ignored for c in done.counts.values()) == sum(map(len, cut.slices))
        for later in log.cuts[cut.n :]:
            assert log.again(core, later).effects == later.done.effects


def test_effects_of_uncommitted_cuts_are_sent_again_byte_for_byte_and_no_others() -> None:
    log = told()
    saying = [cut.n for cut in log.cuts if cut.done.effects]
    for n in sorted({*saying, *(n + 1 for n in saying)}):
        core, cut = log.recovered(written=n, committed=n - 1), log.cuts[n - 1]
        assert [*chain(*core.resend(n - 1))] == cut.done.effects
        assert list(core.resend(n)) == []


def test_a_row_written_by_a_later_owner_is_repaired_as_it_stands() -> None:
    log = told()
    assert log.core.current(b"c1") == log.core.rows[b"c1"]
    assert log.core.current(b"nobody") is None
    key = row.context_key("policy", 0)
    stored = log.core.current(key)
    assert stored is not None
    assert row.epoch_of(stored) == EPOCH
    assert log.core.current(row.context_key("policy", 99)) is None


# --- facts


def test_a_fact_holds_from_the_next_cut_on_and_lies_in_the_changelog() -> None:
    log = Log()
    log.cut(T)
    fixed = policy_fact(policy(detect={"purchase_stopped": {"rule": "fixed", "after": "10d"}}))
    log.learn(fixed)
    done = log.cut(T + 1)
    (key,) = [key for key in done.rows if key.startswith(row.CONTEXT)]
    assert row.parse_context_key(key) == ("policy", 2)
    assert log.core.facts.version == fixed.version


def test_an_older_fact_goes_when_the_cut_that_saw_its_successor_is_committed() -> None:
    log = Log()
    log.cut(T)
    log.learn(policy_fact(policy(own={"min_gaps": 7})))
    first = row.context_key("policy", 0)
    assert first not in log.cut(T + 1).rows
    assert log.cut(T + 2).rows == {first: None}
    assert log.core.current(first) is None


def test_a_recovery_between_puts_the_fact_in_force_that_was_committed() -> None:
    log = Log()
    log.cut(T)
    newer = policy_fact(policy(own={"min_gaps": 7}))
    log.learn(newer)
    log.cut(T + 1)
    core = log.recovered(written=2, committed=1)
    assert core.facts.version == policy_fact(policy()).version
    done = log.again(core, log.cuts[1])
    assert core.facts.version == newer.version
    assert done.rows == {}, "the entry is there already"
    assert log.recovered(written=2, committed=2).facts.version == newer.version


def test_a_policy_that_cannot_be_used_is_in_force_neither_now_nor_after_a_restart() -> None:
    log = Log()
    log.cut(T)
    good, bad = policy_fact(policy(own={"min_gaps": 7})), policy_fact(policy())
    bad.document["detect"]["brand_stopped"]["rule"] = "steerd"
    log.learn(good)
    log.cut(T + 1)
    log.learn(bad)
    for second in range(2, 5):
        log.cut(T + second)
    assert log.core.facts.refused == 1
    assert log.core.facts.version == good.version
    core = log.recovered(written=len(log.cuts), committed=len(log.cuts))
    assert core.facts.version == good.version


def test_every_kind_of_fact_is_in_the_context_and_survives() -> None:
    log = Log()
    offer = Offer(id="o", kind="new", from_=T)
    population = PopulationFact(version=3, priors={}, responses={})
    log.learn(offers_fact(offer))
    log.learn(population)
    log.learn(SourceFact(source="web", state="quiet", since=T))
    log.learn(SourceFact(source="app", state="healthy", since=T))
    log.cut(T)
    for core in (log.core, log.recovered(written=1, committed=1)):
        context = core.facts.context(T)
        assert list(context.offers) == [offer]
        assert context.population == population
        assert {name: fact.state for name, fact in context.sources.items()} == {
            "web": "quiet",
            "app": "healthy",
        }


def test_learning_the_same_again_writes_nothing_again() -> None:
    facts = FactsInForce()
    facts.learn(3, OffersFact(version="a", offers=[]))
    assert len(facts.entries(1, EPOCH, 0)) == 1
    facts.learn(3, OffersFact(version="a", offers=[]))
    assert facts.entries(2, EPOCH, 1) == {}


# --- the envelope

ITEMS = [Item("signals", b'{"a":1}', None), Item("commands.email", b"{}", b"00-aa")]


@pytest.mark.parametrize("outbox", [[], ITEMS])
@pytest.mark.parametrize("body", [b"", b"customer"])
def test_a_row_gives_back_what_was_put_in(body: bytes, outbox: list[Item]) -> None:
    value = row.pack(5, 9, 77, 123, body, outbox, 33)
    opened = row.unpack(value)
    assert (opened.epoch, opened.cut, opened.seq, opened.wake_at, opened.body) == (5, 9, 77, 123, body)
    assert opened.shape == 33
    assert (row.epoch_of(value), row.cut_of(value), row.seq_of(value), row.wake_of(value)) == (5, 9, 77, 123)
    assert row.outbox_of(value) == outbox
    assert row.has_outbox(value) == bool(outbox)
    assert row.is_leaving(value) == (not body)
    assert row.unpack(row.with_epoch(value, 6)) == opened._replace(epoch=6)
    assert row.without_outbox(value) == row.pack(5, 9, 77, 123, body, [], 33)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x01",
        bytes([row.FORMAT + 1]) + row.pack(1, 1, 1, 1, b"x", [])[1:],
        row.pack(1, 1, 1, 1, b"customer", [])[:-1],
    ],
    ids=["nothing", "a byte", "a newer format", "cut short"],
)
def test_a_stored_form_that_this_version_cannot_read_is_refused(value: bytes) -> None:
    with pytest.raises(StoredFormError):
        row.unpack(value)


def test_a_newer_format_is_refused_at_recovery() -> None:
    log = Log()
    newer = bytes([row.FORMAT + 1]) + row.pack(1, 1, 1, 1, b"x", [])[1:]
    for key in (b"c1", row.context_key("policy", 1)):
        with pytest.raises(StoredFormError):
            log.core.restore(key, newer)


def test_a_context_key_gives_kind_and_offset_back() -> None:
    assert row.parse_context_key(row.context_key("source:web", 12)) == ("source:web", 12)


# --- the index


def test_keys_come_out_when_their_moment_has_come_each_once_and_in_order() -> None:
    wakes = {b"b": T, b"a": T, b"c": T + 1, b"d": T + 5 * HOUR, b"e": T - 3 * DAY}
    index = Deadlines()
    for key, wake in wakes.items():
        index.file(key, wake)
        index.file(key, wake)
    assert index.take(T - 4 * DAY, wakes.__getitem__, 9) == []
    assert index.take(T - DAY, wakes.__getitem__, 9) == [b"e"]
    assert index.take(T, wakes.__getitem__, 9) == [b"a", b"b"]
    assert index.take(T + 5 * HOUR - 1, wakes.__getitem__, 9) == [b"c"]
    assert index.take(T + 9 * DAY, wakes.__getitem__, 9) == [b"d"]
    assert len(index) == 0


def test_a_key_that_moved_on_is_filed_again_and_one_that_left_is_dropped() -> None:
    wakes = {b"moved": T + 3 * DAY, b"gone": 0, b"soon": T + 60_000}
    index = Deadlines()
    for key in wakes:
        index.file(key, T)
    assert index.take(T, wakes.__getitem__, 9) == []
    assert len(index) == 2
    assert index.take(T + 60_000, wakes.__getitem__, 9) == [b"soon"]
    assert index.take(T + 3 * DAY, wakes.__getitem__, 9) == [b"moved"]


def test_a_look_at_many_keys_is_taken_in_pieces_and_in_the_same_order() -> None:
    wakes = {b"%02d" % i: T + (i * 37 % 11) * 60_000 for i in range(40)}
    index = Deadlines()
    for key, wake in wakes.items():
        index.file(key, wake)
    came: list[bytes] = []
    looks = 0
    while index.waits(T + HOUR):
        some = index.take(T + HOUR, wakes.__getitem__, 7)
        assert len(some) <= 7
        came, looks = came + some, looks + 1
    assert came == sorted(wakes, key=lambda key: (wakes[key], key))
    assert looks > 40 // 7
    assert len(index) == 0


def test_the_index_does_not_grow_with_the_events_of_a_customer() -> None:
    """A daily visitor learns to be missed sooner: each new deadline adds an entry, and old ones go."""
    log = Log()
    for h in every(DAY, 120, T, "app.opened"):
        log.cut(h.arrives + 1, [h])
    assert len(log.core._deadlines) <= 3
