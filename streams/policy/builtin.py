"""The policy of a partition to which none was published yet: its plays, as text.

`streams` reads no files, so the text lives here; `policies/default.toml` is the same text for people, and a
test holds the two equal.
"""

from functools import cache
from typing import Final

from .model import Policy
from .parse import load_policy

DEFAULT: Final = """\
# The default policy. Every other name has its default; docs/policy.md lists them all, with their meaning.
# Copy this file, change what you like, and look at what you did with `python -m agents policy check FILE`.

name = "default"

# The customer has stopped everything they did with us: be quick, use every channel they left open (R8, R9),
# and after a week show what they are missing (R28). Coming back stops it.
[plays.win_back]
on = "signal:brand_stopped"
guide = ["R8", "R9", "R28"]
priority = 90
goal = "any_activity"
goal_within = "14d"

[[plays.win_back.steps]]
channels = "all_open"                # one message each, [campaign] spacing apart
template = "win_back_hello"
variables = ["last_category"]
expires_after = "48h"

[[plays.win_back.steps]]
after = "7d"
unless = "goal"
channels = "best_open"
template = "win_back_what_you_miss"
expires_after = "48h"

# The customer still comes by, but has not bought for a while: name what is new and what is on sale (R6).
[plays.promotion]
on = "signal:purchase_stopped"
guide = ["R6"]
priority = 50
goal = "order"
goal_within = "14d"

[[plays.promotion.steps]]
channels = "best_open"
template = "new_for_you"
variables = ["last_category"]
offer = ["new", "sale"]
expires_after = "48h"

# The customer had agreed to push and turned it off: go on elsewhere (R15). They were unhappy with our
# outreach, so wait a day, and say it once.
[plays.other_channel_after_push]
on = "signal:push_opted_out"
where = { "evidence.timing" = "late" }   # early: a habit, no complaint (D7)
guide = ["R15"]
priority = 40
goal = "any_activity"
goal_within = "14d"

[[plays.other_channel_after_push.steps]]
after = "24h"
unless = "goal"
channels = "other_than_signal"
template = "also_here"
expires_after = "7d"

# The same for email: unsubscribed, or marked as spam.
[plays.other_channel_after_email]
on = "signal:email_opted_out"
guide = ["R15"]
priority = 40
goal = "any_activity"
goal_within = "14d"

[[plays.other_channel_after_email.steps]]
after = "24h"
unless = "goal"
channels = "other_than_signal"
template = "also_here"
expires_after = "7d"
"""


@cache
def default_policy() -> Policy:
    """The built-in policy."""
    return load_policy(DEFAULT)
