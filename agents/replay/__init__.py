"""Brings a history from files into Kafka, with its own time; reading the files needs no Kafka."""

from .history import HistoryEvent, read_history
from .mapping import Mapping
from .source import BadRow, HistoryError

__all__ = ["BadRow", "HistoryError", "HistoryEvent", "Mapping", "read_history"]
