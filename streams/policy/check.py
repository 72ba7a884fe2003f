"""Everything that is wrong with a policy, at once, each with its line, before it is published."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from .coherence import coherence
from .model import Policy
from .not_yet import refused, unused
from .problems import Finding, Problem, dotted
from .references import references
from .structure import structural
from .syntax import Reading, read


def check(text: str) -> list[Problem]:
    """Judge the text of a policy file.

    Args:
        text: The file, as TOML.

    Returns:
        What is wrong, in the order of the text; a policy may be used if none of it has the severity `error`.
    """
    reading = read(text)
    problems = list(reading.problems)
    if reading.document is not None:
        problems += _located(findings(reading.document), reading)
    return sorted(
        set(problems), key=lambda problem: (problem.line, problem.column or 0, problem.path, problem.message)
    )


def findings(given: Mapping[str, Any]) -> list[Finding]:
    """Judge a document: the errors, and the warnings if there are no errors in its form."""
    found = [*structural(given), *references(given), *coherence(given), *refused(given)]
    if not any(finding.severity == "error" for finding in found):
        found += unused(given, _resolved(Policy.model_validate(given)), _default())
    return found


def _located(found: list[Finding], reading: Reading) -> Iterator[Problem]:
    for finding in found:
        if reading.wrote(finding.path):
            places = reading.places
            place = places.key(finding.path) if finding.at == "key" else places.value(finding.path)
            yield Problem(*place, dotted(finding.path), finding.message, finding.severity)


@cache
def _default() -> dict[str, Any]:
    return _resolved(Policy())


def _resolved(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude_none=True)
