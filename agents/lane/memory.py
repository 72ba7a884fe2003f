"""The garbage collector, told what a worker is like: millions of small values that live, next to no cycles.

Left to itself it walks through everything that lives whenever that has grown by a quarter, which with a
million customers is a pause of a tenth of a second; and it looks at the young objects after every 700
allocations, which under load is hundreds of times a second, for nothing: what a cut makes is freed by its
reference counts.
"""

import gc
from typing import Final

YOUNG: Final = 50_000
"""Allocations, less what was freed, after which young objects are looked at: a few fetches."""

OLDER: Final = 20
"""Rounds of the generation before, for the two older ones: cycles are rare, and small where they arise."""


def settle() -> None:
    """The first recovery is over: what lives now stays, and is not looked at again.

    The one look at everything is taken before the worker is live: the rows of a million customers alone cost
    some 35 ms of a processor, and a busy machine makes several times that of it.
    """
    gc.set_threshold(YOUNG, OLDER, OLDER)
    gc.collect()
    gc.freeze()


def keep() -> None:
    """A later recovery is over: what came with it stays as well.

    Takes a few milliseconds at most, since only the young are looked at. What is frozen is freed by its
    reference counts all the same: a partition that leaves is in no cycle.
    """
    gc.collect(0)
    gc.freeze()
