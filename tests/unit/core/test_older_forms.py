"""Rows that earlier versions wrote are read: the same customer, outbox and verdicts."""

from collections import deque
from collections.abc import Callable, Mapping

import pytest

from streams.customer.cadence import Cadence
from streams.customer.state import Channel, Customer, Ended, Episode, Running, Sent, customer_of, encode
from streams.customer.upcast import lifted
from streams.timeline import Partition
from streams.wire import row
from streams.wire.row import Item, StoredFormError
from streams.wire.times import DAY

from ...support.cuts import Log
from ...support.previous_form import as_form_1, as_form_2, context_as_form_1, context_as_form_2
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

# What version 2 wrote for the same.
FULL_2 = bytes.fromhex(
    "022c030000000000006712000000000000cbf6c267000000000096e05b950100005702000033883947479501000000a6"
    "12ec9501000007de93519501000000ae2b349601000007de935195010000016ab9bd9501000002000000333333333333"
    "ff3f0000000000000440000000000000c03f00a23a239501002e93020000000000000000000000000000000000000000"
    "0000000000000000000000000000002e9302ffffffff0000000000803340000000000000f4bf0000000000000c400082"
    "6d4c9501002e93029acf000001955193de00cf000001954c6d820082a5656d61696c9a01cf000001954c6d8200050000"
    "00a561736b65640381aa70726f6d6f74696f6e73cf000001955193de0081a66f7264657273cf000001955193de01a870"
    "7573683a7765629a02cf000001955193de000001cf000001955193ddff02a873657474696e6773008080c41800010203"
    "0405060708090a0b0c0d0e0f10111213141516179292cf0000019556ba3a00a5656d61696c92cf0000019556ba3a01a4"
    "70757368a6636f66666565cf000001945015e6009195ab7765625f73746f70706564c0c0cf000001954220ca0002929a"
    "a26531ab6170705f73746f70706564c0c0cf000001955193de00cf0000019556ba3a0001a57472656174c2a09aa26532"
    "ae707573685f6f707465645f6f7574a470757368a3776562cf000001955193de00cf000001955193de0002a46e6f6e65"
    "c3a46c617465919ca877696e5f6261636ba26531a27331c0cf0000019556ba3a0001cf000001957ac6be00cf00000195"
    "9ed34200919200a5656d61696c919200cf000001955be096009196a26d3100a470757368a3776562cf000001956106f2"
    "00aa70726f6d6f74696f6e73c39293a77369676e616c73c4077b2261223a317dc093ae636f6d6d616e64732e656d6169"
    "6cc4027b7dc40830302d61612d3031"
)
SMALL_2 = bytes.fromhex(
    "02050000000000000009000000000000004d00000000000000c069dc9e95010000800000001460c894519501000000da"
    "52d29501000060c89451950100000042d39e9501000001000000000000000000f03f000000000000fc3f000000000000"
    "000000b6ad329501002e930201000000000000000000f03f000000000000fc3f000000000000000000b6ad329501002e"
    "93029acf000001955193de000080c40090a000909090"
)
LEAVING_2 = bytes.fromhex(
    "0205000000000000000a000000000000005000000000000000000000000000000000000000009193a77369676e616c73"
    "c4027b7dc0"
)
CONTEXT_2 = bytes.fromhex("0205000000000000007b2276223a317d")

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


FORMS = {1: (FULL, SMALL, LEAVING, CONTEXT), 2: (FULL_2, SMALL_2, LEAVING_2, CONTEXT_2)}
"""By form: what it wrote."""

WRITES: dict[int, Callable[[bytes], bytes]] = {1: as_form_1, 2: as_form_2}
WRITES_CONTEXT: dict[int, Callable[[bytes], bytes]] = {1: context_as_form_1, 2: context_as_form_2}
forms = pytest.mark.parametrize("form", [1, 2])


@forms
def test_a_row_of_an_older_form_gives_the_same_customer_and_the_same_outbox(form: int) -> None:
    new = lifted(FORMS[form][0])
    assert new[0] == row.FORMAT
    assert customer_of(new) == CUSTOMER
    assert row.outbox_of(new) == OUTBOX
    head = row.unpack(new)
    assert (head.epoch, head.cut, head.seq, head.wake_at) == (812, 4711, 1_740_830_411, T + 2 * DAY)


