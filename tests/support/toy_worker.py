"""A worker with the toy core: ``faust -A tests.support.toy_worker worker --without-web``.

``TOY_LEASE=off`` takes the lease away: a woken zombie writes, only epochs and contiguity stand in its way.
``TOY_GUARDS=off`` takes these away too (``toy_guards``). ``TOY_FAULT`` has it harm itself (``toy_faults``).
``TOY_ACCEPT`` names what it may go on without (``--accept-data-loss``), divided by spaces.
"""

import os

from agents.factory import Detect
from agents.settings import load
from streams.topics import catalogue

from . import toy_faults, toy_guards
from .toy_core import ToyPartition

_settings = load()
_topics = catalogue(_settings.topics.prefix, _settings.topics.partitions)
if os.environ.get("TOY_GUARDS") == "off":
    toy_guards.take_out()
_accepted = os.environ.get("TOY_ACCEPT", "").split()
_detect = Detect(_settings, lambda number: ToyPartition(number, _topics), _accepted)
if "off" in (os.environ.get("TOY_LEASE"), os.environ.get("TOY_GUARDS")):
    _detect.lane.sender._lease = toy_guards.NoLease(0)
if said := os.environ.get("TOY_FAULT"):
    at_once = os.environ.get("TOY_FAULT_AT_ONCE") == "on"
    toy_faults.install(_detect.lane, toy_faults.Faults(_detect.lane, said, armed=at_once))
app = _detect.app
