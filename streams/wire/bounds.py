"""What may be read at all: caps on bytes and depth, looked at before anything is decoded (reliability S6).

A decoder that meets hostile input should already know that it is small and flat. Both checks are linear, and
for a record with few brackets the second costs two counts.
"""

import re
from typing import Final

from .reject import Reason, Rejection

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32

# Strings are skipped whole, brackets inside them nest nothing. Possessive, and an unfinished string runs to
# the end: so no input makes the scan look at a byte twice.
_STRINGS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_ALIKE: Final = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[{]}")


def out_of_bounds(value: bytes) -> Rejection | None:
    """Say whether a value is too large or nested too deeply to be read; ``None`` when it may be."""
    if len(value) > MAX_BYTES:
        return Rejection(Reason.SIZE)
    # At most as deep as it has opening brackets: the common case ends here.
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and is_deeper(value):
        return Rejection(Reason.DEPTH)
    return None


def is_deeper(value: bytes, limit: int = MAX_DEPTH) -> bool:
    """Say whether a JSON text nests deeper than a limit, without reading it.

    Brackets in strings do not count. Text that is no JSON may nest twice as deep unnoticed, no more: a
    decoder that meets it is safe, and refuses it.
    """
    brackets = _STRINGS.sub(b"", value).translate(_ALIKE, _NO_BRACKETS)
    # Each round takes away the innermost pairs everywhere: one level, with no step of ours per bracket.
    for _ in range(limit):
        inner = len(brackets)
        brackets = brackets.replace(b"()", b"")
        if len(brackets) == inner:
            break
    return b"()" in brackets or brackets.count(b"(") > limit


def check_text(value: bytes) -> None:
    """Insist on UTF-8 everywhere, also in fields that the decoder skips.

    Raises:
        UnicodeDecodeError: some bytes are no UTF-8.
    """
    if not value.isascii():
        value.decode()
