"""Tries a policy on a history before anybody trusts it: the step over files, and what came of it (N4)."""
