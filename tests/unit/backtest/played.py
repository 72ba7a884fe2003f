"""A backtest that was played: counted by hand, without a history."""

from collections import Counter
from pathlib import Path

from agents.backtest.asked import horizons_of
from agents.backtest.heard import nothing
from agents.backtest.run import Played
from agents.backtest.task import Task
from agents.backtest.trials import Trials
from agents.replay.mapping import Mapping
from streams.policy.builtin import default_policy
from streams.wire.times import DAY


def task() -> Task:
    """The default policy on no files."""
    policy = default_policy()
    return Task((), Mapping(), (policy,), horizons_of(policy), Path())


def played() -> Played:
    """Three customers, every 2, 10 and 40 days: the last two alarmed in each silence, all at the end."""
    trials = Trials({"purchase": 60 * DAY}, 0, 1_000 * DAY, 1)
    for days in (2, 10, 40):
        key = f"every {days}".encode()
        for n in range(9):
            trials.act(key, ["purchase"], n * days * DAY)
            if days > 2 or n == 8:
                trials.alarm(0, "purchase", key, (n * days * DAY) + 9 * DAY)
    trials.finish()
    counts = nothing()
    counts.signals.update(
        {(0, "purchase_stopped", "opened", ""): 19, (0, "purchase_stopped", "closed", "returned"): 16}
    )
    counts.customers[0, "purchase_stopped"] = 3
    counts.days.update({(0, "purchase_stopped", "opened", 10 + 10 * n): 1 for n in range(19)})
    counts.returns.update(
        {(0, "purchase_stopped", "returned", 1): 8, (0, "purchase_stopped", "returned", 31): 8}
    )
    counts.returns[0, "purchase_stopped", "open", 500] = 3
    counts.sends[0, "email"] = 5
    counts.sends_each.update({(0, 1): 1, (0, 4): 1})
    return Played(27, 3, 0, 1_000 * DAY, [], Counter(trials.counts), counts, [])
