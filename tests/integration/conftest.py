"""Fixtures of the tests that need more than one process."""

import itertools
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from devkit.broker import RealKafka
from tests.support.lane_bench import PARTITIONS, Bench

_names = itertools.count()


@pytest.fixture
def bench(request: pytest.FixtureRequest, kafka: RealKafka, tmp_path: Path) -> Generator[Bench]:
    """A bench; with ``indirect`` parametrization, of that many partitions."""
    name = f"lane{os.getpid()}-{next(_names)}"
    made = Bench(kafka, tmp_path, name, getattr(request, "param", PARTITIONS))
    yield made
    made.close()