@forms
def test_a_small_row_and_one_that_is_leaving_are_lifted_too(form: int) -> None:
    weekly = Cadence(1, 1.0, 1.75, 0.0, T - 6 * DAY, T, T + 60_000, T + 25 * DAY)
    small = Customer(first_seen=T, web=weekly, brand=weekly.due(T + 15 * DAY))
    assert customer_of(lifted(FORMS[form][1])) == small
    leaving = lifted(FORMS[form][2])
    assert row.is_leaving(leaving)
    assert row.outbox_of(leaving) == [Item("signals", b"{}", None)]
    assert (row.cut_of(leaving), row.seq_of(leaving), row.wake_of(leaving)) == (10, 80, 0)


@forms
def test_a_lifted_row_is_what_is_written_today(form: int) -> None:
    new = lifted(FORMS[form][0])
    head = row.unpack(new)
    shape, body = encode(CUSTOMER)
    assert row.pack(head.epoch, head.cut, head.seq, head.wake_at, body, OUTBOX, shape) == new


def test_a_row_of_today_is_left_as_it_is() -> None:
    value = lifted(SMALL)
    assert lifted(value) is value


@forms
@pytest.mark.parametrize("which", [0, 1, 2], ids=["full", "small", "leaving"])
def test_what_the_tests_write_as_an_older_form_is_what_that_release_wrote(form: int, which: int) -> None:
    value = FORMS[form][which]
    assert WRITES[form](lifted(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        FULL[:20],
        SMALL[:-20],
        b"\x01" + lifted(FULL)[1:],
        FULL_2[:20],
        SMALL_2[:-20],
        b"\x02" + FULL[1:],
        SMALL_2[: row.HEAD.size - 1] + b"\xff" + SMALL_2[row.HEAD.size :],
    ],
    ids=["1 short", "1 cut", "1 another", "2 short", "2 cut", "2 another", "2 of no such shape"],
)
def test_what_only_says_that_it_is_of_an_older_form_is_refused(value: bytes) -> None:
    with pytest.raises(StoredFormError):
        lifted(value)


@forms
def test_a_context_entry_of_an_older_form_is_read(form: int) -> None:
    entry = FORMS[form][3]
    row.check_format(entry)
    assert (row.epoch_of(entry), row.context_payload(entry)) == (5, b'{"v":1}')
    assert WRITES_CONTEXT[form](row.pack_context(5, b'{"v":1}')) == entry


@forms
@pytest.mark.parametrize("committed", [1, 365, 500, 700])
def test_a_changelog_of_an_older_form_leads_to_the_same_effects(committed: int, form: int) -> None:
    log, old = told(), WRITES[form]
    core = recovered_from(form, log, committed)
    assert len(core.rows) == 1
    for cut in log.cuts[committed:]:
        done = log.again(core, cut)
        assert done.effects == cut.done.effects
        assert as_held(done.rows, old) == as_held(cut.done.rows, old)
    assert as_held(core.rows, old) == as_held(log.core.rows, old)


def as_held(rows: Mapping[bytes, bytes | None], form: Callable[[bytes], bytes]) -> dict[bytes, bytes | None]:
    """Rows as far as an older form holds them: what it does not know is learnt from then on."""
    return {
        key: value if value is None or key.startswith(row.CONTEXT) else form(value)
        for key, value in rows.items()
    }


def recovered_from(form: int, log: Log, committed: int) -> Partition:
    """A new owner of a changelog that was written in an older form up to a cut."""
    core = Partition(log.number, log.catalogue)
    for cut in log.cuts[:committed]:
        for key, value in cut.done.rows.items():
            old = WRITES_CONTEXT[form] if key.startswith(row.CONTEXT) else WRITES[form]
            core.restore(key, None if value is None else old(value))
    last = log.cuts[committed - 1]
    deque(core.restored(last.control + 1, last.at), maxlen=0)
    return core
