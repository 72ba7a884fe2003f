"""Two processes with one ``kafka.instance_id``: Kafka gives both the same partitions, and tells neither.

They take over from each other for ever, within the group and, where a supervisor starts again whoever was
fenced, beyond it. But a marker says who put it down, and the log says who came first. The elder of the two
ends, with 64, since a restart alone is no help; the younger has the partitions, and a process that hung and
was replaced is no danger when it wakes.
"""

import uuid

from ..errors import ConfigurationError


class TwinError(ConfigurationError):
    """A younger process has the same instance id (64)."""


def owner_name(instance_id: str | None) -> bytes:
    """What a process writes into its markers: its instance id, if it has one, and itself."""
    return f"{instance_id or ''}/{uuid.uuid4().hex}".encode()


class Twins:
    """Meets the markers of one partition, in the order of the log.

    Args:
        owner: What our own markers say.
    """

    __slots__ = ("_elders", "_mine", "_owner")

    def __init__(self, owner: bytes) -> None:
        self._owner = owner
        self._mine = False
        self._elders: set[bytes] = set()

    def meet(self, marker: bytes | None) -> TwinError | None:
        """What to end with if this marker is a younger twin's; ``None`` if it is not."""
        if marker == self._owner:
            self._mine = True
        elif marker is not None and self._instance(marker) == self._instance(self._owner) != b"":
            if self._mine and marker not in self._elders:
                return TwinError(*self._said())
            self._elders.add(marker)
        return None

    def _said(self) -> tuple[str, str]:
        name = self._instance(self._owner).decode()
        return (
            f"another process has the kafka.instance_id {name} as well, and took the partitions over",
            "one id, one process: give each its own. If this one hung and was replaced, all is well",
        )

    @staticmethod
    def _instance(marker: bytes) -> bytes:
        return marker.rpartition(b"/")[0]
