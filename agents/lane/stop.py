"""The end of the process, on purpose.

A graceful stop commits. Where something is wrong inside the lane nothing may be committed past the hole, so
the process ends at once, and a supervisor acts on the code: 70, restart me; 71, do not, data would be lost;
64, the topics or settings do not fit.
"""

import logging
import os
import sys
from typing import NoReturn, Protocol

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)

from ..adapters.logs import get_logger
from ..errors import GIVE_RIGHTS, ConfigurationError, ExitCode, HoldfastError

log = get_logger("lane")


_REFUSED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)
"""A right or a password was taken away under a running worker: a restart alone is no help (64)."""


class End(Protocol):
    """How a worker ends when it may not go on; the simulator lets one of several in its process die."""

    def __call__(self, reason: BaseException, doing: str) -> NoReturn:
        """End, because of this, while doing that."""


def end_process(reason: BaseException, doing: str) -> NoReturn:
    """Say what failed while doing what, and end, with the code of the error or with 70."""
    if isinstance(reason, _REFUSED):
        reason = ConfigurationError(f"Kafka refuses what this worker does: {reason!r}", GIVE_RIGHTS)
    code = reason.exit_code if isinstance(reason, HoldfastError) else ExitCode.INFRASTRUCTURE
    expected = isinstance(reason, HoldfastError)
    log.critical(
        "worker ends",
        doing=doing,
        reason=str(reason) or repr(reason),
        error=type(reason).__name__,
        exit_code=int(code),
        exc_info=None if expected else reason,
    )
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
