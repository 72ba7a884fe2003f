"""Rows that release 0.1.0 wrote are read: the same customer, outbox and verdicts."""

from collections import deque

import pytest

from streams.customer.cadence import Cadence
from streams.customer.state import Channel, Customer, Ended, Episode, Running, Sent, customer_of
from streams.customer.upcast import lifted
from streams.timeline import Partition
from streams.wire import row
from streams.wire.row import Item, StoredFormError
from streams.wire.times import DAY

from ...support.cuts import Log
from ...support.previous_form import as_form_1, context_as_form_1
from .test_partition import told

T = 1_740_830_400_000

# What 0.1.0 wrote for the customers below (its own `row.pack` and `state.encode`).
FULL = bytes.fromhex(
    "012c030000000000006712000000000000cbf6c267000000000096e05b95010000730200009fcf000001955193de00c4"
    "3c02000000333333333333ff3f0000000000000440000000000000c03f00a23a23950100000026474795010000883947"
    "479501000000a612ec95010000c43c000000000000000000000000000000000000000000000000000000000000000000"
    "00000000de93519501000007de93519501000000ae2b3496010000c400c400c43cffffffff0000000000803340000000"
    "000000f4bf0000000000000c4000826d4c9501000000de93519501000007de935195010000016ab9bd9501000082a565"
    "6d61696c9a01cf000001954c6d820005000000a561736b65640381aa70726f6d6f74696f6e73cf000001955193de0081"
    "a66f7264657273cf000001955193de01a8707573683a7765629a02cf000001955193de000001cf000001955193ddff02"
    "a873657474696e6773008080cf000001945015e600929aa26531ab6170705f73746f70706564c0c0cf000001955193de"
    "00cf0000019556ba3a0001a57472656174c2a09aa26532ae707573685f6f707465645f6f7574a470757368a3776562cf"
    "000001955193de00cf000001955193de0002a46e6f6e65c3a46c6174659195ab7765625f73746f70706564c0c0cf0000"
    "01954220ca0002919ca877696e5f6261636ba26531a27331c0cf0000019556ba3a0001cf000001957ac6be00cf000001"
    "959ed34200919200a5656d61696c919200cf000001955be096009196a26d3100a470757368a3776562cf000001956106"
    "f200aa70726f6d6f74696f6e73c39292cf0000019556ba3a00a5656d61696c92cf0000019556ba3a01a470757368c418"
    "000102030405060708090a0b0c0d0e0f1011121314151617a6636f66666565cf000001954c6d82009293a77369676e61"
    "6c73c4077b2261223a317dc093ae636f6d6d616e64732e656d61696cc4027b7dc40830302d61612d3031"
)
SMALL = bytes.fromhex(
    "01050000000000000009000000000000004d00000000000000c069dc9e95010000960000009fcf000001955193de00c4"
    "00c400c43c01000000000000000000f03f000000000000fc3f000000000000000000b6ad329501000000de9351950100"
    "0060c894519501000000da52d295010000c400c43c01000000000000000000f03f000000000000fc3f00000000000000"
    "0000b6ad329501000000de93519501000060c89451950100000042d39e95010000800090909090c400a000"
)
LEAVING = bytes.fromhex(
    "0105000000000000000a0000000000000050000000000000000000000000000000000000009193a77369676e616c73c4027b7dc0"
)
CONTEXT = bytes.fromhex("0105000000000000007b2276223a317d")

