"""Outages: what the words on a source come to, and what they do to deadlines (N5)."""

from collections.abc import Sequence

import pytest

from streams import outages
from streams.context import Context, Visit
from streams.customer import cadence
from streams.customer.state import Customer
from streams.facts import FactsInForce
from streams.lapse.outage import pauses
from streams.lapse.silence_facts import after as after_pauses
from streams.outages import KEPT, LASTS, NONE, Outages, Span
from streams.policy.builtin import default_policy
from streams.wire import row
from streams.wire.control import SourceFact
from streams.wire.times import DAY, HOUR, MINUTE
from tests.support.cuts import Log
from tests.support.story import Happening, T, buy, event, every, policy

Words = Sequence[tuple[str, int]]


def word(state: str, since: int, source: str = "app") -> SourceFact:
    return SourceFact(source=source, state=state, since=since)  # type: ignore[arg-type] # one of three words


def after(*words: tuple[str, int]) -> Outages:
    known = NONE
    for state, since in words:
        known = known.after(word(state, since))
    return known


@pytest.mark.parametrize(
    ("words", "spans"),
    [
        ([("healthy", 5)], []),
        ([("quiet", 5)], [(5, LASTS)]),
        ([("quiet", 5), ("healthy", 9)], [(5, 9)]),
        ([("quiet", 5), ("quiet", 3), ("healthy", 9)], [(3, 9)]),
        ([("quiet", 5), ("quiet", 7), ("healthy", 9)], [(7, 9)]),
        ([("quiet", 5), ("healthy", 9), ("healthy", 12)], [(5, 9)]),
        ([("quiet", 5), ("healthy", 9), ("quiet", 11)], [(5, 9), (11, LASTS)]),
        ([("quiet", 5), ("healthy", 9), ("quiet", 8), ("healthy", 12)], [(5, 12)]),
        ([("quiet", 5), ("healthy", 9), ("quiet", 9)], [(5, LASTS)]),
        ([("quiet", 5), ("healthy", 9), ("quiet", 2), ("healthy", 4)], [(2, 4)]),
        ([("quiet", 5), ("healthy", 5)], []),
        ([("quiet", 5), ("burst", 9)], [(5, 9)]),
    ],
)
def test_words_make_spans(words: Words, spans: list[Span]) -> None:
    assert after(*words).quiet.get("app", []) == spans


@pytest.mark.parametrize("count", [1, 2])
def test_words_that_are_said_again_change_nothing(count: int) -> None:
    words = [("quiet", 5), ("healthy", 9), ("quiet", 20), ("healthy", 22), ("quiet", 30)]
    assert after(*words, *words[-2 * count :]) == after(*words)


def test_sources_are_apart_and_old_spans_are_forgotten() -> None:
    known = NONE.after(word("quiet", 1, "web"))
    for number in range(KEPT + 3):
        known = known.after(word("quiet", 10 * number)).after(word("healthy", 10 * number + 5))
    assert known.quiet["web"] == [(1, LASTS)]
    assert len(known.quiet["app"]) == KEPT
    assert known.quiet["app"][0] == (30, 35)
    assert outages.decode(outages.encode(known)) == known


def test_bursts_are_of_push_and_end_with_any_other_word() -> None:
    known = NONE.after(word("burst", 10, "push"))
    assert [known.bursting(at) for at in (9, 10, 10**12)] == [False, True, True]
    known = known.after(word("healthy", 20, "push"))
    assert [known.bursting(at) for at in (10, 19, 20)] == [True, True, False]
    assert not any(known.quiet.values()), "nobody is quiet"


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ([], 100),
        ([(0, 10)], 100),  # before the silence
        ([(0, 30)], 110),  # the silence began in it
        ([(40, 50)], 110),
        ([(100, 150)], 100),  # it was due before
        ([(95, 150)], 155),
        ([(95, 150), (152, 160), (163, 170)], 163),  # one moves the deadline into the next
        ([(95, 0)], 300),  # so far: it is 295 now
        ([(120, 0)], 100),
        ([(400, 0)], 100),  # a word about tomorrow
    ],
)
def test_what_lies_in_outages_does_not_count_as_silence(words: list[tuple[int, int]], due: int) -> None:
    known = NONE
    for since, until in words:
        known = known.after(word("quiet", since))
        known = known.after(word("healthy", until)) if until else known
    context = Context(default_policy(), "", 295, outages=known)
    visit = Visit("c", Customer(0, app=cadence.first(20)), context)
    assert after_pauses(20, 80, pauses(visit, "app", 20, 295)) == due


FIXED = policy(
    migration={"delay_max": "0s"},
    detect={
        **{f"{name}_stopped": {"rule": "fixed", "after": "5d"} for name in ("app", "web", "brand")},
        "purchase_stopped": {"rule": "fixed", "after": "5d"},
        "store_stopped": {"enabled": False},
    },
)


