"""Where in a TOML text each key and value stands.

The standard parser gives values without places, and errors that name a table nobody can find are no help to
who edits the file. This reader knows just enough of TOML's grammar to find keys; what they mean, and whether
the text is TOML at all, the standard parser says. It never raises: it stops at what it cannot read.
"""

import re
import tomllib
from typing import Final, NamedTuple

from .problems import Path

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"[^,\]}#\n]+")


class Place(NamedTuple):
    """A place in a text, both counted from 1."""

    line: int
    column: int


class Entry(NamedTuple):
    """Where a key stands, and its value."""

    key: Place
    value: Place


class Places:
    """The places of a text, by path."""

    def __init__(self, text: str) -> None:
        reader = _Reader(text)
        reader.read()
        self._entries = reader.entries
        self.twice = reader.twice
        """Keys that were given before, with their second place."""

    def key(self, path: Path) -> Place:
        """Where the key of this path stands; of something left out, where the table is that lacks it."""
        return self._entry(path).key

    def value(self, path: Path) -> Place:
        """Where the value of this path begins; of something left out, where the table is that lacks it."""
        return self._entry(path).value

    def on_line(self, line: int) -> list[Path]:
        """The paths whose key stands on this line."""
        return [path for path, entry in self._entries.items() if entry.key.line == line]

    def _entry(self, path: Path) -> Entry:
        while path not in self._entries and path:
            path = path[:-1]
        return self._entries[path]


class _Unreadable(Exception):  # noqa: N818 - no error to anybody: the reader stops there
    """This is no TOML."""


class _Reader:
    """Walks over a text once, and notes where things stand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._line = 0
        self._arrays: dict[Path, int] = {}
        start = Place(1, 1)
        self.entries: dict[Path, Entry] = {(): Entry(start, start)}
        self.twice: list[tuple[Path, Place]] = []

    def read(self) -> None:
        """Read to the end, or to what is no TOML."""
        table: Path = ()
        try:
            while self._skip(_BLANK):
                if self._peek("["):
                    table = self._header()
                else:
                    self._pair(table)
        except (_Unreadable, RecursionError):
            return

    def _header(self) -> Path:
        place = self._place()
        array = self._peek("[[")
        self._at += 2 if array else 1
        names = self._key()
        self._expect("]]" if array else "]")
        parent: Path = ()
        for name in names[:-1]:
            parent = self._within((*parent, name))
            self.entries.setdefault(parent, Entry(place, place))
        path = (*parent, names[-1])
        if not array:
            path = self._within(path)
        else:
            self.entries.setdefault(path, Entry(place, place))
            number = self._arrays[path] = self._arrays.get(path, -1) + 1
            path = (*path, number)
        self.entries[path] = Entry(place, place)
        return path

    def _within(self, path: Path) -> Path:
        """A table inside the newest entry of a list of tables belongs to that entry."""
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _pair(self, table: Path) -> None:
        place = self._place()
        names = self._key()
        self._expect("=")
        self._skip(_SPACE)
        path, value = (*table, *names), self._place()
        for length in range(len(table) + 1, len(path)):
            self.entries.setdefault(path[:length], Entry(place, place))
        if path in self.entries:
            self.twice.append((path, place))
        self.entries[path] = Entry(place, value)
        self._value(path)

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            text = self._take(_STRING if self._peek('"', "'") else _BARE_KEY)
            names.append(_unquoted(text))
            self._skip(_SPACE)
            if not self._peek("."):
                return names
            self._at += 1

    def _value(self, path: Path) -> None:
        if self._peek('"', "'"):
            self._take(_STRING)
        elif self._peek("["):
            self._array(path)
        elif self._peek("{"):
            self._inline(path)
        else:
            self._take(_PLAIN)

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        while self._skip(_BLANK) and not self._peek("]"):
            place = self._place()
            self.entries[*path, number] = Entry(place, place)
            self._value((*path, number))
            number += 1
            self._skip(_BLANK)
            if self._peek(","):
                self._at += 1
        self._expect("]")

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._skip(_BLANK) and not self._peek("}"):
            self._pair(path)
            self._skip(_BLANK)
            if self._peek(","):
                self._at += 1
        self._expect("}")

    def _place(self) -> Place:
        while self._line + 1 < len(self._starts) and self._starts[self._line + 1] <= self._at:
            self._line += 1
        return Place(self._line + 1, self._at - self._starts[self._line] + 1)

    def _peek(self, *texts: str) -> bool:
        return self._text.startswith(texts, self._at)

    def _skip(self, form: re.Pattern[str]) -> bool:
        """Go past what has this form; whether anything is left after it."""
        match = form.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._at < len(self._text)

    def _take(self, form: re.Pattern[str]) -> str:
        match = form.match(self._text, self._at)
        if match is None or not match[0]:
            raise _Unreadable
        self._at = match.end()
        return match[0]

    def _expect(self, text: str) -> None:
        self._skip(_SPACE)
        if not self._peek(text):
            raise _Unreadable
        self._at += len(text)


def _unquoted(key: str) -> str:
    if not key.startswith(('"', "'")):
        return key
    try:
        return next(iter(tomllib.loads(f"{key} = 0")))
    except tomllib.TOMLDecodeError as error:
        raise _Unreadable from error
