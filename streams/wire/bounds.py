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
_TOKENS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


def out_of_bounds(value: bytes) -> Rejection | None:
    """Say whether a value is too large or nested too deeply to be read; ``None`` when it may be."""
    if len(value) > MAX_BYTES:
        return Rejection(Reason.SIZE)
    # At most as deep as it has opening brackets: the common case ends here.
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and depth_of(value) > MAX_DEPTH:
        return Rejection(Reason.DEPTH)
    return None


def depth_of(value: bytes) -> int:
    """Count how deeply a JSON text nests, without reading it; for text that is no JSON, an upper bound."""
    deepest = depth = 0
    for token in _TOKENS.finditer(value):
        first = value[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def check_text(value: bytes) -> None:
    """Insist on UTF-8 everywhere, also in fields that the decoder skips.

    Raises:
        UnicodeDecodeError: some bytes are no UTF-8.
    """
    if not value.isascii():
        value.decode()