def told(words: Sequence[tuple[int, SourceFact]], events: Sequence[Happening], days: int, step: int) -> Log:
    """Cuts so far apart; a word is heard before the cut that follows its moment."""
    log, words, events = Log(policy_=FIXED), list(words), sorted(events, key=lambda e: e.arrives)
    for at in range(T + step, T + days * DAY, step):
        while words and words[0][0] < at:
            log.learn(words.pop(0)[1])
        now = [e for e in events if e.arrives < at]
        events = events[len(now) :]
        log.cut(at, now)
    return log


@pytest.mark.parametrize("step", [7 * MINUTE, HOUR, 8 * HOUR])
def test_how_often_is_looked_changes_nothing_once_all_words_are_said(step: int) -> None:
    """The outage is held through, hour by hour or in one go: the same moment comes out."""
    words = [(T + 4 * DAY, word("quiet", T + 4 * DAY)), (T + 6 * DAY, word("healthy", T + 6 * DAY))]
    log = told(words, [event(T, "app.opened"), *every(DAY, 29, T + 8 * DAY, "web.visited")], 9, step)
    assert log.signals() == [("opened", T + 7 * DAY)], "5 days, and 2"


def test_what_is_held_is_looked_at_now_and_then_and_not_at_each_cut() -> None:
    log = told([(T + 4 * DAY, word("quiet", T + 4 * DAY))], [event(T, "app.opened")], 11, 10 * MINUTE)
    assert log.signals() == []
    rows = sum(b"c1" in cut.done.rows for cut in log.cuts)
    assert 4 < rows < 9, "six days of outage, a day of silence left each time: one look a day"


def test_purchases_hang_on_the_surface_of_the_last_one_however_late_an_older_one_is_told() -> None:
    late = buy(T - DAY, surface="app", arrives=T + DAY, id_="old")
    events = [buy(T), late, event(T + 4 * DAY, "app.opened"), event(T + 4 * DAY + 1, "store.visited")]
    words = [(T + 4 * DAY, word("quiet", T + 4 * DAY, "app"))]
    assert len(told(words, events, 6, HOUR).signals()) == 2, (
        "of the web and of purchases: those were made on the web"
    )


def test_the_brand_hangs_on_the_messages_for_those_last_seen_by_one() -> None:
    events = [event(T - DAY, "web.visited"), event(T, "email.clicked", message={"id": "m"})]
    held = told([(T + 3 * DAY, word("quiet", T + 3 * DAY, "email"))], events, 6, HOUR)
    assert held.signals() == [("opened", T + 4 * DAY)], "of the web only"


def test_whatever_a_crash_leaves_an_outage_found_later_takes_everything_back_once() -> None:
    """Recovered after each cut around the word, the rest of the log gives the same rows and effects."""
    people = [event(T, "app.opened", who=f"c{number}") for number in range(30)]
    words = [(T + 6 * DAY, word("quiet", T + 4 * DAY)), (T + 7 * DAY, word("healthy", T + 7 * DAY))]
    log = told(words, people, 10, 6 * HOUR)
    kinds = [action for action, _ in log.signals()]
    assert (kinds.count("opened"), kinds.count("retracted")) == (120, 60)  # app and brand, twice
    for written in range(22, 30):
        for committed in (written - 1, written):
            core = log.recovered(written, committed)
            for cut in log.cuts[committed:]:
                done = log.again(core, cut)
                if cut.n > written:
                    assert done.effects == cut.done.effects
                    assert done.rows == cut.done.rows


def test_what_follows_from_all_words_outlives_them_in_the_changelog() -> None:
    before, after_ = FactsInForce(), FactsInForce()
    kept: dict[bytes, bytes | None] = {}
    for offset, fact in enumerate([word("quiet", 10), word("healthy", 20), word("quiet", 30)]):
        before.learn(offset, fact)
        kept |= before.entries(offset + 1, 7, offset)
    kept |= before.entries(4, 7, 3)
    assert {row.parse_context_key(key) for key, value in kept.items() if value is not None} == {
        ("source:app", 2),
        ("outages", 2),
    }
    for key, value in kept.items():
        after_.restore(key, value)
    after_.restored(2**63)
    assert after_.context(40).outages.quiet == {"app": [(10, 20), (30, LASTS)]}
    assert not after_.outage_found(), "it was reviewed by a cut that is committed"
    for offset, said in enumerate(after_.restate()):
        after_.learn(offset, said)
    assert after_.context(40).outages.quiet == {"app": [(10, 20), (30, LASTS)]}
    assert row.context_key("outages", 0) in after_.entries(5, 8, 4)
