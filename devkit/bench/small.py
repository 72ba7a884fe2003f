"""The worker of the state-only contender: `faust -A devkit.bench.small worker --without-web`.

The shipped lane, composed as the product composes it, with a small core in place of the product's.
"""

from agents.factory import Detect
from agents.settings import load
from streams.topics import catalogue

from .small_core import SmallPartition

_settings = load()
_topics = catalogue(_settings.topics.prefix, _settings.topics.partitions)
app = Detect(_settings, lambda number: SmallPartition(number, _topics)).app
