"""More than memory holds comes out in order, and as it came where the key is equal."""

from pathlib import Path
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from agents.replay.runs import Runs, read_items, write_items


class Item(NamedTuple):
    at: int
    name: bytes
    streams: tuple[str, ...] = ()


def at(item: Item) -> int:
    return item.at


items = st.lists(
    st.builds(Item, st.integers(-5, 5), st.binary(max_size=3), st.just(("web", "brand"))), max_size=60
)


@given(items, st.integers(1, 70))
def test_items_come_out_sorted_and_stable_however_few_are_held(given_: list[Item], held: int) -> None:
    runs = Runs(Item, key=at, held=held)
    runs.extend(given_)
    assert runs.count == len(given_)
    assert list(runs) == sorted(given_, key=at)
    runs.close()


def test_what_is_in_order_already_is_one_run() -> None:
    runs = Runs(Item, key=at, held=10)
    runs.extend(Item(n // 3, b"") for n in range(95))
    assert len(runs._runs) == 1
    assert [item.at for item in runs] == [n // 3 for n in range(95)]
    runs.close()


def test_several_can_be_read_at_once_from_one_file() -> None:
    runs = Runs(Item, key=at, held=600)
    runs.extend(Item(n % 7, str(n).encode()) for n in range(5_000))
    assert list(runs) == sorted((Item(n % 7, str(n).encode()) for n in range(5_000)), key=at)
    runs.close()


def test_items_that_were_written_are_read_again(tmp_path: Path) -> None:
    some = [Item(n, b"x", ("web",)) for n in range(1_234)]
    write_items(tmp_path / "items", some)
    assert list(read_items(tmp_path / "items", Item)) == some
