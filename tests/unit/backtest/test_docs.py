"""docs/backtest.md shows what really comes out: its commands are run, and every line shown is there."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from devkit import bases

PAGE = Path(__file__).parents[3] / "docs" / "backtest.md"
TEXT = PAGE.read_text()


def typed(beginning: str) -> list[str]:
    """The arguments of the first command of the page that begins so."""
    (line, *_) = re.findall(rf"^    python -m {re.escape(beginning)}(.*)$", TEXT, re.MULTILINE)
    return shlex.split(line)


def shown() -> list[list[str]]:
    """The blocks of output, line by line; a line of dots stands for some that are left out."""
    return [
        block.splitlines() for block in re.findall(r"^```text\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    ]


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["bases", *typed("devkit.bases")])
    bases.main()
    return tmp_path / "history.csv"


def assert_shown(block: list[str], output: str) -> None:
    lines = iter(output.splitlines())
    for line in block:
        assert line.strip() == "…" or any(line == told.rstrip() for told in lines), line


def test_the_report_of_the_page_is_what_comes_out(history: Path) -> None:
    assert history.is_file()
    result = CliRunner().invoke(
        cli, ["backtest", *typed("agents backtest --history history.csv"), "--history", "history.csv"]
    )
    assert result.exit_code == 0, result.output
    assert_shown(shown()[0], result.output)


def test_the_proposal_of_the_page_is_what_comes_out(history: Path) -> None:
    result = CliRunner().invoke(
        cli, ["policy", "fit", "--history", str(history), "--types", "purchase", "--horizon", "60d"]
    )
    assert result.exit_code == 0, result.output
    assert_shown(shown()[1], result.output)
