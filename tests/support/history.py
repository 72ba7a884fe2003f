"""A part of the CDNOW history that fits into a test, and what must occur in it for the test to mean much."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from devkit.bench.cdnow import REQUIRED, cdnow_file, why_missing, write_consents, write_part
from devkit.bench.proof import History, Sent

ONE_IN, MOST = 40, 2_000
TICK, BEYOND = "2d", "60d"


def part_of_history(folder: Path) -> History:
    """One customer in forty, all their purchases and email consents; without it a test skips, or fails."""
    file = cdnow_file()
    if file is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1, and {why_missing()}", pytrace=False)
        pytest.skip(why_missing())
    purchases = write_part(file, folder / "purchases.csv", MOST, ONE_IN)
    return History([write_consents(purchases, folder / "consents.jsonl"), purchases], TICK, BEYOND)


def kinds(said: Iterable[Sent]) -> Counter[tuple[str, str]]:
    """Count signals and commands: action, and kind or channel."""
    decoded = [json.loads(value) for _, _, value, _ in said if value is not None]
    return Counter((item["action"], item.get("kind") or item["channel"]) for item in decoded)
