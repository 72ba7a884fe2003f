"""The names of a policy, read from the model: for suggestions, for the page that lists them, for tests."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from .base import Table
from .model import Policy
from .problems import Path

ANY = "*"
"""Stands in a path for a name that a brand chooses (a channel, a play) and for the number of a step."""


class Name(NamedTuple):
    """One name of a policy."""

    path: tuple[str, ...]
    """As in the file; `*` where a brand chooses the name, and for each entry of a list of tables."""
    field: str
    """Its attribute in the model, which differs where the word is a keyword of Python."""
    owner: type[Table]

    @property
    def meaning(self) -> str:
        """What it is, in a few words."""
        return self.owner.model_fields[self.field].description or ""


def table_at(path: Path) -> type[Table] | None:
    """The model of the table at a path; None if there is none, or its names are the brand's."""
    here: Any = Policy
    for part in path:
        here = _inside(here, part)
    return here if _is_table(here) else None


def names_in(table: type[Table]) -> dict[str, str]:
    """The names that a table knows, with their attributes."""
    return {info.alias or field: field for field, info in table.model_fields.items()}


@cache
def all_names() -> tuple[Name, ...]:
    """Every name that holds a value, in the order of the model."""
    return tuple(_walk(Policy, ()))


def _walk(table: type[Table], path: tuple[str, ...]) -> Iterator[Name]:
    for name, field in names_in(table).items():
        annotation = table.model_fields[field].annotation
        below, inner = _table_in(annotation)
        if inner is None:
            yield Name((*path, name), field, table)
        else:
            yield from _walk(inner, (*path, name, *below))


def _table_in(annotation: Any) -> tuple[tuple[str, ...], type[Table] | None]:  # noqa: ANN401 - a type
    if _is_table(annotation):
        return (), annotation
    for part in (0, ANY):
        inner = _inside(annotation, part)
        if _is_table(inner):
            return (ANY,), inner
    return (), None


def _is_table(annotation: Any) -> bool:  # noqa: ANN401 - a type
    return isinstance(annotation, type) and issubclass(annotation, Table)


def _inside(annotation: Any, part: str | int) -> Any:  # noqa: ANN401 - a type in, a type out
    """The type of what stands under a name, or at a number, of something of this type; None: nothing can."""
    if _is_table(annotation):
        field = names_in(annotation).get(str(part))
        return annotation.model_fields[field].annotation if field else None
    origin = get_origin(annotation)
    if origin is Annotated:
        return _inside(get_args(annotation)[0], part)
    if origin in {Union, UnionType}:
        return next(
            (inner for arm in get_args(annotation) if (inner := _inside(arm, part)) is not None), None
        )
    if origin is tuple and isinstance(part, int):
        return get_args(annotation)[0]
    if origin in {dict, Mapping} and isinstance(part, str):
        return get_args(annotation)[1]
    return None
