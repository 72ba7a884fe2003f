"""``policy fit``: finds what was planted, says how sure it is, and keeps what it cannot tell."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from devkit.bases import Base, write
from streams.policy.parse import load_policy

PLANTED = {"m0": 2.0, "kappa0": 1.5, "a0": 4.0, "b0": 1.8}
BASE = Base((2.0, 1.5, 4.0, 1.8), (1.0, 9.0), 60, starts=(-100, 100), days=300, customers=250)


def fit(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, ["policy", "fit", *map(str, arguments), "--processes", "1"])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("fit") / "history.csv"
    write(BASE, file)
    return fit("--history", file, "--types", "purchase", "--horizon", "60d")


def test_what_it_proposes_is_a_policy_that_can_be_pasted(told: str) -> None:
    policy = load_policy(told)
    assert policy.prior.purchase.m0 == tomllib.loads(told)["prior"]["purchase"]["m0"]
    assert set(tomllib.loads(told)["prior"]) == {"purchase", "web", "brand"}


def test_what_was_planted_lies_within_three_times_what_it_says_of_itself(told: str) -> None:
    table = told.partition("[prior.purchase]")[2]
    for name in ("m0", "kappa0"):
        value, low, high = map(
            float, re.findall(rf"^{name} = ([\d.]+)  # ([\d.]+) to ([\d.]+)", table, re.MULTILINE)[0]
        )
        half = (high - low) / 2
        assert 0 < half < 1
        assert abs(value - PLANTED[name]) < 3 * half


def test_it_says_from_how_many_and_what_a_fixed_rule_would_need(told: str) -> None:
    assert re.search(
        r"\[prior.purchase\]  # \d+ customers with two gaps or more, [\d,]+ trials of dropout", told
    )
    assert re.search(r'# rule = "yearly" came to \d\.\d\d false alarms a customer-year', told)
    assert re.search(r'^# after = "\d+d"$', told, re.MULTILINE)


def test_too_little_is_said_to_be_too_little(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    rows = [f"c{c},2025-0{m}-01,purchase" for m in range(1, 7) for c in range(5)]
    file.write_text("customer_id,occurred_at,type\n" + "\n".join(rows) + "\n")

    told = fit("--history", file)

    assert "# [prior.purchase]: not enough: 5 customers with two gaps or more, and 30 are needed" in told
    assert "The default stays." in told
    assert load_policy(told).prior == load_policy("").prior
