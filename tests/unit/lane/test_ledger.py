"""Every record has one outcome, counted once, whatever crashes in between."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from agents.errors import DataLossError
from agents.lane.auditor import Auditor, UnaccountedError
from agents.lane.changelog import Changelog
from agents.lane.cuts import Base, DueCut, FencedError
from agents.lane.lane import Lane
from agents.lane.ledger import LEDGER, Account, LedgerError
from agents.lane.partition import Claim, OwnedPartition
from agents.lane.proposing import Pace
from agents.lane.twins import TwinError
from streams.timeline import Executed
from streams.timeline import Record as AnyRecord
from streams.topics import catalogue
from streams.wire import row
from tests.support.topics import Record
from tests.support.toy_core import ToyPartition

if TYPE_CHECKING:
    from agents.lane.reader import LogReader
    from agents.lane.sending import Sender

TOPICS = catalogue("t", 1)
APP = TOPICS.inputs[0].name
NAMES = [topic.name for topic in TOPICS.inputs]
EPOCH = 0


def ends(app: int) -> dict[str, int]:
    return {**dict.fromkeys(NAMES, 0), APP: app}


def event(offset: int, key: bytes = b"c", value: bytes = b"12345") -> Record:
    return Record(APP, 0, offset, 1_000 + offset, key, value, [])


def owner(changelog: Sequence[Record] = (), base: Base | None = None, core: object = None) -> OwnedPartition:
    """Whoever takes the partition over, with what is in the changelog and what was committed."""
    positions = base.ends if base else ends(0)
    claim = Claim(len(changelog), 1 if base else None, 0, 0, base, positions)
    toy = ToyPartition(0, TOPICS) if core is None else cast("ToyPartition", core)
    owned = OwnedPartition(0, toy, claim, Pace(1, 100), 100)
    marker = Record(TOPICS.changelog.name, 0, len(changelog), 0, row.MARKER, b"", [])
    owned.restore([*changelog, marker])
    owned.restored()
    owned.live()
    return owned


def cut(owned: OwnedPartition, n: int, records: Sequence[Record], end: int) -> list[Executed]:
    """Carry out a cut of these records."""
    at = owned.inbox.fetched[APP]
    for record in records:
        owned.inbox.reach(APP, record.offset)
        owned.inbox.put(APP, [record])
    owned.inbox.reach(APP, end)
    assert owned.inbox.fetched[APP] == end >= at
    due = DueCut(n, n, 1_500, ends(end), owned.epoch)
    owned.log.queue.append(due)
    return list(owned.execute(due))


def written(parts: Sequence[Executed]) -> list[Record]:
    """What the changelog has of them."""
    rows = [(key, value) for part in parts for key, value in part.rows.items()]
    return [Record(TOPICS.changelog.name, 0, i, 0, key, value, []) for i, (key, value) in enumerate(rows)]


def account(owned: OwnedPartition) -> Account:
    return owned.ledger.accounts[APP]


def test_records_are_counted_with_their_bytes_and_offsets_without_one_as_holes() -> None:
    owned = owner()
    cut(owned, 1, [event(0), event(1, value=b"bad"), event(4, b"dd")], 6)
    got = account(owned)
    assert (got.began, got.upto, got.holes) == (0, 6, 3)
    assert (got.read, got.accepted, got.rejected, got.ignored) == (3, 2, 1, 0)
    assert (got.read_bytes, got.accepted_bytes, got.rejected_bytes) == (6 + 4 + 7, 13, 4)
    assert (got.unaccounted, got.unaccounted_bytes) == (0, 0)


def test_the_ledger_goes_out_with_a_cut_that_moved_an_input_and_with_no_other() -> None:
    owned = owner()
    (busy,) = cut(owned, 1, [event(0)], 1)
    assert list(busy.rows) == [b"c", LEDGER]
    (idle,) = cut(owned, 2, [], 1)
    assert LEDGER not in idle.rows
    (holes,) = cut(owned, 3, [], 4)
    assert list(holes.rows) == [LEDGER]


class InPortions(ToyPartition):
    """A cut that comes in three parts."""

    def portions(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[AnyRecord]], committed_cut: int
    ) -> Iterator[Executed]:
        yield Executed({b"first": row.pack(epoch, n, 0, 0, b"", [])}, [], [], {})
        yield self.execute(n, epoch, at, slices, committed_cut)
        yield Executed({}, [], [], {})


def test_it_goes_out_last() -> None:
    owned = owner(core=InPortions(0, TOPICS))
    parts = cut(owned, 1, [event(0)], 1)
    assert [LEDGER in part.rows for part in parts] == [False, False, True]
    assert account(owned).accepted == 1


def test_after_a_crash_before_the_ledger_was_written_what_the_rows_have_is_ignored() -> None:
    first = owner()
    rows = [record for record in written(cut(first, 1, [event(0), event(1, b"d")], 2)) if record.key == b"c"]
    second = owner(rows, Base(EPOCH, 0, 0, ends(0)))
    cut(second, 1, [event(0), event(1, b"d")], 2)
    got = account(second)
    assert (got.read, got.accepted, got.ignored) == (2, 1, 1)
    assert (got.read_bytes, got.accepted_bytes, got.ignored_bytes) == (12, 6, 6)
    assert got.unaccounted == 0


def test_after_a_crash_behind_the_ledger_the_same_cut_is_not_counted_again() -> None:
    first = owner()
    changelog = written(cut(first, 1, [event(0), event(3)], 4))
    second = owner(changelog, Base(EPOCH, 0, 0, ends(0)))
    (again,) = cut(second, 1, [event(0), event(3)], 4)
    assert account(second) == account(first)
    assert LEDGER not in again.rows
    cut(second, 2, [event(4)], 5)
    assert (account(second).accepted, account(second).holes, account(second).unaccounted) == (3, 2, 0)


def test_what_a_zombie_overwrote_is_written_again() -> None:
    owned = owner()
    cut(owned, 1, [event(0)], 1)
    assert owned.current(LEDGER) == owned.ledger.pack(owned.epoch)
    assert owned.current(b"c") == owned.core.current(b"c")


@pytest.mark.parametrize("position", [2, 9], ids=["set back", "set on"])
def test_an_input_that_does_not_go_on_where_it_was_counted_is_refused(position: int) -> None:
    changelog = written(cut(owner(), 3, [event(0), event(1), event(2)], 3))
    with pytest.raises(DataLossError, match=rf"{APP} was counted up to 3, and goes on at {position}"):
        owner(changelog, Base(EPOCH, 3, 0, ends(position)))


def test_a_cut_that_is_counted_and_not_committed_is_no_disagreement() -> None:
    changelog = written(cut(owner(), 3, [event(0), event(1), event(2)], 3))
    assert account(owner(changelog, Base(EPOCH, 2, 0, ends(2)))).upto == 3
    with pytest.raises(DataLossError, match="goes on at 9"):
        owner(changelog, Base(EPOCH, 2, 0, ends(9)))


def test_a_ledger_of_an_unknown_form_is_refused() -> None:
    value = row.pack_context(EPOCH, b"\xc1 what is this")
    with pytest.raises(DataLossError, match="this version cannot read a ledger"):
        owner([Record(TOPICS.changelog.name, 0, 0, 0, LEDGER, value, [])])


class Lanes(SimpleNamespace):
    """Stands in for a lane with one partition."""

    def __init__(self, owned: OwnedPartition) -> None:
        self.audits = 0
        super().__init__(partitions={0: owned}, inputs=NAMES, meter=SimpleNamespace(audited=self.count))

    def count(self) -> None:
        self.audits += 1


@pytest.mark.parametrize(
    ("name", "by", "said"),
    [
        ("accepted", -1, "accepted 1, rejected 0, duplicate 0, ignored 0: 1 too few"),
        ("upto", 3, f"{APP} 0: applied from 0 to 5, of which 0 hold no record"),
        ("holes", 1, "-1 too few"),
        ("accepted_bytes", -4, "Bytes read 12, 4 of them in no outcome"),
    ],
)
def test_the_auditor_names_what_has_no_outcome(name: str, by: int, said: str) -> None:
    owned = owner()
    cut(owned, 1, [event(0), event(1)], 2)
    lane = Lanes(owned)
    auditor = Auditor(cast("Lane", lane))
    auditor.look()
    assert lane.audits == 1
    setattr(account(owned), name, getattr(account(owned), name) + by)
    with pytest.raises(UnaccountedError, match=said) as found:
        auditor.look()
    assert found.value.exit_code == 71
    assert "replay" in found.value.way_out
    assert lane.audits == 1


class Reader:
    """Stands in for the reader of the changelog: what lies behind our marker."""

    def __init__(self, *found: Record) -> None:
        self._found = found

    async def read(self, _topic: str, ranges: dict[int, tuple[int, int]]) -> dict[int, list[Record]]:
        (start, end) = ranges[0]
        return {0: [record for record in self._found if start <= record.offset < end]}


def behind(*found: Record) -> tuple[Lane, OwnedPartition]:
    """A lane whose owner has accounts up to 3, and goes on at 9."""
    changelog = written(cut(owner(), 3, [event(0), event(1), event(2)], 3))
    claim = Claim(len(changelog), 1, 0, 0, Base(EPOCH, 3, 0, ends(9)), ends(9))
    owned = OwnedPartition(0, ToyPartition(0, TOPICS), claim, Pace(1, 100), 100, b"one/1")
    owned.restore([*changelog, Record(TOPICS.changelog.name, 0, len(changelog), 0, row.MARKER, b"one/1", [])])

    async def ends_of(places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(places, 100)

    log = Changelog(TOPICS.changelog.name, cast("Sender", None), cast("LogReader", Reader(*found)), b"one/1")
    return cast("Lane", SimpleNamespace(changelog=log, consumer=SimpleNamespace(ends=ends_of))), owned


@pytest.mark.parametrize(
    ("marker", "error"), [(b"two/1", FencedError), (b"one/2", TwinError)], ids=["another owner", "a twin"]
)
async def test_who_is_behind_because_somebody_newer_went_on_is_fenced(
    marker: bytes, error: type[Exception]
) -> None:
    """Found by the simulator: commits were read after the next owner had made some."""
    lane, owned = behind(Record(TOPICS.changelog.name, 0, 7, 0, row.MARKER, marker, []))
    with pytest.raises(error):
        await Lane._restored(lane, owned)


async def test_who_is_behind_and_alone_is_refused() -> None:
    lane, owned = behind(Record(TOPICS.changelog.name, 0, 7, 0, b"c", row.pack(0, 3, 0, 0, b"", []), []))
    with pytest.raises(LedgerError, match="was counted up to 3, and goes on at 9"):
        await Lane._restored(lane, owned)
