"""What ends the demo before its end."""


class PartFailedError(RuntimeError):
    """A part of the demo failed.

    Args:
        message: which, and how.
        said: what it said last, shown below the message.
    """

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(f"{message}\n{said}" if said else message)
