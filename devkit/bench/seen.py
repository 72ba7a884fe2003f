"""What the stock contender keeps of a customer, and where; apart from its app, which is made on import."""

from typing import Final

import msgspec

TABLE: Final = "seen"


class Seen(msgspec.Struct, array_like=True):
    """Events, delivered emails, and the last sign of life as its event had it."""

    events: int = 0
    emails: int = 0
    last: str = ""


pack: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder(Seen).decode


def app_id(prefix: str) -> str:
    """The contender's own group, beside Holdfast's on the same topics."""
    return f"{prefix}-stock"


def changelog(prefix: str) -> str:
    """The topic of its table, as Faust names it."""
    return f"{app_id(prefix)}-{TABLE}-changelog"
