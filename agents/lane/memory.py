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
    """Recovery is over: what lives now stays, and is not looked at again."""
    gc.set_threshold(YOUNG, OLDER, OLDER)
    gc.unfreeze()  # of an earlier recovery: partitions may have left since
    gc.collect()
    gc.freeze()
