"""What a scenario says that `why` must answer: the lines of `why`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streams.wire.why import VERDICTS, Row, Why

from .given import Given, unknown
from .moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE: Final = tuple(field.name for field in msgspec.structs.fields(Why) if field.name not in ("at", "rows"))
_ROW: Final = tuple(field.name for field in msgspec.structs.fields(Row))


@dataclass(frozen=True, slots=True)
class Question:
    """One line: who is asked about, when, and what the answer must say.

    Attributes:
        line: of the file.
        at: the moment (ms); asked once the grace is over.
        customer: who.
        row: fields of one entry that must be there, as far as they are given; None where none is named.
        whole: fields of the answer itself.
    """

    line: int
    at: int
    customer: str
    row: Mapping[str, Any] | None
    whole: Mapping[str, Any]


def questions(table: dict[str, Given], start: int, until: int) -> Iterator[Question]:
    """The lines of `why`."""
    for entry in table["why"].entries("why") if "why" in table else []:
        yield _question(entry, start, until)


def _question(entry: Given, start: int, until: int) -> Question:
    known = _ROW if "row" in entry.table("why") else _WHOLE
    table = entry.named("a line of why", ("at", "customer", *known))
    for needed in ("at", "customer"):
        if needed not in table:
            entry.fail(f"a line of why needs `{needed}`")
    if "verdict" in table and table["verdict"].text("verdict") not in VERDICTS:
        table["verdict"].fail(unknown("a verdict", table["verdict"].text("verdict"), VERDICTS))
    at = moment(table["at"], start)
    if at > until:
        table["at"].fail("this would be asked after `until`")
    fields = {name: given.plain for name, given in table.items() if name not in ("at", "customer")}
    return Question(
        line=entry.line,
        at=at,
        customer=table["customer"].text("customer"),
        row=fields if "row" in fields else None,
        whole={} if "row" in fields else fields,
    )
