"""A worker with the toy core: ``faust -A tests.support.toy_worker worker --without-web``.

``TOY_LEASE=off`` takes the lease away: a woken zombie writes, only epochs and contiguity stand in its way.
"""

import os

from agents.factory import Detect
from agents.lane.fence import Lease
from agents.settings import load
from streams.topics import catalogue

from .toy_core import ToyPartition


class NoLease(Lease):
    """Never over."""

    def check(self) -> None:
        """Pass."""


_settings = load()
_topics = catalogue(_settings.topics.prefix, _settings.topics.partitions)
_detect = Detect(_settings, lambda number: ToyPartition(number, _topics))
if os.environ.get("TOY_LEASE") == "off":
    _detect.lane.sender._lease = NoLease(0)
app = _detect.app
