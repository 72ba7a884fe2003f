"""From a decoder's exception to a reason and a path: the one place that knows how msgspec words its errors.

Only the place of the fault is taken from the message, never a value: rejects carry nothing about a person.
"""

import re
from typing import Any, Final

import msgspec

from .reject import Reason, Rejection

_AT: Final = re.compile(r" - at `(?:key` in `)?(\$[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `([^`]*)`")

_header: Final = msgspec.json.Decoder(dict[str, Any])


def fault_of(value: bytes, error: Exception) -> Rejection:
    """Say why a value could not be decoded.

    Args:
        value: the bytes, within the caps.
        error: what the decoder raised.

    Returns:
        ``version`` where the record says that it is of another version, whatever else it looks like;
        ``field`` with the path where the form is wrong; ``json`` where it is no JSON at all.
    """
    if not isinstance(error, msgspec.ValidationError):
        return Rejection(Reason.JSON)
    if unknown_version(value):
        return Rejection(Reason.VERSION, "$.v")
    return Rejection(Reason.FIELD, path_of(str(error)))


def path_of(message: str) -> str:
    """Read the place of the fault out of a message of msgspec."""
    at = _AT.search(message)
    path = at[1] if at else "$"
    missing = _MISSING.search(message)
    return f"{path}.{missing[1]}" if missing else path


def unknown_version(value: bytes) -> bool:
    """Say whether a value is an object whose ``v`` is a number other than 1."""
    try:
        version = _header.decode(value).get("v")
    except Exception:  # noqa: BLE001 - what cannot be read at all says nothing about its version
        return False
    return isinstance(version, int | float) and not isinstance(version, bool) and version != 1
