"""What is wrong with a policy, in a form that points at the place and can be shown, counted and compared."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and numbers (from 0) of list entries."""


class Finding(NamedTuple):
    """Something wrong at a path; of a file, `check` makes a `Problem` with the line of it."""

    path: Path
    message: str
    severity: Severity = "error"
    at: Literal["key", "value"] = "value"  # which of the two to point at


class Problem(NamedTuple):
    """Something wrong at a place of a file."""

    line: int
    """From 1; 0 where there is no file, but a published document."""
    column: int | None
    path: str
    """Such as `plays.win_back.steps[0].after`; empty where the text is no TOML."""
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """One line for people."""
        place = f"line {self.line}: " if self.line else ""
        subject = f"{self.path}: " if self.path else ""
        return f"{self.severity}: {place}{subject}{self.message}"


class PolicyError(ValueError):
    """A policy that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """A path as people write it: `plays.win_back.steps[0]`; a name that holds a dot is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + (f'"{part}"' if "." in part else part)
    return text


def of_document(finding: Finding) -> Problem:
    """A finding in a document, which has no lines."""
    return Problem(0, None, dotted(finding.path), finding.message, finding.severity)
