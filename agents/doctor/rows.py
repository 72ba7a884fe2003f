"""A look at the ends of the changelog: can this version read it, and do commits stand beside it?"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from agents.lane.fence import EpochFilter
from agents.lane.ledger import LEDGER, Ledger
from agents.lane.reader import LogReader
from agents.lane.survey import Survey
from streams.timeline import Partition
from streams.topics import Catalogue
from streams.wire import row

LOOK_AT: Final = 200
"""Records of each partition that are looked at, the last ones: a changelog may have millions."""


class Ends(NamedTuple):
    """What was found.

    Attributes:
        read: Records looked at.
        unreadable: The first that this version cannot read, in words; empty if there is none.
        without_commits: Partitions that have rows and no committed control offset.
    """

    read: int
    unreadable: str
    without_commits: list[int]


async def read_ends(connection: Mapping[str, Any], topics: Catalogue) -> Ends:
    """Read the last records of each partition, as an owner would."""
    found = await Survey(connection, topics).whole()
    ranges = {
        n: (max(one.changelog.first, one.changelog.end - LOOK_AT), one.changelog.end)
        for n, one in found.items()
    }
    records = await LogReader(connection).read(topics.changelog.name, ranges)
    without = []
    for number, some in records.items():
        judge, core, ledger, rows = EpochFilter(), Partition(number, topics), Ledger({}), 0
        for record in some:
            try:
                if record.key is None or not judge.counts(record):
                    continue
                if record.key == LEDGER:
                    ledger.restore(record.value)
                else:
                    core.restore(record.key, record.value)
                rows += record.value is not None
            except row.StoredFormError as error:
                return Ends(0, f"partition {number} at {record.offset}: {error}", [])
        if rows and found[number].control.committed is None:
            without.append(number)
    return Ends(sum(map(len, records.values())), "", without)
