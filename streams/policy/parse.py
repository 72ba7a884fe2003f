"""From a file or a published document to a policy, and back to the document that `policy publish` sends."""

import json
import tomllib
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from .model import Policy


def load_policy(text: str) -> Policy:
    """The policy of a TOML file."""
    return from_document(tomllib.loads(text))


def from_document(given: Mapping[str, Any]) -> Policy:
    """The policy of a document, complete or not: what is left out has its default."""
    return Policy.model_validate(given)


def document(policy: Policy) -> dict[str, Any]:
    """The policy with every name written out, as JSON can hold it."""
    return policy.model_dump(mode="json", exclude_none=True)


def version(policy: Policy) -> str:
    """What signals and commands call this policy: a hash of its canonical JSON (blake2b-128, hex)."""
    canonical = json.dumps(document(policy), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(canonical.encode(), digest_size=16).hexdigest()
