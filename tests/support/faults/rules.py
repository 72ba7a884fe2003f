"""A policy under which a few seconds of silence are a lapse: signals and commands come while a test looks."""

from streams.policy.parse import document, load_policy, version
from streams.wire.control import PolicyFact

POLICY = """
name = "faults"
historical_after = "5m"

[detect]
grace = "1s"

[detect.web_stopped]
rule = "fixed"
after = "2s"

[detect.app_stopped]
rule = "fixed"
after = "4s"

[detect.purchase_stopped]
rule = "fixed"
after = "9s"

[detect.brand_stopped]
rule = "fixed"
after = "3s"

[campaign]
spacing = "1s"
within = "10s"

[cap]
promotional = 12
promotional_per = "30s"
channel = 6
channel_per = "30s"

[rejects]
share = {share}
run = {run}

[plays.win_back]
on = "signal:brand_stopped"
priority = 90
goal = "any_activity"
goal_within = "60s"

[[plays.win_back.steps]]
channels = "all_open"
template = "{template}"
expires_after = "60s"

[[plays.win_back.steps]]
after = "5s"
unless = "goal"
channels = "best_open"
template = "win_back_what_you_miss"
expires_after = "60s"

[plays.thanks]
on = "event:order.completed"
priority = 20
goal = "reaction"
goal_within = "20s"

[[plays.thanks.steps]]
after = "1s"
channels = "best_open"
template = "thanks"
expires_after = "20s"

[plays.other_channel]
on = "signal:email_opted_out"
priority = 40
goal = "any_activity"
goal_within = "60s"

[[plays.other_channel.steps]]
after = "1s"
channels = "other_than_signal"
template = "also_here"
expires_after = "60s"
"""


def policy_fact(template: str = "win_back_hello", share: float = 0.05, run: int = 100) -> PolicyFact:
    """The policy as a record of control.

    Args:
        template: Of the first message: another word makes another version.
        share: Of rejects that stops the line.
        run: Of rejects in a row that stops it.
    """
    policy = load_policy(POLICY.format(template=template, share=share, run=run))
    return PolicyFact(version=version(policy), document=document(policy))
