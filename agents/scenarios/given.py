"""YAML as written, with the line of everything, so that an error points at what a person can mend.

PyYAML's own objects are not built: its YAML 1.1 turns ``on`` and ``off`` into booleans and times into
objects, which are texts here.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PLAIN: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)
_DEEPEST: Final = 30


class Slip(NamedTuple):
    """Something wrong at a line (from 1)."""

    line: int
    message: str


class ScenarioError(Exception):
    """A scenario that cannot be played, with everything found wrong with it."""

    def __init__(self, slips: Collection[Slip]) -> None:
        self.slips = tuple(slips)
        super().__init__("; ".join(f"line {slip.line}: {slip.message}" for slip in slips))


class Given:
    """A value of a file: ``plain`` as JSON would hold it, with the line of it and of all inside."""

    __slots__ = ("_inside", "line", "plain")

    def __init__(self, node: yaml.Node, deep: int = 0) -> None:
        self.line: int = node.start_mark.line + 1
        self._inside: dict[str, Given] | list[Given] = {}
        if deep > _DEEPEST:
            raise ScenarioError([Slip(self.line, f"more than {_DEEPEST} levels deep")])
        self.plain: Any
        if isinstance(node, yaml.MappingNode):
            self._inside = _table(node, deep)
            self.plain = {name: inside.plain for name, inside in self._inside.items()}
        elif isinstance(node, yaml.SequenceNode):
            self._inside = [Given(entry, deep + 1) for entry in node.value]
            self.plain = [inside.plain for inside in self._inside]
        else:
            self.plain = _scalar(node)

    def fail(self, message: str) -> NoReturn:
        """Say that something is wrong here."""
        raise ScenarioError([Slip(self.line, message)])

    def table(self, what: str) -> dict[str, Given]:
        """The entries by name; nothing at all is an empty table."""
        if self.plain is None:
            return {}
        if not isinstance(self._inside, dict) or not isinstance(self.plain, dict):
            self.fail(f"{what} must be a table (name: value)")
        return self._inside

    def entries(self, what: str) -> list[Given]:
        """The entries of a list; nothing at all is an empty list."""
        if self.plain is None:
            return []
        if not isinstance(self._inside, list):
            self.fail(f"{what} must be a list (- …)")
        return self._inside

    def text(self, what: str) -> str:
        """A text."""
        if not isinstance(self.plain, str) or not self.plain:
            self.fail(f"{what} must be a text")
        return self.plain

    def count(self, what: str) -> int:
        """A number of times, 0 or more."""
        if not isinstance(self.plain, int) or isinstance(self.plain, bool) or self.plain < 0:
            self.fail(f"{what} must be a whole number")
        return self.plain

    def named(self, what: str, known: Collection[str]) -> dict[str, Given]:
        """The entries by name, of which only some are known."""
        table = self.table(what)
        for name, inside in table.items():
            if name not in known:
                inside.fail(unknown(f"a name in {what}", name, known))
        return table

    def line_of(self, path: Collection[str | int]) -> int:
        """The line of what a path leads to, as far as it is there."""
        here = self
        for part in path:
            inside = here._inside
            if isinstance(inside, dict):
                here = inside.get(str(part), here)
            elif isinstance(part, int) and part < len(inside):
                here = inside[part]
        return here.line


def read(text: str) -> Iterator[Given]:
    """The documents of a file, ``---`` between them.

    Raises:
        ScenarioError: it is no YAML.
    """
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if node is not None:
                yield Given(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        message = f"this is no YAML: {error.problem or error.context}"
        raise ScenarioError([Slip(mark.line + 1 if mark else 1, message)]) from None
    except yaml.YAMLError as error:
        raise ScenarioError([Slip(1, f"this is no YAML: {error}")]) from None


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """The message about a name that is not known, with the nearest one that is."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
    return f'"{name}" is not {what}; {hint}'


def _table(node: yaml.MappingNode, deep: int) -> dict[str, Given]:
    table: dict[str, Given] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ScenarioError([Slip(line, "a name must be a plain text")])
        if key.value in table:
            raise ScenarioError([Slip(line, f'"{key.value}" is there twice')])
        inside = Given(value, deep + 1)
        inside.line = line  # where people look: the name, not the block below it
        table[key.value] = inside
    return table


def _scalar(node: yaml.Node) -> Any:  # noqa: ANN401 - what a file may hold
    text: str = node.value
    if (
        not isinstance(node, yaml.ScalarNode) or node.style is not None
    ):  # quoted: a text, whatever it looks like
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
