"""Free ports on loopback that stay ours until we give them back.

Asking the system for port 0 and closing the socket leaves a gap: another process may get the port, and a
client that keeps connecting to a broker that is down may even be given that very port for its own end,
connect to itself and hold it. So the socket stays bound, without listening, while the broker lives: on
Linux a server that sets SO_REUSEADDR (Java does) can listen beside it, and the kernel gives the port to
nobody else.
"""

import socket
import sys
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A port of 127.0.0.1 that the system chose and that stays reserved until `release`.

    Args:
        number: A port of the caller's choice instead.

    Raises:
        OSError: The chosen port is in use.
    """

    def __init__(self, number: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, number))
        except OSError as taken:
            self._socket.close()
            raise OSError(taken.errno, f"{taken.strerror}: port {number} of {LOOPBACK}") from None
        self.number: int = self._socket.getsockname()[1]
        if sys.platform != "linux":
            self._socket.close()  # two sockets on one port are refused there

    def release(self) -> None:
        """Give the port back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
