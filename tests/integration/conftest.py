"""Fixtures of the tests that need more than one process."""

import itertools
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from devkit.broker import RealKafka
from tests.support.lane_bench import Bench

_names = itertools.count()


@pytest.fixture
def bench(kafka: RealKafka, tmp_path: Path) -> Generator[Bench]:
    made = Bench(kafka, tmp_path, f"lane{os.getpid()}-{next(_names)}")
    yield made
    made.close()
