"""`core`: CPU per event of the pure core alone, without Kafka, for several numbers of customers."""

import gc
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from devkit.broker.records import Record
from streams.timeline import Partition
from streams.topics import catalogue
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import DAY

from .load import LOADS, Made, known, now, span
from .report import Result


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--events", type=int, default=200_000, help="measured")
    parser.add_argument("--warm", type=int, default=3, help="events for each customer before that")
    parser.add_argument("--loads", nargs="+", choices=list(LOADS), default=list(LOADS))
    parser.add_argument("--cut", type=int, default=5_000, help="events in a cut")


def run(options: Namespace) -> Result:
    """Measure for each number of customers, with rows that exist already."""
    result = Result("core")
    result.notes.append(
        f"one partition, cuts of {options.cut:,} events, decoding and packing included, no signal comes due"
    )
    for customers in options.customers:
        for load in options.loads:
            result.rows.append(_measure(load, customers, options))
    return result


def _measure(load: str, customers: int, options: Namespace) -> dict[str, object]:
    topics = catalogue("bench", 1)
    partition, names = Partition(0, topics), [topic.name for topic in topics.inputs]
    end, size = now(), options.cut
    first = known(customers, end - span(load, options.events, customers) - DAY, options.warm)
    cuts = _cuts(chain(first, LOADS[load](options.events, customers, end, 1)), names, size)
    before = -(-customers * options.warm // size)
    _execute(partition, islice(cuts, before), 0)
    rest = list(cuts)
    gc.collect()
    gc.freeze()  # the collector shall not walk through what only the benchmark holds
    begun = time.process_time()
    _execute(partition, rest, before)
    seconds = time.process_time() - begun
    gc.unfreeze()
    measured = sum(len(records) for slices, _ in rest for records in slices)
    return {
        "load": load,
        "customers": customers,
        "events": measured,
        "CPU µs/event": round(seconds / measured * 1e6, 2),
        "rows": len(partition.rows),
        "bytes/row": round(sum(map(len, partition.rows.values())) / len(partition.rows)),
    }


Slices = Sequence[Sequence[Record]]


def _cuts(events: Iterable[Made], names: Sequence[str], size: int) -> Iterator[tuple[Slices, int]]:
    """Divide events into cuts: the records of each input, and the time of the cut."""
    source, offset = iter(events), 0
    while part := list(islice(source, size)):
        slices: list[list[Record]] = [[] for _ in names]
        for event in part:
            number = SHORT_TOPICS.index(event.topic)
            slices[number].append(Record(names[number], 0, offset, event.at, event.key, event.value, ()))
            offset += 1
        yield slices, part[-1].at


def _execute(partition: Partition, cuts: Iterable[tuple[Slices, int]], before: int) -> None:
    for n, (slices, at) in enumerate(cuts, before + 1):
        partition.execute(n, 1, at, slices, n - 1)
