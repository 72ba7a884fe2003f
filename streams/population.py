"""What all customers together say about one: sums, priors, receptivity, source health (model.md 3, 4).

Nothing is summed yet: the policy's priors hold (``policy.prior``).
"""
