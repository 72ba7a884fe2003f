"""A worker with the toy core: ``faust -A tests.support.toy_worker worker --without-web``."""

from agents.factory import Detect
from agents.settings import load
from streams.topics import catalogue

from .toy_core import ToyPartition

_settings = load()
_topics = catalogue(_settings.topics.prefix, _settings.topics.partitions)
app = Detect(_settings, lambda number: ToyPartition(number, _topics)).app
