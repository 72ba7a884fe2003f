"""Control as one reads it who came in the middle: a replay, an operator, an owner whose commits are lost."""

from streams.wire.control import Cut, decode_control

from .cuts import Base, ControlLog, Verdict

_ANY_EPOCH = 2**63  # who only reads is never fenced


class Follower:
    """One partition of control.

    The first cut seen is taken for valid until the second continues it. If it does not, the first was void or
    a fenced owner's, and the second takes its place.

    Attributes:
        at: the partition's time, 0 if unknown.
        answered: offset of the tick that the newest valid cut answers, -1 if none.
        base: the newest valid cut, ``None`` if none was seen.
        sure: whether a cut has continued another one: from there on what is valid is certain.
    """

    def __init__(self) -> None:
        self.at = 0
        self.answered = -1
        self.base: Base | None = None
        self.sure = False
        self._log: ControlLog | None = None

    @property
    def void(self) -> int:
        """How many cuts did not follow what is taken for the chain."""
        return self._log.void if self._log is not None else 0

    def read(self, offset: int, value: bytes | None) -> bool:
        """Read a record; whether it is a valid cut."""
        cut = decode_control(value)
        if not isinstance(cut, Cut) or not self._is_valid(offset, cut):
            return False
        self.at = max(self.at, cut.at)
        self.answered = -1 if cut.tick is None else cut.tick
        self.base = Base(cut.epoch, cut.n, self.at, cut.ends)
        return True

    def _is_valid(self, offset: int, cut: Cut) -> bool:
        if self._log is None:
            self._log = _log_from(offset, cut)
            return True
        verdict = self._log.read(offset, cut)
        self._log.queue.clear()  # to carry them out is the owner's business
        if verdict is Verdict.CUT:
            self.sure = True
            return True
        if verdict is Verdict.VOID and not self.sure:
            self._log = _log_from(offset, cut)
            return True
        return False


def _log_from(offset: int, cut: Cut) -> ControlLog:
    return ControlLog(_ANY_EPOCH, offset + 1, Base(cut.epoch, cut.n, cut.at, cut.ends))
