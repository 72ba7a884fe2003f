"""Rows of older versions, lifted to the one of today when a changelog is read.

A version has a module of its own (``form1``), which reads what it wrote and knows the version after it. So a
worker reads what every release before it has written; a version that it does not know was written by a newer
one, and is refused (``streams.wire.row.check_format``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import form1, form2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIFTS: Final[Mapping[int, Callable[[bytes], bytes]]] = {
    form1.VERSION: form1.upcast,
    form2.VERSION: form2.upcast,
}


def lifted(value: bytes) -> bytes:
    """A stored row in the version of today.

    Raises:
        streams.wire.row.StoredFormError: if it is not what its version says.
    """
    while (lift := _LIFTS.get(value[0])) is not None:
        value = lift(value)
    return value
