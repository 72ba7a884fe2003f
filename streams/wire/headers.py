"""CloudEvents 1.0 headers of signals and commands: enough to route by, without reading the value (wire.md).

The customer id, a pseudonym, is the only thing about the customer in them.
"""

from functools import lru_cache
from typing import Final

from .times import format_time

_VERSION: Final = ("ce_specversion", b"1.0")
_CONTENT: Final = ("content-type", b"application/json")


@lru_cache(maxsize=64)
def _header(name: str, value: str) -> tuple[str, bytes]:
    """One header of which there are only few."""
    return name, value.encode()


def effect_headers(
    type_: str, id_: str, at: int, customer_id: str, prefix: str, traceparent: bytes | None = None
) -> list[tuple[str, bytes]]:
    """Write the headers of a signal or a command.

    Args:
        type_: what it is, ``signal.opened`` or ``command.send``; becomes ``com.holdfast.signal.opened.v1``.
        id_: the effect's own id.
        at: its `at`, milliseconds.
        customer_id: the subject.
        prefix: of the topics; names the source.
        traceparent: as the cause had it (W3C trace context), if it had one.
    """
    headers = [
        _VERSION,
        ("ce_id", id_.encode()),
        _header("ce_source", f"/{prefix}/detect"),
        _header("ce_type", f"com.holdfast.{type_}.v1"),
        ("ce_time", format_time(at).encode()),
        ("ce_subject", customer_id.encode()),
        _CONTENT,
    ]
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    return headers
