"""What a scenario says must be published, and what must not: the lines of `then` and `never`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streams.wire import command, signal

from .given import Given, unknown
from .moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "signal": tuple(field.encode_name for field in msgspec.structs.fields(signal.Signal)),
    "command": tuple(field.encode_name for field in msgspec.structs.fields(command.Command)),
}
_NAMED_BY: Final = {"signal": ("kind", signal.KINDS), "command": ("action", command.ACTIONS)}
_OWN: Final = ("at", "within", "times", "customer", "signal", "command")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line: which records it means, when, and how many there must be.

    Attributes:
        line: of the file.
        family: ``signal`` or ``command``; None for either.
        fields: of the record, as far as they are given.
        low: the earliest `at` of the record (ms), None for any time.
        high: the latest.
        times: how many records must match.
    """

    line: int
    family: str | None
    fields: Mapping[str, Any]
    low: int | None
    high: int | None
    times: int


def lines(table: dict[str, Given], start: int) -> Iterator[Wanted]:
    """The lines of `then`, and those of `never` as lines that nothing may match."""
    for entry in table["then"].entries("then") if "then" in table else []:
        yield _line(entry, start, "then", 1)
    for entry in table["never"].entries("never") if "never" in table else []:
        if "times" in entry.table("never"):
            entry.fail("`never` has no `times`")
        yield _line(entry, start, "never", 0)


def _line(entry: Given, start: int, where: str, times: int) -> Wanted:
    table = entry.table(where)
    families = [name for name in _FIELDS if name in table]
    if len(families) > 1 or (where == "then" and not families):
        entry.fail(f"a line of {where} is about a signal or a command: signal: <kind>, or command: <action>")
    family = families[0] if families else None
    known = _FIELDS[family] if family else ("customer_id",)
    entry.named(f"a line of {where}", (*_OWN, *known))
    fields = {name: given.plain for name, given in table.items() if name not in _OWN}
    if family:
        field, words = _NAMED_BY[family]
        word = table[family].text(family)
        if word not in words:
            table[family].fail(unknown(f"a {field} of {family}", word, words))
        fields = {field: word, **fields}
    if "customer" in table:
        fields["customer_id"] = table["customer"].text("customer")
    low, high = _span(entry, table, start)
    return Wanted(
        entry.line, family, fields, low, high, table["times"].count("times") if "times" in table else times
    )


def _span(entry: Given, table: dict[str, Given], start: int) -> tuple[int | None, int | None]:
    if "at" in table and "within" in table:
        entry.fail("either `at` or `within`")
    if "at" in table:
        at = moment(table["at"], start)
        return at, at
    if "within" not in table:
        return None, None
    ends = table["within"].entries("within")
    if len(ends) != len(("from", "to")):
        table["within"].fail("within needs two moments: [20d, 21d]")
    return moment(ends[0], start, "within"), moment(ends[1], start, "within")
