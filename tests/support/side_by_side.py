"""How several processes share the tests (pytest-xdist): one test after the other, the waiting ones first."""

from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = frozenset(
    {
        "tests/integration/test_doctor.py",
        "tests/integration/test_security.py",
        "tests/integration/test_shop_through_core.py",
        "tests/unit/shop/test_shop.py",
    }
)
"""Files whose tests share something that takes seconds to make: each goes to one process as a whole."""


class TestByTest(LoadScopeScheduling):
    """Hands the tests out in the order of their collection, each to the process that is free next."""

    __test__ = False

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def turn(item: pytest.Item) -> int:
    """Where to put a test: those with processes of their own wait most of their time, and go first.

    What comes last is short, so that no process ends long after the others.
    """
    if item.get_closest_marker("kafka"):
        return 0
    return 1 if "integration" in item.path.parts else 2
