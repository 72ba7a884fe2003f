"""What the shares left in files: put together, and written where it was asked for."""

import csv
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import TypeVar

from streams.wire.times import format_time

from ..replay.runs import read_items
from .heard import OPEN, Alarm, Line, Opening
from .share import left_at

T = TypeVar("T", Line, Alarm, Opening)


def left(folder: Path, what: str, policy: int, shares: int, kind: type[T]) -> Iterator[T]:
    """Read what all shares left of a sort, in order."""
    return merge(*(read_items(left_at(folder, what, policy, share), kind) for share in range(shares)))


def write_signals(path: Path, folder: Path, shares: int) -> None:
    """Write the signals of the first policy, one JSON document a line, by ticks and then customers."""
    with path.open("wb") as file:
        for line in left(folder, "signals", 0, shares, Line):
            file.write(line.value + b"\n")


def write_alarms(path: Path, folder: Path, shares: int) -> None:
    """Write the alarms of the kind asked for as CSV; ``cleared_at`` is empty where one stands at the end."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("customer_id", "alarm_at", "cleared_at"))
        for alarm in left(folder, "alarms", 0, shares, Alarm):
            cleared = "" if alarm.cleared_at == OPEN else format_time(alarm.cleared_at)
            rows.writerow((alarm.customer, format_time(alarm.alarm_at), cleared))
