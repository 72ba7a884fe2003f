"""A long changelog: copies of what stands last under each key, as if the rows were written all the time."""

from itertools import cycle, islice

from streams.wire import row
from tests.support.topics import read_topic

from .bed import Bed
from .load import shop_producer


def inflate(bed: Bed, count: int) -> None:
    """Append so many copies of the customers' rows; the state that the log tells stays the same.

    The workers must have ended. Each copy bears the newest epoch of its partition: a row of an older one
    would be a zombie's.
    """
    name = bed.topics.changelog.name
    producer = shop_producer(bed.bootstrap)
    for p, records in read_topic(bed.bootstrap, name, bed.partitions).items():
        epoch = max(record.offset for record in records if record.key == row.MARKER)
        rows: dict[bytes, bytes] = {}
        for record in records:
            if record.key is None or record.key.startswith(b"\x00"):
                continue
            if record.value is None:
                rows.pop(record.key, None)
            else:
                rows[record.key] = row.with_epoch(record.value, epoch)
        for number, (key, value) in enumerate(islice(cycle(rows.items()), count // bed.partitions)):
            producer.produce(name, value, key, p)
            if number % 10_000 == 0:
                producer.poll(0)
        assert producer.flush(300) == 0


def filled(bed: Bed, events: int = 1_500) -> None:
    """Let one worker with the toy core make some rows, commit everything and end."""
    bed.start(1)
    load = bed.toy_load()
    load.burst(events)
    load.flush()
    bed.recover()
    for worker in bed.running:
        bed.stop(worker)
