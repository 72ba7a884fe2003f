"""Errors that a person reads: what went wrong, what to do, and the exit code that a supervisor acts on.

The codes are a contract (``docs/operating.md``): a supervisor restarts after 70, leaves 64 and 71 to a
person, and a script tells "the answer is no" (1) from "you asked wrongly" (2).
"""

from enum import IntEnum
from typing import ClassVar, Final

GIVE_RIGHTS: Final = "give this principal the rights that `python -m agents topics acl` lists"
"""The way out wherever Kafka refuses something."""


class ExitCode(IntEnum):
    """How every command and worker ends."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 64
    INFRASTRUCTURE = 70
    DATA_LOSS = 71


class HoldfastError(Exception):
    """Something a person has to know about.

    Attributes:
        message: what is wrong, naming the resource, never a secret and never a customer.
        way_out: what to do about it; empty if the message says so already.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.message}\n  {self.way_out}" if self.way_out else self.message


class CommandFailedError(HoldfastError):
    """The command ran and its answer is no (1): a policy with errors, a tick without an answer."""


class UsageError(HoldfastError):
    """The command was called wrongly (2)."""

    exit_code = ExitCode.USAGE


class ConfigurationError(HoldfastError):
    """Settings, a file or the topics do not fit (64): a restart changes nothing, a person must."""

    exit_code = ExitCode.CONFIGURATION


class InfrastructureError(HoldfastError):
    """Kafka, Redis or the network failed (70): a supervisor may restart."""

    exit_code = ExitCode.INFRASTRUCTURE


class DataLossError(HoldfastError):
    """Going on would lose data (71): must not be restarted blindly."""

    exit_code = ExitCode.DATA_LOSS


class TooManyRejectsError(DataLossError):
    """More of what a producer sends cannot be used than the policy bears (71)."""
