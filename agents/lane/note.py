"""What is written beside the committed control offset, in the field that Kafka keeps for it.

It comes and goes with the commit, and costs no request. It tells which topics the commit was about (by their
ids: one that was deleted and made anew under the same name is another), and the last executed cut, so that
nothing is lost when control no longer holds the record of it.
"""

from collections.abc import Mapping

import msgspec

from .cuts import Base


class Note(msgspec.Struct, frozen=True):
    """The note on one partition.

    Attributes:
        offset: The committed control offset that it belongs to: of another one it says nothing.
        partitions: How many the topics had.
        n: The last executed cut, 0 if there was none.
        epoch, at, ends: Of that cut.
        ids: Of the topics, by full name; empty where the broker does not tell.
    """

    offset: int
    partitions: int
    n: int = 0
    epoch: int = -1
    at: int = 0
    ends: dict[str, int] = {}
    ids: dict[str, str] = {}

    @property
    def base(self) -> Base | None:
        """The last executed cut."""
        return Base(self.epoch, self.n, self.at, self.ends) if self.n else None


def note_of(offset: int, partitions: int, base: Base | None, ids: Mapping[str, str]) -> str:
    """Write a note."""
    epoch, n, at, ends = base or Base(-1, 0, 0, {})
    note = Note(offset, partitions, n, epoch, at, dict(ends), dict(ids))
    return msgspec.json.encode(note).decode()


_decoder = msgspec.json.Decoder(Note)


def read_note(text: str | None, offset: int | None) -> Note | None:
    """The note that came with a committed offset; ``None`` if there is none, or if it is not of that commit.

    Older versions wrote none, and who moves offsets by hand takes it away.
    """
    try:
        note = _decoder.decode(text or "")
    except msgspec.MsgspecError:
        return None
    return note if note.offset == offset else None
