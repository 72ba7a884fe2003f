"""The oracle notices what it is there for: each harm, done to a log that is right, is told by its name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import pytest

from agents.lane.ledger import LEDGER, Ledger
from streams.topics import catalogue
from streams.wire import row
from streams.wire.control import Cut, encode
from tests.support.judging import Log, Verdict, judge_log
from tests.support.toy_core import BAD, ToyPartition

TOPICS = catalogue("judged", 1)
NAMES = [topic.name for topic in TOPICS.inputs]
WEB = NAMES[1]
EPOCH = 0
CUTS = 6
SECOND = 1_000


@dataclass
class Line:
    """A record of any topic."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0


def core(number: int) -> ToyPartition:
    return ToyPartition(number, TOPICS)


def events() -> list[Line]:
    """Sixty events of six customers, a tenth of them spoilt, one second apart."""
    return [Line(WEB, n, b"k%d" % (n % 6), BAD if n % 10 == 9 else b"%d" % n, n * SECOND) for n in range(60)]


def right() -> Log:
    """What a worker that makes no mistake leaves behind."""
    web, owner = events(), core(0)
    control: list[Line] = []
    changelog = [Line(TOPICS.changelog.name, EPOCH, row.MARKER, b"owner")]
    outputs: list[Line] = []
    start = dict.fromkeys(NAMES, 0)
    ledger = Ledger(start)
    for n in range(1, CUTS + 1):
        ends = {**start, WEB: n * 10}
        cut = Cut(epoch=EPOCH, n=n, at=n * 10 * SECOND, from_=start, ends=ends)
        control.append(Line(TOPICS.control.name, n - 1, b"cut", encode(cut)))
        slices = [web[start[WEB] : ends[WEB]] if name == WEB else [] for name in NAMES]
        out = owner.execute(n, EPOCH, cut.at, slices, n - 1)
        assert ledger.enter(n, ends, [out.counts], {})
        changelog.append(Line(TOPICS.changelog.name, len(changelog), LEDGER, ledger.pack(EPOCH)))
        for key, value in out.rows.items():
            changelog.append(Line(TOPICS.changelog.name, len(changelog), key, value))
        outputs += [Line(e.topic, 0, e.key, e.value, headers=e.headers) for e in out.effects]
        rejects = TOPICS.rejects.name
        outputs += [Line(rejects, 0, r.key, r.value, headers=r.headers) for r in out.rejects]
        start = ends
    done = {**{name: {0: start[name]} for name in NAMES}, TOPICS.control.name: {0: CUTS}}
    return Log(
        topics=TOPICS,
        inputs=[{0: web if name == WEB else []} for name in NAMES],
        control={0: control},
        changelog={0: changelog},
        outputs=outputs,
        done=done,
        ends={name: {0: start[name]} for name in NAMES},
    )


def without(lines: Sequence[Line], place: int) -> list[Line]:
    return [*lines[:place], *lines[place + 1 :]]


def changed(lines: Sequence[Line], place: int, **fields: object) -> list[Line]:
    return [*lines[:place], replace(lines[place], **fields), *lines[place + 1 :]]  # type: ignore[arg-type]


def first_reject(log: Log) -> int:
    return next(n for n, line in enumerate(log.outputs) if line.topic == TOPICS.rejects.name)


def first_effect(log: Log) -> int:
    return next(n for n, line in enumerate(log.outputs) if line.topic != TOPICS.rejects.name)


def outputs(log: Log) -> list[Line]:
    return cast("list[Line]", log.outputs)


def rows(log: Log) -> list[Line]:
    return cast("list[Line]", log.changelog[0])


HARMS: dict[str, Callable[[Log], Log]] = {
    "missing": lambda log: replace(log, outputs=without(outputs(log), first_effect(log))),
    "extra": lambda log: replace(
        log, outputs=[*outputs(log), replace(outputs(log)[first_effect(log)], key=b"ghost")]
    ),
    "differing": lambda log: replace(
        log, outputs=[*outputs(log), replace(outputs(log)[first_effect(log)], value=b"another word")]
    ),
    "wrong order": lambda log: replace(log, outputs=outputs(log)[::-1]),
    "wrong rows": lambda log: replace(log, changelog={0: without(rows(log), len(rows(log)) - 1)}),
    "accounts": lambda log: replace(log, outputs=without(outputs(log), first_reject(log))),
    "altered dead letters": lambda log: replace(
        log, outputs=changed(outputs(log), first_reject(log), value=b"a bit of it")
    ),
    "not committed": lambda log: replace(log, done={**log.done, WEB: {0: 59}}),
    "events without a cut": lambda log: replace(log, done={**log.done, TOPICS.control.name: {0: CUTS - 1}}),
}


def test_a_log_that_is_right_has_no_fault() -> None:
    verdict = judge_log(right(), core)
    verdict.require_equal()
    assert (verdict.events, verdict.rejects, verdict.cuts) == (60, 6, CUTS)
    assert verdict.total("accepted") == 54


@pytest.mark.parametrize("name", HARMS)
def test_each_harm_is_told_by_its_name(name: str) -> None:
    verdict = judge_log(HARMS[name](right()), core)
    assert name in verdict.faults
    with pytest.raises(AssertionError, match=name):
        verdict.require_equal()


@pytest.mark.parametrize("kept", [0, 1, CUTS - 1])
def test_accounts_that_were_not_kept_or_stopped_are_noticed(kept: int) -> None:
    log, seen = right(), 0
    changelog = []
    for line in rows(log):
        seen += line.key == LEDGER
        if line.key != LEDGER or seen <= kept:
            changelog.append(line)
    verdict = judge_log(replace(log, changelog={0: changelog}), core)
    assert verdict.faults.keys() == {"accounts"}
    assert "the cuts reach 60, the ledger" in verdict.unaccounted[0]


def test_a_repeat_is_counted_and_is_no_fault() -> None:
    log = right()
    verdict = judge_log(replace(log, outputs=[*log.outputs, log.outputs[0]]), core)
    verdict.require_equal()
    assert verdict.repeated == 1


def test_records_before_the_first_cut_are_in_no_cut() -> None:
    log = right()
    late = Cut(
        epoch=EPOCH, n=1, at=SECOND, from_={**dict.fromkeys(NAMES, 0), WEB: 3}, ends=dict.fromkeys(NAMES, 10)
    )
    control = changed(cast("list[Line]", log.control[0]), 0, value=encode(late))
    verdict = judge_log(replace(log, control={0: control}), core)
    assert [place.offset for place in verdict.uncovered] == [0, 1, 2]


def test_a_core_that_throws_dice_is_noticed() -> None:
    calls: list[int] = []

    class Moody(ToyPartition):
        def execute(self, n: int, epoch: int, at: int, *rest: object) -> object:  # type: ignore[override]
            calls.append(n)
            return super().execute(n, epoch, at + (len(calls) > CUTS), *rest)  # type: ignore[arg-type]

    moody = partial(Moody, catalogue=TOPICS)
    assert judge_log(right(), moody).unstable


def test_nothing_compared_is_nothing_proven() -> None:
    empty: Log = replace(right(), control={0: []}, outputs=[], inputs=[{0: []} for _ in NAMES])
    empty = replace(empty, changelog={0: []}, done={}, ends={})
    verdict: Verdict = judge_log(empty, core)
    with pytest.raises(AssertionError, match="nothing was compared"):
        verdict.require_equal()