CUSTOMER = Customer(
    first_seen=T,
    purchase=Cadence(2, 1.95, 2.5, 0.125, T - 9 * DAY, T - 2 * DAY, T - 2 * DAY + 5000, T + 30 * DAY),
    app=Cadence(0, 0.0, 0.0, 0.0, 0, T, T + 7, T + 44 * DAY),
    brand=Cadence(4_294_967_295, 19.5, -1.25, 3.5, T - DAY, T, T + 7, T + 21 * DAY + 1),
    channels={
        "email": Channel(1, T - DAY, 5, 0, 0, 0, "asked", 3, {"promotions": T}, {"orders": T + 1}),
        "push:web": Channel(2, T, 0, 1, T - 1, 2, "settings"),
    },
    installed_at=T - 50 * DAY,
    episodes=[
        Episode("e1", "app_stopped", None, None, T, T + DAY, 1, "treat", False),
        Episode("e2", "push_opted_out", "push", "web", T, T, 2, "none", True, "late"),
    ],
    ended=[Ended("web_stopped", None, None, T - 3 * DAY, 2)],
    plays=[
        Running(
            "win_back",
            "e1",
            "s1",
            None,
            T + DAY,
            1,
            T + 8 * DAY,
            T + 15 * DAY,
            [(0, "email")],
            [(0, T + 2 * DAY)],
            [Sent("m1", 0, "push", "web", T + 3 * DAY, "promotions")],
            True,
        )
    ],
    sends=[(T + DAY, "email"), (T + DAY + 1, "push")],
    recent=bytes(range(24)),
    last_category="coffee",
    spoken_at=T - DAY,
)
OUTBOX = [Item("signals", b'{"a":1}', None), Item("commands.email", b"{}", b"00-aa-01")]


def test_a_row_of_the_previous_form_gives_the_same_customer_and_the_same_outbox() -> None:
    new = lifted(FULL)
    assert new[0] == row.FORMAT
    assert customer_of(new) == CUSTOMER
    assert row.outbox_of(new) == OUTBOX
    head = row.unpack(new)
    assert (head.epoch, head.cut, head.seq, head.wake_at) == (812, 4711, 1_740_830_411, T + 2 * DAY)


def test_a_small_row_and_one_that_is_leaving_are_lifted_too() -> None:
    weekly = Cadence(1, 1.0, 1.75, 0.0, T - 6 * DAY, T, T + 60_000, T + 25 * DAY)
    assert customer_of(lifted(SMALL)) == Customer(first_seen=T, web=weekly, brand=weekly.due(T + 15 * DAY))
    leaving = lifted(LEAVING)
    assert row.is_leaving(leaving)
    assert row.outbox_of(leaving) == [Item("signals", b"{}", None)]
    assert (row.cut_of(leaving), row.seq_of(leaving), row.wake_of(leaving)) == (10, 80, 0)


def test_a_row_of_today_is_left_as_it_is() -> None:
    value = lifted(SMALL)
    assert lifted(value) is value


@pytest.mark.parametrize("value", [FULL, SMALL, LEAVING], ids=["full", "small", "leaving"])
def test_what_the_tests_write_as_the_previous_form_is_what_the_previous_release_wrote(value: bytes) -> None:
    assert as_form_1(lifted(value)) == value


@pytest.mark.parametrize(
    "value", [FULL[:20], SMALL[:-20], b"\x01" + lifted(FULL)[1:]], ids=["short", "cut", "another form"]
)
def test_what_only_says_that_it_is_of_the_previous_form_is_refused(value: bytes) -> None:
    with pytest.raises(StoredFormError):
        lifted(value)


def test_a_context_entry_of_the_previous_form_is_read() -> None:
    row.check_format(CONTEXT)
    assert (row.epoch_of(CONTEXT), row.context_payload(CONTEXT)) == (5, b'{"v":1}')
    assert context_as_form_1(row.pack_context(5, b'{"v":1}')) == CONTEXT


@pytest.mark.parametrize("committed", [1, 365, 500, 700])
def test_a_changelog_of_the_previous_form_leads_to_the_same_effects(committed: int) -> None:
    log = told()
    core = recovered_from_form_1(log, committed)
    assert len(core.rows) == 1
    for cut in log.cuts[committed:]:
        done = log.again(core, cut)
        assert done.effects == cut.done.effects
        assert done.rows == cut.done.rows
    assert core.rows == log.core.rows


def recovered_from_form_1(log: Log, committed: int) -> Partition:
    """A new owner of a changelog that was written by 0.1.0 up to a cut."""
    core = Partition(log.number, log.catalogue)
    for cut in log.cuts[:committed]:
        for key, value in cut.done.rows.items():
            old = context_as_form_1 if key.startswith(row.CONTEXT) else as_form_1
            core.restore(key, None if value is None else old(value))
    last = log.cuts[committed - 1]
    deque(core.restored(last.control + 1, last.at), maxlen=0)
    return core
