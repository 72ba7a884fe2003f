"""Whether a document has the form of a policy: known names, right units, each value in its range."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .catalogue import all_names, names_in, table_at
from .model import Policy
from .problems import Finding, Path, dotted
from .words import known, nearest, shown

_QUOTED: Final = re.compile(r"'([^']*)'")
_PERCENT: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")
_WORD: Final = "letters a-z, digits and _ only, a letter first"


def structural(given: Mapping[str, Any]) -> list[Finding]:
    """Everything that the model refuses, in its order."""
    try:
        Policy.model_validate(given)
    except ValidationError as refused:
        errors = refused.errors(include_url=False)
        return [finding for error in errors for finding in _finding(error, given)]
    return []


def _finding(error: ErrorDetails, given: Mapping[str, Any]) -> Iterator[Finding]:
    path, kind = tuple(error["loc"]), error["type"]
    if path and path[-1] == "[key]":
        reserved = kind == "value_error"
        message = _sentence(error) if reserved else f'"{path[-2]}" is no name: {_WORD}'
        yield Finding(path[:-1], message, at="key")
    elif kind == "extra_forbidden":
        yield Finding(path, _unknown(path), at="key")
    elif kind == "missing":
        yield Finding(_written(path, given), f'"{path[-1]}" is missing', at="key")
    elif not _only_seems_empty(error):
        yield Finding(_written(path, given), _sentence(error))


def _written(path: Path, given: Any) -> Path:  # noqa: ANN401 - walks down a document
    """The path as far as somebody wrote it: the model adds steps of its own, such as the arms of a choice."""
    for length, part in enumerate(path):
        if isinstance(given, Mapping) and part in given:
            given = given[str(part)]
        elif isinstance(given, list | tuple) and isinstance(part, int) and part < len(given):
            given = given[part]
        else:
            return path[:length]
    return path


def _only_seems_empty(error: ErrorDetails) -> bool:
    """The model counts a list whose entries are all wrong as empty, too; the entries' errors say more."""
    return error["type"] == "too_short" and bool(error["input"])


def _unknown(path: Path) -> str:
    name, table = str(path[-1]), table_at(path[:-1])
    names = names_in(table) if table is not None else {}
    meant = nearest(name, names)
    if meant is None:
        elsewhere = [entry.path[:-1] for entry in all_names() if entry.path[-1] == name]
        if elsewhere:
            homes = ", ".join(
                f"[{dotted(home)}]" if home else "the top of the file" for home in elsewhere[:3]
            )
            return f'unknown name "{name}" here: it belongs to {homes}'
    return known("name", name, names) if names else f'unknown name "{name}"'


def _sentence(error: ErrorDetails) -> str:
    context, given = error.get("ctx", {}), error["input"]
    say = _SENTENCES.get(error["type"])
    if say is not None:
        return say(given, context)
    return error["msg"][:1].lower() + error["msg"][1:]


def _choice(given: Any, context: Mapping[str, Any]) -> str:  # noqa: ANN401 - what a file holds
    names = _QUOTED.findall(context["expected"])
    if not names:
        return f"must be {context['expected']}"
    if not isinstance(given, str):
        return f"must be one of {', '.join(names)}, in quotes"
    return known("value", given, names)


def _number(given: Any, _context: Mapping[str, Any]) -> str:  # noqa: ANN401 - what a file holds
    percent = _PERCENT.fullmatch(given) if isinstance(given, str) else None
    if percent is not None:
        return f'"{given}" is no number: write {float(percent[1]) / 100:g}'
    return "must be a number, without quotes" if isinstance(given, str) else "must be a number"


def _plain(bound: float) -> str:
    return f"{int(bound):,}" if bound == int(bound) else str(bound)


def _bound(words: str, name: str) -> Callable[[Any, Mapping[str, Any]], str]:
    def say(given: Any, context: Mapping[str, Any]) -> str:  # noqa: ANN401 - what a file holds
        if words == "more than" and context[name] == 0 and isinstance(given, int):
            return "must be more than 0"
        return f"{shown(given)} is out of range: must be {words} {_plain(context[name])}"

    return say


def _fixed(words: str) -> Callable[[Any, Mapping[str, Any]], str]:
    return lambda _given, _context: words


_SENTENCES: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], str]]] = {
    "value_error": lambda _given, context: str(context["error"]),
    "literal_error": _choice,
    "int_type": _fixed("must be a whole number, without quotes"),
    "int_from_float": _fixed("must be a whole number"),
    "float_type": _number,
    "finite_number": _fixed("must be a finite number"),
    "bool_type": _fixed("must be true or false, without quotes"),
    "string_type": _fixed("must be text in quotes"),
    "string_too_long": lambda _given, context: f"is longer than {context['max_length']} characters",
    "string_pattern_mismatch": _fixed("is empty, too long, or begins or ends with a space"),
    "dict_type": _fixed("must be a table"),
    "model_type": _fixed("must be a table"),
    "model_attributes_type": _fixed("must be a table"),
    "tuple_type": _fixed("must be a list in brackets"),
    "too_short": _fixed("is empty: at least one is needed"),
    "too_long": lambda _given, context: f"has more than {context['max_length']} entries",
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
}
