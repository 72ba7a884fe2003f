"""CloudEvents 1.0 headers of signals and commands: enough to route by, without reading the value (wire.md).

The customer id, a pseudonym, is the only thing about the customer in them.
"""

from .times import format_time


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
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", f"/{prefix}/detect".encode()),
        ("ce_type", f"com.holdfast.{type_}.v1".encode()),
        ("ce_time", format_time(at).encode()),
        ("ce_subject", customer_id.encode()),
        ("content-type", b"application/json"),
    ]
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    return headers
