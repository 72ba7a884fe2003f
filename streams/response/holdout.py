"""Holdouts: which episodes get no treatment, so that the treatment can be measured (R29, N7)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from streams.policy.model import Policy

Arm = Literal["treat", "holdout", "none"]


def draw(episode: str, policy: Policy) -> Arm:
    """The arm of an episode: a hash of the policy's salt and the episode against the holdout's share.

    The same episode gets the same arm on any machine and in any replay.
    """
    digest = blake2b(f"{policy.holdout.salt}\0{episode}".encode(), digest_size=8).digest()
    return "holdout" if int.from_bytes(digest, "big") / 2**64 < policy.holdout.share else "treat"
