"""D11: the paid plan is cancelled, while the person may stay as a free user (mission.md 2).

Nothing is detected here yet; ``plan.started`` counts as activity.
"""
