"""The accounts after an accepted loss: what was counted stays counted, what is lost is passed over."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from agents.lane.cuts import Base, DueCut
from agents.lane.lane import Lane
from agents.lane.ledger import LEDGER
from agents.lane.loss import Loss
from agents.lane.partition import Claim, OwnedPartition
from agents.lane.proposing import Pace
from agents.lane.pulse import Pulse
from streams.wire import row
from streams.wire.control import Cut
from tests.support.topics import Record
from tests.support.toy_core import ToyPartition

from .test_ledger import APP, EPOCH, TOPICS, account, cut, ends, event, owner, written

CONTROL = TOPICS.control.name
PACE, BOUND = Pace(1, 100), 100


async def after(changelog: Sequence[Record], base: Base, loss: Loss) -> OwnedPartition:
    """Whoever takes over after a loss, and has accepted it."""
    positions = {**base.ends, **({loss.resource: loss.end} if loss.resource in base.ends else {})}
    start = loss.end if loss.resource == CONTROL else 5
    claim = Claim(len(changelog), 5, start, start, base, positions, (loss,))
    owned = OwnedPartition(0, ToyPartition(0, TOPICS), claim, PACE, BOUND)
    owned.restore([*changelog, Record(TOPICS.changelog.name, 0, len(changelog), 0, row.MARKER, b"", [])])
    lane = SimpleNamespace(
        partitions={0: owned}, pulse=Pulse(), _pace=PACE, settings=SimpleNamespace(inbox_bound=BOUND)
    )
    lane._restored = lambda one: Lane._restored(cast("Lane", lane), one)
    await Lane.finish_recovery(cast("Lane", lane), {0})
    owned.live()
    return owned


def begin_anew(owned: OwnedPartition) -> Cut:
    """Write the cut after the loss, and carry it out."""
    assert owned.take_up()
    written_cut = owned.after_loss(0.0)
    assert written_cut is not None
    owned.log.read(owned.log.next, written_cut)
    due = owned.due()
    assert due is not None
    list(owned.execute(due))
    owned.finished(due)
    return written_cut


async def test_where_control_is_lost_what_the_accounts_include_is_not_read_again() -> None:
    """The last cut was acknowledged with its accounts, and not committed."""
    changelog = written(cut(owner(), 3, [event(0), event(1), event(2)], 3))
    owned = await after(changelog, Base(EPOCH, 2, 0, ends(0)), Loss(CONTROL, 0, "cut", 5, 9))
    assert owned.claim.positions == ends(3)
    anew = begin_anew(owned)
    assert (anew.n, anew.from_) == (4, ends(3))
    cut(owned, 5, [event(3), event(4)], 5)
    got = account(owned)
    assert (got.began, got.upto, got.accepted, got.unaccounted) == (0, 5, 5, 0)


async def test_the_cut_after_the_loss_is_above_one_that_only_the_accounts_name() -> None:
    """A cut of rejects alone leaves no row, and its number must not come again."""
    changelog = written(cut(owner(), 3, [event(0, value=b"bad")], 1))
    assert [record.key for record in changelog] == [LEDGER]
    owned = await after(changelog, Base(EPOCH, 2, 0, ends(0)), Loss(CONTROL, 0, "cut", 5, 9))
    assert begin_anew(owned).n == 4
    cut(owned, 5, [event(1)], 2)
    got = account(owned)
    assert (got.upto, got.rejected, got.accepted, got.unaccounted) == (2, 1, 1, 0)


async def test_where_an_input_lost_only_what_is_counted_its_account_goes_on() -> None:
    """It begins between the last committed cut and the last one that was carried out."""
    changelog = written(cut(owner(), 3, [event(0), event(1), event(2)], 3))
    owned = await after(changelog, Base(EPOCH, 2, 0, ends(0)), Loss(APP, 0, "cut", 0, 2))
    owned.inbox.put(APP, [event(2)])
    found = Cut(epoch=EPOCH, n=3, at=1_500, from_=ends(0), ends=ends(3))
    owned.log.read(owned.log.next, found)
    due = owned.due()
    assert due is not None
    list(owned.execute(due))
    owned.finished(due)
    assert begin_anew(owned).ends == ends(3)
    cut(owned, 5, [event(3)], 4)
    got = account(owned)
    assert (got.began, got.upto, got.accepted, got.unaccounted) == (0, 4, 4, 0)


async def test_a_loss_that_is_settled_is_in_the_accounts_even_if_nothing_follows() -> None:
    """The next owner finds the accounts where the inputs go on, though no record came in between."""
    changelog = written(cut(owner(), 3, [event(0), event(1), event(2)], 3))
    owned = await after(changelog, Base(EPOCH, 3, 0, ends(3)), Loss(APP, 0, "cut", 3, 9))
    assert owned.take_up()
    anew = owned.after_loss(0.0)
    assert anew is not None
    parts = list(owned.execute(_due(owned, anew)))
    again = owner([*changelog, *written(parts)], Base(EPOCH, anew.n, 0, anew.ends))
    assert (account(again).began, account(again).upto) == (9, 9)


def _due(owned: OwnedPartition, anew: Cut) -> DueCut:
    owned.log.read(owned.log.next, anew)
    due = owned.due()
    assert due is not None
    return due
