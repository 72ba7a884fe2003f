"""From a file or a published document to a policy, and back to the document that `policy publish` sends."""

import json
import tomllib
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from .check import check, findings
from .model import Policy
from .problems import PolicyError, of_document
from .syntax import clean


def load_policy(text: str) -> Policy:
    """The policy of a TOML file.

    Raises:
        PolicyError: It has errors; `problems` has all of them with their lines, and the warnings too.
    """
    problems = check(text)
    if any(problem.severity == "error" for problem in problems):
        raise PolicyError(problems)
    return Policy.model_validate(tomllib.loads(clean(text)))


def from_document(given: Mapping[str, Any]) -> Policy:
    """The policy of a document, complete or not: what is left out has its default.

    Raises:
        PolicyError: It has errors; `problems` has all of them, without lines.
    """
    found = findings(given)
    if any(finding.severity == "error" for finding in found):
        raise PolicyError(of_document(finding) for finding in found)
    return Policy.model_validate(given)


def document(policy: Policy) -> dict[str, Any]:
    """The policy with every name written out, as JSON can hold it; `from_document` gives an equal policy."""
    return policy.model_dump(mode="json", exclude_none=True)


def version(policy: Policy) -> str:
    """What signals and commands call this policy: a hash of its canonical JSON (blake2b-128, hex)."""
    canonical = json.dumps(document(policy), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(canonical.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def changed(text: str, changes: Mapping[str, Any]) -> Policy:
    """The policy of a TOML file with some names changed: tables are merged, None takes a name out.

    Raises:
        PolicyError: The file is no TOML, or the policy that comes out has errors.
    """
    load_policy(text)
    return from_document(merged(tomllib.loads(clean(text)), changes))


def merged(given: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A document with some names changed: tables are merged, None takes a name out."""
    result = dict(given)
    for name, change in changes.items():
        if change is None:
            result.pop(name, None)
        elif isinstance(change, Mapping):
            own = result.get(name)
            result[name] = merged(own if isinstance(own, Mapping) else {}, change)
        else:
            result[name] = change
    return result
