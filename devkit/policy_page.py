"""Writes the reference part of `docs/policy.md` from the policy's model, so that the page and the code agree.

Run `python -m devkit.policy_page` after a change of a name, a default or a meaning; a test compares.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final, get_args

from pydantic.fields import FieldInfo

from streams.policy.catalogue import ANY, Name, all_names, table_at
from streams.policy.durations import text_of
from streams.policy.model import Policy
from streams.policy.not_yet import UNUSED
from streams.policy.parse import document

PAGE: Final = Path(__file__).parent.parent / "docs" / "policy.md"
MARK: Final = "<!-- from here on made by `python -m devkit.policy_page` -->\n"

_EXAMPLES: Final[dict[tuple[str, ...], str]] = {("channels", ANY): "<channel>", ("plays", ANY): "<play>"}
_KINDS: Final = (
    (bool, "true or false"),
    (int, "whole number"),
    (float, "number"),
    (str, "text"),
    (tuple, "list"),
    (dict, "table"),
)


def reference() -> str:
    """The reference part: one table of the page for each table of the file, or for several that are alike."""
    parts = ["## Every name\n"]
    for tables, names in _sections():
        parts.append(f"### {_heading(tables)}\n")
        parts.append(_about(tables, names))
        parts.append("| name | unit | default | meaning |\n|---|---|---|---|")
        parts += [_row(name, tables) for name in names]
        parts.append("")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[list[tuple[str, ...]], list[Name]]]:
    """Tables beside one another that know the same names, and those names."""
    tables = [(path, list(names)) for path, names in groupby(_sorted(), key=lambda name: name.path[:-1])]
    for _, alike in groupby(tables, key=lambda table: (table[0][:-1], [name.path[-1] for name in table[1]])):
        same = list(alike)
        yield [path for path, _ in same], same[0][1]


def _sorted() -> Iterable[Name]:
    """In the order of the file, the names of a table together."""
    first: dict[tuple[str, ...], int] = {}
    for number, name in enumerate(all_names()):
        first.setdefault(name.path[:-1], number)
    top_level_first = {path: (bool(path), number) for path, number in first.items()}
    return sorted(all_names(), key=lambda name: top_level_first[name.path[:-1]])


def _heading(tables: list[tuple[str, ...]]) -> str:
    return ", ".join(f"`{_bracketed(path)}`" if path else "At the top" for path in tables)


def _bracketed(path: tuple[str, ...]) -> str:
    named = ".".join(_EXAMPLES.get(path[: length + 1], part) for length, part in enumerate(path))
    return f"[[{named[: -len(ANY) - 1]}]]" if named.endswith(ANY) else f"[{named}]"


def _about(tables: list[tuple[str, ...]], names: list[Name]) -> str:
    """A sentence on what the table is for, and which rows of the guide it serves."""
    if len(tables) == 1:
        about = (names[0].owner.__doc__ or "").partition("\n")[0]
    else:
        about = ", ".join(f"`{table[-1]}`{_serves(table)}" for table in tables) + "."
    unused = " _Accepted, not acted on yet._" if all(_is_unused(name) for name in names) else ""
    return f"{about}{unused}\n"


def _serves(table: tuple[str, ...]) -> str:
    parent = table_at(table[:-1])
    row = parent.model_fields[table[-1]].description if parent else None
    return f" is {row}" if row else ""


def _row(name: Name, tables: list[tuple[str, ...]]) -> str:
    info = name.owner.model_fields[name.field]
    default = _default(name, tables)
    return f"| `{name.path[-1]}` | {_unit(info)} | {default} | {name.meaning.replace('|', '/')} |"


def _unit(info: FieldInfo) -> str:
    if _is_duration(info):
        return "duration"
    annotation: Any = info.annotation
    kind = next((words for type_, words in _KINDS if annotation is type_), None)
    if kind is None:
        first = get_args(annotation)[:1]
        kind = "list" if getattr(annotation, "__origin__", None) is tuple else None
        kind = kind or ("table" if getattr(annotation, "__origin__", None) is dict else None)
        kind = kind or ("whole number" if first and isinstance(first[0], int) else "word")
    bounded = any(getattr(part, "le", None) == 1 or getattr(part, "lt", None) == 1 for part in info.metadata)
    return "0 to 1" if kind == "number" and bounded else kind


def _is_duration(info: FieldInfo) -> bool:
    return any(getattr(part, "func", None) is text_of for part in info.metadata)


def _default(name: Name, tables: list[tuple[str, ...]]) -> str:
    if ANY in name.path:
        return _own_default(name)
    defaults = document(Policy())
    values = {
        table[-1] if table else "": _written(_at(defaults, (*table, name.path[-1]))) for table in tables
    }
    usual = Counter(values.values()).most_common(1)[0][0]
    others = [f"{table} {value}" for table, value in values.items() if value != usual]
    return ", ".join([usual, *others])


def _own_default(name: Name) -> str:
    info = name.owner.model_fields[name.field]
    if info.is_required():
        return "needed"
    value = text_of(info.default) if _is_duration(info) else info.default
    usual = "none" if value in (None, (), {}) else _written(value)
    if name.path[:1] != ("channels",):
        return usual
    channels = document(Policy())["channels"]
    own = {channel: _written(table[name.path[-1]]) for channel, table in channels.items()}
    return ", ".join([usual, *(f"{channel} {given}" for channel, given in own.items() if given != usual)])


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(entry) for entry in value)}]"
    return str(value)


def _at(table: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - a document
    for part in path:
        table = table[part]
    return table


def _is_unused(name: Name) -> bool:
    return any(name.path[: len(start)] == start for start in UNUSED)


def main() -> None:
    """Write the reference part again; what stands before the mark stays."""
    before = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(before + MARK + "\n" + reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
