"""Reading and writing of the forms that are not hot.

A `Form` knows of one struct which fields are times and which optional ones leave no trace when absent, so
that each form's own module says only what it consists of.
"""

from collections.abc import Collection
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from .bounds import check_text, out_of_bounds
from .faults import fault_of
from .reject import Reason, Rejection
from .times import format_time, parse_time

T = TypeVar("T", bound=msgspec.Struct)


class Form(Generic[T]):
    """One struct as JSON.

    Args:
        struct: the struct; its order of fields is the order on the wire.
        times: names of the fields that hold moments.
        omitted: names of the fields that are left out when they are ``None``; all others are written as null.

    Attributes:
        always: names, on the wire, of the fields that are always written.
    """

    def __init__(self, struct: type[T], times: Collection[str] = (), omitted: Collection[str] = ()) -> None:
        self.struct = struct
        self._times = tuple(times)
        self._decoder = msgspec.json.Decoder(struct)
        self.always = tuple(
            field.encode_name for field in msgspec.structs.fields(struct) if field.name not in omitted
        )
        fields = msgspec.structs.fields(struct)
        self._values = attrgetter(*(field.name for field in fields))
        self._plan = tuple(
            (field.encode_name, field.name in times, field.name in omitted) for field in fields
        )

    def body(self, form: T) -> dict[str, Any]:
        """Lay a form out as JSON would have it, in the wire's order."""
        body: dict[str, Any] = {}
        for (name, is_time, is_omitted), value in zip(self._plan, self._values(form), strict=True):
            if value is not None:
                body[name] = format_time(value) if is_time else value
            elif not is_omitted:
                body[name] = None
        return body

    def encode(self, form: T) -> bytes:
        """Write a form: the same form gives the same bytes."""
        return msgspec.json.encode(self.body(form))

    def decode(self, value: bytes | None) -> T | Rejection:
        """Read a form; whatever the bytes are, nothing is raised."""
        if not value:
            return Rejection(Reason.EMPTY)
        fault = out_of_bounds(value)
        if fault is not None:
            return fault
        try:
            check_text(value)
            form = self._decoder.decode(value)
        except Exception as error:  # noqa: BLE001 - whatever a decoder makes of hostile bytes is the record's fault
            return fault_of(value, error)
        return self.settle(form)

    def settle(self, form: T) -> T | Rejection:
        """Check the version, and put numbers in the place of the texts of times."""
        if getattr(form, "v", 1) != 1:
            return Rejection(Reason.VERSION, "$.v")
        for name in self._times:
            text = getattr(form, name)
            if text is None:
                continue
            try:
                setattr(form, name, parse_time(text))
            except ValueError:
                return Rejection(Reason.TIME, f"$.{name.rstrip('_')}")
        return form
