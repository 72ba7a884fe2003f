"""The policy: its model and its checks."""
