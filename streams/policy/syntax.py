"""Reading a text as TOML, going on after what is no TOML, so that one slip does not hide the others.

A broken statement is reported, replaced by one that means nothing, and the rest is read; what is then said of
the replaced place is left out, for nobody wrote it.
"""

import re
import tomllib
from typing import Any, Final, NamedTuple

from .lines import Places
from .problems import Path, Problem, dotted

_MOST: Final = 50
"""So many broken statements mean that this is no policy file at all."""

_PLACE: Final = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")
_STATEMENT: Final = re.compile(r'^\s*("[^"]*"|\'[^\']*\'|[A-Za-z0-9_.-]+)\s*=\s*([^\[{]*)$')
_DIGITS: Final = re.compile(r"[0-9][0-9_]*")
_HEADER: Final = re.compile(r"^\s*\[([^\[\]]+)\]\s*(#.*)?$")
_LONG_STRINGS: Final = ('"""', "'''")

_HINTS: Final = (
    (re.compile(r"^([0-9]+)\s*(s|m|h|d|y)\b"), 'durations stand in quotes: "{0}{1}"'),
    (re.compile(r"^(True|False|yes|no|on|off)\b"), "write true or false"),
    (re.compile(r"^([0-9.]+)\s*%"), "write a share as a number from 0 to 1"),
    (re.compile(r"^([A-Za-z][A-Za-z0-9_:.]*)"), 'text stands in quotes: "{0}"'),
    (re.compile(r"^(#|$)"), "the value is missing"),
)


class Reading(NamedTuple):
    """What could be read."""

    document: dict[str, Any] | None
    """None if the text is too broken to say anything else about it."""
    places: Places
    problems: list[Problem]
    replaced: frozenset[int]
    """The lines whose statement was replaced."""
    invented: frozenset[str]
    """The names of tables that stand in for one declared twice."""

    def wrote(self, path: Path) -> bool:
        """Whether somebody wrote this, and it does not stand in for a broken statement."""
        if path and path[0] in self.invented:
            return False
        return self.places.key(path).line not in self.replaced or self.document is None


def clean(text: str) -> str:
    """Without the mark that some editors put before the first line."""
    return text.removeprefix("\ufeff")


def read(text: str) -> Reading:
    """Read a text, and everything that is wrong with its form. Never raises."""
    lines = clean(text).split("\n")
    problems: list[Problem] = []
    replaced: set[int] = set()
    invented: set[str] = set()
    document: dict[str, Any] | None = None
    for _ in range(_MOST):
        current = "\n".join(lines)
        try:
            document = tomllib.loads(current)
            break
        except RecursionError:
            problems.append(Problem(1, None, "", "lists or tables are nested too deeply"))
            break
        except ValueError as error:  # TOML's own is one; a number too long for Python to read is another
            problem = _problem(error, current, lines)
            if problem.line in replaced:
                break
            problems.append(problem)
            replaced.add(problem.line)
            substitute = _substitute(problem, lines[problem.line - 1], len(invented))
            if substitute is None:
                break
            if substitute.startswith("["):
                invented.add(substitute.strip("[]"))
            lines[problem.line - 1] = substitute
    return Reading(document, Places("\n".join(lines)), problems, frozenset(replaced), frozenset(invented))


def _problem(error: ValueError, text: str, lines: list[str]) -> Problem:
    message = str(error)
    if not isinstance(error, tomllib.TOMLDecodeError):
        number, column = _longest_number(lines)
        return Problem(number, column, "", "this is no TOML: the number is too long")
    place = _PLACE.search(message)
    reason = message[: place.start()] if place else message
    if reason.startswith("Cannot"):
        for path, where in Places(
            text
        ).twice:  # the parser notices at the end of the statement: too late for a list
            return Problem(where.line, where.column, dotted(path), "is given twice")
        return _twice(place, lines)
    if place is None or place[1] is None:
        return Problem(max(len(text.rstrip().split("\n")), 1), None, "", f"the file ends too early: {reason}")
    line, column = int(place[1]), int(place[2])
    return Problem(line, column, "", f"this is no TOML: {_hint(lines[line - 1]) or _lower(reason)}")


def _longest_number(lines: list[str]) -> tuple[int, int]:
    """Where the longest number stands: line and column, from 1."""
    digits = [(match, number) for number, line in enumerate(lines, 1) for match in _DIGITS.finditer(line)]
    match, number = max(digits, key=lambda found: len(found[0][0]))
    return number, match.start() + 1


def _twice(place: re.Match[str] | None, lines: list[str]) -> Problem:
    line = int(place[1]) if place is not None and place[1] else len(lines)
    return Problem(line, 1, "", f"{lines[line - 1].partition('#')[0].strip()} is given twice")


def _hint(line: str) -> str | None:
    statement = _STATEMENT.match(line)
    if statement is None:
        open_table = line.count("{") > line.count("}")
        return "an inline table { … } stands on one line, with no comma at its end" if open_table else None
    for form, hint in _HINTS:
        match = form.match(statement[2])
        if match is not None:
            return hint.format(*match.groups())
    return None


def _substitute(problem: Problem, line: str, invented: int) -> str | None:
    """A statement to read in place of a broken one; None if nothing sensible can be."""
    if problem.path:
        return "" if _STATEMENT.match(line) else None
    if "twice" in problem.message:
        return f"[twice-{invented}]" if _HEADER.match(line) else None
    statement = _STATEMENT.match(line)
    if statement is None or any(quotes in line for quotes in _LONG_STRINGS):
        return None
    return f'{statement[1]} = ""'


def _lower(reason: str) -> str:
    return reason[:1].lower() + reason[1:]
