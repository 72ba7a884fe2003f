"""The CDNOW history is found in both of its forms, and where it is missing this is said, or is a failure."""

import csv
import gzip
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.replay import Mapping, read_history
from devkit.bench.cdnow import ENVIRONMENT, REQUIRED, cdnow_file, rows, why_missing
from tests.support.history import part_of_history

ROOT = Path(__file__).parents[3]
MASTER = "00001 19970101  1   11.77\n00001 19970118  1   29.73\n00002 19970101  2    7.00\n"
PURCHASES = [
    ("00001", "1997-01-01T00:00:00Z", "11.77"),
    ("00002", "1997-01-01T00:00:00Z", "7.00"),
    ("00001", "1997-01-18T00:00:00Z", "29.73"),
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the environment names."""
    folder = tmp_path / "data"
    (folder / "cdnow").mkdir(parents=True)
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    monkeypatch.delenv(REQUIRED, raising=False)
    return folder


def write_csv(folder: Path) -> None:
    with gzip.open(folder / "cdnow" / "events.csv.gz", "wt", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["customer_id", "occurred_at", "type", "amount"])
        writer.writerows([customer, at, "purchase", amount] for customer, at, amount in PURCHASES)


def write_master(folder: Path) -> None:
    (folder / "CDNOW_master.txt").write_text(MASTER)


@pytest.mark.parametrize("write", [write_csv, write_master])
def test_both_forms_give_the_same_purchases_in_order_of_time(data: Path, write: object) -> None:
    assert callable(write)
    write(data)
    file = cdnow_file()
    assert file is not None
    read = list(rows(file))
    assert [(row["customer_id"], row["occurred_at"], row["amount"]) for row in read] == PURCHASES
    assert {row["type"] for row in read} == {"purchase"}


def test_a_test_that_needs_a_missing_history_is_skipped_and_says_where_it_looked(data: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=re.escape(str(data))):
        part_of_history(data)


def test_where_the_history_is_required_a_test_without_it_fails(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match=REQUIRED):
        part_of_history(data)


def test_without_the_environment_the_folder_beside_the_repository_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert "../shared/data" in why_missing()


def test_the_line_that_the_documentation_gives_makes_a_history_that_replay_takes(tmp_path: Path) -> None:
    (tmp_path / "CDNOW_master.txt").write_text(MASTER)
    line = re.findall(r"^    (awk .*)$", (ROOT / "docs" / "feeding.md").read_text(), re.MULTILINE)
    assert len(line) == 1
    subprocess.run(["sh", "-c", line[0]], cwd=tmp_path, check=True)
    events = list(read_history([tmp_path / "cdnow.csv"], Mapping(currency="USD"), sort=True))
    assert [event.key.decode() for event in events] == [customer for customer, _, _ in PURCHASES]
    assert [event.occurred_at for event in events] == [852_076_800_000, 852_076_800_000, 853_545_600_000]
    dry = ["replay", str(tmp_path / "cdnow.csv"), "--sort", "--currency", "USD", "--dry-run"]
    told = CliRunner().invoke(cli, dry)
    assert told.exit_code == 0, told.output
